import assert from "node:assert/strict";
import { SeededRng } from "../base/rng.ts";
import type { Heartbeat, HeartbeatAck } from "../signaling/messages/heartbeat.ts";
import type { PathEvent } from "./path_events.ts";
import { PathSet } from "./paths.ts";

const SESSION = "11111111-1111-4111-8111-111111111111";
const ANNA = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
const heardAt = (address: number) => ({ kind: "direct", priority: 0xffff, address }) as const;
const OFFSET = 1_700_000_000_000;

const DIRECT = { kind: "direct", priority: 0, address: 1 } as const;
const RELAY = { kind: "relay", priority: 1, address: 2 } as const;
const RELAY_2 = { kind: "relay", priority: 2, address: 3 } as const;

/** A path set on virtual time; `reach` says which addresses answer, after how long. */
class World {
  readonly paths = new PathSet(SESSION, ANNA, new SeededRng(1), OFFSET);
  readonly reach = new Map<number, number>();
  readonly sent: { atMs: number; address: number; message: Heartbeat | HeartbeatAck }[] = [];
  readonly events: string[] = [];
  readonly raw: PathEvent[] = [];
  /** The peer's clock less ours. */
  peerAheadMs = 0;
  nowMs = 0;
  readonly #answers: { atMs: number; address: number; ack: HeartbeatAck }[] = [];

  drain(): void {
    for (let out = this.paths.poll(); out !== undefined; out = this.paths.poll()) {
      if (out.kind === "event") {
        this.raw.push(out.event);
        this.events.push(`${this.nowMs} ${out.event.kind}${addressOf(out.event)}`);
        continue;
      }
      if (out.kind === "forgotten") continue;
      this.sent.push({ atMs: this.nowMs, address: out.address, message: out.message });
      const delayMs = this.reach.get(out.address);
      if (out.message.type !== "HEARTBEAT" || delayMs === undefined) continue;
      const { session_id, sequence, challenge, timestamp } = out.message;
      const response_timestamp = OFFSET + this.nowMs + delayMs / 2 + this.peerAheadMs;
      this.#answers.push({
        atMs: this.nowMs + delayMs,
        address: out.address,
        ack: {
          type: "HEARTBEAT_ACK",
          session_id,
          sequence,
          challenge,
          original_timestamp: timestamp,
          response_timestamp,
          latency_ms: response_timestamp - timestamp,
        },
      });
    }
  }

  run(forMs: number): void {
    const untilMs = this.nowMs + forMs;
    for (;;) {
      this.drain();
      this.#answers.sort((a, b) => a.atMs - b.atMs);
      const nextMs = Math.min(this.paths.nextTimeoutMs() ?? Infinity, this.#answers[0]?.atMs ?? Infinity);
      if (nextMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, nextMs);
      const answer = this.#answers[0];
      if (answer !== undefined && answer.atMs <= this.nowMs) {
        this.#answers.shift();
        this.paths.onHeartbeatAck(answer.address, answer.ack, this.nowMs);
      } else this.paths.timeout(this.nowMs);
    }
    this.nowMs = untilMs;
  }

  beats(address: number): number[] {
    return this.sent.filter((out) => out.address === address && out.message.type === "HEARTBEAT")
      .map((out) => out.atMs);
  }
}

function addressOf(event: PathEvent): string {
  return "path" in event && typeof event.path === "object" ? ` ${event.path.address}` : "";
}

function bestOf(world: World): number | undefined {
  return world.paths.best?.address;
}

Deno.test("ARC-PATH-probe-all ARC-PATH-probe-interval: all at once, every 50 ms for 500 ms, then doubling up to 10 s", () => {
  const world = new World();
  world.paths.offer(DIRECT, 0);
  world.paths.offer(RELAY, 0);
  world.run(60_000);
  const beats = world.beats(1);
  assert.deepEqual(world.beats(2), beats);
  assert.deepEqual(beats.slice(0, 11), [0, 50, 100, 150, 200, 250, 300, 350, 400, 450, 500]);
  const gaps = beats.slice(1).map((atMs, i) => atMs - beats[i]).slice(10);
  assert.deepEqual(gaps, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000, 10_000].slice(0, gaps.length));
  assert.ok(gaps.at(-1) === 10_000);
  assert.equal(world.paths.best, undefined);
});

