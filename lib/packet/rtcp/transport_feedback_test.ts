import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, parseHex, toHex } from "../../base/bytes.ts";
import { type Parsed, unwrap } from "../../base/parsed.ts";
import { parseRtcp, type RtcpPacket } from "./compound.ts";
import { toBytes, transportFeedbacks } from "./testing/packets.ts";
import {
  buildTransportFeedback,
  type TransportArrival,
  type TransportFeedback,
  visitTransportFeedback,
} from "./transport_feedback.ts";
import { packChunks } from "./transport_feedback_chunks.ts";

const SOURCES = { senderSsrc: 0xcafe, mediaSsrc: 0xbeef };
const HEAD = "0000cafe0000beef";

function hex(text: string): Uint8Array {
  return unwrap(parseHex(text));
}

function only(parsed: Parsed<RtcpPacket[]>): TransportFeedback {
  const [packet] = unwrap(parsed);
  assert.ok(packet.kind === "transport_feedback");
  return packet;
}

function reasonOf(text: string): string {
  const parsed = parseRtcp(hex(text));
  return parsed.ok ? "ok" : parsed.fault.reason;
}

function statuses(feedback: TransportFeedback, nearUs = 0): [number, number | null][] {
  const seen: [number, number | null][] = [];
  visitTransportFeedback(feedback, nearUs, (sequence16, arrivalUs) => {
    seen.push([sequence16, Number.isNaN(arrivalUs) ? null : arrivalUs]);
  });
  return seen;
}

Deno.test("ARC-RTCP-feedback: transport-wide feedback is RTPFB format 15, worked by hand", () => {
  // Packets 10, 11, 13 arrive at 64.25, 65.5 and 164.25 ms (the last delta, 98.75 ms, needs two bytes); 12 is lost.
  const arrivals = [
    { sequence: 10, arrivalUs: 64_250 },
    { sequence: 11, arrivalUs: 65_500 },
    { sequence: 13, arrivalUs: 164_250 },
  ];
  const { feedback, taken } = buildTransportFeedback(SOURCES, 7, 10, arrivals);
  assert.equal(taken, 3);
  // Chunk: vector of 2-bit symbols 1 1 0 2 0 0 0 = 0b11_01_01_00_10_00_00_00.
  assert.equal(toHex(toBytes([feedback])), `8fcd0006${HEAD}000a000400000107d4800105018b0000`);
  assert.deepEqual(statuses(feedback), [[10, 64_250], [11, 65_500], [12, null], [13, 164_250]]);
});

Deno.test("chunks: runs, vectors of 14 and vectors of 7, each where it is the shortest", () => {
  const repeat = (symbol: number, n: number) => new Array<number>(n).fill(symbol);
  const chunks = (...symbols: number[]) => packChunks(Uint8Array.from(symbols));
  assert.deepEqual(chunks(...repeat(1, 20)), [0x2014]);
  assert.deepEqual(chunks(1, ...repeat(0, 8191)), [0xa000, 0x1ff2]);
  assert.deepEqual(chunks(...repeat(0, 8192)), [0x1fff, 0x0001]);
  assert.deepEqual(chunks(1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0), [0b1010_1010_1010_1010]);
  assert.deepEqual(chunks(1, 0, 2, 0, 1, 2, 2), [0b1101_0010_0001_1010]);
  assert.deepEqual(chunks(2, 2, 2, 2, 2, 2, 2, 1), [0x4007, 0x2001]);
  assert.deepEqual(chunks(1, 0), [0b1010_0000_0000_0000]);
});

Deno.test("any feedback survives writing and parsing, with lost and arrived packets told apart across wraps", () => {
  fc.assert(
    fc.property(transportFeedbacks, (feedback) => {
      const bytes = toBytes([feedback]);
      const parsed = only(parseRtcp(bytes));
      assert.deepEqual(parsed, feedback);
      assert.equal(toHex(toBytes([parsed])), toHex(bytes));
      const seen = statuses(parsed);
      assert.equal(seen.length, feedback.statusCount);
      assert.deepEqual(
        seen.filter(([, at]) => at !== null).map(([sequence16]) => sequence16),
        feedback.received.map(({ sequence16 }) => sequence16),
      );
    }),
    { seed: 21, numRuns: 150 },
  );
});

Deno.test("arrivals come back within 125 us, however they are spaced, over as many packets as they need", () => {
  const lists = fc.array(fc.tuple(fc.integer({ min: 1, max: 400 }), fc.integer({ min: -30_000, max: 3_000_000 })), {
    minLength: 1,
    maxLength: 80,
  });
  fc.assert(
    fc.property(lists, fc.nat(100_000), fc.nat(2 ** 36), (steps, firstSequence, firstUs) => {
      let sequence = firstSequence;
      let arrivalUs = firstUs;
      const arrivals = steps.map(([ahead, laterUs]) => {
        sequence += ahead;
        arrivalUs = Math.max(0, arrivalUs + laterUs);
        return { sequence, arrivalUs };
      });
      const back: number[] = [];
      let nearUs = 0;
      for (let at = 0, base = firstSequence; at < arrivals.length;) {
        const { feedback, taken } = buildTransportFeedback(SOURCES, 0, base, arrivals.slice(at));
        const parsed = only(parseRtcp(toBytes([feedback])));
        // The reporter's clock may be far along: the first feedback is read next to the truth.
        nearUs = visitTransportFeedback(parsed, nearUs === 0 ? Math.max(1, firstUs) : nearUs, (_, us) => {
          if (!Number.isNaN(us)) back.push(us);
        });
        at += taken;
        base = arrivals[at - 1].sequence + 1;
      }
      assert.equal(back.length, arrivals.length);
      arrivals.forEach((arrival, i) => assert.ok(Math.abs(back[i] - arrival.arrivalUs) <= 125));
    }),
    { seed: 22, numRuns: 200 },
  );
});

