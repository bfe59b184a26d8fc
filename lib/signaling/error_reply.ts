/** From a refused input to the ERROR that answers it (SPEC §5.4). */
import type { Fault, FaultReason } from "../base/parsed.ts";
import { isUuid, NIL_UUID } from "../base/uuid.ts";
import { unreachable } from "../base/unreachable.ts";
import type { ErrorCode } from "./error_codes.ts";
import { isJsonObject, type JsonValue } from "./json_value.ts";
import { shorten } from "./json_path.ts";
import { type ErrorMessage, MAX_ERROR_TEXT, MAX_REPEATED_TYPE } from "./messages/outcome.ts";

/** The code that goes on the wire for a fault. */
export function errorCodeOf(reason: FaultReason): ErrorCode {
  switch (reason) {
    case "bad_json":
    case "duplicate_key":
      return "bad_json";
    case "missing_field":
    case "bad_type":
    case "bad_value":
      return "bad_message";
    case "unknown_type":
      return "unknown_type";
    case "bad_version":
      return "unsupported_version";
    case "too_large":
      return "too_large";
    case "bad_key":
      return "bad_key";
    case "bad_state":
      return "bad_state";
    case "auth":
    case "decrypt":
    case "replay":
      return "unauthorized";
    // Faults of media units, which are never answered; as the fault of a message they can only be its content's.
    case "truncated":
    case "bad_padding":
    case "bad_extension":
    case "bad_length":
    case "bad_context":
      return "bad_message";
    default:
      return unreachable(reason);
  }
}

/** Code and text of the ERROR for a fault. The text names the JSON path (SPEC ARC-SIG-error-path). */
export function faultToError(fault: Fault): { readonly code: ErrorCode; readonly message: string } {
  const named = fault.path === undefined || fault.message.includes(fault.path)
    ? fault.message
    : `${fault.path}: ${fault.message}`;
  return { code: errorCodeOf(fault.reason), message: shorten(named, MAX_ERROR_TEXT - 1) };
}

/** What an ERROR can say of the message that it answers, as far as the message had it. */
export type ReplyContext = Pick<ErrorMessage, "session_id" | "in_reply_to">;

/**
 * The ERROR that answers an input that was refused with `fault`, `json` being what it held where it was JSON; `undefined`
 * where nothing may be sent, because it is an ERROR itself (SPEC ARC-SIG-error-not-for-error). Whether the sender's
 * address may be answered at all is the caller's to know.
 */
export function errorReply(json: JsonValue | undefined, fault: Fault, timestampMs: number): ErrorMessage | undefined {
  const context = replyContext(json);
  if (context.in_reply_to?.type === "ERROR") return undefined;
  return { type: "ERROR", ...faultToError(fault), ...context, timestamp: timestampMs };
}

/** Picks what identifies a message out of JSON that may be anything. */
export function replyContext(json: JsonValue | undefined): ReplyContext {
  if (!isJsonObject(json)) return {};
  const { type, timestamp, session_id, stream_id } = json;
  const in_reply_to = {
    ...(typeof type === "string" && type.length <= MAX_REPEATED_TYPE && { type }),
    ...(isTime(timestamp) && { timestamp }),
    ...(typeof stream_id === "string" && isUuid(stream_id) && { stream_id }),
  };
  return {
    ...(typeof session_id === "string" && isUuid(session_id) && session_id !== NIL_UUID && { session_id }),
    ...(Object.keys(in_reply_to).length > 0 && { in_reply_to }),
  };
}

function isTime(value: JsonValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
