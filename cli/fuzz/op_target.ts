/** Our own library, asked every operation of the vectors with changed inputs. */
import { nobleBackend } from "../../lib/crypto/backend_noble.ts";
import type { FuzzTarget } from "../../lib/fuzz/target.ts";
import { ownTestee } from "../../conformance/testee/own.ts";
import { isDetermined, judgeOpAnswer, opCases, opQuestionOf } from "./op_questions.ts";
import type { Answer } from "./reference_targets.ts";

const testee = ownTestee({ version: "fuzz", crypto: nobleBackend });

export const OP_TARGET: FuzzTarget = {
  name: "reference.ops",
  area: "differential",
  summary: "the library against a slow, obvious reading: every operation of the vectors with changed inputs",
  ...opCases(isDetermined),
  batchCases: 16,
  run: (units) => {
    const question = opQuestionOf(units, isDetermined);
    if (question === undefined) return "no request";
    return judgeOpAnswer(question, testee.answer(question) as Answer);
  },
};
