import assert from "node:assert/strict";
import { EXAMPLE_STREAM, EXAMPLES } from "../../signaling/examples.ts";
import type { Message } from "../../signaling/messages/registry.ts";
import {
  AUDIO_SSRC,
  breaks,
  CALLEE,
  CALLER,
  CheckedCall,
  CONNECT,
  CONNECT_ACK,
  running,
  SESSION,
  START,
} from "../testing/checked_call.ts";
import { hex } from "../testing/packets.ts";
import { sealedText } from "../testing/scene.ts";
import { text } from "../testing/streams.ts";

const UDP = { transport: "udp", conversation: 3, direction: 0 } as const;

Deno.test("check: a call that keeps the rules breaks none, through pauses, stop and end", () => {
  const call = running().flow(5000).wait(4000).flow(2000);
  const stop = {
    type: "STREAM_STOP",
    session_id: SESSION,
    stream_id: START.stream_id,
    reason: "user_request",
    timestamp: 5,
  } as const;
  call.say(stop).wait(3).answer(call.ackOf(stop));
  const end = {
    type: "DISCONNECT",
    session_id: SESSION,
    peer_id: CALLER,
    reason: "user_request",
    timestamp: 6,
  } as const;
  call.say(end).wait(3).answer(call.ackOf(end)).wait(20_000).heartbeat(0);
  assert.deepEqual(call.findings, []);
});

Deno.test("check: a finding has its rule, its subject, the first packets and their number", () => {
  const call = running();
  for (let i = 0; i < 40; i++) call.packet({ payloadType: 98 });
  const [finding, ...others] = call.findings;
  assert.equal(others.length, 0);
  assert.deepEqual([finding.rule, finding.subject, finding.count, finding.packets.length], [
    "ARC-RTP-unknown-payload-type",
    "ssrc 00001111 (audio)",
    40,
    16,
  ]);
  assert.match(finding.message, /payload type 98, announced is 111/);
});

Deno.test("check: malformed units are breaches of the rule of their fault", () => {
  breaks("ARC-RTP-minimum-length", (call) => call.unit(hex("806f00010000"), UDP));
  breaks("ARC-SIG-json-object", (call) => call.unit(text("{"), { transport: "ws" }));
  breaks("ARC-RTCP-bad-length", (call) => call.unit(hex("80c9 00ff 00000007"), UDP));
});

Deno.test("ARC-UNIT-media-size, ARC-UNIT-sealed-size: units beyond 1232 bytes", () => {
  breaks("ARC-UNIT-media-size", (call) => call.packet({ payload: new Uint8Array(1217) }));
  breaks([], (call) => call.packet({ payload: new Uint8Array(1216) }));
  const long = {
    type: "ERROR",
    code: "internal",
    message: "x".repeat(1024),
    session_id: SESSION,
    timestamp: 1,
  } as const;
  const padded = sealedText(long);
  breaks([], (call) => call.unit(padded, { ...UDP }));
  const metrics = { ...EXAMPLES.CONNECT.full, resume: undefined, epoch: undefined, proof: undefined, token: undefined };
  const large = {
    ...metrics,
    capabilities: { ...CONNECT.capabilities, codecs: Array.from({ length: 60 }, (_, i) => `x-codec-number-${i}`) },
  };
  breaks("ARC-UNIT-sealed-size", (call) => call.unit(sealedText(large as Message), { ...UDP }), new CheckedCall());
});

Deno.test("ARC-RTP-reserved-zero, ARC-RTP-bandwidth-flag, ARC-RTP-ext-bad-element: bits and fields that must not be", () => {
  const packet = (arc: string) => hex(`806f 00c8 00000000 00001111 ${arc} ${"aa".repeat(60)}`);
  breaks("ARC-RTP-reserved-zero", (call) => call.flow(200).unit(packet("01000000"), UDP));
  breaks("ARC-RTP-reserved-zero", (call) => call.flow(200).unit(packet("00800000"), UDP));
  breaks("ARC-RTP-bandwidth-flag", (call) => call.flow(200).unit(packet("00000007"), UDP));
  breaks([], (call) => call.flow(200).unit(packet("00010007"), UDP));
  breaks(
    "ARC-RTP-ext-bad-element",
    (call) => call.packet({ extension: { profile: 0xbede, data: Uint8Array.of(0x10, 1, 0, 0) } }),
  );
});

