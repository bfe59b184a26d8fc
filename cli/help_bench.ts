/**
 * What somebody waits who asks for help: `deno task bench:help [rounds]` prints the median time of `--help` of each command,
 * as a process of its own, beside an empty program on the same runtime in the same run.
 */
import { COMMANDS } from "./commands/registry.ts";

const ROUNDS = 9;
const GOAL_MS = 100;
const MAIN = new URL("./main.ts", import.meta.url).pathname;

function timeMs(args: readonly string[]): number {
  const startMs = performance.now();
  const { code } = new Deno.Command(Deno.execPath(), { args: [...args], stdout: "null", stderr: "null" }).outputSync();
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}`);
  return performance.now() - startMs;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

if (import.meta.main) {
  const rounds = Number(Deno.args[0] ?? ROUNDS);
  const run = ["run", "-A", "--no-check", "--quiet"];
  const empty = Deno.makeTempFileSync({ suffix: ".js" });
  const programs = new Map<string, readonly string[]>([
    ["(empty program)", [...run, empty]],
    ["(arcrtc itself)", [...run, MAIN, "--help"]],
    ...COMMANDS.map(({ name }) => [name, [...run, MAIN, name, "--help"]] as const),
  ]);
  const times = new Map<string, number[]>([...programs.keys()].map((name) => [name, []]));
  try {
    // The first round is for the caches.
    for (let round = -1; round < rounds; round++) {
      for (const [name, args] of programs) {
        const ms = timeMs(args);
        if (round >= 0) times.get(name)?.push(ms);
      }
    }
  } finally {
    Deno.removeSync(empty);
  }
  console.log(`--help, medians of ${rounds} rounds that take turns; the goal is ${GOAL_MS} ms`);
  for (const [name, values] of times) {
    const ms = median(values);
    console.log(`${name.padEnd(16)}${ms.toFixed(0).padStart(5)} ms${ms < GOAL_MS ? "" : "   above the goal"}`);
  }
}
