/** What holds for every payload format, over made-up media of all of them. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, toHex } from "../../base/bytes.ts";
import { FAULT_REASONS } from "../../base/parsed.ts";
import { SeededRng } from "../../base/rng.ts";
import { CODECS } from "../codec.ts";
import { audioFrame, type MediaFrame } from "../frame.ts";
import { classifyFrame, isKeyframe } from "./classify.ts";
import { FEC_MAX_PAYLOAD_BYTES, type PayloadFormat } from "./payload_format.ts";
import { makeDepacketizer, makePacketizer, payloadFormatOf } from "./payload_formats.ts";
import { ALL_FORMATS, frameData, streamData, streams } from "./testing/frames.ts";
import { FRAME_TICKS, framesOf, type Packet, packetsOf, receive } from "./testing/pipe.ts";

/** Formats that keep frames together; G.722 and PCM give one frame per packet. */
const WHOLE: readonly PayloadFormat[] = ALL_FORMATS.filter((format) => format !== "g722" && format !== "pcm");
const VIDEO: readonly PayloadFormat[] = ["vp9", "h264", "h265", "av1"];

function send(format: PayloadFormat, data: readonly Uint8Array[], maxPayloadBytes: number): Packet[] {
  return packetsOf(makePacketizer(format), framesOf(format, data), maxPayloadBytes);
}

function hex(frames: readonly MediaFrame[]): string[] {
  return frames.map((frame) => toHex(frame.data));
}

Deno.test("payload formats: there is one for every codec of the table, and one for all others", () => {
  for (const { name } of CODECS) assert.equal(payloadFormatOf(name), name);
  assert.equal(payloadFormatOf("x-lyra"), "opaque");
  assert.deepEqual([...ALL_FORMATS].sort(), [...CODECS.map((codec) => codec.name), "opaque"].sort());
});

Deno.test("payload formats: frames of any size come out as they went in, whatever the payload limit", () => {
  fc.assert(
    fc.property(streams(WHOLE), (stream) => {
      const data = streamData(stream);
      const sent = framesOf(stream.format, data);
      const depacketizer = makeDepacketizer(stream.format, { fromStart: true });
      const received = receive(depacketizer, send(stream.format, data, stream.maxPayloadBytes));
      assert.deepEqual(hex(received), hex(sent));
      received.forEach((frame, i) => {
        assert.equal(frame.timestampTicks, sent[i].timestampTicks);
        assert.equal(frame.keyframe, sent[i].keyframe);
        assert.equal(frame.priority, sent[i].priority);
        assert.equal(frame.complete, true);
      });
      assert.deepEqual(depacketizer.stats, {
        frames: sent.length,
        framesIncomplete: 0,
        framesUnread: 0,
        packetsMissing: 0,
        packetsRefused: 0,
      });
    }),
    { seed: 7001, numRuns: 300 },
  );
});

Deno.test("payload formats: sampled audio comes out with its bytes and times, in pieces", () => {
  fc.assert(
    fc.property(streams(["g722", "pcm"]), (stream) => {
      const ticksPerByte = stream.format === "pcm" ? 1 / 4 : 1;
      const data = streamData(stream);
      const packets = send(stream.format, data, stream.maxPayloadBytes);
      const received = receive(makeDepacketizer(stream.format), packets);
      assert.equal(toHex(concatBytes(...received.map((frame) => frame.data))), toHex(concatBytes(...data)));
      const starts = new Map(framesOf(stream.format, data).map((frame) => [frame.timestampTicks, frame]));
      let expected = 0;
      for (const { data, timestampTicks, durationTicks } of received) {
        if (starts.has(timestampTicks)) expected = timestampTicks;
        assert.equal(timestampTicks, expected);
        assert.equal(durationTicks, data.length * ticksPerByte);
        expected += durationTicks;
      }
    }),
    { seed: 7002, numRuns: 100 },
  );
});

Deno.test("ARC-RTP-priority-values: audio is 0, key frames 1, delta frames 2, disposable ones 3, in every packet", () => {
  fc.assert(
    fc.property(streams(), (stream) => {
      const data = streamData(stream);
      const sent = framesOf(stream.format, data);
      for (const packet of send(stream.format, data, stream.maxPayloadBytes)) {
        const frame = sent.findLast((candidate) => candidate.timestampTicks <= packet.timestampTicks);
        assert.ok(frame !== undefined);
        assert.equal(packet.priority, frame.priority);
        if (!VIDEO.includes(stream.format)) continue;
        assert.equal(packet.priority === 1, frame.keyframe);
        assert.notEqual(packet.priority, 0);
      }
    }),
    { seed: 7003, numRuns: 150 },
  );
  const rng = new SeededRng(1);
  for (const format of ["opus", "aac", "g722", "pcm"] as const) {
    assert.equal(classifyFrame(format, frameData(format, rng, false, false)).priority, 0);
  }
});

