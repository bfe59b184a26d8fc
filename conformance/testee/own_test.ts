import assert from "node:assert/strict";
import fc from "fast-check";
import { chooseBackend } from "../../lib/crypto/backend_choice.ts";
import { ownTestee } from "./own.ts";
import { ask, freshTestee } from "./testing.ts";
import { MAX_LINE_BYTES } from "./testee.ts";

const INTERFACE_OPS = [
  "hello",
  "rtp.parse",
  "rtp.write",
  "reduced.run",
  "ecdh.agree",
  "keys.transcript",
  "keys.derive",
  "keys.proof",
  "seal.protect",
  "seal.receive",
  "relay.token",
  "relay.proof",
  "stats",
  "srtp.protect",
  "srtp.receive",
  "srtcp.protect",
  "srtcp.receive",
  "rtcp.parse",
  "rtcp.write",
  "signaling.parse",
  "signaling.write",
  "payload.packetize",
  "payload.depacketize",
  "fec.encode",
  "fec.recover",
  "jitter.run",
  "quality.decide",
  "quality.run",
  "path.clock_offset",
  "bridge.sdp_to_connect",
  "bridge.connect_to_sdp",
  "bridge.rtp_to_arcrtp",
  "bridge.arcrtp_to_rtp",
  "bridge.rtcp",
  "bridge.map",
  "bridge.select",
  "keystore.open",
];

Deno.test("ARC-DIALECT-names ARC-SRTP-suites: hello says what there is, and every op that it lists is there", () => {
  const testee = freshTestee(() => undefined);
  const hello = ask(testee, { op: "hello" }).ok as Record<string, unknown> & { ops: string[] };
  assert.deepEqual({ ...hello, ops: undefined }, {
    name: "arcrtc",
    version: "0.0.0-test",
    ops: undefined,
    dialects: ["arcrtc-1.0", "armoricore"],
    suites: ["aes-128-gcm", "aes-256-gcm", "chacha20-poly1305"],
    codecs: ["opus", "vp9", "h264", "av1", "h265", "aac", "g722", "pcm"],
    backends: { crypto: "noble" },
  });
  assert.deepEqual(INTERFACE_OPS.filter((op) => !hello.ops.includes(op)), []);
  for (const op of hello.ops) assert.ok(!("unsupported" in ask(testee, { op })), op);
});

Deno.test("an op of nobody's is unsupported, and so is what hello does not list", () => {
  const testee = freshTestee();
  assert.deepEqual(ask(testee, { op: "rtp.juggle" }), { unsupported: "no op named rtp.juggle" });
  assert.deepEqual(ask(testee, { op: "__proto__" }), { unsupported: "no op named __proto__" });
  const answer = ask(testee, { op: "keystore.open" });
  assert.deepEqual(Object.keys(answer), ["unsupported"]);
  assert.notEqual(answer.unsupported, "no op named keystore.open");
});

Deno.test("hello names the backend that was chosen", () => {
  const testee = ownTestee({ version: "1", crypto: chooseBackend("node").backend });
  assert.deepEqual((ask(testee, { op: "hello" }).ok as { backends: object }).backends, { crypto: "node" });
});

Deno.test("ARC-METRICS-drop-counters: stats counts every fault by its reason, in lists too", () => {
  const testee = freshTestee();
  assert.deepEqual(ask(testee, { op: "stats" }), { ok: {} });
  for (const hex of ["", "80", "40".padEnd(32, "0")]) ask(testee, { op: "rtp.parse", hex });
  ask(testee, { op: "seal.receive", master_key: "00".repeat(32), peer_id: "", units: ["7b7d"] });
  assert.deepEqual(ask(testee, { op: "stats" }), { ok: { truncated: 3, bad_version: 1 } });
});

Deno.test("a malformed request is an error that names the field; id comes back as it was", () => {
  const testee = freshTestee();
  const answers: readonly (readonly [string, object])[] = [
    ["", { id: null, error: "the line is not JSON" }],
    ["{", { id: null, error: "the line is not JSON" }],
    ["[]", { id: null, error: "the request must be a JSON object" }],
    ["null", { id: null, error: "the request must be a JSON object" }],
    ["{}", { id: null, error: "$.op must be a string" }],
    ['{"id":{"a":[1]},"op":7}', { id: { a: [1] }, error: "$.op must be a string" }],
    ['{"id":"x","op":"rtp.parse","hex":"zz"}', {
      id: "x",
      error: "$.hex must be hex (Cannot parse hex: unexpected character at 0)",
    }],
  ];
  for (const [line, answer] of answers) assert.deepEqual(JSON.parse(testee.answerLine(line)), answer, line);
});

