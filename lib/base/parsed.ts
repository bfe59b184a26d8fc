/**
 * Wire faults are values. Every parser in the library answers with a {@link Parsed}; it never throws on input.
 * Dissector, fuzzer, conformance suite and counters all live off the same faults.
 */

/** Every reason that bytes or text from outside may be refused for, in the order of their counter slots. */
export const FAULT_REASONS = [
  "truncated",
  "bad_version",
  "bad_padding",
  "bad_extension",
  "bad_length",
  "bad_context",
  "replay",
  "auth",
  "decrypt",
  "bad_json",
  "duplicate_key",
  "missing_field",
  "bad_type",
  "bad_value",
  "unknown_type",
  "too_large",
  "bad_key",
  "bad_state",
] as const;

export type FaultReason = (typeof FAULT_REASONS)[number];

/** What each reason means, for people. */
export const FAULT_MEANING: Readonly<Record<FaultReason, string>> = {
  truncated: "The input ends before its own fields do.",
  bad_version: "The version field holds a version that is not spoken here.",
  bad_padding: "The padding count is 0 or larger than what there is to pad.",
  bad_extension: "A header extension is not well-formed.",
  bad_length: "A length field disagrees with the bytes that are there.",
  bad_context: "A reduced header names a context that is not known, or has no reference packet yet.",
  replay: "The packet was received before, or is older than the replay window.",
  auth: "The HMAC tag is wrong: forged, damaged, or under another key.",
  decrypt: "The AEAD tag is wrong: forged, damaged, or under another key.",
  bad_json: "The text is not JSON in UTF-8.",
  duplicate_key: "A JSON object names the same key twice.",
  missing_field: "A required field is absent.",
  bad_type: "A value has another type than its field needs.",
  bad_value: "A value has the right type but is out of its bounds, or not one of those allowed.",
  unknown_type: "The kind of message is not known.",
  too_large: "The input is larger, or nested deeper, than is accepted.",
  bad_key: "A public key, signature or stored key cannot be used.",
  bad_state: "The input is well-formed but not allowed at this point.",
};

/** Why an input was refused. */
export interface Fault {
  readonly reason: FaultReason;
  /** Byte (or, for text, UTF-16 code unit) at which the input stopped making sense. */
  readonly offset?: number;
  /** Total bytes that the input would have needed, where `reason` is `truncated`. */
  readonly need?: number;
  /** JSON path of the offending value, `$.a.b[0]`, for messages. */
  readonly path?: string;
  /** What was expected and what came, for people. Never holds key material. */
  readonly message: string;
}

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly fault: Fault };

export function ok<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

const NOWHERE = {};

/** A refusal. `where` carries the offset, and `need` or `path` where they say more. */
export function fault(
  reason: FaultReason,
  message: string,
  where: { offset?: number; need?: number; path?: string } = NOWHERE,
): { readonly ok: false; readonly fault: Fault } {
  // Member by member: a flood of malformed input makes many of these, and spreading is several times as slow.
  const { offset, need, path } = where;
  const made: { -readonly [Name in keyof Fault]?: Fault[Name] } = { reason };
  if (offset !== undefined) made.offset = offset;
  if (need !== undefined) made.need = need;
  if (path !== undefined) made.path = path;
  made.message = message;
  return { ok: false, fault: made as Fault };
}

/** `truncated` with its usual sentence: `Cannot parse ArcRTP header: need 16 bytes, got 12`. */
export function truncated(what: string, need: number, got: number): { readonly ok: false; readonly fault: Fault } {
  return fault("truncated", `Cannot parse ${what}: need ${need} bytes, got ${got}`, { offset: got, need });
}

/**
 * The value of a parse that cannot fail here (a constant, a value made a line above).
 *
 * @throws Error with the fault's message; for tests and programmer mistakes, never for input from outside.
 */
export function unwrap<T>(parsed: Parsed<T>): T {
  if (parsed.ok) return parsed.value;
  const { reason, offset, path, message } = parsed.fault;
  throw new Error(`${reason}${path ? ` at ${path}` : offset === undefined ? "" : ` at ${offset}`}: ${message}`);
}

/** Counts refusals by reason in a typed array: one increment per fault, no allocation. */
export class FaultCounters {
  readonly #counts = new Float64Array(FAULT_REASONS.length);

  add(reason: FaultReason): void {
    this.#counts[FAULT_REASONS.indexOf(reason)]++;
  }

  get(reason: FaultReason): number {
    return this.#counts[FAULT_REASONS.indexOf(reason)];
  }

  get total(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  /** The reasons seen at least once, with their counts. */
  snapshot(): Partial<Record<FaultReason, number>> {
    const seen: Partial<Record<FaultReason, number>> = {};
    FAULT_REASONS.forEach((reason, slot) => {
      if (this.#counts[slot] > 0) seen[reason] = this.#counts[slot];
    });
    return seen;
  }
}
