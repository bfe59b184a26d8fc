/**
 * The relay on native sockets beside the least relay in C with and without UDP_SEGMENT, beside coturn, which gets channel
 * data, and on the portable backend: as much as each forwards on one processor, and what a packet costs it. In interleaved
 * rounds.
 *
 * `deno run -A lib/net/native/relay_bench.ts [seconds per round] [rounds] [variant ...]`
 *
 * Relay and generator are processes of their own, on a processor each where there are two (taskset). The generator, on
 * native sockets too, sends bursts and reads what comes back; what it reads counts. Its bursts go as single messages,
 * which the system hands over whole to who asks (UDP_GRO); packets one by one, as most peers send them, are measured too:
 * there the generator is the limit, and processor time says what a relay costs.
 */
import { CALLEE, CALLER, media, SECRET } from "../../relay/testing/relay_world.ts";
import { RelayServer } from "../relay_server.ts";
import { SystemRng } from "../system_rng.ts";
import { BenchPeer } from "../testing/bench_peer.ts";
import { cpuSeconds, median } from "../testing/bench_figures.ts";
import { buildC } from "../testing/build_c.ts";
import { startCoturn } from "../testing/coturn.ts";
import { CHANNEL_HEADER_BYTES, isTurnAnswer, turnRequests, writeChannelHeader } from "../testing/turn_client.ts";
import { chooseCryptoBackend } from "../crypto_choice.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };
const BURST = 64;
const WARM_UP_MS = 700;
const RELAY_CPU = "0";
const GENERATOR_CPU = "1";

/** Which relay, and how it is started. */
interface Variant {
  /** The mode of the relay in C. */
  readonly c?: string;
  readonly coturn?: true;
  readonly workers?: number;
}

const VARIANTS: Readonly<Record<string, Variant>> = {
  "C, recvmmsg + sendmmsg": { c: "plain" },
  "C, with UDP_SEGMENT": { c: "segment" },
  "C, with UDP_GRO too": { c: "both" },
  "coturn": { coturn: true },
  "arcrtc --io deno": {},
  "arcrtc --io native": { workers: 1 },
};

/** What is spoken with what is measured: the relay's own messages, nothing at all, or TURN. */
const MANNERS = ["relay", "echo", "turn"] as const;

type Manner = (typeof MANNERS)[number];

/** Prints packets and seconds. */
function generate(port: number, manner: Manner, bytes: number, seconds: number, groups: boolean): void {
  const [a, b] = [new BenchPeer(port, undefined, groups), new BenchPeer(port)];
  const packet = media(0, 1, bytes);
  const unit = manner === "turn" ? channelData(packet) : packet;
  switch (manner) {
    case "relay":
      a.bind(CALLER);
      b.bind(CALLEE);
      break;
    case "echo":
      for (const peer of [a, b]) peer.socket.send(peer.batchOf(unit, 1));
      break;
    case "turn":
      for (const request of turnRequests(b.socket.local, new SystemRng())) {
        while (!isTurnAnswer(a.exchange(request), request));
      }
      break;
  }
  const burst = a.batchOf(unit, BURST);
  const pour = (forMs: number) => {
    const startMs = performance.now();
    let read = 0;
    while (performance.now() - startMs < forMs) {
      for (let i = 0; i < 4; i++) a.socket.send(burst);
      read += b.read();
    }
    return { read, elapsedMs: performance.now() - startMs };
  };
  pour(WARM_UP_MS);
  console.log("warm");
  const { read, elapsedMs } = pour(seconds * 1000);
  console.log(JSON.stringify({ read, elapsedMs }));
}

function channelData(packet: Uint8Array): Uint8Array {
  const unit = new Uint8Array(CHANNEL_HEADER_BYTES + packet.length);
  writeChannelHeader(unit, 0, packet.length);
  unit.set(packet, CHANNEL_HEADER_BYTES);
  return unit;
}

async function serve(workers: number): Promise<void> {
  const server = await RelayServer.start({
    relayId: "bench",
    secret: SECRET,
    crypto: chooseCryptoBackend("auto").backend,
    udp: [LOOPBACK],
    limits: { sessionBps: Infinity, sessionPps: Infinity },
    ...(workers === 0 ? {} : { workers }),
  });
  console.log(server.listening.udp[0].port);
  await server.ended;
}

const SELF = [Deno.execPath(), "run", "-A", "--quiet", new URL(import.meta.url).pathname] as const;

function pinning(cpu: string): readonly string[] {
  return navigator.hardwareConcurrency < 2 ? [] : ["taskset", "-c", cpu];
}

function pinned(cpu: string, program: string, ...args: string[]): Deno.ChildProcess {
  const [command, ...rest] = [...pinning(cpu), program, ...args];
  return new Deno.Command(command, { args: rest, stdout: "piped" }).spawn();
}

