import assert from "node:assert/strict";
import { type JoinAuth, jwtAuth } from "./join_auth.ts";
import { secretKeySource } from "./jwt_keys.ts";
import {
  ANNA,
  BEN,
  CARL,
  connect,
  heartbeat,
  NIL,
  OTHER_SESSION,
  Rig,
  SECRET,
  SESSION,
  stop,
  token,
} from "./testing/signaling_rig.ts";

const JWT_AUTH = jwtAuth(secretKeySource(SECRET));

for (const via of ["plain", "stream"] as const) {
  Deno.test(`ARC-TRANSPORT-server-jwt ARC-TRANSPORT-plain-join: no join without a good token; the two inside go on (${via})`, async () => {
    const rig = await Rig.start({ auth: JWT_AUTH });
    const [anna, ben] = [await rig.connect(via), await rig.connect(via)];
    anna.say(heartbeat(SESSION, ANNA, { token: await token() }));
    assert.equal((await anna.next()).type, "HEARTBEAT_ACK");
    ben.say(connect(SESSION, BEN, { token: await token({ peer: BEN }) }));
    assert.equal((await anna.next()).peer_id, BEN);

    const stranger = await rig.connect(via);
    const expired = await token({ session: OTHER_SESSION, peer: CARL, exp: 1000 });
    const refused: [Record<string, string>, RegExp][] = [
      [{}, /a token is needed/],
      [{ token: "x" }, /not a JWT/],
      [{ token: await token() }, /another session/],
      [{ token: await token({ session: OTHER_SESSION }) }, /another peer/],
      [{ token: expired }, /has expired/],
      [{ token: await token({ session: OTHER_SESSION, peer: CARL, secret: SECRET.toUpperCase() }) }, /not signed with/],
      [{ token: await token({ session: OTHER_SESSION, peer: CARL, alg: "HS512" }) }, /does not choose its algorithm/],
    ];
    for (const [i, [fields, why]] of refused.entries()) {
      const make = i % 2 === 0 ? heartbeat : connect;
      const message = make(OTHER_SESSION, CARL, fields);
      stranger.say(message);
      const answer = await stranger.next();
      assert.deepEqual([answer.code, answer.session_id], ["unauthorized", OTHER_SESSION]);
      assert.deepEqual(answer.in_reply_to, { type: message.type, timestamp: message.timestamp });
      assert.match(String(answer.message), why);
    }
    stranger.say(heartbeat(NIL));
    assert.equal((await stranger.next()).type, "HEARTBEAT_ACK", "measuring needs no token");
    stranger.say(heartbeat(OTHER_SESSION, CARL, { token: await token({ session: OTHER_SESSION, peer: CARL }) }));
    assert.equal((await stranger.next()).type, "HEARTBEAT_ACK");
    assert.equal(rig.server.sessions, 2);

    anna.say(stop());
    assert.deepEqual(await ben.next(), stop());
    assert.deepEqual([anna.unread, ben.unread], [[], []]);
    const log = JSON.stringify(rig.events);
    assert.ok(!log.includes(expired) && !log.includes("eyJ"), "no token in the log");
    assert.equal(
      rig.events.filter((event) => event.event === "join_refused").length,
      5,
      "the log is not the stranger's",
    );
    await rig.close();
  });
}

Deno.test("ARC-TRANSPORT-plain-join: on WebSocket the token may be in the query", async () => {
  const rig = await Rig.start({ auth: JWT_AUTH });
  const jwt = await token();
  const anna = await rig.connect("plain", { token: jwt });
  anna.say(heartbeat());
  assert.equal((await anna.next()).type, "HEARTBEAT_ACK");
  assert.ok(!anna.link?.name.includes("token"));
  await rig.close();
});

/** Joins wait until they are let go. */
function slowAuth() {
  const waiting: ((why: string | undefined) => void)[] = [];
  const auth: JoinAuth = { name: "slow", judge: () => new Promise((resolve) => waiting.push(resolve)) };
  let asked: () => void = () => {};
  return {
    auth: {
      name: auth.name,
      judge: (...args: Parameters<JoinAuth["judge"]>) => {
        const verdict = auth.judge(...args);
        asked();
        return verdict;
      },
    },
    asked: () => waiting.length > 0 ? Promise.resolve() : new Promise<void>((resolve) => asked = resolve),
    decide: (why?: string) => waiting.shift()?.(why),
  };
}

for (const via of ["plain", "stream"] as const) {
  Deno.test(`what comes while a join is judged waits, in order (${via})`, async () => {
    const slow = slowAuth();
    const rig = await Rig.start({ auth: slow.auth });
    const anna = await rig.connect(via);
    for (let sequence = 0; sequence < 10; sequence++) anna.say(heartbeat(SESSION, ANNA, { sequence }));
    anna.sayText("garbage");
    await slow.asked();
    assert.deepEqual(anna.unread, []);
    slow.decide();
    for (let sequence = 0; sequence < 10; sequence++) assert.equal((await anna.next()).sequence, sequence);
    assert.equal((await anna.next()).code, "bad_json");
    await rig.close();
  });

  Deno.test(`more than can wait ends the connection; a decision after its end changes nothing (${via})`, async () => {
    const slow = slowAuth();
    const rig = await Rig.start({ auth: slow.auth });
    const anna = await rig.connect(via);
    for (let sequence = 0; sequence < 40; sequence++) anna.say(heartbeat(SESSION, ANNA, { sequence }));
    await anna.end();
    await rig.until(() => rig.server.connections === 0);
    const [closed] = rig.events.filter((event) => event.event === "closed");
    assert.ok(closed.event === "closed" && /before the join was decided/.test(closed.why));
    slow.decide();
    await Promise.resolve();
    assert.equal(rig.server.sessions, 0);
    await rig.close();
  });
}

Deno.test("a Phoenix socket that ends while its join is judged leaves nothing behind", async () => {
  const slow = slowAuth();
  const rig = await Rig.start({ auth: slow.auth });
  const socket = new WebSocket(rig.url("phoenix"));
  await new Promise((resolve) => socket.onopen = resolve);
  socket.send(JSON.stringify(["1", "1", `arcrtc:${SESSION}`, "phx_join", { peer_id: ANNA }]));
  await slow.asked();
  const closed = new Promise((resolve) => socket.onclose = resolve);
  socket.close();
  await closed;
  await rig.until(() => rig.server.connections === 0);
  slow.decide();
  await Promise.resolve();
  assert.equal(rig.server.sessions, 0);
  assert.match(rig.server.metricsText(), /joins_total\{outcome="ok"\} 0\n/);
  await rig.close();
});

Deno.test("a failure of the judge ends that connection, is logged, and nobody else notices", async () => {
  const auth: JoinAuth = {
    name: "broken",
    judge: ({ peerId }) => peerId === CARL ? Promise.reject(new Error("the disk is full")) : undefined,
  };
  const rig = await Rig.start({ auth });
  const [anna, ben] = [await rig.join("plain", ANNA), await rig.join("stream", BEN)];
  const carl = await rig.connect("plain");
  carl.say(heartbeat(OTHER_SESSION, CARL));
  assert.match(await carl.end(), /internal failure/);
  const [failed] = rig.events.filter((event) => event.event === "failed");
  assert.ok(failed.event === "failed" && failed.message.includes("the disk is full"));
  anna.say(stop());
  assert.deepEqual(await ben.nextOf("STREAM_STOP"), stop());
  await rig.close();
});
