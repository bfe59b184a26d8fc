import assert from "node:assert/strict";
import fc from "fast-check";
import { utf8 } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import { EXAMPLE_CALLER, EXAMPLE_SESSION, EXAMPLES } from "./examples.ts";
import { MESSAGE_TYPES } from "./messages/registry.ts";
import {
  closeFrame,
  heartbeatFrame,
  isChannelEvent,
  joinFrame,
  leaveFrame,
  parsePhoenixFrame,
  parseTopic,
  type PhoenixFrame,
  pushFrame,
  readJoin,
  readPhoenixPush,
  readReply,
  replyFrame,
  topicOf,
  writePhoenixFrame,
} from "./phoenix_frame.ts";

const TOPIC = `arcrtc:${EXAMPLE_SESSION}`;

function verdict(input: string | Uint8Array): string {
  const parsed = parsePhoenixFrame(input);
  return parsed.ok ? "ok" : `${parsed.fault.reason} ${parsed.fault.path}`;
}

Deno.test("ARC-TRANSPORT-phoenix-frame: frames are arrays of join_ref, ref, topic, event and payload", () => {
  const frame = unwrap(parsePhoenixFrame('["1","2","arcrtc:x","CONNECT",{"a":[1]}]'));
  assert.deepEqual(frame, { joinRef: "1", ref: "2", topic: "arcrtc:x", event: "CONNECT", payload: { a: [1] } });
  assert.equal(writePhoenixFrame(frame), '["1","2","arcrtc:x","CONNECT",{"a":[1]}]');
  const cases: [string, string][] = [
    ["", "bad_json $"],
    ["{}", "bad_type $"],
    ['["1","2","t","e"]', "bad_length $"],
    ['["1","2","t","e",{},null]', "bad_length $"],
    ['[1,"2","t","e",{}]', "bad_type $[0]"],
    ['[null,2,"t","e",{}]', "bad_type $[1]"],
    ['[null,null,null,"e",{}]', "bad_type $[2]"],
    ['[null,null,"t",7,{}]', "bad_type $[3]"],
    ['[null,null,"t","e",[]]', "bad_type $[4]"],
    ['[null,null,"t","e",null]', "bad_type $[4]"],
    ['[null,null,"t","e",{"a":1,"a":2}]', "duplicate_key $[4].a"],
    [`["${"1".repeat(65)}",null,"t","e",{}]`, "bad_type $[0]"],
    [`[null,null,"${"t".repeat(257)}","e",{}]`, "bad_value $[2]"],
    [`[null,null,"t","${"e".repeat(257)}",{}]`, "bad_value $[3]"],
    ['[null,null,"t","e",{}]', "ok"],
  ];
  for (const [text, expected] of cases) assert.equal(verdict(text), expected, text.slice(0, 60));
});

Deno.test("ARC-TRANSPORT-phoenix-push: every message goes through a push and comes out the same", () => {
  for (const type of MESSAGE_TYPES) {
    const message = EXAMPLES[type].full;
    const frame = pushFrame("1", "7", EXAMPLE_SESSION, message);
    assert.equal(frame.event, type);
    const read = unwrap(parsePhoenixFrame(utf8(writePhoenixFrame(frame))));
    assert.deepEqual(read, frame);
    assert.deepEqual(unwrap(readPhoenixPush(read)), message);
  }
});

Deno.test("ARC-TRANSPORT-phoenix-frame: a push whose event is not the message's type is refused, and so is a bad message", () => {
  const push = pushFrame(null, null, EXAMPLE_SESSION, EXAMPLES.ACK.full);
  const other = readPhoenixPush({ ...push, event: "ERROR" });
  assert.ok(!other.ok && other.fault.reason === "bad_value" && other.fault.path === "$.type");
  const bad = readPhoenixPush({ ...push, payload: { type: "ACK" } });
  assert.ok(!bad.ok && bad.fault.reason === "missing_field" && bad.fault.path === "$.session_id");
});

Deno.test("ARC-SIG-json-size ARC-SIG-json-depth: a message in a frame has the limits of a message", () => {
  const text = (x: string) => `["1","2","${TOPIC}","ACK",{"type":"ACK","x":${x}}]`;
  const room = 65_535 - '{"type":"ACK","x":""}'.length;
  assert.equal(verdict(text(`"${"x".repeat(room)}"`)), "ok");
  assert.equal(verdict(text(`"${"x".repeat(room + 1)}"`)), "too_large $[4]");
  assert.equal(verdict(text(`"${"\u20ac".repeat(room / 3)}"`)), "ok");
  assert.equal(verdict(text(`"${"\u20ac".repeat(room / 3 + 1)}"`)), "too_large $[4]");
  const nested = (levels: number) => text("[".repeat(levels - 1) + "]".repeat(levels - 1));
  const push = (levels: number) => readPhoenixPush(unwrap(parsePhoenixFrame(nested(levels))));
  const deep = push(17);
  assert.ok(!deep.ok && deep.fault.reason === "too_large");
  const fine = push(16);
  assert.ok(!fine.ok && fine.fault.reason === "missing_field");
  assert.equal(verdict(nested(60)).split(" ")[0], "too_large");
});

