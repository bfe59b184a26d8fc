/** SPEC §8.5 on the whole relay: what an overload costs, class by class. */
import assert from "node:assert/strict";
import { classifyUnit, UnitKind } from "../packet/demux.ts";
import type { RelayLimits } from "./limits.ts";
import { media, reducedMedia, RelayWorld, rtcp, sealed, uuidOf } from "./testing/relay_world.ts";

/** Offers one second-long mix of classes after another, `overload` times what the limit lets through. */
function overload(limits: Partial<RelayLimits>, limitBps: number, sessions: number, factor: number) {
  const world = new RelayWorld(limits);
  const pairs = Array.from({ length: sessions }, (_, i) => world.pair(uuidOf(0x100 + i)));
  // 10 % audio, 20 % key frames, 50 % delta frames, 20 % disposable, by bytes.
  const mix = [0, 1, 1, 2, 2, 2, 2, 2, 3, 3];
  const bytes = 1000;
  const intervalMs = (bytes * 8 * 1000) / (limitBps * factor);
  const sent = [0, 0, 0, 0];
  const arrived = [0, 0, 0, 0];
  const last = new Map<string, number>();
  const count = (outs: readonly { readonly unit: Uint8Array; readonly to: number }[]) => {
    for (const { unit, to } of outs) {
      const priority = (unit[12] >>> 4) & 3;
      const sequence = (unit[2] << 8) | unit[3];
      const key = `${to} ${priority}`;
      assert.ok(sequence > (last.get(key) ?? -1), "order within SSRC and class");
      last.set(key, sequence);
      arrived[priority]++;
    }
  };
  const sequence = [0, 0, 0, 0];
  for (let i = 0; world.nowMs < 10_000; i++) {
    const priority = mix[i % mix.length];
    const { caller } = pairs[Math.floor(i / mix.length) % pairs.length];
    sent[priority]++;
    count(world.send(caller, media(priority, sequence[priority]++, bytes)));
    count(world.advance(intervalMs));
  }
  count(world.advance(1000));
  const loss = sent.map((n, priority) => 1 - arrived[priority] / n);
  const passedBps = (arrived.reduce((sum, n) => sum + n) * bytes * 8) / 10;
  return { loss, passedBps, sent, arrived };
}

for (
  const [name, limits, sessions] of [
    ["per session", { sessionBps: 4_000_000 }, 1],
    ["in total, over 20 sessions", { totalBps: 4_000_000 }, 20],
    ["per session in packets", { sessionPps: 500 }, 1],
  ] as const
) {
  Deno.test(`ARC-RELAY-priority ARC-RELAY-priority-order ARC-RELAY-limits: at twice the limit ${name}, PR 0 loses nothing, PR 1 less than 0.1 %, then by class`, () => {
    const { loss, passedBps, sent } = overload(limits, 4_000_000, sessions, 2);
    const percent = loss.map((share, priority) => `PR ${priority} ${(share * 100).toFixed(2)} % of ${sent[priority]}`);
    console.log(
      `    loss at 2x overload (${name}): ${percent.join(", ")}; passed ${(passedBps / 1e6).toFixed(2)} Mbit/s`,
    );
    assert.equal(loss[0], 0);
    assert.ok(loss[1] < 0.001);
    assert.ok(loss[0] <= loss[1] && loss[1] <= loss[2] && loss[2] <= loss[3]);
    assert.ok(loss[3] > 0.9, "the lowest class pays first");
    assert.ok(Math.abs(passedBps / 4_000_000 - 1) < 0.03, "the limit is used, and kept");
  });
}

Deno.test("ARC-RELAY-priority-control ARC-RELAY-priority: RTCP and sealed JSON rank as PR 0, and reduced headers show theirs", () => {
  const world = new RelayWorld({ sessionBps: 80_000 });
  const { caller } = world.pair();
  // Uses up what the bucket has saved.
  for (let i = 0; i < 4; i++) world.send(caller, media(3, i, 1000));
  assert.ok(world.relay.waiting > 0);
  const units = [
    media(2, 10, 100),
    reducedMedia(1, 4),
    media(1, 11, 100),
    sealed(),
    reducedMedia(3, 1),
    rtcp(),
    reducedMedia(0, 2),
    media(0, 12, 100),
  ];
  for (const unit of units) assert.deepEqual(world.send(caller, unit), []);
  const order = world.advance(10_000).map(({ unit }) => {
    const kind = classifyUnit(unit);
    if (kind === UnitKind.reduced) return `reduced ${(unit[0] >>> 3) & 3}`;
    if (kind === UnitKind.arcrtp) return `full ${(unit[12] >>> 4) & 3}`;
    return kind === UnitKind.rtcp ? "rtcp" : "sealed";
  });
  assert.deepEqual(order.slice(0, 7), ["sealed", "rtcp", "reduced 0", "full 0", "reduced 1", "full 1", "full 2"]);
  assert.deepEqual(new Set(order.slice(7)), new Set(["full 3", "reduced 3"]));
});

Deno.test("ARC-RELAY-limits: one session at its limit leaves another untouched", () => {
  const world = new RelayWorld({ sessionBps: 400_000 });
  const greedy = world.pair();
  const modest = world.pair(uuidOf(0xb0));
  let arrived = 0;
  for (let i = 0; i < 500; i++) {
    for (let burst = 0; burst < 10; burst++) world.send(greedy.caller, media(0, 10 * i + burst, 1000));
    arrived += world.send(modest.caller, media(3, i, 100)).filter(({ to }) => to === modest.callee).length;
    arrived += world.advance(10).filter(({ to }) => to === modest.callee).length;
  }
  assert.equal(arrived, 500);
});

Deno.test("Relay: packets that wait follow their peer to its new address, and are dropped when it has left", () => {
  const world = new RelayWorld({ sessionBps: 80_000 });
  const { caller, callee } = world.pair();
  for (let i = 0; i < 8; i++) world.send(caller, media(1, i, 1000));
  const waiting = world.relay.waiting;
  assert.ok(waiting >= 4);
  const moved = world.addresses.add("203.0.113.40", 1);
  world.bind(moved, { peerId: uuidOf(0xc2) });
  const some = world.advance(200);
  assert.ok(some.length > 0 && some.every(({ to }) => to === moved), `not to ${callee}`);
  world.unbind(moved, { peerId: uuidOf(0xc2) });
  const left = world.relay.waiting;
  assert.ok(left > 0);
  assert.deepEqual(world.advance(5000), []);
  assert.equal(world.relay.counters.dropsOf("undeliverable"), left);
});
