/** The impairment: what was asked for happens, and the same happens again. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { PacketBatch } from "../base/batch.ts";
import { readU16 } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import { MAX_UNIT_BYTES } from "../packet/demux.ts";
import { Impairer } from "./impairer.ts";
import { IMPAIRMENT_SETTINGS, NO_IMPAIRMENT, parseImpairment } from "./impairment.ts";
import { NONE } from "./relay_addresses.ts";
import { CALLEE, CALLER, media, RelayWorld, rtcp, SESSION } from "./testing/relay_world.ts";

interface Arrival {
  readonly sequence: number;
  readonly to: number;
  readonly atMs: number;
}

/** Sends `count` packets 10 ms apart to addresses 0 and 1 in turn; `also` puts other units between them. */
function run(text: string, seed: number, count: number, also?: (i: number) => readonly Uint8Array[]) {
  const impairer = new Impairer({
    impairment: unwrap(parseImpairment(text)),
    seed,
    directionTo: (address) => address,
    loseAddresses: () => {},
    nowMs: 0,
  });
  const batch = new PacketBatch(16);
  const out = new PacketBatch(16, MAX_UNIT_BYTES);
  const arrivals: Arrival[] = [];
  const note = (from: PacketBatch, atMs: number) => {
    for (let i = 0; i < from.size; i++) {
      const unit = from.packet(i);
      if (unit[1] !== 201) arrivals.push({ sequence: readU16(unit, 2), to: from.addresses[i], atMs });
    }
  };
  const flush = (nowMs: number) => {
    for (out.clear(); impairer.pollPackets(out, nowMs) > 0; out.clear()) note(out, nowMs);
  };
  for (let i = 0; i < count; i++) {
    const nowMs = 10 * i;
    for (let due = impairer.nextTimeoutMs(); due !== undefined && due <= nowMs; due = impairer.nextTimeoutMs()) {
      impairer.timeout(due);
      flush(due);
    }
    batch.clear();
    for (const unit of also?.(i) ?? []) batch.push(unit, i % 2);
    batch.push(media(0, i >>> 1, 100), i % 2);
    impairer.packets(batch, nowMs);
    note(batch, nowMs);
  }
  for (let due = impairer.nextTimeoutMs(); due !== undefined && due < 1e9; due = impairer.nextTimeoutMs()) flush(due);
  return { arrivals, counts: impairer.counts };
}

Deno.test("Impairer: one seed, one history, and another seed another", () => {
  const wish = "loss=10%,delay=30ms±10,reorder=5%,dup=3%";
  const first = run(wish, 7, 2000);
  assert.deepEqual(run(wish, 7, 2000), first);
  assert.notDeepEqual(run(wish, 8, 2000).arrivals, first.arrivals);
});

Deno.test("Impairer: the n-th media packet of a direction meets its fate whatever else is sent", () => {
  const wish = "loss=10%,reorder=5%,dup=3%";
  const alone = run(wish, 7, 2000).arrivals;
  const among = run(wish, 7, 2000, (i) => Array.from({ length: i % 5 }, () => rtcp())).arrivals;
  assert.deepEqual(among, alone);
});

Deno.test("Impairer: loss, delay, spread, reordering and duplication come as they were asked for", () => {
  const { arrivals, counts } = run("loss=2%,delay=30ms±10,reorder=1%,dup=0.5%", 3, 40_000);
  const near = (value: number, share: number, what: string) =>
    assert.ok(Math.abs(value / 40_000 - share) < share * 0.25, `${what}: ${value} of 40000, asked for ${share}`);
  near(counts.lost, 0.02, "lost");
  near(counts.reordered, 0.01, "reordered");
  near(counts.duplicated, 0.005, "duplicated");
  assert.equal(arrivals.length, 40_000 - counts.lost + counts.duplicated);
  const delays = arrivals.map(({ sequence, to, atMs }) => atMs - 10 * (2 * sequence + to)).filter((delay) =>
    delay < 44
  );
  assert.ok(delays.every((delay) => delay >= 20));
  const mean = delays.reduce((sum, delay) => sum + delay) / delays.length;
  assert.ok(Math.abs(mean - 30) < 1, `mean delay ${mean}`);
});

Deno.test("Impairer: burst loss keeps the share and comes in runs", () => {
  const { arrivals, counts } = run("loss=5%,burst=4", 9, 40_000);
  assert.ok(Math.abs(counts.lost / 40_000 - 0.05) < 0.01);
  const got = new Set(arrivals.filter(({ to }) => to === 0).map(({ sequence }) => sequence));
  let runs = 0;
  for (let i = 1; i < 20_000; i++) if (!got.has(i) && got.has(i - 1)) runs++;
  const mean = (20_000 - got.size) / runs;
  assert.ok(mean > 3 && mean < 5, `mean run ${mean}`);
});

