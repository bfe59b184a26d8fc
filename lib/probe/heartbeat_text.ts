/** The HEARTBEAT that a prober sends, and what may come back. */
import type { Fault } from "../base/parsed.ts";
import { utf8 } from "../base/bytes.ts";
import { NIL_UUID } from "../base/uuid.ts";
import { heartbeatAck } from "../signaling/heartbeat_ack.ts";
import { parseJson } from "../signaling/json.ts";
import { isJsonObject, type JsonObject } from "../signaling/json_value.ts";
import type { Heartbeat, HeartbeatAck } from "../signaling/messages/heartbeat.ts";
import type { ErrorMessage } from "../signaling/messages/outcome.ts";
import { readMessage, writeMessage } from "../signaling/parse_message.ts";

/** Most characters of `pad` (SPEC §5.2.6). */
const MAX_PAD = 1024;

const LONGEST_IP = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
const LARGEST = Number.MAX_SAFE_INTEGER;

const BARE: Heartbeat = {
  type: "HEARTBEAT",
  session_id: NIL_UUID,
  sequence: 0,
  challenge: "0000000000000000",
  timestamp: 0,
};

/** Bytes of a heartbeat without `pad`, at least: smaller is not possible. */
export const MIN_HEARTBEAT_BYTES = writeMessage({ ...BARE, sequence: LARGEST, timestamp: LARGEST }).length;

/** Bytes that `pad` adds besides its own. */
const PAD_FIELD_BYTES = ',"pad":""'.length;

export const MAX_HEARTBEAT_BYTES = writeMessage(BARE).length + PAD_FIELD_BYTES + MAX_PAD;

/**
 * The longest answer that a heartbeat of ours can have: one that is as long gets an answer from a relay, which sends no
 * more than it got. SPEC ARC-RELAY-nil-heartbeat-size.
 */
export const ANSWERABLE_HEARTBEAT_BYTES = writeMessage({
  ...heartbeatAck({ ...BARE, sequence: LARGEST, timestamp: LARGEST }, LARGEST, { ip: LONGEST_IP, port: 65_535 }),
  latency_ms: -LARGEST,
}).length;

/** Who asks, in a session (SPEC ARC-SIG-heartbeat-sender-fields). */
export interface HeartbeatSender {
  readonly sessionId: string;
  readonly peerId: string;
}

export interface HeartbeatFields {
  /** Left out: the heartbeat is for the server or relay itself, and its session_id is nil. */
  readonly from?: HeartbeatSender | undefined;
  readonly sequence: number;
  /** 16 hexadecimal digits, new for each. SPEC ARC-SIG-heartbeat-sender-fields. */
  readonly challenge: string;
  readonly timestampMs: number;
}

/** A HEARTBEAT, padded to `sizeBytes` where it is shorter and `pad` can hold as much. */
export function writeHeartbeat(fields: HeartbeatFields, sizeBytes: number): string {
  const { from, sequence, challenge, timestampMs } = fields;
  const sender = from === undefined ? {} : { session_id: from.sessionId, peer_id: from.peerId };
  const heartbeat: Heartbeat = { ...BARE, ...sender, sequence, challenge, timestamp: timestampMs };
  const bare = writeMessage(heartbeat);
  const pad = Math.min(MAX_PAD, sizeBytes - bare.length - PAD_FIELD_BYTES);
  if (pad < 0) return bare;
  return writeMessage({ ...heartbeat, pad: "0".repeat(pad) });
}

/** A unit from the peer. */
export type Reply =
  | { readonly kind: "ack"; readonly ack: HeartbeatAck; readonly bytes: number }
  /** It calls itself HEARTBEAT_ACK and is none; what could be read of it. */
  | { readonly kind: "bad_ack"; readonly fault: Fault; readonly json: JsonObject; readonly bytes: number }
  | { readonly kind: "error"; readonly error: ErrorMessage }
  | { readonly kind: "other"; readonly what: string };

/** Sorts what came; never throws. */
export function readReply(unit: string | Uint8Array): Reply {
  const parsed = parseJson(unit);
  if (!parsed.ok) return { kind: "other", what: parsed.fault.message };
  const json = parsed.value;
  const message = readMessage(json);
  const bytes = typeof unit === "string" ? utf8(unit).length : unit.length;
  if (message.ok) {
    if (message.value.type === "HEARTBEAT_ACK") return { kind: "ack", ack: message.value, bytes };
    if (message.value.type === "ERROR") return { kind: "error", error: message.value };
    return { kind: "other", what: message.value.type };
  }
  if (isJsonObject(json) && json.type === "HEARTBEAT_ACK") {
    return { kind: "bad_ack", fault: message.fault, json, bytes };
  }
  return { kind: "other", what: message.fault.message };
}
