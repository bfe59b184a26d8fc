/** Requests and answers of the testee interface, as the suite that drives a testee sees them. */

export type Json = { readonly [name: string]: unknown };

export type OpRequest = { readonly op: string; readonly [field: string]: unknown };

export type Answer =
  | { readonly kind: "ok"; readonly value: Json }
  | { readonly kind: "fault"; readonly fault: Json }
  | { readonly kind: "unsupported"; readonly why: string }
  | { readonly kind: "error"; readonly why: string };

/** The four forms of an answer, by the member that names them. */
const FORMS = ["ok", "fault", "unsupported", "error"] as const;

/** Reads an answer object; a sentence where it is none of the interface. */
export function readAnswer(value: unknown): Answer | string {
  if (!isJson(value)) return "the answer is no JSON object";
  const forms = FORMS.filter((form) => Object.hasOwn(value, form));
  if (forms.length !== 1) return `the answer has ${forms.join(" and ") || "none"} of ok, fault, unsupported, error`;
  const [kind] = forms;
  const content = value[kind];
  if (kind === "ok") return isJson(content) ? { kind, value: content } : "ok is no object";
  if (kind === "fault") {
    if (!isJson(content)) return "fault is no object";
    return typeof content.reason === "string" ? { kind, fault: content } : "fault has no reason";
  }
  return typeof content === "string" ? { kind, why: content } : `${kind} is no text`;
}

/** The answer in the form that it came in, for people and reports. */
export function answerJson(answer: Answer): Json {
  switch (answer.kind) {
    case "ok":
      return { ok: answer.value };
    case "fault":
      return { fault: answer.fault };
    default:
      return { [answer.kind]: answer.why };
  }
}

export function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
