/** Runs a message schema and turns its first issue into a fault with reason and JSON path. */
import * as v from "valibot";
import { type Fault, type FaultReason, ok, type Parsed } from "../../base/parsed.ts";
import { formatPath, type PathSegment, shorten } from "../json_path.ts";

/**
 * The value as the schema normalises it: its own fields in its own order. Faults: `missing_field`, `bad_type`,
 * `bad_value`, for the first field in the order of the schema.
 *
 * `what` names the value in the fault's message, such as `CONNECT`.
 */
export function validate<const S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  what: string,
): Parsed<v.InferOutput<S>> {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return ok(result.output);
  return { ok: false, fault: faultOf(result.issues[0], what) };
}

function faultOf(issue: v.BaseIssue<unknown>, what: string): Fault {
  const path = formatPath(segmentsOf(issue));
  const reason = reasonOf(issue);
  const complaint = reason === "missing_field" ? "is missing" : `expected ${issue.message}, got ${describe(issue)}`;
  return {
    reason,
    path,
    message: `Cannot accept ${what}: ${path}${reason === "missing_field" ? " " : ": "}${complaint}`,
  };
}

function segmentsOf(issue: v.BaseIssue<unknown>): PathSegment[] {
  return (issue.path ?? []).map(({ key }) => typeof key === "number" ? key : String(key));
}

function reasonOf(issue: v.BaseIssue<unknown>): FaultReason {
  // JSON has no undefined: only an absent member reads so.
  if (issue.input === undefined) return "missing_field";
  if (issue.kind === "validation") {
    return issue.type === "integer" || issue.type === "finite" ? "bad_type" : "bad_value";
  }
  if (issue.type === "picklist") return typeof issue.input === "string" ? "bad_value" : "bad_type";
  if (issue.type === "literal") {
    // valibot quotes the literal where it is a string.
    const wantsText = issue.expected?.startsWith('"') === true;
    const sameType = wantsText ? typeof issue.input === "string" : typeof issue.input === "boolean";
    return sameType ? "bad_value" : "bad_type";
  }
  return "bad_type";
}

/** What came, without repeating text that may be a secret. */
function describe(issue: v.BaseIssue<unknown>): string {
  const { input } = issue;
  if (typeof input === "string") {
    // Words out of a closed set are no secrets, and a misspelt one is best seen.
    if (issue.type === "picklist" || issue.type === "literal") return JSON.stringify(shorten(input, 32));
    return `a string of ${input.length} characters`;
  }
  if (Array.isArray(input)) return "a list";
  if (typeof input === "object" && input !== null) return "an object";
  return String(input);
}
