/** What may be said in answer to something, whoever answers: the rules that need nothing but question and answers. */
import { NIL_UUID } from "../base/uuid.ts";
import { ERROR_CODE_NAMES } from "../signaling/error_codes.ts";
import { parseJson } from "../signaling/json.ts";
import { isJsonObject, type JsonObject } from "../signaling/json_value.ts";
import type { Message } from "../signaling/messages/registry.ts";
import { parseMessage } from "../signaling/parse_message.ts";
import { demand } from "./target.ts";

/** The JSON object that bytes or text are; undefined where they are none. */
export function claimedFields(unit: Uint8Array | string): JsonObject | undefined {
  const parsed = parseJson(unit);
  return parsed.ok && isJsonObject(parsed.value) ? parsed.value : undefined;
}

/** The `type` that JSON bytes claim; undefined where they are no JSON object with one. */
export function claimedType(unit: Uint8Array | string): string | undefined {
  const type = claimedFields(unit)?.type;
  return typeof type === "string" ? type : undefined;
}

/** An answer is itself a message, and an ERROR keeps to clause 5.4; answers the message. */
export function judgeMessage(answer: Uint8Array | string): Message {
  const parsed = parseMessage(answer);
  demand(parsed.ok, "response", () => `an answer is malformed: ${parsed.ok ? "" : parsed.fault.reason}`);
  const message = parsed.value;
  if (message.type === "ERROR") {
    const { code, message: text } = message;
    demand(
      (ERROR_CODE_NAMES as readonly string[]).includes(code),
      "response",
      () => `an ERROR has the code ${JSON.stringify(code)}`,
      "ARC-SIG-error-codes",
    );
    demand(
      code !== "bad_message" || text.includes("$"),
      "response",
      "a bad_message names no JSON path",
      "ARC-SIG-error-path",
    );
  }
  return message;
}

/** SPEC ARC-SIG-error-not-for-error, and what {@link judgeMessage} says of every answer. */
export function judgeAnswer(question: Uint8Array | string, answer: Uint8Array | string): void {
  const message = judgeMessage(answer);
  demand(
    message.type !== "ERROR" || claimedType(question) !== "ERROR",
    "response",
    "an ERROR is answered with an ERROR",
    "ARC-SIG-error-not-for-error",
  );
}

/**
 * What a relay says to an address that has proven nothing: a RELAY_CHALLENGE to who wants to bind, a HEARTBEAT_ACK to who
 * asks without a session, and nothing else to anybody. SPEC ARC-RELAY-unbound-dropped, ARC-SIG-error-not-to-strangers.
 */
export function judgeAnswerToStranger(questions: readonly Uint8Array[], answer: Uint8Array | string): void {
  const { type } = judgeMessage(answer);
  demand(type !== "ERROR", "response", "a stranger is answered with an ERROR", "ARC-SIG-error-not-to-strangers");
  const asked = questions.map(claimedFields);
  const mayAnswer = type === "RELAY_CHALLENGE"
    ? asked.some((fields) => fields?.type === "RELAY_BIND" || fields?.type === "RELAY_UNBIND")
    : type === "HEARTBEAT_ACK" &&
      asked.some((fields) => fields?.type === "HEARTBEAT" && fields.session_id === NIL_UUID);
  demand(mayAnswer, "response", () => `a stranger is answered with a ${type}`, "ARC-RELAY-unbound-dropped");
}

/** To an address that has proven nothing, no more goes than came from it (SPEC ARC-RELAY-challenge-size). */
export function judgeAmplification(receivedBytes: number, sentBytes: number, rule: string): void {
  demand(
    sentBytes <= receivedBytes,
    "response",
    () => `${sentBytes} bytes go to an address that sent ${receivedBytes} and has proven nothing`,
    rule,
  );
}
