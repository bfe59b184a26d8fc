/**
 * The classic capture format of tcpdump (draft-ietf-opsawg-pcap), in either byte order, with micro- or nanoseconds.
 *
 * ```
 * file    u32 magic | u16 major | u16 minor | 8 unused | u32 snapshot length | u32 link type (low 16 bits)
 * packet  u32 seconds | u32 micro- or nanoseconds | u32 bytes here | u32 bytes on the wire | bytes
 *
 * magic   0xa1b2c3d4 microseconds     0xa1b23c4d nanoseconds     bytes reversed: little-endian
 * ```
 */
import { readU32 } from "../../base/bytes.ts";
import { type Fault, fault } from "../../base/parsed.ts";
import { readU32Le } from "../../media/container/little_endian.ts";
import type { ByteWindow } from "./byte_window.ts";
import { MAX_PACKET_BYTES } from "./capture_limits.ts";
import type { CapturedFrame } from "./captured_frame.ts";

const FILE_HEADER_BYTES = 24;
const PACKET_HEADER_BYTES = 16;
const MAGIC_MICROSECONDS = 0xa1b2_c3d4;
const MAGIC_NANOSECONDS = 0xa1b2_3c4d;
const NS_PER_S = 1_000_000_000;

/** True when a file with these first four bytes, read big-endian, is pcap. */
export function isPcapMagic(first: number): boolean {
  return first === MAGIC_MICROSECONDS || first === MAGIC_NANOSECONDS || first === 0xd4c3_b2a1 || first === 0x4d3c_b2a1;
}

export class PcapReader {
  /** What is wrong with the file; final, since no later packet can be found. */
  fault: Fault | undefined = undefined;

  #isOpen = false;
  #isLittle = false;
  #nsPerTick = 1000;
  #linkType = 0;
  #number = 0;

  /** Moves `frame` on to the next packet; undefined when it has not come in full, or after a {@link fault}. */
  next(window: ByteWindow, frame: CapturedFrame): "frame" | undefined {
    if (this.fault !== undefined || (!this.#isOpen && !this.#open(window))) return undefined;
    if (window.length < PACKET_HEADER_BYTES) return undefined;
    const { bytes, start } = window;
    const read = this.#isLittle ? readU32Le : readU32;
    const includedBytes = read(bytes, start + 8);
    if (includedBytes > MAX_PACKET_BYTES) {
      this.fault = fault(
        "bad_length",
        `Cannot read packet ${this.#number + 1}: need at most ${MAX_PACKET_BYTES} bytes, its header says ` +
          `${includedBytes}; nothing behind it can be read`,
        { offset: window.offset },
      ).fault;
      return undefined;
    }
    const total = PACKET_HEADER_BYTES + includedBytes;
    if (window.length < total) return undefined;
    const ns = read(bytes, start + 4) * this.#nsPerTick;
    const carryS = ns < NS_PER_S ? 0 : Math.floor(ns / NS_PER_S);
    frame.number = ++this.#number;
    frame.timeS = read(bytes, start) + carryS;
    frame.timeNs = ns - carryS * NS_PER_S;
    frame.hasTime = true;
    frame.bytes = bytes;
    frame.start = start + PACKET_HEADER_BYTES;
    frame.end = start + total;
    frame.originalBytes = read(bytes, start + 12);
    frame.linkType = this.#linkType;
    window.skip(total);
    return "frame";
  }

  #open(window: ByteWindow): boolean {
    if (window.length < FILE_HEADER_BYTES) return false;
    const { bytes, start } = window;
    const magic = readU32(bytes, start);
    this.#isLittle = magic !== MAGIC_MICROSECONDS && magic !== MAGIC_NANOSECONDS;
    const read = this.#isLittle ? readU32Le : readU32;
    this.#nsPerTick = read(bytes, start) === MAGIC_NANOSECONDS ? 1 : 1000;
    // The upper half tells of frame check sequences, which lie behind what IP's own length covers.
    this.#linkType = read(bytes, start + 20) & 0xffff;
    window.skip(FILE_HEADER_BYTES);
    this.#isOpen = true;
    return true;
  }
}
