/**
 * Opus in Ogg (RFC 7845): two header packets, each on pages of its own, then one Opus packet per Ogg packet.
 *
 * ```
 * "OpusHead" u8 version  u8 channels  u16 pre-skip  u32 input rate  i16 gain  u8 mapping family 0
 * "OpusTags" u32 n, vendor  u32 count, ( u32 n, comment )*
 * ```
 *
 * The granule position counts 48 kHz samples up to the end of the last packet that ends on a page, pre-skip included.
 * Timestamps are taken from it where it runs ahead of the packets' own durations: there, packets are missing. The writer
 * begins a new page at each such gap, so that timestamps come back as they were.
 */
import { concatBytes, EMPTY_BYTES } from "../../base/bytes.ts";
import { fault, ok, type Parsed, truncated } from "../../base/parsed.ts";
import { audioFrame, type MediaFrame } from "../frame.ts";
import { opusDurationTicks } from "../payload/opus.ts";
import type { ByteQueue } from "./byte_queue.ts";
import { hasMagic, readU16Le, writeMagic, writeU16Le, writeU32Le } from "./little_endian.ts";
import { type ContainerSyntax, makeMediaReader, type MediaReader, NO_FRAME } from "./media_reader.ts";
import type { FileEnd, MediaWriter } from "./media_writer.ts";
import {
  checkOggHeader,
  OGG_HEADER_BYTES,
  OGG_MAX_SEGMENTS,
  oggHeaderBytes,
  type OggPage,
  oggPageBytes,
  parseOggPage,
  segmentCount,
  writeOggPage,
} from "./ogg_page.ts";
import { shiftFault } from "./shift_fault.ts";
import type { AudioStreamInfo } from "./stream_info.ts";

const OPUS_CLOCK_HZ = 48_000;
const HEAD_BYTES = 19;
const MAGIC_BYTES = 8;
/** No Opus packet of one or two channels is larger: 48 frames of 1275 bytes with their lengths. */
const MAX_PACKET_BYTES = 61_440;

export function makeOggReader(): MediaReader {
  return makeMediaReader(new OggOpusSyntax());
}

class OggOpusSyntax implements ContainerSyntax {
  readonly container = "Ogg";
  stream: AudioStreamInfo | undefined;
  /** Of the Opus stream that is read; undefined before the first and between chained ones. */
  #serial: number | undefined;
  #phase: "head" | "tags" | "audio" = "head";
  #nextPageNumber = 0;
  /** The beginning of a packet that goes on on the next page. */
  #partial: Uint8Array[] = [];
  #partialBytes = 0;
  #isPartial = false;
  /** Packets that end on the current page, until its granule position has told where they begin. */
  readonly #frames: MediaFrame[] = [];
  #nextFrame = 0;
  #positionTicks = 0;
  /** Where the current stream of a chain begins. */
  #chainStartTicks = 0;
  /** What is wrong with the current page, for after the packets that come before it there. */
  #refused: Parsed<undefined> | undefined;

