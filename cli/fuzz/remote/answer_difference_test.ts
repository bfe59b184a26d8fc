import assert from "node:assert/strict";
import type { Answer } from "../../../conformance/testee/answer.ts";
import { answerDifference, verdictOf } from "./answer_difference.ts";

const fault = (reason: string, more: object = {}): Answer => ({ kind: "fault", fault: { reason, ...more } });
const ok = (value: Record<string, unknown>): Answer => ({ kind: "ok", value });
const error: Answer = { kind: "error", why: "no such field" };

const RTP = { op: "rtp.parse", hex: "40e000010000000200000003000100000000" };
const MESSAGE = { op: "signaling.parse", json: "{" };
const RTCP = { op: "rtcp.parse", hex: "80" };

Deno.test("fuzz --against: which refusals are the same", () => {
  assert.equal(answerDifference(RTP, fault("truncated", { offset: 3 }), fault("truncated", { offset: 9 })), undefined);
  assert.match(answerDifference(RTP, fault("truncated"), fault("bad_version")) ?? "", /truncated, B .*bad_version/);
  // Clause 5.1 fixes the code of a message's first fault, not our word for it.
  assert.equal(answerDifference(MESSAGE, fault("bad_json"), fault("duplicate_key")), undefined);
  assert.equal(answerDifference(MESSAGE, fault("bad_type"), fault("missing_field")), undefined);
  assert.notEqual(answerDifference(MESSAGE, fault("bad_json"), fault("too_large")), undefined);
  // Which part of a compound packet is looked at first is free.
  assert.equal(answerDifference(RTCP, fault("bad_length"), fault("bad_version")), undefined);
  assert.equal(answerDifference(RTCP, fault("bad_length"), error), undefined);
  assert.notEqual(answerDifference(RTCP, ok({ packets: [] }), error), undefined);
});

Deno.test("fuzz --against: values differ by what they hold, and the place is named", () => {
  assert.equal(answerDifference(RTP, ok({ a: 1, b: [2] }), ok({ b: [2], a: 1 })), undefined);
  assert.equal(answerDifference(RTP, ok({ b: [{ c: 1 }] }), ok({ b: [{ c: "1" }] })), "the answers differ at $.b[0].c");
  assert.equal(answerDifference(RTP, ok({ b: [] }), ok({ b: [1] })), "the answers differ at $.b");
  assert.equal(answerDifference(RTP, ok({}), ok({ b: null })), "the answers differ at $.b");
});

Deno.test("fuzz --against: who is right, and by which rule, is said where it is decided", () => {
  const rule = "ARC-RTP-version";
  const value = ok({ header: {}, arc: null, payload: "" });
  assert.deepEqual(verdictOf(RTP, fault("bad_version"), value), { right: "a", clause: "2.1", rule });
  assert.deepEqual(verdictOf(RTP, value, fault("bad_version", { offset: 5 })), { right: "b", clause: "2.1", rule });
  assert.deepEqual(verdictOf(RTP, value, fault("truncated")), { right: "neither", clause: "2.1", rule });
  const message = { op: "signaling.parse", json: '{"type":"KEY_ROTATE"}' };
  assert.equal(verdictOf(message, fault("bad_json"), fault("missing_field")).right, "b");
  const undecided = { op: "bridge.map", sdp: "v=0" };
  assert.deepEqual(verdictOf(undecided, ok({ a: 1 }), ok({ a: 2 })), { right: "undecided" });
});
