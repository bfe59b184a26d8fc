import assert from "node:assert/strict";
import type { JsonObject } from "../signaling/json_value.ts";
import {
  ANNA,
  BEN,
  CARL,
  connect,
  heartbeat,
  NIL,
  OTHER_SESSION,
  Rig,
  type RigTransport,
  SESSION,
  stop,
  STREAM,
  type TestPeer,
  TRANSPORTS,
} from "./testing/signaling_rig.ts";

/** A test of its own for each transport. */
function overEach(name: string, test: (rig: Rig, transport: RigTransport) => Promise<void>): void {
  for (const transport of TRANSPORTS) {
    Deno.test(`${name} (${transport})`, async () => {
      const rig = await Rig.start();
      try {
        await test(rig, transport);
      } finally {
        await rig.close();
      }
    });
  }
}

async function pair(rig: Rig, transport: RigTransport): Promise<readonly [TestPeer, TestPeer]> {
  return [await rig.join(transport, ANNA), await rig.join(transport, BEN)];
}

/** A message that crosses tells that everything before it has been dealt with. */
async function crosses(from: TestPeer, to: TestPeer, timestamp = 99): Promise<void> {
  from.say(stop(SESSION, { timestamp }));
  for (;;) if ((await to.nextOf("STREAM_STOP")).timestamp === timestamp) return;
}

overEach(
  "ARC-TRANSPORT-server-forward ARC-TRANSPORT-tcp: to the other peer of the session and to nobody else",
  async (rig, via) => {
    const [anna, ben] = await pair(rig, via);
    const carl = await rig.join(via, CARL, { sessionId: OTHER_SESSION });
    const message = stop(SESSION, via === "phoenix" ? {} : { later: { field: [1] } });
    anna.say(message);
    assert.deepEqual(await ben.nextOf("STREAM_STOP"), message);
    await crosses(ben, anna);
    assert.ok(!carl.unread.some(({ type }) => type === "STREAM_STOP"));
  },
);

Deno.test("ARC-UNIT-separate-ports ARC-TRANSPORT-server-forward: peers of one session on different transports", async () => {
  const rig = await Rig.start();
  const anna = await rig.join("phoenix", ANNA);
  const ben = await rig.join("stream", BEN);
  await crosses(anna, ben, 1);
  await crosses(ben, anna, 2);
  const again = await rig.join("plain", ANNA);
  await crosses(ben, again, 3);
  assert.match(await anna.end(), /closed the channel/);
  await rig.close();
});

for (const via of ["plain", "stream"] as const) {
  Deno.test(`ARC-TRANSPORT-plain-join: by CONNECT, or by a HEARTBEAT with peer_id (${via})`, async () => {
    const rig = await Rig.start();
    const anna = await rig.connect(via, { peerId: ANNA });
    anna.say(heartbeat(SESSION, ANNA, { peer_id: ANNA, sequence: 5 }));
    const ack = await anna.next();
    assert.deepEqual([ack.type, ack.session_id, ack.sequence], ["HEARTBEAT_ACK", SESSION, 5]);
    const ben = await rig.connect(via, { peerId: BEN });
    ben.say(connect(SESSION, BEN));
    assert.equal((await anna.next()).peer_id, BEN);
    await crosses(anna, ben);
    await rig.close();
  });

  Deno.test(`ARC-TRANSPORT-server-session: nothing but a join before the join (${via})`, async () => {
    const rig = await Rig.start();
    const anna = await rig.connect(via);
    anna.say(stop());
    const refusal = await anna.next();
    assert.deepEqual([refusal.type, refusal.code], ["ERROR", "unauthorized"]);
    assert.deepEqual(refusal.in_reply_to, { type: "STREAM_STOP", timestamp: 1_700_000_000_000, stream_id: STREAM });
    const { peer_id: _, ...nameless } = heartbeat();
    anna.say(nameless);
    assert.equal((await anna.next()).code, "unauthorized");
    anna.say(heartbeat());
    assert.equal((await anna.next()).type, "HEARTBEAT_ACK");
    await rig.close();
  });
}

