/**
 * What `arcrtc dump` costs beside tshark and tcpdump on the same capture in the same run, whole programs with their start:
 * `deno task bench:dump [rounds]`. Rounds take turns, and ratios are medians of the rounds' own, so that a busy machine
 * weighs on all alike. Then once each on a capture ten times as long, for its memory. Programs that are not installed are
 * left out; peak memory needs /proc.
 *
 * The capture is a real call (`fixtures/captures/call-phoenix.pcapng`) that goes on for hours; see `testing/long_call.ts`.
 */
import { LongCall } from "./testing/long_call.ts";

const BYTES = 100_000_000;
const LONG_BYTES = 1_000_000_000;
const ROUNDS = 7;
const BYTES_PER_MB = 1_000_000;
/** How often a program's memory is looked at: its peak is kept by the system, only the last look counts. */
const LOOK_EVERY_MS = 20;

const ROOT = new URL("../../", import.meta.url).pathname;
const FIELDS = "packet,arcrtp.seq,arcrtp.timestamp,ssrc";

interface Program {
  readonly name: string;
  readonly args: (capture: string) => readonly string[];
  readonly command: string;
}

interface Run {
  readonly seconds: number;
  /** Undefined where the system does not tell. */
  readonly peakMB: number | undefined;
}

function dump(...flags: string[]): Program {
  return {
    name: ["arcrtc dump", ...flags.map((flag) => flag === FIELDS ? "..." : flag)].join(" "),
    command: Deno.execPath(),
    args: (capture) => [
      ...["run", "-A", "--no-check", "--config", `${ROOT}deno.json`, `${ROOT}cli/main.ts`],
      ...["dump", "--quiet", capture, ...flags],
    ],
  };
}

const OWN = [dump(), dump("--fields", FIELDS), dump("--json"), dump("--streams"), dump("--check")];

function peers(ports: ReadonlySet<number>): Program[] {
  const isRtp = [...ports].flatMap((port) => ["-d", `udp.port==${port},rtp`]);
  const columns = ["frame.number", "rtp.seq", "rtp.timestamp", "rtp.ssrc"].flatMap((name) => ["-e", name]);
  const all: Program[] = [
    {
      name: "tshark -T fields",
      command: "tshark",
      args: (capture) => ["-n", "-r", capture, ...isRtp, "-T", "fields", ...columns],
    },
    { name: "tcpdump -r -n", command: "tcpdump", args: (capture) => ["-r", capture, "-n"] },
  ];
  return all.filter((program) => {
    if (isThere(program.command)) return true;
    console.log(`${program.command} is not installed: no ratio to it`);
    return false;
  });
}

function isThere(command: string): boolean {
  try {
    return new Deno.Command(command, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

/** @throws Error where the program fails. */
async function run({ name, command, args }: Program, capture: string): Promise<Run> {
  const startMs = performance.now();
  const child = new Deno.Command(command, { args: [...args(capture)], stdout: "null", stderr: "null" }).spawn();
  let peakMB: number | undefined;
  const look = () => peakMB = peakOf(child.pid) ?? peakMB;
  const looking = setInterval(look, LOOK_EVERY_MS);
  const { code } = await child.status;
  const seconds = (performance.now() - startMs) / 1000;
  clearInterval(looking);
  if (code !== 0) throw new Error(`${name} ended with ${code}`);
  return { seconds, peakMB };
}

/** The largest resident memory that a process has had so far. */
function peakOf(pid: number): number | undefined {
  try {
    const [, kib] = /^VmHWM:\s*(\d+) kB/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`)) ?? [];
    return kib === undefined ? undefined : (Number(kib) * 1024) / BYTES_PER_MB;
  } catch {
    return undefined;
  }
}

function write(call: LongCall, path: string, bytes: number): void {
  using file = Deno.openSync(path, { write: true, create: true });
  for (const piece of call.pieces(bytes)) {
    for (let at = 0; at < piece.length;) at += file.writeSync(piece.subarray(at));
  }
}

async function compare(programs: readonly Program[], others: readonly Program[], capture: string, rounds: number) {
  const all = [...programs, ...others];
  const runs = new Map<Program, Run[]>(all.map((program) => [program, []]));
  // The first round is for the caches.
  for (let round = -1; round < rounds; round++) {
    for (const program of all) {
      const took = await run(program, capture);
      if (round >= 0) runs.get(program)?.push(took);
    }
  }
  console.log(`\n${BYTES / BYTES_PER_MB} MB, medians of ${rounds} rounds`);
  console.log(row("", ["seconds", "MB/s", "peak MB", ...others.map(({ name }) => `of ${name}`)]));
  for (const program of all) {
    const own = runs.get(program) ?? [];
    const seconds = median(own.map((each) => each.seconds));
    const ratios = others.map((other) =>
      median(own.map((each, round) => (runs.get(other)?.[round].seconds ?? NaN) / each.seconds))
    );
    const cells = [seconds.toFixed(2), (BYTES / BYTES_PER_MB / seconds).toFixed(0), megabytes(own)];
    console.log(row(program.name, [...cells, ...ratios.map((ratio) => `${ratio.toFixed(2)} x its speed`)]));
  }
}

async function remember(programs: readonly Program[], capture: string) {
  console.log(`\n${LONG_BYTES / BYTES_PER_MB} MB, once`);
  console.log(row("", ["seconds", "MB/s", "peak MB"]));
  for (const program of programs) {
    const took = await run(program, capture);
    const rate = LONG_BYTES / BYTES_PER_MB / took.seconds;
    console.log(row(program.name, [took.seconds.toFixed(2), rate.toFixed(0), megabytes([took])]));
  }
}

function row(name: string, cells: readonly string[]): string {
  return name.padEnd(26) + cells.map((cell, i) => cell.padStart(i < 3 ? 9 : 21)).join("");
}

function megabytes(runs: readonly Run[]): string {
  const peaks = runs.map(({ peakMB }) => peakMB).filter((peak) => peak !== undefined);
  return peaks.length === 0 ? "-" : Math.max(...peaks).toFixed(0);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

if (import.meta.main) {
  const rounds = Number(Deno.args[0] ?? ROUNDS);
  const call = new LongCall(Deno.readFileSync(`${ROOT}fixtures/captures/call-phoenix.pcapng`));
  const folder = Deno.makeTempDirSync();
  try {
    const others = peers(call.ports);
    write(call, `${folder}/short.pcap`, BYTES);
    await compare(OWN, others, `${folder}/short.pcap`, rounds);
    write(call, `${folder}/long.pcap`, LONG_BYTES);
    await remember([...OWN, ...others], `${folder}/long.pcap`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
