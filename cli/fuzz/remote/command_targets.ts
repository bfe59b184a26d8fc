/** Programs behind the testee interface, judged by the second reading of the specification. */
import { Breach, type FuzzCase } from "../../../lib/fuzz/target.ts";
import { CliError } from "../../ui/cli_error.ts";
import { judgeAnswer, REFERENCE_QUESTIONS, type ReferenceQuestion } from "../reference_targets.ts";
import type { RemoteTarget } from "./remote_target.ts";
import { TesteeProcess } from "./testee_process.ts";

interface AnswerLine {
  readonly ok?: { readonly [name: string]: unknown };
  readonly fault?: { readonly reason: string };
  readonly error?: string;
  readonly unsupported?: string;
}

function readAnswer(line: string): AnswerLine {
  let answer: unknown;
  try {
    answer = JSON.parse(line);
  } catch {
    throw new Breach("response", `the answer is no JSON: ${line.slice(0, 80)}`);
  }
  if (typeof answer === "object" && answer !== null && !Array.isArray(answer)) return answer;
  throw new Breach("response", "the answer is no JSON object");
}

/** Every question that the program says it answers, and lines that are no question. */
export async function commandTargets(command: string, timeoutMs: number): Promise<readonly RemoteTarget[]> {
  const testee = new TesteeProcess(command, timeoutMs);
  const ops = await supportedOps(testee, command);
  const where = { command };
  const close = () => testee.stop();
  const asked = (question: ReferenceQuestion): RemoteTarget => ({
    ...question,
    name: `command.${question.name}`,
    area: "subprocess",
    where,
    close,
    run: async (units) => {
      const request = question.request(units);
      const answer = readAnswer(await testee.ask(JSON.stringify({ id: 1, op: question.op, ...request })));
      return judgeAnswer(question.op, request, answer);
    },
  });
  return [
    ...REFERENCE_QUESTIONS.filter(({ op }) => ops.includes(op)).map(asked),
    {
      name: "command.lines",
      area: "subprocess",
      summary: "lines that are no question: each gets one answer",
      shape: "json",
      maxUnits: 1,
      seeds: () => LINES.map((line) => [new TextEncoder().encode(line)]),
      where,
      close,
      run: async (units) => {
        const answer = readAnswer(await testee.ask(oneLine(units)));
        const forms = ["ok", "fault", "error", "unsupported"].filter((form) => form in answer);
        if (forms.length === 1) return forms[0];
        throw new Breach("response", `an answer has ${forms.join(" and ") || "none of ok, fault, error, unsupported"}`);
      },
    },
  ];
}

const LINES = ['{"id":1,"op":"hello"}', '{"op":"rtp.parse","hex":"80"}', '{"id":[],"op":"no.such"}', "[]", "null", "{"];

/** A line must not end early, and an empty one may be passed over. */
function oneLine(units: FuzzCase): string {
  const text = new TextDecoder().decode(units[0]).replace(/[\r\n]/g, " ");
  return text.trim() === "" ? "0" : text;
}

async function supportedOps(testee: TesteeProcess, command: string): Promise<readonly string[]> {
  try {
    const { ok } = readAnswer(await testee.ask('{"id":0,"op":"hello"}'));
    if (Array.isArray(ok?.ops)) return ok.ops.map(String);
  } catch (error) {
    if (!(error instanceof Breach)) throw error;
    await testee.stop();
    throw new CliError("unreachable", `'${command}' does not answer hello: ${error.message}`);
  }
  await testee.stop();
  throw new CliError("unreachable", `'${command}' does not say which ops it has`, "see arcrtc testee --help");
}
