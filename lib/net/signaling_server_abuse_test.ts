/** What a signaling server has to stand: garbage, floods, those that do not read, do not speak, or come in crowds. */
import assert from "node:assert/strict";
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from "node:net";
import fc from "fast-check";
import { utf8 } from "../base/bytes.ts";
import { parseMessage } from "../signaling/parse_message.ts";
import { MAX_MESSAGE_BYTES } from "./signaling_link.ts";
import {
  ANNA,
  BEN,
  CARL,
  heartbeat,
  ManualClock,
  NIL,
  OTHER_SESSION,
  pinned,
  Rig,
  SESSION,
  stop,
  testIdentity,
  type TestPeer,
} from "./testing/signaling_rig.ts";

/** The address of a listener of the rig. */
function addressOf(rig: Rig, transport: "plain" | "stream"): { host: string; port: number } {
  const { hostname, port } = new URL(rig.url(transport));
  return { host: hostname, port: Number(port) };
}

/** A socket that says what it is told; `ended` resolves with all that came, when the other side has ended. */
function rawSocket(rig: Rig, transport: "plain" | "stream", ...says: (string | Uint8Array)[]) {
  const socket = connectTcp(addressOf(rig, transport));
  let received = "";
  socket.on("data", (chunk: Uint8Array) => received += new TextDecoder().decode(chunk));
  socket.on("error", () => {});
  for (const text of says) socket.write(text);
  return { socket, ended: new Promise<string>((resolve) => socket.on("close", () => resolve(received))) };
}

function framed(unit: Uint8Array): Uint8Array {
  const frame = new Uint8Array(2 + unit.length);
  frame.set([unit.length >> 8, unit.length & 255]);
  frame.set(unit, 2);
  return frame;
}

/** That a pair of peers goes on as if nothing had happened. */
async function assertUnaffected(anna: TestPeer, ben: TestPeer): Promise<void> {
  const message = stop(SESSION, { timestamp: Math.floor(performance.now()) });
  anna.say(message);
  assert.deepEqual(await ben.nextOf("STREAM_STOP"), message);
}

for (const via of ["plain", "stream"] as const) {
  Deno.test(`ARC-ROBUST-connection: garbage is answered with what is wrong about it, and the connection goes on (${via})`, async () => {
    const rig = await Rig.start();
    const [anna, ben] = [await rig.join(via, ANNA), await rig.join(via, BEN)];
    const stranger = await rig.connect(via);
    const deep = `{"type":"STREAM_STOP","more":${"[".repeat(16)}${"]".repeat(16)}}`;
    const cases: [string, string][] = [
      ["x", "bad_json"],
      ["{", "bad_json"],
      [" {}", "bad_json"],
      ['{"type":"ACK","type":"ACK"}', "bad_json"],
      ['"\\ud800"', "bad_json"],
      ["[]", "bad_message"],
      ["{}", "bad_message"],
      ['{"type":"SHOUT"}', "unknown_type"],
      ['{"type":"CONNECT","version":"2.0"}', "unsupported_version"],
      [deep, "too_large"],
      ["[".repeat(MAX_MESSAGE_BYTES), "too_large"],
      [JSON.stringify({ ...stop(), reason: "boredom" }), "bad_message"],
      [JSON.stringify({ type: "RELAY_CHALLENGE", nonce: "x" }), "unauthorized"],
    ];
    for (const [text, code] of cases) {
      stranger.sayText(text);
      const answer = await stranger.next();
      assert.deepEqual([answer.type, answer.code], ["ERROR", code], text.slice(0, 80));
    }
    stranger.sayText('{"type":"ERROR"}');
    stranger.say(heartbeat(NIL));
    assert.equal((await stranger.next()).type, "HEARTBEAT_ACK", "an ERROR is never answered with one");
    await assertUnaffected(anna, ben);
    await rig.close();
  });

  Deno.test(`ARC-TRANSPORT-server-validate: no byte string upsets the server or gets through it (${via})`, async () => {
    const rig = await Rig.start({ limits: { messagesPerSecond: 10_000 } });
    const [anna, ben] = [await rig.join(via, ANNA), await rig.join(via, BEN)];
    const junkText = fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => String.fromCharCode(...bytes));
    const junk = fc.sample(
      fc.oneof(junkText, fc.json()),
      { seed: 7, numRuns: 300 },
    ).filter((text) => !parseMessage(text).ok);
    assert.ok(junk.length > 250);
    for (const text of junk) anna.sayText(text);
    for (const text of junk) assert.equal((await anna.nextOf("ERROR")).type, "ERROR", text);
    await assertUnaffected(anna, ben);
    assert.deepEqual(ben.unread, []);
    await rig.close();
  });
}

