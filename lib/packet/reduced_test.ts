import assert from "node:assert/strict";
import fc from "fast-check";
import { toHex } from "../base/bytes.ts";
import { type ArcRtpFields, ArcRtpView, parseArcRtp } from "./arcrtp.ts";
import { REDUCED_SAVED_BYTES, type ReducedContext, ReducedView, writeReducedHeader } from "./reduced.ts";
import { ReducedReceiver } from "./reduced_receiver.ts";
import { ReducedSender } from "./reduced_sender.ts";
import { arcRtpBytes, inDirtyPool } from "./testing/arbitrary.ts";
import { unwrap } from "../base/parsed.ts";

const SSRC = 0xdeadbeef;
const CONTEXT: ReducedContext = { contextId: 5, ssrc: SSRC, payloadType: 111, quality: 1 };
const PAYLOAD = Uint8Array.of(0xc1, 0xc2, 0xc3, 0xc4, 0xc5);

/** A packet that fits {@link CONTEXT}, `n` packets of 20 ms after the first. */
function audio(n: number, change: Partial<ArcRtpFields> = {}): ArcRtpFields {
  return {
    marker: false,
    payloadType: 111,
    sequenceNumber: (0x12f0 + n) & 0xffff,
    timestamp: (0xffff_8000 + 960 * n) >>> 0,
    ssrc: SSRC,
    quality: 1,
    priority: 0,
    keyPhase: 0,
    payload: PAYLOAD,
    ...change,
  };
}

/** What a sender puts on the wire for a packet, out of the middle of a dirty pool. */
function send(sender: ReducedSender, fields: ArcRtpFields, atMs: number): Uint8Array {
  const { pool, start, end } = inDirtyPool(arcRtpBytes(fields));
  return pool.slice(sender.reduce(pool, start, end, atMs), end);
}

const isReduced = (unit: Uint8Array) => unit[0] >= 0xc0;

/** Which of the packets go out reduced, as a string of F and r. */
function shape(sender: ReducedSender, packets: readonly (readonly [ArcRtpFields, number])[]): string {
  return packets.map(([fields, atMs]) => isReduced(send(sender, fields, atMs)) ? "r" : "F").join("");
}

function newSender(...contexts: ReducedContext[]): ReducedSender {
  const sender = new ReducedSender();
  for (const context of contexts) assert.ok(sender.define(context));
  return sender;
}

/** Three full packets, the last two in one ms: the next one may be reduced. */
function warmedUp(...contexts: ReducedContext[]): ReducedSender {
  const sender = newSender(...contexts);
  assert.equal(shape(sender, [[audio(0), 0], [audio(1), 0], [audio(2), 0]]), "FFF");
  return sender;
}

/** A receiver that keeps indexes as its crypto layer would: here every packet authenticates. */
class Receiver {
  readonly reduced = new ReducedReceiver();
  readonly packet = new ArcRtpView();
  rollovers = 0;

  constructor(...contexts: ReducedContext[]) {
    for (const context of contexts) assert.ok(this.reduced.define(context));
  }

  /** The full packet behind a unit; undefined when it was refused. */
  receive(unit: Uint8Array, roc = 0): Uint8Array | undefined {
    const full = this.expand(unit);
    if (full === undefined) return undefined;
    assert.ok(this.packet.parse(full));
    this.reduced.authenticated(this.packet, roc * 65536 + this.packet.sequenceNumber, isReduced(unit));
    return full;
  }

  /** Expands without authenticating. */
  expand(unit: Uint8Array): Uint8Array | undefined {
    if (!isReduced(unit)) return unit.slice();
    const { pool, start, end } = inDirtyPool(unit);
    if (!this.reduced.expand(pool, start, end)) return undefined;
    return pool.slice(start - REDUCED_SAVED_BYTES, end);
  }
}

Deno.test("ARC-RTP-reduced-layout: the four bytes, bit by bit", () => {
  const sender = warmedUp(CONTEXT);
  const unit = send(sender, audio(3, { marker: true, priority: 2 }), 1);
  // 11 M=1 PR=10 CID=101, sequence 0x12f3, timestamp 0xffff8000 + 2880 = 0xffff8b40
  assert.equal(toHex(unit), "f5" + "f3" + "8b40" + toHex(PAYLOAD));
  const view = new ReducedView();
  const { pool, start, end } = inDirtyPool(unit);
  assert.ok(view.parse(pool, start, end));
  assert.deepEqual(
    [view.marker, view.priority, view.contextId, view.sequence8, view.timestamp16],
    [true, 2, 5, 0xf3, 0x8b40],
  );
});

