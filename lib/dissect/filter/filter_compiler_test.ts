import assert from "node:assert/strict";
import fc from "fast-check";
import { ARCRTP_FIELDS } from "../../packet/field_table.ts";
import { leavesOf } from "../../packet/field_node.ts";
import { dissectRtcp } from "../../packet/rtcp/dissect.ts";
import { compounds, toBytes } from "../../packet/rtcp/testing/packets.ts";
import { EXAMPLE_SESSION, EXAMPLES } from "../../signaling/examples.ts";
import { hex } from "../testing/packets.ts";
import { Scene, sealedText } from "../testing/scene.ts";
import type { UnitModel } from "../model/unit_model.ts";
import { FIELD_CATALOG, fieldValues } from "./field_catalog.ts";
import { compileFilter } from "./filter_compiler.ts";
import { RTCP_FIELDS } from "./rtcp_fields.ts";

const START = {
  ...EXAMPLES.STREAM_START.minimal,
  ssrc: 7,
  reduced_header: [{ context_id: 2, ssrc: 7, payload_type: 111, quality: 0 }],
};
const FULL = "80ef 0065 000003e8 00000007 a8 01 01f4 48690a0b";

/** A packet, or what else, as the model that a filter sees. */
function unit(bytes: string | Uint8Array): UnitModel {
  const scene = new Scene();
  scene.say(START);
  scene.unit(hex(FULL));
  return scene.unit(typeof bytes === "string" ? hex(bytes) : bytes);
}

function passes(filter: string, model: UnitModel): boolean {
  const compiled = compileFilter(filter);
  assert.ok(compiled.ok, filter);
  return compiled.value.test(model);
}

function all(model: UnitModel, filters: readonly string[], expected: boolean): void {
  for (const filter of filters) assert.equal(passes(filter, model), expected, filter);
}

Deno.test("filter: numbers of a packet, at their fixed places", () => {
  const model = unit(FULL);
  all(model, [
    "arcrtp.seq > 100 && arcrtp.seq <= 101",
    "arcrtp.seq == 0x65",
    "arcrtp.timestamp == 1000 and arcrtp.ssrc == 7 and arcrtp.pt == 111",
    "arcrtp.marker",
    "arcrtp.marker == true && arcrtp.marker == 1 && !arcrtp.x",
    "arcrtp.version == 2 && arcrtp.cc == 0",
    "arcrtp.quality == 2 && arcrtp.priority == 2 && arcrtp.key_phase == 2",
    "arcrtp.priority == medium",
    "arcrtp.flags.bandwidth && !arcrtp.flags.loss && arcrtp.bandwidth == 500",
    "arcrtp.seq in {1, 101} && arcrtp.seq != 100",
    "arcrtp.payload contains 690a && arcrtp.payload == 48690a0b && arcrtp.payload != 00",
    'arcrtp.payload == "48:69:0a:0b"',
  ], true);
  all(model, [
    "arcrtp.seq > 101",
    "arcrtp.seq != 101",
    "arcrtp.loss",
    "arcrtp.loss == 0",
    "arcrtp.loss != 0",
    "arcrtp.csrc",
    "arcrtp.reduced.cid == 2",
    "arcrtp.priority in {critical, low}",
    "arcrtp.payload contains 690b",
    "rtcp.ssrc == 7",
    'arcsig.type != "ACK"',
  ], false);
  all(unit("806f0001000000020000000700 02 0000 ff 01"), ["arcrtp.loss == 255", "arcrtp.loss"], true);
});

Deno.test("filter: reduced packets answer with their full header, and with their own", () => {
  const model = unit("c26606b4 aabb");
  all(model, [
    "arcrtp.seq == 102 && arcrtp.timestamp == 1716 && arcrtp.ssrc == 7 && arcrtp.pt == 111",
    "reduced && kind == reduced && role == audio",
    "arcrtp.reduced.cid == 2 && arcrtp.reduced.seq8 == 0x66",
    "arcrtp.key_phase == 2",
    `session == "${START.session_id}" && stream == "${START.stream_id}"`,
  ], true);
  all(unit("c36606b4"), ["arcrtp.seq", "arcrtp.seq != 5", "ssrc", "stream"], false);
});

