/** Do two programs say the same, and which of them is right? */
import { differenceOf } from "../../../conformance/expect.ts";
import { type Answer, answerJson } from "../../../conformance/testee/answer.ts";
import { Breach } from "../../../lib/fuzz/target.ts";
import type { Dispute } from "../finding_files.ts";
import { isDetermined, type OpQuestion } from "../op_questions.ts";
import { judgeAnswer, referenceAnswer, TELLS_FIRST_FAULT } from "../reference_targets.ts";
import { citationOf } from "./citation.ts";
import { CODE_OF_REASON } from "./exchange.ts";

/**
 * How two answers differ, in words without what an input may change; undefined where they say the same. Two refusals are
 * the same unless the specification fixes which fault is told; where it stands in the input and in what words is free,
 * and so is whether a request is refused as bad input or as one that cannot be understood.
 */
export function answerDifference(request: OpQuestion, a: Answer, b: Answer): string | undefined {
  if (a.kind === "ok" && b.kind === "ok") {
    const difference = valueDifference(a, b);
    return difference === undefined ? undefined : `the answers differ at ${/^\S+/.exec(difference)?.[0]}`;
  }
  if (a.kind !== "ok" && b.kind !== "ok" && isSameRefusal(request, reasonOf(a), reasonOf(b))) return undefined;
  return `A ${inWords(a)}, B ${inWords(b)}`;
}

/** Where of two values the second is not the first, and what both have there; undefined where they are no such two. */
export function valueDifference(a: Answer, b: Answer): string | undefined {
  return a.kind === "ok" && b.kind === "ok" ? differenceOf(a.value, b.value, "$", true) : undefined;
}

/** Which of two different answers is right by the second reading, and where the specification says so. */
export function verdictOf(request: OpQuestion, a: Answer, b: Answer): Pick<Dispute, "right" | "clause" | "rule"> {
  const [isARight, isBRight] = [isRight(request, a), isRight(request, b)];
  if (isARight === isBRight && isARight !== false) return { right: "undecided" };
  const right = isARight ? "a" : isBRight ? "b" : isARight === isBRight ? "neither" : "undecided";
  if (right === "undecided") return { right };
  // The rule is about the fault that is due, or about the one that is told and not due.
  const reason = dueReason(request) ?? (isARight ? reasonOf(b) : reasonOf(a));
  return { right, ...citationOf(request, reason) };
}

/** Undefined where the second reading does not decide. */
function isRight(request: OpQuestion, answer: Answer): boolean | undefined {
  if (!isDetermined(request) || answer.kind === "error") return undefined;
  const due = dueReason(request);
  if (due !== undefined && answer.kind === "fault") return isSameRefusal(request, due, reasonOf(answer));
  const { op, ...input } = request;
  try {
    return judgeAnswer(op, input, answerJson(answer)) === "undetermined" ? undefined : true;
  } catch (error) {
    // Whatever else a judge throws is about a request that it cannot understand.
    return error instanceof Breach ? false : undefined;
  }
}

/** The reason of the fault that the second reading tells. */
function dueReason(request: OpQuestion): string | undefined {
  try {
    const due = referenceAnswer(request);
    return "fault" in due ? due.fault.reason : undefined;
  } catch {
    return undefined;
  }
}

/** Clause 5.1 fixes the order in which a message is judged, and with it the error code. */
function isSameRefusal({ op, dialect }: OpQuestion, a: string | undefined, b: string | undefined): boolean {
  if (a === b || a === undefined || b === undefined) return true;
  if (TELLS_FIRST_FAULT.has(op)) return false;
  if (op !== "signaling.parse" || dialect === "armoricore") return true;
  return (CODE_OF_REASON[a] ?? a) === (CODE_OF_REASON[b] ?? b);
}

function reasonOf(answer: Answer): string | undefined {
  return answer.kind === "fault" ? String(answer.fault.reason) : undefined;
}

function inWords(answer: Answer): string {
  return answer.kind === "ok" ? "answers a value" : `refuses with ${reasonOf(answer) ?? "an error"}`;
}
