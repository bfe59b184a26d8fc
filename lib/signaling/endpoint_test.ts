import assert from "node:assert/strict";
import type { CryptoBackend } from "../crypto/backend.ts";
import { chooseBackend } from "../crypto/backend_choice.ts";
import { nobleBackend } from "../crypto/backend_noble.ts";
import { parseFingerprint } from "../crypto/certificate.ts";
import { agree, keyPairFromPrivate } from "../crypto/ecdh.ts";
import { masterKey, sharedSecret } from "../crypto/key_schedule.ts";
import { transcriptHash } from "../crypto/transcript.ts";
import { unwrap } from "../base/parsed.ts";
import type { Message } from "./messages/registry.ts";
import { ANNA, BEN, EndpointPair, SESSION } from "./testing/endpoint_pair.ts";

const STREAM = "dddddddd-dddd-4ddd-8ddd-dddddddddddd";
const STREAM_2 = "eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeee";
const CARL = "cccccccc-cccc-4ccc-8ccc-cccccccccccc";

const OPUS = { name: "opus", bitrate: 64_000, sample_rate: 48_000, channels: 2 } as const;

function audio(streamId = STREAM, ssrc = 7) {
  return { stream_id: streamId, stream_type: "audio" as const, codec: { audio: OPUS }, ssrc };
}

/** An acceptance with AES-128-GCM that sends the caller its own key back. */
function reflectedAck(public_key: string): Message {
  return {
    type: "CONNECT_ACK",
    version: "1.0",
    session_id: SESSION,
    peer_id: BEN,
    accepted: true,
    selected_codecs: { audio: "opus" },
    network_info: {},
    encryption: { algorithm: "aes-128-gcm", key_exchange: "ecdh-p256", public_key },
    timestamp: 1,
  };
}

function assertSuite(pair: EndpointPair, suite: string) {
  assert.equal(pair.outputs("ben", "resumed").at(-1)?.agreement.negotiated.suite, suite);
}

function assertSameKeys(pair: EndpointPair, epochs: number[]) {
  assert.deepEqual([...pair.masters.anna.keys()], epochs);
  assert.deepEqual([...pair.masters.ben.keys()], epochs);
  for (const epoch of epochs) assert.equal(pair.masters.anna.get(epoch), pair.masters.ben.get(epoch));
  assert.equal(new Set(pair.masters.anna.values()).size, epochs.length, "every epoch has its own key");
}

Deno.test("ARC-SIG-connect-ack-peer: handshake: both sides connected with one key and the caller's first choices", () => {
  const pair = new EndpointPair();
  pair.connect();
  assert.equal(pair.anna.state, "connected");
  assert.equal(pair.ben.state, "connected");
  assertSameKeys(pair, [0]);
  const { negotiated, codecs, remote } = pair.outputs("anna", "connected")[0].agreement;
  assert.equal(negotiated.suite, "aes-128-gcm");
  assert.equal(negotiated.authentication, "hmac-sha256-80");
  assert.deepEqual(codecs, { audio: "opus", video: "vp9" });
  assert.equal(remote.peerId, BEN);
  assert.equal(pair.messages("ben", "CONNECT_ACK")[0].peer_id, BEN);
  assert.equal(pair.outputs("ben", "connected")[0].agreement.remote.peerId, ANNA);
});

Deno.test("ARC-SRTP-choice-suite ARC-SRTP-choice-authentication: the first of the caller's list that the callee supports", () => {
  const pair = new EndpointPair({
    anna: { suites: ["chacha20-poly1305", "aes-256-gcm"], authentications: ["none", "hmac-sha256-80"] },
    ben: { suites: ["aes-128-gcm", "aes-256-gcm"] },
  });
  pair.connect();
  const { suite, authentication } = pair.outputs("anna", "connected")[0].agreement.negotiated;
  assert.deepEqual([suite, authentication], ["aes-256-gcm", "none"]);
  assertSameKeys(pair, [0]);
});

Deno.test("ARC-SRTP-choice-none-common: the refusal names the reason, and the callee can still be called", () => {
  const pair = new EndpointPair({ anna: { suites: ["aes-128-gcm"] }, ben: { suites: ["aes-256-gcm"] } });
  pair.connect();
  const [closed] = pair.outputs("anna", "closed");
  assert.deepEqual([closed.why, closed.byPeer, closed.code], ["refused", true, "no_common_cipher"]);
  assert.equal(pair.ben.state, "idle");
});

