/**
 * Makes FlexFEC repair payloads (RFC 8627 §6.2). Packets of a key frame are known together, so each repair takes every
 * m-th of them: a burst of up to m losses leaves each repair one to restore.
 */
import { readU16 } from "../base/bytes.ts";
import { flexfecHeaderBytes, MAX_MASK_SPAN, writeFlexfecMask } from "./flexfec_header.ts";
import { addSource, type FecSource, sourcePayloadBytes } from "./source.ts";

/** SPEC ARC-LOSS-fec-key-frames. */
export const KEY_FRAME_REDUNDANCY = 0.2;

/** Largest media payload where FEC is in use. SPEC ARC-LOSS-fec-payload-size. */
export const MAX_PAYLOAD_BYTES_WITH_FEC = 1132;

/** Which of the sources, by their place in the list, one repair protects. */
export interface RepairPlan {
  readonly first: number;
  readonly stride: number;
  readonly count: number;
}

/** Repairs for `sources` packets: the share rounded up, so one at least, and no more than packets. */
export function repairCount(sources: number, redundancy: number): number {
  if (sources === 0 || !(redundancy > 0)) return 0;
  // A product that is whole but for rounding stays whole.
  return Math.min(sources, Math.ceil(sources * redundancy - 1e-9));
}

/**
 * Lays out the repairs for a list of packets with consecutive sequence numbers: blocks of at most 110 packets, as far as a
 * mask reaches, each with its share of repairs, interleaved.
 */
export function planRepairs(sources: number, redundancy: number = KEY_FRAME_REDUNDANCY): RepairPlan[] {
  const plans: RepairPlan[] = [];
  const blocks = Math.ceil(sources / MAX_MASK_SPAN);
  for (let block = 0; block < blocks; block++) {
    const from = Math.floor((block * sources) / blocks);
    const to = Math.floor(((block + 1) * sources) / blocks);
    const stride = repairCount(to - from, redundancy);
    for (let phase = 0; phase < stride; phase++) {
      plans.push({ first: from + phase, stride, count: Math.ceil((to - from - phase) / stride) });
    }
  }
  return plans;
}

function sequence16Of(source: FecSource): number {
  return readU16(source.bytes, source.start + 2);
}

function offsetsOf(sources: readonly FecSource[], plan: RepairPlan): number[] {
  const base = sequence16Of(sources[plan.first]);
  return Array.from({ length: plan.count }, (_, i) => {
    return (sequence16Of(sources[plan.first + i * plan.stride]) - base) & 0xffff;
  });
}

/** Bytes that {@link writeRepairPayload} will write. */
export function repairPayloadBytes(sources: readonly FecSource[], plan: RepairPlan): number {
  const offsets = offsetsOf(sources, plan);
  let longest = 0;
  for (let i = 0; i < plan.count; i++) {
    longest = Math.max(longest, sourcePayloadBytes(sources[plan.first + i * plan.stride]));
  }
  return flexfecHeaderBytes(offsets[offsets.length - 1]) + longest;
}

/**
 * Writes the payload of one repair packet, FEC header included, from `at` on, and answers the bytes written. The packet
 * around it carries the protected SSRC in its CSRC list (see repair_packet.ts).
 *
 * @throws RangeError where `out` has no room, or the sequence numbers do not ascend within the reach of a mask.
 */
export function writeRepairPayload(
  sources: readonly FecSource[],
  plan: RepairPlan,
  out: Uint8Array,
  at: number,
): number {
  const bytes = repairPayloadBytes(sources, plan);
  if (out.length - at < bytes) throw new RangeError(`FlexFEC payload: need ${bytes} bytes, got ${out.length - at}`);
  out.fill(0, at, at + bytes);
  const headerBytes = writeFlexfecMask(sequence16Of(sources[plan.first]), offsetsOf(sources, plan), out, at);
  for (let i = 0; i < plan.count; i++) {
    addSource(sources[plan.first + i * plan.stride], out, at, at + headerBytes);
  }
  return bytes;
}
