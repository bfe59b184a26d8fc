/**
 * The relay over loopback sockets with the portable UDP backend, beside the least that such a relay could be: a loop of
 * receive and send on the same runtime. `deno run -A lib/net/relay_server_bench.ts [seconds per round]`.
 *
 * Relay and generator are processes of their own. The generator, which is also the sink, keeps a bounded number of packets
 * under way, so that none is lost; it is about as dear as the relay, so the rate says little where they share two
 * processors. CPU time per forwarded packet says what the relay costs.
 */
import { PacketBatch } from "../base/batch.ts";
import { nobleBackend } from "../crypto/backend_noble.ts";
import { CALLEE, CALLER, media, SECRET } from "../relay/testing/relay_world.ts";
import { RelayServer } from "./relay_server.ts";
import { cpuSeconds, median } from "./testing/bench_figures.ts";
import { LOOPBACK, UdpClient } from "./testing/relay_rig.ts";
import { openUdp } from "./udp_deno.ts";

const VARIANTS = ["bare loop", "bare loop, 8 in flight", "transport alone", "relay"] as const;
type Variant = (typeof VARIANTS)[number];

const ROUNDS = 5;
/** Until both sides run compiled code. */
const WARM_UP_MS = 800;
/** Packets under way at a time: less than the system's buffers hold. */
const WINDOW = 64;

if (import.meta.main) {
  const [mode, ...args] = Deno.args;
  if (mode === "serve") await serve(args[0] as Variant);
  else if (mode === "generate") await generate(Number(args[0]), args[1] as Variant, Number(args[2]), Number(args[3]));
  else await compare(Number(mode ?? "1.5"));
}

/** Runs a variant in this process and prints its port. */
async function serve(variant: Variant): Promise<void> {
  if (variant.startsWith("relay")) {
    const server = await RelayServer.start({
      relayId: "bench",
      secret: SECRET,
      crypto: nobleBackend,
      udp: [LOOPBACK],
      limits: { sessionBps: Infinity, sessionPps: Infinity },
    });
    console.log(server.listening.udp[0].port);
    return await server.ended;
  }
  if (variant === "transport alone") {
    const transport = openUdp(LOOPBACK);
    console.log(transport.local.port);
    const batch = new PacketBatch(64);
    // The first two addresses are the generator's two sockets.
    while (await transport.receive(batch)) {
      for (let i = 0; i < batch.size; i++) batch.addresses[i] ^= 1;
      await transport.send(batch);
    }
    return;
  }
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  console.log((socket.addr as Deno.NetAddr).port);
  // Each sender is told apart by its first packet, and gets what the other one sends.
  const known: Deno.Addr[] = [];
  const loop = async () => {
    const buffer = new Uint8Array(2048);
    for (;;) {
      const [packet, from] = await socket.receive(buffer);
      const port = (from as Deno.NetAddr).port;
      let i = known.findIndex((addr) => (addr as Deno.NetAddr).port === port);
      if (i < 0) i = known.push(from) - 1;
      const to = known[1 - i];
      if (to !== undefined) await socket.send(packet, to);
    }
  };
  await Promise.all(Array.from({ length: variant.endsWith("8 in flight") ? 8 : 1 }, loop));
}

/** Sends from one socket, receives on another; prints how many packets came in how many seconds. */
async function generate(port: number, variant: Variant, bytes: number, seconds: number): Promise<void> {
  const relay = { host: "127.0.0.1", port };
  const unit = media(0, 1, bytes);
  if (variant.startsWith("relay")) {
    const [caller, callee] = [new UdpClient(relay), new UdpClient(relay)];
    await caller.bind(CALLER);
    await callee.bind(CALLEE);
    await pour(caller.transport, relay, unit, seconds, (arrived) => callee.onUnit = arrived);
  } else {
    const [sender, sink] = [openUdp(LOOPBACK), openUdp(LOOPBACK)];
    const batch = new PacketBatch(1);
    for (const socket of [sender, sink]) {
      batch.clear();
      batch.push(unit, socket.addresses.intern(relay.host, port));
      await socket.send(batch);
    }
    await pour(sender, relay, unit, seconds, async (arrived) => {
      const incoming = new PacketBatch(1);
      while (await sink.receive(incoming)) arrived();
    });
  }
  Deno.exit(0);
}

/** `listen` is given what it has to call for each packet that arrives. */
async function pour(
  sender: ReturnType<typeof openUdp>,
  relay: { host: string; port: number },
  unit: Uint8Array,
  seconds: number,
  listen: (arrived: () => void) => void,
): Promise<void> {
  const batch = new PacketBatch(WINDOW / 2, unit.length);
  const to = sender.addresses.intern(relay.host, relay.port);
  for (let i = 0; i < batch.capacity; i++) batch.push(unit, to);
  let received = 0;
  let sent = 0;
  let wake = () => {};
  listen(() => {
    received++;
    if (sent - received <= WINDOW / 2) wake();
  });
  let startMs = performance.now();
  let isWarm = false;
  while (performance.now() - startMs < seconds * 1000) {
    if (!isWarm && performance.now() - startMs > WARM_UP_MS) {
      // Whoever measures looks at the relay's processor time now.
      isWarm = true;
      console.log("warm");
      startMs = performance.now();
      sent -= received;
      received = 0;
    }
    const room = new Promise<void>((resolve) => wake = resolve);
    sent += batch.size;
    await sender.send(batch);
    if (sent - received <= WINDOW / 2) continue;
    // What is lost after all must not stop the rest.
    const patience = setTimeout(() => {
      sent = received;
      wake();
    }, 200);
    await room;
    clearTimeout(patience);
  }
  console.log(JSON.stringify({ received, elapsedS: (performance.now() - startMs) / 1000 }));
}

async function compare(seconds: number): Promise<void> {
  const self = new URL(import.meta.url).pathname;
  const run = (...args: string[]) =>
    new Deno.Command(Deno.execPath(), { args: ["run", "-A", "--quiet", self, ...args], stdout: "piped" }).spawn();
  for (const bytes of [160, 1200]) {
    const rates = new Map<Variant, number[]>(VARIANTS.map((variant) => [variant, []]));
    const costs = new Map<Variant, number[]>(VARIANTS.map((variant) => [variant, []]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const variant of VARIANTS) {
        const server = run("serve", variant);
        const reader = server.stdout.getReader();
        const port = new TextDecoder().decode((await reader.read()).value).trim();
        const generator = run("generate", port, variant, String(bytes), String(seconds));
        const lines = generator.stdout.pipeThrough(new TextDecoderStream()).getReader();
        await lines.read();
        const before = cpuSeconds(server.pid);
        const { received, elapsedS } = JSON.parse((await lines.read()).value ?? "");
        rates.get(variant)?.push(received / elapsedS / 1000);
        costs.get(variant)?.push(((cpuSeconds(server.pid) - before) * 1e6) / received);
        await lines.cancel();
        await generator.status;
        server.kill("SIGKILL");
        await reader.cancel();
        await server.status;
      }
    }
    const bare = Math.min(...VARIANTS.filter((name) => name.startsWith("bare")).map((name) => median(costs.get(name))));
    console.log(`${bytes} B`);
    for (const variant of VARIANTS) {
      const cost = median(costs.get(variant));
      const rate = median(rates.get(variant));
      console.log(
        `  ${variant.padEnd(24)} ${rate.toFixed(1).padStart(6)} kpps  ${
          cost.toFixed(2).padStart(6)
        } us CPU per packet  ` +
          `${(bare / cost).toFixed(2)} of the best bare loop`,
      );
    }
  }
}
