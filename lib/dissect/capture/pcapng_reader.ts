/**
 * pcapng (draft-ietf-opsawg-pcapng): blocks, of which packets, interfaces, secrets and drop counts are read and all
 * others passed over. Sections may follow one another, each in its own byte order.
 *
 * ```
 * block    u32 type | u32 total length | body ... | u32 total length                 lengths are multiples of 4
 *
 * 0x0A0D0D0A section     byte-order magic 0x1A2B3C4D | u16 major | u16 minor | u64 section length | options
 * 1          interface   u16 link type | u16 0 | u32 snapshot length | options
 * 2          packet      u16 interface | u16 drops | u32 time high | low | u32 here | u32 on the wire | bytes
 * 3          simple      u32 on the wire | bytes
 * 5          statistics  u32 interface | u32 time high | low | options
 * 6          packet      u32 interface | u32 time high | low | u32 here | u32 on the wire | bytes | options
 * 10         secrets     u32 type | u32 length | bytes
 * ```
 */
import { readU16, readU32 } from "../../base/bytes.ts";
import { type Fault, fault } from "../../base/parsed.ts";
import { readU16Le, readU32Le } from "../../media/container/little_endian.ts";
import type { ByteWindow } from "./byte_window.ts";
import { MAX_BLOCK_BYTES, MAX_INTERFACES, MAX_PACKET_BYTES } from "./capture_limits.ts";
import type { CapturedFrame, CaptureNote, CaptureSecrets } from "./captured_frame.ts";
import { TickClock } from "./ticks.ts";

const SECTION = 0x0a0d_0d0a;
const INTERFACE = 1;
const OBSOLETE_PACKET = 2;
const SIMPLE_PACKET = 3;
const STATISTICS = 5;
const ENHANCED_PACKET = 6;
const SECRETS = 10;

const BYTE_ORDER_MAGIC = 0x1a2b_3c4d;
const BYTE_ORDER_MAGIC_REVERSED = 0x4d3c_2b1a;
const SUPPORTED_MAJOR = 1;

/** Type and length in front, length behind. */
const BLOCK_HEADER_BYTES = 8;
const BLOCK_OVERHEAD_BYTES = 12;

/** Fixed part of each body, in bytes. */
const FIXED_BYTES: ReadonlyMap<number, number> = new Map([
  [SECTION, 16],
  [INTERFACE, 8],
  [OBSOLETE_PACKET, 20],
  [SIMPLE_PACKET, 4],
  [STATISTICS, 12],
  [ENHANCED_PACKET, 20],
  [SECRETS, 8],
]);

const OPTION_END = 0;
const OPTION_TIME_RESOLUTION = 9;
const OPTION_TIME_OFFSET = 14;
const OPTION_INTERFACE_DROPS = 5;

const MICROSECONDS = 6;

/** True when a file with these first four bytes is pcapng. The number reads the same in both byte orders. */
export function isPcapngMagic(first: number): boolean {
  return first === SECTION;
}

interface Interface {
  readonly linkType: number;
  readonly snapshotBytes: number;
  readonly clock: TickClock;
  /** Through all sections. */
  readonly index: number;
}

export type PcapngEvent = "frame" | "secrets" | "note";

export class PcapngReader {
  /** What is wrong with the file; final, since no later block can be found. */
  fault: Fault | undefined = undefined;
  /** Set when {@link next} answers `secrets`. */
  secrets: CaptureSecrets | undefined = undefined;
  /** Set when {@link next} answers `note`. */
  note: CaptureNote | undefined = undefined;

  #read16: (b: Uint8Array, at: number) => number = readU16;
  #read32: (b: Uint8Array, at: number) => number = readU32;
  #interfaces: Interface[] = [];
  #interfaceCount = 0;
  #number = 0;