Deno.test("payload formats: a video frame ends with the marker, and its first payload shows a key frame", () => {
  fc.assert(
    fc.property(streams(VIDEO), (stream) => {
      const data = streamData(stream);
      const packets = send(stream.format, data, stream.maxPayloadBytes);
      const sent = framesOf(stream.format, data);
      sent.forEach(({ timestampTicks, keyframe }) => {
        const own = packets.filter((packet) => packet.timestampTicks === timestampTicks);
        assert.deepEqual(own.map((packet) => packet.marker), own.map((_, i) => i === own.length - 1));
        // With a delimiter first, a small limit leaves it alone in the first packet, which then shows nothing.
        const shows = stream.delimited && keyframe
          ? own.some((packet) => isKeyframe(stream.format, packet.payload))
          : isKeyframe(stream.format, own[0].payload);
        assert.equal(shows, keyframe);
      });
    }),
    { seed: 7004, numRuns: 150 },
  );
});

Deno.test("ARC-LOSS-fec-payload-size: under the limit for FEC no payload is above 1132 bytes, and some reach it", () => {
  assert.equal(FEC_MAX_PAYLOAD_BYTES, 1132);
  for (const format of ALL_FORMATS) {
    const rng = new SeededRng(11);
    const frames = Array.from({ length: 20 }, (_, i) => frameData(format, rng, i === 0, false));
    const packets = send(format, frames, FEC_MAX_PAYLOAD_BYTES);
    const largest = Math.max(...packets.map((packet) => packet.payload.length));
    assert.ok(largest <= FEC_MAX_PAYLOAD_BYTES);
    if (VIDEO.includes(format) || format === "aac") assert.equal(largest, FEC_MAX_PAYLOAD_BYTES);
  }
});

Deno.test("payload formats: without markers, the next timestamp ends a video frame", () => {
  fc.assert(
    fc.property(streams(VIDEO), (stream) => {
      const data = streamData(stream);
      const packets = send(stream.format, data, stream.maxPayloadBytes);
      const unmarked = packets.map((packet) => ({ ...packet, marker: false }));
      const received = receive(makeDepacketizer(stream.format, { fromStart: true }), unmarked);
      assert.deepEqual(hex(received), data.slice(0, -1).map(toHex));
      assert.ok(received.every((frame) => frame.complete));
    }),
    { seed: 7009, numRuns: 100 },
  );
});

Deno.test("payload formats: the memory of frames that were polled is used again", () => {
  for (const format of VIDEO) {
    for (const marked of [true, false]) {
      const rng = new SeededRng(81);
      const depacketizer = makeDepacketizer(format);
      const frames = Array.from({ length: 100 }, () => frameData(format, rng, true, false));
      const largest = Math.max(...frames.map((frame) => frame.length));
      let index = 0;
      let polled = 0;
      for (const { payload, marker, timestampTicks } of send(format, frames, 700)) {
        depacketizer.push(payload, marker && marked, timestampTicks, index++);
        for (let frame = depacketizer.poll(); frame !== undefined; frame = depacketizer.poll()) {
          polled++;
          assert.ok(frame.data.buffer.byteLength <= 4 * largest, format);
        }
      }
      assert.ok(polled >= 99);
    }
  }
});

Deno.test("payload formats: losing any packets never makes a wrong frame that claims to be complete", () => {
  fc.assert(
    fc.property(streams(), fc.nat(), fc.integer({ min: 1, max: 3 }), (stream, start, count) => {
      const packets = send(stream.format, streamData(stream), stream.maxPayloadBytes);
      const whole = new Map(
        receive(makeDepacketizer(stream.format), packets).map((frame) => [frame.timestampTicks, toHex(frame.data)]),
      );
      // A delimiter that was the stream's first packet is not missed (`nal_depacketizer.ts`).
      const first = stream.delimited ? 1 : 0;
      if (packets.length <= first) return;
      const from = first + start % (packets.length - first);
      const lost = new Set(Array.from({ length: count }, (_, i) => from + i));
      const depacketizer = makeDepacketizer(stream.format);
      const received = receive(depacketizer, packets, lost);
      for (const frame of received) {
        if (frame.complete) assert.equal(toHex(frame.data), whole.get(frame.timestampTicks));
        else assert.ok(whole.get(frame.timestampTicks)?.endsWith(toHex(frame.data).slice(8)), "not the frame's end");
      }
      assert.ok(received.length <= whole.size);
      if (from + count < packets.length && from > 0) assert.equal(depacketizer.stats.packetsMissing, count);
    }),
    { seed: 7005, numRuns: 600 },
  );
});

