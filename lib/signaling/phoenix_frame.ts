/**
 * Phoenix V2 frames, which carry messages over a Phoenix WebSocket (SPEC §6.1).
 *
 * ```
 * [join_ref, ref, topic, event, payload]                               JSON array in a text frame
 *
 * ["1","1","arcrtc:<session_id>","phx_join",{"peer_id":"<uuid>"}]      join
 * ["1","2","arcrtc:<session_id>","CONNECT",{"type":"CONNECT",...}]     push of a message
 * ["1","2","arcrtc:<session_id>","phx_reply",{"status":"ok","response":{}}]
 * [null,"3","phoenix","heartbeat",{}]                                  heartbeat of the connection
 * ```
 */
import { utf8 } from "../base/bytes.ts";
import { fault, ok, type Parsed } from "../base/parsed.ts";
import { isUuid, NIL_UUID } from "../base/uuid.ts";
import { MAX_JSON_BYTES, MAX_JSON_DEPTH, parseJson, parseJsonDocument } from "./json.ts";
import {
  isJsonList,
  isJsonObject,
  jsonDepth,
  type JsonObject,
  type JsonValue,
  spanAt,
  writeJson,
} from "./json_value.ts";
import type { ErrorMessage } from "./messages/outcome.ts";
import type { Message } from "./messages/registry.ts";
import { messageToJson, readMessage } from "./parse_message.ts";

/** One frame. A push has the references of its sender; what a server pushes on its own has none. */
export interface PhoenixFrame {
  /** Reference of the join that the frame belongs to. */
  readonly joinRef: string | null;
  /** Pairs a reply with its push. */
  readonly ref: string | null;
  readonly topic: string;
  readonly event: string;
  readonly payload: JsonObject;
}

/** What a frame adds to a message at most: references, topic and event; the array, and a reply with its response. */
const FRAME_LIMITS = { maxBytes: MAX_JSON_BYTES + 1024, maxDepth: MAX_JSON_DEPTH + 3 };
/** Phoenix clients count references in decimal; topics and events are words. */
const MAX_REF = 64;
const MAX_NAME = 256;

export const HEARTBEAT_TOPIC = "phoenix";
export const TOPIC_PREFIX = "arcrtc:";

/** Events of the channel itself; all others are message types. */
export const CHANNEL_EVENTS = ["phx_join", "phx_leave", "phx_close", "phx_error", "phx_reply", "heartbeat"] as const;

export type ChannelEvent = (typeof CHANNEL_EVENTS)[number];

export function isChannelEvent(event: string): event is ChannelEvent {
  return (CHANNEL_EVENTS as readonly string[]).includes(event);
}

/** A frame out of a text frame's content. Faults: those of `parseJson`, `bad_type`, `bad_value`, `bad_length`. */
export function parsePhoenixFrame(input: string | Uint8Array): Parsed<PhoenixFrame> {
  const parsed = parseJson(input, FRAME_LIMITS);
  if (!parsed.ok) return parsed;
  const frame = parsed.value;
  if (!isJsonList(frame)) return refuse("bad_type", "$", "a list");
  if (frame.length !== 5) return refuse("bad_length", "$", `a list of 5, got ${frame.length}`);
  const [joinRef, ref, topic, event, payload] = frame;
  if (!isRef(joinRef)) return refuse("bad_type", "$[0]", "a reference or null");
  if (!isRef(ref)) return refuse("bad_type", "$[1]", "a reference or null");
  if (typeof topic !== "string") return refuse("bad_type", "$[2]", "a topic");
  if (topic.length > MAX_NAME) return refuse("bad_value", "$[2]", `at most ${MAX_NAME} characters`);
  if (typeof event !== "string") return refuse("bad_type", "$[3]", "an event");
  if (event.length > MAX_NAME) return refuse("bad_value", "$[3]", `at most ${MAX_NAME} characters`);
  if (!isJsonObject(payload)) return refuse("bad_type", "$[4]", "an object");
  if (hasLargePayload(input)) return refuse("too_large", "$[4]", `at most ${MAX_JSON_BYTES} bytes`);
  return ok({ joinRef, ref, topic, event, payload });
}

export function writePhoenixFrame(frame: PhoenixFrame): string {
  return writeJson([frame.joinRef, frame.ref, frame.topic, frame.event, frame.payload]);
}

/** A push of a message, in either direction (SPEC ARC-TRANSPORT-phoenix-push). */
export function pushFrame(
  joinRef: string | null,
  ref: string | null,
  sessionId: string,
  message: Message,
): PhoenixFrame {
  return { joinRef, ref, topic: topicOf(sessionId), event: message.type, payload: messageToJson(message) };
}

