import assert from "node:assert/strict";
import type { MediaFrame } from "../media/frame.ts";
import { readFixture } from "../media/container/testing/media_fixtures.ts";
import { DETECT_BYTES, openMedia } from "../media/container/open_media.ts";
import { readAllFrames } from "../media/container/media_reader.ts";
import { PacketBatch } from "../base/batch.ts";
import { unwrap } from "../base/parsed.ts";
import { SeededCaseRandom } from "../fuzz/case_random.ts";
import { generateArcRtp, generateReduced, generateRtcp } from "../fuzz/generate_packet.ts";
import { strayMessage } from "../fuzz/message_mutation.ts";
import { mutateBytes } from "../fuzz/mutate_bytes.ts";
import { ANNA, SESSION, SessionPair, type SimPeer } from "./testing/session_pair.ts";
import type { FrameEvent } from "./media_events.ts";

const AUDIO = "a0a0a0a0-0000-4000-8000-000000000001";
const VIDEO = "a0a0a0a0-0000-4000-8000-000000000002";

function framesOf(name: string): readonly MediaFrame[] {
  const bytes = readFixture(name);
  return readAllFrames(unwrap(openMedia(bytes.subarray(0, DETECT_BYTES), name)), bytes);
}

const OPUS = framesOf("opus_48k_stereo.opus");
const VP9 = framesOf("vp9_160x90.ivf");

/** Announces an Opus and a VP9 stream of a peer, with RTX and FEC. */
function startStreams(peer: SimPeer, tag = 0): void {
  const ids = [AUDIO, VIDEO].map((id) => id.slice(0, -1) + (Number(id.at(-1)) + 2 * tag));
  peer.act((session, nowMs) => {
    const base = 1000 * (tag + 1);
    session.startStream(
      {
        stream_id: ids[0],
        stream_type: "audio",
        codec: { audio: { name: "opus", bitrate: 64_000, sample_rate: 48_000, channels: 2 } },
        ssrc: base,
        rtx: [{ ssrc: base + 1, protects: base }],
      },
      {},
      nowMs,
    );
    session.startStream(
      {
        stream_id: ids[1],
        stream_type: "video",
        codec: { video: { name: "vp9", bitrate: 300_000, width: 160, height: 90, fps: 30 } },
        ssrc: base + 10,
        rtx: [{ ssrc: base + 11, protects: base + 10 }],
        fec: [{ ssrc: base + 12, protects: base + 10 }],
      },
      {},
      nowMs,
    );
  });
}

/** Hands frames over at their media times, `forMs` long. */
function play(pair: SessionPair, peer: SimPeer, forMs: number, tag = 0): { audio: number; video: number } {
  const ids = [AUDIO, VIDEO].map((id) => id.slice(0, -1) + (Number(id.at(-1)) + 2 * tag));
  const sent = { audio: 0, video: 0 };
  const startMs = pair.nowMs;
  const schedule = (frames: readonly MediaFrame[], clock: number, kind: "audio" | "video", id: string) => {
    for (const frame of frames) {
      const atMs = ((frame.timestampTicks - frames[0].timestampTicks) * 1000) / clock;
      if (atMs >= forMs) break;
      sent[kind]++;
      pair.network.clock.at(
        startMs + atMs,
        () => peer.act((session, nowMs) => session.sendFrame(id, kind, frame, nowMs)),
      );
    }
  };
  schedule(OPUS, 48_000, "audio", ids[0]);
  schedule(VP9, 90_000, "video", ids[1]);
  return sent;
}

function received(peer: SimPeer, kind: "audio" | "video"): FrameEvent[] {
  return peer.media.filter((event): event is FrameEvent => event.kind === "frame" && event.media === kind);
}

/** Frames that came, byte for byte, in order, against what was sent. */
function assertSame(frames: readonly FrameEvent[], sent: readonly MediaFrame[], count: number, what: string): void {
  assert.equal(frames.length, count, `${what}: frames`);
  frames.forEach(({ frame }, i) => assert.deepEqual(frame.data, sent[i].data, `${what}: frame ${i}`));
}