Deno.test("payload formats: after a loss, frames that lost nothing and show it are delivered", () => {
  for (const format of VIDEO) {
    const rng = new SeededRng(21);
    const frames = Array.from({ length: 12 }, () => frameData(format, rng, true, true));
    const packets = send(format, frames, 500);
    const lost = packets.findIndex((packet) => packet.timestampTicks === 4 * FRAME_TICKS);
    const received = receive(makeDepacketizer(format), packets, new Set([lost]));
    assert.deepEqual(received.filter((frame) => frame.complete).map((frame) => frame.timestampTicks / FRAME_TICKS), [
      ...[0, 1, 2, 3],
      ...[5, 6, 7, 8, 9, 10, 11],
    ], format);
  }
});

Deno.test("payload formats: any payloads in any order give a fault or frames, and never throw", () => {
  const packet = fc.record({
    payload: fc.uint8Array({ maxLength: 40 }),
    marker: fc.boolean(),
    timestampTicks: fc.integer({ min: 0, max: 3 }),
    step: fc.integer({ min: -1, max: 3 }),
  });
  fc.assert(
    fc.property(fc.constantFrom(...ALL_FORMATS), fc.array(packet, { maxLength: 12 }), (format, packets) => {
      const depacketizer = makeDepacketizer(format);
      let index = 10;
      let bytesIn = 0;
      let bytesOut = 0;
      for (const { payload, marker, timestampTicks, step } of packets) {
        index += step;
        bytesIn += payload.length;
        isKeyframe(format, payload);
        classifyFrame(format, payload);
        const fault = depacketizer.push(payload, marker, timestampTicks, index);
        if (fault !== undefined) {
          assert.ok(FAULT_REASONS.includes(fault.reason));
          assert.ok((fault.offset ?? 0) <= payload.length);
          if (fault.reason === "truncated") assert.ok((fault.need ?? 0) > payload.length);
        }
        for (let frame = depacketizer.poll(); frame !== undefined; frame = depacketizer.poll()) {
          bytesOut += frame.data.length;
        }
      }
      // A NAL unit of one byte costs three in an aggregate and gives at most five.
      assert.ok(bytesOut <= 5 * bytesIn, `${bytesOut} bytes from ${bytesIn}`);
    }),
    { seed: 7006, numRuns: 2500 },
  );
});

Deno.test("payload formats: packets cut short anywhere, or with a bit flipped, never throw", () => {
  fc.assert(
    fc.property(streams(), fc.nat(), fc.nat(), (stream, which, bit) => {
      const packets = send(stream.format, streamData(stream), stream.maxPayloadBytes);
      const index = which % packets.length;
      const { payload } = packets[index];
      const step = Math.max(1, Math.floor(payload.length / 50));
      for (let length = 0; length < payload.length; length += length < 30 ? 1 : step) {
        const cut = packets.map((packet, i) => i === index ? { ...packet, payload: payload.slice(0, length) } : packet);
        receive(makeDepacketizer(stream.format), cut);
      }
      const flipped = payload.slice();
      flipped[(bit >> 3) % flipped.length] ^= 1 << (bit & 7);
      receive(
        makeDepacketizer(stream.format),
        packets.map((packet, i) => i === index ? { ...packet, payload: flipped } : packet),
      );
    }),
    { seed: 7007, numRuns: 40 },
  );
});

Deno.test("payload formats: frames and payloads may lie inside larger, dirty buffers", () => {
  const inPool = (bytes: Uint8Array) => {
    const pool = new SeededRng(bytes.length).fill(new Uint8Array(bytes.length + 37));
    pool.set(bytes, 19);
    return pool.subarray(19, 19 + bytes.length);
  };
  fc.assert(
    fc.property(streams(), (stream) => {
      const data = streamData(stream);
      const plain = send(stream.format, data, stream.maxPayloadBytes);
      const pooled = send(stream.format, data.map(inPool), stream.maxPayloadBytes);
      assert.deepEqual(pooled, plain);
      const inPools = plain.map((packet) => ({ ...packet, payload: inPool(packet.payload) }));
      assert.deepEqual(
        receive(makeDepacketizer(stream.format), inPools),
        receive(makeDepacketizer(stream.format), plain),
      );
    }),
    { seed: 7008, numRuns: 60 },
  );
});

