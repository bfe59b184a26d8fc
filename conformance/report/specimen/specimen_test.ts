import assert from "node:assert/strict";
import { toHex, utf8 } from "../../../lib/base/bytes.ts";
import type { BreachRecord, CaseResult } from "../../results.ts";
import type { TranscriptEntry } from "../../transcript.ts";
import { type Specimen, specimensOf } from "./specimen.ts";

/** The specimens of one breach: of a dialogue, or of a request where the breach names its check. */
function specimens(transcript: readonly TranscriptEntry[], breach: BreachRecord, rule = "ARC-RTP-version") {
  const result: CaseResult = {
    id: "a/b",
    area: "a",
    title: "t",
    needs: "relay",
    level: "MUST",
    clause: "1",
    requirements: [rule],
    verdict: "fail",
    known: false,
    breaches: [breach],
    checks: 1,
    measures: [],
    elapsedMs: 1,
    seed: 1,
    transcript,
  };
  return specimensOf(result, breach, "arcrtc-1.0");
}

function moved(kind: "sent" | "received", unit: Uint8Array | string): TranscriptEntry {
  const text = typeof unit === "string" ? { text: unit } : {};
  return { kind, line: "callee", hex: toHex(typeof unit === "string" ? utf8(unit) : unit), ...text, atMs: 0 };
}

function asked(request: object, answer?: object): TranscriptEntry {
  return { kind: "asked", check: "c", request, answer, expected: "", problem: "", atMs: 0 };
}

/** Place, field's name and reason of each mark. */
function marksOf([specimen]: readonly Specimen[]): readonly string[] {
  return specimen.marks.map(({ start, end, field, why }) => `${start}..${end} ${field ?? ""}: ${why}`);
}

Deno.test("specimen: of a dialogue it is the unit that the breach describes, not the last one", () => {
  const long = new Uint8Array(100).fill(0x5a);
  long[0] = 0x80;
  const [specimen] = specimens(
    [moved("received", long), moved("received", Uint8Array.of(0x80, 1)), moved("sent", Uint8Array.of(0))],
    { expected: `120 bytes ${toHex(long.subarray(0, 48))}...`, got: `100 bytes ${toHex(long.subarray(0, 48))}...` },
  );
  assert.equal(specimen.what, "received on callee");
  assert.equal(specimen.bytes.length, 100);
  assert.deepEqual(marksOf([specimen]), ["100..100 : 20 more of 120 bytes are due"]);
});

Deno.test("specimen: of a message each member that is not as due is marked, and each that is missing is told", () => {
  const text = '{"type":"HEARTBEAT_ACK","sequence":2}';
  const breach = { expected: 'a message HEARTBEAT_ACK with {"sequence":1,"session_id":"x"}', got: text };
  assert.deepEqual(marksOf(specimens([moved("received", text)], breach)), [
    "35..36 Sequence (arcsig.sequence): 1 is due",
    "37..37 : session_id is missing",
  ]);
});

Deno.test("specimen: where nothing came it is what was sent last, without marks; where nothing was either, none", () => {
  const breach = { expected: "a message ACK", got: "nothing within 5000 ms" };
  const [specimen] = specimens([moved("received", "{}"), moved("sent", '{"type":"X"}')], breach);
  assert.deepEqual([specimen.what, specimen.marks], ["sent on callee", []]);
  assert.deepEqual(specimens([], breach), []);
});

Deno.test("specimen: of several units of a request it is the one that the path of the difference names", () => {
  const request = { op: "srtp.receive", packets: ["8000", "8001", "8002"] };
  const [specimen] = specimens([asked(request, { ok: {} })], {
    at: "c",
    expected: "",
    got: "$.results[2] is {}, not 1",
  });
  assert.equal(toHex(specimen.bytes), "8002");
});

Deno.test("specimen: a unit that was refused wrongly is marked where the testee says so, else at the rule's field", () => {
  const request = { op: "rtp.parse", hex: "80ef03e80000bb801234567800000000" };
  const breach = { at: "c", expected: "ok", got: "the answer is a fault" };
  const refused = specimens([asked(request, { fault: { reason: "bad_version", offset: 2 } })], breach);
  assert.deepEqual(marksOf(refused), ["2..4 Sequence number (arcrtp.seq): refused here"]);
  const silent = specimens([asked(request, { fault: { reason: "bad_version" } })], breach);
  assert.deepEqual(marksOf(silent), ["0..1 Version (arcrtp.version): ARC-RTP-version is about it"]);
});

Deno.test("specimen: whatever a testee calls hex, or is asked, makes no exception", () => {
  for (
    const request of [{}, { hex: "0" }, { hex: 7 }, { hex: "" }, { json: "{" }, { packets: [null] }, { units: "x" }]
  ) {
    for (const got of ["", '$.hex is "0", not "00"', '$.hex is "00", not "0"', "$.header.ssrc is 1, not 2"]) {
      for (const answer of [undefined, { fault: null }, { fault: { offset: 1e9 } }, { fault: { offset: -1 } }]) {
        specimens([asked(request, answer)], { at: "c", expected: "", got });
      }
    }
  }
});
