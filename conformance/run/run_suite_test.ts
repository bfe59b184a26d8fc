import assert from "node:assert/strict";
import type { Case, OpsCase } from "../case.ts";
import { answers, answersWith, refuses } from "../expect.ts";
import { serverDriver } from "../drive/server_world.ts";
import { parseKnownFailing } from "../known_failing.ts";
import { opOk, unsupported } from "../testee/testee.ts";
import { ownOps, resultsOf, runCases, verdictsOf } from "./testing.ts";

const RULE_OF = { MUST: "ARC-RTP-version", SHOULD: "ARC-RELAY-selection", MAY: "ARC-KEY-schedule-stored-key" } as const;

function oneCheck(id: string, op: string, due = answers({ kind: "stun" }), rule: string = RULE_OF.MUST): OpsCase {
  const check = { name: "only", request: { op, hex: "00" }, ...due };
  return { id, requirements: [rule], title: "t", needs: "ops", checks: () => [check] };
}

const WRONG = answers({ kind: "dtls" });

Deno.test("what is wrong is fail, weak or info by the level of the case's rule", async () => {
  const cases = Object.entries(RULE_OF).map(([level, rule]) =>
    oneCheck(`a/${level.toLowerCase()}`, "unit.classify", WRONG, rule)
  );
  const result = await runCases([oneCheck("a/right", "unit.classify"), ...cases]);
  assert.deepEqual(verdictsOf(result), { "a/right": "pass", "a/must": "fail", "a/should": "weak", "a/may": "info" });
  assert.deepEqual(resultsOf(result)[1].breaches, [
    { at: "only", expected: 'ok {"kind":"dtls"}', got: '$.kind is "stun", not "dtls"' },
  ]);
  assert.deepEqual(result.tables[0].counts, {
    pass: 1,
    fail: 1,
    weak: 1,
    info: 1,
    unsupported: 0,
    skipped: 0,
    error: 0,
  });
});

Deno.test("unsupported is believed of a testee that has no op of the name, and says so of a made-up op", async () => {
  const ops = ownOps(({ "unit.classify": _gone, ...rest }) => rest);
  const [result] = resultsOf(await runCases([oneCheck("a/gone", "nobody.has_it")], { subjects: { ops } }));
  assert.equal(result.verdict, "unsupported");
  assert.equal(result.why, "nobody.has_it: no op named nobody.has_it");
});

Deno.test("unsupported is not believed where hello lists the op", async () => {
  const ops = ownOps((own) => ({ ...own, "unit.classify": () => unsupported("not today") }));
  const [result] = resultsOf(await runCases([oneCheck("a/listed", "unit.classify")], { subjects: { ops } }));
  assert.equal(result.verdict, "fail");
  assert.match(result.breaches[0].got, /^unsupported \(not today\), although its hello lists all/);
});

Deno.test("unsupported is not believed of a testee that answers the made-up op otherwise", async () => {
  const ops = ownOps((own) => ({
    ...own,
    "conformance.made_up_op": () => opOk({}),
    "nobody.has_it": () => unsupported("so it says"),
  }));
  const [result] = resultsOf(await runCases([oneCheck("a/gone", "nobody.has_it")], { subjects: { ops } }));
  assert.equal(result.verdict, "fail");
  assert.match(
    result.breaches[0].got,
    /^unsupported is not believed: it answers the made-up op .* with \{"ok":\{\}\}$/,
  );
});

Deno.test("a case that throws, and one whose checks cannot be made, are errors of the suite; the others run", async () => {
  const broken = (id: string, checks: OpsCase["checks"]): Case => ({ ...oneCheck(id, "unit.classify"), checks });
  const judgeThrows = answersWith("anything", () => {
    throw new Error("a bug in a judge");
  });
  const result = await runCases([
    broken("a/no-checks", () => {
      throw new Error("a bug in a case");
    }),
    oneCheck("a/bad-judge", "unit.classify", judgeThrows),
    oneCheck("a/right", "unit.classify"),
  ], { jobs: 1 });
  assert.deepEqual(verdictsOf(result), { "a/no-checks": "error", "a/bad-judge": "error", "a/right": "pass" });
  assert.match(resultsOf(result)[1].why ?? "", /a bug in a judge/);
});

