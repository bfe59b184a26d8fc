/** Answers that are wrong in one way each: what the second reading must find. */
import assert from "node:assert/strict";
import { nobleBackend } from "../../lib/crypto/backend_noble.ts";
import { Breach } from "../../lib/fuzz/target.ts";
import { ownTestee } from "../../conformance/testee/own.ts";
import { type Answer, judgeAnswer, referenceAnswer } from "./reference_targets.ts";
import { vectorQuestions } from "./seed_files.ts";

const testee = ownTestee({ version: "test", crypto: nobleBackend });

Deno.test("fuzz: the second reading finds a wrong value, and says which is right", () => {
  const RTP = { hex: "80e0000100000002000000030001", plain: true };
  const own = testee.answer({ op: "rtp.parse", ...RTP }) as Answer;
  assert.equal(judgeAnswer("rtp.parse", RTP, own), "ok");
  const wrong = { ok: { ...own.ok, payload: "0002" } };
  assert.throws(() => judgeAnswer("rtp.parse", RTP, wrong), Breach);
  assert.deepEqual(referenceAnswer({ op: "rtp.parse", ...RTP }), { ok: own.ok });
});

Deno.test("fuzz: the second reading finds one wrong result in a list, be it a value or a fault", () => {
  const kinds = new Set<string>();
  for (const { request: { op, ...input } } of vectorQuestions()) {
    if (op !== "srtp.receive" || input.dialect !== undefined) continue;
    const { ok } = testee.answer({ op, ...input }) as { readonly ok?: { readonly results: readonly object[] } };
    if (ok === undefined) continue;
    assert.equal(judgeAnswer(op, input, { ok }), "ok");
    for (const [i, result] of ok.results.entries()) {
      const wrong = "fault" in result ? { hex: "00" } : { fault: { reason: "auth" } };
      assert.throws(() => judgeAnswer(op, input, { ok: { results: ok.results.with(i, wrong) } }), Breach);
      kinds.add(Object.keys(result)[0]);
    }
  }
  assert.deepEqual(kinds, new Set(["hex", "fault"]));
});

Deno.test("fuzz: every question of the vectors has one answer, however often it is asked", () => {
  const other = ownTestee({ version: "test", crypto: nobleBackend });
  for (const { request } of vectorQuestions()) {
    assert.deepEqual(other.answer(request), testee.answer(request), JSON.stringify(request).slice(0, 200));
  }
});
