import assert from "node:assert/strict";
import fc from "fast-check";
import { utf8 } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import { SeededRng } from "../base/rng.ts";
import { EXAMPLES, STATUS_EXAMPLES } from "./examples.ts";
import { generateSchemas } from "./generate_schemas.ts";
import { errorCodeOf } from "./error_reply.ts";
import { type Message, MESSAGE_TYPES } from "./messages/registry.ts";
import {
  messageToJson,
  parseMessage,
  parseMessageWithJson,
  parseStatus,
  readMessage,
  writeMessage,
} from "./parse_message.ts";
import { arbitraryOf } from "./testing/json_schema.ts";

const SEED = 11_2024;

/** `reason path code` of the refusal, or `ok`. */
function verdict(input: string | Uint8Array): string {
  const parsed = parseMessage(input);
  return parsed.ok ? "ok" : `${parsed.fault.reason} ${parsed.fault.path} ${errorCodeOf(parsed.fault.reason)}`;
}

const UUID = "550e8400-e29b-41d4-a716-446655440000";
const KEY = EXAMPLES.CONNECT.full.encryption.public_key;

/** The seed's seven examples as printed, its placeholders filled in, with what this version requires on top. */
const SEED_EXAMPLES = [
  `{
    "type": "CONNECT", "version": "1.0", "session_id": "${UUID}", "peer_id": "${UUID}",
    "capabilities": {
      "codecs": ["opus", "vp9", "h264"], "resolutions": ["1080p", "720p", "480p"],
      "encryption": ["aes-128-gcm", "aes-256-gcm"], "transport": ["udp", "tcp"]
    },
    "network_info": { "public_ip": "1.2.3.4", "public_port": 50000, "nat_type": "symmetric" },
    "encryption": { "key_exchange": "ecdh-p256", "public_key": "${KEY}" },
    "timestamp": 1234567890
  }`,
  `{
    "type": "CONNECT_ACK", "version": "1.0", "session_id": "${UUID}", "peer_id": "${UUID}", "accepted": true,
    "selected_codecs": { "audio": "opus", "video": "vp9" },
    "network_info": {
      "public_ip": "5.6.7.8", "public_port": 50001,
      "relay_servers": [ { "id": "relay-1", "address": "relay.example.com", "port": 3478, "priority": 1 } ]
    },
    "encryption": { "algorithm": "aes-128-gcm", "key_exchange": "ecdh-p256", "public_key": "${KEY}" },
    "timestamp": 1234567891
  }`,
  `{
    "type": "STREAM_START", "session_id": "${UUID}", "stream_id": "${UUID}", "stream_type": "both",
    "codec": {
      "audio": { "name": "opus", "bitrate": 128000, "sample_rate": 48000, "channels": 2 },
      "video": { "name": "vp9", "bitrate": 2000000, "width": 1920, "height": 1080, "fps": 30 }
    },
    "ssrc": 12345678, "encryption": { "key_id": "${UUID}", "algorithm": "aes-128-gcm" }, "timestamp": 1234567892
  }`,
  `{ "type": "STREAM_STOP", "session_id": "${UUID}", "stream_id": "${UUID}", "reason": "user_request",
     "timestamp": 1234567893 }`,
  `{ "type": "QUALITY_ADAPT", "session_id": "${UUID}", "stream_id": "${UUID}",
     "quality": { "bitrate": 1000000, "resolution": "720p", "fps": 30 }, "reason": "bandwidth",
     "timestamp": 1234567894 }`,
  `{ "type": "HEARTBEAT", "session_id": "${UUID}", "sequence": 12345, "timestamp": 1234567895 }`,
  `{ "type": "HEARTBEAT_ACK", "session_id": "${UUID}", "sequence": 12345, "original_timestamp": 1234567895,
     "response_timestamp": 1234567896, "latency_ms": 1 }`,
];

