import assert from "node:assert/strict";
import { NetError } from "./net_error.ts";
import { parseProbeTarget } from "./probe_target.ts";
import type { ProbeChannelEvents } from "./probe_channel.ts";
import { chooseWay, type ProbeSettings } from "./probe_ways.ts";
import {
  framed,
  nobodysPort,
  probeSettings,
  tcpPeer,
  type TestPeer,
  udpPeer,
  webSocketPeer,
} from "./testing/probe_peer.ts";
import { SECRET } from "../relay/testing/relay_world.ts";
import { RelayRig } from "./testing/relay_rig.ts";
import { Rig, testIdentity } from "./testing/signaling_rig.ts";
import type { TlsTrust } from "./open_stream.ts";

const DEAF: ProbeChannelEvents = { unit() {}, echo() {}, refused() {}, arrived() {}, closed() {} };

/** The way that is found to a URL, and those before it. */
async function found(url: string, settings: Partial<ProbeSettings> = {}, trust: TlsTrust = {}) {
  const target = parseProbeTarget(url, { trust });
  const { way, channel, failed, ip } = await chooseWay(target, probeSettings(settings), DEAF);
  channel.close();
  return { label: way.label, failed: failed.map(({ label }) => label), whys: failed.map(({ why }) => why), ip };
}

async function withPeer(peer: TestPeer, use: (peer: TestPeer) => Promise<void>): Promise<void> {
  try {
    await use(peer);
  } finally {
    await peer.close();
  }
}

Deno.test("probe ways: a server of ours answers HEARTBEATs on every transport, nothing joined", async () => {
  const rig = await Rig.start();
  const secure = await Rig.start({ tls: await testIdentity() });
  try {
    const { phoenix, plain, stream, udp } = rig.server.urls;
    for (const url of [phoenix, plain, stream, udp]) {
      assert.deepEqual(await found(url ?? ""), { label: "HEARTBEAT", failed: [], whys: [], ip: "127.0.0.1" });
    }
    const trust = { pinSha256: (await testIdentity()).fingerprintSha256 };
    for (const url of [secure.server.urls.phoenix, secure.server.urls.stream]) {
      assert.equal((await found(url ?? "", {}, trust)).label, "HEARTBEAT");
    }
    assert.equal(rig.events.filter(({ event }) => event === "joined").length, 0);
  } finally {
    await rig.close();
    await secure.close();
  }
});

Deno.test("probe ways: a Phoenix server that wants its topic joined is asked in one", async () => {
  const joined = new Set<string>();
  const peer = await webSocketPeer((text) => {
    const [joinRef, ref, topic, event, payload] = JSON.parse(text);
    const reply = (status: string, response: unknown) =>
      JSON.stringify([joinRef, ref, topic, "phx_reply", { status, response }]);
    if (event === "phx_join") joined.add(topic);
    if (!joined.has(topic)) return [reply("error", { reason: "unmatched topic" })];
    if (event !== "HEARTBEAT") return [reply("ok", {})];
    const ack = {
      type: "HEARTBEAT_ACK",
      session_id: payload.session_id,
      sequence: payload.sequence,
      challenge: payload.challenge,
      original_timestamp: payload.timestamp,
      response_timestamp: payload.timestamp,
      latency_ms: 0,
    };
    return [reply("ok", {}), JSON.stringify([joinRef, null, topic, "HEARTBEAT_ACK", ack])];
  });
  await withPeer(peer, async ({ url }) => {
    const { label, failed } = await found(url);
    assert.deepEqual([label, failed], ["HEARTBEAT in a joined topic", ["HEARTBEAT"]]);
  });
});

Deno.test("probe ways: a WebSocket server without HEARTBEATs is pinged, and it is said why", async () => {
  await withPeer(await webSocketPeer(() => []), async ({ url }) => {
    const { label, failed, whys } = await found(url, { timeoutMs: 150 });
    assert.deepEqual([label, failed], ["WebSocket ping", ["HEARTBEAT", "HEARTBEAT in a joined topic"]]);
    assert.match(whys[0], /no answer within 150 ms/);
    assert.equal((await found(`${url}/plain`, { timeoutMs: 150 })).label, "WebSocket ping");
  });
});

