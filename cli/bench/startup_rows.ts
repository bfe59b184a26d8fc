/** What a process takes to start: this program, and an empty one on the same runtime. */
import { type BenchGap, type BenchRow, percentile, whyOf } from "./bench_row.ts";

const MAIN = new URL("../main.ts", import.meta.url);
const PERMISSIONS = ["--allow-read", "--allow-env"];
const STARTS = 5;

export async function startupRows(): Promise<(BenchRow | BenchGap)[]> {
  const programs = new Map<string, string[]>();
  if (Deno.build.standalone) programs.set("arcrtc --version", ["--version"]);
  else {
    const self = ["run", "--no-check", "--quiet", ...PERMISSIONS, MAIN.href];
    programs.set("empty program", ["eval", "--no-lock", "0"]);
    programs.set("arcrtc --version", [...self, "--version"]);
    programs.set("arcrtc decode --help", [...self, "decode", "--help"]);
  }
  const { state } = await Deno.permissions.query({ name: "run" });
  if (state !== "granted") {
    const why = "Deno has no permission to start processes (--allow-run)";
    return [...programs.keys()].map((subject) => ({ area: "startup", subject, why }));
  }
  return [...programs].map(([subject, args]) => startup(subject, args));
}

function startup(subject: string, args: string[]): BenchRow | BenchGap {
  const tookMs: number[] = [];
  try {
    // The first one is for the caches.
    for (let i = -1; i < STARTS; i++) {
      const startMs = performance.now();
      const { success, stderr } = new Deno.Command(Deno.execPath(), { args, stdin: "null" }).outputSync();
      if (!success) return { area: "startup", subject, why: new TextDecoder().decode(stderr).split("\n")[0] };
      if (i >= 0) tookMs.push(performance.now() - startMs);
    }
  } catch (error) {
    return { area: "startup", subject, why: whyOf(error) };
  }
  return { area: "startup", subject, count: STARTS, figures: { ms: percentile(tookMs, 50) } };
}