/** The message in a push: its `type` is the event. Faults as `parseMessage`, paths from the payload. */
export function readPhoenixPush(frame: PhoenixFrame): Parsed<Message> {
  if (jsonDepth(frame.payload) > MAX_JSON_DEPTH) {
    return fault(
      "too_large",
      `Cannot parse message: more than ${MAX_JSON_DEPTH} objects and arrays inside one another`,
    );
  }
  const message = readMessage(frame.payload);
  if (message.ok && message.value.type !== frame.event) return refuse("bad_value", "$.type", "the frame's event");
  return message;
}

export function topicOf(sessionId: string): string {
  return TOPIC_PREFIX + sessionId;
}

/** The session of a topic. */
export function parseTopic(topic: string): Parsed<string> {
  const sessionId = topic.slice(TOPIC_PREFIX.length);
  if (!topic.startsWith(TOPIC_PREFIX) || !isUuid(sessionId) || sessionId === NIL_UUID) {
    return fault("bad_value", `Cannot join topic: expected ${TOPIC_PREFIX} and the session's UUID`, { path: "$[2]" });
  }
  return ok(sessionId);
}

/** SPEC ARC-TRANSPORT-phoenix-join. */
export function joinFrame(ref: string, sessionId: string, peerId: string): PhoenixFrame {
  return { joinRef: ref, ref, topic: topicOf(sessionId), event: "phx_join", payload: { peer_id: peerId } };
}

/** The peer that joins. */
export function readJoin(frame: PhoenixFrame): Parsed<string> {
  const { peer_id } = frame.payload;
  if (peer_id === undefined) {
    return fault("missing_field", "Cannot join: $.peer_id is missing", { path: "$.peer_id" });
  }
  if (typeof peer_id !== "string") return refuse("bad_type", "$.peer_id", "a UUID");
  return isUuid(peer_id) ? ok(peer_id) : refuse("bad_value", "$.peer_id", "a canonical lower-case UUID");
}

export function leaveFrame(joinRef: string, ref: string, sessionId: string): PhoenixFrame {
  return { joinRef, ref, topic: topicOf(sessionId), event: "phx_leave", payload: {} };
}

/** What a server sends when it has closed the channel. */
export function closeFrame(joinRef: string | null, sessionId: string): PhoenixFrame {
  return { joinRef, ref: joinRef, topic: topicOf(sessionId), event: "phx_close", payload: {} };
}

/** SPEC ARC-TRANSPORT-phoenix-heartbeat. */
export function heartbeatFrame(ref: string): PhoenixFrame {
  return { joinRef: null, ref, topic: HEARTBEAT_TOPIC, event: "heartbeat", payload: {} };
}

/** SPEC ARC-TRANSPORT-phoenix-reply: `ok`, or `error` with the ERROR message. */
export function replyFrame(to: PhoenixFrame, error?: ErrorMessage): PhoenixFrame {
  const payload: JsonObject = error === undefined
    ? { status: "ok", response: {} }
    : { status: "error", response: messageToJson(error) };
  return { joinRef: to.joinRef, ref: to.ref, topic: to.topic, event: "phx_reply", payload };
}

/** A reply's verdict. */
export interface PhoenixReply {
  readonly status: "ok" | "error";
  readonly response: JsonObject;
}

export function readReply(frame: PhoenixFrame): Parsed<PhoenixReply> {
  const { status, response } = frame.payload;
  if (status !== "ok" && status !== "error") return refuse("bad_value", "$.status", "ok or error");
  return isJsonObject(response) ? ok({ status, response }) : refuse("bad_type", "$.response", "an object");
}

/** A frame may be longer than a message, its payload may not (SPEC ARC-SIG-json-size). */
function hasLargePayload(input: string | Uint8Array): boolean {
  const bytes = typeof input === "string" ? utf8(input) : input;
  if (bytes.length <= MAX_JSON_BYTES) return false;
  const document = parseJsonDocument(bytes, FRAME_LIMITS);
  const span = document.ok ? spanAt(document.value.span, [4]) : undefined;
  return span === undefined || span.end - span.start > MAX_JSON_BYTES;
}

function isRef(value: JsonValue): value is string | null {
  return value === null || (typeof value === "string" && value.length <= MAX_REF);
}

function refuse(reason: "bad_type" | "bad_value" | "bad_length" | "too_large", path: string, expected: string) {
  return fault(reason, `Cannot parse Phoenix frame: ${path}: expected ${expected}`, { path });
}