Deno.test("ARC-SRTP-short-packet, ARC-SRTP-srtcp-layout: what is protected in the session is not here", () => {
  breaks("ARC-SRTP-short-packet", (call) => call.packet({ payload: new Uint8Array(25) }));
  breaks([], (call) => call.packet({ payload: new Uint8Array(26) }));
  breaks("ARC-SRTP-srtcp-layout", (call) => call.packet().unit(hex("80c9000100001111"), UDP));
});

Deno.test("ARC-SEAL-clear-units, ARC-SEAL-no-secrets: what may go in the clear on UDP, and what must not be sealed", () => {
  const clear = (message: Message) => (call: CheckedCall) => call.say(message, { ...UDP, conversation: 8 });
  breaks("ARC-SEAL-clear-units", clear({ ...EXAMPLES.DISCONNECT.minimal, session_id: SESSION, peer_id: CALLER }));
  breaks("ARC-SEAL-clear-units", clear({ ...EXAMPLES.RELAY_KEYS.minimal, session_id: SESSION }));
  breaks(
    "ARC-SEAL-clear-units",
    clear({ ...EXAMPLES.HEARTBEAT.full, session_id: SESSION, peer_id: CALLER, token: undefined }),
  );
  breaks([], clear({ ...EXAMPLES.RELAY_BIND.full, session_id: SESSION }));
  breaks(
    [],
    clear({ ...EXAMPLES.HEARTBEAT.full, session_id: "00000000-0000-0000-0000-000000000000", token: undefined }),
  );
  breaks(
    ["ARC-SEAL-no-secrets", "ARC-SIG-heartbeat-token"],
    (call) => call.sealed({ ...EXAMPLES.HEARTBEAT.full, session_id: SESSION, peer_id: CALLER, token: "jwt" }, 0),
  );
});

Deno.test("ARC-SRTP-choice-not-offered, ARC-SIG-state-ack-unoffered, ARC-SIG-connect-ack-peer: answers outside of the offers", () => {
  const answered = (over: object) => (call: CheckedCall) =>
    call.connect(CONNECT, { ...CONNECT_ACK, ...over } as Message);
  const encryption = CONNECT_ACK.encryption;
  breaks(
    "ARC-SRTP-choice-not-offered",
    answered({ encryption: { ...encryption, algorithm: "aes-256-gcm" } }),
    new CheckedCall(),
  );
  breaks(
    "ARC-SRTP-choice-not-offered",
    answered({ encryption: { ...encryption, authentication: "none" } }),
    new CheckedCall(),
  );
  breaks("ARC-SIG-state-ack-unoffered", answered({ selected_codecs: { audio: "g722" } }), new CheckedCall());
  breaks("ARC-SIG-connect-ack-peer", answered({ peer_id: CALLER }), new CheckedCall());
});

Deno.test("ARC-KEY-ecdh-own-key, ARC-KEY-ecdh-reused-key, ARC-KEY-epoch-numbers: keys and epochs", () => {
  const reflected = {
    ...CONNECT_ACK,
    encryption: { ...CONNECT_ACK.encryption, public_key: CONNECT.encryption.public_key },
  };
  breaks("ARC-KEY-ecdh-own-key", (call) => call.connect(CONNECT, reflected as Message), new CheckedCall());
  const rotate = {
    ...EXAMPLES.KEY_ROTATE.minimal,
    session_id: SESSION,
    peer_id: CALLER,
    epoch: 1,
    reason: "manual" as const,
  };
  const fresh = {
    ...rotate,
    encryption: { ...rotate.encryption, public_key: CONNECT.encryption.public_key.replace("BGD", "BGE") },
  };
  breaks(
    [],
    (call) =>
      call.say(fresh).wait(5).say({ ...fresh, timestamp: 2, encryption: { ...fresh.encryption, public_key: "other" } }),
  );
  breaks("ARC-KEY-ecdh-reused-key", (call) => call.say({ ...rotate, encryption: CONNECT.encryption }));
  breaks("ARC-KEY-epoch-numbers", (call) => call.say({ ...fresh, epoch: 3 }));
});

Deno.test("ARC-SIG-state-two-peers: a third that speaks in a session", () => {
  const third = { ...EXAMPLES.KEY_ROTATE.minimal, session_id: SESSION, peer_id: EXAMPLE_STREAM, epoch: 1 };
  breaks(
    "ARC-SIG-state-two-peers",
    (call) => call.say({ ...third, encryption: { key_exchange: "ecdh-p256", public_key: "third" } }),
  );
});

