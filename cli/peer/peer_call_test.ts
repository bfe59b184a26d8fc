import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { FIXTURES_DIRECTORY } from "../../lib/media/container/testing/media_fixtures.ts";
import { OPEN_AUTH } from "../../lib/net/join_auth.ts";
import { SignalingServer } from "../../lib/net/signaling_server.ts";
import { isWhole } from "./frame_ledger.ts";
import { loopbackCall, type Side } from "./testing/loopback_call.ts";
import { Watch } from "./testing/watch.ts";

const startServer = (port: number) =>
  SignalingServer.start({ auth: OPEN_AUTH, webSocket: { host: "127.0.0.1", port } });

const AUDIO = [["test:audio"], ["test:audio"]] as const;

const received = ({ ledger }: Side) => ledger.balance.received;

Deno.test("call: the server goes and comes back; media goes on all the while and the session resumes", async () => {
  const watch = new Watch();
  let server = await startServer(0);
  const url = server.urls.phoenix ?? "";
  const sides = loopbackCall({ url, sources: AUDIO }, watch);
  try {
    for (const { call } of sides) call.start();
    await watch.until(() => sides.every((side) => received(side) >= 10));

    await server.close();
    await watch.until(() => sides.every(({ signaling }) => signaling.some(({ kind }) => kind === "down")));
    const before = sides.map(received);
    await watch.until(() => sides.every((side, i) => received(side) >= before[i] + 20));
    assert.ok(sides.every(({ call }) => call.session.state === "reconnecting"));

    server = await startServer(Number(new URL(url).port));
    await watch.until(() => sides.every(({ events }) => events.some(({ kind }) => kind === "resumed")));
    const resumed = sides.map(received);
    await watch.until(() => sides.every((side, i) => received(side) >= resumed[i] + 20));
    assert.ok(sides.every(({ call }) => call.session.state === "connected"));

    sides[0].call.finish();
    const ends = await Promise.all(sides.map(({ call }) => call.ended));
    assert.deepEqual(ends.map((end) => end.kind === "closed" ? [end.why, end.byPeer] : end), [
      ["user_request", false],
      ["user_request", true],
    ]);
  } finally {
    for (const { call } of sides) call.hangUp("shutdown");
    await Promise.all(sides.map(({ call }) => call.ended));
    await server.close();
  }
  // The caller's last frames had time to arrive; the callee was cut off while sending.
  assert.ok(isWhole(sides[0].ledger.balance), JSON.stringify(sides[0].ledger.balance));
  assert.equal(sides[1].ledger.balance.different, 0);
});

Deno.test("call: new keys in the middle cost no frame", async () => {
  const watch = new Watch();
  const server = await startServer(0);
  const sides = loopbackCall({ url: server.urls.plain ?? "", sources: AUDIO }, watch);
  try {
    for (const { call } of sides) call.start();
    const rotated = () => sides.map(({ events }) => events.filter(({ kind }) => kind === "rotated").length);
    await watch.until(() => sides.every((side) => received(side) >= 5));
    const before = rotated();
    for (const i of [0, 1] as const) {
      sides[i].call.rotate();
      await watch.until(() => rotated().every((count, side) => count > before[side] + i));
      const atRotation = sides.map(received);
      await watch.until(() => sides.every((side, j) => received(side) >= atRotation[j] + 5));
    }
    sides[0].call.finish();
    await Promise.all(sides.map(({ call }) => call.ended));
    assert.ok(isWhole(sides[0].ledger.balance), JSON.stringify(sides[0].ledger.balance));
  } finally {
    for (const { call } of sides) call.hangUp("shutdown");
    await Promise.all(sides.map(({ call }) => call.ended));
    await server.close();
  }
});

Deno.test("call: a peer that is gone without a word is noticed, and the call ends as timed out", async () => {
  const watch = new Watch();
  const server = await startServer(0);
  const sides = loopbackCall({ url: server.urls.plain ?? "", sources: AUDIO, pathlessMs: 100 }, watch);
  try {
    for (const { call } of sides) call.start();
    await watch.until(() => sides.every((side) => received(side) >= 5));
    sides[1].kill();
    const end = await sides[0].call.ended;
    assert.deepEqual(end.kind === "closed" ? [end.why, end.byPeer] : end, ["timeout", false]);
    const paths = sides[0].events.filter((event) => event.kind === "path").map(({ event }) => event.kind);
    assert.deepEqual(paths.filter((kind) => kind === "down" || kind === "none"), ["down", "none"]);
    assert.ok(sides[0].call.stats, "the figures outlive the session");
    assert.equal((await sides[1].call.ended).kind, "failed");
  } finally {
    await server.close();
  }
});

Deno.test("ARC-QUALITY-adapt-cap call: the receiver's cap moves the sender to another rendition, at a key frame", async () => {
  const watch = new Watch();
  const server = await startServer(0);
  const renditions = ["vp9_320x180.ivf", "vp9_256x144.ivf", "vp9_160x90.ivf"]
    .map((file) => fileURLToPath(new URL(file, FIXTURES_DIRECTORY)));
  const [caller, callee] = loopbackCall({ url: server.urls.plain ?? "", sources: [renditions, []] }, watch);
  try {
    for (const { call } of [caller, callee]) call.start();
    await watch.until(() => received(caller) >= 3);
    const [[streamId, { set }]] = caller.call.ownStreams;
    assert.equal(set.rung, 0);
    callee.call.adaptQuality(streamId, { bitrate: 1000, resolution: "360p", fps: 30 });
    await watch.until(() => set.rung === 2);
    assert.ok(caller.media.some((event) => event.kind === "rung" && event.rung === 2 && event.because === "cap"));
    // Key frames are 60 frames apart.
    assert.equal(caller.ledger.balance.sent, 61);
    const before = received(caller);
    await watch.until(() => received(caller) >= before + 5);
    caller.call.finish();
    await Promise.all([caller.call.ended, callee.call.ended]);
    assert.ok(isWhole(caller.ledger.balance), JSON.stringify(caller.ledger.balance));
  } finally {
    for (const { call } of [caller, callee]) call.hangUp("shutdown");
    await Promise.all([caller, callee].map(({ call }) => call.ended));
    await server.close();
  }
});