Deno.test("ARC-SRTP-choice-not-offered: an answer outside of the offers ends the session", () => {
  const pair = new EndpointPair({ anna: { suites: ["aes-256-gcm"] } });
  pair.up("anna");
  const connect = pair.messages("anna", "CONNECT")[0];
  pair.inject("anna", reflectedAck(connect.encryption.public_key));
  assert.equal(pair.outputs("anna", "closed")[0].code, "no_common_cipher");
  assert.equal(pair.messages("anna", "DISCONNECT")[0].reason, "error");
});

Deno.test("ARC-KEY-ecdh-own-key: our own key that comes back in CONNECT_ACK is bad_key", () => {
  const pair = new EndpointPair();
  pair.up("anna");
  const connect = pair.messages("anna", "CONNECT")[0];
  pair.inject("anna", reflectedAck(connect.encryption.public_key));
  assert.equal(pair.outputs("anna", "closed")[0].code, "bad_key");
});

Deno.test("nobody there: CONNECT is sent six times, then the session has failed", () => {
  const pair = new EndpointPair({ loss: 1 });
  pair.up("anna");
  pair.run(200_000);
  const connects = pair.messages("anna", "CONNECT");
  assert.equal(connects.length, 6);
  assert.equal(new Set(connects.map((message) => JSON.stringify(message))).size, 1);
  assert.deepEqual(pair.outputs("anna", "closed").map((out) => out.why), ["failed"]);
});

Deno.test("ARC-SIG-repeat-same-answer: a repeated CONNECT gets the same answer and makes no new keys", () => {
  const pair = new EndpointPair();
  pair.connect();
  pair.inject("ben", pair.messages("anna", "CONNECT")[0]);
  const [first, second] = pair.messages("ben", "CONNECT_ACK");
  assert.deepEqual(second, first);
  assertSameKeys(pair, [0]);
});

Deno.test("ARC-SIG-state-crossing-connect: the lower peer_id is the caller, whoever was first", () => {
  for (const first of ["anna", "ben"] as const) {
    const pair = new EndpointPair({ ben: { role: "caller" } });
    pair.up(first);
    pair.up(first === "anna" ? "ben" : "anna");
    pair.run(1000);
    assert.deepEqual([pair.anna.state, pair.ben.state], ["connected", "connected"]);
    assert.deepEqual([pair.anna.role, pair.ben.role], ["caller", "callee"]);
    assertSameKeys(pair, [0]);
  }
});

Deno.test("ARC-SIG-state-second-connect: other content in a running session is bad_state, another peer busy", () => {
  const pair = new EndpointPair();
  pair.connect();
  const connect = pair.messages("anna", "CONNECT")[0];
  pair.inject("ben", { ...connect, timestamp: connect.timestamp + 1 } as Message);
  pair.inject("ben", { ...connect, peer_id: CARL, timestamp: connect.timestamp + 2 } as Message);
  assert.deepEqual(pair.messages("ben", "ERROR").map((error) => error.code), ["bad_state"]);
  const refusal = pair.messages("ben", "CONNECT_ACK").at(-1);
  assert.ok(refusal?.accepted === false && refusal.reason === "busy");
  assertSameKeys(pair, [0]);
});

Deno.test("ARC-SIG-repeat-same-answer ARC-SIG-state-two-peers: another peer's CONNECT with the first one's timestamp is no repetition", () => {
  const pair = new EndpointPair();
  pair.connect();
  pair.inject("ben", { ...pair.messages("anna", "CONNECT")[0], peer_id: CARL } as Message);
  const refusal = pair.messages("ben", "CONNECT_ACK").at(-1);
  assert.ok(refusal?.accepted === false && refusal.reason === "busy");
});