  /** Moves on to the next packet, secrets or note; undefined when more bytes are needed, or after a {@link fault}. */
  next(window: ByteWindow, frame: CapturedFrame): PcapngEvent | undefined {
    while (this.fault === undefined && window.length >= BLOCK_HEADER_BYTES) {
      const { bytes, start } = window;
      const type = this.#read32(bytes, start);
      if (type === SECTION && !this.#takeByteOrder(window)) return undefined;
      const totalBytes = this.#read32(bytes, start + 4);
      const fixedBytes = FIXED_BYTES.get(type);
      if (totalBytes < BLOCK_OVERHEAD_BYTES + (fixedBytes ?? 0) || totalBytes % 4 !== 0) {
        this.#refuse(window, `a block of type ${type} cannot have ${totalBytes} bytes`);
        return undefined;
      }
      if (fixedBytes === undefined || totalBytes > MAX_BLOCK_BYTES) {
        const offset = window.offset;
        window.skip(totalBytes);
        if (fixedBytes === undefined) continue;
        return this.#say(offset, `passed over a block of type ${type} with ${totalBytes} bytes: too large`);
      }
      if (window.length < totalBytes) return undefined;
      if (this.#read32(bytes, start + totalBytes - 4) !== totalBytes) {
        this.#refuse(window, "a block does not end with its own length");
        return undefined;
      }
      const event = this.#takeBlock(type, window, start + BLOCK_HEADER_BYTES, start + totalBytes - 4, frame);
      window.skip(totalBytes);
      if (event !== undefined) return event;
    }
    return undefined;
  }

  /** A section says in its first field which way round it is written. False: not here yet, or none. */
  #takeByteOrder(window: ByteWindow): boolean {
    if (window.length < BLOCK_HEADER_BYTES + 8) return false;
    const { bytes, start } = window;
    const magic = readU32(bytes, start + BLOCK_HEADER_BYTES);
    if (magic !== BYTE_ORDER_MAGIC && magic !== BYTE_ORDER_MAGIC_REVERSED) {
      return this.#refuse(window, "a section has no byte-order magic");
    }
    const isLittle = magic === BYTE_ORDER_MAGIC_REVERSED;
    this.#read16 = isLittle ? readU16Le : readU16;
    this.#read32 = isLittle ? readU32Le : readU32;
    const major = this.#read16(bytes, start + BLOCK_HEADER_BYTES + 4);
    return major === SUPPORTED_MAJOR ||
      this.#refuse(window, `a section has version ${major}, only ${SUPPORTED_MAJOR} is known`);
  }

