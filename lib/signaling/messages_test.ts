/** Every message against its table in SPEC §5.2: its examples, every field broken in turn, bounds, and rules between fields. */
import assert from "node:assert/strict";
import { toBase64Url } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import { EXAMPLES } from "./examples.ts";
import { generateSchemas } from "./generate_schemas.ts";
import { formatPath } from "./json_path.ts";
import type { JsonObject } from "./json_value.ts";
import { MESSAGE_TYPES, type MessageType } from "./messages/registry.ts";
import { messageToJson, parseMessage, writeMessage } from "./parse_message.ts";
import { breachesOf, type JsonSchema } from "./testing/json_schema.ts";

const SCHEMAS = new Map<MessageType, JsonSchema>(
  MESSAGE_TYPES.map((type) => [type, JSON.parse(generateSchemas().get(`${type}.schema.json`) ?? "")]),
);

function schemaOf(type: MessageType): JsonSchema {
  const schema = SCHEMAS.get(type);
  assert.ok(schema);
  return schema;
}

/** `reason path` of the refusal, or `ok`. */
function verdict(json: unknown): string {
  const parsed = parseMessage(JSON.stringify(json));
  return parsed.ok ? "ok" : `${parsed.fault.reason} ${parsed.fault.path}`;
}

/** The full example with one member set to `value`, or taken out where `value` is undefined. */
function altered(type: MessageType, path: string, value: unknown, from: "minimal" | "full" = "full"): JsonObject {
  const json = JSON.parse(writeMessage(EXAMPLES[type][from]));
  const names = path.split(".");
  const last = names.pop() ?? "";
  let at = json;
  for (const name of names) at = at[name] ??= {};
  at[last] = value;
  return JSON.parse(JSON.stringify(json));
}

/** Cases in the form `[type, path, value, verdict]`, from the full example. */
function check(cases: readonly (readonly [MessageType, string, unknown, string])[]): void {
  for (const [type, path, value, expected] of cases) {
    assert.equal(verdict(altered(type, path, value)), expected, `${type} ${path} = ${JSON.stringify(value)}`);
  }
}

const TABLES: readonly [MessageType, string][] = [
  ["CONNECT", "ARC-SIG-connect-fields"],
  ["CONNECT_ACK", "ARC-SIG-connect-ack-fields"],
  ["STREAM_START", "ARC-SIG-stream-start-fields"],
  ["STREAM_STOP", "ARC-SIG-stream-stop-fields"],
  ["QUALITY_ADAPT", "ARC-SIG-quality-adapt-fields"],
  ["HEARTBEAT", "ARC-SIG-heartbeat-fields"],
  ["HEARTBEAT_ACK", "ARC-SIG-heartbeat-ack-fields"],
  ["KEY_ROTATE", "ARC-SIG-key-rotate-fields"],
  ["KEY_ROTATE_ACK", "ARC-SIG-key-rotate-ack-fields"],
  ["METRICS", "ARC-SIG-metrics-fields"],
  ["DISCONNECT", "ARC-SIG-disconnect-fields"],
  ["ACK", "ARC-SIG-ack-fields"],
  ["ERROR", "ARC-SIG-error-fields"],
  ["RELAY_BIND", "ARC-SIG-relay-bind-fields"],
  ["RELAY_UNBIND", "ARC-SIG-relay-bind-fields"],
  ["RELAY_CHALLENGE", "ARC-SIG-relay-answer-fields"],
  ["RELAY_BOUND", "ARC-SIG-relay-answer-fields"],
  ["RELAY_KEYS", "ARC-SIG-relay-keys-fields"],
];

Deno.test("messages: the tables below leave out no type", () => {
  assert.deepEqual(TABLES.map(([type]) => type).toSorted(), MESSAGE_TYPES.toSorted());
});

