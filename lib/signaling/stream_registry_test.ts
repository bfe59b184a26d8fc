import assert from "node:assert/strict";
import type { StreamStart } from "./messages/stream_start.ts";
import { claimedSsrcs, StreamRegistry } from "./stream_registry.ts";

const SESSION = "11111111-1111-4111-8111-111111111111";

function start(n: number, more: Partial<StreamStart> = {}): StreamStart {
  const stream_id = `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
  return {
    type: "STREAM_START",
    session_id: SESSION,
    stream_id,
    stream_type: "audio",
    codec: { audio: { name: "opus", bitrate: 64_000, sample_rate: 48_000, channels: 2 } },
    ssrc: 10 * n,
    encryption: { key_id: stream_id, algorithm: "aes-128-gcm" },
    timestamp: 1,
    ...more,
  } as StreamStart;
}

function reasonOf(registry: StreamRegistry, owner: "own" | "remote", stream: StreamStart): string | undefined {
  return registry.judge(owner, stream)?.path;
}

Deno.test("ARC-KEY-ssrc-once: media, RTX, FEC and RTCP SSRCs share one space across both peers", () => {
  const registry = new StreamRegistry("aes-128-gcm");
  const first = start(1, { rtx: [{ ssrc: 11, protects: 10 }], fec: [{ ssrc: 12, protects: 10 }], rtcp_ssrc: 13 });
  assert.deepEqual(claimedSsrcs(first), [10, 11, 12]);
  assert.equal(registry.judge("own", first), undefined);
  assert.ok(registry.add("own", first));
  for (const ssrc of [10, 11, 12, 13]) assert.equal(reasonOf(registry, "remote", start(2, { ssrc })), "$.ssrc");
  assert.equal(reasonOf(registry, "remote", start(2, { rtcp_ssrc: 13 })), "$.rtcp_ssrc");
  assert.equal(reasonOf(registry, "own", start(2, { rtcp_ssrc: 13 })), undefined, "one's own RTCP SSRC serves again");
});

Deno.test("ARC-RTP-reduced-context-unique: a context id once per sender", () => {
  const registry = new StreamRegistry("aes-128-gcm");
  const context = (ssrc: number) => ({ reduced_header: [{ context_id: 3, ssrc, payload_type: 111, quality: 0 }] });
  registry.add("own", start(1, context(10)));
  assert.equal(reasonOf(registry, "own", start(2, context(20))), "$.reduced_header");
  assert.equal(reasonOf(registry, "remote", start(2, context(20))), undefined, "the other peer has its own");
});

Deno.test("memory is bounded: 32 streams of a peer at a time, 256 in a session's life", () => {
  const registry = new StreamRegistry("aes-128-gcm");
  for (let n = 1; n <= 32; n++) registry.add("remote", start(n));
  assert.equal(reasonOf(registry, "remote", start(33)), "$.stream_id");
  assert.equal(registry.judge("own", start(33)), undefined);
  for (let n = 33; n <= 256; n++) {
    registry.stop("remote", start(n - 32).stream_id);
    assert.equal(registry.judge("remote", start(n)), undefined, `${n}`);
    registry.add("remote", start(n));
  }
  registry.stop("remote", start(256).stream_id);
  assert.match(registry.judge("remote", start(257))?.message ?? "", /at most 256 streams/);
});

Deno.test("ARC-SIG-state-stop: a stopped stream's ids stay used up", () => {
  const registry = new StreamRegistry("aes-128-gcm");
  registry.add("remote", start(1));
  assert.ok(registry.stop("remote", start(1).stream_id));
  assert.equal(registry.stop("remote", start(1).stream_id), false);
  assert.equal(reasonOf(registry, "remote", start(1)), "$.stream_id");
  assert.equal(reasonOf(registry, "remote", start(2, { ssrc: 10 })), "$.ssrc");
});
