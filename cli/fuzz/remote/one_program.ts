/** A program that is judged by the second reading of the specification. */
import { Breach } from "../../../lib/fuzz/target.ts";
import { isDetermined, judgeOpAnswer, type OpQuestion } from "../op_questions.ts";
import { judgeAnswer } from "../reference_targets.ts";
import type { Json } from "../../../conformance/testee/answer.ts";
import type { Respondent } from "./command_targets.ts";
import { WatchedTestee } from "./watched_testee.ts";

/** Starts it. @throws CliError where it does not answer. */
export async function oneProgram(command: string, timeoutMs: number): Promise<Respondent> {
  const testee = new WatchedTestee(command, timeoutMs);
  const { ops } = await testee.hello();
  return {
    kind: "command",
    where: { command },
    hasOp: (op) => ops.includes(op),
    isJudged: isDetermined,
    ask: async (request, isChanged) => {
      const answer = await testee.ask(lineOf(request));
      if (isChanged) return judgeOpAnswer(request, answer);
      const { op, ...input } = request;
      return judgeAnswer(op, input, answer);
    },
    askLine: async (line) => formOf(await testee.ask(line)),
    close: () => testee.stop(),
  };
}

/** A request as it is sent. */
export function lineOf(request: OpQuestion): string {
  return JSON.stringify({ ...request, id: 1 });
}

/** The one form that an answer has. @throws Breach where it has none or several. */
export function formOf(answer: Json): string {
  const forms = ["ok", "fault", "error", "unsupported"].filter((form) => form in answer);
  if (forms.length === 1) return forms[0];
  throw new Breach("response", `an answer has ${forms.join(" and ") || "none of ok, fault, error, unsupported"}`);
}
