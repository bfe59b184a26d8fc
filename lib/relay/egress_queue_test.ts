/** SPEC §8.5 on the queue alone: order, drops, rates. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { PacketBatch } from "../base/batch.ts";
import { readU32, writeU32 } from "../base/bytes.ts";
import { MAX_UNIT_BYTES } from "../packet/demux.ts";
import { type EgressLimits, EgressQueue } from "./egress_queue.ts";
import { NONE } from "./relay_addresses.ts";
import { RelayCounters } from "./relay_counters.ts";

const UNLIMITED: EgressLimits = {
  maxSessions: 4,
  sessionPps: Infinity,
  sessionBps: Infinity,
  totalBps: Infinity,
  queuePackets: 256,
  queueMs: 100,
};

interface Out {
  readonly id: number;
  readonly to: number;
  readonly priority: number;
  readonly atMs: number;
}

/** A queue with numbered packets; peer `p` is at address `100 + p` unless it is gone. */
class Harness {
  readonly counters = new RelayCounters();
  readonly queue: EgressQueue;
  readonly gone = new Set<number>();
  readonly passed: Out[] = [];
  readonly #in = new PacketBatch(1, MAX_UNIT_BYTES);
  readonly #out = new PacketBatch(7, MAX_UNIT_BYTES);
  #nextId = 0;

  constructor(limits: Partial<EgressLimits>) {
    this.queue = new EgressQueue({ ...UNLIMITED, ...limits }, this.counters, 64);
    for (let session = 0; session < 4; session++) this.queue.startSession(session, 0);
  }

  /** Answers the packet's number. */
  offer(peer: number, priority: number, bytes: number, nowMs: number): number {
    const id = this.#nextId++;
    if (this.queue.admit(peer >>> 1, bytes, nowMs)) {
      this.passed.push({ id, to: 100 + peer, priority, atMs: nowMs });
      return id;
    }
    const batch = this.#in;
    writeU32(batch.bytes, batch.offset(0), id);
    batch.lengths[0] = bytes;
    batch.size = 1;
    this.queue.enqueue(batch, 0, peer, 0, priority, nowMs);
    return id;
  }