for (const [type, id] of TABLES) {
  Deno.test(`${id} ARC-SIG-message-tables ARC-SIG-json-missing-field: ${type} is read whole and minimal, and refused at each broken field`, () => {
    for (const form of ["minimal", "full"] as const) {
      const example = EXAMPLES[type][form];
      assert.deepEqual(unwrap(parseMessage(writeMessage(example))), example);
      let breaches = 0;
      for (const breach of breachesOf(schemaOf(type), messageToJson(example))) {
        // Another type, and other values of what chooses between two tables, make another message.
        if (["type", "accepted", "resume", "stream_type"].includes(String(breach.path[0]))) continue;
        const expected = `${breach.reason} ${formatPath(breach.path)}`;
        assert.equal(verdict(breach.value), expected, `${type} ${form}: ${breach.what}`);
        breaches++;
      }
      assert.ok(breaches >= 5, `${type} ${form}: only ${breaches} breaches`);
    }
  });
}

Deno.test("ARC-SIG-message-tables: the bounds are those of the tables, to the last value", () => {
  check([
    ["CONNECT", "capabilities.codecs", [], "bad_value $.capabilities.codecs"],
    ["CONNECT", "capabilities.codecs", ["x".repeat(32)], "ok"],
    ["CONNECT", "capabilities.codecs", ["opus", "x".repeat(33)], "bad_value $.capabilities.codecs[1]"],
    ["CONNECT", "capabilities.codecs", ["opus", "VP9"], "bad_value $.capabilities.codecs[1]"],
    ["CONNECT", "capabilities.codecs", ["opus", 9], "bad_type $.capabilities.codecs[1]"],
    ["CONNECT", "capabilities.resolutions", [], "ok"],
    ["CONNECT", "capabilities.resolutions", ["x".repeat(17)], "bad_value $.capabilities.resolutions[0]"],
    ["CONNECT", "capabilities.encryption", [], "bad_value $.capabilities.encryption"],
    ["CONNECT", "capabilities.encryption", ["x".repeat(33)], "bad_value $.capabilities.encryption[0]"],
    ["CONNECT", "capabilities.transport", [], "bad_value $.capabilities.transport"],
    ["CONNECT", "capabilities.transport", ["quic"], "ok"],
    ["CONNECT", "capabilities.authentication", [], "bad_value $.capabilities.authentication"],
    ["CONNECT", "network_info.public_port", 0, "bad_value $.network_info.public_port"],
    ["CONNECT", "network_info.public_port", 65535, "ok"],
    ["CONNECT", "network_info.public_port", 65536, "bad_value $.network_info.public_port"],
    ["CONNECT", "network_info.public_ip", "::ffff:1.2.3.4", "ok"],
    ["CONNECT", "network_info.public_ip", "relay.example.com", "bad_value $.network_info.public_ip"],
    ["CONNECT", "network_info.local", Array(8).fill({ ip: "::1", port: 1 }), "ok"],
    ["CONNECT", "network_info.local", Array(9).fill({ ip: "::1", port: 1 }), "bad_value $.network_info.local"],
    ["CONNECT", "network_info.relay_servers", Array(9).fill({}), "missing_field $.network_info.relay_servers[0].id"],
    ["CONNECT", "encryption.key_exchange", "x25519", "bad_value $.encryption.key_exchange"],
    ["CONNECT", "encryption.public_key", "x".repeat(128), "ok"],
    ["CONNECT", "encryption.public_key", "x".repeat(129), "bad_value $.encryption.public_key"],
    ["CONNECT", "identity.certificate", "x".repeat(16384), "ok"],
    ["CONNECT", "identity.certificate", "x".repeat(16385), "bad_value $.identity.certificate"],
    ["CONNECT", "token", "x".repeat(4096), "ok"],
    ["CONNECT", "token", "x".repeat(4097), "bad_value $.token"],
    ["CONNECT", "epoch", 4294967295, "ok"],
    ["CONNECT", "epoch", 4294967296, "bad_value $.epoch"],
    ["CONNECT", "proof", toBase64Url(new Uint8Array(15)), "bad_value $.proof"],
    ["CONNECT", "proof", toBase64Url(new Uint8Array(16)), "ok"],
    ["CONNECT", "proof", toBase64Url(new Uint8Array(17)), "bad_value $.proof"],
    ["STREAM_START", "codec.audio.bitrate", 0, "bad_value $.codec.audio.bitrate"],
    ["STREAM_START", "codec.audio.bitrate", 4294967295, "ok"],
    ["STREAM_START", "codec.audio.channels", 256, "bad_value $.codec.audio.channels"],
    ["STREAM_START", "codec.video.width", 65536, "bad_value $.codec.video.width"],
    ["STREAM_START", "codec.video.fps", 1000, "ok"],
    ["STREAM_START", "codec.video.fps", 29.97, "bad_type $.codec.video.fps"],
    ["STREAM_START", "codec.video.fps", 1001, "bad_value $.codec.video.fps"],
    ["STREAM_START", "encryption.key_id", "", "bad_value $.encryption.key_id"],
    ["STREAM_START", "encryption.key_id", "srtp:master_key:x", "ok"],
    ["STREAM_START", "encryption.algorithm", "aes-128-cm", "bad_value $.encryption.algorithm"],
    ["STREAM_START", "reduced_header.0.context_id", 8, "bad_value $.reduced_header[0].context_id"],
    ["STREAM_START", "reduced_header.0.quality", 4, "bad_value $.reduced_header[0].quality"],
    ["STREAM_START", "quality_ladder", [], "bad_value $.quality_ladder"],
    ["HEARTBEAT", "sequence", 9007199254740991, "ok"],
    ["HEARTBEAT", "challenge", "0123456789ABCDEF", "bad_value $.challenge"],
    ["HEARTBEAT", "pad", "x".repeat(1024), "ok"],
    ["HEARTBEAT", "pad", "x".repeat(1025), "bad_value $.pad"],
    ["HEARTBEAT_ACK", "latency_ms", -9007199254740991, "ok"],
    ["METRICS", "quality.rung", 4, "bad_value $.quality.rung"],
    ["METRICS", "network.score", 101, "bad_value $.network.score"],
    ["METRICS", "latency.one_way", -12.5, "ok"],
    ["ERROR", "code", "", "bad_value $.code"],
    ["ERROR", "message", "x".repeat(1024), "ok"],
    ["ERROR", "message", "x".repeat(1025), "bad_value $.message"],
    ["RELAY_CHALLENGE", "nonce", "", "bad_value $.nonce"],
    ["RELAY_CHALLENGE", "nonce", "x".repeat(65), "bad_value $.nonce"],
    ["RELAY_BOUND", "lifetime_s", 86401, "bad_value $.lifetime_s"],
    ["RELAY_KEYS", "auth_key", toBase64Url(new Uint8Array(31)), "bad_value $.auth_key"],
  ]);
});

