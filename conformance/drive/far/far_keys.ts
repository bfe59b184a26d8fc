/** What the other peer seals, opens, protects and unprotects with: the keys of one session, epoch by epoch. */
import { readU32, readU48, utf8 } from "../../../lib/base/bytes.ts";
import { defaultBackend } from "../../../lib/crypto/backend_choice.ts";
import { rtcpKeys, sealingKey, streamKeys } from "../../../lib/crypto/key_schedule.ts";
import { SEAL_OVERHEAD_BYTES, Sealer, SealReceiver } from "../../../lib/crypto/seal.ts";
import { SrtpStreamKeys } from "../../../lib/crypto/srtp_keys.ts";
import { srtcpOverheadBytes, SrtcpReceiver, SrtcpSender } from "../../../lib/crypto/srtcp.ts";
import type { Authentication, SuiteName } from "../../../lib/crypto/suites.ts";
import { parseRtcp, rtcpBytes, type RtcpPacket, writeRtcp } from "../../../lib/packet/rtcp/compound.ts";

interface Epoch {
  readonly master: Uint8Array;
  readonly sealer: Sealer;
  readonly receiver: SealReceiver;
  readonly ownRtcp: SrtpStreamKeys;
  readonly remoteRtcp: SrtpStreamKeys;
  readonly streams: Map<string, SrtpStreamKeys>;
}

export interface OpenedRtcp {
  readonly packets: readonly RtcpPacket[];
  readonly ssrc: number;
  readonly epoch: number;
  readonly index: number;
}

export class FarKeys {
  readonly suite: SuiteName;
  readonly authentication: Authentication;
  readonly #ownPeerId: string;
  readonly #remotePeerId: string;
  readonly #backend = defaultBackend();
  readonly #epochs = new Map<number, Epoch>();
  readonly #rtcpSenders = new Map<number, SrtcpSender>();
  readonly #rtcpReceivers = new Map<number, SrtcpReceiver>();
  /** The epoch that is used where none is named. */
  current = 0;

  constructor(suite: SuiteName, authentication: Authentication, ownPeerId: string, remotePeerId: string) {
    this.suite = suite;
    this.authentication = authentication;
    this.#ownPeerId = ownPeerId;
    this.#remotePeerId = remotePeerId;
  }

  /** `master` is borrowed. */
  epochMade(epoch: number, master: Uint8Array): void {
    const rtcpOf = (peerId: string) => this.#import(rtcpKeys(master, peerId, this.suite));
    this.#epochs.set(epoch, {
      master: master.slice(),
      sealer: new Sealer(this.#backend.importMac(sealingKey(master, this.#ownPeerId))),
      receiver: new SealReceiver(this.#backend.importMac(sealingKey(master, this.#remotePeerId))),
      ownRtcp: rtcpOf(this.#ownPeerId),
      remoteRtcp: rtcpOf(this.#remotePeerId),
      streams: new Map(),
    });
  }

  has(epoch: number): boolean {
    return this.#epochs.has(epoch);
  }

  /** The keys of a stream in an epoch, whoever sends it. */
  ofStream(streamId: string, epoch: number): SrtpStreamKeys {
    const held = this.#of(epoch);
    const known = held.streams.get(streamId);
    if (known !== undefined) return known;
    const made = this.#import(streamKeys(held.master, streamId, this.suite));
    held.streams.set(streamId, made);
    return made;
  }

  /** The epoch that is held for a key phase, the newest where there are two. */
  epochOfPhase(keyPhase: number): number | undefined {
    return [...this.#epochs.keys()].filter((epoch) => (epoch & 3) === keyPhase).sort((a, b) => b - a)[0];
  }

  /** A sealed unit of any text, with the sender's next counter. */
  seal(text: string, epoch = this.current): Uint8Array {
    return this.sealBytes(utf8(text), epoch);
  }

  /** The same of bytes that need not be text. */
  sealBytes(text: Uint8Array, epoch = this.current): Uint8Array {
    const unit = new Uint8Array(text.length + SEAL_OVERHEAD_BYTES);
    const sealed = this.#of(epoch).sealer.seal(text, unit);
    if (!sealed.ok) throw new Error(sealed.fault.message);
    return unit;
  }

  /** The text inside of what the peer has sealed, or why it cannot be opened. */
  open(unit: Uint8Array): { readonly text: string; readonly epoch: number; readonly counter: number } | string {
    let why = "no epoch is held";
    const counter = readU48(unit, unit.length - SEAL_OVERHEAD_BYTES + 1);
    for (const epoch of [...this.#epochs.keys()].reverse()) {
      const opened = this.#of(epoch).receiver.open(unit);
      if (opened.ok) return { text: new TextDecoder().decode(opened.value), epoch, counter };
      why = opened.fault.reason;
    }
    return why;
  }

  /** A compound, protected with our RTCP keys; the sender SSRC is that of its first packet. */
  protectRtcp(packets: readonly RtcpPacket[], epoch = this.current): Uint8Array {
    const compound = new Uint8Array(rtcpBytes(packets));
    writeRtcp(packets, compound, 0);
    return this.protectRtcpBytes(compound, epoch);
  }

  /** The same of bytes that need be RTCP in their first eight only. */
  protectRtcpBytes(compound: Uint8Array, epoch = this.current): Uint8Array {
    const keys = this.#of(epoch).ownRtcp;
    const unit = new Uint8Array(compound.length + srtcpOverheadBytes(keys));
    unit.set(compound);
    const ssrc = readU32(unit, 4);
    const sender = this.#rtcpSenders.get(ssrc) ?? new SrtcpSender(ssrc);
    this.#rtcpSenders.set(ssrc, sender);
    const outcome = sender.protect(keys, unit, 0, compound.length);
    if (outcome !== "ok") throw new Error(`cannot protect RTCP: ${outcome}`);
    return unit;
  }

  /** What the peer reports, or why it cannot be opened. The unit is worked on in place. */
  openRtcp(unit: Uint8Array): OpenedRtcp | string {
    if (unit.length < 8) return "truncated";
    const ssrc = readU32(unit, 4);
    const receiver = this.#rtcpReceivers.get(ssrc) ?? new SrtcpReceiver(ssrc);
    this.#rtcpReceivers.set(ssrc, receiver);
    let why = "no epoch is held";
    for (const epoch of [...this.#epochs.keys()].reverse()) {
      const keys = this.#of(epoch).remoteRtcp;
      const outcome = receiver.unprotect(keys, unit, 0, unit.length);
      why = outcome;
      if (outcome !== "ok") continue;
      const tagBytes = this.authentication === "none" ? 0 : 10;
      const index = readU32(unit, unit.length - tagBytes - 4) & 0x7fff_ffff;
      const packets = parseRtcp(unit.subarray(0, unit.length - srtcpOverheadBytes(keys)));
      return packets.ok ? { packets: packets.value, ssrc, epoch, index } : packets.fault.message;
    }
    return why;
  }

  #of(epoch: number): Epoch {
    const held = this.#epochs.get(epoch);
    if (held === undefined) throw new Error(`epoch ${epoch} has no keys yet`);
    return held;
  }

  #import(material: ConstructorParameters<typeof SrtpStreamKeys>[3]): SrtpStreamKeys {
    return new SrtpStreamKeys(this.#backend, this.suite, this.authentication, material);
  }
}