Deno.test("ARC-SIG-error-refusal-or-error ARC-SRTP-choice-resume-equal: decisions are refused with CONNECT_ACK, faults with ERROR", () => {
  const pair = new EndpointPair();
  pair.connect();
  pair.isLost = () => true;
  pair.act("anna", (endpoint) => endpoint.down());
  pair.act("anna", (endpoint, nowMs) => endpoint.up(nowMs));
  const resume = pair.messages("anna", "CONNECT").at(-1) as Extract<Message, { type: "CONNECT" }>;
  assert.equal(resume.resume, true);
  const lastAck = () => pair.messages("ben", "CONNECT_ACK").at(-1);
  const inject = (n: number, change: object) =>
    pair.inject("ben", { ...resume, ...change, timestamp: resume.timestamp + n } as Message);
  const reason = () => {
    const ack = lastAck();
    return ack?.accepted === false ? ack.reason : "accepted";
  };
  inject(1, { proof: "AAAAAAAAAAAAAAAAAAAAAA" });
  assert.equal(reason(), "unauthorized");
  inject(2, { capabilities: { ...resume.capabilities, encryption: ["aes-256-gcm"] } });
  assert.equal(reason(), "no_common_cipher", "a running session keeps its suite");
  inject(3, { epoch: 7 });
  assert.equal(pair.messages("ben", "ERROR").at(-1)?.code, "bad_state");
  inject(4, {});
  assert.equal(reason(), "accepted");
  assertSuite(pair, "aes-128-gcm");
});

Deno.test("ARC-SIG-error-connect-either: an ERROR in reply to CONNECT is a refusal with its code", () => {
  const pair = new EndpointPair({ loss: 1 });
  pair.up("anna");
  const { timestamp } = pair.messages("anna", "CONNECT")[0];
  const in_reply_to = { type: "CONNECT", timestamp };
  pair.inject("anna", { type: "ERROR", code: "rate_limited", message: "later", in_reply_to, timestamp: 1 });
  const [closed] = pair.outputs("anna", "closed");
  assert.deepEqual([closed.why, closed.code, closed.byPeer], ["refused", "rate_limited", true]);
});

Deno.test("ARC-KEY-rotation-lost-state: who lost its keys cannot resume, and says so", () => {
  const pair = new EndpointPair();
  pair.connect();
  pair.isLost = () => true;
  pair.act("anna", (endpoint) => endpoint.down());
  pair.act("anna", (endpoint, nowMs) => endpoint.up(nowMs));
  const resume = pair.messages("anna", "CONNECT").at(-1);
  const fresh = new EndpointPair();
  assert.ok(resume !== undefined);
  fresh.inject("ben", resume);
  assert.equal(fresh.messages("ben", "ERROR")[0].code, "unknown_session");
  assert.equal(fresh.ben.state, "idle");
});

Deno.test("ARC-KEY-ecdh-fresh-pair ARC-KEY-transcript-rotation-values: a new pair for every epoch, and the offers of the CONNECT in each transcript", () => {
  const key = (n: number) => new Uint8Array(32).fill(n);
  const pair = new EndpointPair({
    anna: { privateKeys: [key(1), key(3)] },
    ben: { privateKeys: [key(2), key(4)] },
  });
  pair.connect();
  pair.act("anna", (endpoint, nowMs) => endpoint.rotate("manual", nowMs));
  pair.run(100);
  const publicKeys = pair.sent.map(({ message }) => message)
    .filter((message) => "encryption" in message && message.encryption !== undefined)
    .map((message) => (message as { encryption: { public_key?: string } }).encryption.public_key);
  assert.equal(new Set(publicKeys).size, 4);
  const connect = pair.messages("anna", "CONNECT")[0];
  let previousMasterKey: Uint8Array | undefined;
  for (const [epoch, own, peer] of [[0, 1, 2], [1, 3, 4]]) {
    const anna = unwrap(keyPairFromPrivate(key(own)));
    const ben = unwrap(keyPairFromPrivate(key(peer)));
    const transcript = transcriptHash({
      sessionId: SESSION,
      epoch,
      callerPeerId: ANNA,
      calleePeerId: BEN,
      callerKey: anna.publicKey,
      calleeKey: ben.publicKey,
      offeredEncryption: connect.capabilities.encryption,
      offeredAuthentication: connect.capabilities.authentication,
      suite: "aes-128-gcm",
      authentication: "hmac-sha256-80",
      previousMasterKey,
    });
    previousMasterKey = masterKey(sharedSecret(unwrap(agree(anna, ben.publicKey)), transcript), SESSION);
    assert.equal(pair.masters.ben.get(epoch), previousMasterKey.join(" "), `epoch ${epoch}`);
  }
});

