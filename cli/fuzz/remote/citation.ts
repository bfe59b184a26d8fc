/** Where the specification decides a question: what the vectors cite that ask the like and are answered alike. */
import requirements from "../../../conformance/requirements.json" with { type: "json" };
import { decodeUtf8, parseHex } from "../../../lib/base/bytes.ts";
import type { OpQuestion } from "../op_questions.ts";
import { vectorQuestions } from "../seed_files.ts";

export interface Citation {
  readonly clause?: string;
  /** Where the clause has but one rule that these vectors cite. */
  readonly rule?: string;
}

const CLAUSES: ReadonlyMap<string, string> = new Map(requirements.requirements.map(({ id, clause }) => [id, clause]));

/** `reason` is that of the fault that the answer is about; undefined for a value. */
export function citationOf(request: OpQuestion, reason: string | undefined): Citation {
  const alike = vectorQuestions().filter((vector) =>
    vector.request.op === request.op && vector.request.dialect === request.dialect && vector.reason === reason
  );
  const type = messageTypeOf(request);
  const ofType = alike.filter((vector) => messageTypeOf(vector.request) === type);
  const rules = (ofType.length > 0 ? ofType : alike).flatMap((vector) => vector.requirements);
  const clause = mostFrequent(rules.map((rule) => CLAUSES.get(rule)));
  if (clause === undefined) return {};
  const [rule, ...others] = new Set(rules.filter((id) => CLAUSES.get(id) === clause));
  return others.length === 0 ? { clause, rule } : { clause };
}

/** The `type` of a message that is asked about: each has a clause of its own. */
function messageTypeOf({ json, hex, op }: OpQuestion): unknown {
  if (op !== "signaling.parse") return undefined;
  const bytes = typeof hex === "string" ? parseHex(hex) : undefined;
  const text = bytes?.ok ? decodeUtf8(bytes.value) : undefined;
  try {
    return JSON.parse(text?.ok ? text.value : String(json))?.type;
  } catch {
    return undefined;
  }
}

function mostFrequent(items: readonly (string | undefined)[]): string | undefined {
  const counts = new Map<string | undefined, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  const [first] = [...counts].sort(([, a], [, b]) => b - a);
  return first?.[0];
}
