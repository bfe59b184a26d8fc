/**
 * The relay on native sockets beside the least relay in C with and without UDP_SEGMENT, and on the portable backend: as
 * much as each forwards on one processor, and what a packet costs it. In interleaved rounds.
 *
 * `deno run -A lib/net/native/relay_bench.ts [seconds per round] [rounds] [variant ...]`
 *
 * Relay and generator are processes of their own, on a processor each where there are two (taskset). The generator, on
 * native sockets too, sends bursts and reads what comes back; what it reads counts.
 */
import { PacketBatch } from "../../base/batch.ts";
import { utf8 } from "../../base/bytes.ts";
import { unwrap } from "../../base/parsed.ts";
import { issueRelayToken, makeRelayProof, parseRelayToken } from "../../crypto/relay_token.ts";
import { CALLEE, CALLER, media, SECRET, SESSION } from "../../relay/testing/relay_world.ts";
import type { Message } from "../../signaling/messages/registry.ts";
import { parseMessage, writeMessage } from "../../signaling/parse_message.ts";
import { RelayServer } from "../relay_server.ts";
import { buildC, cpuSeconds, median } from "../testing/bench_tools.ts";
import { chooseCryptoBackend } from "../crypto_choice.ts";
import { NativeUdpSocket } from "./udp_socket.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };
const BURST = 64;
const WARM_UP_MS = 700;
const RELAY_CPU = "0";
const GENERATOR_CPU = "1";

/** Which relay, and how it is started. */
const VARIANTS: Readonly<Record<string, { readonly c?: string; readonly workers?: number }>> = {
  "C, recvmmsg + sendmmsg": { c: "plain" },
  "C, with UDP_SEGMENT": { c: "segment" },
  "arcrtc --io deno": {},
  "arcrtc --io native": { workers: 1 },
};

/** One peer on a socket of its own. */
class Peer {
  readonly socket = NativeUdpSocket.open(LOOPBACK);
  readonly #relay: number;
  readonly #batch = new PacketBatch(BURST, 2048);

  constructor(relayPort: number) {
    this.#relay = this.socket.addresses.intern(LOOPBACK.host, relayPort);
  }

  batchOf(unit: Uint8Array, count: number): PacketBatch {
    const batch = new PacketBatch(count, Math.max(unit.length, 64));
    for (let i = 0; i < count; i++) batch.push(unit, this.#relay);
    return batch;
  }

  /** Packets that wait here, read. */
  read(): number {
    let count = 0;
    for (let n = this.socket.receive(this.#batch); n > 0; n = this.socket.receive(this.#batch)) count += n;
    return count;
  }

  bind(peerId: string): void {
    const expires = Math.floor(Date.now() / 1000) + 60;
    const { tag } = unwrap(parseRelayToken(issueRelayToken(SECRET, { sessionId: SESSION, peerId, expiresS: expires })));
    const request = { type: "RELAY_BIND", session_id: SESSION, peer_id: peerId, expires, timestamp: 1 } as const;
    const challenge = this.#ask(request);
    if (challenge.type !== "RELAY_CHALLENGE") throw new Error(JSON.stringify(challenge));
    const { nonce } = challenge;
    const bound = this.#ask({ ...request, nonce, proof: makeRelayProof(tag, nonce, SESSION, peerId) });
    if (bound.type !== "RELAY_BOUND") throw new Error(JSON.stringify(bound));
  }

  #ask(message: Message): Message {
    this.socket.send(this.batchOf(utf8(writeMessage(message)), 1));
    for (const untilMs = performance.now() + 3000; performance.now() < untilMs;) {
      if (this.socket.receive(this.#batch) > 0) return unwrap(parseMessage(this.#batch.packet(0)));
    }
    throw new Error("the relay does not answer");
  }
}

/** Prints packets and seconds. */
function generate(port: number, isRelay: boolean, bytes: number, seconds: number): void {
  const [a, b] = [new Peer(port), new Peer(port)];
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
async function measure(name: string, c: string | undefined, bytes: number, seconds: number) {
  const variant = VARIANTS[name];
  const self = [Deno.execPath(), "run", "-A", "--quiet", new URL(import.meta.url).pathname] as const;
  const relay = variant.c === undefined
    ? pinned(RELAY_CPU, ...self, "serve", String(variant.workers ?? 0))
    : pinned(RELAY_CPU, c ?? "", variant.c);
  const port = await next(linesOf(relay));
  const isRelay = variant.c === undefined ? "1" : "0";
  const generator = pinned(GENERATOR_CPU, ...self, "generate", port, isRelay, String(bytes), String(seconds));
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
  for (const bytes of [160, 1200]) {
    const figures = new Map(names.map((name) => [name, { kpps: [] as number[], cpuUs: [] as number[] }]));
    for (let round = 0; round < rounds; round++) {
      for (const [name, { kpps, cpuUs }] of figures) {
        const figure = await measure(name, c, bytes, seconds);
        kpps.push(figure.kpps);
        cpuUs.push(figure.cpuUs);
      }
    }
    const best = figures.get("C, with UDP_SEGMENT");
    console.log(`${bytes} B, medians of ${rounds}`);
    for (const [name, { kpps, cpuUs }] of figures) {
      const share = best === undefined
        ? ""
        : `   ${(median(kpps) / median(best.kpps)).toFixed(2)} of C with UDP_SEGMENT`;
      console.log(
        `  ${name.padEnd(24)} ${median(kpps).toFixed(0).padStart(5)} kpps   ${
          median(cpuUs).toFixed(2).padStart(5)
        } us CPU per packet${share}`,
      );
    }
  }
  if (c !== undefined) await Deno.remove(c);
}

if (import.meta.main) {
  const [mode, ...args] = Deno.args;
  if (mode === "serve") await serve(Number(args[0]));
  else if (mode === "generate") {
    generate(Number(args[0]), args[1] === "1", Number(args[2]), Number(args[3]));
    Deno.exit(0);
  } else await compare(Number(mode ?? "1.5"), Number(args[0] ?? 5), args.slice(1));
}
