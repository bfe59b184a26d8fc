/** What SPEC clauses 5.2.6 to 5.2.9 say beside types and bounds, and how an address may look. */
import type { Group, Json } from "./case.ts";
import { withValue } from "./edit.ts";
import { badValue, editor, example, idOf, missing, parsing, TABLE_RULE, wrongType } from "./message_cases.ts";

/** HEARTBEAT, HEARTBEAT_ACK, ERROR, RELAY_BIND and RELAY_UNBIND. */
export function pathRules(group: Group): void {
  heartbeats(group);
  addresses(group);
  errors(group);
  bindings(group);
}

function heartbeats(group: Group): void {
  const { good, bad } = editor(group, "HEARTBEAT");
  const { minimal } = example("HEARTBEAT");
  const SESSION = "550e8400-e29b-41d4-a716-446655440000";
  good(
    "in-session",
    "A heartbeat in a session.",
    "ARC-SIG-message-session-id ARC-SIG-heartbeat-fields",
    withValue(minimal, "session_id", SESSION),
  );
  good("of-the-seed", "The seed's own heartbeat: no challenge, no peer_id.", "ARC-SIG-heartbeat-fields", {
    type: "HEARTBEAT",
    session_id: SESSION,
    timestamp: 1234567890,
    sequence: 12345,
  });
  good("version-ignored", "A version in a message that has none is an unknown field.", "ARC-SIG-json-unknown-field", {
    ...minimal,
    version: "9.0",
  }, minimal);
  good("pad-null-text", "The text null is a text.", "ARC-SIG-heartbeat-fields", { ...minimal, pad: "null" });
  bad("challenge-null", "An optional field is left out, not null.", "ARC-SIG-json-null", {
    ...minimal,
    challenge: null,
  }, wrongType("$.challenge"));
  bad(
    "type-case",
    "A type in lower case is unknown.",
    "ARC-SIG-json-field-case ARC-SIG-json-unknown-type",
    withValue(minimal, "type", "heartbeat"),
    { reason: "unknown_type", path: "$.type" },
  );
  const ack = example("HEARTBEAT_ACK").minimal;
  editor(group, "HEARTBEAT_ACK").good(
    "negative-latency",
    "The clocks differ by more than the path takes.",
    "ARC-SIG-heartbeat-latency",
    { ...ack, original_timestamp: 5000, response_timestamp: 1000, latency_ms: -4000 },
  );
}

const ADDRESSES = [
  "0.0.0.0",
  "255.255.255.255",
  "::",
  "::1",
  "2001:db8::1",
  "2001:db8:0:0:1:0:0:1",
  "::ffff:192.0.2.1",
  "fe80::1",
];

const NO_ADDRESSES: readonly (readonly [id: string, text: string, why: string])[] = [
  ["above-255", "256.0.0.1", "a number above 255"],
  ["five-numbers", "1.2.3.4.5", "five numbers"],
  ["leading-zero", "01.2.3.4", "a leading zero"],
  ["space", "1.2.3.4 ", "a space behind"],
  ["hexadecimal", "0x7f.0.0.1", "a hexadecimal number"],
  ["one-number", "2130706433", "one number"],
  ["empty", "", "nothing"],
  ["name", "localhost", "a name"],
  ["brackets", "[::1]", "brackets"],
  ["zone", "::1%eth0", "a zone"],
  ["two-gaps", "1::2::3", "two gaps"],
  ["seven-groups", "1:2:3:4:5:6:7", "seven groups"],
  ["nine-groups", "1:2:3:4:5:6:7:8:9", "nine groups"],
  ["five-digits", "12345::", "a group of five digits"],
  ["not-hex", "::g", "a letter that is no digit"],
  ["late-ipv4", "1:2:3:4:5:6:7:1.2.3.4", "an IPv4 tail too late"],
  ["single-colon", ":1:2:3:4:5:6:7", "a single colon in front"],
];

/** All spellings are tried here, at the shortest message that has an address. */
function addresses(group: Group): void {
  const { good, bad } = editor(group, "HEARTBEAT_ACK");
  const { minimal } = example("HEARTBEAT_ACK");
  const observed = (ip: string): Json => ({ ...minimal, observed: { ip, port: 1 } });
  for (const ip of ADDRESSES) good(`ip-${ip.replaceAll(":", "x")}`, `The address ${ip}.`, TABLE_RULE, observed(ip));
  for (const [id, ip, why] of NO_ADDRESSES) {
    bad(`ip-${id}`, `An address with ${why}.`, TABLE_RULE, observed(ip), badValue("$.observed.ip"));
  }
  const upperCase = observed("2001:DB8::1");
  group.acceptable(
    idOf("HEARTBEAT_ACK", "", "ip-upper-case"),
    "RFC 5952 writes IPv6 in lower case; a receiver may take both.",
    TABLE_RULE,
    parsing(upperCase),
    { expected: { message: upperCase } },
  );
}

function errors(group: Group): void {
  const { good } = editor(group, "ERROR");
  const { minimal } = example("ERROR");
  good(
    "unknown-code",
    "A code that a later version may have is a code.",
    "ARC-SIG-error-unknown-code ARC-SIG-error-fields",
    withValue(minimal, "code", "out_of_coffee"),
  );
  good("reply-to-empty", "Nothing is known of the faulty message.", "ARC-SIG-error-fields", {
    ...minimal,
    in_reply_to: {},
  });
  good("reply-to-unknown-type", "The faulty message had a type that does not exist.", "ARC-SIG-error-fields", {
    ...minimal,
    in_reply_to: { type: "FROBNICATE" },
  });
}

function bindings(group: Group): void {
  const BOTH = "ARC-SIG-relay-bind-fields";
  const proof = "A".repeat(22);
  for (const type of ["RELAY_BIND", "RELAY_UNBIND"] as const) {
    const { bad } = editor(group, type);
    const { minimal } = example(type);
    bad(
      "nonce-without-proof",
      `${type}: a nonce without the proof of it.`,
      BOTH,
      { ...minimal, nonce: "abc" },
      missing("$.proof"),
    );
    bad("proof-without-nonce", `${type}: a proof without its nonce.`, BOTH, { ...minimal, proof }, missing("$.nonce"));
    bad(
      "nonce-too-long",
      `${type}: a nonce of 65 characters.`,
      BOTH,
      { ...minimal, nonce: "n".repeat(65), proof },
      badValue("$.nonce"),
    );
    bad(
      "proof-short",
      `${type}: a proof of 15 bytes.`,
      BOTH,
      { ...minimal, nonce: "n", proof: proof.slice(2) },
      badValue("$.proof"),
    );
  }
}