Deno.test("a check's follow-ups are asked with what it answered, and only where it was right", async () => {
  const asked: string[] = [];
  const follow = (due = answers({ kind: "stun" })): OpsCase => ({
    ...oneCheck("a/follow", "unit.classify"),
    checks: () => [{
      name: "first",
      request: { op: "unit.classify", hex: "00" },
      ...due,
      then: ({ kind }) => {
        asked.push(String(kind));
        return [{ name: "second", request: { op: "rtp.parse", hex: "80" }, ...refuses("truncated") }];
      },
    }],
  });
  const [right] = resultsOf(await runCases([follow()]));
  assert.deepEqual([right.verdict, right.checks, asked], ["pass", 2, ["stun"]]);
  const [wrong] = resultsOf(await runCases([follow(WRONG)]));
  assert.deepEqual([wrong.verdict, wrong.checks, asked], ["fail", 1, ["stun"]]);
});

Deno.test("the same seed makes the same requests, whichever other cases run; another seed others", async () => {
  const random: OpsCase = {
    ...oneCheck("a/random", "unit.classify"),
    checks: ({ rng }) => [{
      name: "random",
      request: { op: "unit.classify", hex: rng.u32().toString(16).padStart(8, "0") },
      ...answersWith("a kind", () => undefined),
    }],
  };
  const requests = async (cases: readonly Case[], seed: number) => {
    const result = resultsOf(await runCases(cases, { seed })).find(({ id }) => id === "a/random");
    return JSON.stringify(result?.transcript.map((entry) => "request" in entry && entry.request));
  };
  const first = await requests([random], 5);
  assert.equal(await requests([oneCheck("a/other", "unit.classify"), random], 5), first);
  assert.notEqual(await requests([random], 6), first);
});

Deno.test("known failures do not count, and entries that no longer fail or name nothing are stale", async () => {
  const known = parseKnownFailing("# ours\na/bad # until next week\na/right\n\na/no-such\na/not-run\n");
  const cases = [oneCheck("a/bad", "unit.classify", WRONG), oneCheck("a/right", "unit.classify")];
  const allIds = new Set(["a/bad", "a/right", "a/not-run"]);
  const result = await runCases(cases, { known, allIds });
  assert.deepEqual(resultsOf(result).map(({ id, known }) => [id, known]), [["a/bad", true], ["a/right", true]]);
  assert.deepEqual(result.stale, [
    { id: "a/right", why: "it does not fail any more: pass" },
    { id: "a/no-such", why: "no case has this id" },
  ]);
});

Deno.test("there is one table a dialect: given, of hello, or the default", async () => {
  const both: OpsCase = { ...oneCheck("a/both", "unit.classify"), dialects: ["arcrtc-1.0", "armoricore"] };
  const cases = [oneCheck("a/one", "unit.classify"), both];
  const tables = async (options: Parameters<typeof runCases>[1]) =>
    (await runCases(cases, options)).tables.map(({ dialect, from, results }) => [dialect, from, results.length]);
  assert.deepEqual(await tables({ dialect: undefined }), [["arcrtc-1.0", "hello", 2], ["armoricore", "hello", 1]]);
  assert.deepEqual(await tables({ dialect: "armoricore" }), [["armoricore", "given", 1]]);
  assert.deepEqual(await tables({ dialect: undefined, subjects: {} }), [["arcrtc-1.0", "default", 2]]);
});

Deno.test("a run that is ended early keeps what was judged, in order", async () => {
  const ended = new AbortController();
  const cases = ["a/first", "a/second", "a/third"].map((id) => oneCheck(id, "unit.classify"));
  const result = await runCases(cases, { jobs: 1, signal: ended.signal, progress: () => ended.abort() });
  assert.deepEqual(verdictsOf(result), { "a/first": "pass" });
  assert.equal(result.interrupted, true);
});

