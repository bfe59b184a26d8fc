/**
 * `arcrtc relay` beside coturn (Debian's `turnserver`), which does the same work on the same machine in the same run:
 * `deno run -A cli/load/coturn_bench.ts [--io deno,native] [--rounds 3] [--seconds 2] [--sessions 1,1000]
 * [--window 64]`.
 *
 * The traffic is the same: marked ArcRTP packets from one of our sockets through the server to another. Rounds alternate
 * between the servers, medians are printed. In the first half of a round packets come at a fixed rate, and their delay is
 * measured; in the second a bounded number of them is under way at all times, so that none is lost. This process, which
 * is both ends, is dearer than either server, so that the rate says little where they share few processors: the
 * processor time that a server takes for a packet says what it costs. `--io` runs one relay with each UDP backend.
 */
import { setImmediate } from "node:timers";
import { parseArgs } from "node:util";
import type { HostPort } from "../../lib/base/address_table.ts";
import { toHex } from "../../lib/base/bytes.ts";
import { type LoadPlan, sessionsOf } from "../../lib/load/load_plan.ts";
import { LoadRun } from "../../lib/load/load_run.ts";
import { TrafficMix } from "../../lib/load/traffic_mix.ts";
import { systemClock } from "../../lib/net/clock.ts";
import { LoadDriver } from "../../lib/net/load_driver.ts";
import { LoadRelay } from "../../lib/net/load_relay.ts";
import type { LoadTarget, LoadTargetContext } from "../../lib/net/load_target.ts";
import { SystemRng } from "../../lib/net/system_rng.ts";
import { cpuSeconds, median } from "../../lib/net/testing/bench_figures.ts";
import { startCoturn } from "../../lib/net/testing/coturn.ts";
import { chooseIo } from "../../lib/net/udp_io.ts";
import { Priority } from "../../lib/packet/arcrtp.ts";
import { ArcrtcProcess } from "../peer/testing/arcrtc_process.ts";
import { TurnLoad } from "./testing/turn_load.ts";

const SIZES = [160, 1200];
/** Of all sessions together, while delays are measured: far from what any of the servers can do. */
const PACED_PPS = 4000;
/** Packets under way at a time if nothing else is said: less than the system's buffers hold. */
const WINDOW = 64;
const LOST_AFTER_MS = 200;

const secret = new SystemRng().fill(new Uint8Array(16));
const clock = systemClock();

/** A server in a process of its own. */
interface Server {
  readonly pid: number;
  readonly open: (context: LoadTargetContext) => LoadTarget;
  stop(): Promise<void>;
}

interface Variant {
  readonly name: string;
  readonly start: () => Promise<Server>;
}

interface Figures {
  readonly kpps: number[];
  readonly cpuUs: number[];
  readonly p50Ms: number[];
  readonly p99Ms: number[];
  lost: number;
}

const openSocket = () => chooseIo("auto").openUdp({ host: "127.0.0.1", port: 0, addressCapacity: 8 });

function relayVariant(io: string | undefined): Variant {
  const open = ["--max-sessions", "2000", "--max-bindings", "10000", "--max-messages", "100000"];
  const unlimited = ["--max-bitrate", "100G", "--max-packets", "10000000"];
  const ports = ["--udp-port", "0", "--no-tcp"];
  const backend = io === undefined ? [] : ["--io", io];
  return {
    name: io === undefined ? "arcrtc relay" : `arcrtc relay, ${io}`,
    async start() {
      const args = ["relay", "--secret", toHex(secret), ...ports, ...open, ...unlimited, ...backend, "--json"];
      const process = new ArcrtcProcess(args);
      const { urls } = await process.event("listening");
      const relay: HostPort = { host: "127.0.0.1", port: Number(new URL(urls.udp[0]).port) };
      return {
        pid: process.pid,
        open: (context) =>
          new LoadRelay(
            { relay, secret, protocol: "udp", openTransport: () => Promise.resolve(openSocket()) },
            context,
          ),
        stop: () => process.kill(),
      };
    },
  };
}

const COTURN: Variant = {
  name: "coturn",
  async start() {
    const socket = openSocket();
    const { port } = socket.local;
    socket.close();
    const coturn = await startCoturn(port);
    if (coturn === undefined) throw new Error("there is no coturn here");
    return {
      pid: coturn.pid,
      open: (context) => new TurnLoad(coturn.place, openSocket, context),
      stop: () => coturn.stop(),
    };
  },
};

