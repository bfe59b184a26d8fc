import assert from "node:assert/strict";
import { EXAMPLES } from "../../signaling/examples.ts";
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
import { text } from "../testing/streams.ts";
import type { Envelope } from "../units/envelope.ts";

const UDP = { transport: "udp", conversation: 3, direction: 0 } as const;
/** Towards the callee, behind the server. */
const DOWN = { transport: "ws", conversation: 2, direction: 1 } as const;
const NIL = "00000000-0000-0000-0000-000000000000";

Deno.test("check: a verdict on every rule: kept, broken, or with no occasion", () => {
  const call = running().flow(3000);
  assert.deepEqual(call.verdict("ARC-RTP-reserved-zero"), {
    rule: "ARC-RTP-reserved-zero",
    verdict: "pass",
    occasions: 32,
    breaches: 0,
  });
  assert.equal(call.verdict("ARC-METRICS-interval")?.verdict, "skipped");
  assert.equal(call.verdict("ARC-RTCP-reports")?.verdict, "pass");
  call.packet({ payloadType: 96 }).packet({ payloadType: 96 });
  const broken = call.verdict("ARC-RTP-unknown-payload-type");
  assert.deepEqual([broken?.verdict, broken?.breaches], ["fail", 2]);
  // Rules that ask something of a receiver are told of when a sender breaks them, and are else no matter of a capture.
  assert.equal(call.verdict("ARC-SIG-json-unknown-type"), undefined);
  call.unit(text('{"type":"NEW"}'), DOWN);
  assert.equal(call.verdict("ARC-SIG-json-unknown-type")?.verdict, "fail");
});

Deno.test("ARC-SIG-connect-session-uuid, ARC-SRTP-choice-suite: what opens a session", () => {
  const other = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
  breaks(
    "ARC-SIG-connect-session-uuid",
    (call) => call.say({ ...CONNECT, session_id: other } as Message),
    new CheckedCall(),
  );
  const ack = (over: object) => ({ ...CONNECT_ACK, ...over }) as Message;
  const encryption = ["chacha20-poly1305", "aes-128-gcm", "aes-256-gcm"];
  const connect = { ...CONNECT, capabilities: { ...CONNECT.capabilities, encryption } } as Message;
  const chosen = (algorithm: string) => ack({ encryption: { ...CONNECT_ACK.encryption, algorithm } });
  breaks("ARC-SRTP-choice-suite", (call) => call.connect(connect, chosen("aes-256-gcm")), new CheckedCall());
  breaks([], (call) => call.connect(connect, chosen("chacha20-poly1305")), new CheckedCall());
});

Deno.test("ARC-SRTP-choice-resume-equal: a resumption with another suite", () => {
  const resumed = (algorithm: string) => ({
    ...CONNECT_ACK,
    epoch: 1,
    proof: "AAAAAAAAAAAAAAAAAAAAAA",
    timestamp: 99,
    encryption: { ...CONNECT_ACK.encryption, algorithm, public_key: "next" },
  } as Message);
  breaks([], (call) => call.answer(resumed("aes-128-gcm")));
  breaks("ARC-SRTP-choice-resume-equal", (call) => call.answer(resumed("aes-256-gcm")));
});

Deno.test("ARC-SIG-state-disconnect: media after the end of its session", () => {
  const end = { type: "DISCONNECT", session_id: SESSION, peer_id: CALLER, reason: "timeout", timestamp: 6 } as const;
  const ended = () => {
    const call = running().flow(200);
    return call.say(end).answer(call.ackOf(end));
  };
  breaks([], (call) => call.wait(500).packet(), ended());
  breaks("ARC-SIG-state-disconnect", (call) => call.wait(1200).packet(), ended());
});

Deno.test("ARC-QUALITY-index-range, ARC-RTP-quality-switch: rungs", () => {
  const short = { ...START, quality_ladder: ["high", "low"] } as typeof START;
  breaks("ARC-QUALITY-index-range", (call) => call.start(short).packet({ quality: 2 }), new CheckedCall().connect());
  breaks([], (call) => call.start(short).packet({ quality: 1 }), new CheckedCall().connect());
  breaks("ARC-RTP-quality-switch", (call) => call.packet().packet().packet({ quality: 1 }).reduced());
  breaks([], (call) => call.packet().packet().packet({ quality: 1 }).packet().reduced());
});

Deno.test("ARC-SIG-heartbeat-sender-fields: the same challenge for another heartbeat", () => {
  const beat = (sequence: number) => ({
    ...{ type: "HEARTBEAT", session_id: SESSION, peer_id: CALLER, challenge: "00000000000000ab", timestamp: 5 },
    sequence,
  } as Message);
  breaks([], (call) => call.sealed(beat(90), 0).sealed(beat(90), 0));
  breaks("ARC-SIG-heartbeat-sender-fields", (call) => call.sealed(beat(90), 0).sealed(beat(91), 0));
});

