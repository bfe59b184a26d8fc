import assert from "node:assert/strict";
import { SeededRng } from "../../base/rng.ts";
import { utf8 } from "../../base/bytes.ts";
import { EXAMPLES } from "../../signaling/examples.ts";
import { parseMessage, writeMessage } from "../../signaling/parse_message.ts";
import { isAddress, Pseudonyms } from "./pseudonyms.ts";
import { redactJson } from "./redact_json.ts";

const pseudonyms = () => new Pseudonyms(new SeededRng(5));

function redacted(text: string, names = pseudonyms()): string {
  const bytes = utf8(text);
  redactJson(bytes, 0, bytes.length, names);
  return new TextDecoder().decode(bytes);
}

Deno.test("redact: every message stays one of its type, as long as it was", () => {
  for (const { minimal, full } of Object.values(EXAMPLES)) {
    for (const message of [minimal, full]) {
      const text = writeMessage(message);
      const after = redacted(text);
      assert.equal(utf8(after).length, utf8(text).length);
      const parsed = parseMessage(utf8(after));
      assert.ok(parsed.ok, `${after}: ${parsed.ok ? "" : parsed.fault.message}`);
      assert.equal(parsed.value.type, message.type);
    }
  }
});

Deno.test("redact: what identifies or opens is gone, words and figures stay", () => {
  const text =
    '{"type":"CONNECT","session_id":"550e8400-e29b-41d4-a716-446655440000","token":"eyJhbGciOiJIUzI1NiJ9.abc",' +
    '"network_info":{"public_ip":"203.0.113.77","public_port":5000,"nat_type":"cone","host":"alice.example.org"},' +
    '"codecs":["opus","x-lidar.v2"],"note":"call Bob at \\"5\\" \\u00e9","pin":8025,"e":1.5e3,"timestamp":1767225600000,"ok":true}';
  const after = redacted(text);
  for (const secret of ["550e8400", "eyJhbGci", "203.0.113", "alice", "example", "Bob", "8025", "lidar", "u00e9"]) {
    assert.ok(!after.includes(secret), secret);
  }
  const json = JSON.parse(after);
  assert.deepEqual([
    json.type,
    json.network_info.public_port,
    json.network_info.nat_type,
    json.codecs[0],
    json.timestamp,
  ], [
    "CONNECT",
    5000,
    "cone",
    "opus",
    1767225600000,
  ]);
  assert.ok(isAddress(json.network_info.public_ip) && json.network_info.public_ip.length === 12);
  assert.match(json.network_info.host, /^[A-Za-z0-9]{17}$/);
  assert.deepEqual([json.pin, json.e, json.ok], [1011, 1.1e3, true]);
});

Deno.test("redact: the same name for the same one, everywhere and in any spelling", () => {
  const names = pseudonyms();
  const id = "550e8400-e29b-41d4-a716-446655440000";
  const [plain] = JSON.parse(redacted(`["${id}"]`, names));
  assert.deepEqual(JSON.parse(redacted(`["${id.toUpperCase()}","arcrtc:${id}","arcrtc.session.${id}.all"]`, names)), [
    plain.toUpperCase(),
    `arcrtc:${plain}`,
    `arcrtc.session.${plain}.all`,
  ]);
  assert.equal(redacted('["00112233445566ff"]', names), redacted('["00112233445566ff"]', names));
  assert.notEqual(redacted('["00112233445566fe"]', names), redacted('["00112233445566ff"]', names));
  assert.equal(redacted('["00000000-0000-0000-0000-000000000000"]', names), '["00000000-0000-0000-0000-000000000000"]');
});

Deno.test("redact: addresses keep family and length, and are not mistaken for one another", () => {
  const names = pseudonyms();
  const addresses = [
    "127.0.0.1",
    "10.20.30.40",
    "255.255.255.255",
    "::1",
    "2001:db8::1",
    "fe80::a:0:0:1",
    "::ffff:10.0.0.1",
  ];
  for (let i = 0; i < 200; i++) addresses.push(`10.1.1.${i}`);
  const named = addresses.map((text) => names.address(text));
  named.forEach((name, i) => {
    assert.equal(name.length, addresses[i].length);
    assert.ok(isAddress(name), `${addresses[i]} became ${name}`);
    assert.equal(name.includes(":"), addresses[i].includes(":"));
  });
  assert.equal(new Set(named).size, named.length);
});

Deno.test("redact: peers keep their order", () => {
  const names = pseudonyms();
  const ids = ["c", "a", "b", "d"].map((digit) => `${digit.repeat(8)}-0000-4000-8000-000000000001`);
  names.keepOrder(ids);
  assert.deepEqual([...ids].sort().map((id) => names.uuid(id)), ids.map((id) => names.uuid(id)).sort());
});

Deno.test("redact: text that is no JSON loses its words too, and any bytes keep their length", () => {
  assert.equal(redacted('{"a": secret, "b'), '{"a": xxxxxx, "x');
  assert.equal(redacted("true secrets null"), "true xxxxxxx null");
  const rng = new SeededRng(9);
  for (let round = 0; round < 500; round++) {
    const bytes = rng.fill(new Uint8Array(rng.u32() % 80));
    const copy = bytes.slice();
    redactJson(copy, 0, copy.length, pseudonyms());
    assert.equal(copy.length, bytes.length);
  }
  const deep = utf8("[".repeat(50_000));
  redactJson(deep, 0, deep.length, pseudonyms());
});