Deno.test("ARC-UNIT-frame-close: a stream whose framing is broken is closed; random bytes end there or are answered", async () => {
  const rig = await Rig.start();
  const [anna, ben] = [await rig.join("stream", ANNA), await rig.join("stream", BEN)];
  assert.equal(await rawSocket(rig, "stream", new Uint8Array([0, 0])).ended, "");
  assert.match(await rawSocket(rig, "stream", framed(utf8("x")), new Uint8Array([0, 0])).ended, /bad_json/);
  for (const bytes of fc.sample(fc.uint8Array({ minLength: 1, maxLength: 400 }), { seed: 8, numRuns: 50 })) {
    const { socket, ended } = rawSocket(rig, "stream", bytes);
    socket.end();
    await ended;
  }
  // A message that is cut off at any place changes nothing.
  const whole = framed(utf8(JSON.stringify(heartbeat(OTHER_SESSION, CARL))));
  for (let length = 1; length < whole.length; length += 7) {
    const { socket, ended } = rawSocket(rig, "stream", whole.subarray(0, length));
    socket.end();
    await ended;
  }
  assert.equal(rig.server.sessions, 1);
  await assertUnaffected(anna, ben);
  await rig.close();
});

Deno.test("garbage on the HTTP port is answered with 400, and unknown or hostile requests with a reason", async () => {
  const rig = await Rig.start({ localPagesOnly: true });
  const [anna, ben] = [await rig.join("plain", ANNA), await rig.join("plain", BEN)];
  const upgrade = (path: string, more = "") =>
    `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n` +
    `sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${more}\r\n`;
  const cases: [string, RegExp][] = [
    ["\x00\x01\x02garbage\r\n\r\n", /^HTTP\/1\.1 400 /],
    [upgrade("/elsewhere"), /^HTTP\/1\.1 404 [\s\S]*\/socket\/websocket/],
    [upgrade("/plain"), /^HTTP\/1\.1 400 [\s\S]*arcrtc\.v1\.json/],
    [upgrade("http://x/plain"), /^HTTP\/1\.1 400 /],
    [upgrade("/socket/websocket?vsn=1.0.0"), /^HTTP\/1\.1 400 [\s\S]*vsn=2\.0\.0/],
    [upgrade("/socket/websocket", "origin: https://evil.example\r\n"), /^HTTP\/1\.1 403 [\s\S]*--auth-secret/],
    [upgrade("/socket/websocket").replace("version: 13", "version: 7"), /^HTTP\/1\.1 4\d\d /],
  ];
  for (const [request, expected] of cases) {
    const { socket, ended } = rawSocket(rig, "plain", request);
    socket.end();
    assert.match(await ended, expected);
  }
  const { socket, ended } = rawSocket(rig, "plain", upgrade("/socket/websocket", "origin: http://localhost:3000\r\n"));
  await new Promise((resolve) => socket.once("data", resolve));
  socket.destroy();
  assert.match(await ended, /^HTTP\/1\.1 101 /);
  await assertUnaffected(anna, ben);
  await rig.close();
});

Deno.test("ARC-SIG-json-size: a WebSocket message somewhat too long is too_large, one far too long ends the connection", async () => {
  const rig = await Rig.start();
  const [anna, ben] = [await rig.join("plain", ANNA), await rig.join("plain", BEN)];
  const stranger = await rig.connect("plain");
  const exact = JSON.stringify(stop(SESSION, { pad: "" }));
  anna.sayText(JSON.stringify(stop(SESSION, { pad: "x".repeat(MAX_MESSAGE_BYTES - exact.length) })));
  assert.equal((await ben.nextOf("STREAM_STOP")).type, "STREAM_STOP", "65,535 bytes pass");
  anna.sayText(JSON.stringify(stop(SESSION, { pad: "x".repeat(MAX_MESSAGE_BYTES - exact.length + 1) })));
  assert.equal((await anna.nextOf("ERROR")).code, "too_large");
  anna.sayText(JSON.stringify(stop(SESSION, { pad: "é".repeat(40_000) })));
  assert.equal((await anna.nextOf("ERROR")).code, "too_large", "bytes count, not characters");
  stranger.sayText("x".repeat(2 * MAX_MESSAGE_BYTES + 1));
  assert.match(await stranger.end(), /1009/);
  await assertUnaffected(anna, ben);
  await rig.close();
});

