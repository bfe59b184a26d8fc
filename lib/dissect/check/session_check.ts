/** What the messages of a session owe one another: choices among offers, keys used once, SSRCs and contexts used once. */
import { hex32 } from "../../base/bytes.ts";
import type { Connect } from "../../signaling/messages/connect.ts";
import type { ConnectAck } from "../../signaling/messages/connect_ack.ts";
import type { KeyRotate, KeyRotateAck } from "../../signaling/messages/key_rotate.ts";
import { mediaSsrcs, type StreamStart } from "../../signaling/messages/stream_start.ts";
import { BoundedMap } from "../model/bounded_map.ts";
import type { UnitModel } from "../model/unit_model.ts";
import { type Check, sessionSubject } from "./check.ts";
import type { Findings } from "./findings.ts";
import type { RuleId } from "./rules.ts";

const MAX_SESSIONS = 1024;
/** Keys, SSRCs, contexts and streams of each session. */
const MAX_REMEMBERED = 256;

/** Who used something first. */
interface FirstUse {
  readonly packet: number;
  readonly by: string;
}

type AcceptingAck = Extract<ConnectAck, { accepted: true }>;

/** What an answer keeps or breaks against the offer. */
const ANSWER_RULES = [
  "ARC-SRTP-choice-suite",
  "ARC-SRTP-choice-not-offered",
  "ARC-SIG-state-ack-unoffered",
  "ARC-SIG-connect-ack-peer",
] as const;

class SessionState {
  connect: Connect | undefined = undefined;
  ack: AcceptingAck | undefined = undefined;
  /** The newest epoch that a message has named; undefined where the beginning is not in the capture. */
  epoch: number | undefined = undefined;
  readonly peers = new Set<string>();
  /** Public keys, by their text: the epoch and peer that used them. */
  readonly keys = new Map<string, FirstUse & { readonly epoch: number }>();
  /** SSRCs and context ids, by the stream that used them. */
  readonly ssrcs = new Map<number, FirstUse>();
  readonly contexts = new Map<string, { readonly packet: number; readonly meaning: string }>();
  readonly streams = new Map<
    string,
    { readonly packet: number; readonly sender: string | undefined; readonly shape: string }
  >();
}

export class SessionCheck implements Check {
  readonly #findings: Findings;
  readonly #sessions = new BoundedMap<string, SessionState>(MAX_SESSIONS);

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /** True when the session's first CONNECT is in the capture. */
  has(sessionId: string): boolean {
    return this.#sessions.get(sessionId)?.connect !== undefined;
  }

  /** True when both peers offer it; undefined where one of the offers is not in the capture. */
  agreed(sessionId: string, capability: "reduced_header" | "fec" | "rtx"): boolean | undefined {
    const session = this.#sessions.get(sessionId);
    if (session?.connect === undefined || session.ack === undefined) return undefined;
    return session.connect.capabilities[capability] === true && session.ack.capabilities?.[capability] === true;
  }

  unit(unit: UnitModel): void {
    const { message } = unit;
    if (message === undefined) return;
    switch (message.type) {
      case "CONNECT":
        return this.#connect(unit, message);
      case "CONNECT_ACK":
        return this.#connectAck(unit, message);
      case "KEY_ROTATE":
      case "KEY_ROTATE_ACK":
        return this.#rotation(unit, message);
      case "STREAM_START":
        return this.#streamStart(unit, message);
      default:
        return;
    }
  }

