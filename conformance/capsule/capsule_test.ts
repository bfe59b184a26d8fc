import assert from "node:assert/strict";
import { findFault, type Schema } from "../vectors/reference/json_schema.ts";
import type { Value } from "../vectors/reference/strict_json.ts";
import { generateDocumentSchemas } from "../generate_document_schemas.ts";
import { reportRun } from "../report/testing.ts";
import { resultsOf } from "../run/testing.ts";
import type { CaseResult } from "../results.ts";
import { type Capsule, capsuleFileName, capsuleOf, capsuleText, parseCapsule } from "./capsule.ts";
import { toHex } from "../../lib/base/bytes.ts";
import { Collector, readFile } from "../../lib/dissect/testing/reading.ts";
import type { TranscriptEntry } from "../transcript.ts";
import { captureOf } from "./capture.ts";
import { compareReplay } from "./compare.ts";

const RUN = await reportRun();
const SETTING = { version: "0.0.0-test", patienceMs: 5000, silenceMs: 300 };

function resultOf(id: string): CaseResult {
  const result = resultsOf(RUN).find((one) => one.id === id);
  assert.ok(result);
  return result;
}

function capsule(result: CaseResult): Capsule {
  return capsuleOf(result, "arcrtc-1.0", RUN, SETTING);
}

Deno.test("capsule: is read again as it was written, and is as its published schema says", () => {
  const schemas = generateDocumentSchemas();
  const schema: Schema = JSON.parse(schemas.get("conformance-capsule.schema.json") ?? "");
  for (const result of resultsOf(RUN).filter(({ verdict }) => verdict === "fail" || verdict === "weak")) {
    const written = capsuleText(capsule(result));
    const value: Value = JSON.parse(written);
    assert.equal(findFault(schema, value), undefined, result.id);
    assert.deepEqual(parseCapsule(written), value);
  }
  assert.equal(capsuleFileName(capsule(resultOf("a/weak"))), "arcrtc-1.0.a.weak.json");
});

Deno.test("capsule: the published schemas are those that the code has", () => {
  const folder = new URL("../../fixtures/schemas/", import.meta.url);
  for (const [name, text] of generateDocumentSchemas()) {
    assert.equal(Deno.readTextFileSync(new URL(name, folder)), text, `${name}: run deno task generate`);
  }
});

Deno.test("capsule: is bounded, and keeps what is wrong first", () => {
  const result = resultOf("a/fail-bytes");
  const note = { kind: "note", text: "x".repeat(10_000), atMs: 1 } as const;
  const { transcript, left_out: leftOut } = capsule({
    ...result,
    transcript: [...result.transcript, ...Array.from({ length: 500 }, () => note)],
  });
  assert.ok(JSON.stringify(transcript).length < 1_200_000);
  assert.equal(transcript[0].kind, "asked");
  assert.equal(leftOut, 501 - transcript.length);
  assert.ok(leftOut > 300);
});

Deno.test("capsule: what makes a join token good is not in it", () => {
  const token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwZWVyIn0.c2lnbmF0dXJl-_x";
  const transcript = [{ kind: "sent", line: "caller", hex: "00", text: `{"token":"${token}"}`, atMs: 0 }] as const;
  const text = capsuleText(capsule({ ...resultOf("a/fail-bytes"), transcript }));
  assert.match(text, /eyJhbGciOiJIUzI1NiJ9\.eyJzdWIiOiJwZWVyIn0\.x{15}\\"/);
  assert.doesNotMatch(text, /c2lnbmF0dXJl/);
});

Deno.test("capsule: its capture holds each unit where it went, and when, and on which line", () => {
  const transcript: TranscriptEntry[] = [
    { kind: "opened", line: "caller", text: "udp", atMs: 0 },
    { kind: "sent", line: "caller", hex: "90e0", atMs: 1.5 },
    { kind: "received", line: "callee", hex: "80c8", atMs: 2 },
    { kind: "received", line: "caller", hex: "7b7d... 70000 bytes in all", text: "{}... 70000 bytes in all", atMs: 3 },
  ];
  const file = captureOf(capsule({ ...resultOf("a/fail-bytes"), transcript }));
  assert.ok(file !== undefined);
  const { frames, notes } = readFile(file);
  assert.deepEqual(notes, []);
  assert.deepEqual(frames.map(({ timeNs }) => timeNs), [1_500_000, 2_000_000, 3_000_000]);
  const collector = new Collector();
  for (const { bytes } of frames) collector.packet(bytes);
  const { units } = collector.end();
  assert.deepEqual(units.map(({ bytes }) => toHex(bytes)), ["90e0", "80c8", "7b7d"]);
  const [sent, other, answer] = units.map(({ way }) => way);
  assert.equal(answer, sent.split(" > ").reverse().join(" > "));
  assert.notEqual(other, answer, "another line, another port");
  assert.equal(captureOf(capsule(resultOf("a/weak"))), undefined, "nothing moved");
});

Deno.test("capsule: what is none is told with its place", () => {
  const good = JSON.parse(capsuleText(capsule(resultOf("a/weak"))));
  assert.match(String(parseCapsule("{")), /^it is no JSON: /);
  assert.match(String(parseCapsule("[]")), /^schema: expected "schema", got undefined$/);
  assert.match(String(parseCapsule("7")), /^it: expected Object, got 7$/);
  assert.match(String(parseCapsule(JSON.stringify({ ...good, seed: -1 }))), /^seed: expected >=0, got -1$/);
  assert.match(String(parseCapsule(JSON.stringify({ ...good, schema: "arcrtc.capsule/2" }))), /^schema: /);
});

Deno.test("replay: same, different, fixed, and not run", () => {
  const result = resultOf("a/fail-bytes");
  const kept = capsule(result);
  const outcome = (change: Partial<CaseResult>) => compareReplay(kept, { ...result, ...change }).outcome;
  assert.equal(outcome({}), "same");
  assert.equal(outcome({ breaches: [{ ...result.breaches[0], got: "something else" }] }), "different");
  assert.equal(outcome({ breaches: [...result.breaches, ...result.breaches] }), "different");
  assert.equal(outcome({ verdict: "pass", breaches: [] }), "fixed");
  assert.equal(outcome({ verdict: "skipped", breaches: [] }), "notRun");
  assert.equal(compareReplay(kept, result).asksOtherwise, false);
  const [entry] = result.transcript;
  const other = { ...entry, request: { op: "rtp.write", hex: "01" } } as typeof entry;
  assert.equal(compareReplay(kept, { ...result, transcript: [other] }).asksOtherwise, true);
});

Deno.test("replay: sessions, ports and bytes of chance do not make a dialogue different; what it says does", () => {
  const dialogue = (got: string): CaseResult => ({
    ...resultOf("a/fail-bytes"),
    needs: "relay",
    breaches: [{ expected: "a message ACK", got }],
  });
  const kept = capsule(dialogue('{"session_id":"11111111-1111-4111-8111-111111111111","port":40000}'));
  const now = (got: string) => compareReplay(kept, dialogue(got)).outcome;
  assert.equal(now('{"session_id":"22222222-2222-4222-8222-222222222222","port":50001}'), "same");
  assert.equal(now('{"session_id":"22222222-2222-4222-8222-222222222222","error":50001}'), "different");
});