Deno.test("payload formats: a padding packet is skipped, and its index counts as received", () => {
  for (const format of ALL_FORMATS) {
    const rng = new SeededRng(31);
    const frames = [frameData(format, rng, true, false), frameData(format, rng, false, false)];
    const packets = send(format, frames, 100);
    const padding: Packet = { payload: new Uint8Array(0), marker: false, timestampTicks: 9, priority: 2 };
    const depacketizer = makeDepacketizer(format, { fromStart: true });
    const received = receive(depacketizer, packets.flatMap((packet) => [padding, packet]));
    const expected = receive(makeDepacketizer(format, { fromStart: true }), packets);
    assert.deepEqual(received, expected);
    assert.equal(depacketizer.stats.packetsMissing, 0);
  }
});

Deno.test("payload formats: a gap that a padding packet closes still leaves the next frame's start unproven", () => {
  const frames = framesOf("h264", [Uint8Array.of(0, 0, 0, 1, 0x41, 1), Uint8Array.of(0, 0, 0, 1, 0x41, 2)]);
  const [first, second] = packetsOf(makePacketizer("h264"), frames, 100);
  const depacketizer = makeDepacketizer("h264", { fromStart: true });
  depacketizer.push(first.payload, false, 0, 0);
  depacketizer.push(new Uint8Array(0), false, 0, 2);
  depacketizer.push(second.payload, true, 3000, 3);
  assert.equal(depacketizer.poll()?.complete, false);
  assert.equal(depacketizer.stats.framesIncomplete, 1);
});

Deno.test("payload formats: an index that does not grow is refused and changes nothing", () => {
  for (const format of ALL_FORMATS) {
    const rng = new SeededRng(41);
    const frames = [frameData(format, rng, true, false)];
    const packets = send(format, frames, 40);
    const depacketizer = makeDepacketizer(format, { fromStart: true });
    const received: MediaFrame[] = [];
    packets.forEach(({ payload, marker, timestampTicks }, index) => {
      assert.equal(depacketizer.push(payload, marker, timestampTicks, index), undefined);
      const again = depacketizer.push(payload, marker, timestampTicks, index);
      assert.equal(again?.reason, "bad_state");
      for (let frame = depacketizer.poll(); frame !== undefined; frame = depacketizer.poll()) received.push(frame);
    });
    assert.equal(depacketizer.stats.packetsRefused, packets.length);
    assert.equal(depacketizer.stats.frames, received.length);
    assert.ok(received.length > 0);
  }
});

Deno.test("payload formats: frames that nobody polled are forgotten and counted", () => {
  for (const format of ALL_FORMATS) {
    const rng = new SeededRng(51);
    const frames = Array.from({ length: 3 }, () => frameData(format, rng, true, false));
    const packets = send(format, frames, 1200);
    const depacketizer = makeDepacketizer(format, { fromStart: true });
    packets.forEach(({ payload, marker, timestampTicks }, index) =>
      depacketizer.push(payload, marker, timestampTicks, index)
    );
    const { framesUnread, frames: finished } = depacketizer.stats;
    assert.equal(finished - framesUnread, 1, format);
    assert.ok(depacketizer.poll() !== undefined);
    assert.equal(depacketizer.poll(), undefined);
  }
});

Deno.test("payload formats: memory is bounded, a frame over the limit is refused and given up", () => {
  for (const format of VIDEO) {
    const rng = new SeededRng(61);
    const frames = [frameData(format, rng, true, false), frameData(format, rng, true, false)];
    while (frames[0].length < 3000) frames[0] = frameData(format, rng, true, false);
    while (frames[1].length > 900) frames[1] = frameData(format, rng, true, false);
    const packets = send(format, frames, 300);
    const depacketizer = makeDepacketizer(format, { maxFrameBytes: 1000 });
    const faults: { reason: string }[] = [];
    const received = receive(depacketizer, packets, new Set(), faults as never);
    assert.deepEqual(faults.map((fault) => fault.reason), ["too_large"], format);
    assert.deepEqual(hex(received), [toHex(frames[1])]);
    assert.equal(depacketizer.stats.framesIncomplete, 1);
  }
});

Deno.test("payload formats: a payload limit that is too small, or a frame without bytes, is a fault and sends nothing", () => {
  const sink = { buffer: new Uint8Array(64), offsetBytes: 0, commit: () => assert.fail("committed") };
  const rng = new SeededRng(71);
  for (const format of ALL_FORMATS) {
    const empty = makePacketizer(format).packetize(audioFrame(new Uint8Array(0), 0, 0), 64, sink);
    assert.equal(!empty.ok && empty.fault.reason, "bad_length", format);
    const data = frameData(format, rng, true, false);
    for (const maxPayloadBytes of [-1, 0]) {
      const result = makePacketizer(format).packetize(framesOf(format, [data])[0], maxPayloadBytes, sink);
      assert.ok(!result.ok, `${format} ${maxPayloadBytes}`);
    }
  }
});