Deno.test("ARC-KEY-ecdh-curve: each side agrees on keys by its own backend, and all backends meet", () => {
  const [noble, node] = [nobleBackend, chooseBackend("node").backend];
  const asked: string[] = [];
  const listening = (backend: CryptoBackend): CryptoBackend => ({
    ...backend,
    p256: {
      publicKey: (d) => (asked.push(`${backend.name} pair`), backend.p256.publicKey(d)),
      sharedX: (d, peer) => (asked.push(`${backend.name} x`), backend.p256.sharedX(d, peer)),
    },
  });
  const pair = new EndpointPair({ anna: { backend: listening(noble) }, ben: { backend: listening(node) } });
  pair.connect();
  pair.act("anna", (endpoint, nowMs) => endpoint.rotate("manual", nowMs));
  pair.run(1000);
  assertSameKeys(pair, [0, 1]);
  assert.deepEqual(asked, [
    "noble pair",
    "node pair",
    "node x",
    "noble x",
    "noble pair",
    "node pair",
    "node x",
    "noble x",
  ]);
});

Deno.test("ARC-SIG-repeat-never: heartbeats and metrics that nobody answers are not sent again", () => {
  const pair = new EndpointPair();
  pair.connect();
  pair.isLost = () => true;
  pair.act(
    "anna",
    (endpoint, nowMs) => endpoint.metrics({ latency: {}, quality: {}, performance: {}, network: {} }, nowMs),
  );
  pair.run(120_000);
  assert.equal(pair.messages("anna", "METRICS").length, 1);
  const beats = pair.messages("anna", "HEARTBEAT");
  assert.ok(beats.length > 3);
  assert.equal(new Set(beats.map((beat) => beat.sequence)).size, beats.length);
});

Deno.test("ARC-QUALITY-adapt-direction ARC-SIG-stream-start-owner: a stream is its sender's to start and stop, its receiver's to cap", () => {
  const pair = new EndpointPair();
  pair.connect();
  pair.act("anna", (endpoint, nowMs) => endpoint.startStream(audio(), nowMs));
  pair.run(100);
  const common = { session_id: SESSION, stream_id: STREAM, timestamp: 5 } as const;
  pair.inject("ben", { type: "QUALITY_ADAPT", reason: "cpu", quality: { bitrate: 1 }, ...common });
  assert.equal(pair.messages("ben", "ERROR").at(-1)?.code, "bad_state", "from its sender");
  pair.inject("anna", { type: "STREAM_STOP", reason: "error", ...common });
  assert.equal(pair.messages("anna", "ERROR").at(-1)?.code, "unknown_stream", "the receiver cannot stop it");
  const again = pair.messages("anna", "STREAM_START")[0];
  pair.inject("anna", { ...again, timestamp: 6 });
  assert.equal(pair.messages("anna", "ERROR").at(-1)?.code, "bad_state", "nor announce it as its own");
});

Deno.test("ARC-SRTP-choice-key-id: a stored key that is not held is bad_key", () => {
  const pair = new EndpointPair();
  pair.connect();
  pair.act("anna", (endpoint, nowMs) => endpoint.startStream(audio(), nowMs));
  const start = pair.messages("anna", "STREAM_START")[0];
  const encryption = { key_id: "srtp:master_key:1", algorithm: "aes-128-gcm" } as const;
  pair.inject("ben", { ...start, stream_id: STREAM_2, ssrc: 99, encryption, timestamp: 7 } as Message);
  assert.equal(pair.messages("ben", "ERROR").at(-1)?.code, "bad_key");
});

Deno.test("ARC-SIG-state-table: what does not fit the state is bad_state and changes nothing", () => {
  const pair = new EndpointPair();
  pair.inject("ben", {
    type: "STREAM_STOP",
    session_id: SESSION,
    stream_id: STREAM,
    reason: "timeout",
    timestamp: 1,
  });
  assert.equal(pair.messages("ben", "ERROR")[0].code, "bad_state");
  assert.equal(pair.ben.state, "idle");
});

Deno.test("ARC-SIG-state-unknown-session: a message for another session is refused with its name", () => {
  const pair = new EndpointPair();
  pair.connect();
  pair.inject("ben", {
    type: "STREAM_STOP",
    session_id: STREAM,
    stream_id: STREAM,
    reason: "timeout",
    timestamp: 9,
  });
  const [error] = pair.messages("ben", "ERROR");
  assert.equal(error.code, "unknown_session");
  assert.deepEqual(error.in_reply_to, { type: "STREAM_STOP", timestamp: 9, stream_id: STREAM });
});