  #takeBlock(
    type: number,
    window: ByteWindow,
    body: number,
    end: number,
    frame: CapturedFrame,
  ): PcapngEvent | undefined {
    const { bytes } = window;
    const read = this.#read32;
    switch (type) {
      case SECTION:
        this.#interfaces = [];
        return undefined;
      case INTERFACE:
        return this.#takeInterface(window, body, end);
      case ENHANCED_PACKET:
        return this.#takePacket(window, frame, read(bytes, body), body + 4, end);
      case OBSOLETE_PACKET:
        return this.#takePacket(window, frame, this.#read16(bytes, body), body + 4, end);
      case SIMPLE_PACKET:
        return this.#takeSimplePacket(window, frame, body, end);
      case STATISTICS:
        return this.#takeStatistics(window, body, end);
      case SECRETS: {
        const length = read(bytes, body + 4);
        if (length > end - body - 8) return this.#say(window.offset, "secrets are longer than their block");
        this.secrets = { type: read(bytes, body), bytes: bytes.subarray(body + 8, body + 8 + length) };
        return "secrets";
      }
      default:
        return undefined;
    }
  }

  #takeInterface(window: ByteWindow, body: number, end: number): PcapngEvent | undefined {
    const { bytes } = window;
    if (this.#interfaces.length === MAX_INTERFACES) {
      this.#refuse(window, `a section has more than ${MAX_INTERFACES} interfaces`);
      return undefined;
    }
    let resolution = MICROSECONDS;
    let offsetS = 0;
    this.#eachOption(bytes, body + 8, end, (code, at, length) => {
      if (code === OPTION_TIME_RESOLUTION && length >= 1) resolution = bytes[at];
      if (code === OPTION_TIME_OFFSET && length >= 8) offsetS = this.#readSigned64(bytes, at);
    });
    this.#interfaces.push({
      linkType: this.#read16(bytes, body),
      snapshotBytes: this.#read32(bytes, body + 4),
      clock: new TickClock(resolution, offsetS),
      index: this.#interfaceCount++,
    });
    return undefined;
  }

  /** `at` is where the time stands, which packet blocks old and new share from there on. */
  #takePacket(
    window: ByteWindow,
    frame: CapturedFrame,
    interfaceId: number,
    at: number,
    end: number,
  ): PcapngEvent {
    const { bytes } = window;
    const known = this.#interfaces[interfaceId];
    const includedBytes = this.#read32(bytes, at + 8);
    const first = at + 16;
    this.#number++;
    if (known === undefined) {
      return this.#say(window.offset, `packet ${this.#number} is of interface ${interfaceId}, which is not described`);
    }
    if (includedBytes > end - first || includedBytes > MAX_PACKET_BYTES) {
      return this.#say(window.offset, `packet ${this.#number} claims ${includedBytes} bytes, its block has fewer`);
    }
    known.clock.read(this.#read32(bytes, at), this.#read32(bytes, at + 4));
    frame.number = this.#number;
    frame.timeS = known.clock.seconds;
    frame.timeNs = known.clock.nanoseconds;
    frame.hasTime = true;
    frame.bytes = bytes;
    frame.start = first;
    frame.end = first + includedBytes;
    frame.originalBytes = this.#read32(bytes, at + 12);
    frame.linkType = known.linkType;
    frame.interfaceIndex = known.index;
    return "frame";
  }

  /** Without a time and always of the first interface; its length follows from the block's and the snapshot length. */
  #takeSimplePacket(window: ByteWindow, frame: CapturedFrame, body: number, end: number): PcapngEvent {
    const { bytes } = window;
    const known = this.#interfaces[0];
    this.#number++;
    if (known === undefined) {
      return this.#say(window.offset, `packet ${this.#number} is of interface 0, which is not described`);
    }
    const originalBytes = this.#read32(bytes, body);
    const snapshotBytes = known.snapshotBytes === 0 ? Infinity : known.snapshotBytes;
    frame.number = this.#number;
    frame.hasTime = false;
    frame.bytes = bytes;
    frame.start = body + 4;
    frame.end = body + 4 + Math.min(originalBytes, snapshotBytes, end - body - 4, MAX_PACKET_BYTES);
    frame.originalBytes = originalBytes;
    frame.linkType = known.linkType;
    frame.interfaceIndex = known.index;
    return "frame";
  }

  #takeStatistics(window: ByteWindow, body: number, end: number): PcapngEvent | undefined {
    let drops = 0;
    this.#eachOption(window.bytes, body + 12, end, (code, at, length) => {
      if (code === OPTION_INTERFACE_DROPS && length >= 8) drops = this.#readSigned64(window.bytes, at);
    });
    const interfaceId = this.#read32(window.bytes, body);
    if (drops <= 0) return undefined;
    return this.#say(window.offset, `the capture itself lost ${drops} packets on interface ${interfaceId}`);
  }

  #eachOption(
    bytes: Uint8Array,
    from: number,
    end: number,
    take: (code: number, at: number, length: number) => void,
  ): void {
    for (let at = from; at + 4 <= end;) {
      const code = this.#read16(bytes, at);
      const length = this.#read16(bytes, at + 2);
      if (code === OPTION_END || at + 4 + length > end) return;
      take(code, at + 4, length);
      at += 4 + Math.ceil(length / 4) * 4;
    }
  }

  /** Exact below 2^53 in magnitude. */
  #readSigned64(bytes: Uint8Array, at: number): number {
    const isLittle = this.#read16 === readU16Le;
    const high = this.#read32(bytes, isLittle ? at + 4 : at) | 0;
    return high * 0x1_0000_0000 + this.#read32(bytes, isLittle ? at : at + 4);
  }

  #say(offset: number, message: string): "note" {
    this.note = { offset, message };
    return "note";
  }

  #refuse(window: ByteWindow, why: string): false {
    const message = `Cannot read capture on: ${why}; nothing behind it can be read`;
    this.fault = fault("bad_length", message, { offset: window.offset }).fault;
    return false;
  }
}
