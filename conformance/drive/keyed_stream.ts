/**
 * A stream whose packets are protected for real, as its sender makes them: for relays that check them with RELAY_KEYS. Keys
 * are random in each run; what is inside is nobody's business.
 */
import { toBase64Url, writeU16, writeU32 } from "../../lib/base/bytes.ts";
import { nobleBackend } from "../../lib/crypto/backend_noble.ts";
import { srtcpOverheadBytes, SrtcpSender } from "../../lib/crypto/srtcp.ts";
import { type SrtpKeyMaterial, SrtpStreamKeys } from "../../lib/crypto/srtp_keys.ts";
import { SrtpSender } from "../../lib/crypto/srtp_protect.ts";
import { SystemRng } from "../../lib/net/system_rng.ts";
import { type ArcRtpFields, arcRtpHeaderBytes, ArcRtpView, writeArcRtp } from "../../lib/packet/arcrtp.ts";
import { REDUCED_SAVED_BYTES, writeReducedHeader } from "../../lib/packet/reduced.ts";

const SUITE = "chacha20-poly1305";
const PAYLOAD_TYPE = 111;
const PAYLOAD_BYTES = 40;
const TICKS = 960;
/** Receiver report without blocks. */
const RTCP_BYTES = 8;

interface EpochKeys {
  readonly material: SrtpKeyMaterial;
  readonly media: SrtpStreamKeys;
  readonly rtcpAuthKey: Uint8Array;
  readonly rtcp: SrtpStreamKeys;
}

export class KeyedStream {
  readonly ssrc: number;
  readonly streamId: string;
  readonly #sender: SrtpSender;
  readonly #rtcpSender: SrtcpSender;
  readonly #epochs = new Map<number, EpochKeys>();

  constructor(streamId: string, ssrc: number, startRoc = 0) {
    this.streamId = streamId;
    this.ssrc = ssrc;
    this.#sender = new SrtpSender(ssrc, { startRoc });
    this.#rtcpSender = new SrtcpSender(ssrc);
  }

  /** Protected with the keys of the epoch; each sequence number once. */
  full(sequenceNumber: number, epoch = 0): Uint8Array {
    const fields: ArcRtpFields = {
      payloadType: PAYLOAD_TYPE,
      sequenceNumber: sequenceNumber & 0xffff,
      timestamp: (sequenceNumber * TICKS) >>> 0,
      ssrc: this.ssrc,
      quality: 0,
      priority: 0,
      keyPhase: epoch & 3,
      payload: new Uint8Array(PAYLOAD_BYTES).fill(sequenceNumber),
    };
    const keys = this.#of(epoch).media;
    const plainBytes = arcRtpHeaderBytes(fields) + PAYLOAD_BYTES;
    const unit = new Uint8Array(plainBytes + keys.overheadBytes);
    writeArcRtp(fields, unit, 0);
    const view = new ArcRtpView();
    view.parse(unit, 0, plainBytes);
    const outcome = this.#sender.protect(keys, view);
    if (outcome !== "ok") throw new Error(`cannot protect packet ${sequenceNumber}: ${outcome}`);
    return unit;
  }

  /** The same behind a reduced header of context 0. */
  reduced(sequenceNumber: number, epoch = 0): Uint8Array {
    const unit = this.full(sequenceNumber, epoch).subarray(REDUCED_SAVED_BYTES);
    writeReducedHeader(false, 0, 0, sequenceNumber, sequenceNumber * TICKS, unit, 0);
    return unit;
  }

  /** The next SRTCP packet. */
  rtcp(epoch = 0): Uint8Array {
    const { rtcp } = this.#of(epoch);
    const unit = new Uint8Array(RTCP_BYTES + srtcpOverheadBytes(rtcp));
    unit.set([0x80, 201], 0);
    writeU16(unit, 2, RTCP_BYTES / 4 - 1);
    writeU32(unit, 4, this.ssrc);
    this.#rtcpSender.protect(rtcp, unit, 0, RTCP_BYTES);
    return unit;
  }

  /** RELAY_KEYS without session and timestamp. */
  relayKeys(epoch = 0, roc = 0) {
    const { material, rtcpAuthKey } = this.#of(epoch);
    return {
      type: "RELAY_KEYS",
      stream_id: this.streamId,
      ssrc: this.ssrc,
      auth_key: toBase64Url(material.authKey),
      rtcp_auth_key: toBase64Url(rtcpAuthKey),
      epoch,
      roc,
      reduced_header: [{ context_id: 0, ssrc: this.ssrc, payload_type: PAYLOAD_TYPE, quality: 0 }],
    };
  }

  #of(epoch: number): EpochKeys {
    const known = this.#epochs.get(epoch);
    if (known !== undefined) return known;
    const rng = new SystemRng();
    const random = () => ({
      encryptionKey: rng.fill(new Uint8Array(32)),
      authKey: rng.fill(new Uint8Array(32)),
      salt: rng.fill(new Uint8Array(12)),
    });
    const material = random();
    const rtcpMaterial = random();
    const importKeys = (keys: SrtpKeyMaterial) => new SrtpStreamKeys(nobleBackend, SUITE, "hmac-sha256-80", keys);
    const made = {
      material,
      media: importKeys(material),
      rtcpAuthKey: rtcpMaterial.authKey,
      rtcp: importKeys(rtcpMaterial),
    };
    this.#epochs.set(epoch, made);
    return made;
  }
}