Deno.test("ARC-RTP-reduced-layout: every value of every field reads back", () => {
  const out = new Uint8Array(6);
  const view = new ReducedView();
  for (let bits = 0; bits < 64; bits++) {
    const [marker, priority, contextId] = [bits >= 32, (bits >> 3) & 3, bits & 7];
    writeReducedHeader(marker, priority, contextId, 0x12345, 0x89abcdef, out, 1);
    assert.equal(out[1], 0xc0 | bits);
    assert.ok(view.parse(out, 1, 5));
    assert.deepEqual([view.marker, view.priority, view.contextId], [marker, priority, contextId]);
    assert.deepEqual([view.sequence8, view.timestamp16, out[0], out[5]], [0x45, 0xcdef, 0, 0]);
  }
});

Deno.test("ARC-RTP-reduced-minimum-length: fewer than 4 bytes are truncated, other classes are none of it", () => {
  const { reduced } = new Receiver(CONTEXT);
  const { pool, start } = inDirtyPool(Uint8Array.of(0xc5, 1, 2, 3));
  for (let length = 0; length < 4; length++) {
    assert.equal(reduced.expand(pool, start, start + length), false);
    const { reason, offset, need } = reduced.fault();
    assert.deepEqual([reason, offset, need], ["truncated", length, 4]);
    assert.equal(new ReducedView().parse(pool, start, start + length), false);
  }
  pool[start] = 0xbf;
  assert.equal(reduced.expand(pool, start, start + 4), false);
  assert.deepEqual([reduced.fault().reason, reduced.fault().offset], ["bad_version", 0]);
  assert.match(reduced.fault().message, /need version 3, got 2/);
  assert.throws(() => new ReducedReceiver().fault(), /succeeded/);
});

Deno.test("ARC-RTP-reduced-context, ARC-RTP-reduced-context-unique: ids 0..7, defined once, and the same again is fine", () => {
  for (const end of [new ReducedSender(), new ReducedReceiver()]) {
    for (let contextId = 0; contextId < 8; contextId++) assert.ok(end.define({ ...CONTEXT, contextId }));
    assert.ok(end.define(CONTEXT));
    assert.equal(end.define({ ...CONTEXT, ssrc: 1 }), false);
    assert.equal(end.define({ ...CONTEXT, payloadType: 112 }), false);
    assert.equal(end.define({ ...CONTEXT, quality: 0 }), false);
    for (const contextId of [-1, 8]) assert.equal(end.define({ ...CONTEXT, contextId }), false);
  }
  const fresh = new ReducedReceiver();
  for (const bad of [{ payloadType: 72 }, { payloadType: 128 }, { quality: 4 }]) {
    assert.equal(fresh.define({ ...CONTEXT, ...bad }), false);
  }
  for (const edge of [{ payloadType: 0, quality: 0 }, { payloadType: 127, quality: 3 }]) {
    assert.ok(new ReducedReceiver().define({ ...CONTEXT, ...edge }));
  }
  assert.ok(fresh.define(CONTEXT), "a refused definition takes no id");
});

Deno.test("ARC-RTP-reduced-eligible: anything that the four bytes cannot carry is sent in full", () => {
  const extension = { profile: 0xbede, data: new Uint8Array(4) };
  const padded = Uint8Array.of(1, 2, 1);
  const changes: Partial<ArcRtpFields>[] = [
    { padding: true, payload: padded },
    { extension },
    { csrc: [1] },
    { bandwidthKbps: 0 },
    { bandwidthKbps: 100 },
    { lossTenths: 0 },
    { payloadType: 112 },
    { quality: 0 },
    { ssrc: 1 },
  ];
  for (const change of changes) {
    const unit = send(warmedUp(CONTEXT), audio(3, change), 1);
    assert.deepEqual(unit, arcRtpBytes(audio(3, change)), JSON.stringify(change));
  }
  for (const [at, bits] of [[12, 1], [12, 2], [13, 4], [13, 0x80], [14, 1], [15, 1]]) {
    const bytes = arcRtpBytes(audio(3));
    bytes[at] |= bits;
    assert.equal(warmedUp(CONTEXT).reduce(bytes, 0, bytes.length, 1), 0, `byte ${at}, bits ${bits}`);
  }
  for (const change of [{}, { marker: true }, { priority: 3 }, { payload: new Uint8Array(0) }]) {
    assert.ok(isReduced(send(warmedUp(CONTEXT), audio(3, change), 1)), JSON.stringify(change));
  }
});