Deno.test("ARC-TRANSPORT-websocket-plain ARC-TRANSPORT-websocket-binary: one message per text frame; a binary one is bad_json", async () => {
  const rig = await Rig.start();
  const socket = new WebSocket(rig.url("plain"), ["other", "arcrtc.v1.json"]);
  await new Promise((resolve) => socket.onopen = resolve);
  assert.equal(socket.protocol, "arcrtc.v1.json");
  const frames: unknown[] = [];
  let wake: () => void = () => {};
  socket.onmessage = ({ data }) => {
    frames.push(data);
    wake();
  };
  const ask = async (data: string | Uint8Array<ArrayBuffer>) => {
    const answered = new Promise<void>((resolve) => wake = resolve);
    socket.send(data);
    await answered;
    const text = frames.shift();
    assert.equal(typeof text, "string");
    return JSON.parse(String(text));
  };
  const beat = JSON.stringify(heartbeat(NIL));
  assert.equal((await ask(beat)).type, "HEARTBEAT_ACK");
  assert.equal((await ask(new TextEncoder().encode(beat))).code, "bad_json");
  assert.equal((await ask(beat + beat)).code, "bad_json");
  assert.equal((await ask(beat)).type, "HEARTBEAT_ACK");
  const closed = new Promise((resolve) => socket.onclose = resolve);
  socket.close();
  await closed;
  await rig.close();
});

overEach("ARC-TRANSPORT-server-nil-heartbeat: answered by the server itself", async (rig, via) => {
  const [anna, ben] = await pair(rig, via);
  const lone = via === "phoenix" ? anna : await rig.connect(via);
  lone.say({ ...heartbeat(NIL), challenge: "0123456789abcdef", sequence: 77 });
  let ack: JsonObject;
  do ack = await lone.nextOf("HEARTBEAT_ACK"); while (ack.sequence !== 77);
  assert.deepEqual([ack.session_id, ack.challenge], [NIL, "0123456789abcdef"]);
  await crosses(anna, ben);
  assert.ok(!ben.unread.some(({ sequence }) => sequence === 77));
});

overEach(
  "ARC-TRANSPORT-server-lone-heartbeat: answered by the server while alone, by the peer afterwards",
  async (rig, via) => {
    const anna = await rig.join(via, ANNA);
    anna.say(heartbeat(SESSION, ANNA, { sequence: 2 }));
    let ack: JsonObject;
    do ack = await anna.nextOf("HEARTBEAT_ACK"); while (ack.sequence !== 2);
    const ben = await rig.join(via, BEN);
    anna.say(heartbeat(SESSION, ANNA, { sequence: 3 }));
    assert.equal((await ben.nextOf("HEARTBEAT")).sequence, 3);
    assert.ok(!anna.unread.some(({ sequence }) => sequence === 3));
  },
);

overEach("ARC-TRANSPORT-server-hold-connect: the last CONNECT waits for the callee", async (rig, via) => {
  const anna = await rig.join(via, ANNA);
  anna.say(connect(SESSION, ANNA, { timestamp: 1 }));
  anna.say(connect(SESSION, ANNA, { timestamp: 2 }));
  anna.say(heartbeat(SESSION, ANNA, { sequence: 9 }));
  let ack: JsonObject;
  do ack = await anna.nextOf("HEARTBEAT_ACK"); while (ack.sequence !== 9);
  const ben = await rig.join(via, BEN);
  const held = await ben.nextOf("CONNECT");
  assert.deepEqual([held.peer_id, held.timestamp], [ANNA, 2]);
  await crosses(anna, ben);
  assert.ok(!ben.unread.some(({ type }) => type === "CONNECT"), "once");
});