Deno.test("filter: fields that are there several times pass when any does, != when none is equal", () => {
  const model = unit("81ef 0065 000003e8 00000007 00000009 00000000 48");
  all(model, ["arcrtp.csrc == 9", "arcrtp.csrc", "arcrtp.csrc != 8"], true);
  const rtcp = unit("81c9 0007 00000007 00000008 01000002 00010003 00000004 00000005 00000006 81cb 0001 00000055");
  all(rtcp, [
    "rtcp.report.ssrc == 8 && rtcp.report.fraction_lost == 1 && rtcp.report.cumulative_lost == 2",
    "rtcp.bye.ssrc == 0x55 && rtcp.pt == 201 && rtcp.pt == 203",
    "rtcp.pt > 202 && kind == rtcp && ssrc == 7 && !protected",
  ], true);
  all(rtcp, ["rtcp.pt != 201", "rtcp.pt == 200", "arcsig.type", "rtcp.malformed"], false);
});

Deno.test("filter: messages by their fields, lists with and without their items' name", () => {
  const scene = new Scene();
  const connect = scene.say(EXAMPLES.CONNECT.full);
  all(connect, [
    'type == CONNECT && kind == "json" && transport == ws && dialect == "arcrtc-1.0"',
    `session == "${EXAMPLE_SESSION}" && session matches "^550e8400-"`,
    "arcsig.capabilities.codecs.item == vp9 && arcsig.capabilities.codecs == opus",
    "arcsig.capabilities.reduced_header && arcsig.timestamp == 1234567890",
    'arcsig.network_info.nat_type in {cone, "symmetric", restricted, open, unknown}',
    "src.host contains 10.0. && src.port == 5000 && dst == 10.0.9.2:6000",
    "!sealed && !fault && packet == 1 && unit == 1 && time == 0 && length > 100 && cut == 0",
  ], true);
  all(connect, ["arcsig.capabilities.codecs == g722", "sealed", "ssrc", "arcrtp.seq", "nats.subject", "fault"], false);
  const sealed = scene.unit(sealedText(EXAMPLES.HEARTBEAT.full, 4), { ms: 1500 });
  all(sealed, ["sealed && seal.counter == 4 && time == 1.5 && time.epoch == 1.5", "seal.tag contains abab"], true);
  all(scene.unit(hex("80")), ["fault == truncated && kind == arcrtp", "fault"], true);
});

Deno.test("filter: the envelope of a unit", () => {
  const scene = new Scene();
  const envelope = {
    kind: "phoenix",
    joinRef: null,
    ref: "4",
    topic: "arcrtc:x",
    event: "phx_reply",
    hasMessage: false,
    status: "ok",
  } as const;
  all(scene.unit(hex("5b"), { envelope, transport: "ws" }), [
    "kind == phoenix && phoenix.topic == arcrtc:x && phoenix.event == phx_reply && phoenix.ref == 4 && phoenix.status == ok",
  ], true);
  const nats = { kind: "nats", subject: "arcrtc.server.1.status" } as const;
  all(scene.unit(hex("7b7d"), { envelope: nats, transport: "nats" }), ["nats.subject contains status"], true);
});

Deno.test("filter: faults name the field or value that is wrong, and point at it", () => {
  const faultOf = (filter: string) => {
    const compiled = compileFilter(filter);
    assert.ok(!compiled.ok, filter);
    return compiled.fault;
  };
  assert.deepEqual(faultOf("kind == json && arcrtp.sqe > 1"), {
    offset: 16,
    length: 10,
    message: 'no field is called "arcrtp.sqe"',
    unknownField: "arcrtp.sqe",
  });
  const messages: [string, string, number][] = [
    ["arcrtp.seq == many", "arcrtp.seq is compared with a number", 14],
    ['arcrtp.seq == "5"', "arcrtp.seq is compared with a number", 14],
    ["arcrtp.priority == best", "arcrtp.priority is compared with a number or one of critical, high, medium, low", 19],
    ["arcrtp.marker == yes", "arcrtp.marker is compared with true or false", 17],
    ["arcrtp.seq contains 5", "arcrtp.seq is a number: compare it with == or <", 20],
    ["session > 5", "session is text: compare it with ==, contains or matches", 10],
    ['session matches "("', "this is no regular expression", 16],
    ["arcrtp.payload == xyz", "arcrtp.payload is compared with bytes in hex", 18],
    ["arcrtp.payload > 00", "arcrtp.payload is bytes: compare it with == or contains", 17],
    ["!(nothing in {1})", 'no field is called "nothing"', 2],
    ["a in {1} or b", 'no field is called "a"', 0],
    ["arcrtp.seq in {1, x}", "arcrtp.seq is compared with a number", 18],
  ];
  for (const [filter, message, offset] of messages) {
    assert.deepEqual([faultOf(filter).message, faultOf(filter).offset], [message, offset], filter);
  }
  const compiled = compileFilter("session == x && !arcrtp.seq || (kind in {y})");
  assert.deepEqual(compiled.ok && [...compiled.value.fields], ["session", "arcrtp.seq", "kind"]);
});