Deno.test("ARC-SIG-json-object: the seed's seven examples are messages, and keep every field and value", () => {
  for (const text of SEED_EXAMPLES) {
    assert.deepEqual(unwrap(parseMessage(text)), JSON.parse(text));
    assert.deepEqual(unwrap(parseMessage(utf8(text))), JSON.parse(text));
  }
});

Deno.test("ARC-SIG-json-object: the root is an object with a string type", () => {
  const cases: [string, string][] = [
    ["[]", "bad_type $ bad_message"],
    ['"ACK"', "bad_type $ bad_message"],
    ["1", "bad_type $ bad_message"],
    ["null", "bad_type $ bad_message"],
    ["{}", "missing_field $.type bad_message"],
    ['{"Type":"ACK"}', "missing_field $.type bad_message"],
    ['{"type":null}', "bad_type $.type bad_message"],
    ['{"type":1}', "bad_type $.type bad_message"],
    ['{"type":["ACK"]}', "bad_type $.type bad_message"],
    ['{"__proto__":{"type":"ACK"}}', "missing_field $.type bad_message"],
  ];
  for (const [text, expected] of cases) assert.equal(verdict(text), expected, text);
});

Deno.test("ARC-SIG-json-unknown-type: an unknown type is refused as such, in any case and of any origin", () => {
  for (const type of ["", "NOPE", "connect", "CONNECT ", "STREAM_NEGOTIATE", "RELAY_STATUS", "toString", "__proto__"]) {
    assert.equal(verdict(JSON.stringify({ type })), "unknown_type $.type unknown_type", type);
  }
});

Deno.test("ARC-SIG-json-version: another major version is unsupported, a higher minor is accepted, other forms are bad", () => {
  for (const type of ["CONNECT", "CONNECT_ACK"] as const) {
    const text = (version: unknown) => JSON.stringify({ ...EXAMPLES[type].full, version });
    assert.equal(verdict(text("1.7")), "ok");
    assert.equal(verdict(text("2.0")), "bad_version $.version unsupported_version");
    assert.equal(verdict(text("0.9")), "bad_version $.version unsupported_version");
    assert.equal(verdict(text("10.0")), "bad_version $.version unsupported_version");
    for (const other of ["1", "1.", ".0", "1.0.0", "v1.0", "1.0 ", "\u0661.0", ""]) {
      assert.equal(verdict(text(other)), "bad_value $.version bad_message", other);
    }
    assert.equal(verdict(text(1)), "bad_type $.version bad_message");
    assert.equal(verdict(text(undefined)), "missing_field $.version bad_message");
    // All else may be different in another major version.
    assert.equal(verdict(JSON.stringify({ type, version: "2.0" })), "bad_version $.version unsupported_version");
  }
});

Deno.test("ARC-SIG-json-order: the first fault decides, in the order size, JSON, root, type, version, fields", () => {
  const large = " ".repeat(65_536);
  const steps: [string, string][] = [
    [`{"type":"NOPE",${large}`, "too_large undefined too_large"],
    ['{"type":"NOPE","type":"CONNECT"}', "duplicate_key $.type bad_json"],
    ['{"type":"NOPE","x":[1e400]}', "bad_value $.x[0] bad_message"],
    ['{"type":7,"version":"2.0"', "bad_json $.version bad_json"],
    ['{"type":7,"version":"2.0"}', "bad_type $.type bad_message"],
    ['{"type":"NOPE","version":"2.0"}', "unknown_type $.type unknown_type"],
    ['{"type":"CONNECT","version":"2.0","session_id":7}', "bad_version $.version unsupported_version"],
    ['{"type":"CONNECT","version":7,"session_id":7}', "bad_type $.version bad_message"],
    // The table's order, not the text's.
    [`{"type":"STREAM_STOP","reason":7,"session_id":"${UUID}","stream_id":7}`, "bad_type $.stream_id bad_message"],
    ['{"type":"STREAM_STOP","timestamp":-1}', "missing_field $.session_id bad_message"],
    [
      JSON.stringify({ ...EXAMPLES.CONNECT.full, epoch: undefined, timestamp: undefined }),
      "missing_field $.epoch bad_message",
    ],
    [
      JSON.stringify({ ...EXAMPLES.CONNECT_ACK.full, session_id: "x", accepted: 1 }),
      "bad_value $.session_id bad_message",
    ],
    [
      JSON.stringify({ ...EXAMPLES.STREAM_START.full, stream_id: 1, stream_type: 1 }),
      "bad_type $.stream_id bad_message",
    ],
  ];
  for (const [text, expected] of steps) assert.equal(verdict(text), expected, text.slice(0, 80));
});

