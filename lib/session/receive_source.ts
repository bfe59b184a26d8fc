/** One remote SSRC, as the receive path looks it up: what a packet needs before anything is known of its contents. */
import { estimateIndex, NO_INDEX, packetIndex } from "../crypto/packet_index.ts";
import { SrtpReceiver } from "../crypto/srtp_unprotect.ts";
import type { MediaIndexes, ReceiveTrack } from "./receive_track.ts";
import type { KeySet } from "./stream_keys.ts";

/** First sequence numbers are below 32768: the middle of them, to read a repair's by before any packet has come. */
const LIKELY_FIRST_SEQUENCE = 0x4000;

export class ReceiveSource implements MediaIndexes {
  readonly role: "media" | "rtx" | "fec";
  readonly track: ReceiveTrack;
  readonly ssrc: number;
  readonly payloadType: number;
  readonly keys: KeySet;
  readonly srtp: SrtpReceiver;

  constructor(
    role: "media" | "rtx" | "fec",
    track: ReceiveTrack,
    format: { readonly ssrc: number; readonly payloadType: number },
    options: {
      readonly keys: KeySet;
      readonly roc: number;
      readonly windowPackets: number | undefined;
      readonly nowMs: number;
    },
  ) {
    const { keys, roc, windowPackets, nowMs } = options;
    this.role = role;
    this.track = track;
    this.ssrc = format.ssrc;
    this.payloadType = format.payloadType;
    this.keys = keys;
    this.srtp = new SrtpReceiver(format.ssrc, nowMs, { startRoc: roc, windowPackets });
  }

  /** The index of a packet of this SSRC that has authenticated, or that another packet speaks of. */
  indexOf(sequence16: number): number {
    const highest = this.srtp.highestIndex;
    return highest === NO_INDEX ? packetIndex(this.srtp.roc, sequence16) : estimateIndex(sequence16, highest);
  }

  /** An index near those of current packets. */
  get nearIndex(): number {
    const highest = this.srtp.highestIndex;
    return highest === NO_INDEX ? packetIndex(this.srtp.roc, LIKELY_FIRST_SEQUENCE) : highest;
  }
}