Deno.test("ARC-KEY-stream-id-once, ARC-KEY-ssrc-once, ARC-RTP-reduced-context-unique: used once", () => {
  const again = { ...START, timestamp: START.timestamp + 1 };
  breaks([], (call) => call.start(again));
  breaks("ARC-KEY-stream-id-once", (call) => call.start({ ...again, ssrc: 0x2222, reduced_header: [] }));
  const second = { ...again, stream_id: CALLEE };
  breaks("ARC-KEY-ssrc-once", (call) => call.start({ ...second, reduced_header: [] }));
  const context = [{ context_id: 1, ssrc: 0x3333, payload_type: 111, quality: 0 }];
  breaks("ARC-RTP-reduced-context-unique", (call) => call.start({ ...second, ssrc: 0x3333, reduced_header: context }));
});

Deno.test("ARC-SRTP-choice-stream-equal, ARC-LOSS-rtx-agreed: a stream beyond what was agreed", () => {
  const other = { ...START, encryption: { ...START.encryption, algorithm: "aes-256-gcm" as const } };
  breaks("ARC-SRTP-choice-stream-equal", (call) => call.start(other), new CheckedCall().connect());
  const fec = { ...START, fec: [{ ssrc: 9, payload_type: 115, protects: AUDIO_SSRC }] };
  breaks("ARC-LOSS-rtx-agreed", (call) => call.start(fec), new CheckedCall().connect());
  breaks(
    [],
    (call) => call.start({ ...START, rtx: [{ ssrc: 9, payload_type: 97, protects: AUDIO_SSRC }] } as typeof START),
    new CheckedCall().connect(),
  );
});

Deno.test("ARC-KEY-index-continues: a sequence number twice with other bytes, not the same bytes twice", () => {
  breaks("ARC-KEY-index-continues", (call) => call.packet({ sequenceNumber: 7 }).wait(1).packet({ sequenceNumber: 7 }));
  breaks([], (call) => call.packet({ sequenceNumber: 7 }).packet({ sequenceNumber: 7 }));
});

Deno.test("ARC-RTP-ext-transport-sequence-counter: one number on two packets", () => {
  breaks([], (call) => call.packet({ extension: call.stamps(5) }).packet({ extension: call.stamps(6) }));
  breaks(
    "ARC-RTP-ext-transport-sequence-counter",
    (call) => call.packet({ extension: call.stamps(5) }).packet({ extension: call.stamps(5) }),
  );
});

Deno.test("ARC-RTP-initial-sequence: the first number of an SSRC, where its beginning is in the capture", () => {
  breaks("ARC-RTP-initial-sequence", (call) => call.packet({ sequenceNumber: 40_000 }));
  breaks([], (call) => call.packet({ sequenceNumber: 32_767 }));
  breaks([], (call) => call.wait(10_000).packet({ sequenceNumber: 40_000 }));
  breaks([], (call) => call.start().packet({ sequenceNumber: 40_000 }), new CheckedCall());
});

Deno.test("ARC-RTP-unknown-payload-type, ARC-RTP-priority-values: packets other than announced", () => {
  breaks("ARC-RTP-unknown-payload-type", (call) => call.packet({ payloadType: 96 }));
  breaks("ARC-RTP-priority-values", (call) => call.packet({ priority: 2 }));
});

Deno.test("ARC-SIG-state-stop: media after its stream was stopped", () => {
  const stop = {
    type: "STREAM_STOP",
    session_id: SESSION,
    stream_id: START.stream_id,
    reason: "error",
    timestamp: 5,
  } as const;
  const stopped = () => {
    const call = running().flow(200);
    return call.say(stop).answer(call.ackOf(stop));
  };
  breaks("ARC-SIG-state-stop", (call) => call.wait(1200).packet(), stopped());
  breaks([], (call) => call.wait(500).packet(), stopped());
});

Deno.test("ARC-RTP-reduced-first-three: a reduced header too early", () => {
  breaks("ARC-RTP-reduced-first-three", (call) => call.packet().packet().reduced());
  breaks([], (call) => call.packet().packet().packet().reduced());
});

Deno.test("ARC-RTP-reduced-refresh: too many reduced headers in a row, or for too long", () => {
  const full = () => running().packet().packet().packet();
  const many = (count: number) => (call: CheckedCall) => {
    for (let i = 0; i < count; i++) call.wait(2).reduced();
  };
  breaks([], many(31), full());
  breaks("ARC-RTP-reduced-refresh", many(32), full());
  breaks("ARC-RTP-reduced-refresh", (call) => call.wait(200).reduced(), full());
  breaks(
    [],
    (call) =>
      call.reduced({ sequenceNumber: 103, timestamp: 5 }).wait(200).reduced({ sequenceNumber: 104, timestamp: 5 }),
    full(),
  );
});

