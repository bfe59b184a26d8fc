/** Makes the models: joins media to signaling, makes reduced headers full, tells dialects apart. */
import { fault, truncated } from "../../base/parsed.ts";
import { isUuid } from "../../base/uuid.ts";
import { isSealed, SEAL_OVERHEAD_BYTES } from "../../crypto/seal.ts";
import { ArcRtpView } from "../../packet/arcrtp.ts";
import { ArmoricoreArcRtpView } from "../../packet/armoricore.ts";
import { UnitKind } from "../../packet/demux.ts";
import { REDUCED_HEADER_BYTES } from "../../packet/reduced.ts";
import { RtpView } from "../../packet/rtp_view.ts";
import { parseArmoricoreMessage } from "../../signaling/armoricore_messages.ts";
import { parseMessage, parseStatus } from "../../signaling/parse_message.ts";
import { parsePhoenixFrame, readJoin, TOPIC_PREFIX } from "../../signaling/phoenix_frame.ts";
import type { CapturedUnit } from "../units/captured_unit.ts";
import { BoundedMap } from "./bounded_map.ts";
import { ConversationMemo, type FlowMemo } from "./conversation_memo.ts";
import { DialectEvidence } from "./dialect_evidence.ts";
import type { Opening } from "./opening.ts";
import { ReducedFollower } from "./reduced_follower.ts";
import { SessionRegistry } from "./session_registry.ts";
import { UnitModel } from "./unit_model.ts";

/** Conversations that something is remembered of. */
const MAX_CONVERSATIONS = 16_384;

/** Takes protection off with keys; undefined where there is none to take off, or no key. */
export interface UnitOpening {
  open(unit: UnitModel): Opening | undefined;
}

/** Makes the model of each unit of a capture, in the order of the capture. */
export class UnitModeller {
  readonly registry: SessionRegistry;
  readonly model: UnitModel;

  readonly #arc = new ArcRtpView();
  readonly #expanded = new ArcRtpView();
  readonly #plain = new RtpView();
  readonly #engine = new ArmoricoreArcRtpView();
  readonly #opened = new ArcRtpView();
  readonly #memos = new BoundedMap<number, ConversationMemo>(MAX_CONVERSATIONS);
  /** Messages of the whole capture so far that only one of the dialects has. */
  #ownMessages = 0;
  #engineMessages = 0;
  /** Of conversations that are forgotten. */
  readonly #past = new DialectEvidence();

  readonly #opener: UnitOpening | undefined;

  /** `opener` has the keys, where there are any. */
  constructor(registry: SessionRegistry = new SessionRegistry(), opener?: UnitOpening) {
    this.registry = registry;
    this.model = new UnitModel(registry);
    this.#opener = opener;
  }

  /** What all traffic so far shows of its dialect. */
  get evidence(): DialectEvidence {
    const sum = new DialectEvidence();
    sum.add(this.#past);
    for (const { flows } of this.#memos.values()) for (const { evidence } of flows) sum.add(evidence);
    return sum;
  }

  /** What one direction of a conversation shows of its dialect. */
  evidenceOf(conversation: number, direction: 0 | 1): DialectEvidence | undefined {
    return this.#memos.get(conversation)?.flows[direction].evidence;
  }

  /** Takes the next unit. The model is the modeller's own object, good until the next call. */
  handle(unit: CapturedUnit): UnitModel {
    const { model } = this;
    const memo = this.#memoOf(unit.conversation);
    model.reset(unit, memo);
    if (unit.number === 1) {
      model.originS = unit.timeS;
      model.originNs = unit.timeNs;
    }
    switch (unit.kind) {
      case UnitKind.arcrtp:
        this.#takePacket(memo, memo.flows[unit.direction]);
        break;
      case UnitKind.reduced:
        this.#takeReduced(memo.flows[unit.direction]);
        break;
      case UnitKind.json:
        this.#takeMessage(memo, memo.flows[unit.direction]);
        break;
      case UnitKind.unknown:
        this.#takeUnknown();
        break;
      default:
        break;
    }
    if (this.#opener !== undefined && model.fault === undefined) this.#open(model, this.#opener);
    if (model.rtcp?.kind === "malformed") model.fault = model.rtcp.fault;
    return model;
  }

  /** Padding is inside the ciphertext: only now can it be judged (SPEC ARC-RTP-padding-inside-ciphertext). */
  #open(model: UnitModel, opener: UnitOpening): void {
    const opening = opener.open(model);
    if (opening === undefined) return;
    model.opened(opening);
    if (opening.kind !== "opened" || model.arc === undefined) return;
    const packet = this.#opened;
    if (packet.parse(opening.plain) && !packet.stripPadding()) model.fault = packet.fault();
  }

  #takePacket(memo: ConversationMemo, flow: FlowMemo): void {
    const { model } = this;
    const { bytes, start, end } = model.unit;
    const view = this.#arc;
    const isValid = view.parse(bytes, start, end);
    const hasExcludedType = !isValid && view.faultReason === "bad_value";
    if (isValid || hasExcludedType) flow.evidence.packet(view);
    if (flow.evidence.isPlainRtp) return this.#takePlainPacket();
    // Where only the engine speaks, packets of no session of ours are the engine's, also those that either could have sent.
    if (memo.session === undefined && this.#engineMessages > 0 && this.#ownMessages === 0) {
      return this.#takeEnginePacket();
    }
    if (isValid) {
      model.dialect = "arcrtc-1.0";
      model.rtp = view;
      model.arc = view;
      if (this.registry.hasContexts) this.#follow(memo, flow, view);
    } else if (hasExcludedType && memo.session === undefined && this.#engine.parse(bytes, start, end)) {
      model.dialect = "armoricore";
      model.rtp = this.#engine;
      model.arc = this.#engine;
    } else {
      model.dialect = "arcrtc-1.0";
      model.fault = view.fault();
    }
  }

  #takeEnginePacket(): void {
    const { model } = this;
    const { bytes, start, end } = model.unit;
    model.dialect = "armoricore";
    if (!this.#engine.parse(bytes, start, end)) {
      model.fault = this.#engine.fault();
      return;
    }
    model.rtp = this.#engine;
    model.arc = this.#engine;
  }