Deno.test("ARC-RTP-reduced-first-three: the first three packets of each SSRC have full headers", () => {
  const other = { ...CONTEXT, contextId: 0, ssrc: 7 };
  const sender = newSender(CONTEXT, other);
  const packets: [ArcRtpFields, number][] = [];
  for (let n = 0; n < 5; n++) packets.push([audio(n), n]);
  for (let n = 0; n < 5; n++) packets.push([audio(n, { ssrc: 7 }), 5 + n]);
  assert.equal(shape(sender, packets), "FFFrr" + "FFFrr");
});

Deno.test("ARC-RTP-reduced-refresh: a full header at least once in 32 packets", () => {
  const packets = Array.from({ length: 100 }, (_, n): [ArcRtpFields, number] => [audio(n, { timestamp: n }), n]);
  const shapes = shape(newSender(CONTEXT), packets);
  assert.equal(shapes, "FFF" + `${"r".repeat(31)}F`.repeat(3) + "r");
});

Deno.test("ARC-RTP-reduced-refresh: a full header once 120 ms have passed since the last", () => {
  const packets = Array.from({ length: 16 }, (_, n): [ArcRtpFields, number] => [audio(n), 20 * n]);
  assert.equal(shape(newSender(CONTEXT), packets), "FFF" + "rrrrrF" + "rrrrrF" + "r");
  assert.equal(shape(warmedUp(CONTEXT), [[audio(3), 119.9]]), "r");
  assert.equal(shape(warmedUp(CONTEXT), [[audio(3), 120]]), "F");
});

Deno.test("ARC-RTP-reduced-window: within 64 of the sequence numbers of both of the last two full packets", () => {
  for (
    const [first, second, sequenceNumber, expected] of [
      [100, 100, 164, "r"],
      [100, 100, 165, "F"],
      [100, 101, 165, "F"],
      [100, 101, 164, "r"],
      [100, 100, 36, "r"],
      [100, 100, 35, "F"],
      [101, 100, 36, "F"],
      [65535, 0, 63, "r"],
      [65535, 0, 64, "F"],
      [0, 0, 65472, "r"],
      [0, 0, 65471, "F"],
    ] as const
  ) {
    const sender = newSender(CONTEXT);
    const at = (sequenceNumber: number): [ArcRtpFields, number] => [audio(0, { sequenceNumber }), 0];
    const shapes = shape(sender, [at(second), at(first), at(second), at(sequenceNumber)]);
    assert.equal(shapes, `FFF${expected}`, `${first} ${second} ${sequenceNumber}`);
  }
});

Deno.test("ARC-RTP-reduced-window: within 32767 of the timestamps of both of the last two full packets", () => {
  for (
    const [first, second, timestamp, expected] of [
      [1000, 1000, 33767, "r"],
      [1000, 1000, 33768, "F"],
      [1000, 2000, 33767, "r"],
      [1000, 2000, 33768, "F"],
      [50000, 50000, 17233, "r"],
      [50000, 50000, 17232, "F"],
      [51000, 50000, 17233, "F"],
      [0xffff_ffff, 0, 32766, "r"],
      [0xffff_ffff, 0, 32767, "F"],
      [0, 0, 0xffff_8001, "r"],
      [0, 0, 0xffff_8000, "F"],
      [0, 0x8000_0000, 0x8000_0000, "F"],
    ] as const
  ) {
    const sender = newSender(CONTEXT);
    const at = (timestamp: number): [ArcRtpFields, number] => [audio(0, { timestamp }), 0];
    const shapes = shape(sender, [at(second), at(first), at(second), at(timestamp)]);
    assert.equal(shapes, `FFF${expected}`, `${first} ${second} ${timestamp}`);
  }
});

