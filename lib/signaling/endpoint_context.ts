/** What the exchanges of one endpoint share: configuration, state, the requests under way, and the way out. */
import type { CryptoBackend } from "../crypto/backend.ts";
import type { KeyPair } from "../crypto/ecdh.ts";
import type { EpochEvent, EpochMachine, EpochOutput, EpochRequest } from "../crypto/epochs.ts";
import type { EpochLimits, RotationReason } from "../crypto/rotation_triggers.ts";
import type { Certificate } from "../crypto/certificate.ts";
import type { IdentityPolicy, SessionRole } from "../crypto/identity.ts";
import type { Authentication, SuiteName } from "../crypto/suites.ts";
import type { Fault } from "../base/parsed.ts";
import type { Rng } from "../base/rng.ts";
import { unreachable } from "../base/unreachable.ts";
import type { ErrorCode } from "./error_codes.ts";
import { faultToError, replyContext } from "./error_reply.ts";
import type { Connect } from "./messages/connect.ts";
import type { ConnectAck } from "./messages/connect_ack.ts";
import type { HeartbeatAck } from "./messages/heartbeat.ts";
import type { Disconnect, ErrorMessage } from "./messages/outcome.ts";
import type { Message, MessageType } from "./messages/registry.ts";
import type { QualityAdapt } from "./messages/stream_control.ts";
import type { StreamStart } from "./messages/stream_start.ts";
import { messageToJson } from "./parse_message.ts";
import {
  ANSWER_MEMORY_MS,
  AnswerMemory,
  FIRST_REPEAT_DATAGRAM_MS,
  FIRST_REPEAT_STREAM_MS,
  RequestTracker,
} from "./reliability.ts";
import type { SelectedCodecs, SupportedCodec } from "./selection.ts";
import { type Negotiated, SessionKeys } from "./session_keys.ts";
import type { StreamRegistry } from "./stream_registry.ts";

export type EndpointState = "idle" | "connecting" | "connected" | "reconnecting" | "closed";

export interface EndpointConfig {
  /** Who begins. Crossing CONNECTs may turn a caller into the callee (SPEC ARC-SIG-state-crossing-connect). */
  readonly role: SessionRole;
  readonly sessionId: string;
  readonly peerId: string;
  readonly rng: Rng;
  /** For all cryptography of the session but identities. */
  readonly backend: CryptoBackend;
  /** Unix time in ms = the calls' `nowMs` + this. */
  readonly unixOffsetMs: number;
  /** By preference. */
  readonly codecs: readonly SupportedCodec[];
  readonly suites: readonly SuiteName[];
  readonly authentications: readonly Authentication[];
  readonly resolutions: readonly string[];
  readonly reducedHeader: boolean;
  readonly rtx: boolean;
  readonly fec: boolean;
  /** Where this end can be reached, as far as it is known when it is asked. */
  readonly networkInfo: () => Connect["network_info"];
  readonly identity?: {
    readonly certificateBase64: string;
    readonly certificateDer: Uint8Array;
    readonly key: KeyPair;
  };
  readonly identityPolicy: IdentityPolicy;
  readonly epochLimits?: Partial<EpochLimits>;
  /** JWT for the server. */
  readonly token?: string;
  /** True where signaling runs over datagrams: requests repeat sooner. */
  readonly overDatagrams?: boolean;
  /** Private keys in the order of use, instead of random ones: for vectors and the testee alone. */
  readonly privateKeys?: readonly Uint8Array[];
}

/** The other peer, as the handshake made it known. */
export interface RemotePeer {
  readonly peerId: string;
  readonly reducedHeader: boolean;
  readonly rtx: boolean;
  readonly fec: boolean;
  readonly networkInfo: Connect["network_info"] | Extract<ConnectAck, { accepted: true }>["network_info"];
  /** Verified; null without an identity. */
  readonly certificate: Certificate | null;
}

/** What a session agreed on. */
export interface Agreement {
  readonly role: SessionRole;
  readonly remote: RemotePeer;
  readonly codecs: SelectedCodecs;
  readonly negotiated: Negotiated;
}

