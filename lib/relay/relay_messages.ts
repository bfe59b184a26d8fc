/**
 * The relay's own messages: binding, the checks' keys, and HEARTBEATs to the relay itself. SPEC §8.1, §8.2, §8.4.
 *
 * ```
 *   RELAY_BIND, no proof          -> RELAY_CHALLENGE   nothing is kept
 *   RELAY_BIND, stale nonce       -> RELAY_CHALLENGE   the address is not proven: it may not even be told
 *   RELAY_BIND, wrong proof       -> ERROR             the address is proven, so it may
 *   RELAY_BIND, all right         -> RELAY_BOUND
 * ```
 */
import type { Fault } from "../base/parsed.ts";
import { NIL_UUID } from "../base/uuid.ts";
import type { CryptoBackend } from "../crypto/backend.ts";
import { makeRelayNonce, verifyRelayNonce } from "../crypto/relay_nonce.ts";
import { isExpired, verifyRelayProof } from "../crypto/relay_token.ts";
import type { ErrorCode } from "../signaling/error_codes.ts";
import { faultToError, type ReplyContext, replyContext } from "../signaling/error_reply.ts";
import { heartbeatAck } from "../signaling/heartbeat_ack.ts";
import { parseJson } from "../signaling/json.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../signaling/json_value.ts";
import type { Heartbeat } from "../signaling/messages/heartbeat.ts";
import type { Message } from "../signaling/messages/registry.ts";
import type { RelayBind, RelayKeys, RelayUnbind } from "../signaling/messages/relay.ts";
import { readMessage, writeMessage } from "../signaling/parse_message.ts";
import { BINDING_LIFETIME_S, type Bindings, type BindRefusal } from "./bindings.ts";
import { NONE, type RelayAddresses, type RelaySource } from "./relay_addresses.ts";
import type { RelayAnswers, Request } from "./relay_answers.ts";
import { PeerChecks } from "./relay_checks.ts";
import type { RelayCounters } from "./relay_counters.ts";
import type { RelayEvents } from "./relay_events.ts";
import type { SourceRates } from "./source_rates.ts";

const REFUSAL_WORDS: Readonly<Record<BindRefusal, string>> = {
  third_peer: "the session has its two peers",
  sessions_full: "the relay has all the sessions it takes",
  source_full: "this address has all the bindings it may have",
  draining: "the relay is shutting down",
};

/** Acted-on BINDs that are remembered of a peer, and for how long. SPEC ARC-SIG-repeat-same-answer. */
const MAX_REMEMBERED_BINDS = 4;
const REMEMBERED_MS = 30_000;

export interface RelayMessageOptions {
  /** 1 to 64 characters. */
  readonly relayId: string;
  /** Shared with the signaling server; borrowed for good. */
  readonly secret: Uint8Array;
  /** The relay's own, for nonces. */
  readonly nonceSecret: Uint8Array;
  /** Unix milliseconds = `nowMs` + this. */
  readonly unixOffsetMs: number;
  readonly addresses: RelayAddresses;
  readonly crypto: CryptoBackend;
  readonly bindings: Bindings;
  /** By peer number; undefined while no keys were given. */
  readonly checks: (PeerChecks | undefined)[];
  readonly rates: SourceRates;
  readonly answers: RelayAnswers;
  readonly counters: RelayCounters;
  readonly events: RelayEvents;
}

/** A BIND that was acted on. */
interface RememberedBind {
  readonly timestamp: number;
  readonly nonce: string;
  readonly answer: string;
  readonly untilMs: number;
}

/** A connection that was bound over TLS: its peer may send keys over it after its media has moved elsewhere. */
interface KeyLink {
  readonly peer: number;
  readonly generation: number;
}

/** Who asks, and when. */
interface Asker extends Request {
  readonly source: RelaySource;
  readonly nowMs: number;
}

export class RelayMessages {
  readonly #options: RelayMessageOptions;
  /** By peer number; they go with the peer. */
  readonly #remembered: (RememberedBind[] | undefined)[] = [];
  readonly #keyLinks = new Map<number, KeyLink>();

  constructor(options: RelayMessageOptions) {
    this.#options = options;
  }

  /**
   * Takes a plain JSON unit from `address`, bound as `peer` or not at all ({@link NONE}). False when it is not for the
   * relay itself, and so for the other peer. SPEC ARC-RELAY-own-units.
   */
  take(unit: Uint8Array, address: number, peer: number, nowMs: number): boolean {
    const { counters, addresses, rates } = this.#options;
    const source = addresses.describe(address);
    // A source port of 0, which only a forger has, can be neither answered nor written down.
    if (source === undefined || source.port === 0) {
      counters.drop("message");
      return true;
    }
    if (!rates.admit(source.limitKey, peer !== NONE, nowMs)) {
      counters.drop("message_rate");
      return true;
    }
    const json = parseJson(unit);
    if (!json.ok || !isForRelay(json.value)) return false;
    if (json.value.type === "RELAY_KEYS" && source.transport !== "tls") {
      counters.drop("keys_insecure");
      return true;
    }
    const asker: Asker = { address, bytes: unit.length, source, nowMs };
    const message = readMessage(json.value);
    if (message.ok) this.#act(message.value, peer, asker);
    else this.#refuse(message.fault, replyContext(json.value), peer, asker);
    return true;
  }