  #takePlainPacket(): void {
    const { model } = this;
    const { bytes, start, end } = model.unit;
    model.dialect = "rtp";
    if (this.#plain.parse(bytes, start, end)) model.rtp = this.#plain;
    else model.fault = this.#plain.fault();
  }

  #follow(memo: ConversationMemo, flow: FlowMemo, view: ArcRtpView): void {
    const entry = this.registry.ssrc(view.ssrc);
    if (entry === undefined) return;
    memo.session = entry.stream.session;
    if (entry.stream.contexts.length === 0) return;
    flow.follower ??= new ReducedFollower();
    flow.follower.full(view, entry);
  }

  #takeReduced(flow: FlowMemo): void {
    const { model } = this;
    const { bytes, start, end } = model.unit;
    model.dialect = "arcrtc-1.0";
    if (end - start < REDUCED_HEADER_BYTES) {
      model.fault = truncated("reduced header", REDUCED_HEADER_BYTES, end - start).fault;
      return;
    }
    if (flow.follower?.expand(bytes, start, end) !== true) return;
    flow.evidence.reduced++;
    this.#expanded.parse(flow.follower.header);
    model.rtp = this.#expanded;
    model.arc = this.#expanded;
  }

  #takeMessage(memo: ConversationMemo, flow: FlowMemo): void {
    const { model } = this;
    const { unit } = model;
    const whole = unit.view();
    model.isSealed = isSealed(whole);
    const json = model.isSealed ? whole.subarray(0, whole.length - SEAL_OVERHEAD_BYTES) : whole;
    const own = parseMessage(json);
    if (own.ok) {
      flow.evidence.ownMessages++;
      this.#ownMessages++;
      model.dialect = "arcrtc-1.0";
      model.message = own.value;
      this.registry.handle(own.value, unit);
      if (model.isSealed) memo.session = model.session ?? memo.session;
      return;
    }
    const status = own.fault.reason === "unknown_type" ? parseStatus(json) : own;
    if (status.ok) {
      model.dialect = "arcrtc-1.0";
      model.status = status.value;
      return;
    }
    const engine = parseArmoricoreMessage(json);
    if (engine.ok) {
      flow.evidence.engineMessages++;
      this.#engineMessages++;
      flow.evidence.engineType = engine.value.type;
      model.dialect = "armoricore";
      model.engineMessage = engine.value;
      return;
    }
    model.fault = own.fault;
  }

  #takeUnknown(): void {
    const { unit } = this.model;
    const { envelope } = unit;
    if (envelope?.kind !== "phoenix") {
      if (unit.transport !== "udp") {
        const message = "Cannot classify unit: its first byte is outside of all classes";
        this.model.fault = fault("unknown_type", message, { offset: 0 }).fault;
      }
      return;
    }
    const sessionId = envelope.topic.slice(TOPIC_PREFIX.length);
    if (envelope.event !== "phx_join" || !envelope.topic.startsWith(TOPIC_PREFIX) || !isUuid(sessionId)) return;
    const frame = parsePhoenixFrame(unit.view());
    const peerId = frame.ok ? readJoin(frame.value) : frame;
    if (peerId.ok) this.registry.hears(sessionId, peerId.value, unit);
  }

  #memoOf(conversation: number): ConversationMemo {
    const known = this.#memos.get(conversation);
    if (known !== undefined) return known;
    const memo = new ConversationMemo();
    const forgotten = this.#memos.set(conversation, memo);
    for (const { evidence } of forgotten?.flows ?? []) this.#past.add(evidence);
    return memo;
  }
}
