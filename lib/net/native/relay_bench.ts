/**
 * The relay on native sockets beside the least relay in C with and without UDP_SEGMENT, and on the portable backend: as
 * much as each forwards on one processor, and what a packet costs it. In interleaved rounds.
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
import { BenchPeer } from "../testing/bench_peer.ts";
import { cpuSeconds, median } from "../testing/bench_figures.ts";
import { buildC } from "../testing/build_c.ts";
import { chooseCryptoBackend } from "../crypto_choice.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };
const BURST = 64;
const WARM_UP_MS = 700;
const RELAY_CPU = "0";
const GENERATOR_CPU = "1";

/** Which relay, and how it is started. */
const VARIANTS: Readonly<Record<string, { readonly c?: string; readonly workers?: number }>> = {
  "C, recvmmsg + sendmmsg": { c: "plain" },
  "C, with UDP_SEGMENT": { c: "segment" },
  "C, with UDP_GRO too": { c: "both" },
  "arcrtc --io deno": {},
  "arcrtc --io native": { workers: 1 },
};

/** Prints packets and seconds. */
function generate(port: number, isRelay: boolean, bytes: number, seconds: number, groups: boolean): void {
  const [a, b] = [new BenchPeer(port, undefined, groups), new BenchPeer(port)];
  const unit = media(0, 1, bytes);
  if (isRelay) {
    a.bind(CALLER);
    b.bind(CALLEE);
  } else for (const peer of [a, b]) peer.socket.send(peer.batchOf(unit, 1));
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

function pinned(cpu: string, program: string, ...args: string[]): Deno.ChildProcess {
  const isShared = navigator.hardwareConcurrency < 2;
  const [command, ...rest] = isShared ? [program, ...args] : ["taskset", "-c", cpu, program, ...args];
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

/** Packets forwarded per second in thousands, and microseconds of processor time for each. */
async function measure(name: string, c: string | undefined, bytes: number, seconds: number, groups: boolean) {
  const variant = VARIANTS[name];
  const self = [Deno.execPath(), "run", "-A", "--quiet", new URL(import.meta.url).pathname] as const;
  const relay = variant.c === undefined
    ? pinned(RELAY_CPU, ...self, "serve", String(variant.workers ?? 0))
    : pinned(RELAY_CPU, c ?? "", variant.c);
  const port = await next(linesOf(relay));
  const isRelay = variant.c === undefined ? "1" : "0";
  const generator = pinned(
    GENERATOR_CPU,
    ...self,
    "generate",
    port,
    isRelay,
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
  relay.kill("SIGKILL");
  await relay.status;
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
        kpps.push(figure.kpps);
        cpuUs.push(figure.cpuUs);
      }
    }
    console.log(`${bytes} B, sent ${groups ? "in messages of many" : "one by one"}, medians of ${rounds}`);
    for (const [name, { kpps, cpuUs }] of figures) {
      const cost = median(cpuUs);
      const beside = ["C, with UDP_SEGMENT", "C, with UDP_GRO too"].flatMap((peer) => {
        const figure = figures.get(peer);
        return figure === undefined ? [] : [(median(figure.cpuUs) / cost).toFixed(2)];
      });
      console.log(
        `  ${name.padEnd(24)} ${median(kpps).toFixed(0).padStart(5)} kpps   ${
          cost.toFixed(2).padStart(5)
        } us CPU a packet` +
          (beside.length === 0 ? "" : `   ${beside.join(" and ")} of C's two with UDP_SEGMENT, per processor`),
      );
    }
  }
  if (c !== undefined) await Deno.remove(c);
}

if (import.meta.main) {
  const [mode, ...args] = Deno.args;
  if (mode === "serve") await serve(Number(args[0]));
  else if (mode === "generate") {
    generate(Number(args[0]), args[1] === "1", Number(args[2]), Number(args[3]), args[4] === "1");
    Deno.exit(0);
  } else await compare(Number(mode ?? "1.5"), Number(args[0] ?? 5), args.slice(1));
}
