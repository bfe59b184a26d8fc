/** Packets made from the field table: every field set, a few of them to what is at a bound or forbidden. */
import { writeU16, writeU32 } from "../base/bytes.ts";
import type { FieldSpec, PartSpec } from "../packet/field_spec.ts";
import { ARCRTP_PARTS, REDUCED } from "../packet/field_table.ts";
import { FMT_NACK, FMT_PLI, FMT_TRANSPORT_FEEDBACK } from "../packet/rtcp/header.ts";
import type { CaseRandom } from "./target.ts";

/** Sets `bitWidth` bits, 32 at most, from `bitOffset` on, most significant bit first. */
export function writeBits(bytes: Uint8Array, bitOffset: number, bitWidth: number, value: number): void {
  for (let i = 0; i < bitWidth; i++) {
    const bit = bitOffset + i;
    const mask = 0x80 >>> (bit & 7);
    const isSet = ((value >>> (bitWidth - 1 - i)) & 1) === 1;
    bytes[bit >>> 3] = isSet ? bytes[bit >>> 3] | mask : bytes[bit >>> 3] & ~mask;
  }
}

/** What the field is in a usual packet; undefined where any value is. */
const USUAL: Readonly<Record<string, number | undefined>> = {
  "arcrtp.version": 2,
  "arcrtp.p": 0,
  "arcrtp.pt": 111,
  "arcrtp.reduced.class": 3,
};

function valueOf(field: FieldSpec, random: CaseRandom): number {
  const usual = USUAL[field.name];
  if (usual !== undefined && !random.oneIn(12)) return usual;
  const limit = 2 ** field.bitWidth;
  switch (random.below(4)) {
    case 0:
      return 0;
    case 1:
      return limit - 1;
    default:
      return random.u32() % limit;
  }
}

function bitsOf(part: PartSpec): number {
  return part.fields.reduce((bits, field) => Math.max(bits, field.bitOffset + field.bitWidth), 0);
}

/** A full ArcRTP packet whose parts are there when their flags say so: extension and padding included. */
export function generateArcRtp(random: CaseRandom): Uint8Array {
  const out = new Uint8Array(400);
  const values = new Map<string, number>();
  let at = 0;
  for (const part of ARCRTP_PARTS) {
    if (part.when !== undefined && (values.get(part.when) ?? 0) === 0) continue;
    const times = part.repeat === undefined ? 1 : values.get(part.repeat) ?? 0;
    for (let i = 0; i < times; i++) {
      let bytes = Math.ceil(bitsOf(part) / 8);
      for (const field of part.fields) {
        if (field.when !== undefined && (values.get(field.when) ?? 0) === 0) {
          bytes = Math.min(bytes, field.bitOffset / 8);
          continue;
        }
        const value = valueOf(field, random);
        values.set(field.name, value);
        for (const member of field.fields ?? []) {
          values.set(member.name, Math.floor(value / 2 ** (field.bitWidth - member.bitOffset % 8 - 1)) % 2);
        }
        writeBits(out, 8 * at + field.bitOffset, field.bitWidth, value);
      }
      at += bytes;
    }
    if (part.name === "arcrtp.ext") at = writeExtension(out, at, random);
  }
  const payload = random.bytes(random.below(60));
  if (random.bool() && payload.length > 0) payload[payload.length - 1] = 1 + random.below(payload.length);
  out.set(payload, at);
  return out.slice(0, at + payload.length);
}

/** Puts a whole extension behind its header at `at - 4`: elements that fit, or noise. */
function writeExtension(out: Uint8Array, at: number, random: CaseRandom): number {
  const words = random.below(5);
  if (!random.oneIn(4)) writeU16(out, at - 4, 0xbede);
  if (!random.oneIn(8)) writeU16(out, at - 2, words);
  const end = at + 4 * words;
  out.set(random.bytes(4 * words), at);
  for (let element = at; element < end && !random.oneIn(4);) {
    const length = random.pick([2, 3, 1 + random.below(16)]);
    out[element] = (random.pick([1, 2, random.below(16)]) << 4) | (length - 1);
    element += 1 + length;
  }
  return end;
}

/** A unit with a reduced header. */
export function generateReduced(random: CaseRandom): Uint8Array {
  const out = random.bytes(4 + random.below(40));
  for (const field of REDUCED.fields) {
    writeBits(out, field.bitOffset, field.bitWidth, valueOf(field, random));
  }
  return out;
}

/** Packet type and count or format of everything that RTCP knows, and of something that it does not. */
const RTCP_HEADS: readonly (readonly [packetType: number, count: (random: CaseRandom) => number])[] = [
  [200, (random) => random.below(4)],
  [201, (random) => random.below(4)],
  [202, (random) => random.below(3)],
  [203, (random) => random.below(3)],
  [205, (random) => random.pick([FMT_NACK, FMT_TRANSPORT_FEEDBACK, random.below(32)])],
  [206, (random) => random.pick([FMT_PLI, random.below(32)])],
  [207, (random) => random.below(32)],
];

/** A compound packet of one to four parts with lengths that mostly add up. */
export function generateRtcp(random: CaseRandom): Uint8Array {
  const out = new Uint8Array(600);
  let at = 0;
  const parts = 1 + random.below(4);
  for (let i = 0; i < parts; i++) {
    const [packetType, count] = i === 0 && !random.oneIn(6)
      ? random.pick(RTCP_HEADS.slice(0, 2))
      : random.pick(RTCP_HEADS);
    const n = count(random);
    const words = usualWords(packetType, n, random);
    out.set(random.bytes(4 * words), at + 4);
    out[at] = 0x80 | n;
    out[at + 1] = packetType;
    writeU16(out, at + 2, random.oneIn(10) ? random.below(40) : words);
    if (packetType === 205 && n === FMT_TRANSPORT_FEEDBACK && words >= 5) writeFeedback(out, at, words, random);
    if (packetType === 202 && words >= 2) writeSdesItem(out, at + 8, 4 * (words - 1), random);
    at += 4 + 4 * words;
  }
  return out.slice(0, at);
}

function usualWords(packetType: number, count: number, random: CaseRandom): number {
  switch (random.oneIn(8) ? 0 : packetType) {
    case 200:
      return 6 + 6 * count;
    case 201:
      return 1 + 6 * count;
    case 202:
      return count * (2 + random.below(4));
    case 203:
      return count + random.below(3);
    case 205:
      return count === FMT_TRANSPORT_FEEDBACK ? 5 + random.below(8) : 2 + random.below(4);
    case 206:
      return 2;
    default:
      return random.below(12);
  }
}

/** Base, count and chunks of transport feedback, so that deltas are reached. */
function writeFeedback(out: Uint8Array, at: number, words: number, random: CaseRandom): void {
  writeU32(out, at + 16, random.u32());
  writeU16(out, at + 14, random.below(4 * words));
  for (let chunk = at + 20; chunk + 1 < at + 4 + 4 * words && !random.oneIn(3); chunk += 2) {
    const symbol = random.below(4);
    writeU16(out, chunk, random.bool() ? (symbol << 13) | random.below(24) : 0x8000 | random.below(0x8000));
  }
}

function writeSdesItem(out: Uint8Array, at: number, room: number, random: CaseRandom): void {
  if (room < 4) return;
  out[at] = random.pick([1, 1, 2, 8]);
  out[at + 1] = random.oneIn(5) ? random.below(256) : Math.max(0, room - 3 - random.below(4));
  if (random.bool()) out.fill(0x61, at + 2, at + room - 1);
  if (!random.oneIn(4)) out[at + room - 1] = 0;
}
