import assert from "node:assert/strict";
import { type Channel, Socket } from "phoenix";
import { jwtAuth } from "./join_auth.ts";
import { secretKeySource } from "./jwt_keys.ts";
import {
  ANNA,
  BEN,
  CARL,
  connect,
  heartbeat,
  ManualClock,
  NIL,
  OTHER_SESSION,
  Rig,
  SECRET,
  SESSION,
  stop,
  token,
} from "./testing/signaling_rig.ts";

type Reply = { readonly status: string; readonly response: { readonly code?: string; readonly message?: string } };

/** The official client at our server. */
function officialClient(rig: Rig, options: object = {}) {
  const url = rig.url("phoenix").replace(/\/websocket$/, "");
  const socket = new Socket(url, { transport: WebSocket, ...options });
  socket.connect();
  return socket;
}

/** Sends and waits for the reply of the official client's push or join. */
function reply(push: ReturnType<Channel["push"]>): Promise<Reply> {
  return new Promise((resolve, reject) => {
    push.receive("ok", (response: Reply["response"]) => resolve({ status: "ok", response }));
    push.receive("error", (response: Reply["response"]) => resolve({ status: "error", response }));
    push.receive("timeout", () => reject(new Error("the push was not answered")));
  });
}

function disconnect(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.disconnect(() => resolve()));
}

function event(channel: Channel, name: string): Promise<unknown> {
  return new Promise((resolve) => channel.on(name, resolve));
}

Deno.test("ARC-TRANSPORT-phoenix-interop ARC-TRANSPORT-phoenix-url: the official client connects, joins, pushes, receives, leaves", async () => {
  const rig = await Rig.start();
  const [first, second] = [officialClient(rig), officialClient(rig)];
  const anna = first.channel(`arcrtc:${SESSION}`, { peer_id: ANNA });
  const ben = second.channel(`arcrtc:${SESSION}`, { peer_id: BEN });
  assert.deepEqual(await reply(anna.join()), { status: "ok", response: {} });
  // CONNECT finds nobody and is held until Ben is there; unknown fields go along.
  assert.equal((await reply(anna.push("CONNECT", { ...connect(), later: { field: [1] } }))).status, "ok");
  const received = event(ben, "CONNECT");
  assert.equal((await reply(ben.join())).status, "ok");
  assert.deepEqual(await received, { ...connect(), later: { field: [1] } });
  const answer = event(anna, "STREAM_STOP");
  assert.equal((await reply(ben.push("STREAM_STOP", stop()))).status, "ok");
  assert.deepEqual(await answer, stop());
  const refusal = await reply(ben.push("STREAM_STOP", stop(OTHER_SESSION)));
  assert.deepEqual([refusal.status, refusal.response.code], ["error", "unauthorized"]);
  const wrong = await reply(ben.push("STREAM_STOP", { ...stop(), reason: "boredom" }));
  assert.equal(wrong.response.code, "bad_message");
  assert.match(wrong.response.message ?? "", /\$\.reason/);
  assert.equal((await reply(anna.leave())).status, "ok");
  await Promise.all([disconnect(first), disconnect(second)]);
  await rig.close();
});

Deno.test("ARC-TRANSPORT-phoenix-heartbeat: the official client's heartbeats are answered", async () => {
  const rig = await Rig.start();
  // The client gives a connection up when an answer takes longer than this, also where only the machine is busy.
  const socket = officialClient(rig, { heartbeatIntervalMs: 500 });
  const channel = socket.channel(`arcrtc:${SESSION}`, { peer_id: ANNA });
  await reply(channel.join());
  let beats = 0;
  await new Promise<void>((resolve) => {
    socket.onMessage((message: { topic: string; event: string; payload?: unknown }) => {
      if (message.topic === "phoenix" && message.event === "phx_reply" && ++beats === 3) resolve();
      return message;
    });
  });
  assert.equal((await reply(channel.push("HEARTBEAT", heartbeat(NIL)))).status, "ok");
  await disconnect(socket);
  await rig.close();
});

