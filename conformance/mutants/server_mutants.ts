/** Signaling servers that are broken. */
import { NIL_UUID } from "../../lib/base/uuid.ts";
import type { HubOutput, SignalingHub } from "../../lib/signaling/hub.ts";
import { isJsonObject, type JsonObject } from "../../lib/signaling/json_value.ts";
import type { Message } from "../../lib/signaling/messages/registry.ts";
import { messageToJson, type ParsedMessage } from "../../lib/signaling/parse_message.ts";
import type { Mutant } from "./mutant.ts";
import { authMutant, frameMutant, hubMutant, serverMutant } from "./server_mutant.ts";

type Hub = typeof SignalingHub;
/** What a hub sends. */
type Send = Extract<HubOutput, { kind: "send" }>;

/** A hub with a look at each message that it sends: it may send others instead. `hub` is the hub itself. */
function sending(Right: Hub, change: (send: Send, hub: ChangedHub) => readonly Send[]): Hub {
  return class extends Right implements ChangedHub {
    readonly channels = new Set<number>();
    readonly said = new Map<number, JsonObject>();
    readonly #waiting: HubOutput[] = [];

    override open(id: number, nowMs: number): void {
      this.channels.add(id);
      super.open(id, nowMs);
    }

    override message(id: number, parsed: ParsedMessage, nowMs: number) {
      this.said.set(id, parsed.json);
      return super.message(id, parsed, nowMs);
    }

    override poll(): HubOutput | undefined {
      for (;;) {
        const waiting = this.#waiting.shift();
        if (waiting !== undefined) return waiting;
        const out = super.poll();
        if (out === undefined || out.kind !== "send") return out;
        this.#waiting.push(...change(out, this));
      }
    }
  };
}

interface ChangedHub {
  readonly channels: ReadonlySet<number>;
  /** The latest message of each channel, as it came. */
  readonly said: ReadonlyMap<number, JsonObject>;
}

