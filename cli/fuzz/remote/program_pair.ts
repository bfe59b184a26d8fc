/**
 * Two programs that are held against each other: each question goes to both. Where their answers differ that is a finding,
 * also where nobody but them says what is due; one that dies, hangs, grows or answers with rubbish is named.
 */
import { type Answer, type Json, readAnswer } from "../../../conformance/testee/answer.ts";
import { Breach } from "../../../lib/fuzz/target.ts";
import type { Dispute } from "../finding_files.ts";
import type { OpQuestion } from "../op_questions.ts";
import { REFERENCE_QUESTIONS } from "../reference_targets.ts";
import { vectorQuestions } from "../seed_files.ts";
import { answerDifference, valueDifference, verdictOf } from "./answer_difference.ts";
import type { Respondent } from "./command_targets.ts";
import { formOf, lineOf } from "./one_program.ts";
import type { Side } from "./remote_target.ts";
import { type Hello, WatchedTestee } from "./watched_testee.ts";

type Two<T> = readonly [T, T];
type CountedSide = Side & { onlyAnswers: number };

const NAMES = ["A", "B"] as const;
/** Of an answer, in a finding. */
const MAX_TOLD = 4000;

/** Starts both. @throws CliError where one of them does not answer. */
export async function startPair(a: string, b: string, timeoutMs: number): Promise<Respondent> {
  const testees = [new WatchedTestee(a, timeoutMs), new WatchedTestee(b, timeoutMs)] as const;
  try {
    return new ProgramPair(testees, [await testees[0].hello(), await testees[1].hello()]);
  } catch (error) {
    for (const testee of testees) await testee.stop();
    throw error;
  }
}

class ProgramPair implements Respondent {
  readonly kind = "against";
  readonly where: Respondent["where"];
  readonly sides: { readonly a: CountedSide; readonly b: CountedSide };
  readonly #testees: Two<WatchedTestee>;
  readonly #ops: ReadonlySet<string>;

  constructor(testees: Two<WatchedTestee>, [a, b]: Two<Hello>) {
    this.#testees = testees;
    this.#ops = new Set(a.ops).intersection(new Set(b.ops));
    const [{ command }, { command: against }] = testees;
    this.where = { command, against };
    this.sides = { a: sideOf(command, a, b), b: sideOf(against, b, a) };
  }

  hasOp(op: string): boolean {
    return this.#ops.has(op);
  }

  /** By the other one, whatever it is. */
  isJudged(): boolean {
    return true;
  }

  async ask(request: OpQuestion, isChanged: boolean): Promise<string> {
    const answers = await this.#answers(request, isChanged);
    const [a, b] = answers;
    const { op } = request;
    if (a.kind === "unsupported" || b.kind === "unsupported") {
      if (isAnswer(a)) this.sides.a.onlyAnswers++;
      if (isAnswer(b)) this.sides.b.onlyAnswers++;
      return `${op} unsupported`;
    }
    const difference = answerDifference(request, a, b);
    if (difference === undefined) return `${op} ${answers.map(inAWord).join(" ")}`;
    const again = await this.#answers(request, isChanged);
    NAMES.forEach((name, i) => {
      if (answerDifference(request, answers[i], again[i]) === undefined) return;
      throw new Breach("divergence", `${op}: ${name} answers the same question differently when it is asked again`);
    });
    throw new Breach("divergence", `${op}: ${difference}: ${verdictInWords(verdictOf(request, a, b).right)}`);
  }

  /** Which form an answer to no question has is nobody's rule. */
  async askLine(line: string): Promise<string> {
    return (await this.#both(async (testee) => formOf(await testee.ask(line)))).join(" ");
  }

  async tell(request: OpQuestion | string): Promise<Dispute> {
    const line = typeof request === "string" ? request : lineOf(request);
    const [a, b] = await Promise.allSettled(this.#testees.map((testee) => testee.ask(line)));
    const told = { a: inFull(a), b: inFull(b) };
    if (typeof request === "string" || a.status === "rejected" || b.status === "rejected") return told;
    const answers = [readAnswer(a.value), readAnswer(b.value)];
    if (answers.some((answer) => typeof answer === "string" || answer.kind === "unsupported")) return told;
    const [ofA, ofB] = answers as [Answer, Answer];
    if (answerDifference(request, ofA, ofB) === undefined) return told;
    const difference = valueDifference(ofA, ofB);
    return { ...told, ...(difference === undefined ? {} : { difference }), ...verdictOf(request, ofA, ofB) };
  }

  async close(): Promise<void> {
    for (const testee of this.#testees) await testee.stop();
  }

  #answers(request: OpQuestion, isChanged: boolean): Promise<Two<Answer>> {
    return this.#both(async (testee) => {
      const answer = readAnswer(await testee.ask(lineOf(request)));
      if (typeof answer === "string") throw new Breach("response", answer);
      if (answer.kind === "error" && !isChanged) throw new Breach("exception", `${request.op}: ${answer.why}`);
      return answer;
    });
  }

  /** What both give. @throws Breach that names the one that fails, or both. */
  async #both<T>(ask: (testee: WatchedTestee) => Promise<T>): Promise<Two<T>> {
    const [a, b] = await Promise.allSettled([ask(this.#testees[0]), ask(this.#testees[1])]);
    if (a.status === "fulfilled" && b.status === "fulfilled") return [a.value, b.value];
    const reasons = [a, b].map((outcome) => outcome.status === "rejected" ? outcome.reason : undefined);
    const breaches = reasons.filter((reason) => reason instanceof Breach);
    // Not of a program: the user's error, or a bug of ours.
    if (breaches.length === 0) throw reasons.find((reason) => reason !== undefined);
    const told = reasons.flatMap((reason, i) => reason instanceof Breach ? [`${NAMES[i]}: ${reason.message}`] : []);
    throw new Breach(breaches[0].oracle, told.join("; "));
  }
}

/** Of the operations that would be asked those that the other one has not are told, and not asked. */
function sideOf(command: string, own: Hello, other: Hello): CountedSide {
  const asked = new Set(
    [...REFERENCE_QUESTIONS, ...vectorQuestions().map(({ request }) => request)].map(({ op }) => op),
  );
  const onlyOps = [...asked].filter((op) => own.ops.includes(op) && !other.ops.includes(op)).sort();
  return { command, title: own.title, onlyOps, onlyAnswers: 0 };
}

function isAnswer({ kind }: Answer): boolean {
  return kind === "ok" || kind === "fault";
}

function inAWord(answer: Answer): string {
  return answer.kind === "fault" ? String(answer.fault.reason) : answer.kind;
}

function verdictInWords(right: Dispute["right"]): string {
  switch (right) {
    case "a":
    case "b":
      return `${right.toUpperCase()} is right`;
    case "neither":
      return "neither is right";
    default:
      return "who is right is not decided";
  }
}

/** An answer as it came but for its id, or how the program failed. */
function inFull(outcome: PromiseSettledResult<Json>): string {
  if (outcome.status === "rejected") return outcome.reason instanceof Error ? outcome.reason.message : "it failed";
  const { id: _, ...answer } = outcome.value;
  const text = JSON.stringify(answer);
  return text.length > MAX_TOLD ? `${text.slice(0, MAX_TOLD)}...` : text;
}
