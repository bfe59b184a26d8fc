import assert from "node:assert/strict";
import fc from "fast-check";
import { utf8 } from "../../base/bytes.ts";
import { unwrap } from "../../base/parsed.ts";
import { rtcpFromJson } from "./from_json.ts";
import { compounds } from "./testing/packets.ts";
import { rtcpToJson } from "./to_json.ts";

function faultOf(packet: unknown): [string, string | undefined] {
  const read = rtcpFromJson([packet]);
  assert.ok(!read.ok, JSON.stringify(packet));
  return [read.fault.reason, read.fault.path];
}

Deno.test("packets go through JSON text and come back equal", () => {
  fc.assert(
    fc.property(compounds, (packets) => {
      const text = JSON.stringify(packets.map(rtcpToJson));
      assert.deepEqual(unwrap(rtcpFromJson(JSON.parse(text))), packets);
    }),
    { seed: 31, numRuns: 200 },
  );
});

Deno.test("the shapes: type words, snake_case, names and texts where there are any", () => {
  assert.deepEqual(
    rtcpToJson({
      kind: "sdes",
      chunks: [{
        ssrc: 1,
        items: [{ itemType: 1, text: utf8("a@b") }, { itemType: 9, text: Uint8Array.of(0xff) }],
      }],
    }),
    { type: "sdes", chunks: [{ ssrc: 1, items: [{ type: "cname", text: "a@b" }, { type: 9, hex: "ff" }] }] },
  );
  assert.deepEqual(rtcpToJson({ kind: "bye", ssrcs: [7], reason: utf8("bye") }), {
    type: "bye",
    ssrcs: [7],
    reason: "bye",
  });
  assert.deepEqual(rtcpToJson({ kind: "nack", senderSsrc: 1, mediaSsrc: 2, items: [{ pid16: 65535, blp16: 1 }] }), {
    type: "nack",
    sender_ssrc: 1,
    media_ssrc: 2,
    items: [{ pid: 65535, blp: 1 }],
    lost: [65535, 0],
  });
  assert.deepEqual(unwrap(rtcpFromJson([{ type: "nack", sender_ssrc: 1, media_ssrc: 2, lost: [65535, 0] }])), [
    { kind: "nack", senderSsrc: 1, mediaSsrc: 2, items: [{ pid16: 65535, blp16: 1 }] },
  ]);
});

Deno.test("what does not fit is named by reason and path", () => {
  const sources = { sender_ssrc: 1, media_ssrc: 2 };
  const feedback = {
    type: "transport_feedback",
    ...sources,
    base_sequence_number: 5,
    packet_status_count: 2,
    reference_time: 0,
    feedback_count: 0,
  };
  assert.deepEqual(faultOf(7), ["bad_type", "$[0]"]);
  assert.deepEqual(faultOf({}), ["missing_field", "$[0].type"]);
  assert.deepEqual(faultOf({ type: "xr" }), ["unknown_type", "$[0].type"]);
  assert.deepEqual(faultOf({ type: "pli", sender_ssrc: 1 }), ["missing_field", "$[0].media_ssrc"]);
  assert.deepEqual(faultOf({ type: "pli", sender_ssrc: "1", media_ssrc: 2 }), ["bad_type", "$[0].sender_ssrc"]);
  assert.deepEqual(faultOf({ type: "pli", sender_ssrc: 2 ** 32, media_ssrc: 2 }), ["bad_value", "$[0].sender_ssrc"]);
  assert.deepEqual(faultOf({ type: "pli", sender_ssrc: 1.5, media_ssrc: 2 }), ["bad_value", "$[0].sender_ssrc"]);
  assert.deepEqual(faultOf({ type: "rr", ssrc: 1, reports: [{}] }), ["missing_field", "$[0].reports[0].ssrc"]);
  assert.deepEqual(faultOf({ type: "rr", ssrc: 1, reports: {} }), ["bad_type", "$[0].reports"]);
  assert.deepEqual(faultOf({ type: "rr", ssrc: 1, reports: [], extension: "00" }), ["bad_value", "$[0].extension"]);
  assert.deepEqual(faultOf({ type: "bye", ssrcs: new Array(32).fill(0) }), ["bad_value", "$[0].ssrcs"]);
  assert.deepEqual(faultOf({ type: "bye", ssrcs: [], reason: "x".repeat(256) }), ["bad_value", "$[0].reason"]);
  assert.deepEqual(faultOf({ type: "nack", ...sources, items: [] }), ["bad_value", "$[0].items"]);
  assert.deepEqual(
    faultOf({ type: "sdes", chunks: [{ ssrc: 1, items: [{ type: "x", text: "" }] }] }),
    ["bad_value", "$[0].chunks[0].items[0].type"],
  );
  assert.deepEqual(
    faultOf({ type: "unknown", packet_type: 204, count: 0, padding: true, body: "00000000" }),
    ["bad_value", "$[0].body"],
  );
  assert.deepEqual(
    faultOf({ type: "sdes", chunks: [{ ssrc: 1, items: new Array(1100).fill({ type: 1, hex: "00".repeat(255) }) }] }),
    ["too_large", "$[0]"],
  );
  const at = "$[0].received[1].sequence_number";
  const received = (...list: unknown[]) => faultOf({ ...feedback, received: list });
  assert.deepEqual(received({ sequence_number: 5, delta_us: 0 }, { sequence_number: 5, delta_us: 0 }), [
    "bad_value",
    at,
  ]);
  assert.deepEqual(received({ sequence_number: 5, delta_us: 0 }, { sequence_number: 7, delta_us: 0 }), [
    "bad_value",
    at,
  ]);
  assert.deepEqual(received({ sequence_number: 5, delta_us: 100 }), ["bad_value", "$[0].received[0].delta_us"]);
  assert.deepEqual(rtcpFromJson("no").ok, false);
});

Deno.test("any JSON value is read or refused with a path, never an exception", () => {
  const word = fc.constantFrom("sr", "rr", "sdes", "bye", "nack", "pli", "transport_feedback", "unknown");
  const damaged = fc.tuple(compounds, fc.nat(), fc.jsonValue()).map(([packets, where, value]) => {
    const json = JSON.parse(JSON.stringify(rtcpToJson(packets[0]))) as Record<string, unknown>;
    const keys = Object.keys(json);
    json[keys[where % keys.length]] = value;
    return [json];
  });
  const anything = fc.oneof(fc.jsonValue(), fc.tuple(word, fc.jsonValue()).map(([type, v]) => [{ type, ssrcs: v }]));
  fc.assert(
    fc.property(fc.oneof(damaged, anything), (value) => {
      const read = rtcpFromJson(value);
      if (!read.ok) assert.match(read.fault.path ?? "", /^\$/);
    }),
    { seed: 32, numRuns: 400 },
  );
});