Deno.test("Impairer: delay alone keeps the order of a direction, also when the clock is looked at late", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 60 }), (gaps) => {
      const impairer = new Impairer({
        impairment: { ...NO_IMPAIRMENT, delayMs: 15, jitterMs: 15 },
        seed: 1,
        directionTo: () => 0,
        loseAddresses: () => {},
        nowMs: 0,
      });
      const batch = new PacketBatch(4);
      const out = new PacketBatch(4, MAX_UNIT_BYTES);
      const order: number[] = [];
      let nowMs = 0;
      const note = (from: PacketBatch) => {
        for (let i = 0; i < from.size; i++) order.push(readU16(from.packet(i), 2));
      };
      gaps.forEach((gap, i) => {
        nowMs += gap;
        batch.clear();
        batch.push(media(0, i, 50), 0);
        impairer.packets(batch, nowMs);
        note(batch);
        // Only now and then is there time to look.
        if (gap % 3 === 0) { for (out.clear(); impairer.pollPackets(out, nowMs) > 0; out.clear()) note(out); }
      });
      for (out.clear(); impairer.pollPackets(out, nowMs + 100) > 0; out.clear()) note(out);
      assert.deepEqual(order, gaps.map((_, i) => i));
    }),
    { seed: 31, numRuns: 100 },
  );
});

Deno.test("Impairer: what is under way to somebody who has left is dropped, and memory is bounded", () => {
  let direction = 5;
  const impairer = new Impairer({
    impairment: { ...NO_IMPAIRMENT, delayMs: 10 },
    seed: 1,
    directionTo: () => direction,
    loseAddresses: () => {},
    capacity: 8,
    nowMs: 0,
  });
  const batch = new PacketBatch(12);
  for (let i = 0; i < 12; i++) batch.push(media(0, i, 50), 0);
  impairer.packets(batch, 0);
  assert.equal(batch.size, 0);
  assert.equal(impairer.counts.overflown, 4);
  direction = 6;
  const out = new PacketBatch(12, MAX_UNIT_BYTES);
  assert.equal(impairer.pollPackets(out, 20), 0);
  direction = NONE;
  batch.push(media(0, 1, 50), 0);
  impairer.packets(batch, 20);
  assert.equal(batch.size, 1, "the relay's own answers to strangers are left alone");
  assert.throws(() => impairer.pollPackets(new PacketBatch(1, 100), 20), RangeError);
});

Deno.test("Impairer: rebind takes the peers' addresses away in turn, and a BIND brings them back", () => {
  const world = new RelayWorld();
  const { caller, callee } = world.pair();
  const impairer = new Impairer({
    impairment: unwrap(parseImpairment("rebind=5s")),
    seed: 1,
    directionTo: (address, nowMs) => world.relay.directionTo(address, nowMs),
    loseAddresses: (side) => world.relay.loseAddresses(side),
    nowMs: 0,
  });
  assert.equal(impairer.nextTimeoutMs(), 5000);
  const reaches = (from: number, unit: Uint8Array) => world.send(from, unit).length === 1;
  world.advance(5000);
  impairer.timeout(4999);
  assert.ok(reaches(caller, media(0, 1)));
  impairer.timeout(5000);
  assert.ok(!reaches(caller, media(0, 2)) && !reaches(callee, media(0, 2)));
  assert.equal(world.relay.bindings.sessions, 1, "the relay has not forgotten it");
  world.bind(caller, { peerId: CALLER });
  assert.ok(reaches(caller, media(0, 3)) && reaches(callee, media(0, 3)));
  world.advance(5000);
  impairer.timeout(10_000);
  assert.ok(!reaches(callee, media(0, 4)));
  world.bind(callee, { peerId: CALLEE });
  assert.ok(reaches(callee, media(0, 5)));
  assert.equal(impairer.counts.rebinds, 2);
  assert.equal(world.relay.bindings.find(SESSION, CALLER), 0);
});

Deno.test("parseImpairment: what the help shows is read, each setting by itself and all together", () => {
  const examples = Object.values(IMPAIRMENT_SETTINGS).map(({ example }) => example);
  for (const example of examples) assert.ok(parseImpairment(example).ok, example);
  assert.deepEqual(unwrap(parseImpairment(examples.join(","))), {
    lossRate: 0.02,
    burstPackets: 4,
    delayMs: 30,
    jitterMs: 10,
    reorderRate: 0.01,
    reorderMs: 25,
    duplicateRate: 0.001,
    rebindMs: 20_000,
  });
  assert.deepEqual(
    unwrap(parseImpairment("delay=0.1s+-20ms, reorder=1%/40ms")),
    { ...NO_IMPAIRMENT, delayMs: 100, jitterMs: 20, reorderRate: 0.01, reorderMs: 40 },
  );
});

Deno.test("parseImpairment: what is wrong is named, with an example of how it is right", () => {
  const wrongs: [string, RegExp][] = [
    ["", /the settings are loss, burst, delay/],
    ["lost=2%", /'lost=2%': the settings are/],
    ["loss=2", /'loss=2': it is written like loss=2%/],
    ["loss=100%", /loss=2%/],
    ["loss=-1%", /loss=2%/],
    ["loss=1e9%", /loss=2%/],
    ["delay=10ms±20", /delay=30ms±10/],
    ["delay=10m", /delay=30ms±10/],
    ["burst=0", /burst=4/],
    ["rebind=1ms", /rebind=20s/],
    ["reorder=1%/x", /reorder=1%/],
    ["loss=1%,loss=2%", /given twice/],
    ["loss=1%,,", /the settings are/],
    ["toString=1", /the settings are/],
  ];
  for (const [text, message] of wrongs) {
    const parsed = parseImpairment(text);
    assert.ok(!parsed.ok && parsed.fault.reason === "bad_value", text);
    assert.match(parsed.fault.message, message);
  }
  const second = parseImpairment("loss=1%,dup=x");
  assert.ok(!second.ok && second.fault.offset === 8);
  fc.assert(fc.property(fc.string(), (text) => void parseImpairment(text)), { seed: 41, numRuns: 300 });
});