Deno.test("ARC-SIG-heartbeat-token: a token where nothing joins", () => {
  const beat = { ...EXAMPLES.HEARTBEAT.full, session_id: SESSION, peer_id: CALLER, token: "jwt" };
  const envelope = {
    kind: "phoenix",
    joinRef: "1",
    ref: null,
    topic: "t",
    event: "HEARTBEAT",
    hasMessage: true,
  } as const;
  breaks("ARC-SIG-heartbeat-token", (call) => call.say(beat, { ...DOWN, conversation: 9, envelope }));
  breaks([], (call) => call.say(beat, { ...DOWN, conversation: 9, transport: "tcp" }));
});

Deno.test("ARC-SIG-repeat-never, ARC-METRICS-interval, ARC-METRICS-not-forwarded: figures and heartbeats once", () => {
  const metrics = (timestamp: number) =>
    ({ ...EXAMPLES.METRICS.minimal, session_id: SESSION, peer_id: CALLER, timestamp }) as Message;
  breaks([], (call) => call.say(metrics(1)).wait(5000).say(metrics(2)).wait(5200).say(metrics(3)));
  breaks("ARC-SIG-repeat-never", (call) => call.say(metrics(1)).wait(5000).say(metrics(1)));
  breaks("ARC-METRICS-interval", (call) => call.say(metrics(1)).wait(1000).say(metrics(2)));
  breaks("ARC-METRICS-interval", (call) => call.say(metrics(1)).wait(12_000).say(metrics(2)));
  breaks("ARC-METRICS-not-forwarded", (call) => call.say(metrics(1)).say(metrics(1), DOWN));
  const beat = { ...EXAMPLES.HEARTBEAT.full, session_id: SESSION, peer_id: CALLER, token: undefined } as Message;
  breaks("ARC-SIG-repeat-never", (call) => call.say(beat).say(beat));
});

Deno.test("ARC-SIG-repeat-same-answer, ARC-SIG-error-path, ARC-SIG-error-codes: answers", () => {
  const adapt = { ...EXAMPLES.QUALITY_ADAPT.minimal, session_id: SESSION, stream_id: START.stream_id };
  const in_reply_to = { type: adapt.type, timestamp: adapt.timestamp, stream_id: adapt.stream_id };
  const refusal = {
    type: "ERROR",
    code: "bad_state",
    message: "",
    session_id: SESSION,
    in_reply_to,
    timestamp: 1,
  } as const;
  breaks([], (call) => call.answer(adapt).say(call.ackOf(adapt)).wait(2000).answer(adapt).say(call.ackOf(adapt)));
  breaks("ARC-SIG-repeat-same-answer", (call) => call.answer(adapt).say(call.ackOf(adapt)).say(refusal));
  const bad = { type: "ERROR", code: "bad_message", session_id: SESSION, timestamp: 1 } as const;
  breaks("ARC-SIG-error-path", (call) => call.say({ ...bad, message: "no" }));
  breaks([], (call) => call.say({ ...bad, message: "$.quality.bitrate: need an integer" }));
});

Deno.test("ARC-TRANSPORT-phoenix-join, -frame, -reply, -heartbeat: channels", () => {
  const place = (direction: 0 | 1, over: Partial<Extract<Envelope, { kind: "phoenix" }>>) => ({
    transport: "ws" as const,
    conversation: 7,
    direction,
    envelope: {
      kind: "phoenix" as const,
      joinRef: "1",
      ref: "5",
      topic: `arcrtc:${SESSION}`,
      event: "",
      hasMessage: false,
      ...over,
    },
  });
  const join = text(`["1","5","arcrtc:${SESSION}","phx_join",{"peer_id":"${CALLER}"}]`);
  const reply = (status: string) => (call: CheckedCall) =>
    call.unit(join, place(0, { event: "phx_join" })).unit(text("[]"), place(1, { event: "phx_reply", status }));
  breaks([], reply("ok"), new CheckedCall());
  breaks("ARC-TRANSPORT-phoenix-reply", reply("maybe"), new CheckedCall());
  breaks(
    "ARC-TRANSPORT-phoenix-reply",
    (call) =>
      call.unit(join, place(0, { event: "phx_join" })).wait(6000).unit(text("[]"), place(1, { event: "x", ref: null })),
    new CheckedCall(),
  );
  breaks([], (call) => call.unit(join, place(0, { event: "phx_join" })).wait(6000).heartbeat(0), new CheckedCall());
  breaks(
    "ARC-TRANSPORT-phoenix-heartbeat",
    (call) =>
      call.unit(text("[]"), place(0, { event: "heartbeat", topic: "phoenix" }))
        .unit(text("[]"), place(1, { event: "phx_reply", status: "error" })),
    new CheckedCall(),
  );
  breaks(
    "ARC-TRANSPORT-phoenix-join",
    (call) => call.unit(text(`["1","5","room:1","phx_join",{}]`), place(0, { event: "phx_join", ref: null })),
    new CheckedCall(),
  );
  breaks(
    "ARC-TRANSPORT-phoenix-frame",
    (call) => call.say({ ...CONNECT, timestamp: 3 }, place(0, { event: "message", hasMessage: true, ref: null })),
    new CheckedCall(),
  );
});