Deno.test("catalog: every field of the field table is there, and reads what the dissector reads", () => {
  const packets = [
    "b1ef 0065 000003e8 00000007 00000009 bede0002 12010203 21aabb00 fc 03 1234 77 4869",
    "80ef 0065 000003e8 00000007 00 00 0000",
    "c26606b4aabb",
  ];
  for (const packet of packets) {
    const model = unit(packet);
    for (const { name } of ARCRTP_FIELDS) {
      const field = FIELD_CATALOG.get(name);
      assert.ok(field, name);
      if (packet.startsWith("c") && !name.startsWith("arcrtp.reduced")) continue;
      const values = fieldValues(field, model);
      const leaves = [...leavesOf(model.nodes)].filter((node) => node.name === name);
      assert.equal(values.length > 0, leaves.length > 0 || name === "arcrtp.flags", name);
      if (leaves.length !== 1 || leaves[0].value instanceof Uint8Array) continue;
      assert.ok([String(leaves[0].value), leaves[0].text].includes(values[0]), name);
    }
  }
});

Deno.test("catalog: every field that RTCP dissects into has its name here", () => {
  const known = new Map(RTCP_FIELDS.map((field) => [field.name, field]));
  const seen = new Set<string>();
  fc.assert(
    fc.property(compounds, fc.boolean(), (packets, cut) => {
      const bytes = toBytes(packets);
      for (const { name, value } of leavesOf(dissectRtcp(cut ? bytes.subarray(0, -1) : bytes))) {
        const field = known.get(name);
        assert.ok(field, name);
        seen.add(name);
        const kind = value instanceof Uint8Array ? "bytes" : typeof value === "boolean" ? "bool" : "number";
        assert.equal(field.kind, kind, name);
      }
    }),
    { seed: 151, numRuns: 400 },
  );
  // Padding is written by nobody here.
  assert.deepEqual([...known.keys()].filter((name) => !seen.has(name)), ["rtcp.padding"]);
});

Deno.test("catalog: every field of every example message has its name here", () => {
  const scene = new Scene();
  for (const { minimal, full } of Object.values(EXAMPLES)) {
    for (const message of [minimal, full]) {
      for (const { name, value } of leavesOf(scene.say(message).nodes)) {
        const field = FIELD_CATALOG.get(name);
        assert.ok(field, name);
        const type = typeof value === "number" ? "number" : typeof value === "boolean" ? "bool" : "text";
        assert.equal(field.type, type, name);
      }
    }
  }
});

Deno.test("filter: any filter on any unit gives an answer", () => {
  const units = [unit(FULL), unit("c26606b4"), unit("80c9"), unit("00"), unit("")];
  const names = [...FIELD_CATALOG.keys()];
  const operators = fc.constantFrom("==", "!=", "<", ">=", "contains", "matches");
  fc.assert(
    fc.property(
      fc.constantFrom(...names),
      operators,
      fc.constantFrom("5", "x", "true", "0a"),
      (name, operator, value) => {
        const compiled = compileFilter(`${name} ${operator} ${value} || !${name}`);
        if (!compiled.ok) return;
        for (const each of units) assert.equal(typeof compiled.value.test(each), "boolean");
      },
    ),
    { seed: 152, numRuns: 1500 },
  );
});