  next(input: ByteQueue): Parsed<MediaFrame | undefined> {
    while (this.#nextFrame === this.#frames.length) {
      this.#frames.length = 0;
      this.#nextFrame = 0;
      if (this.#refused !== undefined) return this.#refused;
      const isRead = this.#readPage(input);
      if (!isRead.ok) return isRead;
      if (!isRead.value) return NO_FRAME;
    }
    return ok(this.#frames[this.#nextFrame++]);
  }

  #readPage(input: ByteQueue): Parsed<boolean> {
    const fixed = input.has(OGG_HEADER_BYTES, "Ogg page header", !this.#isPartial && this.stream !== undefined);
    if (!fixed.ok || !fixed.value) return fixed;
    const at = input.offsetBytes;
    const isHeader = checkOggHeader(input.peek(OGG_HEADER_BYTES));
    if (!isHeader.ok) return shiftFault(isHeader, at);
    const headerBytes = oggHeaderBytes(input.peek(OGG_HEADER_BYTES));
    const header = input.has(headerBytes, "Ogg page header");
    if (!header.ok || !header.value) return header;
    const pageBytes = oggPageBytes(input.peek(headerBytes));
    const whole = input.has(pageBytes, "Ogg page");
    if (!whole.ok || !whole.value) return whole;
    const page = parseOggPage(input.peek(pageBytes));
    if (!page.ok) return shiftFault(page, at);
    const taken = this.#takePage(page.value);
    // After taking: what the page holds was borrowed from the queue.
    input.skip(pageBytes);
    if (!taken.ok) this.#refused = shiftFault(taken, at);
    return ok(true);
  }

  #takePage(page: OggPage): Parsed<true> {
    if (this.#serial === undefined) return this.#takeFirstPage(page);
    if (page.serial !== this.#serial) return ok(true);
    if (page.pageNumber !== this.#nextPageNumber) this.#dropPartial();
    this.#nextPageNumber = (page.pageNumber + 1) >>> 0;
    const taken = this.#takePackets(page);
    if (!taken.ok) return taken;
    if (page.isLast) {
      this.#serial = undefined;
      this.#phase = "head";
      this.#chainStartTicks = this.#positionTicks;
      this.#dropPartial();
    }
    return taken;
  }

  /** Other streams (video, say) may be multiplexed with Opus: their first pages come first and are passed over. */
  #takeFirstPage(page: OggPage): Parsed<true> {
    if (!page.isFirst) {
      if (this.stream !== undefined) return ok(true);
      return fault("unknown_type", "Cannot read Ogg file: it has no Opus stream", { offset: 0 });
    }
    if (!hasMagic(page.body, 0, "OpusHead")) return ok(true);
    const stream = parseOpusHead(page.body);
    if (!stream.ok) return shiftFault(stream, OGG_HEADER_BYTES + page.lacing.length);
    if (this.stream !== undefined && this.stream.channels !== stream.value.channels) {
      return fault(
        "bad_state",
        `Cannot read Ogg file: it changes from ${this.stream.channels} channels to ${stream.value.channels}`,
        { offset: OGG_HEADER_BYTES },
      );
    }
    this.stream ??= stream.value;
    this.#serial = page.serial;
    this.#nextPageNumber = (page.pageNumber + 1) >>> 0;
    this.#phase = "tags";
    return ok(true);
  }

  #takePackets(page: OggPage): Parsed<true> {
    if (!page.isContinued) this.#dropPartial();
    // The rest of a packet whose beginning is missing.
    let isOrphan = page.isContinued && !this.#isPartial;
    let at = 0;
    let from = 0;
    for (const value of page.lacing) {
      at += value;
      if (value === 255) continue;
      if (!isOrphan) {
        const packet = this.#finishPacket(page.body.subarray(from, at));
        if (!packet.ok) return packet;
      }
      isOrphan = false;
      from = at;
    }
    if (page.lacing.length > 0 && page.lacing[page.lacing.length - 1] === 255 && !isOrphan) {
      const kept = this.#keepPartial(page.body.subarray(from));
      if (!kept.ok) return kept;
    }
    if (page.granulePosition === undefined) return ok(true);
    const endTicks = this.#chainStartTicks + page.granulePosition;
    if (!Number.isSafeInteger(endTicks)) {
      return fault("bad_value", "Cannot read Ogg file: its chained streams are too long to count", { offset: 6 });
    }
    this.#moveFrames(endTicks);
    return ok(true);
  }

  #keepPartial(bytes: Uint8Array): Parsed<true> {
    this.#isPartial = true;
    if (this.#phase === "tags") {
      // Comments may be megabytes of pictures; only their first bytes are looked at.
      if (this.#partialBytes >= MAGIC_BYTES) return ok(true);
    } else if (this.#partialBytes + bytes.length > MAX_PACKET_BYTES) {
      return fault("too_large", `Cannot read Opus packet: more than ${MAX_PACKET_BYTES} bytes`, { offset: 0 });
    }
    this.#partial.push(bytes.slice());
    this.#partialBytes += bytes.length;
    return ok(true);
  }

  #dropPartial(): void {
    this.#partial = [];
    this.#partialBytes = 0;
    this.#isPartial = false;
  }

  #finishPacket(tail: Uint8Array): Parsed<true> {
    const packet = concatBytes(...this.#partial, tail);
    this.#dropPartial();
    if (this.#phase === "tags") {
      if (!hasMagic(packet, 0, "OpusTags")) {
        return fault("bad_value", "Cannot read Ogg Opus file: no OpusTags after OpusHead", {
          offset: OGG_HEADER_BYTES,
        });
      }
      this.#phase = "audio";
      return ok(true);
    }
    if (packet.length > MAX_PACKET_BYTES) {
      return fault("too_large", `Cannot read Opus packet: ${packet.length} bytes`, { offset: OGG_HEADER_BYTES });
    }
    const durationTicks = opusDurationTicks(packet);
    if (durationTicks === 0) {
      return fault("bad_value", "Cannot read Opus packet: its first bytes give it no duration", {
        offset: OGG_HEADER_BYTES,
      });
    }
    this.#frames.push(audioFrame(packet, this.#positionTicks, durationTicks));
    this.#positionTicks += durationTicks;
    return ok(true);
  }

  /** The packets of this page end at `endTicks`. Earlier than they would: the end is trimmed, and nothing moves. */
  #moveFrames(endTicks: number): void {
    const gapTicks = endTicks - this.#positionTicks;
    if (gapTicks <= 0 || this.#frames.length === 0) return;
    for (let i = 0; i < this.#frames.length; i++) {
      const { data, timestampTicks, durationTicks } = this.#frames[i];
      this.#frames[i] = audioFrame(data, timestampTicks + gapTicks, durationTicks);
    }
    this.#positionTicks = endTicks;
  }
}

function parseOpusHead(b: Uint8Array): Parsed<AudioStreamInfo> {
  if (b.length < HEAD_BYTES) return truncated("OpusHead", HEAD_BYTES, b.length);
  if (b[8] >= 16) {
    return fault("bad_version", `Cannot read OpusHead: version ${b[8]}, expected below 16`, { offset: 8 });
  }
  if (b[18] !== 0) {
    return fault("unknown_type", `Cannot read OpusHead: channel mapping ${b[18]}; only mono and stereo are supported`, {
      offset: 18,
    });
  }
  if (b[9] !== 1 && b[9] !== 2) return fault("bad_value", `Cannot read OpusHead: ${b[9]} channels`, { offset: 9 });
  return ok({
    kind: "audio",
    codec: "opus",
    clockRateHz: OPUS_CLOCK_HZ,
    sampleRateHz: OPUS_CLOCK_HZ,
    channels: b[9],
    preSkipTicks: readU16Le(b, 10),
  });
}

export interface OggWriterOptions {
  /** Tells this stream from others in the same file; any number. */
  readonly serial?: number;
}

/** What libopus needs to settle in its default mode. */
const DEFAULT_PRE_SKIP_TICKS = 312;
/** RFC 7845 §6: pages should hold at most one second. */
const MAX_PAGE_TICKS = OPUS_CLOCK_HZ;

export function makeOggWriter(stream: AudioStreamInfo, options: OggWriterOptions = {}): MediaWriter {
  return new OggOpusWriter(stream, options.serial ?? 1);
}

class OggOpusWriter implements MediaWriter {
  readonly #stream: AudioStreamInfo;
  readonly #serial: number;
  #pageNumber = 0;
  /** Packets of the page that fills; it waits for the next frame, because the last page is marked. */
  #packets: Uint8Array[] = [];
  #segments = 0;
  #pageTicks = 0;
  /** End of the last packet. */
  #positionTicks = 0;