Deno.test("ARC-TRANSPORT-phoenix-join: a peer joins arcrtc: and the session with its peer_id", () => {
  const join = joinFrame("1", EXAMPLE_SESSION, EXAMPLE_CALLER);
  assert.equal(writePhoenixFrame(join), `["1","1","${TOPIC}","phx_join",{"peer_id":"${EXAMPLE_CALLER}"}]`);
  assert.equal(unwrap(readJoin(join)), EXAMPLE_CALLER);
  assert.equal(unwrap(parseTopic(join.topic)), EXAMPLE_SESSION);
  const nil = "00000000-0000-0000-0000-000000000000";
  for (
    const topic of ["arcrtc:", "arcrtc:x", "phoenix", `room:${EXAMPLE_SESSION}`, TOPIC.toUpperCase(), `arcrtc:${nil}`]
  ) {
    assert.ok(!parseTopic(topic).ok, topic);
  }
  const joinWith = (payload: PhoenixFrame["payload"]) => {
    const read = readJoin({ ...join, payload });
    return read.ok ? "ok" : read.fault.reason;
  };
  assert.equal(joinWith({}), "missing_field");
  assert.equal(joinWith({ peer_id: 7 }), "bad_type");
  assert.equal(joinWith({ peer_id: "x" }), "bad_value");
  assert.equal(joinWith({ peer_id: EXAMPLE_CALLER, token: "later" }), "ok");
});

Deno.test("ARC-TRANSPORT-phoenix-reply: a push is answered ok, or error with an ERROR message", () => {
  const push = pushFrame("1", "2", EXAMPLE_SESSION, EXAMPLES.ACK.full);
  assert.equal(writePhoenixFrame(replyFrame(push)), `["1","2","${TOPIC}","phx_reply",{"status":"ok","response":{}}]`);
  for (const error of [EXAMPLES.ERROR.full, EXAMPLES.ERROR.minimal]) {
    const reply = unwrap(readReply(replyFrame(push, error)));
    assert.equal(reply.status, "error");
    assert.deepEqual(reply.response, error);
  }
  assert.ok(!readReply({ ...push, payload: { status: "maybe", response: {} } }).ok);
  assert.ok(!readReply({ ...push, payload: { status: "ok" } }).ok);
});

Deno.test("ARC-TRANSPORT-phoenix-heartbeat: the connection's heartbeat and its answer", () => {
  const heartbeat = heartbeatFrame("3");
  assert.equal(writePhoenixFrame(heartbeat), '[null,"3","phoenix","heartbeat",{}]');
  assert.equal(
    writePhoenixFrame(replyFrame(heartbeat)),
    '[null,"3","phoenix","phx_reply",{"status":"ok","response":{}}]',
  );
});

Deno.test("phoenix: leaving and closing name the join, and channel events are no message types", () => {
  assert.equal(writePhoenixFrame(leaveFrame("1", "4", EXAMPLE_SESSION)), `["1","4","${TOPIC}","phx_leave",{}]`);
  assert.equal(writePhoenixFrame(closeFrame("1", EXAMPLE_SESSION)), `["1","1","${TOPIC}","phx_close",{}]`);
  assert.equal(topicOf(EXAMPLE_SESSION), TOPIC);
  for (const type of MESSAGE_TYPES) assert.ok(!isChannelEvent(type));
  assert.ok(isChannelEvent("phx_reply"));
});

Deno.test("phoenix: never throws on any text, bytes or JSON array", () => {
  const part = fc.jsonValue({ maxDepth: 1 });
  const frames = fc.oneof(fc.string(), fc.array(part, { minLength: 4, maxLength: 6 }).map((a) => JSON.stringify(a)));
  fc.assert(
    fc.property(frames, (text) => {
      const frame = parsePhoenixFrame(text);
      if (!frame.ok) return;
      readPhoenixPush(frame.value);
      readJoin(frame.value);
      readReply(frame.value);
      parseTopic(frame.value.topic);
      assert.deepEqual(unwrap(parsePhoenixFrame(writePhoenixFrame(frame.value))), frame.value);
    }),
    { seed: 6455, numRuns: 500 },
  );
});