Deno.test("ARC-KEY-rotation-manual: new keys on both sides, initiator and responder switch, the old epoch ends", () => {
  const pair = new EndpointPair();
  pair.connect();
  pair.act("anna", (endpoint, nowMs) => endpoint.rotate("manual", nowMs));
  pair.run(100);
  assertSameKeys(pair, [0, 1]);
  assert.equal(pair.anna.epochs?.sendEpoch, 1);
  assert.equal(pair.ben.epochs?.sendEpoch, 0, "the responder waits for the first packet");
  pair.act("ben", (endpoint, nowMs) => endpoint.authenticated(1, nowMs));
  assert.equal(pair.ben.epochs?.sendEpoch, 1);
  assert.equal(pair.ben.masterKey(0), undefined, "confirmed: the former key is erased");
  pair.act("anna", (endpoint, nowMs) => endpoint.authenticated(1, nowMs));
  pair.run(2000);
  assert.deepEqual(pair.outputs("anna", "epoch_retired").map((out) => out.epoch), [0]);
  assert.deepEqual(pair.outputs("ben", "epoch_retired").map((out) => out.epoch), [0]);
});

Deno.test("ARC-KEY-epoch-wrong-proof: unauthorized, and nothing changes", () => {
  const pair = new EndpointPair();
  pair.connect();
  pair.isLost = () => true;
  pair.act("anna", (endpoint, nowMs) => endpoint.rotate("manual", nowMs));
  const rotate = pair.messages("anna", "KEY_ROTATE")[0];
  pair.inject("ben", { ...rotate, proof: "AAAAAAAAAAAAAAAAAAAAAA" });
  assert.equal(pair.messages("ben", "ERROR").at(-1)?.code, "unauthorized");
  pair.inject("ben", { ...rotate, epoch: 2, timestamp: rotate.timestamp + 1 });
  assert.equal(pair.messages("ben", "ERROR").at(-1)?.code, "bad_state");
  assert.deepEqual([...pair.masters.ben.keys()], [0]);
  pair.inject("ben", { ...rotate, timestamp: rotate.timestamp + 2 });
  assert.deepEqual([...pair.masters.ben.keys()], [0, 1], "the right one still works");
});

Deno.test("ARC-KEY-rotation-resume-first: a resumption goes before a rotation that crosses it", () => {
  const pair = new EndpointPair();
  pair.connect();
  pair.act("ben", (endpoint, nowMs) => endpoint.rotate("manual", nowMs));
  pair.act("anna", (endpoint) => endpoint.down());
  pair.up("anna");
  pair.run(1000);
  assertSameKeys(pair, [0, 1]);
  assert.equal(pair.messages("ben", "CONNECT_ACK").length, 2);
  assert.equal(pair.messages("anna", "KEY_ROTATE_ACK").length, 0);
});

Deno.test("ARC-KEY-rotation-crossing: the lower peer_id's rotation counts", () => {
  const pair = new EndpointPair();
  pair.connect();
  pair.act("anna", (endpoint, nowMs) => endpoint.rotate("manual", nowMs));
  pair.act("ben", (endpoint, nowMs) => endpoint.rotate("manual", nowMs));
  pair.run(100);
  assertSameKeys(pair, [0, 1]);
  assert.equal(pair.messages("anna", "KEY_ROTATE_ACK").length, 0);
  assert.equal(pair.messages("ben", "KEY_ROTATE_ACK").length, 1);
});

Deno.test("ARC-SIG-state-resume ARC-KEY-stream-announced-again: signaling comes back, the session goes on under a new epoch with its streams", () => {
  const pair = new EndpointPair();
  pair.connect();
  pair.act("anna", (endpoint, nowMs) => endpoint.startStream(audio(), nowMs));
  pair.run(100);
  pair.act("anna", (endpoint) => endpoint.down());
  pair.act("ben", (endpoint) => endpoint.down());
  assert.equal(pair.anna.state, "reconnecting");
  pair.run(5000);
  pair.up("ben");
  pair.up("anna");
  pair.run(1000);
  assert.deepEqual([pair.anna.state, pair.ben.state], ["connected", "connected"]);
  assertSameKeys(pair, [0, 1]);
  assert.equal(pair.outputs("anna", "resumed").length, 1);
  pair.act("anna", (endpoint, nowMs) => endpoint.announceStreams(() => 3, nowMs));
  pair.run(100);
  const again = pair.outputs("ben", "stream_offered");
  assert.deepEqual(again.map((out) => out.isNew), [true, false]);
  assert.deepEqual(again[1].start.roc, [{ ssrc: 7, roc: 3 }]);
});

