import assert from "node:assert/strict";
import fc from "fast-check";
import { SeededRng } from "../base/rng.ts";
import { RelayHealthState } from "./relay_health_state.ts";
import { FULL_CLASS } from "./relay_selection.ts";

/** Relays on virtual time: each answers after its delay, as long as it lives. */
class Watch {
  readonly state: RelayHealthState;
  readonly told: string[] = [];
  readonly challenges: string[] = [];
  readonly isAlive: boolean[];
  delayMs = 20;
  /** Decides question by question. */
  isLost: () => boolean = () => false;
  asked = 0;
  nowMs = 1000;
  readonly #wire: { readonly atMs: number; readonly relay: number; readonly challenge: string }[] = [];

  constructor(count = 1) {
    this.isAlive = Array.from({ length: count }, () => true);
    this.state = new RelayHealthState({ count, rng: new SeededRng(5), unixOffsetMs: 1_700_000_000_000, nowMs: 1000 });
  }

  /** In steps of a millisecond: `until`, or for `forMs`. Answers how long it took. */
  run(forMs: number, until: () => boolean = () => false): number {
    const startMs = this.nowMs;
    for (; this.nowMs < startMs + forMs && !until(); this.nowMs++) {
      while (this.#wire.length > 0 && this.#wire[0].atMs <= this.nowMs) {
        const answer = this.#wire.shift();
        if (answer !== undefined) this.state.answered(answer.relay, answer.challenge, this.nowMs);
      }
      const dueMs = this.state.nextTimeoutMs();
      if (dueMs !== undefined && dueMs <= this.nowMs) this.state.timeout(this.nowMs);
      this.drain();
    }
    return this.nowMs - startMs;
  }

  drain(): void {
    for (let out = this.state.poll(); out !== undefined; out = this.state.poll()) {
      if (out.kind === "changed") {
        this.told.push(`${out.relay} ${out.condition}`);
        continue;
      }
      this.asked++;
      this.challenges.push(out.challenge);
      assert.equal(out.timestampMs, 1_700_000_000_000 + this.nowMs);
      const { relay, challenge } = out;
      if (this.isAlive[relay] && !this.isLost()) {
        this.#wire.push({ atMs: this.nowMs + this.delayMs, relay, challenge });
      }
    }
  }
}

Deno.test("ARC-RELAY-selection ARC-SIG-heartbeat-sender-fields: a relay that answers is healthy; asked each second, each time with a new challenge", () => {
  const watch = new Watch();
  assert.equal(watch.state.condition(0), "unknown");
  assert.ok(watch.state.isUsable(0), "nothing speaks against it yet");
  watch.run(10_000);
  assert.deepEqual(watch.told, ["0 up"]);
  assert.equal(watch.asked, 10);
  assert.equal(watch.state.rttMs(0), 20);
  assert.equal(new Set(watch.challenges).size, 10);
  for (const challenge of watch.challenges) assert.match(challenge, /^[0-9a-f]{16}$/);
});

Deno.test("ARC-RELAY-selection: a relay that dies, at whatever moment, is not handed out 5 s later, and comes back with its first answer", () => {
  for (let aliveMs = 5000; aliveMs < 6000; aliveMs += 7) {
    const watch = new Watch();
    watch.run(aliveMs);
    watch.isAlive[0] = false;
    const goneMs = watch.run(10_000, () => !watch.state.isUsable(0));
    assert.ok(goneMs < 4500, `died at ${aliveMs}: ${goneMs}`);
    assert.equal(watch.state.rttMs(0), undefined);
    watch.run(30_000);
    watch.isAlive[0] = true;
    const backMs = watch.run(5000, () => watch.state.isUsable(0));
    assert.ok(backMs <= 1100, `${backMs}`);
    watch.run(5000);
    assert.deepEqual(watch.told, ["0 up", "0 down", "0 up"]);
  }
});

Deno.test("ARC-RELAY-selection: a relay that never answers is given up as soon", () => {
  const watch = new Watch(2);
  watch.isAlive[1] = false;
  assert.ok(watch.run(10_000, () => !watch.state.isUsable(1)) < 4500);
  watch.run(5000);
  assert.deepEqual(watch.told, ["0 up", "1 down"]);
  assert.equal(watch.state.condition(0), "up");
});