Deno.test("a whole call: media both ways, byte for byte, over one validated path", () => {
  const pair = new SessionPair();
  pair.connect();
  assert.deepEqual([pair.anna.session.state, pair.ben.session.state], ["connected", "connected"]);
  assert.equal(pair.anna.session.path?.kind, "direct");
  startStreams(pair.anna);
  startStreams(pair.ben, 1);
  const sent = play(pair, pair.anna, 3000);
  play(pair, pair.ben, 3000, 1);
  pair.run(4000);
  for (const peer of [pair.anna, pair.ben]) {
    assertSame(received(peer, "audio"), OPUS, sent.audio, "audio");
    assertSame(received(peer, "video"), VP9, sent.video, "video");
  }
  const e2e = received(pair.ben, "audio").map((event) => event.e2eMs).filter((ms) => ms !== undefined);
  assert.ok(e2e.length > sent.audio / 2 && e2e.every((ms) => ms > 10 && ms < 70), `${e2e.slice(0, 5)}`);
  assert.ok(Math.abs((pair.anna.session.rttMs ?? 0) - 20) < 2);
});

Deno.test("ARC-KEY-rotation-manual: keys change under traffic, reordered, without losing a frame", () => {
  const pair = new SessionPair({ seed: 3, link: { delayMs: 15, jitterMs: 10, reorderRate: 0.05, reorderMs: 8 } });
  pair.connect();
  startStreams(pair.anna);
  startStreams(pair.ben, 1);
  const sent = play(pair, pair.anna, 6000);
  play(pair, pair.ben, 6000, 1);
  for (let i = 0; i < 4; i++) {
    pair.run(1200);
    (i % 2 === 0 ? pair.anna : pair.ben).act((session, nowMs) => session.rotate(nowMs));
  }
  pair.run(3000);
  assert.equal(pair.anna.session.stats(pair.nowMs)?.sendEpoch, 4);
  assert.equal(pair.ben.session.stats(pair.nowMs)?.sendEpoch, 4);
  assertSame(received(pair.ben, "audio"), OPUS, sent.audio, "audio");
  assertSame(received(pair.ben, "video"), VP9, sent.video, "video");
  assertSame(received(pair.anna, "video"), VP9, sent.video, "video back");
});

Deno.test("ARC-PATH-reconnect ARC-SIG-state-resume: the server dies and comes back mid-call; media goes on, the session resumes", () => {
  const pair = new SessionPair({ seed: 4 });
  pair.connect();
  startStreams(pair.anna);
  const sent = play(pair, pair.anna, 8000);
  pair.run(2000);
  pair.signalingDown();
  assert.equal(pair.anna.session.state, "reconnecting");
  pair.run(3000);
  const during = received(pair.ben, "audio").length;
  assert.ok(during > 240, `media went on: ${during} audio frames`);
  pair.signalingUp();
  pair.run(5000);
  assert.deepEqual([pair.anna.session.state, pair.ben.session.state], ["connected", "connected"]);
  assert.ok(pair.anna.kinds().includes("resumed") && pair.ben.kinds().includes("resumed"));
  assert.equal(pair.anna.session.stats(pair.nowMs)?.sendEpoch, 1);
  assertSame(received(pair.ben, "audio"), OPUS, sent.audio, "audio");
  assertSame(received(pair.ben, "video"), VP9, sent.video, "video");
});

Deno.test("while the server is away keys still rotate, sealed over the path", () => {
  const pair = new SessionPair({ seed: 5 });
  pair.connect();
  startStreams(pair.anna);
  play(pair, pair.anna, 3000);
  pair.run(500);
  pair.signalingDown();
  pair.anna.act((session, nowMs) => session.rotate(nowMs));
  pair.run(3000);
  assert.equal(pair.anna.session.stats(pair.nowMs)?.sendEpoch, 1);
  assert.equal(pair.ben.session.stats(pair.nowMs)?.sendEpoch, 1);
});

Deno.test("ARC-PATH-no-media-without-path: a cut link stops media and nothing else; it goes on when the link is back", () => {
  const pair = new SessionPair({ seed: 6 });
  pair.connect();
  startStreams(pair.anna);
  play(pair, pair.anna, 9000);
  pair.run(2000);
  pair.network.cut(pair.anna.host, pair.ben.host);
  pair.run(3000);
  assert.equal(pair.anna.session.path, undefined);
  const unitsDuringCut = pair.anna.sentUnits.count;
  pair.run(500);
  assert.ok(pair.anna.sentUnits.count - unitsDuringCut < 10, "only probes leave");
  pair.network.cut(pair.anna.host, pair.ben.host, false);
  const before = received(pair.ben, "audio").length;
  pair.run(3500);
  assert.ok(received(pair.ben, "audio").length > before + 50);
  assert.equal(pair.anna.session.state, "connected");
});