Deno.test("ARC-TRANSPORT-server-unchanged: what a server may put in and take out, and nothing else", () => {
  const relays = { ...CONNECT.network_info, relay_servers: [{ id: "r", address: "10.0.0.9", port: 7, priority: 1 }] };
  const sent = { ...CONNECT, token: "jwt" } as Message;
  const forwarded = { ...CONNECT, network_info: relays } as Message;
  breaks([], (call) => call.say(sent).say(forwarded, DOWN), new CheckedCall());
  breaks("ARC-TRANSPORT-server-unchanged", (call) => call.say(sent).say(sent, DOWN), new CheckedCall());
  const acks = ["STREAM_START", "STREAM_STOP"].map((type) => ({
    ...{ type: "ACK", session_id: SESSION, timestamp: 5 },
    in_reply_to: { type, timestamp: 4, stream_id: START.stream_id },
  } as Message));
  breaks([], (call) => call.say(acks[0]).say(acks[1]).say(acks[0], DOWN).say(acks[1], DOWN), new CheckedCall());
  const changed = { ...CONNECT, network_info: { ...CONNECT.network_info, nat_type: "open" } } as Message;
  breaks("ARC-TRANSPORT-server-unchanged", (call) => call.say(sent).say(changed, DOWN), new CheckedCall());
});

Deno.test("ARC-RELAY-challenge, ARC-RELAY-challenge-size, ARC-RELAY-bound: binding", () => {
  const bind = { type: "RELAY_BIND", session_id: SESSION, peer_id: CALLER, expires: 9, timestamp: 5 } as const;
  const proven = { ...bind, nonce: "n", proof: "AAAAAAAAAAAAAAAAAAAAAA" };
  const bound = { ...EXAMPLES.RELAY_BOUND.full, session_id: SESSION, peer_id: CALLER };
  const challenge = { type: "RELAY_CHALLENGE", nonce: "n".repeat(16) } as const;
  const up = { ...UDP, conversation: 30 };
  const down = { ...up, direction: 1 } as const;
  breaks([], (call) => call.say(bind, up).say(challenge, down).say(proven, up).say(bound, down));
  breaks("ARC-RELAY-challenge", (call) => call.say(bind, up).say(bound, down));
  breaks("ARC-RELAY-bound", (call) => call.say(proven, up).say({ ...bound, peer_id: CALLEE }, down));
  breaks("ARC-RELAY-challenge-size", (call) =>
    call.say({ ...bind, expires: 1, timestamp: 1 }, up).unit(
      text(`{"type":"RELAY_CHALLENGE","nonce":"n","pad":"${"x".repeat(300)}"}`),
      down,
    ));
});

Deno.test("ARC-RELAY-nil-heartbeat-size: an answer larger than what it answers", () => {
  const beat = (pad: number) =>
    ({
      type: "HEARTBEAT",
      session_id: NIL,
      sequence: 1,
      challenge: "0".repeat(16),
      timestamp: 1,
      pad: "x".repeat(pad),
    }) as const;
  const times = { original_timestamp: 1, response_timestamp: 2, latency_ms: 1 };
  const observed = { ip: "10.0.0.1", port: 5000 };
  const ack = {
    type: "HEARTBEAT_ACK",
    session_id: NIL,
    sequence: 1,
    challenge: "0".repeat(16),
    ...times,
    observed,
  } as const;
  const up = { ...UDP, conversation: 30 };
  breaks([], (call) => call.say(beat(200), up).say(ack, { ...up, direction: 1 }));
  breaks("ARC-RELAY-nil-heartbeat-size", (call) => call.say(beat(0), up).say(ack, { ...up, direction: 1 }));
});