Deno.test("a socket's heartbeats keep its topics alive; without them it is closed", async () => {
  const clock = new ManualClock();
  const rig = await Rig.start({ clock });
  const socket = await Frames.open(rig);
  await socket.ask(["1", "1", TOPIC, "phx_join", { peer_id: ANNA }]);
  clock.set(60_000);
  await socket.ask([null, "2", "phoenix", "heartbeat", {}]);
  clock.set(149_999);
  rig.server.sweep();
  assert.equal(rig.server.sessions, 1);
  clock.set(150_000);
  rig.server.sweep();
  assert.equal((await socket.closed).reason, "silent for 90 s");
  assert.equal(rig.server.sessions, 0);
  await rig.close();
});

Deno.test("ARC-TRANSPORT-server-jwt ARC-TRANSPORT-phoenix-join-token: the official client with its token in query, subprotocol or join", async () => {
  const rig = await Rig.start({ auth: jwtAuth(secretKeySource(SECRET)) });
  const jwt = await token();
  const joins = [
    [{ params: { token: jwt } }, { peer_id: ANNA }, undefined],
    [{ authToken: jwt }, { peer_id: ANNA }, undefined],
    [{}, { peer_id: ANNA, token: jwt }, undefined],
    [{ params: { token: "wrong" } }, { peer_id: ANNA, token: jwt }, undefined],
    [{}, { peer_id: ANNA }, "unauthorized"],
    [{ params: { token: jwt } }, { peer_id: BEN }, "unauthorized"],
  ] as const;
  for (const [options, payload, code] of joins) {
    const socket = officialClient(rig, options);
    const { status, response } = await reply(socket.channel(`arcrtc:${SESSION}`, payload).join());
    assert.deepEqual([status, response.code], code === undefined ? ["ok", undefined] : ["error", code]);
    await disconnect(socket);
  }
  assert.ok(!JSON.stringify(rig.events).includes(jwt.slice(0, 20)));
  await rig.close();
});

/** A bare socket that speaks frames. */
class Frames {
  readonly #socket: WebSocket;
  readonly #frames: unknown[][] = [];
  readonly closed: Promise<CloseEvent>;
  #wake: () => void = () => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.onclose = resolve);
    socket.onmessage = ({ data }) => {
      this.#frames.push(JSON.parse(data));
      this.#wake();
    };
  }

  static async open(rig: Rig, query = "?vsn=2.0.0"): Promise<Frames> {
    const socket = new WebSocket(rig.url("phoenix") + query);
    const frames = new Frames(socket);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    return frames;
  }

  send(data: unknown): void {
    this.#socket.send(data instanceof Uint8Array || typeof data === "string" ? data as string : JSON.stringify(data));
  }

  async next(): Promise<unknown[]> {
    while (this.#frames.length === 0) await new Promise<void>((resolve) => this.#wake = resolve);
    return this.#frames.shift() ?? [];
  }

  async ask(frame: unknown): Promise<unknown[]> {
    this.send(frame);
    return await this.next();
  }

  async end(): Promise<void> {
    this.#socket.close();
    await this.closed;
  }
}

const TOPIC = `arcrtc:${SESSION}`;

function errorOf(frame: unknown[]): unknown {
  const { status, response } = frame[4] as Reply;
  return status === "error" ? response.code : status;
}