Deno.test("ARC-PATH-new-address: a peer whose address changes is found again", () => {
  const pair = new SessionPair({ seed: 7 });
  pair.connect();
  startStreams(pair.anna);
  play(pair, pair.anna, 9000);
  pair.run(1000);
  pair.anna.host.moveTo("10.0.0.9");
  pair.run(4000);
  const before = received(pair.ben, "audio").length;
  pair.run(2000);
  assert.ok(received(pair.ben, "audio").length > before + 80);
  assert.equal(pair.anna.session.path?.kind, "direct");
});

Deno.test("ARC-SEAL-clear-dropped ARC-SEAL-clear-units ARC-UNIT-stun-ignored: plain messages on the path are dropped, counted and never answered", () => {
  const pair = new SessionPair({ seed: 8 });
  pair.connect();
  const stranger = pair.network.addHost("stranger", { ip: "10.0.0.66" });
  const answers: string[] = [];
  const socket = stranger.bindUdp(9, (data) => answers.push(new TextDecoder().decode(data)));
  const plain = JSON.stringify({ type: "DISCONNECT", session_id: "x", peer_id: "y", reason: "error", timestamp: 1 });
  for (const text of [plain, "{}", "{", "\x01\x02", "~~~"]) {
    socket.send(new TextEncoder().encode(text), pair.network.endpoints.of("10.0.0.2", 5000));
  }
  pair.run(1000);
  assert.deepEqual(answers, []);
  assert.equal(pair.ben.session.state, "connected");
  assert.ok(pair.ben.session.drops.total >= 4);
});

Deno.test("ARC-ROBUST-call: whatever comes malformed from a stranger, the other peer's address or the server, a call goes on", () => {
  const pair = new SessionPair({ seed: 12 });
  pair.connect();
  startStreams(pair.anna);
  const sent = play(pair, pair.anna, 2000);
  const random = new SeededCaseRandom(12);
  const batch = new PacketBatch(1, 9000);
  const answers: Uint8Array[] = [];
  const stranger = pair.network.addHost("stranger", { ip: "10.0.0.66" })
    .bindUdp(9, (data) => answers.push(data.slice()));
  const setting = { sessionId: SESSION, peerId: ANNA, unixMs: 1_700_000_000_000 };
  for (let i = 0; i < 300; i++) {
    const packet = random.pick([generateArcRtp, generateReduced, generateRtcp])(random);
    const unit = random.bool() ? packet : mutateBytes(packet, packet, random, 1232);
    const text = strayMessage(setting, random);
    pair.network.clock.at(pair.nowMs + 6 * i, () => {
      stranger.send(random.bool() ? unit : text, pair.network.endpoints.of("10.0.0.2", 5000));
      pair.ben.act((session, nowMs) => {
        batch.clear();
        batch.push(unit, session.path?.address ?? 0);
        session.packets(batch, nowMs);
        // A farewell ends a call, however strange its other fields are.
        if (!/DISCONNECT|STREAM_STOP/.test(new TextDecoder().decode(text))) session.signalingMessage(text, nowMs);
      });
    });
  }
  pair.run(3000);
  assert.deepEqual([pair.anna.session.state, pair.ben.session.state], ["connected", "connected"]);
  assertSame(received(pair.ben, "audio"), OPUS, sent.audio, "audio");
  assertSame(received(pair.ben, "video"), VP9, sent.video, "video");
  assert.deepEqual(answers, []);
});

Deno.test("DISCONNECT ends both sides", () => {
  const pair = new SessionPair({ seed: 9 });
  pair.connect();
  pair.anna.act((session, nowMs) => session.disconnect("user_request", nowMs));
  pair.run(500);
  assert.deepEqual([pair.anna.session.state, pair.ben.session.state], ["closed", "closed"]);
});

Deno.test("a long call: minutes of virtual time with a rotation every 20 s, nothing lost at 0 loss", () => {
  const limits = { epochLimits: { intervalMs: 20_000, automaticSpacingMs: 5000 } };
  const pair = new SessionPair({ seed: 10, anna: limits, ben: limits });
  pair.connect();
  startStreams(pair.anna);
  let sent = 0;
  for (let round = 0; round < 24; round++) {
    sent += play(pair, pair.anna, 9980).audio;
    pair.run(10_000);
  }
  pair.run(1000);
  const stats = pair.ben.session.stats(pair.nowMs);
  assert.ok((stats?.sendEpoch ?? 0) >= 10, `epoch ${stats?.sendEpoch}`);
  assert.equal(received(pair.ben, "audio").length, sent);
});
