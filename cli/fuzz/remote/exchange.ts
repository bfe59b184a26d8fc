/**
 * What was asked and answered on one connection, judged: each answer is a message by an independent reading of the
 * specification, an ERROR names what was really sent and has the code that this reading gives, and the traffic as a whole
 * keeps the rules that a capture can show.
 */
import { claimedFields, judgeMessage } from "../../../lib/fuzz/response_rules.ts";
import { demand } from "../../../lib/fuzz/target.ts";
import { Transcript } from "../../../lib/fuzz/transcript.ts";
import { toHex, utf8 } from "../../../lib/base/bytes.ts";
import { referenceAnswer } from "../reference_targets.ts";

/** Clause 5.4.1, for what clause 5.1 and the tables of 5.2 refuse. */
export const CODE_OF_REASON: Readonly<Record<string, string>> = {
  bad_json: "bad_json",
  duplicate_key: "bad_json",
  missing_field: "bad_message",
  bad_type: "bad_message",
  bad_value: "bad_message",
  unknown_type: "unknown_type",
  bad_version: "unsupported_version",
  too_large: "too_large",
  bad_key: "bad_key",
  bad_state: "bad_state",
};

/** Codes that only a malformed message gets. */
const FORM_CODES: ReadonlySet<string> = new Set([
  "bad_json",
  "bad_message",
  "unknown_type",
  "too_large",
  "unsupported_version",
]);
/** Codes that have other reasons than the message alone, and may come for any. */
const ANY_TIME_CODES: ReadonlySet<string> = new Set(["rate_limited", "busy", "unauthorized"]);
/** Questions that a late answer may be to. */
const MAX_QUESTIONS = 64;

interface Question {
  readonly type: unknown;
  readonly timestamp: unknown;
  readonly unit: Uint8Array;
  /** A canary, which nobody has a reason to refuse. */
  readonly isCanary: boolean;
}

export class Exchange {
  readonly #transcript = new Transcript(false);
  readonly #transport: "udp" | "tcp" | "ws";
  readonly #questions: Question[] = [];
  readonly #answers: Uint8Array[] = [];

  constructor(transport: "udp" | "tcp" | "ws") {
    this.#transport = transport;
  }

  sent(unit: Uint8Array | string, isCanary = false): void {
    const bytes = typeof unit === "string" ? utf8(unit) : unit;
    const fields = claimedFields(bytes);
    this.#questions.push({ type: fields?.type, timestamp: fields?.timestamp, unit: bytes, isCanary });
    if (this.#questions.length > MAX_QUESTIONS) this.#questions.shift();
    this.#transcript.sent(bytes, performance.now(), this.#transport);
  }

  received(unit: Uint8Array | string): void {
    const bytes = typeof unit === "string" ? utf8(unit) : unit;
    this.#answers.push(bytes);
    this.#transcript.received(bytes, performance.now(), this.#transport);
  }

  /**
   * Judges what has come since the last call.
   *
   * @throws Breach for the first rule that the other side breaks.
   */
  judge(): void {
    for (const answer of this.#answers.splice(0)) this.#judgeAnswer(answer);
    this.#transcript.judge();
  }

  #judgeAnswer(answer: Uint8Array): void {
    const message = judgeMessage(answer);
    const reading = readMessage(answer);
    demand(
      "ok" in reading,
      "response",
      () => `${message.type}: an answer is ${reasonOf(reading)} by the tables of 5.2`,
    );
    if (message.type !== "ERROR") return;
    demand(message.code !== "internal", "exception", "the other side failed: it answers with the code internal");
    const { in_reply_to: about } = message;
    const cases = this.#questions.filter(({ isCanary }) => !isCanary);
    demand(
      about?.type !== "ERROR" && (cases.length === 0 || cases.some(({ type }) => type !== "ERROR")),
      "response",
      "an ERROR is answered with an ERROR",
      "ARC-SIG-error-not-for-error",
    );
    // What could not be read is not repeated in the answer: then it may be to any of those.
    const asked = this.#questions.filter(({ type, timestamp }) =>
      (about?.type === undefined || about.type === type) &&
      (about?.timestamp === undefined || about.timestamp === timestamp)
    );
    demand(
      asked.length > 0,
      "response",
      () => `an ERROR answers a ${about?.type ?? "message"} of ${about?.timestamp}, which was not sent`,
      "ARC-SIG-error-fields",
    );
    judgeCode(message.code, asked.map(({ unit }) => readMessage(unit)));
  }
}

/** The code must be due for one of the questions that the ERROR may answer. */
function judgeCode(code: string, readings: readonly ReturnType<typeof readMessage>[]): void {
  if (ANY_TIME_CODES.has(code)) return;
  const due = new Set(readings.map((reading) => "ok" in reading ? "" : CODE_OF_REASON[reading.fault.reason]));
  const wellFormed = due.delete("");
  if (FORM_CODES.has(code)) {
    demand(
      due.has(code),
      "response",
      () => `a message is refused with ${code}, ${due.size === 0 ? "but is well-formed" : `due is ${[...due]}`}`,
      due.size === 0 ? "ARC-SIG-message-tables" : "ARC-SIG-error-codes",
    );
  } else {
    demand(
      wellFormed || due.has(code),
      "response",
      () => `a malformed message is refused with ${code}, due is ${[...due]}`,
      "ARC-SIG-error-codes",
    );
  }
}

function readMessage(unit: Uint8Array) {
  return referenceAnswer({ op: "signaling.parse", hex: toHex(unit) });
}

function reasonOf(reading: ReturnType<typeof readMessage>): string {
  return "ok" in reading ? "well-formed" : reading.fault.reason;
}