Deno.test("two lost answers in a row are no death, nor is an answer that takes longer than a second", () => {
  const lossy = new Watch();
  let question = 0;
  lossy.isLost = () => question++ % 3 !== 0;
  lossy.run(60_000);
  assert.deepEqual(lossy.told, ["0 up"]);
  const slow = new Watch();
  slow.delayMs = 1900;
  slow.run(60_000);
  assert.deepEqual(slow.told, ["0 up"]);
  assert.equal(slow.state.rttMs(0), 1900);
});

Deno.test("a process that was held up blames no relay for it", () => {
  const watch = new Watch();
  watch.run(5500);
  for (const heldUpMs of [10_000, 60_000]) {
    watch.nowMs += heldUpMs;
    watch.run(5000);
  }
  assert.deepEqual(watch.told, ["0 up"]);
});

Deno.test("an answer to no question of ours changes nothing, whoever sends it", () => {
  const watch = new Watch(2);
  watch.isAlive.fill(false);
  watch.run(4500);
  assert.deepEqual(watch.told, ["0 down", "1 down"]);
  const last = watch.challenges.at(-1);
  fc.assert(
    fc.property(fc.option(fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), maxLength: 17 })), (challenge) => {
      watch.state.answered(0, challenge ?? undefined, watch.nowMs);
    }),
    { seed: 34, numRuns: 300 },
  );
  watch.state.answered(0, last, watch.nowMs);
  watch.state.answered(1, watch.challenges[1], watch.nowMs);
  watch.drain();
  assert.equal(watch.told.length, 2, "not that of another relay, nor one from long ago");
  watch.state.answered(1, last, watch.nowMs);
  watch.drain();
  assert.deepEqual(watch.told.slice(2), ["1 up"]);
});

Deno.test("ARC-RELAY-selection ARC-RELAY-status: a relay that says it drains is not handed out until it says otherwise", () => {
  const watch = new Watch();
  watch.run(500);
  watch.state.reported(0, { load: 0.1, isDraining: true });
  watch.drain();
  assert.equal(watch.state.isUsable(0), false);
  watch.run(3000);
  watch.isAlive[0] = false;
  watch.run(5000);
  assert.deepEqual(watch.told, ["0 up", "0 draining"], "its silence is that of draining, as long as it reports");
  watch.state.reported(0, undefined);
  watch.drain();
  watch.isAlive[0] = true;
  watch.run(2000);
  assert.deepEqual(watch.told, ["0 up", "0 draining", "0 down", "0 up"], "what comes back begins anew");
  watch.state.reported(0, { load: 0.1, isDraining: true });
  watch.state.reported(0, undefined);
  watch.drain();
  assert.deepEqual(watch.told.slice(4), ["0 draining", "0 up"]);
});

Deno.test("ARC-RELAY-draining: a relay that reports nothing and answers no more is not handed out, until it is back", () => {
  const watch = new Watch();
  watch.run(500);
  watch.isAlive[0] = false;
  watch.run(4500);
  assert.equal(watch.state.isUsable(0), false);
  // Said while it was silent, by a process that is gone: what answers now is another one.
  watch.state.reported(0, { load: 0.95, isDraining: true });
  watch.drain();
  watch.isAlive[0] = true;
  watch.run(2000);
  assert.equal(watch.state.isUsable(0), true);
  assert.deepEqual(watch.told, ["0 up", "0 down", "0 draining", "0 up"]);
});

Deno.test("ARC-RELAY-selection ARC-RELAY-status: the load that a relay reports becomes its class, unknown is idle", () => {
  const { state } = new Watch();
  const classes = [0.2, 0.52, 0.48, 0.44, 0.95, 0.86].map((load) => {
    state.reported(0, { load, isDraining: false });
    return state.loadClass(0);
  });
  assert.deepEqual(classes, [0, 1, 1, 0, FULL_CLASS, FULL_CLASS]);
  assert.equal(state.report(0)?.load, 0.86);
  state.reported(0, undefined);
  assert.equal(state.loadClass(0), 0);
});

Deno.test("no relays, nothing to do", () => {
  const watch = new Watch(0);
  assert.equal(watch.state.nextTimeoutMs(), undefined);
  watch.run(10);
  assert.equal(watch.asked, 0);
});
