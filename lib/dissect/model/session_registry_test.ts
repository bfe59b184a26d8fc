import assert from "node:assert/strict";
import { uuidV4 } from "../../base/uuid.ts";
import { SeededRng } from "../../base/rng.ts";
import { EXAMPLE_CALLEE, EXAMPLE_CALLER, EXAMPLE_SESSION, EXAMPLE_STREAM, EXAMPLES } from "../../signaling/examples.ts";
import type { StreamStart } from "../../signaling/messages/stream_start.ts";
import { SessionRegistry } from "./session_registry.ts";

const up = { packet: 4, conversation: 1, direction: 0 } as const;
const down = { packet: 5, conversation: 1, direction: 1 } as const;

const AUDIO = EXAMPLES.STREAM_START.minimal;

function audioStart(over: Partial<StreamStart> = {}): StreamStart {
  const start = {
    type: "STREAM_START",
    session_id: EXAMPLE_SESSION,
    stream_id: EXAMPLE_STREAM,
    stream_type: "audio",
    codec: { audio: { name: "opus", bitrate: 1, sample_rate: 16_000, channels: 1 } },
    ssrc: 7,
    encryption: { key_id: EXAMPLE_STREAM, algorithm: "aes-128-gcm" },
    timestamp: 1,
  };
  return { ...start, ...over } as StreamStart;
}

Deno.test("registry: peers, roles and choices of a session, as CONNECT and CONNECT_ACK say", () => {
  const registry = new SessionRegistry();
  registry.handle(EXAMPLES.CONNECT.minimal, up);
  registry.handle(EXAMPLES.CONNECT_ACK.full, down);
  const session = registry.session(EXAMPLE_SESSION);
  assert.ok(session);
  assert.deepEqual([session.caller, session.callee], [EXAMPLE_CALLER, EXAMPLE_CALLEE]);
  const ack = EXAMPLES.CONNECT_ACK.full;
  assert.ok(ack.accepted);
  assert.deepEqual([session.suite, session.authentication], [
    ack.encryption.algorithm,
    ack.encryption.authentication ?? "hmac-sha256-80",
  ]);
  assert.deepEqual([session.otherPeer(EXAMPLE_CALLER), session.otherPeer("x")], [EXAMPLE_CALLEE, undefined]);
  assert.deepEqual([...registry.sessions].length, 1);
});

Deno.test("ARC-SIG-state-crossing-connect: of two CONNECTs the lower peer_id's is the caller's; a resumption makes none", () => {
  const registry = new SessionRegistry();
  registry.handle(EXAMPLES.CONNECT.full, up);
  const session = registry.session(EXAMPLE_SESSION);
  assert.deepEqual([EXAMPLES.CONNECT.full.resume, session?.caller, session?.peers], [true, undefined, [
    EXAMPLE_CALLER,
  ]]);
  registry.handle({ ...EXAMPLES.CONNECT.minimal, peer_id: EXAMPLE_CALLEE }, down);
  assert.equal(session?.caller, EXAMPLE_CALLEE);
  registry.handle(EXAMPLES.CONNECT.minimal, up);
  assert.deepEqual([session?.caller, session?.callee], [EXAMPLE_CALLER, EXAMPLE_CALLEE]);
});

Deno.test("ARC-SIG-sender-from-connection: a STREAM_START is of the peer that speaks in that direction", () => {
  const registry = new SessionRegistry();
  registry.handle(EXAMPLES.CONNECT.minimal, up);
  registry.handle(EXAMPLES.CONNECT_ACK.full, down);
  registry.handle(audioStart(), { ...down, packet: 9 });
  const stream = registry.session(EXAMPLE_SESSION)?.streams.get(EXAMPLE_STREAM);
  assert.deepEqual([stream?.sender, stream?.packet], [EXAMPLE_CALLEE, 9]);
  const joined = new SessionRegistry();
  joined.hears(EXAMPLE_SESSION, "who joined", up);
  joined.handle(audioStart(), up);
  assert.equal(joined.session(EXAMPLE_SESSION)?.streams.get(EXAMPLE_STREAM)?.sender, "who joined");
});