Deno.test("reference time: 24 bits of 64 ms wrap and are unwrapped next to the feedback before", () => {
  const wrapUs = 2 ** 24 * 64_000;
  const at = (arrivalUs: number) => buildTransportFeedback(SOURCES, 0, 1, [{ sequence: 1, arrivalUs }]).feedback;
  const beforeWrap = at(wrapUs - 10_000);
  const afterWrap = at(wrapUs + 10_000);
  assert.equal(beforeWrap.referenceTime24, 0xffffff);
  assert.equal(afterWrap.referenceTime24, 0);
  const nearUs = visitTransportFeedback(beforeWrap, 0, () => {});
  assert.equal(nearUs, wrapUs - 64_000);
  assert.deepEqual(statuses(afterWrap, nearUs), [[1, wrapUs + 10_000]]);
  assert.deepEqual(statuses(beforeWrap, wrapUs + 64_000), [[1, wrapUs - 10_000]], "an older feedback after a newer");
});

Deno.test("a gap of time or sequence numbers that one packet cannot tell of ends it", () => {
  const arrival = (sequence: number, arrivalUs: number): TransportArrival => ({ sequence, arrivalUs });
  const build = (base: number, ...arrivals: TransportArrival[]) => buildTransportFeedback(SOURCES, 0, base, arrivals);
  const farUs = 32_767 * 250;
  assert.equal(build(1, arrival(1, 0), arrival(2, farUs)).taken, 2);
  assert.equal(build(1, arrival(1, 0), arrival(2, farUs + 250)).taken, 1);
  assert.equal(build(1, arrival(1, 64_000 * 200), arrival(2, 64_000 * 200 - 32_768 * 250)).taken, 2);
  assert.equal(build(1, arrival(1, 64_000 * 200), arrival(2, 64_000 * 200 - 32_769 * 250)).taken, 1);
  assert.deepEqual([build(1, arrival(65_535, 0)).feedback.statusCount], [65_535]);
  const far = build(1, arrival(70_000, 0));
  assert.equal(far.feedback.statusCount, 65_535);
  assert.equal(far.taken, 1);
  assert.throws(() => build(1), RangeError);
});

Deno.test("feedback that lies about its length, its count or its statuses is refused", () => {
  const ok = `8fcd0005${HEAD}000a00010000010720010500`;
  assert.equal(reasonOf(ok), "ok");
  assert.equal(reasonOf(`8fcd0004${HEAD}000a000100000107`), "bad_length", "no chunk");
  assert.equal(reasonOf(`8fcd0003${HEAD}000a0001`), "bad_length", "no reference time");
  assert.equal(reasonOf(`8fcd0005${HEAD}000a00000000010720010500`), "bad_value", "no packets");
  assert.equal(reasonOf(`8fcd0005${HEAD}000a00010000010760010500`), "bad_value", "reserved status in a run");
  assert.equal(reasonOf(`8fcd0005${HEAD}000a000100000107f0000500`), "bad_value", "reserved status in a vector");
  assert.equal(reasonOf(`8fcd0005${HEAD}000a00030000010720030501`), "bad_length", "a delta too few");
  assert.equal(reasonOf(`8fcd0006${HEAD}000a0001000001072001050000000000`), "bad_length", "a word too many");
  assert.equal(reasonOf(`8fcd0005${HEAD}000affff0000010700000000`), "bad_length", "runs of nothing");
  // A run longer than the count, and symbols of a vector behind it, are cut off.
  assert.equal(reasonOf(`8fcd0005${HEAD}000a00010000010720ff0500`), "ok");
  assert.equal(reasonOf(`8fcd0005${HEAD}000a000100000107bfff0500`), "ok");
});

Deno.test("WebRTC stacks pad to a word with one to three counted bytes, even before another packet", () => {
  const padded = hex(`afcd0005${HEAD}000a00010000010720010501`);
  const plain = hex(`8fcd0005${HEAD}000a00010000010720010500`);
  assert.equal(toHex(toBytes(unwrap(parseRtcp(padded)))), toHex(plain));
  assert.equal(unwrap(parseRtcp(concatBytes(padded, plain))).length, 2);
});

Deno.test("ARC-ROBUST-time: packets that claim 65535 statuses each in a few bytes cost time and memory in proportion to the bytes", () => {
  // Nine chunks of 8191 lost packets: valid, and as dense as it gets.
  const lost = `8fcd0009${HEAD}000affff00000107${"1fff".repeat(10)}`;
  const dense = hex(lost.repeat(30));
  for (const packet of unwrap(parseRtcp(dense))) {
    assert.ok(packet.kind === "transport_feedback" && packet.received.length === 0 && packet.statusCount === 0xffff);
  }
  // The same in claimed arrivals, for which there are no deltas.
  assert.equal(reasonOf(lost.replaceAll("1fff", "3fff")), "bad_length");
});
