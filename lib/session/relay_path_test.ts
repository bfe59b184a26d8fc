/** Calls that need a relay, on virtual time: NATs of every kind, dead relays, better paths. SPEC 7, 8. */
import assert from "node:assert/strict";
import type { NatKind } from "../sim/nat.ts";
import type { PathEvent } from "./paths.ts";
import { SessionPair, type SimPeer } from "./testing/session_pair.ts";

const AUDIO = "a0a0a0a0-0000-4000-8000-000000000001";
const R1 = { id: "r1", ip: "203.0.113.1", priority: 1 };
const R2 = { id: "r2", ip: "203.0.113.2", priority: 2 };

/** Starts an Opus stream of made-up packets, one each 20 ms, for so long. */
function talk(pair: SessionPair, forMs: number): void {
  pair.anna.act((session, nowMs) => {
    session.startStream(
      {
        stream_id: AUDIO,
        stream_type: "audio",
        codec: { audio: { name: "opus", bitrate: 32_000, sample_rate: 48_000, channels: 1 } },
        ssrc: 77,
      },
      {},
      nowMs,
    );
  });
  const startMs = pair.nowMs;
  for (let i = 0; i * 20 < forMs; i++) {
    pair.network.clock.at(startMs + i * 20, () => {
      const data = new Uint8Array(60).fill(i & 0xff);
      data[0] = 0x78; // CELT, 20 ms, one frame
      const frame = {
        data,
        timestampTicks: i * 960,
        durationTicks: 960,
        keyframe: true,
        priority: 0,
        complete: true,
      } as const;
      pair.anna.act((session, nowMs) => session.sendFrame(AUDIO, "audio", frame, nowMs));
    });
  }
}

function heard(peer: SimPeer): number {
  return peer.media.filter((event) => event.kind === "frame").length;
}

function pathLog(peer: SimPeer): string[] {
  return peer.events.filter(({ event }) => event.kind === "path")
    .map(({ event }) => (event as { event: PathEvent }).event)
    .filter((event) => event.kind === "chosen")
    .map((event) => event.path.kind);
}

Deno.test("two peers behind NATs that know nothing of their addresses talk through the relay", () => {
  const kinds: NatKind[] = ["full_cone", "address_restricted", "port_restricted", "symmetric"];
  for (const anna of kinds) {
    for (const ben of kinds) {
      const pair = new SessionPair({ nats: { anna, ben }, relays: [R1] });
      pair.signalingUp();
      pair.run(1000);
      assert.equal(pair.anna.session.path?.kind, "relay", `${anna} to ${ben}`);
      talk(pair, 1000);
      pair.run(1500);
      assert.equal(heard(pair.ben), 50, `${anna} to ${ben}`);
      assert.ok(pair.relays[0].forwarded > 50);
    }
  }
});

Deno.test("ARC-PATH-relay-order: the relay of the lower priority number is preferred; direct beats both", () => {
  const behind = new SessionPair({ nats: { anna: "symmetric", ben: "symmetric" }, relays: [R2, R1] });
  behind.signalingUp();
  behind.run(1500);
  assert.equal(behind.anna.session.path?.priority, 1);
  const open = new SessionPair({ relays: [R1, R2] });
  open.signalingUp();
  open.run(1500);
  assert.equal(open.anna.session.path?.kind, "direct");
});

Deno.test("ARC-PATH-failover: the first relay dies mid-call and the second takes over in under 2 s, keys and numbers kept", () => {
  const pair = new SessionPair({ nats: { anna: "symmetric", ben: "port_restricted" }, relays: [R1, R2] });
  pair.signalingUp();
  pair.run(1500);
  talk(pair, 8000);
  pair.run(2000);
  const before = heard(pair.ben);
  pair.relays[0].isDead = true;
  pair.run(2000);
  const priority = () => pair.anna.session.path?.priority;
  assert.equal(priority(), 2);
  pair.run(4500);
  const lost = 400 - heard(pair.ben);
  assert.ok(before >= 95 && lost < 100, `${lost} of 400 frames lost: less than 2 s`);
  assert.equal(pair.ben.session.stats(pair.nowMs)?.drops.replay, undefined);
  pair.relays[0].isDead = false;
  pair.run(25_000);
  assert.equal(priority(), 1, "and back to the better one");
});

Deno.test("ARC-PATH-first-valid ARC-PATH-retry-better: a direct path that opens later is moved to", () => {
  const pair = new SessionPair({ seed: 2, relays: [R1] });
  pair.network.cut(pair.anna.host, pair.ben.host);
  pair.signalingUp();
  pair.run(1000);
  assert.equal(pair.anna.session.path?.kind, "relay");
  pair.network.cut(pair.anna.host, pair.ben.host, false);
  pair.run(11_000);
  assert.equal(pair.anna.session.path?.kind, "direct");
  assert.deepEqual(pathLog(pair.anna), ["relay", "direct"]);
});

Deno.test("what the relays saw is known: one's public addresses", () => {
  const pair = new SessionPair({ nats: { anna: "full_cone", ben: "symmetric" }, relays: [R1, R2] });
  pair.signalingUp();
  pair.run(1500);
  const [first, second] = pair.anna.session.observedAddresses;
  assert.equal(first.ip, "198.51.100.1");
  assert.deepEqual(second, first, "a cone shows one address to all");
  const [one, two] = pair.ben.session.observedAddresses;
  assert.notEqual(one.port, two.port, "a symmetric NAT one to each");
});