Deno.test("a lower limit for messages holds on every transport", async () => {
  const rig = await Rig.start({ limits: { maxMessageBytes: 2000 } });
  for (const via of ["plain", "stream", "phoenix"] as const) {
    const peer = await rig.join(via, via === "phoenix" ? CARL : ANNA, {
      sessionId: via === "phoenix" ? OTHER_SESSION : SESSION,
    });
    const session = via === "phoenix" ? OTHER_SESSION : SESSION;
    const identity = { certificate: "A".repeat(4000), signature: "B".repeat(86) };
    peer.say({ ...heartbeat(session, via === "phoenix" ? CARL : ANNA), pad: "x".repeat(900) });
    if (via === "phoenix") {
      const other = await rig.connect("plain");
      other.sayText(JSON.stringify({ type: "CONNECT", identity }));
      assert.equal((await other.next()).code, "too_large");
      continue;
    }
    peer.sayText(JSON.stringify({ type: "CONNECT", identity }));
    assert.equal((await peer.nextOf("ERROR")).code, "too_large", via);
  }
  await rig.close();
});

for (const via of ["plain", "stream"] as const) {
  Deno.test(`ARC-TRANSPORT-server-rate: a flood is rate_limited, then cut off; others do not notice (${via})`, async () => {
    const clock = new ManualClock();
    const rig = await Rig.start({ clock, limits: { messagesPerSecond: 10 } });
    const [anna, ben] = [await rig.join(via, ANNA), await rig.join(via, BEN)];
    const flooder = await rig.connect(via);
    for (let i = 0; i < 100; i++) flooder.say(stop(OTHER_SESSION));
    const codes: unknown[] = [];
    for (let i = 0; i < 40; i++) codes.push((await flooder.next()).code);
    assert.deepEqual(codes, [...Array(20).fill("unauthorized"), ...Array(20).fill("rate_limited")]);
    await flooder.end();
    const [closed] = rig.events.filter((event) => event.event === "closed");
    assert.ok(closed.event === "closed" && closed.why === "too many messages");
    await assertUnaffected(anna, ben);
    clock.set(1000);
    for (let i = 0; i < 10; i++) await assertUnaffected(anna, ben);
    await rig.close();
  });
}

