/** Runs command lines in-process, as a shell would: quotes, pipes, `echo`, and comments that name the exit code. */
import assert from "node:assert/strict";
import { run } from "../run.ts";
import { MemoryIo } from "../ui/io.ts";

export interface Ran {
  readonly exitCode: number;
  readonly out: string;
  readonly outBytes: Uint8Array;
  readonly err: string;
}

/** One command with its arguments as they are, no shell in between. */
export async function runArgs(
  args: readonly string[],
  input: string | Uint8Array = "",
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const io = new MemoryIo(input, env);
  const exitCode = await run(args, io);
  return { exitCode, out: io.out, outBytes: io.outBytes, err: io.err };
}

/** The last stage's output; the errors of all stages, and the first exit code that is not 0. */
export async function runLine(line: string): Promise<Ran> {
  let ran: Ran = { exitCode: 0, out: "", outBytes: new Uint8Array(0), err: "" };
  for (const [program, ...args] of stagesOf(line)) {
    const before = ran;
    if (program === "echo") ran = { ...before, out: `${args.join(" ")}\n` };
    else {
      assert.equal(program, "arcrtc", line);
      ran = await runArgs(args, before.outBytes.length > 0 ? before.outBytes : before.out);
      ran = { ...ran, exitCode: before.exitCode || ran.exitCode, err: before.err + ran.err };
    }
  }
  return ran;
}

function stagesOf(line: string): string[][] {
  // Where the output would go to a file, it is what the line gives.
  const words = [...line.replace(/\s>\s[\w./-]+$/, "").matchAll(/'([^']*)'|"([^"]*)"|(\||[^\s'"|]+)/g)].map((
    [, single, double, bare],
  ) => bare === "|" ? undefined : single ?? double ?? bare);
  const stages: string[][] = [[]];
  for (const word of words) {
    if (word === undefined) stages.push([]);
    else stages[stages.length - 1].push(word);
  }
  return stages;
}

/** The lines of a help text's `Examples:`, each with the exit code that its comment names, 0 without one. */
export function examplesOf(help: string): { readonly line: string; readonly exitCode: number }[] {
  const [, examples = ""] = help.split("\nExamples:\n");
  return examples.split("\n").filter((line) => line.startsWith("  ")).map((text) => {
    const [line, comment = ""] = text.trim().split(/\s+# /);
    return { line, exitCode: Number(/exit code (\d+)/.exec(comment)?.[1] ?? 0) };
  });
}