async function* linesOf(child: Deno.ChildProcess): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

async function next(lines: AsyncGenerator<string>): Promise<string> {
  return (await lines.next()).value ?? "";
}

interface Measured {
  readonly port: string;
  readonly pid: number;
  readonly manner: Manner;
  stop(): Promise<void>;
}

async function startMeasured(variant: Variant, c: string | undefined): Promise<Measured | undefined> {
  if (variant.coturn) {
    const free = Deno.listenDatagram({ transport: "udp", hostname: LOOPBACK.host, port: 0 });
    const { port } = free.addr as Deno.NetAddr;
    free.close();
    const coturn = await startCoturn(port, pinning(RELAY_CPU));
    return coturn && { port: String(port), pid: coturn.pid, manner: "turn", stop: () => coturn.stop() };
  }
  const relay = variant.c === undefined
    ? pinned(RELAY_CPU, ...SELF, "serve", String(variant.workers ?? 0))
    : pinned(RELAY_CPU, c ?? "", variant.c);
  return {
    port: await next(linesOf(relay)),
    pid: relay.pid,
    manner: variant.c === undefined ? "relay" : "echo",
    async stop() {
      relay.kill("SIGKILL");
      await relay.status;
    },
  };
}

/** Packets forwarded per second in thousands, and microseconds of processor time for each. */
async function measure(name: string, c: string | undefined, bytes: number, seconds: number, groups: boolean) {
  const relay = await startMeasured(VARIANTS[name], c);
  if (relay === undefined) return undefined;
  const generator = pinned(
    GENERATOR_CPU,
    ...SELF,
    "generate",
    relay.port,
    relay.manner,
    String(bytes),
    String(seconds),
    groups ? "1" : "0",
  );
  const lines = linesOf(generator);
  await next(lines);
  const before = cpuSeconds(relay.pid);
  const { read, elapsedMs } = JSON.parse(await next(lines));
  const cpuUs = ((cpuSeconds(relay.pid) - before) * 1e6) / read;
  await generator.status;
  await relay.stop();
  return { kpps: read / elapsedMs, cpuUs };
}

async function compare(seconds: number, rounds: number, only: readonly string[]): Promise<void> {
  const c = await buildC("relay");
  const names = Object.keys(VARIANTS).filter((name) =>
    (VARIANTS[name].c === undefined || c !== undefined) &&
    (only.length === 0 || only.some((part) => name.includes(part)))
  );
  for (const [bytes, groups] of [[160, true], [1200, true], [160, false], [1200, false]] as const) {
    const figures = new Map(names.map((name) => [name, { kpps: [] as number[], cpuUs: [] as number[] }]));
    for (let round = 0; round < rounds; round++) {
      for (const [name, { kpps, cpuUs }] of figures) {
        const figure = await measure(name, c, bytes, seconds, groups);
        if (figure === undefined) continue;
        kpps.push(figure.kpps);
        cpuUs.push(figure.cpuUs);
      }
    }
    console.log(`${bytes} B, sent ${groups ? "in messages of many" : "one by one"}, medians of ${rounds}`);
    for (const [name, { kpps, cpuUs }] of figures) {
      if (kpps.length === 0) {
        console.log(`  ${name.padEnd(24)} is not here`);
        continue;
      }
      const cost = median(cpuUs);
      const coturn = figures.get("coturn");
      const rate = coturn === undefined || coturn.kpps.length === 0 || VARIANTS[name].coturn
        ? ""
        : `   ${(median(kpps) / median(coturn.kpps)).toFixed(2)} of coturn's rate`;
      const beside = ["C, with UDP_SEGMENT", "C, with UDP_GRO too"].flatMap((peer) => {
        const figure = figures.get(peer);
        return figure === undefined ? [] : [(median(figure.cpuUs) / cost).toFixed(2)];
      });
      console.log(
        `  ${name.padEnd(24)} ${median(kpps).toFixed(0).padStart(5)} kpps   ${
          cost.toFixed(2).padStart(5)
        } us CPU a packet` +
          rate + (beside.length === 0 ? "" : `   ${beside.join(" and ")} of C's two with UDP_SEGMENT, per processor`),
      );
    }
  }
  if (c !== undefined) await Deno.remove(c);
}

if (import.meta.main) {
  const [mode, ...args] = Deno.args;
  if (mode === "serve") await serve(Number(args[0]));
  else if (mode === "generate") {
    generate(
      Number(args[0]),
      MANNERS.find((one) => one === args[1]) ?? "relay",
      Number(args[2]),
      Number(args[3]),
      args[4] === "1",
    );
    Deno.exit(0);
  } else await compare(Number(mode ?? "1.5"), Number(args[0] ?? 5), args.slice(1));
}