  /** A stream connection is gone, and its number with it. */
  closed(address: number): void {
    this.#keyLinks.delete(address);
  }

  /** True when a connection may send keys for a peer that is still there. */
  isKeyLink(address: number): boolean {
    return this.#keyPeer(address) !== NONE;
  }

  /** A peer is gone, and its number with it. */
  ended(peer: number): void {
    this.#remembered[peer] = undefined;
  }

  #act(message: Message, peer: number, asker: Asker): void {
    switch (message.type) {
      case "RELAY_BIND":
        return this.#bind(message, asker);
      case "RELAY_UNBIND":
        return this.#unbind(message, asker);
      case "RELAY_KEYS":
        return this.#keys(message, peer, asker);
      case "HEARTBEAT":
        return this.#heartbeat(message, peer, asker);
      default:
        // RELAY_CHALLENGE and RELAY_BOUND are a relay's to send. Two relays must never begin to talk.
        return this.#options.counters.drop("message");
    }
  }

  #bind(bind: RelayBind, asker: Asker): void {
    if (!this.#isProven(bind, asker)) return;
    const { bindings, answers, counters, events, relayId } = this.#options;
    const { session_id: sessionId, peer_id: peerId, timestamp, nonce = "" } = bind;
    const { address, source, nowMs } = asker;
    if (isExpired(bind.expires, this.#unixMs(nowMs))) {
      return this.#error("unauthorized", "the token is over", bind, asker);
    }
    const repeated = this.#recall(bindings.find(sessionId, peerId), timestamp, nonce, nowMs);
    if (repeated !== undefined) return answers.toPeer(repeated, asker);
    const wish = { sessionId, peerId, address, limitKey: source.limitKey };
    const refusal = bindings.judge(wish, nowMs);
    if (refusal !== undefined) return this.#error("busy", REFUSAL_WORDS[refusal], bind, asker);

    const outcome = bindings.bind(wish, nowMs);
    const peer = bindings.peerAt(address, nowMs);
    const answer = writeMessage({
      type: "RELAY_BOUND",
      relay_id: relayId,
      session_id: sessionId,
      peer_id: peerId,
      observed: { ip: source.ip, port: source.port },
      lifetime_s: BINDING_LIFETIME_S,
    });
    this.#remember(peer, { timestamp, nonce, answer, untilMs: nowMs + REMEMBERED_MS });
    if (source.transport === "tls") {
      this.#keyLinks.set(address, { peer, generation: bindings.generationOf(peer) });
    }
    counters.message("bound");
    events.push({ kind: "bound", outcome, sessionId, peerId, address });
    answers.toPeer(answer, asker);
  }

  #unbind(unbind: RelayUnbind, asker: Asker): void {
    if (!this.#isProven(unbind, asker)) return;
    const { bindings, counters, answers } = this.#options;
    const { type, session_id, timestamp } = unbind;
    const peer = bindings.find(session_id, unbind.peer_id);
    // A late repetition must not end a binding that was made after it; and what has ended already has ended.
    if (peer !== NONE && timestamp >= this.#boundTimestamp(peer)) {
      counters.message("unbound");
      bindings.end(peer, "unbind");
    }
    answers.toPeer(this.#ack(type, session_id, timestamp, asker), asker);
  }

  /** Judges nonce and proof and answers where they are not right. */
  #isProven(request: RelayBind | RelayUnbind, asker: Asker): boolean {
    const { secret, nonceSecret, answers, counters } = this.#options;
    const { session_id: sessionId, peer_id: peerId, expires: expiresS, nonce, proof } = request;
    const { source, nowMs } = asker;
    const unixMs = this.#unixMs(nowMs);
    if (nonce === undefined || proof === undefined || !verifyRelayNonce(nonceSecret, source, nonce, unixMs)) {
      counters.message("challenge");
      const challenge = { type: "RELAY_CHALLENGE", nonce: makeRelayNonce(nonceSecret, source, unixMs) } as const;
      if (!answers.toStranger(writeMessage(challenge), asker)) counters.drop("answer_larger");
      return false;
    }
    if (verifyRelayProof(secret, { sessionId, peerId, expiresS }, nonce, proof)) return true;
    this.#error("unauthorized", "the proof is wrong", request, asker);
    return false;
  }

  /** SPEC ARC-RELAY-keys-secure, ARC-RELAY-keys-owner. `take` has seen to the first. */
  #keys(keys: RelayKeys, boundPeer: number, asker: Asker): void {
    const { bindings, checks, crypto, counters, events, answers } = this.#options;
    const { address, nowMs } = asker;
    const peer = boundPeer === NONE ? this.#keyPeer(address) : boundPeer;
    if (peer === NONE) return counters.drop("unbound");
    const sessionId = bindings.sessionIdOf(peer);
    if (sessionId !== keys.session_id) {
      return this.#error("unknown_session", "this connection is bound to another session", keys, asker);
    }
    const others = checks[peer ^ 1];
    const named = [keys.ssrc, ...(keys.reduced_header ?? []).map(({ ssrc }) => ssrc)];
    if (others !== undefined && named.some((ssrc) => others.has(ssrc))) {
      return this.#error("bad_state", "the SSRC is the other peer's", keys, asker);
    }
    const own = checks[peer] ??= new PeerChecks(crypto);
    const refusal = own.add(keys, nowMs);
    if (refusal === "bad_state") return this.#error("bad_state", "a reduced context is defined already", keys, asker);
    if (refusal === "busy") return this.#error("busy", "too many SSRCs", keys, asker);
    counters.message("keys");
    const peerId = bindings.peerIdOf(peer) ?? "";
    events.push({ kind: "keys", sessionId, peerId, ssrc: keys.ssrc, epoch: keys.epoch });
    answers.toPeer(this.#ack(keys.type, sessionId, keys.timestamp, asker, keys.stream_id), asker);
  }

  /** SPEC ARC-RELAY-nil-heartbeat, ARC-RELAY-draining. */
  #heartbeat(heartbeat: Heartbeat, peer: number, asker: Asker): void {
    const { answers, counters, bindings } = this.#options;
    if (bindings.isDraining && peer === NONE) return counters.drop("draining");
    const { ip, port } = asker.source;
    const answer = writeMessage(heartbeatAck(heartbeat, this.#unixMs(asker.nowMs), { ip, port }));
    if (answers.toStranger(answer, asker)) counters.message("heartbeat");
    else counters.drop("answer_larger");
  }

  /**
   * A message for the relay that breaks its schema. Told only where the address is known to be real: on a connection,
   * and at a binding. SPEC ARC-SIG-error-not-to-strangers.
   */
  #refuse(fault: Fault, context: ReplyContext, peer: number, asker: Asker): void {
    if (peer === NONE && asker.source.transport === "udp") return this.#options.counters.drop("message");
    const { code, message } = faultToError(fault);
    const { answers } = this.#options;
    const unixMs = this.#unixMs(asker.nowMs);
    if (peer === NONE) {
      answers.error(code, message, context, unixMs, asker, code === "bad_message" ? fault.path : undefined);
    } else answers.errorInFull(code, message, context, unixMs, asker);
  }

  #error(code: ErrorCode, message: string, request: RelayBind | RelayUnbind | RelayKeys, asker: Asker): void {
    const { answers, events } = this.#options;
    const { type, timestamp, session_id: sessionId } = request;
    const peerId = "peer_id" in request ? request.peer_id : undefined;
    events.push({ kind: "refused", code, message, address: asker.address, sessionId, peerId });
    const stream = "stream_id" in request ? { stream_id: request.stream_id } : {};
    const context = { session_id: sessionId, in_reply_to: { type, timestamp, ...stream } };
    answers.error(code, message, context, this.#unixMs(asker.nowMs), asker);
  }

  #ack(type: string, session_id: string, timestamp: number, { nowMs }: Asker, stream_id?: string): string {
    return writeMessage({
      type: "ACK",
      session_id,
      in_reply_to: { type, timestamp, stream_id },
      timestamp: this.#unixMs(nowMs),
    });
  }

  #keyPeer(address: number): number {
    const link = this.#keyLinks.get(address);
    if (link === undefined) return NONE;
    return this.#options.bindings.generationOf(link.peer) === link.generation ? link.peer : NONE;
  }

  #remember(peer: number, bind: RememberedBind): void {
    const binds = this.#remembered[peer] ??= [];
    binds.push(bind);
    if (binds.length > MAX_REMEMBERED_BINDS) binds.shift();
  }

  /** The answer that this very BIND got: a late copy from a former address must not move the binding back. */
  #recall(peer: number, timestamp: number, nonce: string, nowMs: number): string | undefined {
    const binds = peer === NONE ? undefined : this.#remembered[peer];
    return binds?.find((bind) => bind.timestamp === timestamp && bind.nonce === nonce && bind.untilMs > nowMs)?.answer;
  }

  #boundTimestamp(peer: number): number {
    return this.#remembered[peer]?.at(-1)?.timestamp ?? 0;
  }

  #unixMs(nowMs: number): number {
    return Math.floor(nowMs + this.#options.unixOffsetMs);
  }
}

/** SPEC ARC-RELAY-own-units. */
function isForRelay(json: JsonValue): json is JsonObject {
  if (!isJsonObject(json) || typeof json.type !== "string") return false;
  return json.type.startsWith("RELAY_") || (json.type === "HEARTBEAT" && json.session_id === NIL_UUID);
}