  constructor(stream: AudioStreamInfo, serial: number) {
    this.#stream = stream;
    this.#serial = serial;
  }

  write(frame: MediaFrame): Parsed<Uint8Array> {
    const { data, timestampTicks } = frame;
    const durationTicks = opusDurationTicks(data);
    if (durationTicks === 0 || data.length > MAX_PACKET_BYTES) {
      return fault("bad_value", `Cannot write Ogg Opus: ${data.length} bytes that are no Opus packet`);
    }
    if (timestampTicks < this.#positionTicks) {
      return fault(
        "bad_value",
        `Cannot write Ogg Opus: a packet at ${timestampTicks}, but the one before ends at ${this.#positionTicks}`,
      );
    }
    const header = this.#pageNumber === 0 ? this.#headerPages() : EMPTY_BYTES;
    const segments = segmentCount(data.length);
    const isFull = this.#segments + segments > OGG_MAX_SEGMENTS || this.#pageTicks + durationTicks > MAX_PAGE_TICKS;
    const isGap = timestampTicks > this.#positionTicks;
    const page = this.#packets.length > 0 && (isFull || isGap) ? this.#flush(false) : EMPTY_BYTES;
    this.#packets.push(data.slice());
    this.#segments += segments;
    this.#pageTicks += durationTicks;
    this.#positionTicks = timestampTicks + durationTicks;
    return ok(concatBytes(header, page));
  }

  end(): FileEnd {
    const header = this.#pageNumber === 0 ? this.#headerPages() : EMPTY_BYTES;
    return { bytes: concatBytes(header, this.#flush(true)), patches: [] };
  }

  #headerPages(): Uint8Array {
    const head = new Uint8Array(HEAD_BYTES);
    writeMagic(head, 0, "OpusHead");
    head[8] = 1;
    head[9] = this.#stream.channels;
    writeU16Le(head, 10, this.#stream.preSkipTicks ?? DEFAULT_PRE_SKIP_TICKS);
    writeU32Le(head, 12, this.#stream.sampleRateHz);
    const vendor = "arcrtc";
    const tags = new Uint8Array(MAGIC_BYTES + 4 + vendor.length + 4);
    writeMagic(tags, 0, "OpusTags");
    writeU32Le(tags, MAGIC_BYTES, vendor.length);
    writeMagic(tags, MAGIC_BYTES + 4, vendor);
    return concatBytes(this.#page([head], 0, true, false), this.#page([tags], 0, false, false));
  }

  #flush(isLast: boolean): Uint8Array {
    const page = this.#page(this.#packets, this.#positionTicks, false, isLast);
    this.#packets = [];
    this.#segments = 0;
    this.#pageTicks = 0;
    return page;
  }

  #page(packets: readonly Uint8Array[], granulePosition: number, isFirst: boolean, isLast: boolean): Uint8Array {
    return writeOggPage(
      { isFirst, isLast, granulePosition, serial: this.#serial, pageNumber: this.#pageNumber++ },
      packets,
    );
  }
}
