/** `fec.encode` and `fec.recover`: repair packets for a run of packets, and packets out of repairs. */
import { toHex } from "../../../lib/base/bytes.ts";
import { type Fault, fault, type Parsed } from "../../../lib/base/parsed.ts";
import { estimateIndex, packetIndex } from "../../../lib/crypto/packet_index.ts";
import { KEY_FRAME_REDUNDANCY, planRepairs, repairPayloadBytes } from "../../../lib/fec/encoder.ts";
import { FecRecovery } from "../../../lib/fec/recovery.ts";
import { protectedSsrc, writeRepairPacket } from "../../../lib/fec/repair_packet.ts";
import { arcRtpHeaderBytes, ArcRtpView } from "../../../lib/packet/arcrtp.ts";
import { type Fields, RequestError } from "../request.ts";
import { opFault, opOk, type OpResult, type Ops } from "../testee.ts";

export const fecOps: Ops = {
  "fec.encode": encode,
  "fec.recover": recover,
};

/**
 * Full packets of one SSRC with consecutive sequence numbers to full repair packets. These have the SSRC `ssrc` (the
 * protected one plus 1), sequence numbers from `sequence_number` (0) on, and timestamp and quality of the last source.
 */
function encode(request: Fields): OpResult {
  const sources = readPackets(request, "packets");
  if (!sources.ok) return opFault(sources.fault);
  const last = sources.value.at(-1);
  if (last === undefined) return opOk({ packets: [] });
  const broken = sources.value.findIndex(({ ssrc, sequenceNumber }, i) =>
    ssrc !== last.ssrc || sequenceNumber !== ((sources.value[0].sequenceNumber + i) & 0xffff)
  );
  if (broken >= 0) {
    const path = request.pathOf(`packets[${broken}]`);
    return opFault(fault("bad_value", "Cannot make FEC: need one SSRC and consecutive packets", { path }).fault);
  }
  const redundancy = request.numberOr("redundancy", KEY_FRAME_REDUNDANCY);
  if (redundancy < 0 || redundancy > 1) throw new RequestError(`${request.pathOf("redundancy")} must be in 0..1`);
  const header = {
    ssrc: request.integerOr("ssrc", 0, 0xffff_ffff, (last.ssrc + 1) >>> 0),
    payloadType: request.integerOrNone("payload_type", 96, 127),
    timestamp: last.timestamp,
    quality: last.quality,
    priority: 3,
    keyPhase: 0,
    csrc: [last.ssrc],
    protectedSsrc: last.ssrc,
  };
  const firstSequence = request.integerOr("sequence_number", 0, 0xffff, 0);
  const packets = planRepairs(sources.value.length, redundancy).map((plan, i) => {
    const sequenceNumber = (firstSequence + i) & 0xffff;
    const headerBytes = arcRtpHeaderBytes({ ...header, payloadType: header.payloadType ?? 0, sequenceNumber });
    const out = new Uint8Array(headerBytes + repairPayloadBytes(sources.value, plan));
    writeRepairPacket({ ...header, sequenceNumber }, sources.value, plan, out, 0);
    return toHex(out);
  });
  return opOk({ packets });
}

/** A ROC that leaves room for packets from before the first one. */
const FIRST_ROC = 1;
/** Each protected SSRC has a store of its own. */
const MAX_SSRCS = 16;

/** All of `media` comes before all of `fec`. Restored packets have K=0 (SPEC ARC-LOSS-fec-source). */
function recover(request: Fields): OpResult {
  const media = readPackets(request, "media");
  if (!media.ok) return opFault(media.fault);
  const repairs = readPackets(request, "fec");
  if (!repairs.ok) return opFault(repairs.fault);
  const stores = new Map<number, SourceStore>();
  const storeOf = (ssrc: number) => {
    const store = stores.get(ssrc) ?? new SourceStore(ssrc);
    stores.set(ssrc, store);
    if (stores.size > MAX_SSRCS) throw new RequestError(`$ must name at most ${MAX_SSRCS} SSRCs`);
    return store;
  };
  for (const packet of media.value) storeOf(packet.ssrc).add(packet);
  const recovered: string[] = [];
  for (const [i, repair] of repairs.value.entries()) {
    const path = request.pathOf(`fec[${i}]`);
    const ssrc = protectedSsrc(repair);
    if (!ssrc.ok) return opFault({ ...ssrc.fault, path });
    const restored = storeOf(ssrc.value).repair(repair);
    if (!restored.ok) return opFault({ ...restored.fault, path });
    recovered.push(...restored.value);
  }
  return opOk({ recovered });
}

class SourceStore {
  readonly #recovery: FecRecovery;
  #highest: number | undefined;

  constructor(ssrc: number) {
    this.#recovery = new FecRecovery(ssrc);
  }

  add(packet: ArcRtpView): void {
    const { sequenceNumber } = packet;
    const index = this.#highest === undefined
      ? packetIndex(FIRST_ROC, sequenceNumber)
      : estimateIndex(sequenceNumber, this.#highest);
    this.#highest = Math.max(this.#highest ?? index, index);
    this.#recovery.handleSource(index, packet);
  }

  /** The packets that the repair brings back, each as hex. */
  repair(packet: ArcRtpView): Parsed<string[]> {
    const near = this.#highest ?? packetIndex(FIRST_ROC, 0x8000);
    const handled = this.#recovery.handleRepair(packet.bytes, packet.payloadStart, packet.payloadEnd, near);
    if (!handled.ok) return { ok: false, fault: atPacket(handled.fault, packet.payloadStart) };
    const restored: string[] = [];
    for (let out = this.#recovery.poll(); out !== undefined; out = this.#recovery.poll()) {
      restored.push(toHex(out.bytes.subarray(out.start, out.end)));
    }
    return { ok: true, value: restored };
  }
}

/** Offsets of a payload's fault, counted from the start of its packet. */
function atPacket(fault: Fault, payloadStart: number): Fault {
  return fault.offset === undefined ? fault : { ...fault, offset: fault.offset + payloadStart };
}

function readPackets(request: Fields, name: string): Parsed<ArcRtpView[]> {
  const views: ArcRtpView[] = [];
  for (const [i, bytes] of request.hexList(name).entries()) {
    const view = new ArcRtpView();
    if (!view.parse(bytes) || !view.stripPadding()) {
      return { ok: false, fault: { ...view.fault(), path: request.pathOf(`${name}[${i}]`) } };
    }
    views.push(view);
  }
  return { ok: true, value: views };
}