Deno.test("ARC-RTP-reduced-lossless: a reduced packet in between counts for the timestamp too, as it may be the reference", () => {
  const sender = warmedUp(CONTEXT);
  const at = (n: number, offset: number): [ArcRtpFields, number] => [
    audio(n, { timestamp: (0xffff_8000 + offset) >>> 0 }),
    1,
  ];
  assert.equal(shape(sender, [at(3, 30000)]), "r");
  assert.equal(shape(sender, [at(4, -20000)]), "F", "within 32767 of all full packets, but not of packet 3");
});

Deno.test("ARC-RTP-quality-switch: the packet that changes Q is full, also into another context and back", () => {
  const sender = warmedUp(CONTEXT, { ...CONTEXT, contextId: 6, quality: 2 });
  const packets: [ArcRtpFields, number][] = [1, 2, 2, 1, 1, 0, 1, 1].map((
    quality,
    i,
  ) => [audio(3 + i, { quality }), 1]);
  assert.equal(shape(sender, packets), "rFrFrFFr");
});

Deno.test("ARC-RTP-reduced-epoch-pause: only full headers for 1 s after K changes, on every SSRC", () => {
  const other = { ...CONTEXT, contextId: 0, ssrc: 7 };
  const sender = newSender(CONTEXT, other);
  for (let n = 0; n < 4; n++) {
    send(sender, audio(n), 0);
    send(sender, audio(n, { ssrc: 7 }), 0);
  }
  assert.equal(shape(sender, [[audio(4), 50], [audio(4, { ssrc: 7 }), 50]]), "rr");
  let shapes = "";
  for (let n = 5; n < 70; n++) shapes += shape(sender, [[audio(n, { keyPhase: 1 }), 100 + 20 * (n - 5)]]);
  assert.equal(shapes.slice(0, 50), "F".repeat(50), "packets at 100, 120 .. 1080 ms");
  assert.match(shapes.slice(50), /^r/);

  const late = warmedUp(CONTEXT, other);
  send(late, audio(3, { ssrc: 9, keyPhase: 1 }), 10);
  const packets = Array.from({ length: 6 }, (_, n): [ArcRtpFields, number] => [audio(n, { ssrc: 7, keyPhase: 1 }), 20]);
  assert.equal(shape(late, packets), "FFFFFF", "an SSRC that begins within that second waits as well");
});

Deno.test("ARC-RTP-reduced-key-phase: a sender reduces only under the K that both of its last full packets had", () => {
  const other = { ...CONTEXT, contextId: 0, ssrc: 7 };
  const sender = warmedUp(CONTEXT, other);
  send(sender, audio(0, { ssrc: 7, keyPhase: 1 }), 0);
  const packets = Array.from({ length: 4 }, (_, n): [ArcRtpFields, number] => [
    audio(3 + n, { keyPhase: 1 }),
    5000 + n,
  ]);
  assert.equal(shape(sender, packets), "FFrr", "the epoch is 5 s old, but this SSRC was silent");
});

Deno.test("ARC-RTP-reduced-key-phase: a receiver takes K from the highest-index full packet, not from reduced or late ones", () => {
  const receiver = new Receiver(CONTEXT);
  const full = (n: number, keyPhase: number) => arcRtpBytes(audio(n, { keyPhase }));
  const reduced = (n: number) => {
    const bytes = new Uint8Array(4);
    writeReducedHeader(false, 0, 5, audio(n).sequenceNumber, audio(n).timestamp, bytes, 0);
    return bytes;
  };
  const keyPhaseOf = (bytes: Uint8Array | undefined) => bytes === undefined ? undefined : (bytes[12] >> 2) & 3;
  receiver.receive(full(10, 2));
  assert.equal(keyPhaseOf(receiver.receive(reduced(14))), 2);
  receiver.receive(full(9, 1));
  assert.equal(keyPhaseOf(receiver.receive(reduced(15))), 2, "a late full packet is not the highest");
  receiver.receive(full(12, 3));
  assert.equal(keyPhaseOf(receiver.receive(reduced(16))), 3, "behind the reference, but the highest full packet");
});

