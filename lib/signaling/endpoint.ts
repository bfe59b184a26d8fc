/**
 * One peer's end of the signaling of one session (SPEC 5.3-5.5): what it says, when it repeats it, what it accepts in
 * which state. No sockets and no clock:
 *
 * ```ts
 * endpoint.up(nowMs);                          // the transport is there
 * endpoint.receive(bytesOrText, nowMs);        // something arrived
 * endpoint.timeout(nowMs);                     // at nextTimeoutMs()
 * for (let out = endpoint.poll(); out !== undefined; out = endpoint.poll()) carryOut(out);
 * ```
 *
 * The exchanges live in files of their own; this one knows the states and hands each message to its exchange.
 */
import type { EpochMachine } from "../crypto/epochs.ts";
import type { SessionRole } from "../crypto/identity.ts";
import { unreachable } from "../base/unreachable.ts";
import { ConnectExchange } from "./connect_exchange.ts";
import {
  type Agreement,
  type EndpointConfig,
  EndpointContext,
  type EndpointOutput,
  type EndpointState,
  isRequest,
  type RequestMessage,
} from "./endpoint_context.ts";
import { errorCodeOf, errorReply } from "./error_reply.ts";
import { readErrorCode } from "./error_codes.ts";
import { HeartbeatExchange } from "./heartbeat_exchange.ts";
import type { Metrics } from "./messages/metrics.ts";
import type { Ack, Disconnect, ErrorMessage } from "./messages/outcome.ts";
import type { Message, MessageType } from "./messages/registry.ts";
import type { QualityAdapt, StreamStop } from "./messages/stream_control.ts";
import type { StreamStart } from "./messages/stream_start.ts";
import { parseMessageWithJson } from "./parse_message.ts";
import { RotationExchange } from "./rotation_exchange.ts";
import { StreamExchange, type StreamOffer } from "./stream_exchange.ts";

/** What each state takes in (SPEC ARC-SIG-state-table). */
const ACCEPTED: Readonly<Record<EndpointState, ReadonlySet<MessageType>>> = {
  idle: new Set(["CONNECT", "HEARTBEAT"]),
  connecting: new Set(["CONNECT", "CONNECT_ACK", "DISCONNECT", "HEARTBEAT"]),
  connected: new Set(["CONNECT", "CONNECT_ACK", ...connectedTypes()]),
  reconnecting: new Set(["CONNECT", "CONNECT_ACK", ...connectedTypes()]),
  closed: new Set(),
};

function connectedTypes(): readonly MessageType[] {
  return [
    "STREAM_START",
    "STREAM_STOP",
    "QUALITY_ADAPT",
    "HEARTBEAT",
    "KEY_ROTATE",
    "KEY_ROTATE_ACK",
    "METRICS",
    "DISCONNECT",
  ];
}

export class SignalingEndpoint {
  readonly #context: EndpointContext;
  readonly #connect: ConnectExchange;
  readonly #rotation: RotationExchange;
  readonly #streams: StreamExchange;
  readonly #heartbeats: HeartbeatExchange;
  #isUp = false;