Deno.test("ARC-SIG-json-integer: 1.0 and 1e3 are integers; fractions and numbers beyond 2^53-1 are not", () => {
  const heartbeat = (sequence: string) =>
    parseMessage(
      `{"type":"HEARTBEAT","session_id":"00000000-0000-0000-0000-000000000000","sequence":${sequence},"timestamp":1}`,
    );
  for (
    const [spelling, value] of [["1.0", 1], ["1e3", 1000], ["0.5e1", 5], ["-0", 0], ["9007199254740991", 2 ** 53 - 1]]
  ) {
    const message = unwrap(heartbeat(String(spelling)));
    assert.ok(message.type === "HEARTBEAT");
    assert.equal(message.sequence, value);
  }
  for (const spelling of ["1.5", "9007199254740992", "9007199254740993", "1e400", "-1e400", "-1", '"1"', "null"]) {
    const parsed = heartbeat(spelling);
    assert.ok(!parsed.ok, spelling);
    assert.equal(parsed.fault.path, "$.sequence", spelling);
    assert.ok(["bad_type", "bad_value"].includes(parsed.fault.reason), spelling);
  }
});

Deno.test("ARC-SIG-json-null: null is a wrong type in optional fields too", () => {
  check([
    ["CONNECT", "token", null, "bad_type $.token"],
    ["CONNECT", "identity", null, "bad_type $.identity"],
    ["CONNECT", "resume", null, "bad_type $.resume"],
    ["CONNECT_ACK", "capabilities", null, "bad_type $.capabilities"],
    ["STREAM_START", "rtx", null, "bad_type $.rtx"],
    ["STREAM_START", "codec.audio.payload_type", null, "bad_type $.codec.audio.payload_type"],
    ["HEARTBEAT", "pad", null, "bad_type $.pad"],
    ["METRICS", "latency.e2e", null, "bad_type $.latency.e2e"],
  ]);
});

