/** Programs behind the testee interface, judged by the second reading of the specification. */
import { Breach, type FuzzCase } from "../../../lib/fuzz/target.ts";
import { CliError } from "../../ui/cli_error.ts";
import { judgeOpAnswer, opCases, opQuestionOf } from "../op_questions.ts";
import { type Answer, judgeAnswer, REFERENCE_QUESTIONS, type ReferenceQuestion } from "../reference_targets.ts";
import { Drift } from "./drift.ts";
import { Liveness } from "./liveness.ts";
import type { RemoteTarget } from "./remote_target.ts";
import { TesteeProcess } from "./testee_process.ts";

/** Cases between two questions that are always the same: how long those take shows how the program fares. */
const CASES_PER_CANARY = 16;

async function helloMs(testee: TesteeProcess): Promise<number> {
  const startMs = performance.now();
  await testee.ask('{"id":0,"op":"hello"}');
  return performance.now() - startMs;
}

function readAnswer(line: string): Answer {
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
  const drift = new Drift();
  const liveness = new Liveness();
  let cases = 0;
  /** Runs a case, and looks whether the program is still as quick and small as it was. */
  const watched = (run: (units: FuzzCase) => Promise<string>) => async (units: FuzzCase) => {
    // What a start takes is not the case's.
    if (!testee.isRunning) await helloMs(testee);
    const startMs = performance.now();
    const behaviour = await run(units);
    const tookMs = performance.now() - startMs;
    try {
      drift.afterCase(tookMs, testee.residentBytes);
      if (++cases % CASES_PER_CANARY === 0) liveness.canary(await helloMs(testee), "hello");
    } catch (error) {
      // What has been spoilt by many cases would be blamed on every further one.
      await testee.stop();
      throw error;
    }
    return behaviour;
  };
  const asked = (question: ReferenceQuestion): RemoteTarget => ({
    ...question,
    name: `command.${question.name}`,
    area: "subprocess",
    where,
    close,
    run: watched(async (units) => {
      const request = question.request(units);
      const answer = readAnswer(await testee.ask(JSON.stringify({ id: 1, op: question.op, ...request })));
      return judgeAnswer(question.op, request, answer);
    }),
  });
  return [
    ...REFERENCE_QUESTIONS.filter(({ op }) => ops.includes(op)).map(asked),
    {
      name: "command.ops",
      area: "subprocess",
      summary: "every operation of the vectors with changed inputs",
      ...opCases((op) => ops.includes(op)),
      where,
      close,
      run: watched(async (units) => {
        const question = opQuestionOf(units);
        if (question === undefined) return "no request";
        return judgeOpAnswer(question, readAnswer(await testee.ask(JSON.stringify({ ...question, id: 1 }))));
      }),
    },
    {
      name: "command.lines",
      area: "subprocess",
      summary: "lines that are no question: each gets one answer",
      shape: "json",
      maxUnits: 1,
      seeds: () => LINES.map((line) => [new TextEncoder().encode(line)]),
      where,
      close,
      run: watched(async (units) => {
        const answer = readAnswer(await testee.ask(oneLine(units)));
        const forms = ["ok", "fault", "error", "unsupported"].filter((form) => form in answer);
        if (forms.length === 1) return forms[0];
        throw new Breach("response", `an answer has ${forms.join(" and ") || "none of ok, fault, error, unsupported"}`);
      }),
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