/** A hub that takes each message for another: what it is judged by, and what is forwarded. */
function hearing(Right: Hub, change: (parsed: ParsedMessage, joined: Joined | undefined) => ParsedMessage): Hub {
  return class extends Right {
    readonly #joined = new Map<number, Joined>();

    override join(...args: Parameters<SignalingHub["join"]>) {
      const [id, sessionId, peerId] = args;
      const refusal = super.join(...args);
      if (refusal === undefined && !this.#joined.has(id)) this.#joined.set(id, { sessionId, peerId });
      return refusal;
    }

    override message(id: number, parsed: ParsedMessage, nowMs: number) {
      return super.message(id, change(parsed, this.#joined.get(id)), nowMs);
    }
  };
}

interface Joined {
  readonly sessionId: string;
  readonly peerId: string;
}

/** The original of what is sent, where it was just said by somebody. */
function originalOf(json: JsonObject, { said }: ChangedHub): JsonObject | undefined {
  return [...said.values()].find(({ type, timestamp }) => type === json.type && timestamp === json.timestamp);
}

function isForwarded({ json }: Send, hub: ChangedHub): boolean {
  return originalOf(json, hub) !== undefined;
}

function relaysOf({ network_info }: JsonObject): JsonObject {
  return isJsonObject(network_info) && network_info.relay_servers !== undefined
    ? { relay_servers: network_info.relay_servers }
    : {};
}

const HUB_MUTANTS: readonly Mutant[] = [
  hubMutant(
    { id: "server/forwards-to-all", broken: "forwards to every connection", breaks: ["ARC-TRANSPORT-server-forward"] },
    (Right) =>
      sending(Right, (send, hub) => isForwarded(send, hub) ? [...hub.channels].map((to) => ({ ...send, to })) : [send]),
  ),
  hubMutant(
    { id: "server/forwards-metrics", broken: "forwards METRICS too", breaks: ["ARC-METRICS-not-forwarded"] },
    (Right) =>
      hearing(Right, ({ message, json }) => {
        if (message.type !== "METRICS") return { message, json };
        const { session_id, peer_id, timestamp } = message;
        return { message: { type: "DISCONNECT", session_id, peer_id, reason: "error", timestamp }, json };
      }),
  ),
  hubMutant(
    {
      id: "server/shows-no-round-trips",
      broken: "leaves the round trips that peers report out of what it shows",
      breaks: ["ARC-METRICS-exporters"],
    },
    (Right) =>
      hearing(Right, (parsed) => {
        const { message } = parsed;
        return message.type === "METRICS" ? { ...parsed, message: { ...message, network: {} } } : parsed;
      }),
  ),
  hubMutant(
    { id: "server/forwards-twice", broken: "forwards everything twice", breaks: ["ARC-TRANSPORT-server-forward"] },
    (Right) => sending(Right, (send, hub) => isForwarded(send, hub) ? [send, send] : [send]),
  ),
  hubMutant(
    { id: "server/keeps-token", broken: "forwards the token", breaks: ["ARC-TRANSPORT-server-unchanged"] },
    (Right) =>
      sending(Right, (send, hub) => {
        const token = originalOf(send.json, hub)?.token;
        return token === undefined ? [send] : [{ ...send, json: { ...send.json, token } }];
      }),
  ),
  hubMutant(
    { id: "server/drops-unknown", broken: "forwards known fields alone", breaks: ["ARC-TRANSPORT-server-unchanged"] },
    (Right) => hearing(Right, ({ message }) => ({ message, json: messageToJson(message) })),
  ),
  hubMutant(
    {
      id: "server/own-timestamp",
      broken: "writes its own time into what it forwards",
      breaks: ["ARC-TRANSPORT-server-unchanged", "ARC-TRANSPORT-server-forward"],
    },
    (Right) =>
      sending(
        Right,
        (send, hub) =>
          isForwarded(send, hub) ? [{ ...send, json: { ...send.json, timestamp: 1_700_000_000_000 } }] : [send],
      ),
  ),
  hubMutant(
    { id: "server/keeps-relays", broken: "passes on the sender's relays", breaks: ["ARC-TRANSPORT-server-relays"] },
    (Right) =>
      sending(Right, (send, hub) => {
        const original = originalOf(send.json, hub);
        if (original === undefined || !isJsonObject(send.json.network_info)) return [send];
        const network_info = { ...send.json.network_info, ...relaysOf(original) };
        return [{ ...send, json: { ...send.json, network_info } }];
      }),
  ),
  hubMutant(
    {
      id: "server/any-peer",
      broken: "believes a peer_id that did not join",
      breaks: ["ARC-TRANSPORT-server-peer-id"],
    },
    (Right) =>
      hearing(Right, ({ message, json }, joined) => ({
        message: joined !== undefined && "peer_id" in message
          ? { ...message, peer_id: joined.peerId } as Message
          : message,
        json,
      })),
  ),
  hubMutant(
    { id: "server/any-session", broken: "believes any session_id", breaks: ["ARC-TRANSPORT-server-session"] },
    (Right) =>
      hearing(Right, ({ message, json }, joined) => {
        const isOther = joined !== undefined && "session_id" in message && message.session_id !== NIL_UUID;
        return { message: isOther ? { ...message, session_id: joined.sessionId } as Message : message, json };
      }),
  ),
  hubMutant(
    { id: "server/third-peer", broken: "lets a third peer in", breaks: ["ARC-SIG-state-two-peers"] },
    (Right) =>
      class extends Right {
        override join(...args: Parameters<SignalingHub["join"]>) {
          const refusal = super.join(...args);
          return refusal?.code === "busy" ? undefined : refusal;
        }
      },
  ),
  hubMutant(
    {
      id: "server/answers-for-peer",
      broken: "acknowledges a STREAM_STOP itself",
      breaks: ["ARC-SIG-ack-requests", "ARC-TRANSPORT-server-forward"],
    },
    (Right) =>
      sending(Right, (send, hub) => {
        const from = [...hub.said].find(([, said]) => said === originalOf(send.json, hub))?.[0];
        if (send.json.type !== "STREAM_STOP" || from === undefined) return [send];
        const { session_id, timestamp, type, stream_id } = send.json;
        const ack = { type: "ACK", session_id, in_reply_to: { type, timestamp, stream_id }, timestamp };
        return [send, { kind: "send", to: from, json: ack as JsonObject }];
      }),
  ),
  hubMutant(
    { id: "server/forgets-connect", broken: "holds no CONNECT", breaks: ["ARC-TRANSPORT-server-hold-connect"] },
    (Right) =>
      class extends Right {
        override join(...args: Parameters<SignalingHub["join"]>) {
          const refusal = super.join(...args);
          if (refusal === undefined) { for (let out = this.poll(); out !== undefined; out = this.poll()); }
          return refusal;
        }
      },
  ),
  hubMutant(
    {
      id: "server/forwards-lone-heartbeat",
      broken: "does not answer the HEARTBEAT of a peer that is alone",
      breaks: ["ARC-TRANSPORT-server-lone-heartbeat"],
    },
    (Right) =>
      sending(Right, (send) => send.json.type === "HEARTBEAT_ACK" && send.json.session_id !== NIL_UUID ? [] : [send]),
  ),
  hubMutant(
    {
      id: "server/nil-heartbeat-joined",
      broken: "answers nil HEARTBEATs after a join alone",
      breaks: ["ARC-TRANSPORT-server-nil-heartbeat"],
    },
    (Right) =>
      class extends Right {
        override message(id: number, parsed: ParsedMessage, nowMs: number) {
          return this.isJoined(id) ? super.message(id, parsed, nowMs) : undefined;
        }
      },
  ),
  hubMutant(
    { id: "server/error-for-error", broken: "answers ERROR with ERROR", breaks: ["ARC-SIG-error-not-for-error"] },
    (Right) =>
      class extends Right {
        override refuse(...[fault, { in_reply_to: _type, ...context }, nowMs]: Parameters<SignalingHub["refuse"]>) {
          return super.refuse(fault, context, nowMs);
        }
      },
  ),
  hubMutant(
    {
      id: "server/forwards-unjudged",
      broken: "says nothing of messages that are faulty",
      breaks: ["ARC-TRANSPORT-server-validate"],
    },
    (Right) =>
      class extends Right {
        override fault() {
          return undefined;
        }
      },
  ),
  hubMutant(
    {
      id: "server/cuts-off-who-returns",
      broken: "cuts off the new connection of a peer that joins again",
      breaks: ["ARC-TRANSPORT-server-forward", "ARC-TRANSPORT-plain-join"],
    },
    (Right) =>
      class extends Right {
        override poll(): HubOutput | undefined {
          const out = super.poll();
          return out?.kind === "close" ? { ...out, to: out.to + 1 } : out;
        }
      },
  ),
];

const OTHER_MUTANTS: readonly Mutant[] = [
  serverMutant(
    { id: "server/no-rate", broken: "limits no messages", breaks: ["ARC-TRANSPORT-server-rate"] },
    { limits: { messagesPerSecond: 1e9 } },
  ),
  serverMutant(
    { id: "server/patient", broken: "keeps all for a slow reader", breaks: ["ARC-TRANSPORT-server-slow-reader"] },
    { limits: { sendBufferBytes: 1e9 } },
  ),
  serverMutant(
    { id: "server/short-messages", broken: "takes 40000 bytes at most", breaks: ["ARC-SIG-json-size"] },
    { limits: { maxMessageBytes: 40_000 } },
  ),
  authMutant(
    { id: "server/no-token", broken: "lets in whoever has no token", breaks: ["ARC-TRANSPORT-server-jwt"] },
    (right) => (request, ...now) => request.token === undefined ? undefined : right.judge(request, ...now),
  ),
  authMutant(
    { id: "server/expired-token", broken: "never looks at exp", breaks: ["ARC-TRANSPORT-server-jwt"] },
    (right) => (request, nowMs) => right.judge(request, nowMs, 0),
  ),
  authMutant(
    { id: "server/foreign-session", broken: "never looks at session", breaks: ["ARC-TRANSPORT-server-jwt"] },
    (right, claimsOf) => (request, ...now) =>
      right.judge({ ...request, sessionId: String(claimsOf(request.token, 1).session) }, ...now),
  ),
  authMutant(
    { id: "server/foreign-peer", broken: "never looks at peer", breaks: ["ARC-TRANSPORT-server-jwt"] },
    (right, claimsOf) => (request, ...now) =>
      right.judge({ ...request, peerId: String(claimsOf(request.token, 1).peer) }, ...now),
  ),
  authMutant(
    {
      id: "server/token-chooses-algorithm",
      broken: "verifies nothing where the header says none",
      breaks: ["ARC-TRANSPORT-server-jwt-algorithm"],
    },
    (right, claimsOf) => (request, ...now) =>
      claimsOf(request.token, 0).alg === "none" ? undefined : right.judge(request, ...now),
  ),
];

/** Of a Phoenix frame's text; others are left alone. */
function phoenix(change: (frame: unknown[]) => readonly unknown[][]): (text: string) => readonly string[] {
  return (text) => {
    try {
      const frame: unknown = JSON.parse(text);
      return Array.isArray(frame) && frame.length === 5 ? change(frame).map((one) => JSON.stringify(one)) : [text];
    } catch {
      return [text];
    }
  };
}

const EVENT = 3;
const TOPIC = 2;

const FRAME_MUTANTS: readonly Mutant[] = [
  frameMutant(
    {
      id: "server/no-phoenix-heartbeat",
      broken: "does not answer the heartbeat of the topic phoenix",
      breaks: ["ARC-TRANSPORT-phoenix-heartbeat"],
    },
    { toClient: phoenix((frame) => frame[TOPIC] === "phoenix" && frame[EVENT] === "phx_reply" ? [] : [frame]) },
  ),
  frameMutant(
    { id: "server/no-reply", broken: "replies to joins alone", breaks: ["ARC-TRANSPORT-phoenix-reply"] },
    {
      toClient: phoenix((frame) => frame[EVENT] === "phx_reply" && Number(frame[1]) > 1 ? [] : [frame]),
    },
  ),
  frameMutant(
    {
      id: "server/reply-without-ref",
      broken: "replies without the reference",
      breaks: ["ARC-TRANSPORT-phoenix-reply"],
    },
    {
      toClient: phoenix(([join, ref, topic, event, payload]) => [
        [join, event === "phx_reply" && Number(ref) > 1 ? null : ref, topic, event, payload],
      ]),
    },
  ),
  frameMutant(
    {
      id: "server/pushes-new-event",
      broken: "pushes every message as the event message",
      breaks: ["ARC-TRANSPORT-phoenix-push", "ARC-TRANSPORT-phoenix-frame"],
    },
    {
      toClient: phoenix(([join, ref, topic, event, payload]) => [
        [join, ref, topic, String(event).startsWith("phx_") ? event : "message", payload],
      ]),
    },
  ),
  frameMutant(
    {
      id: "server/pushes-with-ref",
      broken: "pushes with a reference, as if it were a reply",
      breaks: ["ARC-TRANSPORT-phoenix-push"],
    },
    { toClient: phoenix(([join, ref, ...rest]) => [[join, ref ?? "77", ...rest]]) },
  ),
  frameMutant(
    { id: "server/takes-binary", broken: "takes binary frames", breaks: ["ARC-TRANSPORT-websocket-binary"] },
    {},
  ),
  frameMutant(
    {
      id: "server/no-subprotocol",
      broken: "confirms no subprotocol",
      breaks: ["ARC-TRANSPORT-websocket-plain"],
    },
    { confirmsProtocol: false },
  ),
  frameMutant(
    {
      id: "server/splits-frames",
      broken: "takes two messages in a frame for two",
      breaks: ["ARC-TRANSPORT-websocket-plain", "ARC-SIG-json-trailing"],
    },
    { toServer: (text) => text.split(/(?<=\})(?=\{)/) },
  ),
];

export const SERVER_MUTANTS: readonly Mutant[] = [...HUB_MUTANTS, ...OTHER_MUTANTS, ...FRAME_MUTANTS];