Deno.test("ARC-SIG-json-unknown-field: unknown fields are ignored at every level and not passed on by the writer", () => {
  for (const type of MESSAGE_TYPES) {
    const example = EXAMPLES[type].full;
    const withUnknown = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(withUnknown);
      if (typeof value !== "object" || value === null) return value;
      const known = Object.entries(value).map(([name, member]) => [name, withUnknown(member)]);
      return { "": 0, ...Object.fromEntries(known), x_later: { version: [null, "2.0"] }, constructor: 1, toString: 2 };
    };
    const parsed = unwrap(parseMessage(JSON.stringify(withUnknown(example))));
    assert.deepEqual(parsed, example, type);
    assert.equal(writeMessage(parsed), writeMessage(example));
  }
});

Deno.test("ARC-SIG-json-field-case: names, types and words are compared exactly", () => {
  check([
    ["STREAM_STOP", "reason", "TIMEOUT", "bad_value $.reason"],
    ["CONNECT", "network_info.nat_type", "Cone", "bad_value $.network_info.nat_type"],
    ["CONNECT_ACK", "encryption.algorithm", "AES-128-GCM", "bad_value $.encryption.algorithm"],
    ["STREAM_STOP", "type", "stream_stop", "unknown_type $.type"],
  ]);
  const { reason, ...rest } = EXAMPLES.STREAM_STOP.full;
  assert.equal(verdict({ ...rest, Reason: reason }), "missing_field $.reason");
});

Deno.test("ARC-SIG-json-unknown-enum: an unknown word outside of capabilities is refused", () => {
  check([
    ["CONNECT", "network_info.nat_type", "carrier", "bad_value $.network_info.nat_type"],
    [
      "CONNECT",
      "network_info.relay_servers.0.transport",
      "quic",
      "bad_value $.network_info.relay_servers[0].transport",
    ],
    ["CONNECT_ACK", "encryption.authentication", "poly1305", "bad_value $.encryption.authentication"],
    ["STREAM_START", "stream_type", "data", "bad_value $.stream_type"],
    ["STREAM_START", "quality_ladder", ["ultra", "extreme"], "bad_value $.quality_ladder[1]"],
    ["QUALITY_ADAPT", "reason", "battery", "bad_value $.reason"],
    ["KEY_ROTATE", "reason", "whim", "bad_value $.reason"],
    ["DISCONNECT", "reason", "boredom", "bad_value $.reason"],
  ]);
  assert.equal(verdict(altered("CONNECT_ACK", "reason", "tired", "minimal")), "bad_value $.reason");
});

Deno.test("ARC-SIG-json-unknown-capability ARC-KEY-transcript-offers-verbatim ARC-SIG-connect-offer-comma: unknown entries of capabilities are skipped, offers kept verbatim", () => {
  const json = altered("CONNECT", "capabilities", {
    codecs: ["x-new", "opus"],
    resolutions: ["8K", "720p", "0p"],
    encryption: ["aes-512-ocb", "AES-128-GCM", "", "aes-128-gcm"],
    transport: ["quic", "udp"],
    authentication: ["kmac", "none"],
  });
  const message = unwrap(parseMessage(JSON.stringify(json)));
  assert.ok(message.type === "CONNECT");
  assert.deepEqual(message.capabilities, {
    codecs: ["x-new", "opus"],
    resolutions: ["720p"],
    encryption: ["aes-512-ocb", "AES-128-GCM", "", "aes-128-gcm"],
    transport: ["udp"],
    authentication: ["kmac", "none"],
  });
  const alien = unwrap(parseMessage(JSON.stringify(altered("CONNECT", "capabilities.transport", ["quic"]))));
  assert.ok(alien.type === "CONNECT");
  assert.deepEqual(alien.capabilities.transport, ["quic"], "what was read can be written");
  assert.deepEqual(unwrap(parseMessage(writeMessage(alien))), alien);
  // Joined with commas, these two lists would have one transcript, and the suites in the first would be hidden.
  assert.equal(
    verdict(altered("CONNECT", "capabilities.encryption", ["aes-256-gcm,aes-128-gcm", "none"])),
    "bad_value $.capabilities.encryption[0]",
  );
  assert.equal(
    verdict(altered("CONNECT", "capabilities.authentication", ["none", "a,b"])),
    "bad_value $.capabilities.authentication[1]",
  );
});