/** Packets at a fixed rate, then as many as can be; puts what was measured into `figures`. */
async function round(server: Server, plan: LoadPlan, seconds: number, window: number, figures: Figures): Promise<void> {
  const run = new LoadRun(sessionsOf(plan), clock.nowMs());
  const { packetBytes } = plan;
  const context = { run, clock, rng: new SystemRng(), packetBytes, queuePackets: window, timeoutMs: 20_000 };
  const target = server.open(context);
  const nothing = () => {};
  try {
    const driver = new LoadDriver({ plan, run, target, clock, onOpened: nothing, onInterval: nothing });
    await driver.open();
    await driver.measure();
    figures.p50Ms.push(run.total.fromSent.histogram.percentileMs(50) ?? NaN);
    figures.p99Ms.push(run.total.fromSent.histogram.percentileMs(99) ?? NaN);
    figures.lost += run.total.lost;
    const before = cpuSeconds(server.pid);
    const { received, elapsedS } = await pour(target, run, plan.sources, seconds, window);
    figures.kpps.push(received / elapsedS / 1000);
    figures.cpuUs.push(((cpuSeconds(server.pid) - before) * 1e6) / received);
  } finally {
    await target.close();
  }
}

/** Keeps `window` packets under way, from session to session in turn. */
async function pour(
  target: LoadTarget,
  run: LoadRun,
  sessions: number,
  seconds: number,
  window: number,
): Promise<{ readonly received: number; readonly elapsedS: number }> {
  const { counts } = run.total;
  const startMs = clock.nowMs();
  const before = counts.received;
  let received = before;
  let heardMs = startMs;
  let underWay = 0;
  let next = 0;
  for (let nowMs = startMs; nowMs < startMs + seconds * 1000; nowMs = clock.nowMs()) {
    underWay -= counts.received - received;
    if (counts.received > received) heardMs = nowMs;
    received = counts.received;
    // What is lost after all must not stop the rest.
    if (nowMs - heardMs > LOST_AFTER_MS) underWay = 0;
    for (; underWay < window && target.queue(next, Priority.medium, nowMs); underWay++) next = (next + 1) % sessions;
    target.flush();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { received: counts.received - before, elapsedS: (clock.nowMs() - startMs) / 1000 };
}

function hasCoturn(): boolean {
  try {
    new Deno.Command("turnserver", { args: ["--help"], stdout: "null", stderr: "null" }).outputSync();
    return true;
  } catch {
    return false;
  }
}

interface Settings {
  readonly rounds: number;
  readonly seconds: number;
  readonly sessions: readonly number[];
  readonly window: number;
}

async function compare(
  variants: readonly Variant[],
  { rounds, seconds, sessions, window }: Settings,
): Promise<void> {
  for (const packetBytes of SIZES) {
    for (const sources of sessions) {
      const intervalMs = (1000 * sources) / PACED_PPS;
      const mix = new TrafficMix([0, 0, 1, 0]);
      const times = { rampMs: 0, durationMs: seconds * 1000, settleMs: 500, reportEveryMs: Infinity };
      const plan: LoadPlan = { sources, fanOut: 1, intervalMs, packetBytes, mix, ...times };
      const results = variants.map(({ name }) => {
        const figures: Figures = { kpps: [], cpuUs: [], p50Ms: [], p99Ms: [], lost: 0 };
        return { name, figures };
      });
      for (let i = 0; i < rounds; i++) {
        for (const [v, variant] of variants.entries()) {
          const server = await variant.start();
          try {
            await round(server, plan, seconds, window, results[v].figures);
          } finally {
            await server.stop();
          }
        }
      }
      console.log(`${packetBytes} bytes, ${sources} session${sources === 1 ? "" : "s"}`);
      const peer = results.find(({ name }) => name === COTURN.name)?.figures;
      for (const { name, figures } of results) console.log(`  ${name.padEnd(22)}${figuresText(figures, peer)}`);
    }
  }
}

function figuresText({ kpps, cpuUs, p50Ms, p99Ms, lost }: Figures, peer: Figures | undefined): string {
  const cost = median(cpuUs);
  const text = `${cost.toFixed(1).padStart(6)} us CPU per packet ${median(kpps).toFixed(1).padStart(6)} kpps ` +
    `p50 ${median(p50Ms).toFixed(3)} ms p99 ${median(p99Ms).toFixed(2)} ms` + (lost > 0 ? `, ${lost} lost` : "");
  if (peer === undefined) return text;
  const ratio = (value: number) => value.toFixed(2);
  return `${text}  ${ratio(median(peer.cpuUs) / cost)} of coturn per processor, ${
    ratio(median(kpps) / median(peer.kpps))
  } of its rate here`;
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      io: { type: "string" },
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "2" },
      sessions: { type: "string", default: "1,1000" },
      window: { type: "string", default: String(WINDOW) },
    },
  });
  const relays = (values.io?.split(",") ?? [undefined]).map(relayVariant);
  const isBeside = hasCoturn();
  if (!isBeside) console.log("turnserver (Debian: coturn) is absent: nothing to compare with");
  await compare(isBeside ? [...relays, COTURN] : relays, {
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    sessions: values.sessions.split(",").map(Number),
    window: Number(values.window),
  });
}