Deno.test("ARC-TRANSPORT-phoenix-reply ARC-TRANSPORT-phoenix-frame: every push is answered in its topic, good or bad", async () => {
  const rig = await Rig.start();
  const socket = await Frames.open(rig);
  assert.deepEqual(await socket.ask([null, "1", "phoenix", "heartbeat", {}]), [
    null,
    "1",
    "phoenix",
    "phx_reply",
    { status: "ok", response: {} },
  ]);
  const cases: [unknown, string][] = [
    [["1", "2", TOPIC, "STREAM_STOP", stop()], "unauthorized"],
    [["1", "3", "rooms:lobby", "phx_join", {}], "bad_message"],
    [["1", "4", `arcrtc:${NIL}`, "phx_join", { peer_id: ANNA }], "bad_message"],
    [["1", "5", TOPIC, "phx_join", {}], "bad_message"],
    [["1", "6", TOPIC, "phx_join", { peer_id: "anna" }], "bad_message"],
    [["1", "7", TOPIC, "phx_join", { peer_id: ANNA }], "ok"],
    [["1", "8", TOPIC, "phx_join", { peer_id: BEN }], "bad_state"],
    [["1", "9", TOPIC, "STREAM_STOP", stop()], "ok"],
    [["1", "10", TOPIC, "STREAM_START", stop()], "bad_message"],
    [["1", "11", TOPIC, "SHOUT", { type: "SHOUT" }], "unknown_type"],
    [["1", "12", TOPIC, "STREAM_STOP", stop(OTHER_SESSION)], "unauthorized"],
    [["1", "13", TOPIC, "phx_close", {}], "bad_message"],
    [["1", "14", "phoenix", "goodbye", {}], "bad_message"],
    [["1", "15", TOPIC, "ERROR", { type: "ERROR" }], "ok"],
    [["1", "16", TOPIC, "STREAM_STOP", nested(17)], "too_large"],
    [["1", "17", TOPIC, "phx_leave", {}], "ok"],
  ];
  for (const [frame, outcome] of cases) {
    const answer = await socket.ask(frame);
    assert.deepEqual([(frame as string[])[1], answer[1], errorOf(answer)], [
      answer[1],
      (frame as string[])[1],
      outcome,
    ]);
  }
  assert.deepEqual((await socket.next()).slice(0, 4), ["1", "1", TOPIC, "phx_close"]);
  await socket.end();
  await rig.close();
});

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let i = 1; i < levels; i++) value = [value];
  return { ...stop(), more: value };
}

Deno.test("ARC-TRANSPORT-websocket-binary: what is no frame is answered on the connection's own topic, and it goes on", async () => {
  const rig = await Rig.start();
  const socket = await Frames.open(rig);
  const garbage: [unknown, string][] = [
    [new Uint8Array([1, 2, 3]), "bad_json"],
    ["", "bad_json"],
    ["{", "bad_json"],
    ["[".repeat(60_000), "too_large"],
    ['["1","1"]', "bad_message"],
    ['{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"1"}', "bad_message"],
    [JSON.stringify(["1", "2", TOPIC, "STREAM_STOP", { ...stop(), more: "x".repeat(66_000) }]), "too_large"],
    [JSON.stringify(["1", "2", TOPIC, "x".repeat(300), {}]), "bad_message"],
  ];
  for (const [input, code] of garbage) {
    const [joinRef, ref, topic, event, payload] = await socket.ask(input);
    assert.deepEqual([joinRef, ref, topic, event], [null, null, "phoenix", "ERROR"]);
    assert.equal((payload as { code: string }).code, code, String(input).slice(0, 60));
  }
  assert.equal(errorOf(await socket.ask(["1", "7", TOPIC, "phx_join", { peer_id: ANNA }])), "ok");
  await socket.end();
  await rig.close();
});

Deno.test("ARC-TRANSPORT-server-nil-heartbeat: a socket without a topic can measure the server", async () => {
  const rig = await Rig.start();
  const socket = await Frames.open(rig);
  assert.equal(errorOf(await socket.ask(["1", "1", TOPIC, "HEARTBEAT", heartbeat(NIL)])), "ok");
  const [, , topic, event, payload] = await socket.next();
  assert.deepEqual([topic, event, (payload as { sequence: number }).sequence], ["phoenix", "HEARTBEAT_ACK", 1]);
  await socket.end();
  await rig.close();
});

