/** One SSRC that we send, be it of media, RTX or FEC: its queue, its numbers and its place in the index space. */
import { below, type Rng } from "../base/rng.ts";
import { SrtpSender } from "../crypto/srtp_protect.ts";
import { RateWindow } from "../quality/rate_window.ts";
import { SlotQueue } from "./packet_pool.ts";
import type { KeySet } from "./stream_keys.ts";

/** Below it, so that a lost first packet cannot shift the rollover counter. SPEC ARC-RTP-initial-sequence. */
const INITIAL_SEQUENCE_LIMIT = 0x8000;

export interface SendSourceOptions {
  readonly ssrc: number;
  readonly payloadType: number;
  readonly keys: KeySet;
  readonly rng: Rng;
  /** ROC and sequence number of the first packet: knobs for tests (SPEC ARC-METRICS-knobs). */
  readonly startRoc?: number;
  readonly startSequence?: number;
}

export class SendSource {
  readonly ssrc: number;
  readonly payloadType: number;
  readonly keys: KeySet;
  readonly srtp: SrtpSender;
  /** Packets that wait, each with a reference of the queue's. */
  readonly queue = new SlotQueue();
  /** Given to packets as they leave: what is discarded in the queue leaves no gap. */
  nextSequence16: number;

  lastLeftMs = -Infinity;
  packets = 0;
  payloadBytes = 0;
  wireBytes = 0;
  readonly rate = new RateWindow(1000);

  /** What becomes of a packet that left: takes the queue's reference over. Bytes are plain and stamped, K is 0. */
  readonly onLeft: (slot: number, sequence16: number, nowMs: number) => void;

  constructor(options: SendSourceOptions, onLeft: (slot: number, sequence16: number, nowMs: number) => void) {
    this.ssrc = options.ssrc;
    this.payloadType = options.payloadType;
    this.keys = options.keys;
    this.srtp = new SrtpSender(options.ssrc, { startRoc: options.startRoc });
    this.nextSequence16 = options.startSequence ?? below(options.rng, INITIAL_SEQUENCE_LIMIT);
    this.onLeft = onLeft;
  }

  /** Counts a packet that left as a unit of `wireBytes`. */
  count(payloadBytes: number, wireBytes: number, nowMs: number): void {
    this.lastLeftMs = nowMs;
    this.packets++;
    this.payloadBytes += payloadBytes;
    this.wireBytes += wireBytes;
    this.rate.add(wireBytes * 8, nowMs);
  }
}