Deno.test("passive cases are judged by what the capture shows, for its dialect", async () => {
  const rule = "ARC-RTP-reserved-zero";
  const passive: Case = { id: "capture/x", requirements: [rule], title: "t", needs: "capture" };
  const finding = { rule, subject: "ssrc 1", message: "flags 0x80", packets: [3, 4], count: 2 };
  const judge = async (findings: readonly (typeof finding)[], occasions: number) => {
    const verdict = findings.length > 0 ? "fail" : "pass";
    const verdicts = [{ rule, verdict, occasions, breaches: findings.length }] as const;
    const capture = { description: "c.pcap", findings, verdicts, units: 5, packets: 9 };
    return resultsOf(await runCases([passive], { subjects: { capture }, dialect: undefined }))[0];
  };
  const bad = await judge([finding], 7);
  assert.deepEqual([bad.verdict, bad.checks], ["fail", 7]);
  assert.deepEqual(bad.breaches, [
    { at: "ssrc 1", expected: "t", got: "flags 0x80 (2 times; packets 3, 4)" },
  ]);
  assert.equal((await judge([], 7)).verdict, "pass");
  assert.equal((await judge([{ ...finding, rule: "ARC-RTP-version" }], 7)).verdict, "pass");
  const silent = await judge([], 0);
  assert.deepEqual([silent.verdict, silent.why], ["skipped", "nothing in the capture shows the rule"]);
});

const MAY = "ARC-BUDGET-packet";

Deno.test("figures are told; one over its bound is a breach of the case's rule, of a MAY: info, and of no other weight", async () => {
  const measuring = (id: string, value: number): OpsCase => ({
    ...oneCheck(id, "unit.classify", answers({ kind: "stun" }), MAY),
    measures: ([{ name, ms }]) => [
      { name: "wanted", value, unit: "ms", most: 5 },
      { name, value: Number(ms >= 0), unit: "answers" },
    ],
  });
  const result = await runCases([measuring("a/kept", 5), measuring("a/over", 6)]);
  assert.deepEqual(verdictsOf(result), { "a/kept": "pass", "a/over": "info" });
  const [kept, over] = resultsOf(result);
  assert.deepEqual(kept.measures, [
    { name: "wanted", value: 5, unit: "ms", most: 5 },
    { name: "only", value: 1, unit: "answers" },
  ]);
  assert.deepEqual(over.breaches, [{ at: "wanted", expected: "at most 5 ms", got: "6 ms" }]);
  const wrong = { ...measuring("a/wrong", 6), checks: oneCheck("a/wrong", "unit.classify", WRONG).checks };
  assert.deepEqual(resultsOf(await runCases([wrong]))[0].measures, []);
});

Deno.test("cases that measure are run when all others are over, one at a time", async () => {
  const order: string[] = [];
  let running = 0;
  const dialogue = (id: string, isAlone: boolean): Case => ({
    id,
    requirements: [MAY],
    title: "t",
    needs: "server",
    ...(isAlone ? { isAlone: true } : {}),
    run: async (world) => {
      order.push(id);
      running++;
      await world.pass(1);
      if (isAlone) world.require(running === 1, "nothing beside it", `${running} at once`);
      running--;
      world.measure({ name: "one", value: 1, unit: "ms" });
    },
  });
  const cases = [dialogue("a/alone-first", true), dialogue("a/beside", false), dialogue("a/alone-last", true)];
  const result = await runCases(cases, { subjects: { server: serverDriver({ trust: {} }) }, jobs: 3 });
  assert.deepEqual(order, ["a/beside", "a/alone-first", "a/alone-last"]);
  assert.deepEqual(Object.keys(verdictsOf(result)), ["a/alone-first", "a/beside", "a/alone-last"]);
  assert.ok(resultsOf(result).every(({ verdict, measures }) => verdict === "pass" && measures.length === 1));
});
