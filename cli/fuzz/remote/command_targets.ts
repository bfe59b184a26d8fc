/** What is asked over the testee interface, of one program or of two that are held against each other. */
import { utf8 } from "../../../lib/base/bytes.ts";
import type { FuzzCase } from "../../../lib/fuzz/target.ts";
import { opCases, type OpQuestion, opQuestionOf } from "../op_questions.ts";
import { REFERENCE_QUESTIONS, type ReferenceQuestion } from "../reference_targets.ts";
import type { Dispute } from "../finding_files.ts";
import type { RemoteTarget } from "./remote_target.ts";

/** Who answers, and who judges that. */
export interface Respondent {
  /** The first word of its targets' names. */
  readonly kind: "command" | "against";
  readonly where: RemoteTarget["where"];
  readonly sides?: RemoteTarget["sides"];
  hasOp(op: string): boolean;
  /** Is there anything to judge the answer by? */
  isJudged(request: OpQuestion): boolean;
  /**
   * Asks, judges, and answers how it went in a few words. A request that `isChanged` may be one that nobody understands.
   *
   * @throws Breach
   */
  ask(request: OpQuestion, isChanged: boolean): Promise<string>;
  /** The same for a line that need not be a request. */
  askLine(line: string): Promise<string>;
  /** Asks once more, for people: what each of two says. */
  tell?(request: OpQuestion | string): Promise<Dispute>;
  close(): Promise<void>;
}

/** Every question that can be asked of it, and lines that are no question. */
export function testeeTargets(respondent: Respondent): readonly RemoteTarget[] {
  const { kind, where, sides } = respondent;
  const common = { area: "subprocess", where, sides, close: () => respondent.close() } as const;
  const telling = (requestOf: (units: FuzzCase) => OpQuestion | string | undefined) => async (units: FuzzCase) => {
    const request = requestOf(units);
    return request === undefined ? undefined : await respondent.tell?.(request);
  };
  const asked = (question: ReferenceQuestion): RemoteTarget => {
    const requestOf = (units: FuzzCase): OpQuestion => ({ ...question.request(units), op: question.op });
    return {
      ...question,
      ...common,
      name: `${kind}.${question.name}`,
      run: (units) => respondent.ask(requestOf(units), false),
      tell: telling(requestOf),
    };
  };
  const isAsked = (request: OpQuestion) => respondent.hasOp(request.op) && respondent.isJudged(request);
  return [
    ...REFERENCE_QUESTIONS.filter(({ op }) => respondent.hasOp(op)).map(asked),
    {
      name: `${kind}.ops`,
      summary: "every operation of the vectors with changed inputs",
      ...opCases(isAsked),
      ...common,
      run: async (units) => {
        const request = opQuestionOf(units, isAsked);
        return request === undefined ? "no request" : await respondent.ask(request, true);
      },
      tell: telling((units) => opQuestionOf(units, isAsked)),
    },
    {
      name: `${kind}.lines`,
      summary: "lines that are no question: each gets one answer",
      shape: "json",
      maxUnits: 1,
      seeds: () => LINES.map((line) => [utf8(line)]),
      ...common,
      run: (units) => respondent.askLine(oneLine(units)),
      tell: telling(oneLine),
    },
  ];
}

const LINES = ['{"id":1,"op":"hello"}', '{"op":"rtp.parse","hex":"80"}', '{"id":[],"op":"no.such"}', "[]", "null", "{"];

/** A line must not end early, and an empty one may be passed over. */
function oneLine(units: FuzzCase): string {
  const text = new TextDecoder().decode(units[0]).replace(/[\r\n]/g, " ");
  return text.trim() === "" ? "0" : text;
}
