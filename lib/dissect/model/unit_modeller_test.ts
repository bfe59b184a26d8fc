import assert from "node:assert/strict";
import fc from "fast-check";
import { toHex } from "../../base/bytes.ts";
import { fixtureMedia, PlanePair, SESSION, startOf } from "../../session/testing/plane_pair.ts";
import { Wiretap } from "../../session/testing/wiretap.ts";
import { EXAMPLE_CALLER, EXAMPLE_SESSION, EXAMPLES, STATUS_EXAMPLES } from "../../signaling/examples.ts";
import { hex } from "../testing/packets.ts";
import { Scene, sealedText } from "../testing/scene.ts";
import { text } from "../testing/streams.ts";

const PACKET = hex("80ef000100000002 00000007 00000000 4869");
const START = {
  ...EXAMPLES.STREAM_START.minimal,
  ssrc: 7,
  reduced_header: [{ context_id: 2, ssrc: 7, payload_type: 111, quality: 0 }],
};

Deno.test("model: media is joined to its stream and session by the SSRC that signaling announced", () => {
  const scene = new Scene();
  assert.deepEqual([scene.unit(PACKET).sessionId, scene.unit(PACKET).streamId], [undefined, undefined]);
  scene.say(START);
  const model = scene.unit(PACKET);
  assert.deepEqual([model.sessionId, model.streamId, model.entry?.role], [START.session_id, START.stream_id, "audio"]);
  assert.deepEqual([model.dialect, model.rtp?.sequenceNumber, model.arc?.quality], ["arcrtc-1.0", 1, 0]);
});

Deno.test("model: reduced packets get their full header, session and stream", () => {
  const scene = new Scene();
  scene.say(START);
  scene.unit(PACKET);
  const model = scene.unit(hex("c20203c5 aabb"));
  assert.deepEqual([model.rtp?.sequenceNumber, model.rtp?.timestamp, model.ssrc], [2, 965, 7]);
  assert.deepEqual([model.sessionId, model.streamId, model.dialect], [START.session_id, START.stream_id, "arcrtc-1.0"]);
  const other = scene.unit(hex("c3020000"));
  assert.deepEqual([other.rtp, other.fault, other.sessionId], [undefined, undefined, START.session_id]);
  assert.equal(scene.unit(hex("c20203c5"), { direction: 1 }).rtp, undefined);
  assert.equal(scene.unit(hex("c202")).fault?.reason, "truncated");
});

Deno.test("model: RTCP belongs to the session of its conversation, also from a peer that sends no stream", () => {
  const scene = new Scene();
  scene.say(START);
  const rtcp = hex("80c9000100000099");
  assert.equal(scene.unit(rtcp, { direction: 1 }).sessionId, undefined);
  scene.unit(PACKET);
  const model = scene.unit(rtcp, { direction: 1 });
  assert.deepEqual([model.sessionId, model.ssrc, model.rtcp?.kind], [START.session_id, 0x99, "plain"]);
  assert.equal(scene.unit(hex("80c90001 00000007"), { conversation: 4 }).streamId, START.stream_id);
});

Deno.test("model: messages, sealed ones, statuses, the engine's, and what is none", () => {
  const scene = new Scene();
  const heartbeat = scene.unit(sealedText({ ...EXAMPLES.HEARTBEAT.full, session_id: EXAMPLE_SESSION }));
  assert.deepEqual([heartbeat.message?.type, heartbeat.isSealed, heartbeat.sessionId], [
    "HEARTBEAT",
    true,
    EXAMPLE_SESSION,
  ]);
  const status = scene.say(STATUS_EXAMPLES.RELAY_STATUS.minimal, { transport: "nats" });
  assert.deepEqual([status.status?.type, status.fault, status.message], ["RELAY_STATUS", undefined, undefined]);
  const engine = scene.unit(text(`{"type":"DISCONNECT","session_id":"${EXAMPLE_SESSION}","reason":"TIMEOUT"}`));
  assert.deepEqual([engine.dialect, engine.engineMessage?.type, engine.sessionId], [
    "armoricore",
    "DISCONNECT",
    EXAMPLE_SESSION,
  ]);
  const broken = scene.unit(text('{"type":"ACK"'));
  assert.deepEqual([broken.dialect, broken.fault?.reason], [undefined, "bad_json"]);
  assert.equal(scene.unit(text('{"type":"NEW"}')).fault?.reason, "unknown_type");
  assert.equal(scene.modeller.evidence.verdict().dialect, "arcrtc-1.0");
});

Deno.test("model: a Phoenix join tells who speaks, and its frames belong to the session of their topic", () => {
  const scene = new Scene();
  const frame = `["1","1","arcrtc:${EXAMPLE_SESSION}","phx_join",{"peer_id":"${EXAMPLE_CALLER}"}]`;
  const envelope = {
    kind: "phoenix",
    joinRef: "1",
    ref: "1",
    topic: `arcrtc:${EXAMPLE_SESSION}`,
    event: "phx_join",
    hasMessage: false,
  } as const;
  const join = scene.unit(text(frame), { transport: "ws", envelope });
  assert.deepEqual([join.sessionId, join.fault, join.dialect], [EXAMPLE_SESSION, undefined, undefined]);
  scene.say({ ...START, session_id: EXAMPLE_SESSION }, { transport: "ws" });
  assert.equal(scene.unit(PACKET).entry?.stream.sender, EXAMPLE_CALLER);
});

