/** Answers that are wrong in one way each: what the second reading must find. */
import assert from "node:assert/strict";
import { nobleBackend } from "../../lib/crypto/backend_noble.ts";
import { Breach } from "../../lib/fuzz/target.ts";
import { ownTestee } from "../../conformance/testee/own.ts";
import { type Answer, judgeAnswer, referenceAnswer } from "./reference_targets.ts";

const testee = ownTestee({ version: "test", crypto: nobleBackend });

Deno.test("fuzz: the second reading finds a wrong value, and says which is right", () => {
  const RTP = { hex: "80e0000100000002000000030001", plain: true };
  const own = testee.answer({ op: "rtp.parse", ...RTP }) as Answer;
  assert.equal(judgeAnswer("rtp.parse", RTP, own), "ok");
  const wrong = { ok: { ...own.ok, payload: "0002" } };
  assert.throws(() => judgeAnswer("rtp.parse", RTP, wrong), Breach);
  assert.deepEqual(referenceAnswer({ op: "rtp.parse", ...RTP }), { ok: own.ok });
});
