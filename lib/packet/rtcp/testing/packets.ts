/** Generators of RTCP packets for the tests of this folder. */
import fc from "fast-check";
import type { RtcpPacket } from "../compound.ts";
import type { ReportBlock } from "../report_block.ts";
import { rtcpBytes, writeRtcp } from "../compound.ts";
import { SeededRng } from "../../../base/rng.ts";

const u32 = fc.nat(0xffff_ffff);
const u16 = fc.nat(0xffff);
const sources = { senderSsrc: u32, mediaSsrc: u32 };

/** Records like the parser's: with the usual prototype, which strict deepEqual looks at. */
function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

function bytes(max: number, step = 1): fc.Arbitrary<Uint8Array> {
  return fc.nat(Math.floor(max / step)).chain((n) => fc.uint8Array({ minLength: n * step, maxLength: n * step }));
}

export const reportBlocks: fc.Arbitrary<ReportBlock> = record({
  ssrc: u32,
  fractionLost256: fc.nat(255),
  cumulativeLost: fc.integer({ min: -0x80_0000, max: 0x7f_ffff }),
  extendedHighestSequence32: u32,
  jitterTicks: u32,
  lastSrCompact: u32,
  delaySinceLastSrCompact: u32,
});

const reports = fc.array(reportBlocks, { maxLength: 31 });

export const transportFeedbacks: fc.Arbitrary<Extract<RtcpPacket, { kind: "transport_feedback" }>> = record({
  kind: fc.constant("transport_feedback" as const),
  ...sources,
  baseSequence16: u16,
  referenceTime24: fc.nat(0xff_ffff),
  feedbackCount8: fc.nat(255),
  // Runs of one status, so that all kinds of chunks come about.
  runs: fc.array(
    fc.tuple(fc.nat(2), fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 9000 }))),
    { minLength: 1, maxLength: 8 },
  ),
  seed: fc.nat(),
}).map(({ runs, seed, ...rest }) => {
  const rng = new SeededRng(seed);
  const received = [];
  let position = 0;
  for (const [status, length] of runs) {
    for (let i = 0; i < (status === 0 ? length : Math.min(length, 40)); i++, position++) {
      if (status === 0 || position > 0xfffe) continue;
      const deltaTicks = status === 1 ? rng.u32() & 0xff : (rng.u32() << 16) >> 16;
      received.push({ sequence16: (rest.baseSequence16 + position) & 0xffff, deltaTicks });
    }
  }
  return { ...rest, statusCount: Math.min(position, 0xffff), received };
});

/** Packets in their shortest form, without padding. */
export const rtcpPackets: fc.Arbitrary<RtcpPacket> = fc.oneof(
  record({
    kind: fc.constant("sr" as const),
    ssrc: u32,
    ntpSeconds: u32,
    ntpFraction: u32,
    rtpTimestampTicks: u32,
    packetCount: u32,
    octetCount: u32,
    reports,
    extension: bytes(24, 4),
  }),
  record({ kind: fc.constant("rr" as const), ssrc: u32, reports, extension: bytes(24, 4) }),
  record({
    kind: fc.constant("sdes" as const),
    chunks: fc.array(
      record({
        ssrc: u32,
        items: fc.array(record({ itemType: fc.integer({ min: 1, max: 255 }), text: bytes(255) }), { maxLength: 4 }),
      }),
      { maxLength: 31 },
    ),
  }),
  record({
    kind: fc.constant("bye" as const),
    ssrcs: fc.array(u32, { maxLength: 31 }),
    reason: fc.option(bytes(255)),
  }),
  record({
    kind: fc.constant("nack" as const),
    ...sources,
    items: fc.array(record({ pid16: u16, blp16: u16 }), { minLength: 1, maxLength: 20 }),
  }),
  record({ kind: fc.constant("pli" as const), ...sources }),
  transportFeedbacks,
  record({
    kind: fc.constant("unknown" as const),
    packetType: fc.constantFrom(192, 204, 207, 223, 0, 255),
    count: fc.nat(31),
    padding: fc.constant(false),
    body: bytes(40, 4),
  }),
);

export const compounds: fc.Arbitrary<RtcpPacket[]> = fc.array(rtcpPackets, { minLength: 1, maxLength: 4 });

/** The compound in a buffer of its own. */
export function toBytes(packets: readonly RtcpPacket[]): Uint8Array {
  const out = new Uint8Array(rtcpBytes(packets));
  writeRtcp(packets, out, 0);
  return out;
}