Deno.test("ARC-SIG-ack-requests: streams are announced, acknowledged, capped and stopped", () => {
  const pair = new EndpointPair();
  pair.connect();
  pair.act("anna", (endpoint, nowMs) => endpoint.startStream(audio(), nowMs));
  pair.run(100);
  assert.deepEqual(pair.outputs("anna", "stream_accepted").map((out) => out.streamId), [STREAM]);
  assert.equal(pair.outputs("ben", "stream_offered")[0].start.encryption.key_id, STREAM);
  pair.act("ben", (endpoint, nowMs) => endpoint.adaptQuality(STREAM, { bitrate: 9 }, "cpu", nowMs));
  pair.run(100);
  assert.equal(pair.outputs("anna", "quality_cap")[0].message.quality.bitrate, 9);
  pair.act("anna", (endpoint, nowMs) => endpoint.stopStream(STREAM, "user_request", nowMs));
  pair.run(100);
  assert.deepEqual(pair.outputs("ben", "stream_stopped").map((out) => out.streamId), [STREAM]);
  assert.equal(pair.messages("ben", "ACK").length, 2);
});

Deno.test("ARC-KEY-stream-id-once ARC-KEY-ssrc-once ARC-SRTP-choice-stream-equal: used ids and another suite are bad_state", () => {
  const pair = new EndpointPair();
  pair.connect();
  pair.act("anna", (endpoint, nowMs) => endpoint.startStream(audio(), nowMs));
  pair.run(100);
  const start = pair.messages("anna", "STREAM_START")[0];
  const second = { stream_id: STREAM_2, encryption: { key_id: STREAM_2, algorithm: "aes-128-gcm" } } as const;
  const tries: Partial<typeof start>[] = [
    { ssrc: 8 },
    second,
    { ...second, ssrc: 9, encryption: { key_id: STREAM_2, algorithm: "aes-256-gcm" } },
  ];
  for (const [i, change] of tries.entries()) {
    pair.inject("ben", { ...start, ...change, timestamp: start.timestamp + 1 + i } as Message);
    assert.equal(pair.messages("ben", "ERROR").at(-1)?.code, "bad_state");
  }
  assert.equal(pair.messages("ben", "ERROR").length, tries.length);
  assert.throws(() => pair.ben.startStream(audio(STREAM_2, 7), pair.nowMs), /new SSRC/);
});

Deno.test("ARC-SIG-state-unknown-stream: stopping or capping what is not there is unknown_stream", () => {
  const pair = new EndpointPair();
  pair.connect();
  const common = { session_id: SESSION, stream_id: STREAM, timestamp: 5 };
  pair.inject("ben", { type: "STREAM_STOP", reason: "error", ...common });
  pair.inject("ben", { type: "QUALITY_ADAPT", reason: "cpu", quality: { bitrate: 1 }, ...common });
  assert.deepEqual(pair.messages("ben", "ERROR").map((error) => error.code), ["unknown_stream", "unknown_stream"]);
});

Deno.test("ARC-SIG-heartbeat-answer ARC-SIG-heartbeat-sender-fields ARC-SIG-heartbeat-latency: echoed at once, challenge new each time", () => {
  const pair = new EndpointPair();
  pair.connect();
  pair.act("anna", (endpoint, nowMs) => endpoint.heartbeat(nowMs));
  pair.act("anna", (endpoint, nowMs) => endpoint.heartbeat(nowMs));
  pair.run(100);
  const beats = pair.messages("anna", "HEARTBEAT");
  const acks = pair.messages("ben", "HEARTBEAT_ACK");
  assert.deepEqual(acks.map((ack) => ack.challenge), beats.map((beat) => beat.challenge));
  assert.match(beats[0].challenge ?? "", /^[0-9a-f]{16}$/);
  assert.notEqual(beats[0].challenge, beats[1].challenge);
  assert.equal(beats[0].peer_id, ANNA);
  const taken = pair.outputs("anna", "heartbeat_ack");
  assert.equal(taken.length, 2);
  assert.ok(taken.every(({ rttMs }) => rttMs > 0 && rttMs === taken[0].rttMs), "the way there and back");
  for (const ack of acks) assert.equal(ack.latency_ms, ack.response_timestamp - ack.original_timestamp);
  pair.inject("ben", { ...beats[0], timestamp: beats[0].timestamp + 60_000 });
  assert.ok((pair.messages("ben", "HEARTBEAT_ACK").at(-1)?.latency_ms ?? 0) < -50_000, "a sender's clock ahead");
});