Deno.test("ARC-SIG-json-size: a message of 65,535 bytes is read, one byte more is too_large", () => {
  const message = { ...EXAMPLES.HEARTBEAT.full, x: "" };
  const room = 65_535 - JSON.stringify(message).length;
  assert.equal(verdict(JSON.stringify({ ...message, x: "x".repeat(room) })), "ok");
  assert.equal(verdict(JSON.stringify({ ...message, x: "x".repeat(room + 1) })), "too_large undefined too_large");
});

Deno.test("ARC-SIG-json-depth: sixteen levels are read, the root being the first; a seventeenth is too_large", () => {
  const nested = (levels: number) => `{"type":"ACK","x":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`;
  assert.equal(verdict(nested(16)), "missing_field $.session_id bad_message");
  assert.equal(verdict(nested(17)).split(" ")[2], "too_large");
});

Deno.test("ARC-SIG-json-trailing: only white space may follow the closing brace", () => {
  const text = writeMessage(EXAMPLES.STREAM_STOP.full);
  for (const tail of ["", " ", "\n", "\r\n\t "]) assert.equal(verdict(text + tail), "ok");
  for (const tail of ["x", "{}", text, "\0", "\u00a0", ",", "}"]) {
    assert.equal(verdict(text + tail), "bad_json $ bad_json", JSON.stringify(tail));
  }
});

Deno.test("ARC-UNIT-json-first-byte: neither white space nor a byte order mark may come before a message", () => {
  const text = writeMessage(EXAMPLES.STREAM_STOP.full);
  for (const head of [" ", "\n", "\t", "\r", "\ufeff"]) {
    assert.equal(verdict(head + text).split(" ")[0], "bad_json", JSON.stringify(head));
    assert.equal(verdict(utf8(head + text)).split(" ")[0], "bad_json", JSON.stringify(head));
  }
});

Deno.test("ARC-SIG-message-round-trip: writing and parsing gives the same message, type first and fields in one order", () => {
  for (const type of MESSAGE_TYPES) {
    const schema = JSON.parse(generateSchemas().get(`${type}.schema.json`) ?? "");
    let accepted = 0;
    fc.assert(
      fc.property(arbitraryOf(schema), (value) => {
        const parsed = readMessage(value);
        // JSON Schema cannot say all; what it allows is refused by the rules between fields and the version only.
        if (!parsed.ok) {
          assert.ok(["bad_version", "bad_state", "bad_value"].includes(parsed.fault.reason), parsed.fault.message);
          return;
        }
        accepted++;
        const text = writeMessage(parsed.value);
        assert.deepEqual(unwrap(parseMessage(text)), parsed.value);
        assert.ok(text.startsWith(`{"type":"${type}"`));
        const shuffled = Object.fromEntries(Object.entries(parsed.value).toReversed()) as unknown as Message;
        assert.equal(writeMessage(shuffled), text);
      }),
      { seed: SEED, numRuns: 20 },
    );
    if (type !== "STREAM_START" && !type.startsWith("CONNECT")) assert.ok(accepted >= 15, `${type}: ${accepted}`);
  }
});

Deno.test("messages: the writer refuses a message that breaks its schema", () => {
  const wrong = { ...EXAMPLES.STREAM_STOP.full, reason: "other" } as unknown as Message;
  assert.throws(() => writeMessage(wrong), /STREAM_STOP: \$\.reason: expected one of user_request, error, timeout/);
  const withUndefined = { ...EXAMPLES.RELAY_BIND.minimal, nonce: undefined, proof: undefined };
  assert.deepEqual(messageToJson(withUndefined), EXAMPLES.RELAY_BIND.minimal);
});