Deno.test("registry: a stream seen twice keeps its first packet, and learns its sender where the second tells", () => {
  const registry = new SessionRegistry();
  registry.handle(audioStart(), up);
  registry.handle({ ...EXAMPLES.HEARTBEAT.full, session_id: EXAMPLE_SESSION, peer_id: EXAMPLE_CALLER }, down);
  registry.handle(audioStart(), { ...down, packet: 77 });
  registry.handle(audioStart({ ssrc: 99 }), { ...down, packet: 78 });
  const stream = registry.session(EXAMPLE_SESSION)?.streams.get(EXAMPLE_STREAM);
  assert.deepEqual([stream?.sender, stream?.packet, stream?.start.ssrc], [EXAMPLE_CALLER, 4, 7]);
});

Deno.test("ARC-SIG-stream-start-both-ssrc, ARC-RTP-clock-rate: the SSRCs of a stream, their roles and clocks", () => {
  const registry = new SessionRegistry();
  registry.handle(
    audioStart({
      stream_type: "both",
      codec: {
        audio: { name: "aac", bitrate: 1, sample_rate: 44_100, channels: 2 },
        video: { name: "vp9", bitrate: 1, width: 1, height: 1, fps: 1 },
      },
      ssrc: 0xffff_ffff,
      rtcp_ssrc: 50,
      rtx: [{ ssrc: 20, payload_type: 97, protects: 0 }],
      fec: [{ ssrc: 30, payload_type: 115, protects: 0xffff_ffff }],
    } as Partial<StreamStart>),
    up,
  );
  const known = [0xffff_ffff, 0, 20, 30, 50].map((ssrc) => {
    const entry = registry.ssrc(ssrc);
    return [entry?.role, entry?.clockHz];
  });
  assert.deepEqual(known, [["audio", 44_100], ["video", 90_000], ["rtx", 90_000], ["fec", 44_100], [
    "rtcp",
    undefined,
  ]]);
  assert.equal(registry.ssrc(31), undefined);
});

Deno.test("registry: clocks of codecs with one of their own, and of those that nobody knows", () => {
  const clockOf = (audio: object) => {
    const registry = new SessionRegistry();
    registry.handle(audioStart({ codec: { audio } } as Partial<StreamStart>), up);
    return registry.ssrc(7)?.clockHz;
  };
  const block = { bitrate: 1, sample_rate: 16_000, channels: 1 };
  assert.equal(clockOf({ ...block, name: "opus" }), 48_000);
  assert.equal(clockOf({ ...block, name: "g722" }), 8000);
  assert.equal(clockOf({ ...block, name: "opus", clock_rate: 12_345 }), 12_345);
  assert.equal(clockOf({ ...block, name: "x-own", payload_type: 120, clock_rate: 1000 }), 1000);
  assert.equal(clockOf({ ...block, name: "pcm" }), 16_000);
});

Deno.test("registry: contexts of reduced headers are known by their stream", () => {
  const registry = new SessionRegistry();
  registry.handle(AUDIO, up);
  assert.equal(registry.hasContexts, false);
  const reduced_header = [{ context_id: 3, ssrc: 7, payload_type: 111, quality: 2 }];
  registry.handle(audioStart({ session_id: EXAMPLE_CALLER, reduced_header }), up);
  assert.equal(registry.hasContexts, true);
  assert.deepEqual(registry.ssrc(7)?.stream.contexts, [{ contextId: 3, ssrc: 7, payloadType: 111, quality: 2 }]);
});

Deno.test("registry: a flood of sessions and streams is bounded, the newest stay, and old SSRCs are forgotten", () => {
  const registry = new SessionRegistry();
  const rng = new SeededRng(3);
  for (let i = 0; i < 6000; i++) registry.handle(audioStart({ session_id: uuidV4(rng), ssrc: i }), up);
  assert.equal([...registry.sessions].length, 4096);
  assert.equal(registry.ssrc(1903), undefined);
  assert.ok(registry.ssrc(1904));
  for (let i = 0; i < 500; i++) registry.handle(audioStart({ stream_id: uuidV4(rng), ssrc: i }), up);
  assert.equal(registry.session(EXAMPLE_SESSION)?.streams.size, 256);
});
