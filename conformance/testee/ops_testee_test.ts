import assert from "node:assert/strict";
import { answerIn, idOf, InProcessTestee, TesteeFailure } from "./ops_testee.ts";
import { opOk, Testee } from "./testee.ts";

const failure = (kind: string) => (error: unknown) => error instanceof TesteeFailure && error.kind === kind;

Deno.test("an answer counts for the request whose id it has, null where a line has none", () => {
  assert.deepEqual(answerIn('{"id":[1,"a"],"ok":{"x":1}}', idOf('{"op":"a","id":[1,"a"]}')), {
    kind: "ok",
    value: { x: 1 },
  });
  for (const line of ["hello", "", "[1]", "null", '{"op":"a"}', '{"id":1']) assert.equal(idOf(line), null, line);
  assert.deepEqual(answerIn('{"id":null,"error":"no"}', idOf("hello")), { kind: "error", why: "no" });
  for (const answer of ['{"id":2,"ok":{}}', '{"ok":{}}', '{"id":1}', '{"id":1,"ok":{},"error":"x"}', "1", ""]) {
    assert.throws(() => answerIn(answer, 1), failure("rubbish"), answer);
  }
});

Deno.test("a line goes to a testee of this process as it is; one that throws has died", async () => {
  const seen: string[] = [];
  const testee = new InProcessTestee(() =>
    new class extends Testee {
      override answerLine(line: string): string {
        seen.push(line);
        if (line === "die") throw new Error("out of luck");
        return super.answerLine(line);
      }
    }({ "a.b": () => opOk({ x: 1 }) })
  );
  assert.deepEqual(await testee.ask({ op: "a.b" }), { kind: "ok", value: { x: 1 } });
  assert.deepEqual(await testee.askLine("{"), { kind: "error", why: "the line is not JSON" });
  await assert.rejects(testee.askLine("die"), failure("died"));
  assert.deepEqual(seen, ['{"id":1,"op":"a.b"}', "{", "die"]);
});
