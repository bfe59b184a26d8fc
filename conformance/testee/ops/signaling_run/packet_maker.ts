/** The packets of "protect" in `signaling.run`: made, and protected with the keys of the epoch that is sent with. */
import type { CryptoBackend } from "../../../../lib/crypto/backend.ts";
import { streamKeys } from "../../../../lib/crypto/key_schedule.ts";
import { NO_INDEX, rocOf, seq16Of } from "../../../../lib/crypto/packet_index.ts";
import { SrtpStreamKeys } from "../../../../lib/crypto/srtp_keys.ts";
import { SrtpSender } from "../../../../lib/crypto/srtp_protect.ts";
import { ARCRTP_MIN_HEADER_BYTES, ArcRtpView, writeArcRtp } from "../../../../lib/packet/arcrtp.ts";
import type { SignalingEndpoint } from "../../../../lib/signaling/endpoint.ts";
import { type Fields, RequestError } from "../../request.ts";

/** Of one input. */
const MAX_PACKETS = 100_000;

export interface ProtectedRun {
  readonly ssrc: number;
  readonly epoch: number;
  /** Fewer than were asked for where the keys are used up. */
  readonly packets: number;
}

/** Every SSRC counts its own packets, whatever the epoch; every epoch has one budget, whatever the SSRC. */
export class PacketMaker {
  readonly #endpoint: SignalingEndpoint;
  readonly #crypto: CryptoBackend;
  readonly #startIndex: number;
  readonly #senders = new Map<number, SrtpSender>();
  #hasBegun = false;

  /** The first packet of each SSRC has the index `startIndex`; as many packets were protected before, by the first epoch. */
  constructor(endpoint: SignalingEndpoint, crypto: CryptoBackend, startIndex: number) {
    this.#endpoint = endpoint;
    this.#crypto = crypto;
    this.#startIndex = startIndex;
  }

  /** `packets` of the SSRC `ssrc` of the stream `stream_id`, until one is refused. */
  protect(input: Fields): ProtectedRun {
    const { epochs, agreement } = this.#endpoint;
    const epoch = epochs?.sendEpoch ?? -1;
    const budget = epochs?.budget(epoch);
    const master = this.#endpoint.masterKey(epoch);
    if (agreement === undefined || budget === undefined || master === undefined) {
      throw new RequestError(`${input.pathOf("command")} needs a connected session`);
    }
    if (!this.#hasBegun) budget.spend(this.#startIndex);
    this.#hasBegun = true;
    const { suite, authentication } = agreement.negotiated;
    const material = streamKeys(master, input.text("stream_id"), suite);
    const keys = new SrtpStreamKeys(this.#crypto, suite, authentication, material, budget);
    const ssrc = input.u32("ssrc");
    const sender = this.#senders.get(ssrc) ?? new SrtpSender(ssrc, { startRoc: rocOf(this.#startIndex) });
    this.#senders.set(ssrc, sender);

    const header = { payloadType: 111, timestamp: 0, ssrc, quality: 3, priority: 0, keyPhase: epoch & 3 };
    const bytes = new Uint8Array(ARCRTP_MIN_HEADER_BYTES + keys.overheadBytes);
    const view = new ArcRtpView();
    const wanted = input.integer("packets", 1, MAX_PACKETS);
    let packets = 0;
    while (packets < wanted) {
      const sequenceNumber = seq16Of(sender.highestIndex === NO_INDEX ? this.#startIndex : sender.highestIndex + 1);
      const end = writeArcRtp({ ...header, sequenceNumber }, bytes, 0);
      if (!view.parse(bytes, 0, end) || sender.protect(keys, view) !== "ok") break;
      packets++;
    }
    keys.free();
    return { ssrc, epoch, packets };
  }
}
