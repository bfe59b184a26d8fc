import assert from "node:assert/strict";
import { utf8 } from "../base/bytes.ts";
import { SeededRng } from "../base/rng.ts";
import { EXAMPLES } from "./examples.ts";
import { sessionSubject } from "./hub_bus.ts";
import type { JsonObject } from "./json_value.ts";
import { type Message, MESSAGE_TYPES } from "./messages/registry.ts";
import { messageToJson, writeMessage } from "./parse_message.ts";
import { ANNA, BEN, EndpointPair, SESSION } from "./testing/endpoint_pair.ts";
import { HubNet, type HubNetOptions, relayOf } from "./testing/hub_net.ts";

const CARL = "cccccccc-cccc-4ccc-8ccc-cccccccccccc";
const OTHER_SESSION = "22222222-2222-4222-8222-222222222222";
const STREAM = "dddddddd-dddd-4ddd-8ddd-dddddddddddd";
const ALL = sessionSubject(SESSION);

function stop(timestamp = 1, session_id = SESSION): JsonObject {
  return { type: "STREAM_STOP", session_id, stream_id: STREAM, reason: "user_request", timestamp, extra: "kept" };
}

function heartbeat(peer_id: string, sequence = 1, timestamp = 5): JsonObject {
  return { type: "HEARTBEAT", session_id: SESSION, sequence, peer_id, timestamp };
}

function connect(peer_id = ANNA): JsonObject {
  const claimed = [{ id: "mine", address: "6.6.6.6", port: 1, priority: 0 }];
  return {
    ...messageToJson({ ...EXAMPLES.CONNECT.minimal, session_id: SESSION, peer_id }),
    network_info: { nat_type: "unknown", relay_servers: claimed },
    token: "secret",
    extra: "kept",
  };
}

/** Anna on channel 1 of the first server, Ben on channel 2 of the second, known to one another. */
function pair(options: HubNetOptions = {}): HubNet {
  const net = new HubNet(options);
  assert.equal(net.join(0, 1, SESSION, ANNA), undefined);
  assert.equal(net.join(1, 2, SESSION, BEN), undefined);
  net.run(1000);
  net.published.length = 0;
  return net;
}

Deno.test("ARC-TRANSPORT-nats-subjects ARC-TRANSPORT-nats-no-return: what a peer says to one at another server goes out once, on its subject, unchanged, and is not published again", () => {
  const net = pair();
  net.say(1, stop());
  net.run(10);
  assert.deepEqual(net.published, [{ hub: 0, subject: sessionSubject(SESSION, BEN), json: stop() }]);
  assert.deepEqual(net.told, [{ channel: 2, json: stop() }]);
  net.say(2, stop(2));
  net.run(10);
  assert.deepEqual(net.published.slice(1), [{ hub: 1, subject: sessionSubject(SESSION, ANNA), json: stop(2) }]);
  assert.deepEqual(net.told.slice(1), [{ channel: 1, json: stop(2) }]);
});

Deno.test("ARC-TRANSPORT-nats-forward ARC-TRANSPORT-server-relays: the server of the recipient puts relay_servers in, and the token stays with the sender's", () => {
  const net = pair();
  net.say(1, connect());
  net.run(10);
  const { token: _token, ...published } = connect();
  assert.deepEqual(net.published.map(({ json }) => json), [published]);
  const network_info = { nat_type: "unknown", relay_servers: [relayOf(1, BEN)] };
  assert.deepEqual(net.told, [{ channel: 2, json: { ...published, network_info } }]);
});

Deno.test("ARC-TRANSPORT-nats-optional: peers of one server need no bus: what they say stays there, and a bus that is down changes nothing", () => {
  const net = new HubNet();
  net.join(0, 1, SESSION, ANNA);
  net.join(0, 2, SESSION, BEN);
  for (const isUp of [true, false]) {
    net.setBus(isUp);
    net.published.length = 0;
    net.told.length = 0;
    net.say(1, stop());
    assert.deepEqual(net.told, [{ channel: 2, json: stop() }]);
    assert.deepEqual(net.published, []);
  }
});

Deno.test("ARC-TRANSPORT-nats-presence: a join, its repetitions and its end are told as HEARTBEATs on the subject for both", () => {
  const net = new HubNet();
  net.run(100);
  net.join(0, 1, SESSION, ANNA);
  net.run(10_000);
  net.leave(1);
  net.run(10_000);
  const told = (sequence: number) => ({ hub: 0, subject: ALL, json: heartbeat(ANNA, sequence, 1_700_000_000_100) });
  assert.deepEqual(net.published, [told(1), told(2), told(3), told(0)]);
});

Deno.test("ARC-TRANSPORT-nats-presence-answer: news is answered with the peers that one is there for, what is known is not", () => {
  const net = pair();
  const late = heartbeat(ANNA, 9, 1_700_000_000_000);
  net.inject(1, ALL, utf8(JSON.stringify(late)));
  assert.equal(net.published.length, 0);
  net.leave(2);
  net.run(10);
  net.published.length = 0;
  net.join(1, 3, SESSION, BEN);
  net.run(10);
  const places = net.published.map(({ hub, json }) => [hub, json.peer_id, Number(json.sequence) > 0]);
  assert.deepEqual(places, [[1, BEN, true], [0, ANNA, true], [1, BEN, true]]);
});

