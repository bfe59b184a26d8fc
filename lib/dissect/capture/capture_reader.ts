/**
 * Reads a capture file piece by piece: pcap or pcapng, told apart by their first bytes.
 *
 * ```ts
 * reader.feed(chunk);
 * for (let event = reader.next(); event !== undefined; event = reader.next()) {
 *   if (event === "frame") dissector.handle(reader.frame);
 * }
 * ...
 * reader.end(); // and once more around the loop, for what it has to say of an early end
 * ```
 */
import { readU32, toHex } from "../../base/bytes.ts";
import { type Fault, fault } from "../../base/parsed.ts";
import { ByteWindow } from "./byte_window.ts";
import { CapturedFrame, type CaptureNote, type CaptureSecrets } from "./captured_frame.ts";
import { isPcapMagic, PcapReader } from "./pcap_reader.ts";
import { isPcapngMagic, PcapngReader } from "./pcapng_reader.ts";

export type CaptureEvent = "frame" | "secrets" | "note";

const MAGIC_BYTES = 4;

/** What else such files begin with, and what to do with them. */
const OTHER_MAGICS: readonly (readonly [hex: string, what: string])[] = [
  ["1f8b", "it is compressed with gzip: try gunzip"],
  ["28b52ffd", "it is compressed with zstd: try zstd -d"],
  ["04224d18", "it is compressed with lz4: try lz4 -d"],
  ["504b", "it is a zip archive: unpack it first"],
  ["a1b2cd34", "it is pcap in a variant that has long been given up: convert it with editcap -F pcapng"],
  ["34cdb2a1", "it is pcap in a variant that has long been given up: convert it with editcap -F pcapng"],
  ["736e6f6f", "it is a snoop file: convert it with editcap -F pcapng"],
  ["7b", "it is JSON: try arcrtc decode"],
];

/**
 * Holds at most one block (1 MiB) of the file, and what a single `feed` brings. Never throws, whatever the bytes; what was
 * readable before a fault has been handed out.
 */
export class CaptureReader {
  /** The packet that `next` moved to. */
  readonly frame = new CapturedFrame();
  readonly #window = new ByteWindow();
  #format: PcapReader | PcapngReader | undefined;
  #fault: Fault | undefined;
  #note: CaptureNote | undefined;
  #hasEnded = false;

  /** Why reading stopped before the end of the file; offsets count from its start. */
  get fault(): Fault | undefined {
    return this.#fault ?? this.#format?.fault;
  }

  get format(): "pcap" | "pcapng" | undefined {
    if (this.#format === undefined) return undefined;
    return this.#format instanceof PcapReader ? "pcap" : "pcapng";
  }

  /** After `secrets`. */
  get secrets(): CaptureSecrets | undefined {
    return this.#format instanceof PcapngReader ? this.#format.secrets : undefined;
  }

  /** After `note`. */
  get note(): CaptureNote | undefined {
    return this.#note;
  }

  /** Bytes of the file that have been read. */
  get offset(): number {
    return this.#window.offset;
  }

  /** Takes the next piece of the file; copied. */
  feed(chunk: Uint8Array): void {
    if (this.fault === undefined) this.#window.append(chunk);
  }

  /** Tells that the file has ended. */
  end(): void {
    this.#hasEnded = true;
  }

  /** Moves on; undefined when more of the file is needed, at its end, or after a {@link fault}. */
  next(): CaptureEvent | undefined {
    if (this.fault !== undefined) return undefined;
    if (this.#format === undefined && !this.#open()) return undefined;
    const event = this.#format?.next(this.#window, this.frame);
    if (event === "note" && this.#format instanceof PcapngReader) this.#note = this.#format.note;
    return event ?? this.#noteEarlyEnd();
  }

  #open(): boolean {
    const { bytes, start, length } = this.#window;
    if (length < MAGIC_BYTES) {
      if (this.#hasEnded) this.#refuse(length === 0 ? "it is empty" : "it ends within its first 4 bytes");
      return false;
    }
    const magic = readU32(bytes, start);
    if (isPcapMagic(magic)) this.#format = new PcapReader();
    else if (isPcapngMagic(magic)) this.#format = new PcapngReader();
    else {
      const hex = toHex(bytes.subarray(start, start + MAGIC_BYTES));
      const known = OTHER_MAGICS.find(([prefix]) => hex.startsWith(prefix));
      this.#refuse(known === undefined ? `need pcap or pcapng, its first bytes are ${hex}` : known[1]);
    }
    return this.#format !== undefined;
  }

  #refuse(why: string): void {
    this.#fault = fault("bad_value", `Cannot read capture: ${why}`, { offset: 0 }).fault;
  }

  /** Once, when the file has ended in the middle of something. */
  #noteEarlyEnd(): "note" | undefined {
    const window = this.#window;
    if (!this.#hasEnded || this.fault !== undefined || (window.length === 0 && window.skipping === 0)) return undefined;
    const missing = window.skipping > 0 ? `, ${window.skipping} bytes early` : "";
    this.#note = { offset: window.offset, message: `the file ends in the middle of a packet or block${missing}` };
    window.clear();
    return "note";
  }
}
