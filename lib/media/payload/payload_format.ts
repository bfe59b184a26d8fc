/**
 * A payload format in two halves: frames to RTP payloads and back. One file per codec implements it;
 * `payload_formats.ts` chooses.
 *
 * Both halves are machines of one stream. Loss is seen as a gap in the packet index; **reordering and duplicates are
 * upstream's work** (the jitter buffer hands packets over in order).
 */
import type { Fault, Parsed } from "../../base/parsed.ts";
import type { Priority } from "../../packet/arcrtp.ts";
import type { CodecName } from "../codec.ts";
import type { MediaFrame } from "../frame.ts";

/** A known codec, or `opaque` for every custom one. */
export type PayloadFormat = CodecName | "opaque";

/**
 * Where payloads go. The packetizer writes a payload into `buffer` from `offsetBytes`, where at least the
 * `maxPayloadBytes` of the call are free, then commits it; the sink may answer a commit by moving both fields (to the
 * next slot of a batch, say). So a media byte is copied once, from the frame into its packet.
 */
export interface PayloadSink {
  readonly buffer: Uint8Array;
  readonly offsetBytes: number;
  commit(lengthBytes: number, marker: boolean, timestampTicks: number, priority: Priority): void;
}

export interface Packetizer {
  /**
   * Cuts one frame into payloads of 1..`maxPayloadBytes` bytes and hands each to `sink`; returns how many.
   * The frame is borrowed during the call. On a fault (a frame that is not in its codec's form, or cannot be cut
   * this small) nothing was committed.
   */
  packetize(frame: MediaFrame, maxPayloadBytes: number, sink: PayloadSink): Parsed<number>;
}

/** Counters of one depacketizer, since it was made. */
export interface DepacketizerStats {
  /** Frames handed over by `poll`, or waiting for it. */
  readonly frames: number;
  /** Frames given up because a packet of theirs is missing or malformed. */
  readonly framesIncomplete: number;
  /** Finished frames that nobody polled before the next push. */
  readonly framesUnread: number;
  /** Packet indexes that never came. */
  readonly packetsMissing: number;
  /** Packets refused with a fault. */
  readonly packetsRefused: number;
}

export interface Depacketizer {
  /**
   * Takes the next payload, in order of `seqIndex` (the 48-bit packet index, or any counter that grows by one per
   * packet sent). `payload` is borrowed until the next `push`. Never throws on bytes; a refused payload counts as
   * lost. An empty payload is a padding packet and is skipped.
   *
   * `bad_state`: the index is not above the last one (nothing changes), or a fragment does not follow its beginning.
   */
  push(payload: Uint8Array, marker: boolean, timestampTicks: number, seqIndex: number): Fault | undefined;
  /** The next finished frame. Its bytes are borrowed until the next `push`, which forgets frames still waiting. */
  poll(): MediaFrame | undefined;
  readonly stats: DepacketizerStats;
}

/** Frames larger than this are refused while they are put together: the bound on a depacketizer's memory. */
export const MAX_FRAME_BYTES = 8 * 1024 * 1024;

/** The largest payload where FEC is in use: the FEC packet carries a whole one. SPEC ARC-LOSS-fec-payload-size. */
export const FEC_MAX_PAYLOAD_BYTES = 1132;
