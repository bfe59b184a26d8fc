import assert from "node:assert/strict";
import { unwrap } from "../base/parsed.ts";
import { parseStatus } from "../signaling/parse_message.ts";
import type { OpenBus } from "./bus.ts";
import { NatsBus } from "./nats_bus.ts";
import { MemoryBus } from "./testing/memory_bus.ts";
import { NATS_SERVER_ABSENT, NatsServer } from "./testing/nats_server.ts";
import { ANNA, BEN, CARL, connect, heartbeat, Rig, SESSION, stop, type TestPeer } from "./testing/signaling_rig.ts";

function startOn(open: OpenBus, serverId: string): Promise<Rig> {
  return Rig.start({ bus: { open, name: "the bus", serverId } });
}

/** Two servers and what brings them together; with it all ends. */
interface Servers {
  readonly rigs: readonly [Rig, Rig];
  end(): Promise<void>;
}

async function overMemory(): Promise<Servers> {
  const bus = new MemoryBus();
  return await serversOn(bus.open, () => Promise.resolve());
}

async function overNats(): Promise<Servers> {
  const server = await NatsServer.start();
  return await serversOn((events) => new NatsBus(server.address, events), () => server.stop());
}

async function serversOn(open: OpenBus, stopBus: () => Promise<void>): Promise<Servers> {
  const rigs = [await startOn(open, "one"), await startOn(open, "two")] as const;
  for (const rig of rigs) await rig.until(() => rig.events.some(({ event }) => event === "bus_up"));
  const end = async () => {
    for (const rig of rigs) await rig.close();
    await stopBus();
  };
  return { rigs, end };
}

/** A test of its own for each kind of bus. */
function overEach(name: string, test: (one: Rig, two: Rig) => Promise<void>): void {
  const kinds = [
    { bus: "memory", start: overMemory, why: undefined },
    { bus: "NATS", start: overNats, why: NATS_SERVER_ABSENT },
  ];
  for (const { bus, start, why } of kinds) {
    const label = why === undefined ? bus : `${bus}: ${why}`;
    Deno.test({
      name: `${name} (${label})`,
      ignore: why !== undefined,
      async fn() {
        const { rigs, end } = await start();
        try {
          await test(...rigs);
        } finally {
          await end();
        }
      },
    });
  }
}

/** As peers do: what is said before a server knows of the other peer is lost. */
async function repeated(from: TestPeer, to: TestPeer, timestamp: number): Promise<void> {
  const say = () => from.say(stop(SESSION, { timestamp }));
  const timer = setInterval(say, 20);
  say();
  while ((await to.nextOf("STREAM_STOP")).timestamp !== timestamp);
  clearInterval(timer);
}

overEach(
  "ARC-TRANSPORT-nats-subjects: two servers, two transports, one session: a held CONNECT, its answer, and what follows",
  async (one, two) => {
    const anna = await one.connect("plain", { peerId: ANNA });
    anna.say(connect());
    await one.until(() => one.server.sessions === 1);
    const ben = await two.join("phoenix", BEN);
    assert.deepEqual(await ben.nextOf("CONNECT"), connect());
    ben.say(stop(SESSION, { timestamp: 7 }));
    assert.equal((await anna.nextOf("STREAM_STOP")).timestamp, 7);
    anna.say(stop(SESSION, { timestamp: 8 }));
    assert.equal((await ben.nextOf("STREAM_STOP")).timestamp, 8);
    assert.match(one.server.metricsText(), /^arcrtc_signaling_bus_up 1$/m);
    assert.match(one.server.metricsText(), /^arcrtc_signaling_bus_messages_total\{outcome="published"\} [1-9]/m);
  },
);

overEach("ARC-TRANSPORT-nats-third: the third is busy over every transport, and the two go on", async (one, two) => {
  const anna = await one.join("stream", ANNA);
  const ben = await one.join("plain", BEN);
  for (const transport of ["plain", "stream", "phoenix"] as const) {
    const carl = await two.connect(transport, { peerId: CARL });
    if (transport !== "phoenix") carl.say(heartbeat(SESSION, CARL));
    assert.equal((await carl.nextOf("ERROR")).code, "busy", transport);
    await carl.end();
  }
  anna.say(stop(SESSION, { timestamp: 9 }));
  assert.equal((await ben.nextOf("STREAM_STOP")).timestamp, 9);
});

overEach("ARC-TRANSPORT-nats-moved: a peer that comes back at another server", async (one, two) => {
  const anna = await one.join("plain", ANNA);
  const before = await one.join("stream", BEN);
  // Which join is the later one is told in whole milliseconds.
  await new Promise((resolve) => setTimeout(resolve, 5));
  const after = await two.join("stream", BEN);
  await before.end();
  await repeated(after, anna, 10);
  await repeated(anna, after, 11);
});

Deno.test("a bus that goes and comes is logged; sessions of one server go on without it", async () => {
  const bus = new MemoryBus();
  bus.set(false);
  const rig = await startOn(bus.open, "one");
  const [anna, ben] = [await rig.join("plain", ANNA), await rig.join("plain", BEN)];
  for (const isUp of [true, false]) {
    bus.set(isUp);
    anna.say(stop(SESSION, { timestamp: 12 }));
    assert.equal((await ben.nextOf("STREAM_STOP")).timestamp, 12);
  }
  assert.match(rig.server.metricsText(), /^arcrtc_signaling_bus_up 0$/m);
  const told = rig.events.filter(({ event }) => event.startsWith("bus_"));
  assert.deepEqual(told, [
    { event: "bus_up", bus: "the bus" },
    { event: "bus_down", bus: "the bus", why: "the test wants it so" },
  ]);
  await rig.close();
});

Deno.test("ARC-TRANSPORT-nats-status-server ARC-TRANSPORT-nats-status: a server tells how it is, when the bus is there and when it begins to drain", async () => {
  const bus = new MemoryBus();
  const rig = await Rig.start({
    bus: { open: bus.open, name: "the bus", serverId: "server-1" },
    limits: { maxSessions: 4 },
  });
  await rig.join("plain", ANNA);
  await rig.join("phoenix", BEN);
  const drained = rig.server.drain(0);
  const said = bus.published.filter(({ subject }) => subject === "arcrtc.server.server-1.status")
    .map(({ text }) => unwrap(parseStatus(text)));
  const [first, last] = [said[0], said[said.length - 1]];
  assert.ok(first.type === "SERVER_STATUS" && first.healthy && first.sessions === 0 && first.peers === 0);
  assert.ok(last.type === "SERVER_STATUS" && !last.healthy && last.sessions === 1 && last.peers === 2);
  assert.deepEqual([last.server_id, last.version, last.load], ["server-1", "1.0", 0.25]);
  assert.ok(Math.abs(last.timestamp - Date.now()) < 60_000);
  await drained;
  await rig.close();
});
