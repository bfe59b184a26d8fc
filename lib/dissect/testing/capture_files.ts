/** Capture files for tests, in every byte order and resolution. */
import { concatBytes, EMPTY_BYTES, writeU16, writeU32 } from "../../base/bytes.ts";
import { writeU16Le, writeU32Le } from "../../media/container/little_endian.ts";

export type ByteOrder = "big" | "little";

/** A packet with its time; `at` in nanoseconds since 1970. */
export interface TestPacket {
  readonly bytes: Uint8Array;
  readonly ns?: bigint;
  readonly originalBytes?: number;
  readonly interfaceId?: number;
}

const NS = 1_000_000_000n;

class Writer {
  readonly #order: ByteOrder;
  constructor(order: ByteOrder) {
    this.#order = order;
  }
  u16(...values: number[]): Uint8Array {
    const bytes = new Uint8Array(2 * values.length);
    values.forEach((value, i) => (this.#order === "big" ? writeU16 : writeU16Le)(bytes, 2 * i, value));
    return bytes;
  }
  u32(...values: number[]): Uint8Array {
    const bytes = new Uint8Array(4 * values.length);
    values.forEach((value, i) => (this.#order === "big" ? writeU32 : writeU32Le)(bytes, 4 * i, value >>> 0));
    return bytes;
  }
}

export interface PcapOptions {
  readonly order?: ByteOrder;
  readonly nanoseconds?: boolean;
  readonly linkType?: number;
}

export function pcapFile(packets: readonly TestPacket[], o: PcapOptions = {}): Uint8Array {
  const w = new Writer(o.order ?? "little");
  const perUnit = o.nanoseconds ? 1n : 1000n;
  const header = concatBytes(
    w.u32(o.nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4),
    w.u16(2, 4),
    w.u32(0, 0, 262_144, o.linkType ?? 1),
  );
  const records = packets.map(({ bytes, ns = 0n, originalBytes = bytes.length }) =>
    concatBytes(w.u32(Number(ns / NS), Number((ns % NS) / perUnit), bytes.length, originalBytes), bytes)
  );
  return concatBytes(header, ...records);
}

export function padded(bytes: Uint8Array): Uint8Array {
  return concatBytes(bytes, new Uint8Array((4 - (bytes.length % 4)) % 4));
}

/** Writes pcapng blocks one by one. */
export class PcapngBlocks {
  readonly #w: Writer;
  readonly order: ByteOrder;

  constructor(order: ByteOrder = "little") {
    this.#w = new Writer(order);
    this.order = order;
  }

  block(type: number, ...body: Uint8Array[]): Uint8Array {
    const whole = padded(concatBytes(...body));
    return concatBytes(this.#w.u32(type, whole.length + 12), whole, this.#w.u32(whole.length + 12));
  }

  option(code: number, value: Uint8Array): Uint8Array {
    return concatBytes(this.#w.u16(code, value.length), padded(value));
  }

  section(major = 1): Uint8Array {
    return this.block(0x0a0d0d0a, this.#w.u32(0x1a2b3c4d), this.#w.u16(major, 0), this.#w.u32(-1, -1));
  }

  interface(linkType: number, options: Uint8Array = EMPTY_BYTES, snapshotBytes = 0): Uint8Array {
    return this.block(1, this.#w.u16(linkType, 0), this.#w.u32(snapshotBytes), options);
  }

  packet({ bytes, interfaceId = 0, originalBytes = bytes.length }: TestPacket, ticks = 0n, options = EMPTY_BYTES) {
    const times = this.#w.u32(Number(ticks >> 32n), Number(ticks & 0xffff_ffffn), bytes.length, originalBytes);
    return this.block(6, this.#w.u32(interfaceId), times, padded(bytes), options);
  }

  oldPacket({ bytes, interfaceId = 0, originalBytes = bytes.length }: TestPacket, ticks = 0n): Uint8Array {
    const times = this.#w.u32(Number(ticks >> 32n), Number(ticks & 0xffff_ffffn), bytes.length, originalBytes);
    return this.block(2, this.#w.u16(interfaceId, 0), times, padded(bytes));
  }

  simplePacket(bytes: Uint8Array, originalBytes = bytes.length): Uint8Array {
    return this.block(3, this.#w.u32(originalBytes), bytes);
  }

  secrets(type: number, bytes: Uint8Array, length = bytes.length): Uint8Array {
    return this.block(10, this.#w.u32(type, length), bytes);
  }

  drops(interfaceId: number, count: number): Uint8Array {
    const high = this.order === "big" ? this.#w.u32(0, count) : this.#w.u32(count, 0);
    return this.block(5, this.#w.u32(interfaceId, 0, 0), this.option(5, high), this.option(0, EMPTY_BYTES));
  }

  u64(value: bigint): Uint8Array {
    const [high, low] = [Number(BigInt.asUintN(32, value >> 32n)), Number(BigInt.asUintN(32, value))];
    return this.order === "big" ? this.#w.u32(high, low) : this.#w.u32(low, high);
  }
}
