/** Our own testee with a parser or a session machine that is changed: what it hears, or what it says. */
import type { Run, Sent } from "../cases/signaling/script.ts";
import { isJson, type Json } from "../testee/answer.ts";
import { Fields } from "../testee/request.ts";
import { type Op, opOk, type OpResult } from "../testee/testee.ts";
import { type Mutant, type MutantHead, opsMutant } from "./mutant.ts";

/** A parser that reads another text than the one it is given. */
export function reading(head: MutantHead, change: (text: string) => string): Mutant {
  return opsMutant(head, "signaling.parse", (op) => (request, context) => {
    if (!request.has("json")) return op(request, context);
    return op(new Fields({ ...request.raw, json: change(request.text("json")) }), context);
  });
}

/** The JSON of a text, changed; text that is none stays as it is. */
export function asJson(change: (value: Json) => Json): (text: string) => string {
  return (text) => {
    try {
      const value: unknown = JSON.parse(text);
      return isJson(value) ? JSON.stringify(change(value)) : text;
    } catch {
      return text;
    }
  };
}

/** A machine that says, or comes to, something else; `request` is what it was asked. */
export function running(head: MutantHead, change: (run: Run, request: Json) => Partial<Run>): Mutant {
  return opsMutant(head, "signaling.run", (op) => (request, context) => {
    const result = op(request, context);
    return result.kind === "ok" ? opOk({ ...result.value, ...change(result.value as Run, request.raw) }) : result;
  });
}

/** A machine whose messages of a type are changed; undefined says nothing in their place. */
export function saying(
  head: MutantHead,
  type: string,
  change: (message: Json, sent: Sent, index: number) => Json | undefined,
): Mutant {
  return running(head, ({ outputs }) => {
    let index = 0;
    const changed = outputs.flatMap((sent) => {
      if (sent.message.type !== type) return [sent];
      const message = change(sent.message, sent, index++);
      return message === undefined ? [] : [{ ...sent, message }];
    });
    return { outputs: changed };
  });
}

/** An op that is asked something else. */
export function asking(head: MutantHead, name: string, change: (request: Json) => Json): Mutant {
  return opsMutant(head, name, (op): Op => (request, context) => op(new Fields(change(request.raw)), context));
}

/** An op that answers something else. */
export function answering(head: MutantHead, name: string, change: (result: OpResult) => OpResult): Mutant {
  return opsMutant(head, name, (op): Op => (request, context) => change(op(request, context)));
}

/** A machine that acknowledges requests of a type where it should refuse them with this code. */
export function acknowledging(head: MutantHead, code: string, type: string): Mutant {
  return saying(head, "ERROR", (message) => {
    const { in_reply_to, session_id, timestamp } = message;
    const isRefusal = message.code === code && isJson(in_reply_to) && in_reply_to.type === type;
    return isRefusal ? { type: "ACK", session_id, in_reply_to, timestamp } : message;
  });
}

/** A machine that hears other things than were said; an input that becomes undefined is not heard at all. */
export function hearing(head: MutantHead, change: (input: Json, all: readonly Json[]) => Json | undefined): Mutant {
  return asking(head, "signaling.run", (request) => {
    const inputs = request.inputs as readonly Json[];
    return { ...request, inputs: inputs.map((input) => change(input, inputs)).filter((input) => input !== undefined) };
  });
}

/** {@link hearing}, of messages of a type. */
export function hearingMessages(
  head: MutantHead,
  type: string,
  change: (message: Json, input: Json, all: readonly Json[]) => Json,
): Mutant {
  return hearing(
    head,
    (input, all) =>
      isJson(input.message) && input.message.type === type
        ? { ...input, message: change(input.message, input, all) }
        : input,
  );
}