Deno.test("ARC-TRANSPORT-server-unchanged: the JSON beside a message has the unknown fields that the message leaves out", () => {
  const text = JSON.stringify({ ...EXAMPLES.STREAM_STOP.full, x_later: [1, { a: null }] });
  const { json, message } = unwrap(parseMessageWithJson(text));
  assert.deepEqual(json.x_later, [1, { a: null }]);
  assert.deepEqual(message, EXAMPLES.STREAM_STOP.full);
  assert.equal(JSON.stringify(json), text);
});

Deno.test("messages: status messages of relays and servers are read and written, and are no peer's messages", () => {
  for (const { full } of Object.values(STATUS_EXAMPLES)) {
    assert.deepEqual(unwrap(parseStatus(writeMessage(full))), full);
    assert.equal(verdict(writeMessage(full)), "unknown_type $.type unknown_type");
  }
  const peers = parseStatus(writeMessage(EXAMPLES.ACK.full));
  assert.ok(!peers.ok && peers.fault.reason === "unknown_type");
  const bad = parseStatus(JSON.stringify({ ...STATUS_EXAMPLES.RELAY_STATUS.full, load: 2 }));
  assert.ok(!bad.ok && bad.fault.path === "$.load");
});

Deno.test("messages: faults name no value that could be a secret", () => {
  const secret = "s3cr3t".repeat(20);
  for (
    const json of [
      { ...EXAMPLES.RELAY_KEYS.full, auth_key: secret },
      { ...EXAMPLES.CONNECT.full, token: secret.repeat(60) },
      { ...EXAMPLES.CONNECT.full, proof: secret },
      { ...EXAMPLES.RELAY_BIND.full, nonce: secret },
    ]
  ) {
    const parsed = parseMessage(JSON.stringify(json));
    assert.ok(!parsed.ok);
    assert.ok(!parsed.fault.message.includes("s3cr3t"), parsed.fault.message);
  }
});

Deno.test("messages: never throws on text, bytes or any JSON value; a view in a dirty pool reads the same", () => {
  const anything = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.record({ type: fc.constantFrom<unknown>(...MESSAGE_TYPES), version: fc.constantFrom("1.0", 1) }),
    fc.tuple(fc.constantFrom(...MESSAGE_TYPES), fc.string(), fc.jsonValue({ maxDepth: 2 })).map(
      ([type, key, value]) => {
        const message: Record<string, unknown> = { ...EXAMPLES[type].full };
        const names = Object.keys(message);
        message[names[key.length % names.length]] = value;
        return message;
      },
    ),
  );
  fc.assert(fc.property(anything, (value) => void parseMessage(JSON.stringify(value))), { seed: SEED, numRuns: 500 });
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => void parseMessage(bytes)), {
    seed: SEED,
    numRuns: 300,
  });
  const bytes = utf8(writeMessage(EXAMPLES.CONNECT.full));
  for (let end = 0; end < bytes.length; end++) assert.equal(verdict(bytes.subarray(0, end)).split(" ")[0], "bad_json");
  const pool = new SeededRng(SEED).fill(new Uint8Array(bytes.length + 200));
  pool.set(bytes, 99);
  assert.deepEqual(parseMessage(pool.subarray(99, 99 + bytes.length)), parseMessage(bytes));
});

Deno.test("messages: a byte changed anywhere gives a message or a fault with a place", () => {
  const bytes = utf8(writeMessage(EXAMPLES.STREAM_START.full));
  const rng = new SeededRng(SEED);
  for (let i = 0; i < bytes.length; i++) {
    const changed = bytes.slice();
    changed[i] ^= 1 << (rng.u32() % 8);
    const parsed = parseMessage(changed);
    assert.ok(parsed.ok || parsed.fault.path !== undefined || parsed.fault.offset !== undefined, `byte ${i}`);
  }
});