Deno.test("ARC-RTP-reduced-window: reduced too far from the last full packets", () => {
  const full = () => running().packet().packet().packet();
  const jump = 960 * 102 + 32_768;
  breaks("ARC-RTP-reduced-window", (call) => call.reduced({ sequenceNumber: 103, timestamp: jump - 700 }), full());
  breaks([], (call) => call.reduced({ sequenceNumber: 103, timestamp: jump - 961 }), full());
});

Deno.test("ARC-RTP-reduced-epoch-pause: reduced in the first second of an epoch", () => {
  const rotated = () => {
    const call = running().packet().packet().packet();
    for (let i = 0; i < 3; i++) call.wait(20).packet({ keyPhase: 1 });
    return call;
  };
  breaks("ARC-RTP-reduced-epoch-pause", (call) => call.wait(20).reduced(), rotated());
  breaks([], (call) => call.wait(1000).packet({ keyPhase: 1 }).wait(20).reduced(), rotated());
});

Deno.test("ARC-RTP-reduced-context: a context that nobody announced", () => {
  breaks("ARC-RTP-reduced-context", (call) => call.flow(200).reduced({}, 5));
});

Deno.test("ARC-SIG-repeat-first-interval, ARC-SIG-repeat-doubling: requests sent again too soon or too often", () => {
  const request = { ...START, timestamp: 77, stream_id: EXAMPLE_STREAM };
  const repeated = (...intervals: number[]) => (call: CheckedCall) => {
    call.say(request);
    for (const interval of intervals) call.wait(interval).say(request);
    call.answer(call.ackOf(request));
  };
  const connected = () => new CheckedCall().connect();
  breaks([], repeated(2000, 4000, 8000, 16_000, 32_000), connected());
  breaks("ARC-SIG-repeat-first-interval", repeated(1000), connected());
  breaks("ARC-SIG-repeat-doubling", repeated(2000, 2000), connected());
  breaks("ARC-SIG-repeat-doubling", repeated(2000, 4000, 8000, 16_000, 32_000, 64_000), connected());
});

Deno.test("ARC-SIG-repeat-timestamps-grow: another request under the same timestamp", () => {
  const adapt = { ...EXAMPLES.QUALITY_ADAPT.minimal, session_id: SESSION, stream_id: START.stream_id };
  breaks(
    "ARC-SIG-repeat-timestamps-grow",
    (call) => call.answer(adapt).answer({ ...adapt, quality: { bitrate: 5 } }).say(call.ackOf(adapt)),
  );
});

Deno.test("ARC-SIG-ack-requests: a request that nobody answered", () => {
  const adapt = { ...EXAMPLES.QUALITY_ADAPT.minimal, session_id: SESSION, stream_id: START.stream_id };
  const again = { ...START, timestamp: START.timestamp + 1 };
  breaks("ARC-SIG-ack-requests", (call) => call.answer(adapt).wait(11_000).start(again));
  // A peer that is not there, or of whom nothing more is to be seen, owes nothing.
  breaks([], (call) => call.answer(adapt).wait(11_000).heartbeat(0));
  breaks([], (call) => call.answer(adapt).wait(5000).heartbeat(0));
  const refusal = {
    type: "ERROR",
    code: "unknown_stream",
    message: "",
    session_id: SESSION,
    in_reply_to: { type: "QUALITY_ADAPT", timestamp: adapt.timestamp },
    timestamp: 1,
  } as const;
  breaks([], (call) => call.answer(adapt).wait(5).say(refusal).wait(20_000).heartbeat(0));
});

Deno.test("ARC-SIG-error-codes, ARC-SIG-error-not-for-error: errors that are none", () => {
  const error = { type: "ERROR", code: "internal", message: "", session_id: SESSION, timestamp: 1 } as const;
  breaks("ARC-SIG-error-codes", (call) => call.say({ ...error, code: "out_of_coffee" }));
  breaks("ARC-SIG-error-not-for-error", (call) => call.say({ ...error, in_reply_to: { type: "ERROR" } }));
});

