import assert from "node:assert/strict";
import { unwrap } from "../base/parsed.ts";
import { NIL_UUID } from "../base/uuid.ts";
import { type HubOutput, SignalingHub } from "./hub.ts";
import type { HubLimits } from "./hub_limits.ts";
import type { JsonObject } from "./json_value.ts";
import { parseMessageWithJson } from "./parse_message.ts";

const SESSION = "11111111-1111-4111-8111-111111111111";
const OTHER_SESSION = "22222222-2222-4222-8222-222222222222";
const ANNA = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
const BEN = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb";
const CARL = "cccccccc-cccc-4ccc-8ccc-cccccccccccc";
const STREAM = "dddddddd-dddd-4ddd-8ddd-dddddddddddd";

const LIMITS: HubLimits = { maxSessions: 2, messagesPerSecond: 10, idleMs: 1000 };

function text(fields: JsonObject): string {
  return JSON.stringify(fields);
}

function stop(session_id = SESSION): JsonObject {
  return { type: "STREAM_STOP", session_id, stream_id: STREAM, reason: "user_request", timestamp: 1, extra: "kept" };
}

function connect(): JsonObject {
  const point = "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU";
  return {
    type: "CONNECT",
    version: "1.0",
    session_id: SESSION,
    peer_id: ANNA,
    capabilities: { codecs: ["opus"], resolutions: [], encryption: ["aes-128-gcm"], transport: ["udp"] },
    network_info: { nat_type: "unknown" },
    encryption: { key_exchange: "ecdh-p256", public_key: point },
    token: "secret",
    timestamp: 1,
  };
}

function setUp(limits = LIMITS) {
  const hub = new SignalingHub(1_000_000, limits);
  const drain = () => {
    const outputs: HubOutput[] = [];
    for (let out = hub.poll(); out !== undefined; out = hub.poll()) outputs.push(out);
    return outputs;
  };
  const say = (id: number, fields: JsonObject, nowMs = 0) =>
    hub.message(id, unwrap(parseMessageWithJson(text(fields))), nowMs);
  const join = (id: number, peer: string, session = SESSION) => {
    hub.open(id, 0);
    return hub.join(id, session, peer, 0);
  };
  return { hub, drain, say, join };
}

Deno.test("ARC-TRANSPORT-server-forward: to the other peer of the session and to nobody else, unknown fields kept", () => {
  const { say, join, drain } = setUp();
  join(1, ANNA);
  join(2, BEN);
  join(3, CARL, OTHER_SESSION);
  assert.equal(say(1, stop()), undefined);
  assert.deepEqual(drain(), [{ kind: "send", to: 2, json: stop() }]);
});

Deno.test("ARC-TRANSPORT-server-unchanged: the token is taken out of CONNECT, nothing else", () => {
  const { say, join, drain } = setUp();
  join(1, ANNA);
  join(2, BEN);
  say(1, connect());
  const { token: _token, ...rest } = connect();
  assert.deepEqual(drain(), [{ kind: "send", to: 2, json: rest }]);
});

Deno.test("ARC-TRANSPORT-server-relays: each peer gets its own tokens, and nobody else's word for it", () => {
  const relaysFor = (
    session: string,
    peer: string,
  ) => [{ id: "r1", address: "10.0.0.9", port: 3478, priority: 1, token: `${session} ${peer}` }];
  const hub = new SignalingHub(0, LIMITS, relaysFor);
  for (const [id, peer] of [[1, ANNA], [2, BEN]] as const) {
    hub.open(id, 0);
    hub.join(id, SESSION, peer, 0);
  }
  const claimed = { nat_type: "unknown", relay_servers: [{ id: "mine", address: "6.6.6.6", port: 1, priority: 0 }] };
  hub.message(1, unwrap(parseMessageWithJson(text({ ...connect(), network_info: claimed }))), 0);
  const out = hub.poll();
  assert.ok(out?.kind === "send" && out.to === 2);
  assert.deepEqual(out.json.network_info, { nat_type: "unknown", relay_servers: relaysFor(SESSION, BEN) });
});

Deno.test("ARC-TRANSPORT-server-unchanged: nor does the token of a HEARTBEAT that joined go on", () => {
  const { say, join, drain } = setUp();
  join(1, ANNA);
  join(2, BEN);
  const beat = { type: "HEARTBEAT", session_id: SESSION, sequence: 1, peer_id: BEN, timestamp: 5 };
  say(2, { ...beat, token: "secret" });
  assert.deepEqual(drain(), [{ kind: "send", to: 1, json: beat }]);
});

Deno.test("ARC-TRANSPORT-server-hold-connect: a caller that joins again on another connection loses no held CONNECT", () => {
  const { say, join, drain } = setUp();
  join(1, ANNA);
  say(1, connect());
  join(2, ANNA);
  join(3, BEN);
  const sent = drain().flatMap((out) => out.kind === "send" ? [[out.to, out.json.type]] : []);
  assert.deepEqual(sent, [[3, "CONNECT"]]);
});