Deno.test("probe ways: what takes TCP connections and nothing else is timed by them", async () => {
  await withPeer(await tcpPeer((_chunk, socket) => socket.end("what?")), async ({ url }) => {
    const { label, failed, whys } = await found(url);
    assert.deepEqual([label, failed], ["TCP connect", ["HEARTBEAT"]]);
    assert.match(whys[0], /it ended the connection/);
  });
});

Deno.test("probe ways: a peer that answers with an ERROR does not know HEARTBEATs, unless it only limits us", async () => {
  const erring = (code: string) =>
    tcpPeer((_chunk, socket) =>
      socket.write(framed(JSON.stringify({ type: "ERROR", code, message: "no", timestamp: 1 })))
    );
  await withPeer(await erring("unknown_type"), async ({ url }) => {
    const { label, whys } = await found(url);
    assert.equal(label, "TCP connect");
    assert.match(whys[0], /it answers unknown_type: no/);
  });
  await withPeer(await erring("rate_limited"), async ({ url }) => {
    assert.equal((await found(url)).label, "HEARTBEAT");
  });
});

Deno.test("probe ways: one lost datagram is not the end of UDP", async () => {
  const peer = udpPeer((_heartbeat, i, good) => i === 0 ? [] : [good()], { greets: false });
  await withPeer(peer, async ({ url }) => assert.equal((await found(url)).label, "HEARTBEAT"));
});

Deno.test("probe ways: through a relay, with its secret; with another one it refuses", async () => {
  const rig = await RelayRig.start();
  try {
    const name = `relay://127.0.0.1:${rig.server.listening.udp[0].port}`;
    const through = async (relaySecret: Uint8Array) => {
      const { way, channel } = await chooseWay(parseProbeTarget(name, { relaySecret }), probeSettings(), DEAF);
      channel.close();
      return way.label;
    };
    assert.equal(await through(SECRET), "HEARTBEAT through the relay");
    const wrong = (error: unknown) =>
      error instanceof NetError && error.kind === "refused" && /unauthorized/.test(error.message);
    await assert.rejects(through(new Uint8Array(32)), wrong);
    assert.equal((await found(name.replace("relay:", "udp:"))).label, "HEARTBEAT");
  } finally {
    await rig.close();
  }
});

Deno.test("probe ways: nobody there is unreachable, with every way's trouble; a wanted method does not fall back", async () => {
  const port = await nobodysPort();
  const isUnreachable = (words: RegExp) => (error: unknown) =>
    error instanceof NetError && error.kind === "unreachable" && words.test(error.message);
  await assert.rejects(found(`tcp://127.0.0.1:${port}`), isUnreachable(/\(HEARTBEAT, TCP connect: \S.*\)$/));
  await assert.rejects(
    found(`udp://127.0.0.1:${port}`, { timeoutMs: 100 }),
    isUnreachable(/HEARTBEAT: no answer within 100 ms; TCP connect: /),
  );
  await assert.rejects(found("udp://name.invalid:5"), isUnreachable(/cannot find name\.invalid/));
  await withPeer(await tcpPeer(() => {}), async ({ url }) => {
    const silent = { timeoutMs: 100, method: "heartbeat" } as const;
    await assert.rejects(found(url, silent), isUnreachable(/HEARTBEAT: no answer within 100 ms\)$/));
    assert.equal((await found(url, { method: "tcp-connect" })).label, "TCP connect");
  });
});

Deno.test("probe ways: a certificate that is not trusted is not walked around", async () => {
  const rig = await Rig.start({ tls: await testIdentity() });
  try {
    for (const url of [rig.server.urls.stream, rig.server.urls.plain, rig.server.urls.phoenix]) {
      await assert.rejects(
        found(url ?? "", {}, { pinSha256: "00".repeat(32) }),
        (error) => error instanceof NetError && error.kind === "untrusted",
      );
    }
  } finally {
    await rig.close();
  }
});