/** A way to a port of the server that can be blocked, so that nothing is read from the server any more. */
async function blockableWay(rig: Rig, transport: "plain" | "stream") {
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connectTcp(addressOf(rig, transport));
    sockets.push(near, far);
    for (const socket of [near, far]) socket.on("error", () => {});
    near.on("data", (chunk: Uint8Array) => far.write(chunk));
    far.on("data", (chunk: Uint8Array) => near.write(chunk));
    far.on("close", () => near.end());
    near.on("close", () => far.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return {
    url: Object.assign(new URL(rig.url(transport)), { port: (server.address() as AddressInfo).port }).href,
    block: () => sockets.forEach((socket) => socket.pause()),
    unblock: () => sockets.forEach((socket) => socket.resume()),
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

for (const via of ["stream", "plain"] as const) {
  for (const isSecure of [false, true]) {
    const name = `${via}${isSecure ? " over TLS" : ""}`;
    Deno.test(`ARC-TRANSPORT-server-slow-reader: who does not read is closed, the sender goes on (${name})`, async () => {
      const rig = await Rig.start({
        limits: { sendBufferBytes: 200_000, messagesPerSecond: 100_000 },
        ...(isSecure ? { tls: await testIdentity() } : {}),
      });
      const trust = isSecure ? await pinned() : {};
      const anna = await rig.join(via, ANNA, { trust });
      const way = await blockableWay(rig, via);
      const slow = await rig.join(via, BEN, { trust, url: way.url });
      way.block();
      const big = JSON.stringify(stop(SESSION, { pad: "x".repeat(60_000) }));
      const isClosed = () => rig.events.some((event) => event.event === "closed");
      // How much the system takes by itself varies with the machine.
      for (let sequence = 0; sequence < 1000 && !isClosed(); sequence++) {
        anna.sayText(big);
        anna.say(heartbeat(NIL, ANNA, { sequence }));
        while ((await anna.nextOf("HEARTBEAT_ACK")).sequence !== sequence);
      }
      const [closed] = rig.events.filter((event) => event.event === "closed");
      assert.ok(closed?.event === "closed" && /^reads too slowly: \d+ bytes wait$/.test(closed.why), closed?.why);
      assert.match(rig.server.metricsText(), /connections_cut_total\{reason="slow_reader"\} 1\n/);
      way.unblock();
      assert.match(await slow.end(), via === "plain" ? /1008: reads too slowly/ : /closed by the other side/);
      const ben = await rig.join(via, BEN, { trust });
      await assertUnaffected(anna, ben);
      await way.close();
      await rig.close();
    });
  }
}

Deno.test("ARC-ROBUST-held: half-open connections are cut off: no byte, half a request, half a frame, no join; heartbeats count as life", async () => {
  const clock = new ManualClock();
  const rig = await Rig.start({ clock });
  const measuring = await rig.connect("plain");
  const halves = [
    rawSocket(rig, "plain"),
    rawSocket(rig, "plain", "GET /socket/webso"),
    rawSocket(rig, "stream"),
    rawSocket(rig, "stream", framed(utf8("{}")).subarray(0, 3)),
  ];
  const unjoined = await rig.connect("plain");
  await rig.until(() => rig.server.connections === 4);
  await accepted(rig, 6);
  measuring.say(heartbeat(NIL));
  await measuring.next();
  clock.set(9000);
  measuring.say(heartbeat(NIL));
  await measuring.next();
  rig.server.sweep();
  assert.equal(rig.server.connections, 4);
  clock.set(10_000);
  rig.server.sweep();
  await Promise.all(halves.map(({ ended }) => ended));
  assert.match(await unjoined.end(), /no session joined within 10 s/);
  assert.equal(rig.server.connections, 1);
  clock.set(19_000);
  rig.server.sweep();
  await measuring.end();
  await rig.close();
});

Deno.test("ARC-ROBUST-held: half-open TLS handshakes are cut off on both TLS ports", async () => {
  const clock = new ManualClock();
  const rig = await Rig.start({ clock, tls: await testIdentity() });
  const halves = [
    rawSocket(rig, "stream"),
    rawSocket(rig, "stream", new Uint8Array([0x16, 0x03, 0x01])),
    rawSocket(rig, "plain"),
  ];
  await accepted(rig, 3);
  clock.set(10_000);
  rig.server.sweep();
  await Promise.all(halves.map(({ ended }) => ended));
  assert.match(rig.server.metricsText(), /reason="handshake_timeout"\} 3\n/);
  await rig.close();
});

/** The server has accepted so many sockets. The kernel connects them before, and tells nobody. */
async function accepted(rig: Rig, count: number): Promise<void> {
  while (rig.server.sockets < count) await new Promise((resolve) => setTimeout(resolve, 1));
}

Deno.test("silent peers are let go; those that say something stay", async () => {
  const clock = new ManualClock();
  const rig = await Rig.start({ clock });
  const [anna, ben] = [await rig.join("plain", ANNA), await rig.join("stream", BEN)];
  clock.set(89_000);
  ben.say(heartbeat(SESSION, BEN));
  await anna.nextOf("HEARTBEAT");
  clock.set(90_000);
  rig.server.sweep();
  assert.match(await anna.end(), /silent for 90 s/);
  assert.equal(ben.closedWhy, undefined);
  await rig.close();
});

Deno.test("connections are bounded, in all and per address; who is turned away learns why, /healthz still answers", async () => {
  const full = await Rig.start({ limits: { maxConnections: 2 } });
  await full.join("plain", ANNA);
  await full.join("stream", BEN);
  await assert.rejects(full.connect("plain"), /503/);
  await assert.rejects(full.connect("phoenix"), /503/);
  const late = await full.connect("stream");
  assert.deepEqual([(await late.next()).code, await late.end()], ["busy", "closed by the other side"]);
  assert.equal((await (await fetch(full.server.urls.health ?? "")).json()).connections, 2);
  await full.close();

  const narrow = await Rig.start({ limits: { maxPerAddress: 1 } });
  const anna = await narrow.join("plain", ANNA);
  await assert.rejects(narrow.connect("plain"), /429/);
  const second = await narrow.connect("stream");
  assert.match(String((await second.next()).message), /this address/);
  anna.link?.close();
  await narrow.until(() => narrow.server.connections === 0);
  await narrow.join("plain", ANNA);
  await narrow.close();
});

Deno.test("a crowd that never gets through its handshake is bounded too", async () => {
  const rig = await Rig.start({ limits: { maxPerAddress: 1 } });
  const crowd = Array.from({ length: 12 }, () => rawSocket(rig, "plain"));
  let ended = 0;
  await new Promise<void>((resolve) => {
    for (const { socket } of crowd) socket.on("close", () => ++ended === 3 && resolve());
  });
  assert.equal(rig.server.sockets, 9, "one and the eight spare ones");
  for (const { socket } of crowd) socket.destroy();
  await rig.close();
});

Deno.test("1000 idle sessions, and a new one is served as if it were alone", async () => {
  const rig = await Rig.start({ limits: { maxPerAddress: 2000 } });
  const sockets: Socket[] = [];
  for (let i = 0; i < 1000; i++) {
    const session = `44444444-4444-4444-8444-${String(i).padStart(12, "0")}`;
    const { socket } = rawSocket(rig, "stream", framed(utf8(JSON.stringify(heartbeat(session, ANNA)))));
    sockets.push(socket);
  }
  await rig.until(() => rig.server.sessions === 1000);
  const [anna, ben] = [await rig.join("plain", ANNA), await rig.join("phoenix", BEN)];
  await assertUnaffected(anna, ben);
  await assertUnaffected(anna, ben);
  assert.equal(rig.server.sessions, 1001);
  for (const socket of sockets) socket.destroy();
  await rig.until(() => rig.server.sessions === 1);
  await rig.close();
});