Deno.test("ARC-SIG-json-uuid ARC-SIG-message-session-id: UUIDs have one spelling, and only heartbeats name the nil session", () => {
  const upper = "550E8400-E29B-41D4-A716-446655440000";
  for (
    const other of [
      upper,
      `urn:uuid:${upper.toLowerCase()}`,
      `{${upper.toLowerCase()}}`,
      upper.toLowerCase().replaceAll("-", ""),
      "",
    ]
  ) {
    check([
      ["STREAM_STOP", "session_id", other, "bad_value $.session_id"],
      ["STREAM_STOP", "stream_id", other, "bad_value $.stream_id"],
      ["DISCONNECT", "peer_id", other, "bad_value $.peer_id"],
    ]);
  }
  const nil = "00000000-0000-0000-0000-000000000000";
  for (const type of MESSAGE_TYPES) {
    if (!("session_id" in EXAMPLES[type].full)) continue;
    const expected = type.startsWith("HEARTBEAT") ? "ok" : "bad_value $.session_id";
    assert.equal(verdict(altered(type, "session_id", nil)), expected, type);
  }
});

Deno.test("ARC-SIG-json-time: times are integers in milliseconds from 0 to 2^53-1", () => {
  for (const type of MESSAGE_TYPES.filter((each) => "timestamp" in EXAMPLES[each].full)) {
    check([
      [type, "timestamp", 0, "ok"],
      [type, "timestamp", 2 ** 53 - 1, "ok"],
      [type, "timestamp", 2 ** 53, "bad_value $.timestamp"],
      [type, "timestamp", -1, "bad_value $.timestamp"],
      [type, "timestamp", 1.5, "bad_type $.timestamp"],
      [type, "timestamp", "2024-01-01T00:00:00Z", "bad_type $.timestamp"],
      [type, "timestamp", undefined, "missing_field $.timestamp"],
    ]);
  }
});

Deno.test("ARC-SIG-connect-codecs ARC-SIG-connect-opaque-codec ARC-SIG-connect-nat-type: one list of codecs, any name of the form, five NAT types", () => {
  check([
    ["CONNECT", "capabilities.codecs", ["opus", "aac", "g722", "pcm", "vp9", "h264", "av1", "h265"], "ok"],
    ["CONNECT", "capabilities.codecs", ["a", "0", "..", "x_y-z.9"], "ok"],
    ["CONNECT", "capabilities.codecs", [""], "bad_value $.capabilities.codecs[0]"],
    ...["cone", "symmetric", "restricted", "open", "unknown"].map((nat) =>
      ["CONNECT", "network_info.nat_type", nat, "ok"] as const
    ),
    ["CONNECT", "network_info.nat_type", undefined, "missing_field $.network_info.nat_type"],
  ]);
});

Deno.test("ARC-SIG-connect-address-pair: public_ip and public_port come both or neither", () => {
  for (const type of ["CONNECT", "CONNECT_ACK"] as const) {
    check([
      [type, "network_info.public_ip", undefined, "missing_field $.network_info.public_ip"],
      [type, "network_info.public_port", undefined, "missing_field $.network_info.public_port"],
      [type, "network_info", { nat_type: "open" }, "ok"],
    ]);
  }
});