overEach("ARC-TRANSPORT-server-unchanged: the token goes no further than the server", async (rig, via) => {
  const [anna, ben] = await pair(rig, via);
  anna.say(connect(SESSION, ANNA, { token: "secret" }));
  const { token: _, ...rest } = connect();
  assert.deepEqual(await ben.nextOf("CONNECT"), rest);
  anna.say(heartbeat(SESSION, ANNA, { token: "secret", sequence: 4 }));
  assert.deepEqual(await ben.nextOf("HEARTBEAT"), heartbeat(SESSION, ANNA, { sequence: 4 }));
  assert.ok(!JSON.stringify(rig.events).includes("secret"));
});

overEach(
  "ARC-TRANSPORT-server-session ARC-TRANSPORT-server-peer-id: another's session or name is unauthorized",
  async (rig, via) => {
    const [anna, ben] = await pair(rig, via);
    const carl = await rig.join(via, CARL, { sessionId: OTHER_SESSION });
    // Our own Phoenix link puts every message into its own topic, which is the session that it has joined.
    carl.say(stop(SESSION));
    const refusal = await carl.nextOf("ERROR");
    assert.deepEqual([refusal.code, refusal.session_id], ["unauthorized", SESSION]);
    ben.say(connect(SESSION, ANNA));
    assert.equal((await ben.nextOf("ERROR")).code, "unauthorized");
    await crosses(anna, ben);
    await crosses(ben, anna);
    assert.ok(!anna.unread.some(({ type }) => type === "CONNECT"));
  },
);

overEach("ARC-SIG-state-two-peers: a third peer is busy, the two go on", async (rig, via) => {
  const [anna, ben] = await pair(rig, via);
  if (via === "phoenix") {
    await assert.rejects(rig.connect(via, { peerId: CARL }), /refuses the join: busy: the session has its two peers/);
  } else {
    const carl = await rig.connect(via, { peerId: CARL });
    carl.say(connect(SESSION, CARL));
    const refusal = await carl.next();
    assert.deepEqual([refusal.code, refusal.in_reply_to], ["busy", { type: "CONNECT", timestamp: 1_700_000_000_000 }]);
  }
  await crosses(anna, ben);
  const [refused] = rig.events.filter((event) => event.event === "join_refused");
  assert.ok(refused.event === "join_refused" && refused.code === "busy" && refused.peer === CARL);
});

Deno.test("ARC-TRANSPORT-server-bounds: a session too many is busy; an ended one makes room", async () => {
  const rig = await Rig.start({ limits: { maxSessions: 1 } });
  const anna = await rig.join("plain", ANNA);
  const carl = await rig.connect("plain");
  carl.say(heartbeat(OTHER_SESSION, CARL));
  const refusal = await carl.next();
  assert.deepEqual([refusal.code, refusal.message], ["busy", "the server has its 1 sessions"]);
  anna.link?.close();
  await rig.until(() => rig.server.sessions === 0);
  carl.say(heartbeat(OTHER_SESSION, CARL));
  assert.equal((await carl.next()).type, "HEARTBEAT_ACK");
  await rig.close();
});