export type EndpointOutput =
  | { readonly kind: "send"; readonly message: Message }
  | { readonly kind: "state"; readonly state: EndpointState }
  /** The handshake is done; the keys of epoch 0 came just before as `epoch_made`. */
  | { readonly kind: "connected"; readonly agreement: Agreement }
  | { readonly kind: "resumed"; readonly epoch: number; readonly agreement: Agreement }
  /** Keys can be derived from `master`, which is borrowed for the call that takes this output. */
  | { readonly kind: "epoch_made"; readonly epoch: number; readonly master: Uint8Array }
  | { readonly kind: "epoch_send"; readonly epoch: number }
  | { readonly kind: "epoch_confirmed"; readonly epoch: number }
  | { readonly kind: "epoch_retired"; readonly epoch: number }
  /** The keys are used up and no new epoch came: the streams have to stop. */
  | { readonly kind: "epoch_spent"; readonly epoch: number }
  | { readonly kind: "stream_offered"; readonly start: StreamStart; readonly isNew: boolean }
  | { readonly kind: "stream_accepted"; readonly streamId: string }
  | { readonly kind: "stream_refused"; readonly streamId: string; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: "stream_stopped"; readonly streamId: string; readonly reason: string }
  | { readonly kind: "quality_cap"; readonly message: QualityAdapt }
  /** The answer to a HEARTBEAT of ours, and the round trip on our clock (SPEC ARC-SIG-heartbeat-rtt). */
  | { readonly kind: "heartbeat_ack"; readonly message: HeartbeatAck; readonly rttMs: number }
  /** Something was refused, by us or by the other side, and the session goes on. */
  | { readonly kind: "warning"; readonly code: ErrorCode; readonly message: string; readonly byPeer: boolean }
  | {
    readonly kind: "closed";
    /** `refused` and `failed` come before the session was ever connected. */
    readonly why: "refused" | "failed" | Disconnect["reason"];
    readonly byPeer: boolean;
    readonly code?: ErrorCode;
    readonly message: string;
  };

/** Requests: what is repeated until it is answered. */
export type RequestMessage = Extract<
  Message,
  { type: "CONNECT" | "KEY_ROTATE" | "STREAM_START" | "STREAM_STOP" | "QUALITY_ADAPT" | "DISCONNECT" }
>;

export class EndpointContext {
  readonly config: EndpointConfig;
  readonly requests = new RequestTracker<RequestMessage>();
  readonly #answers = new AnswerMemory<Message>();
  #closedMs = Infinity;
  readonly keys: SessionKeys;
  /** From the moment that the session is agreed on. */
  agreement: Agreement | undefined = undefined;
  epochs: EpochMachine | undefined = undefined;
  streams: StreamRegistry | undefined = undefined;
  /** The role in force: see {@link EndpointConfig.role}. */
  role: SessionRole;
  #state: EndpointState = "idle";
  readonly #outputs: EndpointOutput[] = [];

  constructor(config: EndpointConfig) {
    this.config = config;
    this.role = config.role;
    this.keys = new SessionKeys(config.sessionId, config.rng, config.backend.p256, config.privateKeys);
  }

  get state(): EndpointState {
    return this.#state;
  }

  setState(state: EndpointState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.output({ kind: "state", state });
  }

  output(output: EndpointOutput): void {
    this.#outputs.push(output);
  }

  poll(): EndpointOutput | undefined {
    return this.#outputs.shift();
  }

  unixMs(nowMs: number): number {
    return Math.floor(nowMs + this.config.unixOffsetMs);
  }

  /** Sends a message that is not repeated. */
  send(message: Message): void {
    this.output({ kind: "send", message });
  }

  /** A timestamp that no other request of this type and stream has. */
  requestTimestamp(type: MessageType, streamId: string | undefined, nowMs: number): number {
    return this.requests.freshTimestamp(type, streamId, this.unixMs(nowMs));
  }

  /** Sends a request and repeats it until {@link EndpointContext.requests} is told of its answer. */
  request(message: RequestMessage, nowMs: number): void {
    const interval = this.config.overDatagrams === true ? FIRST_REPEAT_DATAGRAM_MS : FIRST_REPEAT_STREAM_MS;
    this.requests.sent(message, interval, nowMs);
    this.send(message);
  }

  /** Answers a request, and remembers the answer for its repetitions. */
  answer(request: RequestMessage, answer: Message, nowMs: number): void {
    this.#answers.remember(senderOf(request), request, answer, nowMs);
    this.send(answer);
  }

  /** The answer that this very request of this very peer got; undefined when it is new. */
  remembered(request: RequestMessage, nowMs: number): Message | undefined {
    return this.#answers.recall(senderOf(request), request, nowMs);
  }

  acknowledge(
    request: Extract<RequestMessage, { type: "STREAM_START" | "STREAM_STOP" | "QUALITY_ADAPT" | "DISCONNECT" }>,
    nowMs: number,
  ): void {
    const { type, timestamp } = request;
    const streamId = "stream_id" in request ? { stream_id: request.stream_id } : {};
    this.answer(request, {
      type: "ACK",
      session_id: this.config.sessionId,
      in_reply_to: { type, timestamp, ...streamId },
      timestamp: this.unixMs(nowMs),
    }, nowMs);
  }

