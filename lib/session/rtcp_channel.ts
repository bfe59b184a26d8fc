/**
 * RTCP as units: compound packets in and out, protected with the keys of the peer that sends them.
 *
 * An SSRC's SRTCP index and replay window outlive epochs and streams (SPEC ARC-KEY-index-continues), so states are kept for
 * as long as the session; a peer cannot make us keep more than {@link MAX_SENDERS} of them.
 */
import type { PacketBatch } from "../base/batch.ts";
import { readU32 } from "../base/bytes.ts";
import type { SrtpOutcome } from "../crypto/srtp_keys.ts";
import { srtcpOverheadBytes, SrtcpReceiver, SrtcpSender } from "../crypto/srtcp.ts";
import { MAX_UNIT_BYTES } from "../packet/demux.ts";
import { parseRtcp, rtcpBytes, type RtcpPacket, writeRtcp } from "../packet/rtcp/compound.ts";
import type { KeySet, StreamKeyring } from "./stream_keys.ts";

const MAX_SENDERS = 256;
/** Header and sender SSRC. */
const LEAST_BYTES = 8;
/** With both tags and the index. */
const OVERHEAD_BYTES = 30;
/** Plain bytes of one unit. */
export const MAX_COMPOUND_BYTES = (MAX_UNIT_BYTES - OVERHEAD_BYTES) & ~3;
/** Units that wait to leave. */
const MAX_WAITING = 64;
/** What waited for longer tells of another time: a round trip measured by it would be wrong. */
const STALE_MS = 250;

interface WaitingUnit {
  readonly packets: readonly RtcpPacket[];
  readonly queuedMs: number;
}

/** An RTCP unit that has authenticated. */
export interface OpenedRtcp {
  readonly epoch: number;
  readonly packets: readonly RtcpPacket[];
}

export class RtcpChannel {
  readonly #keyring: StreamKeyring;
  readonly #ownKeys: KeySet;
  readonly #remoteKeys: KeySet;
  readonly #senders = new Map<number, SrtcpSender>();
  readonly #receivers = new Map<number, SrtcpReceiver>();
  readonly #windowPackets: number | undefined;
  #waiting: WaitingUnit[] = [];
  packetsSent = 0;
  bytesSent = 0;
  packetsReceived = 0;
  bytesReceived = 0;

  constructor(keyring: StreamKeyring, ownPeerId: string, remotePeerId: string, windowPackets: number | undefined) {
    this.#keyring = keyring;
    this.#ownKeys = keyring.rtcp(ownPeerId);
    this.#remoteKeys = keyring.rtcp(remotePeerId);
    this.#windowPackets = windowPackets;
  }

  /** True when RTCP of this sender SSRC has authenticated before. */
  knows(ssrc: number): boolean {
    return this.#receivers.has(ssrc);
  }

  /**
   * Queues packets, in one unit or as few as they fit in. Each is small enough for a unit, and its first SSRC is one that
   * we may report under.
   */
  queue(packets: readonly RtcpPacket[], nowMs: number): void {
    let unit: RtcpPacket[] = [];
    for (const packet of packets) {
      if (unit.length > 0 && rtcpBytes([...unit, packet]) > MAX_COMPOUND_BYTES) {
        this.#waiting.push({ packets: unit, queuedMs: nowMs });
        unit = [];
      }
      unit.push(packet);
    }
    if (unit.length > 0) this.#waiting.push({ packets: unit, queuedMs: nowMs });
    // Without a path they wait; the oldest tell the least.
    if (this.#waiting.length > MAX_WAITING) this.#waiting = this.#waiting.slice(-MAX_WAITING);
  }

  /** Appends the units that wait to `batch`, protected, and forgets those that have waited for too long. */
  poll(batch: PacketBatch, address: number, nowMs: number): void {
    while (this.#waiting.length > 0 && batch.size < batch.capacity && this.#keyring.maySend) {
      const unit = this.#waiting.shift();
      if (unit !== undefined && nowMs - unit.queuedMs <= STALE_MS) this.#append(unit.packets, batch, address);
    }
  }

  #append(packets: readonly RtcpPacket[], batch: PacketBatch, address: number): void {
    const keys = this.#ownKeys.ofPhase(this.#keyring.sendEpoch);
    if (keys === undefined) return;
    const start = batch.offset(batch.size);
    const plain = batch.bytes.subarray(start, start + batch.slotBytes);
    const length = writeRtcp(packets, plain, 0);
    if (this.#senderOf(readU32(plain, 4)).protect(keys, plain, 0, length) !== "ok") return;
    batch.lengths[batch.size] = length + srtcpOverheadBytes(keys);
    batch.addresses[batch.size] = address;
    this.packetsSent++;
    this.bytesSent += batch.lengths[batch.size];
    batch.size++;
  }

  #senderOf(ssrc: number): SrtcpSender {
    const known = this.#senders.get(ssrc);
    if (known !== undefined) return known;
    const sender = new SrtcpSender(ssrc);
    this.#senders.set(ssrc, sender);
    return sender;
  }

  /**
   * Opens the unit at `bytes[start..end)` in place, trying the epochs that are held; the reason why it is dropped
   * otherwise. Texts and unknown packets borrow `bytes`. SPEC ARC-KEY-epoch-trial.
   */
  open(bytes: Uint8Array, start: number, end: number): OpenedRtcp | Exclude<SrtpOutcome, "ok"> {
    if (end - start < LEAST_BYTES) return "truncated";
    const ssrc = readU32(bytes, start + 4);
    const known = this.#receivers.get(ssrc);
    if (known === undefined && this.#receivers.size >= MAX_SENDERS) return "bad_state";
    const receiver = known ?? new SrtcpReceiver(ssrc, this.#windowPackets);
    let reason: Exclude<SrtpOutcome, "ok"> = "bad_state";
    for (let attempt = 0;; attempt++) {
      const epoch = this.#keyring.trialEpoch(attempt);
      if (epoch < 0) return reason;
      const keys = this.#remoteKeys.ofPhase(epoch);
      if (keys === undefined) continue;
      const outcome = receiver.unprotect(keys, bytes, start, end);
      if (outcome !== "ok") {
        // The likeliest epoch gives the reason.
        if (attempt === 0) reason = outcome;
        continue;
      }
      if (known === undefined) this.#receivers.set(ssrc, receiver);
      this.packetsReceived++;
      this.bytesReceived += end - start;
      const parsed = parseRtcp(bytes.subarray(start, end - srtcpOverheadBytes(keys)));
      return parsed.ok ? { epoch, packets: parsed.value } : parsed.fault.reason;
    }
  }
}