  poll(nowMs: number): Out[] {
    const now: Out[] = [];
    do {
      this.#out.clear();
      this.queue.poll(this.#out, nowMs, (peer) => this.gone.has(peer) ? NONE : 100 + peer);
      for (let i = 0; i < this.#out.size; i++) {
        const id = readU32(this.#out.bytes, this.#out.offset(i));
        now.push({ id, to: this.#out.addresses[i], priority: this.queue.outPriority[i], atMs: nowMs });
        assert.ok(this.queue.outArrivedMs[i] <= nowMs);
      }
    } while (this.#out.size > 0);
    this.passed.push(...now);
    return now;
  }

  drain(fromMs: number): void {
    for (let nowMs = fromMs; this.queue.waiting > 0; nowMs = Math.max(nowMs + 0.5, this.queue.dueMs)) this.poll(nowMs);
  }
}

Deno.test("EgressQueue: within its limits everything passes at once, and nothing is due", () => {
  const harness = new Harness({});
  for (let i = 0; i < 500; i++) harness.offer(i % 8, i % 4, 1232, 0);
  assert.equal(harness.passed.length, 500);
  assert.equal(harness.queue.dueMs, Infinity);
});

Deno.test("ARC-RELAY-priority: waiting packets leave strictly by class, the oldest of a class first", () => {
  const harness = new Harness({ totalBps: 80_000 });
  while (harness.queue.waiting === 0) harness.offer(0, 3, 1000, 0);
  const offered: [number, number][] = [[2, 1], [0, 2], [1, 3], [4, 1], [0, 1], [6, 0], [2, 2], [0, 0]];
  offered.forEach(([peer, priority]) => harness.offer(peer, priority, 100, 0));
  harness.passed.length = 0;
  harness.drain(0);
  const order = harness.passed.map(({ priority, id }) => [priority, id]);
  assert.deepEqual(order, order.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]));
  assert.equal(order.length, 9);
});

Deno.test("ARC-RELAY-priority: a late packet of a higher class goes before all that wait, and no newcomer goes past them", () => {
  const harness = new Harness({ totalBps: 800_000 });
  for (let i = 0; i < 20; i++) harness.offer(0, 2, 1000, 0);
  const waiting = harness.queue.waiting;
  assert.ok(waiting > 10);
  const critical = harness.offer(2, 0, 100, 5);
  const low = harness.offer(4, 3, 100, 5);
  harness.passed.length = 0;
  harness.drain(5);
  assert.equal(harness.passed[0].id, critical);
  assert.equal(harness.passed.at(-1)?.id, low);
});

Deno.test("ARC-RELAY-priority-drop: a full queue drops the oldest of the lowest class that waits, or the newcomer if it is lower", () => {
  const harness = new Harness({ totalBps: 8000, queuePackets: 4, queueMs: 100_000 });
  while (harness.queue.waiting === 0) harness.offer(0, 2, 1000, 0);
  const first = harness.offer(0, 1, 1000, 0);
  const second = harness.offer(2, 1, 1000, 0);
  const third = harness.offer(2, 1, 1000, 0);
  assert.equal(harness.queue.waiting, 4);
  harness.offer(4, 3, 1000, 0);
  assert.deepEqual([...harness.counters.queueDrops], [0, 0, 0, 1], "the newcomer is the lowest");
  const fourth = harness.offer(4, 1, 1000, 0);
  assert.deepEqual([...harness.counters.queueDrops], [0, 0, 1, 1], "the PR 2 packet gives way");
  const fifth = harness.offer(4, 1, 1000, 0);
  assert.deepEqual([...harness.counters.queueDrops], [0, 1, 1, 1], "the oldest of the class");
  const critical = harness.offer(0, 0, 1000, 0);
  assert.deepEqual([...harness.counters.queueDrops], [0, 2, 1, 1]);
  harness.passed.length = 0;
  harness.drain(0);
  assert.deepEqual(harness.passed.map(({ id }) => id), [critical, third, fourth, fifth]);
  assert.ok(first < second);
  assert.equal(harness.counters.dropsOf("queue"), 4);
});

Deno.test("ARC-RELAY-priority-drop: a session's full queue drops its own packets and no others'", () => {
  const harness = new Harness({ sessionBps: 800_000, queueMs: 100 });
  for (let i = 0; i < 200; i++) harness.offer(0, 1, 1000, 0);
  const mine = harness.queue.waiting;
  assert.ok(mine >= 16 && mine <= 20, `${mine} wait: 16 full units, or 100 ms at 800 kbit/s`);
  const other = harness.offer(2, 3, 1000, 0);
  assert.equal(harness.passed.at(-1)?.id, other, "another session is not held up");
});

Deno.test("ARC-RELAY-limits: bits and packets per second of a session, and bits in all, hold over time", () => {
  const rates: [Partial<EgressLimits>, number, (passed: readonly Out[]) => number, number][] = [
    [{ sessionBps: 1_000_000 }, 500, (passed) => passed.length * 500 * 8, 10_000_000],
    [{ sessionPps: 300 }, 100, (passed) => passed.length, 3000],
    [{ totalBps: 2_000_000 }, 1000, (passed) => passed.length * 1000 * 8, 20_000_000],
  ];
  for (const [limits, bytes, measure, expected] of rates) {
    const harness = new Harness(limits);
    for (let ms = 0; ms < 10_000; ms++) {
      harness.offer(ms % 2, 2, bytes, ms);
      harness.poll(ms);
    }
    const got = measure(harness.passed);
    assert.ok(Math.abs(got / expected - 1) < 0.02, `${JSON.stringify(limits)}: ${got}, expected about ${expected}`);
  }
});

Deno.test("EgressQueue: a packet whose receiver has left is dropped when its turn comes, and costs the others nothing", () => {
  const harness = new Harness({ sessionBps: 80_000 });
  for (let i = 0; i < 20; i++) harness.offer(i % 2, 1, 500, 0);
  harness.gone.add(1);
  harness.passed.length = 0;
  harness.drain(0);
  assert.ok(harness.passed.every(({ to }) => to === 100));
  assert.ok(harness.counters.dropsOf("undeliverable") >= 8);
});

Deno.test("ARC-RELAY-priority-order: every packet offered is put out once or counted, in order within session and class", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          peer: fc.nat(7),
          priority: fc.nat(3),
          bytes: fc.integer({ min: 4, max: 1232 }),
          waitMs: fc.constantFrom(0, 0, 0, 0.3, 1, 7),
        }),
        { maxLength: 300 },
      ),
      fc.record({
        sessionBps: fc.constantFrom(200_000, 2_000_000, Infinity),
        sessionPps: fc.constantFrom(100, Infinity),
        totalBps: fc.constantFrom(300_000, 3_000_000, Infinity),
        queuePackets: fc.constantFrom(3, 20, 256),
        queueMs: fc.constantFrom(5, 100),
      }),
      (plan, limits) => {
        const harness = new Harness(limits);
        let nowMs = 0;
        const keys: string[] = [];
        for (const { peer, priority, bytes, waitMs } of plan) {
          nowMs += waitMs;
          keys[harness.offer(peer, priority, bytes, nowMs)] = `${peer >>> 1} ${priority}`;
          harness.poll(nowMs);
        }
        harness.drain(nowMs);
        const ids = harness.passed.map(({ id }) => id);
        assert.equal(new Set(ids).size, ids.length, "none twice");
        assert.equal(ids.length + harness.counters.dropsOf("queue"), plan.length, "none lost without a count");
        const last = new Map<string, number>();
        for (const { id } of harness.passed) {
          assert.ok(id > (last.get(keys[id]) ?? -1), `order within session and class ${keys[id]}`);
          last.set(keys[id], id);
        }
        assert.equal(harness.queue.dueMs, Infinity);
      },
    ),
    { seed: 21, numRuns: 200 },
  );
});
