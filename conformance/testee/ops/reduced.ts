/** `reduced.run`: the two ends of reduced headers over a list of packets, some of which never arrive. */
import { toHex } from "../../../lib/base/bytes.ts";
import { fault, type Parsed } from "../../../lib/base/parsed.ts";
import { estimateIndex, packetIndex } from "../../../lib/crypto/packet_index.ts";
import { ArcRtpView } from "../../../lib/packet/arcrtp.ts";
import { REDUCED_SAVED_BYTES, type ReducedContext } from "../../../lib/packet/reduced.ts";
import { ReducedReceiver } from "../../../lib/packet/reduced_receiver.ts";
import { ReducedSender } from "../../../lib/packet/reduced_sender.ts";
import type { Fields } from "../request.ts";
import { type OpContext, opFault, opOk, type OpResult, type Ops } from "../testee.ts";

export const reducedOps: Ops = {
  "reduced.run": run,
};

function run(request: Fields, context: OpContext): OpResult {
  const sender = new ReducedSender();
  const receiver = new ReceivingEnd();
  for (const [i, entry] of request.objects("contexts").entries()) {
    const defined = readContext(entry);
    if (!sender.define(defined) || !receiver.define(defined)) {
      const path = request.pathOf(`contexts[${i}]`);
      return opFault(fault("bad_state", `Cannot define context ${defined.contextId}: it is taken`, { path }).fault);
    }
  }
  const packets = request.objects("packets");
  const lost = new Set(request.has("lost") ? request.integers("lost", 0, packets.length - 1) : []);
  const wire: string[] = [];
  const expanded: (string | null)[] = [];
  const view = new ArcRtpView();
  for (const [i, packet] of packets.entries()) {
    const bytes = packet.hex("hex");
    if (!view.parse(bytes)) return opFault({ ...view.fault(), path: request.pathOf(`packets[${i}].hex`) });
    const unitStart = sender.reduce(bytes, 0, bytes.length, packet.number("at_ms"));
    wire.push(toHex(bytes.subarray(unitStart)));
    const restored = lost.has(i) ? undefined : receiver.receive(bytes, unitStart);
    if (restored?.ok === false) context.counters.add(restored.fault.reason);
    expanded.push(restored?.ok === true ? toHex(restored.value) : null);
  }
  return opOk({ wire, expanded });
}

function readContext(entry: Fields): ReducedContext {
  return {
    contextId: entry.integer("context_id", 0, 7),
    ssrc: entry.u32("ssrc"),
    payloadType: entry.integer("payload_type", 0, 127),
    quality: entry.integer("quality", 0, 3),
  };
}

/** A receiver that takes every unit which reaches it for authentic, since nothing is protected here. */
class ReceivingEnd {
  readonly #reduced = new ReducedReceiver();
  readonly #packet = new ArcRtpView();
  /** Highest index by SSRC. */
  readonly #highest = new Map<number, number>();

  define(context: ReducedContext): boolean {
    return this.#reduced.define(context);
  }

  /** The full packet of the unit at `bytes[unitStart..]`; a reduced one is expanded in place. */
  receive(bytes: Uint8Array, unitStart: number): Parsed<Uint8Array> {
    const isReduced = unitStart > 0;
    if (isReduced) {
      // What the sender did not put on the wire must not help the receiver.
      bytes.fill(0, 0, unitStart);
      if (!this.#reduced.expand(bytes, unitStart, bytes.length)) return { ok: false, fault: this.#reduced.fault() };
    }
    const packet = this.#packet;
    if (!packet.parse(bytes, isReduced ? unitStart - REDUCED_SAVED_BYTES : 0)) {
      return { ok: false, fault: packet.fault() };
    }
    const { ssrc, sequenceNumber } = packet;
    const highest = this.#highest.get(ssrc);
    const index = highest === undefined ? packetIndex(0, sequenceNumber) : estimateIndex(sequenceNumber, highest);
    if (highest === undefined || index > highest) this.#highest.set(ssrc, index);
    this.#reduced.authenticated(packet, index, isReduced);
    return { ok: true, value: bytes };
  }
}