  /** Answers a message with an ERROR and changes nothing; requests get the same ERROR on repetition. */
  refuse(message: Message, code: ErrorCode, text: string, nowMs: number): void {
    if (message.type === "ERROR") return;
    const error: ErrorMessage = {
      type: "ERROR",
      code,
      message: text,
      ...replyContext(messageToJson(message)),
      timestamp: this.unixMs(nowMs),
    };
    this.output({ kind: "warning", code, message: `refused ${message.type}: ${text}`, byPeer: false });
    if (isRequest(message)) this.answer(message, error, nowMs);
    else this.send(error);
  }

  refuseFault(message: Message, fault: Fault, nowMs: number): void {
    const { code, message: text } = faultToError(fault);
    this.refuse(message, code, text, nowMs);
  }

  /**
   * Tells the epoch machine of an event and carries out what it answers. `make` makes the keys of a new epoch: after
   * what was there before it is put away, and before anything is sent with it.
   */
  applyEpochs(event: EpochEvent, nowMs: number, make: () => void = () => {}): void {
    if (this.epochs === undefined) return;
    this.epochs.handle(event, nowMs);
    this.drainEpochs(nowMs, make);
  }

  /** Carries out what the epoch machine wants after `authenticated` or `checkBudget`. */
  drainEpochs(nowMs: number, make: () => void = () => {}): void {
    const first = this.epochs?.poll();
    // The usual case, once per packet: nothing new.
    if (first === undefined) return make();
    const outputs: EpochOutput[] = [first];
    for (let out = this.epochs?.poll(); out !== undefined; out = this.epochs?.poll()) outputs.push(out);
    for (const out of outputs) this.#putAway(out);
    make();
    for (const out of outputs) this.#putToUse(out, nowMs);
  }

  #putAway(out: EpochOutput): void {
    switch (out.kind) {
      case "abandon": {
        this.keys.forgetOffer(out.epoch);
        const request = this.requests.open(out.request === "rotate" ? "KEY_ROTATE" : "CONNECT");
        if (request !== undefined) this.requests.answered(request);
        return;
      }
      case "confirm":
        this.keys.erase(out.epoch - 1);
        return this.output({ kind: "epoch_confirmed", epoch: out.epoch });
      case "discard":
        this.keys.erase(out.epoch);
        return this.output({ kind: "epoch_retired", epoch: out.epoch });
      case "retire":
        return this.output({ kind: "epoch_retired", epoch: out.epoch });
      case "refuse": // judged before it was handled
      case "answer": // is what `make` does
      case "ask":
      case "send":
      case "stop":
        return;
      default:
        return unreachable(out);
    }
  }

  #putToUse(out: EpochOutput, nowMs: number): void {
    if (out.kind === "ask") {
      // The keys that a request is proven with are erased with the session; a wish for new ones may still come.
      if (this.#state !== "closed") this.askForEpoch(out.request, out.epoch, out.reason, nowMs);
    } else if (out.kind === "send") this.output({ kind: "epoch_send", epoch: out.epoch });
    else if (out.kind === "stop") this.output({ kind: "epoch_spent", epoch: out.epoch });
  }

  /** True once a session is so long over that nothing of it is remembered. SPEC ARC-SIG-state-unknown-session. */
  isForgotten(nowMs: number): boolean {
    return nowMs - this.#closedMs > ANSWER_MEMORY_MS;
  }

  /** Sends the request for an epoch; set by the endpoint, which knows the exchanges. */
  askForEpoch: (request: EpochRequest, epoch: number, reason: RotationReason | null, nowMs: number) => void = () => {};

  close(closed: Extract<EndpointOutput, { kind: "closed" }>, nowMs: number): void {
    if (this.#state === "closed") return;
    this.#closedMs = nowMs;
    this.requests.clear();
    this.keys.eraseAll();
    this.setState("closed");
    this.output(closed);
  }
}

/** What names no peer comes from the one that the session is with (SPEC ARC-SIG-sender-from-connection). */
function senderOf(request: RequestMessage): string {
  return "peer_id" in request ? request.peer_id : "";
}

export function isRequest(message: Message): message is RequestMessage {
  switch (message.type) {
    case "CONNECT":
    case "KEY_ROTATE":
    case "STREAM_START":
    case "STREAM_STOP":
    case "QUALITY_ADAPT":
    case "DISCONNECT":
      return true;
    default:
      return false;
  }
}
