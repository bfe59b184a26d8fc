/** The binding table against a plain model of it. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Bindings, type EndReason } from "./bindings.ts";
import { NONE } from "./relay_addresses.ts";
import { FakeAddresses } from "./testing/relay_world.ts";

const SESSIONS = ["s0", "s1", "s2"];
const PEERS = ["p0", "p1", "p2"];
const ADDRESSES = 6;
const LIFETIME_MS = 30_000;

function table(maxSessions: number, bindingsPerSource = 100) {
  const addresses = new FakeAddresses(ADDRESSES);
  for (let i = 0; i < ADDRESSES; i++) addresses.add(`192.0.2.${i >>> 1}`, i);
  const ended: [number, EndReason][] = [];
  const started: number[] = [];
  const bindings = new Bindings({
    maxSessions,
    sessionsElsewhere: () => 0,
    bindingsPerSource,
    addresses,
    sessionStarted: (session) => started.push(session),
    ended: (peer, reason) => ended.push([peer, reason]),
  });
  return { bindings, addresses, ended, started };
}

const wishFor = (sessionId: string, peerId: string, address: number) => ({
  sessionId,
  peerId,
  address,
  limitKey: `192.0.2.${address >>> 1}`,
});

interface Entry {
  readonly session: string;
  readonly peer: string;
  address: number;
  heardMs: number;
}

type Step =
  | { readonly do: "bind"; readonly session: string; readonly peer: string; readonly address: number }
  | { readonly do: "hear" | "lose" | "end"; readonly address: number }
  | { readonly do: "wait"; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant("bind" as const),
    session: fc.constantFrom(...SESSIONS),
    peer: fc.constantFrom(...PEERS),
    address: fc.nat(ADDRESSES - 1),
  }),
  fc.record({ do: fc.constantFrom("hear" as const, "lose" as const, "end" as const), address: fc.nat(ADDRESSES - 1) }),
  fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(1, 1000, 14_999, 29_999, 30_000) }),
);

Deno.test("ARC-RELAY-two-peers ARC-RELAY-one-session ARC-RELAY-rebind ARC-RELAY-idle: the table does what a list of bindings would", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.constantFrom(1, 2, 3), (steps, maxSessions) => {
      const { bindings, addresses } = table(maxSessions);
      let entries: Entry[] = [];
      let nowMs = 0;
      const alive = () => entries = entries.filter(({ heardMs }) => nowMs - heardMs < LIFETIME_MS);
      const at = (address: number) => entries.find((entry) => entry.address === address);
      for (const now of steps) {
        alive();
        if (now.do === "wait") {
          nowMs += now.ms;
          alive();
        } else if (now.do === "bind") {
          const wish = wishFor(now.session, now.peer, now.address);
          const inSession = entries.filter(({ session }) => session === now.session);
          const known = inSession.find(({ peer }) => peer === now.peer);
          const here = at(now.address);
          const sessions = new Set(entries.filter((entry) => entry !== here).map(({ session }) => session));
          const expected = inSession.length === 0
            ? sessions.size >= maxSessions ? "sessions_full" : undefined
            : known === undefined && inSession.length === 2
            ? "third_peer"
            : undefined;
          assert.equal(bindings.judge(wish, nowMs), expected);
          if (expected !== undefined) continue;
          const outcome = bindings.bind(wish, nowMs);
          assert.equal(outcome, known === undefined ? "bound" : known.address === now.address ? "renewed" : "moved");
          entries = entries.filter((entry) => entry === known || entry !== here);
          if (known === undefined) entries.push({ ...now, heardMs: nowMs });
          else Object.assign(known, { address: now.address, heardMs: nowMs });
        } else {
          const peer = bindings.peerAt(now.address, nowMs);
          const entry = at(now.address);
          assert.equal(peer !== NONE, entry !== undefined);
          if (entry === undefined) continue;
          if (now.do === "hear") {
            bindings.heard(peer, nowMs);
            entry.heardMs = nowMs;
          } else if (now.do === "lose") {
            bindings.loseAddress(peer);
            entry.address = NONE;
          } else {
            bindings.end(peer, "unbind");
            entries = entries.filter((one) => one !== entry);
          }
        }
        for (let address = 0; address < ADDRESSES; address++) {
          const peer = bindings.peerAt(address, nowMs);
          const entry = at(address);
          assert.equal(bindings.sessionIdOf(peer), entry?.session);
          assert.equal(bindings.peerIdOf(peer), entry?.peer);
          if (entry === undefined) continue;
          assert.equal(bindings.addressOf(peer, nowMs), address);
          const other = entries.find((one) => one.session === entry.session && one !== entry);
          assert.equal(bindings.addressOf(peer ^ 1, nowMs), other?.address ?? NONE);
        }
        bindings.expire(nowMs);
        assert.equal(bindings.sessions, new Set(entries.map(({ session }) => session)).size);
        assert.equal([...bindings.peers()].length, entries.length);
        const bound = entries.filter(({ address }) => address !== NONE);
        assert.equal(bindings.bound, bound.length);
        assert.deepEqual(new Set(addresses.pinned.keys()), new Set(bound.map(({ address }) => address)));
        assert.ok([...addresses.pinned.values()].every((count) => count === 1));
      }
      nowMs += LIFETIME_MS;
      bindings.expire(nowMs);
      assert.equal(bindings.sessions + bindings.bound + bindings.sources + addresses.pinned.size, 0);
      assert.equal(bindings.nextExpiryMs, Infinity);
    }),
    { seed: 51, numRuns: 300 },
  );
});

Deno.test("Bindings: a peer number that is given out again has another generation and another place", () => {
  const { bindings, ended, started } = table(1);
  bindings.bind(wishFor("s0", "p0", 0), 0);
  const peer = bindings.peerAt(0, 0);
  const before = [bindings.generationOf(peer), bindings.placeOf(peer)];
  bindings.end(peer, "unbind");
  bindings.end(peer, "unbind");
  bindings.bind(wishFor("s1", "p0", 0), 0);
  assert.equal(bindings.peerAt(0, 0), peer);
  assert.notEqual(bindings.generationOf(peer), before[0]);
  assert.notEqual(bindings.placeOf(peer), before[1]);
  assert.deepEqual(ended, [[peer, "unbind"]]);
  assert.deepEqual(started, [0, 0]);
});

Deno.test("Bindings: the bindings of one source are counted where they are, not where they were", () => {
  const { bindings } = table(3, 1);
  bindings.bind(wishFor("s0", "p0", 0), 0);
  assert.equal(bindings.judge(wishFor("s1", "p0", 1), 0), "source_full", "addresses 0 and 1 are one source");
  assert.equal(bindings.judge(wishFor("s1", "p0", 0), 0), undefined, "the same address only changes its session");
  assert.equal(bindings.judge(wishFor("s0", "p0", 1), 0), undefined, "the same peer only moves");
  bindings.bind(wishFor("s0", "p0", 2), 0);
  assert.equal(bindings.judge(wishFor("s1", "p0", 1), 0), undefined);
  assert.equal(bindings.judge(wishFor("s1", "p0", 3), 0), "source_full");
});

Deno.test("Bindings: bind without judge, when no session is free, is a programmer's mistake", () => {
  const { bindings } = table(1);
  bindings.bind(wishFor("s0", "p0", 0), 0);
  assert.throws(() => bindings.bind(wishFor("s1", "p0", 1), 0), /judge/);
});