Deno.test("ARC-TRANSPORT-phoenix-join: one socket, several topics, each with its own session; not without end", async () => {
  const rig = await Rig.start();
  const socket = await Frames.open(rig);
  const sessions = Array.from({ length: 17 }, (_, i) => `33333333-3333-4333-8333-3333333333${10 + i}`);
  for (const [i, session] of sessions.entries()) {
    const answer = await socket.ask([`${i}`, `${i}`, `arcrtc:${session}`, "phx_join", { peer_id: ANNA }]);
    assert.equal(errorOf(answer), i < 16 ? "ok" : "busy");
  }
  assert.equal(rig.server.sessions, 16);
  const ben = await rig.join("phoenix", BEN, { sessionId: sessions[3] });
  ben.say(stop(sessions[3]));
  const [joinRef, ref, topic, event, payload] = await socket.next();
  assert.deepEqual([joinRef, ref, topic, event], ["3", null, `arcrtc:${sessions[3]}`, "STREAM_STOP"]);
  assert.deepEqual(payload, stop(sessions[3]));
  const refusal = await socket.ask(["4", "90", `arcrtc:${sessions[4]}`, "STREAM_STOP", stop(sessions[3])]);
  assert.equal(errorOf(refusal), "unauthorized", "a topic speaks for its own session only");
  await socket.end();
  await rig.until(() => rig.server.connections === 1);
  assert.equal(rig.server.sessions, 1, "with the socket all of its topics are gone");
  await rig.close();
});

Deno.test("a client that joins its topic again goes on under the new reference; elsewhere it takes its place over", async () => {
  const rig = await Rig.start();
  const socket = await Frames.open(rig);
  await socket.ask(["1", "1", TOPIC, "phx_join", { peer_id: ANNA }]);
  await socket.ask(["5", "5", TOPIC, "phx_join", { peer_id: ANNA }]);
  const ben = await rig.join("phoenix", BEN);
  ben.say(stop());
  assert.equal((await socket.next())[0], "5");
  const other = await Frames.open(rig);
  assert.equal(errorOf(await other.ask(["1", "1", TOPIC, "phx_join", { peer_id: ANNA }])), "ok");
  assert.deepEqual((await socket.next()).slice(0, 4), ["5", "5", TOPIC, "phx_close"]);
  assert.equal(errorOf(await socket.ask(["5", "6", TOPIC, "STREAM_STOP", stop()])), "unauthorized");
  await socket.end();
  await other.end();
  await rig.close();
});

Deno.test("ARC-TRANSPORT-server-rate: a flood is refused per push, then its socket is closed; others do not notice", async () => {
  const rig = await Rig.start({ clock: new ManualClock(), limits: { messagesPerSecond: 10 } });
  const ben = await rig.join("phoenix", BEN, { sessionId: OTHER_SESSION });
  const socket = await Frames.open(rig);
  await socket.ask(["1", "0", TOPIC, "phx_join", { peer_id: CARL }]);
  for (let i = 1; i <= 60; i++) socket.send(["1", `${i}`, TOPIC, "STREAM_STOP", stop()]);
  const { code, reason } = await socket.closed;
  assert.deepEqual([code, reason], [1008, "too many messages"]);
  const outcomes: unknown[] = [];
  for (let i = 1; i <= 39; i++) outcomes.push(errorOf(await socket.next()));
  assert.deepEqual(outcomes.slice(0, 19), Array(19).fill("ok"));
  assert.deepEqual(outcomes.slice(19), Array(20).fill("rate_limited"));
  ben.say(heartbeat(NIL, BEN));
  assert.equal((await ben.next()).type, "HEARTBEAT_ACK");
  await rig.close();
});

Deno.test("ARC-TRANSPORT-phoenix-url: version 1 of the frames is refused before there is a socket", async () => {
  const rig = await Rig.start();
  await assert.rejects(Frames.open(rig, "?vsn=1.0.0"));
  const [refused] = rig.events.filter((event) => event.event === "turned_away");
  assert.ok(refused.event === "turned_away" && refused.why.includes("vsn=2.0.0"));
  await rig.close();
});
