/**
 * Bytes of test packets, composed as hex text: each field is written as it is told, also where it contradicts the
 * others. Shares nothing with the library's writers, so that what a case expects is what its author wrote down.
 */
import { SeededRng } from "../../lib/base/rng.ts";
import { toHex } from "../../lib/base/bytes.ts";

/** `value` in `bytes` bytes, big-endian. */
export function be(value: number | bigint, bytes: number): string {
  return BigInt.asUintN(bytes * 8, BigInt(value)).toString(16).padStart(bytes * 2, "0");
}

export const u8 = (value: number) => be(value, 1);
export const u16 = (value: number) => be(value, 2);
export const u24 = (value: number) => be(value, 3);
export const u32 = (value: number) => be(value, 4);

/** `count` random bytes of a fixed seed. */
export function randomHex(seed: number, count: number): string {
  return toHex(new SeededRng(seed).fill(new Uint8Array(count)));
}

/** `count` bytes 00 01 02 ... from `first` on. */
export function countingHex(count: number, first = 0): string {
  return Array.from({ length: count }, (_, i) => u8((first + i) & 255)).join("");
}

export function hexOf(text: string): string {
  return toHex(new TextEncoder().encode(text));
}

/** Number of bytes that a hex text stands for. */
export function sizeOf(hex: string): number {
  return hex.length / 2;
}

/** The first `bytes` bytes. */
export function cut(hex: string, bytes: number): string {
  return hex.slice(0, bytes * 2);
}

/** With `mask` exclusive-ored into byte `at`; a negative place counts from the end. */
export function flip(hex: string, at: number, mask = 0x01): string {
  const place = at < 0 ? sizeOf(hex) + at : at;
  const byte = parseInt(hex.slice(place * 2, place * 2 + 2), 16) ^ mask;
  return hex.slice(0, place * 2) + u8(byte) + hex.slice(place * 2 + 2);
}

/** The Arc block as it is written; every field 0 unless told. */
export interface ArcFields {
  readonly quality?: number;
  readonly priority?: number;
  readonly keyPhase?: number;
  readonly reserved?: number;
  readonly flags?: number;
  readonly bandwidth?: number;
  /** The loss byte: written when given, whatever the flags say. */
  readonly loss?: number;
}

export interface PacketFields {
  readonly version?: number;
  readonly padding?: boolean;
  readonly marker?: boolean;
  readonly payloadType?: number;
  readonly sequence?: number;
  readonly timestamp?: number;
  readonly ssrc?: number;
  readonly csrc?: readonly number[];
  /** CC; the length of `csrc` unless told. */
  readonly csrcCount?: number;
  readonly extension?: { readonly profile: number; readonly data: string; readonly words?: number };
  /** `null` leaves the Arc block out. */
  readonly arc?: ArcFields | null;
  /** Payload with its padding. */
  readonly payload?: string;
}

export const SSRC = 0x12345678;

/** A full ArcRTP packet, plain RTP where `arc` is null. */
export function packet(fields: PacketFields = {}): string {
  const { version = 2, padding = false, marker = false, payloadType = 111, sequence = 1000, timestamp = 48000 } =
    fields;
  const { ssrc = SSRC, csrc = [], csrcCount = csrc.length, extension, arc = {}, payload = "" } = fields;
  const first = (version << 6) | (padding ? 0x20 : 0) | (extension === undefined ? 0 : 0x10) | csrcCount;
  return u8(first) + u8((marker ? 0x80 : 0) | payloadType) + u16(sequence) + u32(timestamp) + u32(ssrc) +
    csrc.map(u32).join("") + (extension === undefined ? "" : extensionHex(extension)) +
    (arc === null ? "" : arcBlock(arc)) + payload;
}

function extensionHex({ profile, data, words = sizeOf(data) / 4 }: NonNullable<PacketFields["extension"]>): string {
  return u16(profile) + u16(words) + data;
}

export function arcBlock(arc: ArcFields): string {
  const { quality = 0, priority = 0, keyPhase = 0, reserved = 0, flags = 0, bandwidth = 0, loss } = arc;
  return u8((quality << 6) | (priority << 4) | (keyPhase << 2) | reserved) + u8(flags) + u16(bandwidth) +
    (loss === undefined ? "" : u8(loss));
}