  #connect(unit: UnitModel, message: Connect): void {
    const session = this.#stateOf(message.session_id);
    this.#peer(unit, session, message.session_id, message.peer_id);
    if (message.resume === true) {
      this.#epoch(unit, session, message.session_id, message.epoch ?? 0, message.type);
    } else {
      session.connect ??= message;
      session.epoch ??= 0;
    }
    this.#key(unit, session, message.session_id, message.peer_id, message.epoch ?? 0, message.encryption.public_key);
  }

  #connectAck(unit: UnitModel, message: ConnectAck): void {
    const session = this.#stateOf(message.session_id);
    this.#peer(unit, session, message.session_id, message.peer_id);
    if (!message.accepted) return;
    const epoch = message.epoch ?? 0;
    this.#key(unit, session, message.session_id, message.peer_id, epoch, message.encryption.public_key);
    if (epoch > 0) this.#resumed(unit, session, message);
    session.ack ??= message;
    const { connect } = session;
    if (connect === undefined || epoch > 0) return;
    for (const rule of ANSWER_RULES) this.#findings.judged(rule);
    const { encryption, authentication = ["hmac-sha256-80"], codecs } = connect.capabilities;
    const chosen = message.encryption.authentication ?? "hmac-sha256-80";
    const add = (rule: RuleId, text: string) => this.#add(rule, unit, message.session_id, text);
    if (!encryption.includes(message.encryption.algorithm)) {
      add(
        "ARC-SRTP-choice-not-offered",
        `CONNECT_ACK chooses ${message.encryption.algorithm}, offered are ${encryption.join(", ")}`,
      );
    }
    if (!authentication.includes(chosen)) {
      add("ARC-SRTP-choice-not-offered", `CONNECT_ACK chooses ${chosen}, offered are ${authentication.join(", ")}`);
    }
    // Every implementation has this one (SPEC ARC-SRTP-default-suite), so nothing behind it can be the first in common.
    const preferred = encryption.indexOf("aes-128-gcm");
    if (preferred >= 0 && encryption.indexOf(message.encryption.algorithm) > preferred) {
      const text = `CONNECT_ACK chooses ${message.encryption.algorithm}, aes-128-gcm stands before it in the offer`;
      add("ARC-SRTP-choice-suite", text);
    }
    for (const codec of Object.values(message.selected_codecs)) {
      if (codec !== undefined && !codecs.includes(codec)) {
        add("ARC-SIG-state-ack-unoffered", `CONNECT_ACK selects ${codec}, offered are ${codecs.join(", ")}`);
      }
    }
    if (message.peer_id === connect.peer_id) {
      add("ARC-SIG-connect-ack-peer", "CONNECT_ACK has the caller's own peer_id");
    }
  }

  /** SPEC ARC-SRTP-choice-resume-equal. */
  #resumed(unit: UnitModel, { ack }: SessionState, { session_id, encryption }: AcceptingAck): void {
    if (ack === undefined) return;
    this.#findings.judged("ARC-SRTP-choice-resume-equal");
    const had = `${ack.encryption.algorithm} ${ack.encryption.authentication ?? "hmac-sha256-80"}`;
    const has = `${encryption.algorithm} ${encryption.authentication ?? "hmac-sha256-80"}`;
    if (had !== has) {
      this.#add(
        "ARC-SRTP-choice-resume-equal",
        unit,
        session_id,
        `a resumption selects ${has}, the session has ${had}`,
      );
    }
  }

  #rotation(unit: UnitModel, message: KeyRotate | KeyRotateAck): void {
    const session = this.#stateOf(message.session_id);
    this.#peer(unit, session, message.session_id, message.peer_id);
    this.#epoch(unit, session, message.session_id, message.epoch, message.type);
    this.#key(unit, session, message.session_id, message.peer_id, message.epoch, message.encryption.public_key);
  }

  /** SPEC ARC-KEY-epoch-numbers: the next one exactly, or the one that is being made. */
  #epoch(unit: UnitModel, session: SessionState, sessionId: string, epoch: number, type: string): void {
    const known = session.epoch;
    if (known !== undefined) this.#findings.judged("ARC-KEY-epoch-numbers");
    if (known !== undefined && epoch !== known && epoch !== known + 1) {
      this.#add("ARC-KEY-epoch-numbers", unit, sessionId, `${type} names epoch ${epoch} behind epoch ${known}`);
    }
    session.epoch = Math.max(known ?? 0, epoch);
  }

  #key(unit: UnitModel, session: SessionState, sessionId: string, peer: string, epoch: number, key: string): void {
    const first = session.keys.get(key);
    if (first?.by !== peer && [...session.keys.values()].some((other) => other.by !== peer && other.epoch === epoch)) {
      this.#findings.judged("ARC-KEY-ecdh-own-key");
    }
    if (epoch > 0 && first?.epoch !== epoch) this.#findings.judged("ARC-KEY-ecdh-reused-key");
    if (first === undefined) {
      if (session.keys.size < MAX_REMEMBERED) session.keys.set(key, { packet: unit.unit.packet, by: peer, epoch });
      return;
    }
    if (first.by !== peer && first.epoch === epoch) {
      this.#add("ARC-KEY-ecdh-own-key", unit, sessionId, `both peers use the public key of packet ${first.packet}`);
    } else if (first.epoch !== epoch) {
      const text = `the public key of packet ${first.packet}, epoch ${first.epoch}, is used again in epoch ${epoch}`;
      this.#add("ARC-KEY-ecdh-reused-key", unit, sessionId, text);
    }
  }

  #streamStart(unit: UnitModel, start: StreamStart): void {
    const { session_id: sessionId, stream_id: streamId } = start;
    const session = this.#stateOf(sessionId);
    const sender = unit.speaker;
    const { packet } = unit.unit;
    const suite = session.ack?.encryption.algorithm;
    if (suite !== undefined) this.#findings.judged("ARC-SRTP-choice-stream-equal");
    this.#findings.judged("ARC-KEY-stream-id-once");
    if (suite !== undefined && start.encryption.algorithm !== suite) {
      const text = `STREAM_START names ${start.encryption.algorithm}, the session has ${suite}`;
      this.#add("ARC-SRTP-choice-stream-equal", unit, sessionId, text);
    }
    const shape = shapeOf(start);
    const known = session.streams.get(streamId);
    if (known === undefined) {
      if (session.streams.size < MAX_REMEMBERED) session.streams.set(streamId, { packet, sender, shape });
    } else if (
      known.shape !== shape || (sender !== undefined && known.sender !== undefined && sender !== known.sender)
    ) {
      const text = `stream ${streamId} was another one in packet ${known.packet}`;
      this.#add("ARC-KEY-stream-id-once", unit, sessionId, text);
    }
    for (const ssrc of ssrcsOf(start)) this.#ssrc(unit, session, start, ssrc);
    for (const context of start.reduced_header ?? []) {
      const { context_id, ssrc, payload_type, quality } = context;
      this.#context(unit, session, start, `${sender ?? ""} ${context_id}`, `${ssrc} ${payload_type} ${quality}`);
    }
    this.#capabilities(unit, start);
  }

  #ssrc(unit: UnitModel, session: SessionState, start: StreamStart, ssrc: number): void {
    this.#findings.judged("ARC-KEY-ssrc-once");
    const first = session.ssrcs.get(ssrc);
    if (first === undefined) {
      if (session.ssrcs.size < MAX_REMEMBERED) {
        session.ssrcs.set(ssrc, { packet: unit.unit.packet, by: start.stream_id });
      }
    } else if (first.by !== start.stream_id) {
      const text = `SSRC ${
        hex32(ssrc)
      } of stream ${start.stream_id} is that of stream ${first.by} in packet ${first.packet}`;
      this.#add("ARC-KEY-ssrc-once", unit, start.session_id, text);
    }
  }

  #context(unit: UnitModel, session: SessionState, start: StreamStart, key: string, meaning: string): void {
    this.#findings.judged("ARC-RTP-reduced-context-unique");
    const known = session.contexts.get(key);
    if (known === undefined) {
      if (session.contexts.size < MAX_REMEMBERED) session.contexts.set(key, { packet: unit.unit.packet, meaning });
    } else if (known.meaning !== meaning) {
      const id = key.slice(key.lastIndexOf(" ") + 1);
      const text = `context ${id} of reduced headers was something else in packet ${known.packet}`;
      this.#add("ARC-RTP-reduced-context-unique", unit, start.session_id, text);
    }
  }

  /** SPEC ARC-LOSS-rtx-agreed. */
  #capabilities(unit: UnitModel, start: StreamStart): void {
    for (const capability of ["reduced_header", "rtx", "fec"] as const) {
      const agreed = this.agreed(start.session_id, capability);
      if ((start[capability] ?? []).length === 0 || agreed === undefined) continue;
      this.#findings.judged("ARC-LOSS-rtx-agreed");
      if (agreed) continue;
      const text = `STREAM_START announces ${capability}, which not both peers offered`;
      this.#add("ARC-LOSS-rtx-agreed", unit, start.session_id, text);
    }
  }

  /** SPEC ARC-SIG-state-two-peers. */
  #peer(unit: UnitModel, session: SessionState, sessionId: string, peer: string): void {
    this.#findings.judged("ARC-SIG-state-two-peers");
    if (session.peers.size < 2) session.peers.add(peer);
    else if (!session.peers.has(peer)) {
      this.#add("ARC-SIG-state-two-peers", unit, sessionId, `a third peer speaks: ${peer}`);
    }
  }

  #stateOf(sessionId: string): SessionState {
    return this.#sessions.obtain(sessionId, () => new SessionState());
  }

  #add(rule: RuleId, unit: UnitModel, sessionId: string, message: string): void {
    this.#findings.add(rule, `${sessionSubject(sessionId)}: ${message}`, unit.unit.packet, message);
  }
}

/** All SSRCs but that of RTCP, which streams of one peer share. */
function ssrcsOf(start: StreamStart): readonly number[] {
  return [...mediaSsrcs(start), ...[...start.rtx ?? [], ...start.fec ?? []].map(({ ssrc }) => ssrc)];
}

/** What an announcement repeats when it is of the same stream (SPEC ARC-KEY-stream-announced-again). */
function shapeOf(start: StreamStart): string {
  const contexts = (start.reduced_header ?? []).map((context) => `${context.context_id}:${context.ssrc}`);
  return `${start.stream_type} ${ssrcsOf(start).join(",")} ${contexts.join(",")}`;
}
