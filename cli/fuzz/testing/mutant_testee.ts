/** A mutant of the conformance suite as a program: `mutant_testee.ts ID` is our own testee with that one thing wrong. */
import { answerJson } from "../../../conformance/testee/answer.ts";
import { idOf } from "../../../conformance/testee/ops_testee.ts";
import { MUTANTS } from "../../../conformance/mutants/registry.ts";
import { splitLines } from "../../ui/io.ts";

const [id] = Deno.args;
const running = await MUTANTS.find((one) => one.id === id)?.start();
const testee = await running?.subjects.ops?.start();
if (testee === undefined) throw new RangeError(`there is no mutant of a library named ${id}`);

for await (const line of splitLines(Deno.stdin.readable, 1_000_000)) {
  if (line.kind !== "line") continue;
  console.log(JSON.stringify({ id: idOf(line.text), ...answerJson(await testee.askLine(line.text)) }));
}