Deno.test("ARC-TRANSPORT-server-hold-connect: a CONNECT that finds nobody waits for the other peer, the last one only, and not for its own sender", () => {
  const { hub, say, join, drain } = setUp();
  join(1, ANNA);
  say(1, connect());
  say(1, { ...connect(), timestamp: 2 });
  assert.deepEqual(drain(), []);
  hub.closed(1);
  join(4, ANNA);
  say(4, { ...connect(), timestamp: 3 });
  join(2, BEN);
  const [out, ...more] = drain();
  assert.ok(out.kind === "send" && out.to === 2 && out.json.timestamp === 3);
  assert.deepEqual(more, []);
  assert.equal(hub.stats.undelivered, 3);
});

Deno.test("ARC-SIG-state-two-peers: a third peer is busy, also while one of the two is away", () => {
  const { hub, join } = setUp();
  join(1, ANNA);
  join(2, BEN);
  assert.equal(join(3, CARL)?.code, "busy");
  hub.closed(2);
  assert.equal(join(4, CARL)?.code, "busy");
  assert.equal(join(5, BEN), undefined);
});

Deno.test("a peer that joins again takes its place over and its former channel is closed", () => {
  const { hub, say, join, drain } = setUp();
  join(1, ANNA);
  join(2, BEN);
  assert.equal(join(3, ANNA), undefined);
  assert.deepEqual(drain().map(({ kind, ...out }) => [kind, "to" in out ? out.to : 0]), [["close", 1]]);
  say(2, stop());
  assert.deepEqual(drain().map((out) => out.kind === "send" && out.to), [3]);
  assert.equal(hub.isJoined(1), false);
});

Deno.test("ARC-TRANSPORT-server-bounds: no more sessions than the limit; ended ones make room", () => {
  const { hub, join } = setUp();
  join(1, ANNA);
  join(2, ANNA, OTHER_SESSION);
  assert.equal(join(3, ANNA, "33333333-3333-4333-8333-333333333333")?.code, "busy");
  hub.closed(1);
  assert.equal(join(4, ANNA, "33333333-3333-4333-8333-333333333333"), undefined);
  assert.equal(hub.stats.sessions, 2);
});

Deno.test("ARC-TRANSPORT-server-peer-id ARC-TRANSPORT-server-session: a peer speaks for itself, in its own session, after joining", () => {
  const { hub, say, join, drain } = setUp();
  join(1, ANNA);
  join(2, BEN);
  hub.open(3, 0);
  assert.equal(say(3, stop())?.code, "unauthorized");
  assert.equal(say(1, stop(OTHER_SESSION))?.code, "unauthorized");
  assert.equal(say(2, connect())?.code, "unauthorized");
  assert.equal(say(1, { type: "RELAY_CHALLENGE", nonce: "AAAAAAAAAAAAAAAAAAAAAA" })?.code, "bad_state");
  assert.deepEqual(drain(), []);
  const refusal = say(1, stop(OTHER_SESSION));
  assert.deepEqual(refusal?.in_reply_to, { type: "STREAM_STOP", timestamp: 1, stream_id: STREAM });
});

Deno.test("one channel, one session and one peer", () => {
  const { hub, join } = setUp();
  join(1, ANNA);
  assert.equal(hub.join(1, SESSION, ANNA, 0), undefined);
  assert.equal(hub.join(1, SESSION, BEN, 0)?.code, "bad_state");
  assert.equal(hub.join(1, OTHER_SESSION, ANNA, 0)?.code, "bad_state");
});

Deno.test("ARC-TRANSPORT-server-nil-heartbeat: answered by the server, joined or not", () => {
  const { hub, say, drain } = setUp();
  hub.open(1, 0);
  const beat = {
    type: "HEARTBEAT",
    session_id: NIL_UUID,
    sequence: 7,
    challenge: "0123456789abcdef",
    timestamp: 999_000,
  };
  assert.equal(say(1, beat, 10.5), undefined);
  assert.deepEqual(drain(), [{
    kind: "send",
    to: 1,
    json: {
      type: "HEARTBEAT_ACK",
      session_id: NIL_UUID,
      sequence: 7,
      challenge: "0123456789abcdef",
      original_timestamp: 999_000,
      response_timestamp: 1_000_010,
      latency_ms: 1010,
    },
  }]);
});

Deno.test("ARC-TRANSPORT-server-lone-heartbeat: a session HEARTBEAT is answered by the server only while its sender is alone", () => {
  const { say, join, drain } = setUp();
  const beat = { type: "HEARTBEAT", session_id: SESSION, sequence: 1, peer_id: ANNA, timestamp: 5 };
  join(1, ANNA);
  say(1, beat);
  assert.deepEqual(drain().map((out) => out.kind === "send" && [out.to, out.json.type]), [[1, "HEARTBEAT_ACK"]]);
  join(2, BEN);
  say(1, beat);
  assert.deepEqual(drain().map((out) => out.kind === "send" && [out.to, out.json.type]), [[2, "HEARTBEAT"]]);
});