Deno.test("ARC-TRANSPORT-nats-presence-end ARC-TRANSPORT-server-lone-heartbeat: answered by the server until another one has the other peer, and again when it has gone", () => {
  const net = new HubNet();
  net.join(0, 1, SESSION, ANNA);
  net.say(1, heartbeat(ANNA));
  assert.deepEqual(net.types(1), ["HEARTBEAT_ACK"]);
  net.join(1, 2, SESSION, BEN);
  net.run(10);
  net.say(1, heartbeat(ANNA, 2));
  net.run(10);
  assert.deepEqual(net.types(1), ["HEARTBEAT_ACK"]);
  assert.deepEqual(net.types(2), ["HEARTBEAT"]);
  net.leave(2);
  net.run(10);
  net.say(1, heartbeat(ANNA, 3));
  assert.deepEqual(net.types(1), ["HEARTBEAT_ACK", "HEARTBEAT_ACK"]);
});

Deno.test("ARC-TRANSPORT-nats-presence-end: a server that has fallen silent has no peers any more, after 15 s", () => {
  const net = pair();
  net.isLost = ({ hub }) => hub === 1;
  net.run(13_000);
  net.say(1, heartbeat(ANNA, 2));
  assert.deepEqual(net.types(1), []);
  net.run(2000);
  net.say(1, heartbeat(ANNA, 3));
  assert.deepEqual(net.types(1), ["HEARTBEAT_ACK"]);
});

Deno.test("ARC-TRANSPORT-server-hold-connect: a CONNECT waits for a peer that joins at another server, whichever came first", () => {
  for (const calleeFirst of [false, true]) {
    const net = new HubNet();
    if (calleeFirst) net.join(1, 2, SESSION, BEN);
    net.run(1000);
    net.join(0, 1, SESSION, ANNA);
    net.say(1, connect());
    net.run(10);
    if (!calleeFirst) {
      assert.deepEqual(net.told, []);
      net.join(1, 2, SESSION, BEN);
      net.run(10);
    }
    assert.deepEqual(net.types(2), ["CONNECT"]);
    net.leave(2);
    net.join(1, 3, SESSION, BEN);
    net.run(10);
    assert.deepEqual(net.types(3), [], "it is delivered once");
  }
});

Deno.test("ARC-TRANSPORT-nats-third: a third peer at a third server is told that it is busy, and closed; so is one that meets a peer who is away", () => {
  for (const benIsAway of [false, true]) {
    const net = pair({ hubs: 3 });
    if (benIsAway) net.leave(2);
    assert.equal(net.join(2, 3, SESSION, CARL), undefined);
    net.run(10);
    assert.deepEqual(net.told.map(({ channel, json }) => [channel, json.type, json.code]), [[3, "ERROR", "busy"]]);
    assert.deepEqual(net.closed, [{ channel: 3, why: "the session has its two peers" }]);
    if (benIsAway) assert.equal(net.join(1, 4, SESSION, BEN), undefined);
    net.run(10);
    net.say(1, stop());
    net.run(10);
    assert.deepEqual(net.told.slice(1), [{ channel: benIsAway ? 4 : 2, json: stop() }]);
  }
});

Deno.test("ARC-TRANSPORT-nats-third: of three that join at the same time all servers turn away the same one", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const net = new HubNet({ hubs: 3, seed, delayMs: 50 });
    const rng = new SeededRng(seed);
    const peers = [ANNA, BEN, CARL].map((peer, n) => ({ peer, n, atMs: rng.u32() % 4 }));
    for (const { peer, n, atMs } of peers.toSorted((a, b) => a.atMs - b.atMs)) {
      net.run(atMs - net.nowMs);
      net.join(n, n + 1, SESSION, peer);
    }
    net.run(1000);
    const last = peers.toSorted((a, b) => b.atMs - a.atMs || (a.peer > b.peer ? -1 : 1))[0];
    assert.deepEqual(net.closed.map(({ channel }) => channel), [last.n + 1], `seed ${seed}`);
  }
});

Deno.test("ARC-TRANSPORT-nats-moved: a peer that joins at another server takes its place over, and the session goes on", () => {
  const net = pair({ hubs: 3 });
  net.join(2, 3, SESSION, BEN);
  net.run(10);
  assert.deepEqual(net.closed, [{ channel: 2, why: "the peer has joined again at another server" }]);
  net.say(1, stop());
  net.say(3, stop(2));
  net.run(10);
  assert.deepEqual(net.told, [{ channel: 3, json: stop() }, { channel: 1, json: stop(2) }]);
  assert.equal(net.join(0, 4, SESSION, CARL), "busy", "the two are remembered");
  net.join(1, 5, SESSION, BEN);
  net.run(10);
  assert.deepEqual(net.closed.slice(1).map(({ channel }) => channel), [3], "and back again");
});

