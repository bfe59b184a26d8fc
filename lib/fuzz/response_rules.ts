/** What may be said in answer to something, whoever answers: the rules that need nothing but question and answers. */
import { parseJson } from "../signaling/json.ts";
import { isJsonObject } from "../signaling/json_value.ts";
import { parseMessage } from "../signaling/parse_message.ts";
import { demand } from "./target.ts";

/** The `type` that JSON bytes claim; undefined where they are no JSON object with one. */
export function claimedType(unit: Uint8Array | string): string | undefined {
  const parsed = parseJson(unit);
  if (!parsed.ok || !isJsonObject(parsed.value)) return undefined;
  return typeof parsed.value.type === "string" ? parsed.value.type : undefined;
}

/** SPEC ARC-SIG-error-not-for-error; and every answer is itself a message. */
export function judgeAnswer(question: Uint8Array | string, answer: Uint8Array | string): void {
  const parsed = parseMessage(answer);
  demand(parsed.ok, "response", () => `an answer is malformed: ${parsed.ok ? "" : parsed.fault.reason}`);
  demand(
    parsed.value.type !== "ERROR" || claimedType(question) !== "ERROR",
    "response",
    "an ERROR is answered with an ERROR",
    "ARC-SIG-error-not-for-error",
  );
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