Deno.test("ARC-TRANSPORT-server-rate: what exceeds the limit is rate_limited; a flood is cut off, others are untouched", () => {
  const { hub, say, join, drain } = setUp();
  join(1, ANNA);
  join(2, BEN);
  const codes = Array.from({ length: 100 }, () => say(1, stop())?.code);
  assert.equal(codes.filter((code) => code === undefined).length, 100 - 20);
  assert.equal(codes.filter((code) => code === "rate_limited").length, 20);
  assert.equal(codes.indexOf("rate_limited"), 20);
  const outputs = drain();
  assert.equal(outputs.filter((out) => out.kind === "send").length, 20, "a burst of twice the rate passes");
  assert.equal(outputs.filter((out) => out.kind === "close" && out.to === 1).length, 1);
  assert.equal(say(2, stop()), undefined);
  assert.equal(hub.stats.refused, 80);
  assert.equal(say(1, stop(), 1000), undefined, "a second later there is room again");
});

Deno.test("ARC-TRANSPORT-server-rate: what is no message is charged and refused alike", () => {
  const { hub, drain } = setUp();
  hub.open(1, 0);
  const context = { session_id: SESSION };
  const verdicts = Array.from({ length: 50 }, () => hub.admit(1, context, 0));
  assert.equal(verdicts.filter(({ kind }) => kind === "pass").length, 20);
  const errors = verdicts.flatMap((verdict) => verdict.kind === "drop" ? [verdict.error] : []);
  assert.deepEqual(errors.map((error) => error?.code), [...Array(20).fill("rate_limited"), ...Array(10)]);
  assert.equal(errors[0]?.session_id, SESSION);
  assert.deepEqual(drain().map(({ kind }) => kind), ["close"]);
  assert.deepEqual(hub.admit(99, context, 0), { kind: "drop" });
});

Deno.test("ARC-SIG-error-not-for-error: a flood of ERRORs is cut off, and never answered", () => {
  const { hub, say, join, drain } = setUp();
  join(1, ANNA);
  const error = { type: "ERROR", session_id: SESSION, code: "internal", message: "", timestamp: 1 };
  const answers = Array.from({ length: 100 }, () => say(1, error));
  assert.deepEqual(new Set(answers), new Set([undefined]));
  assert.equal(drain().filter((out) => out.kind === "close" && out.to === 1).length, 1);
  assert.equal(hub.stats.refused, 80);
});

Deno.test("a refused join says what it refuses, and is counted", () => {
  const { hub, join } = setUp();
  join(1, ANNA);
  join(2, BEN);
  hub.open(3, 0);
  const context = { session_id: SESSION, in_reply_to: { type: "CONNECT", timestamp: 7 } };
  assert.deepEqual(hub.join(3, SESSION, CARL, 0, context)?.in_reply_to, context.in_reply_to);
  const refusal = hub.refuseJoin("unauthorized", "no token", context, 5);
  assert.deepEqual(refusal, {
    type: "ERROR",
    code: "unauthorized",
    message: "no token",
    ...context,
    timestamp: 1_000_005,
  });
  assert.equal(hub.stats.joinsRefused, 2);
});

Deno.test("faults are answered with their code, never in answer to an ERROR", () => {
  const { hub } = setUp();
  hub.open(1, 0);
  const bad = parseMessageWithJson('{"type":"STREAM_STOP"}');
  assert.ok(!bad.ok);
  assert.equal(hub.fault(1, bad.fault, {}, 0)?.code, "bad_message");
  assert.equal(hub.fault(1, bad.fault, { in_reply_to: { type: "ERROR" } }, 0), undefined);
  assert.equal(hub.fault(99, bad.fault, {}, 0), undefined);
});

Deno.test("METRICS stay with the server", () => {
  const { say, join, drain } = setUp();
  join(1, ANNA);
  join(2, BEN);
  const metrics = {
    type: "METRICS",
    session_id: SESSION,
    peer_id: ANNA,
    latency: {},
    quality: {},
    performance: {},
    network: {},
    timestamp: 1,
  };
  const parsed = parseMessageWithJson(text(metrics));
  assert.ok(parsed.ok, parsed.ok ? "" : parsed.fault.message);
  say(1, metrics);
  assert.deepEqual(drain().map((out) => out.kind), ["metrics"]);
});

Deno.test("silent channels are closed; anything heard keeps one open", () => {
  const { hub, join, drain } = setUp();
  join(1, ANNA);
  join(2, BEN);
  assert.equal(hub.nextTimeoutMs(), 1000);
  hub.heard(2, 500);
  hub.timeout(999);
  assert.deepEqual(drain(), []);
  hub.timeout(1000);
  assert.deepEqual(drain(), [{ kind: "close", to: 1, why: "silent for 1 s" }]);
  hub.closed(1);
  assert.equal(hub.nextTimeoutMs(), 1500);
});

Deno.test("draining: no new sessions, running ones go on", () => {
  const { hub, join } = setUp();
  join(1, ANNA);
  hub.drain();
  assert.equal(join(2, BEN), undefined);
  assert.equal(join(3, ANNA, OTHER_SESSION)?.code, "busy");
});
