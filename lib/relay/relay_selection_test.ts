import assert from "node:assert/strict";
import fc from "fast-check";
import { SeededRng } from "../base/rng.ts";
import { uuidV4 } from "../base/uuid.ts";
import { FULL_CLASS, loadClassOf, type RelayCandidate, rendezvousWeight, selectRelays } from "./relay_selection.ts";

function relay(id: string, more: Partial<RelayCandidate> = {}): RelayCandidate {
  return { id, priority: 0, loadClass: 0, ...more };
}

function relays(count: number): RelayCandidate[] {
  return Array.from({ length: count }, (_, i) => relay(`relay-${i}`));
}

function sessions(count: number, seed = 1): string[] {
  const rng = new SeededRng(seed);
  return Array.from({ length: count }, () => uuidV4(rng));
}

function ids(chosen: readonly RelayCandidate[]): string[] {
  return chosen.map(({ id }) => id);
}

const candidates = fc.uniqueArray(
  fc.record({
    id: fc.string({ minLength: 1, maxLength: 8 }),
    priority: fc.nat(2),
    loadClass: fc.nat(FULL_CLASS),
  }),
  { selector: ({ id }) => id, maxLength: 12 },
);

Deno.test("ARC-RELAY-selection: the draw is fixed by session and relay alone, now and in every version", () => {
  // Printed by `printf '11111111-1111-4111-8111-111111111111 eu-1' | sha256sum | cut -c1-12`.
  assert.equal(rendezvousWeight("11111111-1111-4111-8111-111111111111", "eu-1").toString(16), "c50cc10e531a");
});

Deno.test("ARC-RELAY-selection: any order of the list gives the same relays, so any server does", () => {
  fc.assert(
    fc.property(candidates, fc.uuid(), fc.nat(4), fc.nat(), (list, session, count, seed) => {
      const rng = new SeededRng(seed);
      const shuffled = [...list].map((item) => ({ item, at: rng.u32() })).sort((a, b) => a.at - b.at);
      const chosen = selectRelays(session, list, count);
      assert.deepEqual(selectRelays(session, shuffled.map(({ item }) => item), count), chosen);
      assert.equal(chosen.length, Math.min(count, list.length));
      assert.equal(new Set(ids(chosen)).size, chosen.length);
    }),
    { seed: 31, numRuns: 300 },
  );
});

Deno.test("ARC-RELAY-selection: sessions spread evenly, as first choice and as second", () => {
  const [list, all] = [relays(8), sessions(4000)];
  const counts = [new Map<string, number>(), new Map<string, number>()];
  for (const session of all) {
    for (const [rank, { id }] of selectRelays(session, list, 2).entries()) {
      counts[rank].set(id, (counts[rank].get(id) ?? 0) + 1);
    }
  }
  for (const count of counts) {
    // Chi-squared with 7 degrees of freedom: 24.3 is passed by 1 in 1000 fair draws, and this draw is fixed.
    const expected = all.length / list.length;
    const chi = list.reduce((sum, { id }) => sum + ((count.get(id) ?? 0) - expected) ** 2 / expected, 0);
    assert.ok(chi < 24.3, `${chi}: ${[...count.values()]}`);
  }
});

Deno.test("ARC-RELAY-selection: what follows a relay that is gone spreads over all the others", () => {
  const [first, ...others] = relays(6);
  const moved = new Map<string, number>();
  let had = 0;
  for (const session of sessions(3000, 2)) {
    if (selectRelays(session, [first, ...others], 1)[0] !== first) continue;
    had++;
    const [{ id }] = selectRelays(session, others, 1);
    moved.set(id, (moved.get(id) ?? 0) + 1);
  }
  assert.equal(moved.size, others.length);
  for (const count of moved.values()) {
    assert.ok(count > had / 10 && count < had / 3, `${[...moved.values()]} of ${had}`);
  }
});

Deno.test("ARC-RELAY-selection: a relay that goes disturbs nobody who did not have it, and takes nobody's other relay", () => {
  fc.assert(
    fc.property(candidates, fc.uuid(), fc.nat(), (list, session, pick) => {
      if (list.length === 0) return;
      const gone = list[pick % list.length];
      const before = selectRelays(session, list, 2);
      const after = selectRelays(session, list.filter((one) => one !== gone), 2);
      // The order among the rest stays as it was: the same list with one taken out, and one more at the end.
      const rest = before.filter((one) => one !== gone);
      assert.deepEqual(after.slice(0, rest.length), rest);
      if (rest.length === before.length) assert.deepEqual(after, before);
    }),
    { seed: 32, numRuns: 500 },
  );
});

Deno.test("ARC-RELAY-selection: room comes before preference, preference before load, load before the draw", () => {
  const full = relay("full", { loadClass: FULL_CLASS });
  const idleBackup = relay("backup", { priority: 10 });
  const busy = relay("busy", { loadClass: 2 });
  const idle = relay("idle");
  for (const session of sessions(50, 3)) {
    assert.deepEqual(ids(selectRelays(session, [full, idleBackup, busy, idle], 4)), ["idle", "busy", "backup", "full"]);
  }
  assert.deepEqual(selectRelays(sessions(1)[0], [full], 2), [full], "better than none");
  assert.deepEqual(selectRelays(sessions(1)[0], [], 2), []);
});

Deno.test("ARC-RELAY-selection: loads go by classes, and a load at a bound does not swing between two", () => {
  assert.deepEqual([0, 0.49, 0.5, 0.74, 0.75, 0.89, 0.9, 1].map((load) => loadClassOf(load, 0)), [
    0,
    0,
    1,
    1,
    2,
    2,
    3,
    3,
  ]);
  assert.equal(loadClassOf(0.46, 1), 1);
  assert.equal(loadClassOf(0.44, 1), 0);
  assert.equal(loadClassOf(0.71, 2), 2);
  assert.equal(loadClassOf(0.3, FULL_CLASS), 0);
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(FULL_CLASS), (load, former) => {
      const now = loadClassOf(load, former);
      assert.equal(loadClassOf(load, now), now, "the same load again changes nothing");
      assert.ok(now >= loadClassOf(load, 0) && now <= FULL_CLASS);
    }),
    { seed: 33, numRuns: 500 },
  );
});
