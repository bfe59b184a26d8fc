import assert from "node:assert/strict";
import fc from "fast-check";
import { toHex } from "../../base/bytes.ts";
import { unwrap } from "../../base/parsed.ts";
import { randomBytes } from "../../crypto/testing/backends.ts";
import { EXAMPLE_CALLER, EXAMPLE_SESSION, EXAMPLES } from "../../signaling/examples.ts";
import { parseKeyLogLine } from "./key_log.ts";

const MASTER = randomBytes(32, 5);

Deno.test("key log: a master key with its session and epoch", () => {
  const entry = unwrap(parseKeyLogLine(`ARCRTC_MASTER ${EXAMPLE_SESSION} 4294967295 ${toHex(MASTER)}\r`));
  assert.deepEqual(entry, { kind: "master", sessionId: EXAMPLE_SESSION, epoch: 4294967295, master: MASTER });
});

Deno.test("key log: suite and authentication", () => {
  const entry = unwrap(parseKeyLogLine(`ARCRTC_SUITE ${EXAMPLE_SESSION} chacha20-poly1305 none`));
  assert.deepEqual(entry, {
    kind: "suite",
    sessionId: EXAMPLE_SESSION,
    suite: "chacha20-poly1305",
    authentication: "none",
  });
});

Deno.test("key log: a stream says what tells whose packet it is; the rest of its STREAM_START is filled in", () => {
  const { stream_id, stream_type, codec, ssrc } = EXAMPLES.STREAM_START.minimal;
  const json = JSON.stringify({ stream_id, stream_type, codec, ssrc, rtcp_ssrc: 9 });
  const entry = unwrap(parseKeyLogLine(`ARCRTC_STREAM ${EXAMPLE_SESSION} ${EXAMPLE_CALLER} ${json}`));
  assert.equal(entry?.kind, "stream");
  if (entry?.kind !== "stream") return;
  assert.deepEqual([entry.sessionId, entry.sender], [EXAMPLE_SESSION, EXAMPLE_CALLER]);
  const { start } = entry;
  assert.deepEqual([start.stream_id, start.session_id, start.ssrc, start.rtcp_ssrc, start.codec], [
    stream_id,
    EXAMPLE_SESSION,
    ssrc,
    9,
    codec,
  ]);
});

Deno.test("key log: empty lines, comments and the lines of others are passed over", () => {
  for (const line of ["", "  ", "# ARCRTC_MASTER", "CLIENT_RANDOM 00 11", "ARCRTC_MASTERS x", "arcrtc_master x"]) {
    assert.equal(unwrap(parseKeyLogLine(line)), undefined, line);
  }
});

Deno.test("key log: a faulty line is a fault that does not repeat it", () => {
  const secret = toHex(MASTER);
  for (
    const line of [
      "ARCRTC_MASTER",
      `ARCRTC_MASTER no-session 0 ${secret}`,
      `ARCRTC_MASTER ${EXAMPLE_SESSION} -1 ${secret}`,
      `ARCRTC_MASTER ${EXAMPLE_SESSION} 4294967296 ${secret}`,
      `ARCRTC_MASTER ${EXAMPLE_SESSION} 0 ${secret}00`,
      `ARCRTC_MASTER ${EXAMPLE_SESSION} 0 ${secret.slice(2)}`,
      `ARCRTC_MASTER ${EXAMPLE_SESSION} 0 ${secret.slice(1)}x`,
      `ARCRTC_MASTER ${EXAMPLE_SESSION} 0 ${secret} more`,
      `ARCRTC_SUITE ${EXAMPLE_SESSION} rot13 ${secret}`,
      `ARCRTC_STREAM ${EXAMPLE_SESSION} ${EXAMPLE_CALLER} {"key":"${secret}"}`,
      `ARCRTC_STREAM ${EXAMPLE_SESSION} ${EXAMPLE_CALLER} ${secret}`,
      `ARCRTC_STREAM ${EXAMPLE_SESSION} nobody {}`,
    ]
  ) {
    const parsed = parseKeyLogLine(line);
    assert.equal(parsed.ok, false, line);
    if (parsed.ok) continue;
    assert.match(parsed.fault.message, /^Cannot read key log: ARCRTC_[A-Z]+ needs /);
    assert.ok(!parsed.fault.message.includes(secret.slice(4, 40)));
  }
});

Deno.test("key log: any line comes to an answer", () => {
  const words = fc.constantFrom("ARCRTC_MASTER", "ARCRTC_SUITE", "ARCRTC_STREAM", EXAMPLE_SESSION, "0", "{}", "");
  fc.assert(
    fc.property(fc.array(fc.oneof(words, fc.string()), { maxLength: 6 }), (parts) => {
      parseKeyLogLine(parts.join(" "));
    }),
    { seed: 61, numRuns: 3000 },
  );
});