Deno.test("ARC-SIG-heartbeat-latency, ARC-SIG-heartbeat-answer, ARC-SIG-heartbeat-sender-fields: heartbeats", () => {
  const challenge = "00112233445566ff";
  const heartbeat = {
    type: "HEARTBEAT",
    session_id: SESSION,
    sequence: 500,
    challenge,
    peer_id: CALLER,
    timestamp: 900,
  } as const;
  const times = { original_timestamp: 900, response_timestamp: 903, latency_ms: 3 };
  const ack = { type: "HEARTBEAT_ACK", session_id: SESSION, sequence: 500, challenge, ...times } as const;
  breaks([], (call) => call.sealed(heartbeat, 0).sealed(ack, 1));
  breaks("ARC-SIG-heartbeat-latency", (call) => call.sealed(heartbeat, 0).sealed({ ...ack, latency_ms: 4 }, 1));
  breaks(
    "ARC-SIG-heartbeat-answer",
    (call) => call.sealed(heartbeat, 0).sealed({ ...ack, challenge: "0".repeat(16) }, 1),
  );
  breaks(
    "ARC-SIG-heartbeat-answer",
    (call) => call.sealed(heartbeat, 0).sealed({ ...ack, original_timestamp: 901, latency_ms: 2 }, 1),
  );
  breaks(
    "ARC-SIG-heartbeat-sender-fields",
    (call) => call.sealed({ ...heartbeat, challenge: undefined } as Message, 0),
  );
  breaks("ARC-SIG-heartbeat-sender-fields", (call) => call.sealed({ ...heartbeat, peer_id: undefined } as Message, 0));
});

Deno.test("ARC-SEAL-counter: one counter on two units; a new epoch begins anew", () => {
  const beat = (sequence: number) =>
    ({
      type: "HEARTBEAT",
      session_id: SESSION,
      sequence,
      challenge: String(sequence).padStart(16, "0"),
      peer_id: CALLER,
      timestamp: 9,
    }) as const;
  breaks("ARC-SEAL-counter", (call) => call.sealed(beat(81), 0, 9).wait(1).sealed(beat(82), 0, 9));
  breaks([], (call) => call.sealed(beat(81), 0, 9).sealed(beat(81), 0, 9));
  breaks([], (call) => call.sealed(beat(81), 0, 0).wait(1).sealed(beat(82), 0, 0));
});

Deno.test("ARC-RTCP-reports, ARC-PATH-keepalive: what must come each second while media flows", () => {
  const flowing = () => running().flow(1000);
  const media = (call: CheckedCall, ms: number, extra: (call: CheckedCall) => unknown) => {
    for (let elapsed = 0; elapsed < ms; elapsed += 20) {
      if (elapsed % 500 === 0) extra(call);
      call.packet().wait(20);
    }
  };
  breaks("ARC-RTCP-reports", (call) => media(call, 4000, () => call.heartbeat(0).heartbeat(1)), flowing());
  breaks("ARC-RTCP-reports", (call) => media(call, 4000, () => call.heartbeat(0).rtcp(0)), flowing());
  breaks("ARC-PATH-keepalive", (call) => media(call, 4000, () => call.rtcp(0).rtcp(1)), flowing());
  breaks([], (call) => media(call, 2000, () => {}), flowing());
});

Deno.test("ARC-SRTP-srtcp-index: one index on two packets", () => {
  breaks("ARC-SRTP-srtcp-index", (call) => call.packet().rtcp(0, 4).wait(1).rtcp(0, 4));
  breaks([], (call) => call.packet().rtcp(0, 4).rtcp(0, 4).rtcp(0, 5));
});

Deno.test("ARC-PATH-validated-only: media to an address that has not answered", () => {
  breaks("ARC-PATH-validated-only", (call) => call.packet({}, { ...UDP, conversation: 12 }));
  breaks([], (call) => call.packet({}, { ...UDP, conversation: 12 }), new CheckedCall().start());
});

Deno.test("ARC-DIALECT-no-mixing: both dialects in one session", () => {
  const engine = text(`{"type":"DISCONNECT","session_id":"${SESSION}","reason":"TIMEOUT"}`);
  breaks("ARC-DIALECT-no-mixing", (call) => call.unit(engine, { transport: "ws", conversation: 1 }));
});

Deno.test("check: what is cut by the capture, plain RTP and the engine's dialect are not held to the rules of others", () => {
  const call = new CheckedCall();
  for (let i = 0; i < 8; i++) {
    call.unit(hex(`806f 000${i} 00000000 00000009 8${i}ff${i}f1f aabb`), { conversation: 20 });
  }
  call.unit(
    text(
      '{"type":"STREAM_ACK","stream_id":"123e4567-e89b-12d3-a456-426614174000","codec":"opus","bitrate":1,"resolution":null,"frame_rate":null,"ssrc":1,"payload_type":72}',
    ),
    { conversation: 21 },
  );
  assert.deepEqual(call.findings, []);
});

Deno.test("check: a flood of breaches is bounded and counted", () => {
  const call = new CheckedCall();
  for (let i = 0; i < 3000; i++) call.unit(hex("806f0001"), { conversation: 100 + i });
  assert.equal(call.findings.length, 1000);
});