Deno.test("ARC-LOSS-retransmit-critical, ARC-LOSS-fec-format, -csrc, -payload-size: repair", () => {
  const connect = { ...CONNECT, capabilities: { ...CONNECT.capabilities, fec: true } } as Message;
  const ack = { ...CONNECT_ACK, capabilities: { ...CONNECT_ACK.capabilities, fec: true } } as Message;
  const start = {
    ...START,
    rtx: [{ ssrc: 0x9001, payload_type: 97, protects: AUDIO_SSRC }],
    fec: [{ ssrc: 0x9002, payload_type: 115, protects: AUDIO_SSRC }],
  } as unknown as typeof START;
  const call = () => new CheckedCall().connect(connect, ack).start(start);
  const rtx = { ssrc: 0x9001, payloadType: 97 };
  const fec = { ssrc: 0x9002, payloadType: 115, priority: 3, csrc: [AUDIO_SSRC] } as const;
  breaks([], (c) => c.packet({ ...rtx, priority: 1 }).packet({ ...fec, sequenceNumber: 5 }), call());
  breaks("ARC-LOSS-retransmit-critical", (c) => c.packet({ ...rtx, priority: 2 }), call());
  breaks(["ARC-LOSS-fec-format", "ARC-RTP-priority-values"], (c) => c.packet({ ...fec, priority: 1 }), call());
  breaks("ARC-LOSS-fec-csrc", (c) => c.packet({ ...fec, csrc: [7] }), call());
  breaks("ARC-LOSS-fec-payload-size", (c) => c.packet({ payload: new Uint8Array(1133 + 26) }), call());
  breaks([], (c) => c.packet({ payload: new Uint8Array(1132 + 26) }), call());
});

Deno.test("ARC-LOSS-nack-retry, ARC-RTCP-feedback: RTCP that can be read", () => {
  const plain = { ...UDP, conversation: 40 };
  const nack = hex("81cd0003 00000007 00000008 00050000");
  const asked = (times: number) => (call: CheckedCall) => {
    for (let i = 0; i < times; i++) call.wait(30).unit(nack, plain);
  };
  breaks([], asked(3), new CheckedCall());
  breaks("ARC-LOSS-nack-retry", asked(4), new CheckedCall());
  // On both sides of a relay it is the same request.
  const forwarded = (call: CheckedCall) => asked(3)(call.unit(nack, { ...UDP, conversation: 41 }));
  breaks([], forwarded, new CheckedCall());
  breaks(
    "ARC-RTCP-feedback",
    (call) => call.unit(hex("8fce0003 00000007 00000000 00000000"), plain),
    new CheckedCall(),
  );
});

Deno.test("ARC-RTCP-sender-ssrc: reports under an SSRC of the other peer", () => {
  breaks([], (call) => call.rtcp(0));
  breaks("ARC-RTCP-sender-ssrc", (call) => {
    const bytes = hex(`80c80006 0000${AUDIO_SSRC.toString(16)} ${"a7".repeat(36)} 80000001 ${"22".repeat(10)}`);
    return call.unit(bytes, { ...UDP, direction: 1 });
  });
});

Deno.test("ARC-KEY-rotation-rate, -initiator-switch, -responder-switch: rotations", () => {
  const rotate = (epoch: number, reason: string, timestamp: number) => ({
    ...EXAMPLES.KEY_ROTATE.minimal,
    ...{ session_id: SESSION, peer_id: CALLER, epoch, reason, timestamp },
    encryption: { key_exchange: "ecdh-p256", public_key: `caller ${epoch}` },
  } as Message);
  const answered = (epoch: number, peer_id = CALLEE) => ({
    ...EXAMPLES.KEY_ROTATE_ACK.minimal,
    ...{ session_id: SESSION, peer_id, epoch, timestamp: 1 },
    encryption: { key_exchange: "ecdh-p256", public_key: `callee ${epoch}` },
  } as Message);
  const twice = (reason: string, ms: number) => (call: CheckedCall) =>
    call.say(rotate(1, reason, 1)).answer(answered(1)).wait(ms).say(rotate(2, reason, 2)).answer(answered(2));
  breaks("ARC-KEY-rotation-rate", twice("security_event", 30_000));
  breaks([], twice("security_event", 61_000));
  breaks([], twice("manual", 30_000));
  const rotated = () => running().packet().say(rotate(1, "manual", 1)).answer(answered(1));
  breaks([], (call) => call.wait(300).packet().wait(300).packet({ keyPhase: 1 }), rotated());
  breaks("ARC-KEY-rotation-initiator-switch", (call) => call.wait(600).packet(), rotated());
  const asked = { ...rotate(1, "manual", 1), peer_id: CALLEE } as Message;
  const responding = () => running().packet().answer(asked).say(answered(1, CALLER));
  breaks([], (call) => call.wait(900).packet(), responding());
  breaks("ARC-KEY-rotation-responder-switch", (call) => call.wait(1600).packet(), responding());
});