Deno.test("ARC-RTP-reduced-no-context: unknown ids, and contexts without an authenticated full packet, are bad_context", () => {
  const receiver = new Receiver(CONTEXT, { ...CONTEXT, contextId: 0, ssrc: 7 });
  const unit = Uint8Array.of(0xc5, 0, 0, 0);
  assert.equal(receiver.expand(unit), undefined);
  assert.equal(receiver.reduced.faultReason, "bad_context");
  assert.match(receiver.reduced.fault().message, /context 5 has no authenticated packet yet/);
  receiver.receive(arcRtpBytes(audio(0, { ssrc: 7 })));
  assert.equal(receiver.expand(unit), undefined, "another SSRC's packet is no reference");
  receiver.receive(arcRtpBytes(audio(0)));
  assert.ok(receiver.expand(unit));
  assert.equal(receiver.reduced.faultReason, undefined);
  assert.equal(receiver.expand(Uint8Array.of(0xc1, 0, 0, 0)), undefined);
  assert.match(receiver.reduced.fault().message, /context 1 is not defined/);
});

Deno.test("ARC-RTP-reduced-expand: the nearest values to the reference, the lower ones at equal distance, across wraps", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 0xffff }),
      fc.integer({ min: 0, max: 0xffff_ffff }),
      fc.oneof(fc.integer({ min: -128, max: 127 }), fc.constantFrom(-128, 127)),
      fc.oneof(fc.integer({ min: -32768, max: 32767 }), fc.constantFrom(-32768, 32767)),
      (sequenceNumber, timestamp, sequenceStep, timestampStep) => {
        const receiver = new Receiver(CONTEXT);
        receiver.receive(arcRtpBytes(audio(0, { sequenceNumber, timestamp })));
        const target = audio(0, {
          sequenceNumber: (sequenceNumber + sequenceStep) & 0xffff,
          timestamp: (timestamp + timestampStep) >>> 0,
          payload: undefined,
        });
        const unit = new Uint8Array(4);
        writeReducedHeader(false, 0, 5, target.sequenceNumber, target.timestamp, unit, 0);
        assert.deepEqual(receiver.expand(unit), arcRtpBytes(target));
      },
    ),
    { seed: 2301, numRuns: 500 },
  );
});

Deno.test("ARC-RTP-reduced-reference, ARC-RTP-reduced-expand-first: only authenticated packets of a higher index move it", () => {
  const receiver = new Receiver(CONTEXT);
  const unit = Uint8Array.of(0xc5, 0x10, 0x40, 0x00);
  const sequenceAfter = (reference: number, roc: number) => {
    receiver.receive(arcRtpBytes(audio(0, { sequenceNumber: reference })), roc);
    return unwrap(parseArcRtp(receiver.expand(unit) ?? new Uint8Array())).sequenceNumber;
  };
  assert.equal(sequenceAfter(0x2000, 0), 0x2010);
  const before = receiver.expand(unit);
  for (const low of [0x70, 0xf0, 0x70]) receiver.expand(Uint8Array.of(0xc5, low, 0xff, 0xff));
  assert.deepEqual(receiver.expand(unit), before, "expanding moves nothing");
  assert.equal(sequenceAfter(0x1f00, 0), 0x2010, "an older packet moves nothing");
  assert.equal(sequenceAfter(0x2100, 0), 0x2110);
  assert.equal(sequenceAfter(0x0300, 1), 0x0310, "the index counts, not the sequence number");
  assert.equal(sequenceAfter(0xff00, 0), 0x0310);
});

/** A stream with gaps, marks, jumps in time either way, and an epoch change now and then. */
const stream = fc.array(
  fc.record({
    sequenceStep: fc.oneof({ weight: 8, arbitrary: fc.constant(1) }, fc.integer({ min: 1, max: 70 })),
    timestampStep: fc.oneof(fc.constant(960), fc.integer({ min: -40000, max: 40000 })),
    msStep: fc.oneof(fc.constant(5), fc.integer({ min: 0, max: 60 })),
    marker: fc.boolean(),
    priority: fc.integer({ min: 0, max: 3 }),
    changesQuality: fc.oneof({ weight: 20, arbitrary: fc.constant(false) }, fc.constant(true)),
    changesEpoch: fc.oneof({ weight: 50, arbitrary: fc.constant(false) }, fc.constant(true)),
    isLost: fc.boolean(),
  }),
  { minLength: 20, maxLength: 150, size: "max" },
);

