/**
 * Our library behind the testee interface: one JSON request in, one JSON answer out. The conformance suite drives any
 * implementation this way; `arcrtc testee` reads the lines, in-process runs call {@link Testee.answer} directly.
 */
import type { Fault, FaultReason, Parsed } from "../../lib/base/parsed.ts";
import { FaultCounters } from "../../lib/base/parsed.ts";
import { unreachable } from "../../lib/base/unreachable.ts";
import { Fields, type JsonObject, RequestError } from "./request.ts";

/** The longest line that is read; a longer one gets an `error`. UTF-8 bytes on a stream, UTF-16 units in a string. */
export const MAX_LINE_BYTES = 4 * 1024 * 1024;

/** What an op answers: a value, a fault of the input, or that the library has no such thing. */
export type OpResult =
  | { readonly kind: "ok"; readonly value: object }
  | { readonly kind: "fault"; readonly fault: Fault }
  | { readonly kind: "unsupported"; readonly why: string };

export interface OpContext {
  /** Refusals of everything run so far, by reason; the `stats` op shows them. */
  readonly counters: FaultCounters;
}

/** One op. It may throw `RequestError` when the request lacks a field; nothing else. */
export type Op = (request: Fields, context: OpContext) => OpResult;

export type Ops = { readonly [name: string]: Op };

export function opOk(value: object): OpResult {
  return { kind: "ok", value };
}

export function opFault(fault: Fault): OpResult {
  return { kind: "fault", fault };
}

export function unsupported(why: string): OpResult {
  return { kind: "unsupported", why };
}

/** A parse's outcome as an op's. */
export function opParsed<T>(parsed: Parsed<T>, show: (value: T) => object): OpResult {
  return parsed.ok ? opOk(show(parsed.value)) : opFault(parsed.fault);
}

/** What an op tells of a refusal: a whole fault, or its reason where the library gives no more. */
export type Refusal = { readonly reason: FaultReason } & Partial<Fault>;

/** The fields of a fault that the interface defines; the sentence stays behind, since wordings are not compared. */
export function faultFields(fault: Refusal): object {
  return {
    reason: fault.reason,
    ...(fault.offset === undefined ? {} : { offset: fault.offset }),
    ...(fault.need === undefined ? {} : { need: fault.need }),
    ...(fault.path === undefined ? {} : { path: fault.path }),
  };
}

/** One entry of a `results` list that is a refusal; it counts like a fault of the whole request. */
export function refusedEntry(fault: Refusal, context: OpContext): object {
  context.counters.add(fault.reason);
  return { fault: faultFields(fault) };
}

export class Testee {
  readonly #ops: ReadonlyMap<string, Op>;
  readonly #context: OpContext = { counters: new FaultCounters() };

  constructor(ops: Ops) {
    this.#ops = new Map(Object.entries(ops));
  }

  /** Answers one line with one line, without its end. Any text gets an answer; none throws. */
  answerLine(line: string): string {
    const answer = this.#answerText(line);
    try {
      return JSON.stringify(answer);
    } catch {
      // The id goes back as it came, and may nest deeper than the runtime can write.
      return JSON.stringify({ id: null, error: "the id cannot be repeated: it is nested too deeply" });
    }
  }

  #answerText(line: string): object {
    if (line.length > MAX_LINE_BYTES) return lineTooLong();
    let request: unknown;
    try {
      request = JSON.parse(line);
    } catch {
      return { id: null, error: "the line is not JSON" };
    }
    return this.answer(request);
  }

  answer(request: unknown): object {
    if (typeof request !== "object" || request === null || Array.isArray(request)) {
      return { id: null, error: "the request must be a JSON object" };
    }
    const id = (request as JsonObject).id ?? null;
    try {
      const fields = new Fields(request as JsonObject);
      const name = fields.text("op");
      const op = this.#ops.get(name);
      const result = op === undefined ? unsupported(`no op named ${name}`) : op(fields, this.#context);
      switch (result.kind) {
        case "ok":
          return { id, ok: result.value };
        case "fault":
          return { id, ...refusedEntry(result.fault, this.#context) };
        case "unsupported":
          return { id, unsupported: result.why };
        default:
          return unreachable(result);
      }
    } catch (error) {
      if (error instanceof RequestError) return { id, error: error.message };
      // A bug of ours must not end the run: the suite sees it as an error of this one request.
      return { id, error: `internal: ${error instanceof Error ? error.message : String(error)}` };
    }
  }
}

/** The answer to a line over {@link MAX_LINE_BYTES}, which nobody has read. */
export function lineTooLong(): object {
  return { id: null, error: `the line is longer than ${MAX_LINE_BYTES} bytes` };
}