Deno.test("ARC-SIG-state-disconnect ARC-SIG-state-unknown-session: both sides end; 30 s later the session is unknown", () => {
  const pair = new EndpointPair();
  pair.connect();
  pair.act("anna", (endpoint, nowMs) => endpoint.disconnect("user_request", nowMs));
  pair.run(100);
  assert.deepEqual([pair.anna.state, pair.ben.state], ["closed", "closed"]);
  assert.deepEqual(pair.outputs("ben", "closed").map((out) => [out.why, out.byPeer]), [["user_request", true]]);
  assert.equal(pair.anna.masterKey(0), undefined);
  const codeFor = (timestamp: number) => {
    pair.inject("ben", { type: "STREAM_STOP", session_id: SESSION, stream_id: STREAM, reason: "error", timestamp });
    return pair.messages("ben", "ERROR").at(-1)?.code;
  };
  assert.equal(codeFor(1), "bad_state");
  pair.run(30_001);
  assert.equal(codeFor(2), "unknown_session");
});

Deno.test("ARC-SIG-error-not-for-error: garbage is answered once, an ERROR never", () => {
  const pair = new EndpointPair();
  pair.inject("ben", "{");
  pair.inject("ben", '{"type":"NONSENSE"}');
  assert.deepEqual(pair.messages("ben", "ERROR").map((error) => error.code), ["bad_json", "unknown_type"]);
  pair.inject("ben", '{"type":"ERROR"}');
  pair.inject("ben", { type: "ERROR", code: "internal", message: "", timestamp: 1 });
  assert.equal(pair.messages("ben", "ERROR").length, 2);
});

Deno.test("ARC-KEY-identity-required ARC-KEY-identity-pin: none or another is bad_identity", () => {
  const required = new EndpointPair({ ben: { identityPolicy: { kind: "required" } } });
  required.connect();
  assert.equal(required.outputs("anna", "closed")[0].code, "bad_identity");
  const fingerprint = unwrap(parseFingerprint("00".repeat(32)));
  const pinned = new EndpointPair({ anna: { identityPolicy: { kind: "pinned", fingerprint } } });
  pinned.connect();
  assert.equal(pinned.outputs("anna", "closed")[0].code, "bad_identity");
  assert.equal(pinned.ben.state, "closed", "the callee is told");
});

Deno.test("over a lossy transport the session connects, rotates, resumes and agrees on every key", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const pair = new EndpointPair({
      seed,
      loss: 0.3,
      delayMs: 15,
      anna: { overDatagrams: true },
      ben: { overDatagrams: true },
    });
    pair.up("ben");
    pair.up("anna");
    pair.run(30_000);
    if (pair.anna.state === "closed") continue; // six losses in a row
    assert.equal(pair.ben.state, "connected", `seed ${seed}`);
    for (let round = 0; round < 3; round++) {
      pair.act(round % 2 === 0 ? "anna" : "ben", (endpoint, nowMs) => endpoint.rotate("manual", nowMs));
      pair.run(15_000);
      for (const side of ["anna", "ben"] as const) {
        const epoch = pair[side === "anna" ? "ben" : "anna"].epochs?.sendEpoch ?? 0;
        if (pair.masters[side].has(epoch)) pair.act(side, (endpoint, nowMs) => endpoint.authenticated(epoch, nowMs));
      }
    }
    for (const [epoch, key] of pair.masters.anna) {
      const other = pair.masters.ben.get(epoch);
      if (epoch === pair.anna.epochs?.sendEpoch && epoch === pair.ben.epochs?.sendEpoch) {
        assert.equal(key, other, `seed ${seed}, epoch ${epoch}`);
      }
    }
  }
});

Deno.test("ARC-SIG-state-disconnect: who wants new keys after the end of a session gets none, and no exception", () => {
  const pair = new EndpointPair();
  pair.connect();
  pair.act("anna", (endpoint, nowMs) => endpoint.disconnect("user_request", nowMs));
  pair.run(1000);
  assert.equal(pair.anna.state, "closed");
  const before = pair.sent.length;
  pair.act("anna", (endpoint, nowMs) => endpoint.rotate("manual", nowMs));
  pair.act("ben", (endpoint, nowMs) => endpoint.rotate("security_event", nowMs));
  pair.run(200_000);
  assert.equal(pair.sent.length, before, "nothing is sent");
});