Deno.test("model: plain RTP is known by its conversation, and has no Arc block", () => {
  const scene = new Scene();
  for (let i = 0; i < 10; i++) {
    scene.unit(hex(`806f00010000000200000007 ${toHex(Uint8Array.of(i * 20, 255 - i, 9, 9))} aabb`));
  }
  const model = scene.unit(hex("806f0001000000020000000700"));
  assert.deepEqual([model.dialect, model.arc, model.rtp?.ssrc, model.fault], ["rtp", undefined, 7, undefined]);
  assert.equal(scene.unit(hex("806f0001000000020000"), {}).fault?.reason, "truncated");
  assert.equal(scene.unit(PACKET, { conversation: 2 }).dialect, "arcrtc-1.0");
  assert.equal(scene.modeller.evidenceOf(1, 0)?.isPlainRtp, true);
  assert.equal(scene.modeller.evidenceOf(1, 1)?.isPlainRtp, false);
});

Deno.test("ARC-RTP-payload-types-excluded: an excluded payload type is the engine's, unless the session is one of arcrtc-1.0", () => {
  const excluded = PACKET.slice();
  excluded[1] = 72;
  const scene = new Scene();
  const engine = scene.unit(excluded);
  assert.deepEqual([engine.dialect, engine.fault, engine.rtp?.payloadType], ["armoricore", undefined, 72]);
  scene.unit(sealedText({ ...EXAMPLES.HEARTBEAT.full, session_id: EXAMPLE_SESSION }));
  scene.say(START);
  scene.unit(PACKET);
  const own = scene.unit(excluded);
  assert.deepEqual([own.dialect, own.fault?.reason, own.rtp], ["arcrtc-1.0", "bad_value", undefined]);
});

Deno.test("model: malformed packets keep their fault, and every unit has nodes", () => {
  const scene = new Scene();
  assert.equal(scene.unit(PACKET.subarray(0, 14)).fault?.reason, "truncated");
  for (
    const bytes of [
      PACKET,
      PACKET.subarray(0, 9),
      hex("c1"),
      hex("00"),
      hex("ff00"),
      hex("15"),
      hex("80c9"),
      text("{"),
      hex(""),
    ]
  ) {
    const { nodes } = scene.unit(bytes);
    assert.equal(nodes.length > 0, bytes.length > 0);
  }
});

Deno.test("model: a whole stream of a real sender, protected and reduced, is read as who holds its keys reads it", () => {
  const media = fixtureMedia("opus_48k_stereo.opus");
  const start = startOf(media, { rtx: true, contexts: [{ id: 1, quality: 0 }] });
  const pair = new PlanePair({ seed: 4, reducedHeader: true, rtx: true });
  const scene = new Scene();
  scene.say({ ...EXAMPLES.CONNECT_ACK.full, session_id: SESSION });
  scene.say(start);
  const seen: (readonly number[])[] = [];
  let reduced = 0;
  pair.tap = (unit, from, ms) => {
    const model = scene.unit(unit, { direction: from === "caller" ? 0 : 1, ms });
    assert.equal(model.fault, undefined);
    assert.equal(model.sessionId, SESSION);
    assert.equal(model.rtcp?.kind ?? "protected", "protected");
    assert.equal(model.authentication, "hmac-sha256-80");
    if (model.rtp !== undefined) {
      const { sequenceNumber, timestamp, ssrc, payloadType } = model.rtp;
      seen.push([sequenceNumber, timestamp, ssrc, payloadType, model.arc?.priority ?? -1, model.arc?.keyPhase ?? -1]);
    }
    if (model.unit.kind === 6) reduced++;
    return "pass";
  };
  const tap = new Wiretap(pair, [start], "hmac-sha256-80");
  pair.start(start);
  pair.play(start.stream_id, media);
  pair.runUntil(pair.nowMs + 3000);
  assert.equal(tap.unread, 0);
  assert.ok(reduced > 20, `${reduced}`);
  assert.deepEqual(
    seen,
    tap.packets.map(({ fields: f }) => [f.sequenceNumber, f.timestamp, f.ssrc, f.payloadType, f.priority, f.keyPhase]),
  );
});

Deno.test("model: any units come to a model, memory bounded", () => {
  const seeds = [
    PACKET,
    hex("c20203c5"),
    hex("80c9000100000007"),
    text(JSON.stringify(START)),
    hex("00"),
    sealedText(EXAMPLES.HEARTBEAT.full),
  ];
  const scene = new Scene();
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 3 }),
      fc.nat(200),
      fc.nat(4),
      (seed, flips, length, conversation) => {
        const bytes = seed.slice(0, length);
        for (const [at, value] of flips) if (at < bytes.length) bytes[at] = value;
        const model = scene.unit(bytes, { conversation, direction: flips.length % 2 === 0 ? 0 : 1 });
        assert.ok(
          [model.sessionId, model.streamId, model.ssrc, model.rtcp, model.authentication, model.nodes].length === 6,
        );
      },
    ),
    { seed: 131, numRuns: 2000 },
  );
});
