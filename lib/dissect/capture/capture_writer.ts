/**
 * Writes captured packets to a file of either format, with their times to the nanosecond. Pure: each call answers bytes for
 * the caller to append.
 *
 * ```
 * pcapng   one section, big-endian; an interface for each link type, described when its first packet comes
 * pcap     big-endian, nanoseconds; one link type, that of the first packet; no place for keys
 * ```
 */
import { concatBytes, EMPTY_BYTES, writeU16, writeU32 } from "../../base/bytes.ts";
import { fault, ok, type Parsed } from "../../base/parsed.ts";
import {
  ENHANCED_PACKET,
  INTERFACE_DESCRIPTION,
  OPTION_TIME_RESOLUTION,
  pcapngBlock,
  pcapngOptions,
  writePcapngSecretsOf,
  writePcapngSection,
} from "../pcapng_writer.ts";
import { MAX_PACKET_BYTES } from "./capture_limits.ts";
import type { CapturedFrame, CaptureSecrets } from "./captured_frame.ts";
import { LINKTYPE_RAW } from "../network/link_layer.ts";

export type CaptureFormat = "pcap" | "pcapng";

/** What is written of a packet; its bytes are borrowed for the call. */
export type FrameToWrite = Pick<
  CapturedFrame,
  "timeS" | "timeNs" | "bytes" | "start" | "end" | "originalBytes" | "linkType"
>;

export interface CaptureWriter {
  /** A fault where the format cannot hold such a packet: a second link type in pcap. Nothing is written then. */
  frame(frame: FrameToWrite): Parsed<Uint8Array>;
  /** Keys for the packets that follow; undefined where the format has no place for them. */
  secrets(secrets: CaptureSecrets): Uint8Array | undefined;
  /** What a file without packets still needs. Called once, last. */
  end(): Uint8Array;
}

/** `application` is who writes; pcapng says so. */
export function makeCaptureWriter(format: CaptureFormat, application: string): CaptureWriter {
  return format === "pcap" ? new PcapWriter() : new PcapngFileWriter(application);
}

const NANOSECONDS_MAGIC = 0xa1b2_3c4d;

class PcapWriter implements CaptureWriter {
  #linkType: number | undefined;

  frame({ timeS, timeNs, bytes, start, end, originalBytes, linkType }: FrameToWrite): Parsed<Uint8Array> {
    if (this.#linkType !== undefined && this.#linkType !== linkType) {
      const message = `Cannot write pcap: it holds one link type, ${this.#linkType}, and a packet has ${linkType}`;
      return fault("bad_value", message);
    }
    const header = this.#header(linkType);
    const record = new Uint8Array(16);
    writeU32(record, 0, Math.max(0, timeS));
    writeU32(record, 4, timeNs);
    writeU32(record, 8, end - start);
    writeU32(record, 12, originalBytes);
    return ok(concatBytes(header, record, bytes.subarray(start, end)));
  }

  secrets(): undefined {
    return undefined;
  }

  end(): Uint8Array {
    return this.#header(LINKTYPE_RAW);
  }

  #header(linkType: number): Uint8Array {
    if (this.#linkType !== undefined) return EMPTY_BYTES;
    this.#linkType = linkType;
    const header = new Uint8Array(24);
    writeU32(header, 0, NANOSECONDS_MAGIC);
    writeU16(header, 4, 2);
    writeU16(header, 6, 4);
    writeU32(header, 16, MAX_PACKET_BYTES);
    writeU32(header, 20, linkType);
    return header;
  }
}

/** Of the resolution option: 10^-9 s. */
const NANOSECONDS = 9;
const NS_PER_S = 1_000_000_000n;

class PcapngFileWriter implements CaptureWriter {
  readonly #application: string;
  readonly #interfaces = new Map<number, number>();
  #hasBegun = false;

  constructor(application: string) {
    this.#application = application;
  }

  frame({ timeS, timeNs, bytes, start, end, originalBytes, linkType }: FrameToWrite): Parsed<Uint8Array> {
    const before = this.#begin();
    const known = this.#interfaces.get(linkType);
    const interfaceId = known ?? this.#interfaces.size;
    this.#interfaces.set(linkType, interfaceId);
    const body = new Uint8Array(20 + Math.ceil((end - start) / 4) * 4);
    const ticks = timeS < 0 ? 0n : BigInt(timeS) * NS_PER_S + BigInt(timeNs);
    writeU32(body, 0, interfaceId);
    writeU32(body, 4, Number(ticks >> 32n));
    writeU32(body, 8, Number(ticks & 0xffff_ffffn));
    writeU32(body, 12, end - start);
    writeU32(body, 16, originalBytes);
    body.set(bytes.subarray(start, end), 20);
    const description = known === undefined ? interfaceOf(linkType) : EMPTY_BYTES;
    return ok(concatBytes(before, description, pcapngBlock(ENHANCED_PACKET, body)));
  }

  secrets({ type, bytes }: CaptureSecrets): Uint8Array {
    return concatBytes(this.#begin(), writePcapngSecretsOf(type, bytes));
  }

  end(): Uint8Array {
    return this.#begin();
  }

  #begin(): Uint8Array {
    if (this.#hasBegun) return EMPTY_BYTES;
    this.#hasBegun = true;
    return writePcapngSection(this.#application);
  }
}

function interfaceOf(linkType: number): Uint8Array {
  const description = new Uint8Array(8);
  writeU16(description, 0, linkType);
  return pcapngBlock(
    INTERFACE_DESCRIPTION,
    description,
    pcapngOptions([OPTION_TIME_RESOLUTION, Uint8Array.of(NANOSECONDS)]),
  );
}