Deno.test("ARC-METRICS-not-forwarded ARC-METRICS-exporters: reports stay here and show at /metrics, summed up", async () => {
  const rig = await Rig.start();
  const [anna, ben] = await pair(rig, "plain");
  const report = {
    type: "METRICS",
    session_id: SESSION,
    peer_id: ANNA,
    latency: { e2e: { p50: 42, p95: 60 }, jitter: 3 },
    quality: { loss: 0.01, bitrate: 64_000 },
    performance: {},
    network: { rtt: 30, path: "relay", score: 91 },
    timestamp: 1,
  };
  anna.say(report);
  anna.say({ ...report, network: { path: 'x"} 1\nforged 1' } });
  await crosses(anna, ben);
  assert.ok(!ben.unread.some(({ type }) => type === "METRICS"));
  const response = await fetch(rig.server.urls.metrics ?? "");
  assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  const text = await response.text();
  for (
    const line of [
      "arcrtc_peer_reports_total 2",
      'arcrtc_peer_path_reports_total{path="relay"} 1',
      'arcrtc_peer_path_reports_total{path="other"} 1',
      'arcrtc_peer_rtt_seconds_bucket{le="0.02"} 0',
      'arcrtc_peer_rtt_seconds_bucket{le="0.03"} 1',
      "arcrtc_peer_rtt_seconds_count 1",
      'arcrtc_peer_latency_seconds_bucket{le="0.05"} 2',
      "arcrtc_signaling_sessions 1",
      'arcrtc_signaling_connections{transport="plain"} 2',
      'arcrtc_signaling_joins_total{outcome="ok"} 2',
    ]
  ) assert.ok(text.includes(`${line}\n`), `no line ${line} in\n${text}`);
  assert.ok(!text.includes("forged") && !text.includes(ANNA));
  await rig.close();
});

Deno.test("/healthz says that it lives and what it has to do; other pages tell where things are", async () => {
  const rig = await Rig.start();
  const base = new URL(rig.server.urls.health ?? "");
  const get = async (path: string, init?: RequestInit) => {
    const response = await fetch(new URL(path, base), init);
    return [response.status, await response.text()] as const;
  };
  await rig.join("plain", ANNA);
  const [status, health] = await get("/healthz");
  assert.equal(status, 200);
  assert.deepEqual(JSON.parse(health), { status: "ok", sessions: 1, connections: 1 });
  assert.equal((await get("/plain"))[0], 426);
  assert.equal((await get("/"))[0], 200);
  const [missing, hint] = await get("/nothing?token=x");
  assert.equal(missing, 404);
  assert.match(hint, /socket\/websocket/);
  assert.equal((await get("/healthz", { method: "POST", body: "x" }))[0], 405);
  await rig.close();
});

Deno.test("drain: no new connection or session, running ones go on until they end", async () => {
  const rig = await Rig.start();
  const [anna, ben] = await pair(rig, "stream");
  const idle = await rig.connect("stream");
  await rig.until(() => rig.server.connections === 3);
  const drained = rig.server.drain(60_000);
  idle.say(heartbeat(OTHER_SESSION, CARL));
  assert.equal((await idle.next()).code, "busy");
  await crosses(anna, ben);
  await assert.rejects(rig.connect("stream"), /cannot reach/);
  await assert.rejects(rig.connect("plain"), /cannot reach/);
  anna.link?.close();
  ben.link?.close();
  assert.equal(await drained, 0);
  assert.match(await idle.end(), /closed/);
  await rig.close();
});

Deno.test("drain: what has not ended in time is cut off, and counted; WebSockets learn why", async () => {
  const rig = await Rig.start();
  const anna = await rig.join("plain", ANNA);
  assert.equal(await rig.server.drain(1), 1);
  assert.match(await anna.end(), /1008: the server is shutting down/);
  await rig.close();
});

Deno.test("drain: leaving a topic counts as the end of its session", async () => {
  const rig = await Rig.start();
  const socket = new WebSocket(rig.url("phoenix"));
  await new Promise((resolve) => socket.onopen = resolve);
  const frames: unknown[][] = [];
  socket.onmessage = ({ data }) => frames.push(JSON.parse(data));
  socket.send(JSON.stringify(["1", "1", `arcrtc:${SESSION}`, "phx_join", { peer_id: ANNA }]));
  await rig.until(() => rig.server.sessions === 1);
  const drained = rig.server.drain(60_000);
  socket.send(JSON.stringify(["1", "2", `arcrtc:${SESSION}`, "phx_leave", {}]));
  assert.equal(await drained, 0);
  assert.deepEqual(frames.map(([, ref, , event]) => [ref, event]), [
    ["1", "phx_reply"],
    ["2", "phx_reply"],
    ["1", "phx_close"],
  ]);
  await rig.close();
});