  constructor(config: EndpointConfig) {
    this.#context = new EndpointContext(config);
    this.#connect = new ConnectExchange(this.#context);
    this.#rotation = new RotationExchange(this.#context);
    this.#streams = new StreamExchange(this.#context);
    this.#heartbeats = new HeartbeatExchange(this.#context);
    this.#context.askForEpoch = (request, epoch, reason, nowMs) => {
      if (request === "resume") this.#connect.resume(epoch, nowMs);
      else this.#rotation.ask(epoch, reason ?? "manual", nowMs);
    };
  }

  get state(): EndpointState {
    return this.#context.state;
  }

  get role(): SessionRole {
    return this.#context.role;
  }

  /** What was agreed on; undefined until the session is connected. */
  get agreement(): Agreement | undefined {
    return this.#context.agreement;
  }

  /** The session's epochs, for whoever protects packets; undefined until the session is connected. */
  get epochs(): EpochMachine | undefined {
    return this.#context.epochs;
  }

  /** The master keys that are kept, for streams that start later; borrowed. */
  masterKey(epoch: number): Uint8Array | undefined {
    return this.#context.keys.master(epoch);
  }

  poll(): EndpointOutput | undefined {
    return this.#context.poll();
  }

  nextTimeoutMs(): number | undefined {
    const candidates = [
      this.#context.epochs?.nextTimeoutMs(),
      this.#isUp ? this.#context.requests.nextTimeoutMs() : undefined,
    ];
    if (this.#isUp && this.state !== "closed") candidates.push(this.#heartbeats.dueMs);
    const due = candidates.filter((atMs) => atMs !== undefined);
    return due.length === 0 ? undefined : Math.min(...due);
  }

  /** Does what is due at `nowMs`. */
  timeout(nowMs: number): void {
    const { epochs, requests } = this.#context;
    if (epochs !== undefined) this.#context.applyEpochs({ kind: "timeout" }, nowMs);
    if (!this.#isUp) return;
    for (let due = requests.poll(nowMs); due !== undefined; due = requests.poll(nowMs)) {
      if (due.kind === "send") this.#context.send(due.message);
      else this.#unanswered(due.message, nowMs);
    }
    if (nowMs >= this.#heartbeats.dueMs && this.state !== "closed") this.heartbeat(nowMs);
  }

  /** The signaling transport is there (again): begins, resumes, or announces itself to the server. */
  up(nowMs: number): void {
    this.#isUp = true;
    this.#heartbeats.up(nowMs);
    switch (this.state) {
      case "idle":
        if (this.#context.role === "caller") this.#connect.begin(nowMs);
        // On transports without channels this is how a callee joins (SPEC ARC-TRANSPORT-plain-join).
        else this.#heartbeats.send(nowMs, this.#context.config.token);
        return;
      case "connecting":
        return this.#context.requests.hurry(nowMs);
      case "connected":
      case "reconnecting":
        this.#context.requests.hurry(nowMs);
        return this.#context.applyEpochs({ kind: "resume" }, nowMs);
      case "closed":
        return;
    }
  }

  /** The signaling transport is gone. Media goes on; requests wait. */
  down(): void {
    this.#isUp = false;
    this.#heartbeats.down();
    if (this.state === "connected") this.#context.setState("reconnecting");
  }

  /** Takes a message as it arrived from the signaling transport. */
  receive(input: string | Uint8Array, nowMs: number): void {
    const parsed = parseMessageWithJson(input);
    if (parsed.ok) return this.handle(parsed.value.message, nowMs);
    this.#context.output({
      kind: "warning",
      code: errorCodeOf(parsed.fault.reason),
      message: parsed.fault.message,
      byPeer: false,
    });
    const error = errorReply(parsed.json, parsed.fault, this.#context.unixMs(nowMs));
    if (error !== undefined) this.#context.send(error);
  }

  /** Takes a parsed message, from the signaling transport or unsealed from a path. */
  handle(message: Message, nowMs: number): void {
    if (message.type === "ERROR") return this.#onError(message, nowMs);
    const misdirected = this.#judgeAddress(message);
    if (misdirected !== undefined) return this.#context.refuse(message, ...misdirected, nowMs);
    if (message.type === "ACK") return this.#onAck(message, nowMs);
    if (message.type === "HEARTBEAT_ACK") return this.#heartbeats.onAck(message, nowMs);
    if (isRequest(message)) {
      const remembered = this.#context.remembered(message, nowMs);
      if (remembered !== undefined) return this.#context.send(remembered);
    }
    if (!ACCEPTED[this.state].has(message.type)) {
      const code = this.#context.isForgotten(nowMs) ? "unknown_session" : "bad_state";
      return this.#context.refuse(message, code, `${message.type} does not fit a session that is ${this.state}`, nowMs);
    }
    this.#dispatch(message, nowMs);
  }

  /** Session and sender must be those of the session; undefined when they are. */
  #judgeAddress(message: Message): ["unknown_session" | "unauthorized", string] | undefined {
    const { sessionId } = this.#context.config;
    if (!("session_id" in message) || message.session_id !== sessionId) {
      return ["unknown_session", "this end serves another session"];
    }
    const remote = this.#context.agreement?.remote.peerId;
    if (remote === undefined || message.type === "CONNECT") return undefined;
    if ("peer_id" in message && message.peer_id !== undefined && message.peer_id !== remote) {
      return ["unauthorized", "the sender is not this session's peer"];
    }
    return undefined;
  }

  #dispatch(message: Exclude<Message, ErrorMessage | Ack>, nowMs: number): void {
    switch (message.type) {
      case "CONNECT":
        return this.#connect.onConnect(message, nowMs);
      case "CONNECT_ACK":
        return this.#connect.onConnectAck(message, nowMs);
      case "KEY_ROTATE":
        return this.#rotation.onRotate(message, nowMs);
      case "KEY_ROTATE_ACK":
        return this.#rotation.onRotateAck(message, nowMs);
      case "STREAM_START":
        return this.#streams.onStart(message, nowMs);
      case "STREAM_STOP":
        return this.#streams.onStop(message, nowMs);
      case "QUALITY_ADAPT":
        return this.#streams.onAdapt(message, nowMs);
      case "HEARTBEAT":
        return this.#heartbeats.onHeartbeat(message, nowMs);
      case "DISCONNECT":
        this.#context.acknowledge(message, nowMs);
        return this.#context.close({
          kind: "closed",
          why: message.reason,
          byPeer: true,
          message: `the other peer ended the session: ${message.reason}`,
        }, nowMs);
      case "METRICS":
      case "HEARTBEAT_ACK":
      case "RELAY_BIND":
      case "RELAY_CHALLENGE":
      case "RELAY_BOUND":
      case "RELAY_UNBIND":
      case "RELAY_KEYS":
        return; // METRICS are a server's; the state table lets no RELAY_ message come here
      default:
        return unreachable(message);
    }
  }

  #onAck(ack: Ack, nowMs: number): void {
    const request = this.#context.requests.answered(ack.in_reply_to);
    if (request?.type === "STREAM_START") {
      this.#context.output({ kind: "stream_accepted", streamId: request.stream_id });
    } else if (request?.type === "DISCONNECT") {
      this.#closeAfterOwnDisconnect(request, nowMs);
    }
  }

  #onError(error: ErrorMessage, nowMs: number): void {
    const code = readErrorCode(error.code);
    const { type, timestamp, stream_id } = error.in_reply_to ?? {};
    const request = type === undefined || timestamp === undefined
      ? undefined
      : this.#context.requests.answered({ type, timestamp, stream_id });
    switch (request?.type) {
      case "CONNECT":
        if (request.resume === true) {
          this.#context.applyEpochs({ kind: "failed", request: "resume", epoch: request.epoch }, nowMs);
          break;
        }
        return this.#context.close(
          { kind: "closed", why: "refused", byPeer: true, code, message: error.message },
          nowMs,
        );
      case "KEY_ROTATE":
        this.#context.applyEpochs({ kind: "failed", request: "rotate", epoch: request.epoch }, nowMs);
        break;
      case "STREAM_START":
        this.#context.streams?.stop("own", request.stream_id);
        this.#context.output({ kind: "stream_refused", streamId: request.stream_id, code, message: error.message });
        return;
      case "DISCONNECT":
        return this.#closeAfterOwnDisconnect(request, nowMs);
      case "STREAM_STOP":
      case "QUALITY_ADAPT":
      case undefined:
        break;
      default:
        unreachable(request);
    }
    this.#context.output({ kind: "warning", code, message: error.message, byPeer: true });
  }

  /** Six sendings and no answer (SPEC ARC-SIG-repeat-doubling). */
  #unanswered(request: RequestMessage, nowMs: number): void {
    switch (request.type) {
      case "CONNECT":
        if (request.resume === true) {
          return this.#context.applyEpochs({ kind: "failed", request: "resume", epoch: request.epoch }, nowMs);
        }
        return this.#context.close({
          kind: "closed",
          why: "failed",
          byPeer: false,
          message: "nobody answered CONNECT",
        }, nowMs);
      case "KEY_ROTATE":
        return this.#context.applyEpochs({ kind: "failed", request: "rotate", epoch: request.epoch }, nowMs);
      case "DISCONNECT":
        return this.#closeAfterOwnDisconnect(request, nowMs);
      case "STREAM_START":
      case "STREAM_STOP":
      case "QUALITY_ADAPT":
        return this.#context.output({
          kind: "warning",
          code: "internal",
          message: `nobody answered ${request.type}`,
          byPeer: false,
        });
      default:
        return unreachable(request);
    }
  }

  #closeAfterOwnDisconnect(request: Disconnect, nowMs: number): void {
    this.#context.close(
      { kind: "closed", why: request.reason, byPeer: false, message: "the session was ended here" },
      nowMs,
    );
  }

  /** Announces a stream of ours. @throws Error when the session is not connected or an id is used up. */
  startStream(offer: StreamOffer, nowMs: number): StreamStart {
    return this.#streams.start(offer, nowMs);
  }

  /** Announces our running streams again after a resumption; `rocOf` answers an SSRC's rollover counter. */
  announceStreams(rocOf: (ssrc: number) => number, nowMs: number): void {
    this.#streams.announceAgain(rocOf, nowMs);
  }

  stopStream(streamId: string, reason: StreamStop["reason"], nowMs: number): void {
    this.#streams.stop(streamId, reason, nowMs);
  }

  adaptQuality(
    streamId: string,
    quality: QualityAdapt["quality"],
    reason: QualityAdapt["reason"],
    nowMs: number,
  ): void {
    this.#streams.adapt(streamId, quality, reason, nowMs);
  }

  /** Asks for new keys. */
  rotate(reason: "manual" | "security_event", nowMs: number): void {
    this.#context.applyEpochs({ kind: "wanted", reason }, nowMs);
  }

  /** Tells that a unit was authenticated under an epoch; cheap when there is nothing new in it. */
  authenticated(epoch: number, nowMs: number): void {
    this.#context.epochs?.authenticated(epoch, nowMs);
    this.#context.drainEpochs(nowMs);
  }

  /** To be called after a batch was protected: may start a rotation or stop the streams. */
  checkBudget(nowMs: number): void {
    this.#context.epochs?.checkBudget(nowMs);
    this.#context.drainEpochs(nowMs);
  }

  /** Reports what was measured; not sent while the signaling is down. */
  metrics(figures: Pick<Metrics, "latency" | "quality" | "performance" | "network">, nowMs: number): void {
    if (!this.#isUp || this.state !== "connected") return;
    const { sessionId, peerId } = this.#context.config;
    const timestamp = this.#context.unixMs(nowMs);
    this.#context.send({ type: "METRICS", session_id: sessionId, peer_id: peerId, ...figures, timestamp });
  }

  /** Sends a HEARTBEAT on the signaling transport. */
  heartbeat(nowMs: number): void {
    this.#heartbeats.send(nowMs, undefined);
  }

  /** Ends the session; `closed` follows when the other side has answered or does not answer. */
  disconnect(reason: Disconnect["reason"], nowMs: number): void {
    const { config, agreement } = this.#context;
    if (this.state === "closed") return;
    if (agreement === undefined || !this.#isUp) {
      return this.#context.close(
        { kind: "closed", why: reason, byPeer: false, message: "the session was ended here" },
        nowMs,
      );
    }
    this.#context.requests.clear();
    this.#context.request({
      type: "DISCONNECT",
      session_id: config.sessionId,
      peer_id: config.peerId,
      reason,
      timestamp: this.#context.requestTimestamp("DISCONNECT", undefined, nowMs),
    }, nowMs);
  }
}