Deno.test("a line of 4 MiB is read, a longer one is not", () => {
  const testee = freshTestee();
  const request = (bytes: number) => '{"id":1,"op":"stats","pad":"'.padEnd(bytes - 2, " ") + '"}';
  assert.deepEqual(JSON.parse(testee.answerLine(request(MAX_LINE_BYTES))), { id: 1, ok: {} });
  assert.deepEqual(JSON.parse(testee.answerLine(request(MAX_LINE_BYTES + 1))), {
    id: null,
    error: "the line is longer than 4194304 bytes",
  });
});

Deno.test("an id nested beyond what can be written gets an answer", () => {
  const deep = "[".repeat(200_000) + "]".repeat(200_000);
  const answer = JSON.parse(freshTestee().answerLine(`{"id":${deep},"op":"stats"}`));
  assert.ok("ok" in answer || "error" in answer);
});

const SOME_FIELDS = [
  "hex",
  "header",
  "arc",
  "payload",
  "contexts",
  "packets",
  "lost",
  "private_key",
  "public_key",
  "master_key",
  "peer_id",
  "units",
  "json",
  "message",
  "suite",
  "authentication",
  "keys",
  "roc",
  "window",
  "index",
  "codec",
  "mtu",
  "frames",
  "samples",
  "ladder",
  "packet_loss",
  "rtt",
  "cpu",
  "dialect",
  "session_id",
  "stream_id",
  "shared_secret",
  "token",
  "nonce",
  "expires",
  "relay_secret",
  "epoch",
  "type",
  "chunks",
  "dir",
  "key_id",
  "config",
  "redundancy",
  "media",
  "fec",
];

Deno.test("ARC-ROBUST-driver ARC-ROBUST-verdict: no line throws, and each gets exactly one kind of answer; none of them is a bug of ours", () => {
  const testee = freshTestee(() => new Uint8Array(3));
  const kinds = ["ok", "fault", "unsupported", "error"];
  const check = (line: string) => {
    const answer = JSON.parse(testee.answerLine(line));
    assert.equal(kinds.filter((kind) => kind in answer).length, 1, line);
    assert.doesNotMatch(String(answer.error ?? ""), /^internal/, line);
  };
  const { ops } = ask(testee, { op: "hello" }).ok as { ops: string[] };
  const hex = fc.uint8Array({ maxLength: 60 }).map((bytes) =>
    bytes.reduce((t, b) => t + b.toString(16).padStart(2, "0"), "")
  );
  const value = fc.oneof(
    hex,
    fc.constantFrom("aes-128-gcm", "none", "armoricore", "KEY_ROTATE", "opus", "h264", "av1", "x", "", "00".repeat(32)),
    fc.jsonValue({ maxDepth: 3 }),
    fc.nat(70_000),
    fc.array(hex, { maxLength: 3 }),
    fc.record({
      hex,
      payload: hex,
      data: hex,
      encryption_key: fc.constant("00".repeat(16)),
      auth_key: fc.constant("00".repeat(32)),
      salt: fc.constant("00".repeat(12)),
      payload_type: fc.nat(127),
      sequence_number: fc.nat(65535),
      timestamp: fc.nat(),
      ssrc: fc.nat(),
      at_ms: fc.nat(),
      arrival_ms: fc.nat(),
      clock_rate: fc.nat(),
      context_id: fc.nat(7),
      quality: fc.nat(3),
      priority: fc.nat(3),
    }).chain((entry) => fc.constantFrom<unknown>(entry, [entry], [entry, entry])),
  );
  const request = fc.record({
    op: fc.constantFrom(...ops),
    more: fc.dictionary(fc.constantFrom(...SOME_FIELDS), value),
  });
  fc.assert(fc.property(request, ({ op, more }) => check(JSON.stringify({ id: 1, op, ...more }))), {
    seed: 21,
    numRuns: 3000,
  });
  fc.assert(fc.property(fc.string(), check), { seed: 22, numRuns: 300 });
  fc.assert(fc.property(fc.json(), check), { seed: 23, numRuns: 300 });
});
