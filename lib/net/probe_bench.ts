/**
 * What the prober adds to a round trip over loopback UDP, beside the least that measures one: send, receive, look at
 * the clock, on the same runtime. `deno run -A lib/net/probe_bench.ts [probes per round]`.
 *
 * Both ask the same peer, which is a process of its own, with the same bytes and at the same pace; rounds take turns.
 */
import { utf8 } from "../base/bytes.ts";
import { ANSWERABLE_HEARTBEAT_BYTES, writeHeartbeat } from "../probe/heartbeat_text.ts";
import { FixedSchedule } from "../probe/schedule.ts";
import { systemClock } from "./clock.ts";
import { PreciseTimer } from "./precise_timer.ts";
import { ProbeConnection } from "./probe_connection.ts";
import { ProbeDriver } from "./probe_driver.ts";
import { parseProbeTarget } from "./probe_target.ts";
import { SystemRng } from "./system_rng.ts";
import { openUdp } from "./udp_deno.ts";
import { UdpHeartbeats } from "./udp_heartbeat.ts";

const ROUNDS = 15;
const INTERVAL_MS = 4;
const SIZE_BYTES = ANSWERABLE_HEARTBEAT_BYTES;

const clock = systemClock();

if (import.meta.main) {
  if (Deno.args[0] === "answer") await answer();
  else await compare(Number(Deno.args[0] ?? "100"));
}

/** The peer: prints its port and answers until it is killed. */
async function answer(): Promise<void> {
  const limits = { perAddress: 1e9, overall: 1e9 };
  const heartbeats = new UdpHeartbeats(openUdp({ host: "127.0.0.1", port: 0 }), clock, limits);
  console.log(heartbeats.local.port);
  await heartbeats.ended;
}

async function compare(probes: number): Promise<void> {
  const self = new URL(import.meta.url).pathname;
  const peer = new Deno.Command(Deno.execPath(), { args: ["run", "-A", "--quiet", self, "answer"], stdout: "piped" })
    .spawn();
  const reader = peer.stdout.getReader();
  const port = Number(new TextDecoder().decode((await reader.read()).value));
  const ratios: number[] = [];
  const medians: [bare: number[], prober: number[]] = [[], []];
  // The first round is for the compilers.
  for (let round = -1; round < ROUNDS; round++) {
    const bareMs = await bareLoop(port, probes);
    const proberMs = await prober(port, probes);
    if (round < 0) continue;
    medians[0].push(bareMs);
    medians[1].push(proberMs);
    ratios.push(proberMs / bareMs);
  }
  const [bareUs, proberUs] = medians.map((values) => (1000 * median(values)).toFixed(1).padStart(7));
  console.log(`median round trip over loopback UDP, ${ROUNDS} rounds of ${probes}, every ${INTERVAL_MS} ms`);
  console.log(`  bare loop  ${bareUs} us`);
  console.log(`  prober     ${proberUs} us   ${median(ratios).toFixed(2)} of the bare loop (median of the rounds)`);
  peer.kill("SIGKILL");
  await reader.cancel();
  await peer.status;
}

async function bareLoop(port: number, probes: number): Promise<number> {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const to = { transport: "udp", hostname: "127.0.0.1", port } as const;
  const text = writeHeartbeat({ sequence: 1, challenge: "0123456789abcdef", timestampMs: 1e12 }, SIZE_BYTES);
  const question = utf8(text);
  const buffer = new Uint8Array(2048);
  const timer = new PreciseTimer(() => clock.nowMs());
  const trips: number[] = [];
  const startMs = clock.nowMs();
  for (let i = 0; i < probes; i++) {
    await timer.until(startMs + i * INTERVAL_MS);
    const sentMs = performance.now();
    await socket.send(question, to);
    await socket.receive(buffer);
    trips.push(performance.now() - sentMs);
  }
  timer.close();
  socket.close();
  return median(trips);
}

async function prober(port: number, probes: number): Promise<number> {
  const rng = new SystemRng();
  const settings = { clock, rng, timeoutMs: 1000, sizeBytes: SIZE_BYTES };
  const connection = await ProbeConnection.open(parseProbeTarget(`udp://127.0.0.1:${port}`), settings);
  const run = connection.newRun(1000);
  const schedule = { startMs: clock.nowMs(), targets: 1, intervalMs: INTERVAL_MS, count: probes };
  const targets = [{ run, connection }];
  await new ProbeDriver({ clock, pacer: new FixedSchedule(schedule), targets, onEvent: () => {} }).run();
  connection.close();
  return run.summary().fromSent?.medianMs ?? NaN;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
