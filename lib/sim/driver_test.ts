import assert from "node:assert/strict";
import { VirtualClock } from "./clock.ts";
import { Driver, type Machine } from "./driver.ts";
import { Network } from "./network.ts";

type PingInput = { readonly kind: "ping" | "pong" | "timeout"; readonly number: number };
type PingOutput = { readonly kind: "ping" | "pong"; readonly number: number };

/** Sends a ping each second, repeats it every 300 ms until its pong comes, and answers the other side's pings. */
class Pinger implements Machine<PingInput, PingOutput> {
  readonly outputs: PingOutput[] = [];
  number = 0;
  answered = 0;
  repeats = 0;
  #dueMs: number | undefined;
  #isWaiting = false;

  constructor(startMs: number | undefined) {
    this.#dueMs = startMs;
  }

  handle(input: PingInput, nowMs: number): void {
    if (input.kind === "ping") this.outputs.push({ kind: "pong", number: input.number });
    else if (input.kind === "pong" && this.#isWaiting && input.number === this.number) {
      this.#isWaiting = false;
      this.answered++;
      this.#dueMs = nowMs + 1000;
    } else if (input.kind === "timeout" && this.#dueMs !== undefined && nowMs >= this.#dueMs) {
      if (this.#isWaiting) this.repeats++;
      else this.number++;
      this.#isWaiting = true;
      this.outputs.push({ kind: "ping", number: this.number });
      this.#dueMs = nowMs + 300;
    }
  }

  poll(): PingOutput | undefined {
    return this.outputs.shift();
  }

  nextTimeoutMs(): number | undefined {
    return this.#dueMs;
  }
}

function pair(seed: number, lossRate: number, untilMs: number) {
  const network = new Network({ seed, link: { delayMs: 50, lossRate } });
  const driver = new Driver(network.clock);
  const machines = [new Pinger(0), new Pinger(undefined)];
  const hosts = [network.addHost("a", { ip: "1.1.1.1" }), network.addHost("b", { ip: "2.2.2.2" })];
  hosts.forEach((host, i) => {
    const socket = host.bindUdp(
      1,
      (data) => node.handle({ kind: data[0] === 1 ? "ping" : "pong", number: data[1] * 256 + data[2] }),
    );
    const node = driver.attach<PingInput, PingOutput>(machines[i], {
      expire: (nowMs) => machines[i].handle({ kind: "timeout", number: 0 }, nowMs),
      output: ({ kind, number }) =>
        socket.send(Uint8Array.of(kind === "ping" ? 1 : 2, number >> 8, number), hosts[1 - i].endpoint(1)),
    });
  });
  driver.runUntil(untilMs);
  return { network, machines };
}

Deno.test("Driver: two machines over a lossless link wake exactly when they asked", () => {
  const { machines: [a] } = pair(1, 0, 110_000);
  assert.equal(a.answered, 100);
  assert.equal(a.repeats, 0);
});

Deno.test("Driver: an hour over a lossy link; the same seed gives the same history", () => {
  const first = pair(2, 0.2, 3_600_000);
  const [a] = first.machines;
  assert.ok(a.repeats > 1000, `${a.repeats}`);
  // Each try fails with 1 - 0.8^2 = 0.36: 0.5625 repeats a ping on average.
  assert.ok(Math.abs(a.repeats / a.answered - 0.5625) < 0.05, `${a.repeats / a.answered}`);
  assert.equal(pair(2, 0.2, 3_600_000).network.traceHash, first.network.traceHash);
  assert.notEqual(pair(3, 0.2, 3_600_000).network.traceHash, first.network.traceHash);
});

Deno.test("Driver: a machine that asks for the past over and over is named instead of hanging the test", () => {
  const driver = new Driver(new VirtualClock());
  const spinning: Machine<never, never> = { handle() {}, poll: () => undefined, nextTimeoutMs: () => 0 };
  driver.attach(spinning, { expire: () => {}, output: () => {} });
  assert.throws(() => driver.runUntil(1), /spins at 0 ms/);
});

Deno.test("Driver: outputs that feed their own machine are carried out in order, each once", () => {
  const driver = new Driver(new VirtualClock());
  const queue: number[] = [];
  const machine: Machine<number, number> = {
    handle: (input) => void queue.push(input),
    poll: () => queue.shift(),
    nextTimeoutMs: () => undefined,
  };
  const seen: number[] = [];
  const node = driver.attach(machine, {
    expire: () => {},
    output: (n) => {
      seen.push(n);
      if (n < 5) node.handle(n + 1);
    },
  });
  node.handle(1);
  assert.deepEqual(seen, [1, 2, 3, 4, 5]);
});

Deno.test("Driver: detach stops timeouts and inputs; runWhile stops at its condition or at the deadline", () => {
  const clock = new VirtualClock();
  const driver = new Driver(clock);
  const expired: number[] = [];
  let dueMs = 10;
  const machine: Machine<string, never> = {
    handle: () => assert.fail("a detached machine was fed"),
    poll: () => undefined,
    nextTimeoutMs: () => dueMs,
  };
  const node = driver.attach(machine, {
    expire: (nowMs) => {
      expired.push(nowMs);
      dueMs = nowMs + 10;
    },
    output: () => {},
  });
  assert.equal(driver.runWhile(() => expired.length < 3, 1000), true);
  assert.deepEqual(expired, [10, 20, 30]);
  assert.equal(driver.runWhile(() => true, 55), false);
  assert.deepEqual(expired, [10, 20, 30, 40, 50]);
  node.detach();
  node.handle("late");
  driver.runUntil(1000);
  assert.equal(expired.length, 5);
});