Deno.test("ARC-SIG-connect-resume-fields: resume true calls for epoch and proof; without it epoch is absent or 0", () => {
  check([
    ["CONNECT", "epoch", undefined, "missing_field $.epoch"],
    ["CONNECT", "proof", undefined, "missing_field $.proof"],
    ["CONNECT", "resume", "yes", "bad_type $.resume"],
    ["CONNECT", "resume", false, "bad_value $.epoch"],
    ["CONNECT", "resume", undefined, "bad_value $.epoch"],
  ]);
  for (const resume of [false, undefined]) {
    assert.equal(verdict({ ...altered("CONNECT", "resume", resume), epoch: 0 }), "ok");
    assert.equal(verdict(altered("CONNECT", "resume", resume, "minimal")), "ok");
  }
});

Deno.test("ARC-SIG-connect-ack-refusal ARC-SIG-connect-ack-codec-kinds: a refusal needs a reason, an acceptance its choices", () => {
  check([
    ["CONNECT_ACK", "accepted", undefined, "missing_field $.accepted"],
    ["CONNECT_ACK", "accepted", "true", "bad_type $.accepted"],
    ["CONNECT_ACK", "accepted", false, "missing_field $.reason"],
    ["CONNECT_ACK", "selected_codecs", undefined, "missing_field $.selected_codecs"],
    ["CONNECT_ACK", "network_info", undefined, "missing_field $.network_info"],
    ["CONNECT_ACK", "encryption", undefined, "missing_field $.encryption"],
    ["CONNECT_ACK", "reason", "busy", "ok"],
    ["CONNECT_ACK", "selected_codecs", {}, "bad_value $.selected_codecs"],
    ["CONNECT_ACK", "selected_codecs", { audio: "vp9" }, "bad_value $.selected_codecs.audio"],
    ["CONNECT_ACK", "selected_codecs", { video: "opus" }, "bad_value $.selected_codecs.video"],
    ["CONNECT_ACK", "selected_codecs", { video: "x-lidar.v2" }, "ok"],
    ["CONNECT_ACK", "epoch", undefined, "missing_field $.epoch"],
  ]);
  const refusal = altered("CONNECT_ACK", "encryption", { algorithm: 7 }, "minimal");
  const parsed = unwrap(parseMessage(JSON.stringify(refusal)));
  assert.ok(parsed.type === "CONNECT_ACK" && !parsed.accepted && !("encryption" in parsed));
});

Deno.test("ARC-SIG-relay-servers-fields ARC-SIG-relay-servers-expires: entries have their fields, expires in seconds with the token", () => {
  const entry = (changes: object) => [{ id: "r", address: "::1", port: 1, priority: 0, ...changes }];
  const at = "$.network_info.relay_servers[0]";
  const token = toBase64Url(new Uint8Array(24));
  const cases: [object, string][] = [
    [{}, "ok"],
    [{ id: "" }, `bad_value ${at}.id`],
    [{ id: "x".repeat(65) }, `bad_value ${at}.id`],
    [{ address: "" }, `bad_value ${at}.address`],
    [{ address: "a..b" }, `bad_value ${at}.address`],
    [{ address: "256.1.1.1" }, `bad_value ${at}.address`],
    [{ port: 0 }, `bad_value ${at}.port`],
    [{ priority: 65535 }, "ok"],
    [{ priority: 65536 }, `bad_value ${at}.priority`],
    [{ transport: "tls" }, "ok"],
    [{ token }, `missing_field ${at}.expires`],
    [{ token, expires: 1735689600 }, "ok"],
    [{ token, expires: 1.5 }, `bad_type ${at}.expires`],
    [{ token: token.slice(1), expires: 1 }, `bad_value ${at}.token`],
    [{ expires: 1 }, "ok"],
  ];
  for (const [changes, expected] of cases) {
    for (const type of ["CONNECT", "CONNECT_ACK"] as const) {
      check([[type, "network_info.relay_servers", entry(changes), expected]]);
    }
  }
});