Deno.test("ARC-RTP-reduced-lossless: what arrives expands to the sender's very bytes", () => {
  let reducedUnits = 0;
  fc.assert(
    fc.property(stream, fc.integer({ min: 0, max: 0xffff }), fc.boolean(), (steps, firstSequence, isLossy) => {
      const contexts = [CONTEXT, { ...CONTEXT, contextId: 2, quality: 2 }];
      const sender = newSender(...contexts);
      const receiver = new Receiver(...contexts);
      let [sequence, timestamp, nowMs, keyPhase, quality] = [firstSequence, 0xffff_0000, 0, 0, 1];
      let lostLastFull = true;
      for (const step of steps) {
        sequence += step.sequenceStep;
        timestamp += step.timestampStep;
        nowMs += step.msStep;
        if (step.changesEpoch) keyPhase = (keyPhase + 1) & 3;
        if (step.changesQuality) quality = 3 - quality;
        const { marker, priority } = step;
        const sequenceNumber = sequence & 0xffff;
        const fields = audio(0, { sequenceNumber, timestamp: timestamp >>> 0, marker, priority, keyPhase, quality });
        const unit = send(sender, fields, nowMs);
        // Any reduced packet may be lost, and any full one that does not follow the loss of the one before.
        const isLost: boolean = isLossy && step.isLost && (isReduced(unit) || !lostLastFull);
        if (!isReduced(unit)) lostLastFull = isLost;
        else reducedUnits++;
        if (isLost) continue;
        assert.deepEqual(receiver.receive(unit, sequence >>> 16), arcRtpBytes(fields));
      }
    }),
    { seed: 2302, numRuns: 300 },
  );
  assert.ok(reducedUnits > 2000, `${reducedUnits} units were reduced`);
});

Deno.test("expansion into another buffer writes 16 bytes there and leaves the unit alone", () => {
  const receiver = new Receiver(CONTEXT);
  receiver.receive(arcRtpBytes(audio(0)));
  const unit = send(warmedUp(CONTEXT), audio(3), 1);
  const before = unit.slice();
  const out = new Uint8Array(20).fill(0xa5);
  assert.ok(receiver.reduced.expand(unit, 0, unit.length, out, 2));
  assert.deepEqual(unit, before);
  assert.deepEqual(out.subarray(2, 18), arcRtpBytes(audio(3)).subarray(0, 16));
  assert.deepEqual([out[1], out[18]], [0xa5, 0xa5]);
  assert.throws(() => receiver.reduced.expand(unit, 0, unit.length), /12 bytes before the unit/);
  const tight = new Uint8Array(12 + unit.length);
  tight.set(unit, 12);
  assert.ok(receiver.reduced.expand(tight, 12, tight.length));
  assert.deepEqual(tight, arcRtpBytes(audio(3)));
});

Deno.test("any unit gives a full header or a fault, and changes no state", () => {
  const receiver = new Receiver(CONTEXT);
  receiver.receive(arcRtpBytes(audio(0)));
  const probe = Uint8Array.of(0xc5, 0x33, 0x44, 0x55);
  const before = receiver.expand(probe);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 8 }), (unit) => {
      const { pool, start, end } = inDirtyPool(unit);
      if (receiver.reduced.expand(pool, start, end)) {
        assert.ok(receiver.packet.parse(pool, start - REDUCED_SAVED_BYTES, end));
        assert.equal(receiver.packet.ssrc, SSRC);
      } else assert.ok(["truncated", "bad_version", "bad_context"].includes(receiver.reduced.fault().reason));
      assert.deepEqual(receiver.expand(probe), before);
    }),
    { seed: 2303, numRuns: 500 },
  );
});

Deno.test("a sender passes on what it cannot read", () => {
  const sender = newSender(CONTEXT);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 15 }), (bytes) => {
      const { pool, start, end } = inDirtyPool(bytes);
      assert.equal(sender.reduce(pool, start, end, 0), start);
      assert.deepEqual(pool.slice(start, end), bytes);
    }),
    { seed: 2304, numRuns: 200 },
  );
});