Deno.test("ARC-PATH-validated-only: only our own challenge, answered from that address, makes a path valid", () => {
  const world = new World();
  world.paths.offer(DIRECT, 0);
  world.drain();
  const beat = world.sent[0].message as Heartbeat;
  const ack: HeartbeatAck = {
    type: "HEARTBEAT_ACK",
    session_id: SESSION,
    sequence: beat.sequence,
    challenge: beat.challenge,
    original_timestamp: 0,
    response_timestamp: 0,
    latency_ms: 0,
  };
  world.paths.onHeartbeatAck(1, { ...ack, challenge: "0000000000000000" }, 1);
  world.paths.onHeartbeatAck(1, { ...ack, challenge: undefined }, 1);
  world.paths.onHeartbeatAck(9, ack, 1);
  assert.equal(world.paths.isValid(1), false);
  world.paths.onHeartbeatAck(1, ack, 2);
  assert.equal(world.paths.isValid(1), true);
  assert.equal(world.paths.best?.address, 1);
});

Deno.test("ARC-PATH-first-valid ARC-PATH-relay-order: the first valid path, then the better one when it becomes valid", () => {
  const world = new World();
  world.reach.set(3, 5).set(2, 20).set(1, 120);
  for (const path of [DIRECT, RELAY, RELAY_2]) world.paths.offer(path, 0);
  world.run(1000);
  assert.deepEqual(world.events.filter((event) => event.includes("chosen")), [
    "5 chosen 3",
    "20 chosen 2",
    "120 chosen 1",
  ]);
});

Deno.test("ARC-PATH-failover ARC-PATH-down: three unanswered heartbeats, and the next best takes over in under 2 s", () => {
  const world = new World();
  world.reach.set(1, 30).set(2, 30);
  world.paths.offer(DIRECT, 0);
  world.paths.offer(RELAY, 0);
  world.run(20_000);
  world.reach.delete(1);
  const cutMs = world.nowMs;
  world.run(5000);
  assert.equal(world.paths.best?.address, 2);
  const chosen = Number(world.events.filter((event) => event.includes("chosen 2")).at(-1)?.split(" ")[0]);
  assert.ok(chosen - cutMs < 2000, `failover took ${chosen - cutMs} ms`);
  world.reach.set(1, 30);
  world.run(11_000);
  assert.equal(world.paths.best?.address, 1, "back to the better path");
});

Deno.test("ARC-PATH-no-media-without-path: with the last path down there is none, until one answers again", () => {
  const world = new World();
  world.reach.set(1, 30);
  world.paths.offer(DIRECT, 0);
  world.run(5000);
  world.reach.clear();
  world.run(3000);
  assert.ok(world.paths.best === undefined);
  assert.equal(world.raw.at(-1)?.kind, "none");
  world.reach.set(1, 30);
  world.run(11_000);
  assert.equal(bestOf(world), 1);
});

Deno.test("ARC-PATH-keepalive ARC-PATH-keepalive-fast: every second while something comes, every 100 ms in silence", () => {
  const world = new World();
  world.reach.set(1, 10);
  world.paths.offer(DIRECT, 0);
  for (let i = 0; i < 100; i++) {
    world.run(100);
    world.paths.received(1, world.nowMs);
  }
  const busy = world.beats(1).filter((atMs) => atMs > 5000);
  assert.deepEqual(new Set(busy.slice(1).map((atMs, i) => atMs - busy[i])), new Set([1000]));
  const world2 = new World();
  world2.reach.set(1, 10);
  world2.paths.offer(DIRECT, 0);
  world2.run(1000);
  world2.reach.clear();
  world2.run(1100);
  const down = world2.events.find((event) => event.includes("down"));
  const silent = world2.beats(1).filter((atMs) => atMs > 1000 && atMs <= Number(down?.split(" ")[0]));
  assert.ok(silent.length >= 3 && silent.slice(1).every((atMs, i) => atMs - silent[i] === 100), silent.join(" "));
});