Deno.test("ARC-TRANSPORT-nats-moved: to the server of the other peer, which then needs no bus", () => {
  const net = pair();
  net.join(0, 3, SESSION, BEN);
  net.run(10);
  assert.deepEqual(net.closed.map(({ channel }) => channel), [2]);
  assert.equal(net.hubs[1].stats.sessions, 0);
  net.published.length = 0;
  net.say(1, stop());
  assert.deepEqual([net.told, net.published], [[{ channel: 3, json: stop() }], []]);
});

Deno.test("ARC-TRANSPORT-nats-loss: what the bus loses no server sends again", () => {
  const net = pair();
  net.isLost = ({ json }) => json.type === "STREAM_STOP" && json.timestamp === 1;
  net.say(1, stop());
  net.run(60_000);
  assert.equal(net.published.filter(({ json }) => json.type === "STREAM_STOP").length, 1);
  assert.deepEqual(net.told, []);
  net.say(1, stop(2));
  net.run(10);
  assert.deepEqual(net.told, [{ channel: 2, json: stop(2) }]);
});

Deno.test("a bus that comes back: servers tell at once who is where", () => {
  const net = pair();
  net.setBus(false);
  net.say(1, heartbeat(ANNA, 2));
  assert.deepEqual(net.types(1), ["HEARTBEAT_ACK"], "alone, as far as its server can know");
  net.say(1, connect());
  net.setBus(true);
  net.run(10);
  assert.deepEqual(net.types(2), ["CONNECT"]);
});

/** Two whole endpoints at two hubs, over a bus that loses and reorders. */
function callOver(seed: number, loss: number): { readonly pair: EndpointPair; readonly net: HubNet } {
  const net = new HubNet({ seed, loss, delayMs: 100 });
  const pair = new EndpointPair({ seed });
  pair.isLost = (side, message: Message) => {
    net.say(side === "anna" ? 1 : 2, messageToJson(message));
    return true;
  };
  net.onTold = ({ channel, json }) => pair.inject(channel === 1 ? "anna" : "ben", JSON.stringify(json));
  net.join(0, 1, SESSION, ANNA);
  net.join(1, 2, SESSION, BEN);
  pair.up("ben");
  pair.up("anna");
  for (let ms = 0; ms < 120_000 && !(pair.anna.state === "connected" && pair.ben.state === "connected"); ms += 10) {
    pair.run(10);
    net.run(10);
  }
  return { pair, net };
}

Deno.test("ARC-TRANSPORT-nats-loss: two peers at two servers agree, though one message in ten is lost and all are reordered: they repeat", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const { pair } = callOver(seed, 0.1);
    const masters = [pair.masters.anna.get(0), pair.masters.ben.get(0)];
    assert.deepEqual([pair.anna.state, pair.ben.state], ["connected", "connected"], `seed ${seed}`);
    assert.ok(masters[0] !== undefined && masters[0] === masters[1], `seed ${seed}`);
  }
});

Deno.test("ARC-TRANSPORT-nats-validate: what is malformed, foreign, out of place or from a third is dropped without an answer", () => {
  const net = pair();
  const subject = sessionSubject(SESSION, ANNA);
  const text = (json: JsonObject) => JSON.stringify(json);
  const bad: readonly (readonly [string, string])[] = [
    [subject, ""],
    [subject, "{"],
    [subject, text({ type: "STREAM_STOP" })],
    [subject, text({ ...stop(), pad: "x".repeat(70_000) })],
    [subject, text(stop(1, OTHER_SESSION))],
    [subject, text(heartbeat(ANNA))],
    [subject, text(heartbeat(CARL))],
    [subject, text({ ...heartbeat(BEN), session_id: "00000000-0000-0000-0000-000000000000" })],
    [subject, writeMessage({ ...EXAMPLES.METRICS.minimal, session_id: SESSION, peer_id: BEN })],
    ...MESSAGE_TYPES.filter((type) => type.startsWith("RELAY_"))
      .map((type) => [subject, writeMessage({ ...EXAMPLES[type].full, session_id: SESSION } as Message)] as const),
    [sessionSubject(SESSION, BEN), text(stop())],
    [sessionSubject(SESSION, "all.all"), text(stop())],
    [sessionSubject(OTHER_SESSION, ANNA), text(stop(1, OTHER_SESSION))],
    [ALL, text({ ...heartbeat(BEN), peer_id: undefined as never })],
    ["arcrtc.server.x.status", text(stop())],
  ];
  for (const [to, sent] of bad) net.inject(0, to, utf8(sent));
  net.run(1000);
  assert.deepEqual([net.told, net.published, net.closed], [[], [], []]);
  assert.equal(net.hubs[0].busStats?.dropped, bad.length);
  net.inject(0, ALL, utf8(text(stop())));
  assert.deepEqual(net.told, [{ channel: 1, json: stop() }], "the subject for both");
});

Deno.test("ARC-TRANSPORT-server-rate: what comes from the bus for a session is limited too", () => {
  const net = pair({ limits: { messagesPerSecond: 10 } });
  for (let i = 0; i < 1000; i++) net.inject(0, sessionSubject(SESSION, ANNA), utf8(JSON.stringify(stop())));
  assert.equal(net.told.length, 40);
});