Deno.test("ARC-PATH-new-address ARC-PATH-pending-limit: unknown addresses are answered, and at most 4 are probed", () => {
  const world = new World();
  const beat: Heartbeat = {
    type: "HEARTBEAT",
    session_id: SESSION,
    sequence: 4,
    challenge: "00112233445566aa",
    timestamp: 5,
  };
  for (let address = 10; address < 20; address++) world.paths.onHeartbeat(heardAt(address), beat, 0);
  world.drain();
  const acks = world.sent.filter((out) => out.message.type === "HEARTBEAT_ACK");
  assert.equal(acks.length, 10);
  assert.ok(acks.every((out) => out.message.challenge === beat.challenge && out.message.sequence === 4));
  const probed = new Set(world.sent.filter((out) => out.message.type === "HEARTBEAT").map((out) => out.address));
  assert.equal(probed.size, 4);
});

Deno.test("memory is bounded, and offered paths stay", () => {
  const world = new World();
  world.paths.offer(DIRECT, 0);
  const beat: Heartbeat = { type: "HEARTBEAT", session_id: SESSION, sequence: 4, timestamp: 5 };
  world.reach.set(1, 10);
  for (let address = 10; address < 500; address++) {
    world.reach.set(address, 10);
    world.paths.onHeartbeat(heardAt(address), beat, world.nowMs);
    world.run(50);
    world.reach.delete(address);
  }
  world.run(3000);
  const probed = new Set(world.sent.filter((out) => out.message.type === "HEARTBEAT").map((out) => out.address));
  assert.ok(probed.has(1) && world.paths.best?.address === 1);
});

Deno.test("ARC-PATH-clock-offset: the peer's clock less ours, at the least round trip", () => {
  const world = new World();
  world.peerAheadMs = 1234;
  world.reach.set(1, 40);
  world.paths.offer(DIRECT, 0);
  world.run(3000);
  assert.ok(Math.abs((world.paths.clockOffsetMs ?? NaN) - 1234) < 1);
  assert.ok(Math.abs((world.paths.rttMs ?? NaN) - 40) < 1);
});

Deno.test("ARC-PATH-told-address: addresses that were told are probed under the limit for those that were heard", () => {
  const world = new World();
  for (let address = 10; address < 13; address++) world.paths.told(heardAt(address), 0);
  const beat: Heartbeat = { type: "HEARTBEAT", session_id: SESSION, sequence: 4, timestamp: 5 };
  for (let address = 20; address < 23; address++) world.paths.onHeartbeat(heardAt(address), beat, 0);
  world.drain();
  const probed = new Set(world.sent.filter((out) => out.message.type === "HEARTBEAT").map((out) => out.address));
  assert.deepEqual([...probed], [10, 11, 12, 20]);
});

Deno.test("ARC-PATH-tell-address: news of our address go with heartbeats through relays, and with no others", () => {
  const world = new World();
  const news = { public_ip: "198.51.100.1", public_port: 4000, nat_type: "cone" } as const;
  world.paths.news = news;
  world.paths.offer(DIRECT, 0);
  world.paths.offer({ ...RELAY, relayId: "r1" }, 0);
  world.run(500);
  const told = (address: number) =>
    world.sent.filter((out) => out.address === address && out.message.type === "HEARTBEAT")
      .map((out) => (out.message as Heartbeat).network_info);
  assert.deepEqual(new Set(told(1)), new Set([undefined]));
  assert.ok(told(2).every((info) => info === news) && told(2).length > 5);
});

Deno.test("a path that the other peer is heard on is probed at once, however rarely it has been before", () => {
  const world = new World();
  world.paths.offer(DIRECT, 0);
  world.run(30_000);
  world.drain();
  const before = world.beats(1).length;
  const beat: Heartbeat = { type: "HEARTBEAT", session_id: SESSION, sequence: 4, timestamp: 5 };
  world.reach.set(1, 30);
  world.paths.onHeartbeat(DIRECT, beat, world.nowMs);
  world.run(100);
  assert.ok(world.beats(1).length > before);
  assert.equal(bestOf(world), 1);
});

Deno.test("an unanswered burst is told of once, and a path whose connection ends gives way at once", () => {
  const world = new World();
  world.reach.set(2, 30);
  world.paths.offer(DIRECT, 0);
  world.paths.offer(RELAY, 0);
  world.run(20_000);
  const unanswered = world.raw.filter((event) => event.kind === "unanswered");
  assert.deepEqual(unanswered, [{ kind: "unanswered", path: DIRECT, probes: 11 }]);
  world.paths.remove(RELAY.address, world.nowMs);
  world.drain();
  assert.deepEqual(world.raw.slice(-2).map((event) => event.kind), ["down", "none"]);
  assert.equal(world.paths.all.length, 1);
});
