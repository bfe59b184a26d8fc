/** A program that the suite has started for one case: it ends by itself, or with the case. */
export interface RunningProgram {
  /** Resolves when it has ended, by itself or because it was stopped, with how. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/** Starts it, with nothing to read and nobody to hear it. @throws Error where there is no such program */
export function startProgram([program = "", ...args]: readonly string[]): RunningProgram & { readonly pid: number } {
  const child = new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
  const ended = child.status.then(({ code, signal }) => signal ?? `exit code ${code}`);
  return {
    pid: child.pid,
    ended,
    async stop() {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended by itself.
      }
      await ended;
    },
  };
}

/** The words with their placeholders filled in, `{port}` by `values.port`; a word whose value is undefined is left out. */
export function fillIn(
  words: readonly string[],
  values: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const placeholder = new RegExp(`\\{(${Object.keys(values).join("|")})\\}`, "g");
  return words.flatMap((word) => {
    const names = [...word.matchAll(placeholder)].map(([, name]) => name);
    if (names.some((name) => values[name] === undefined)) return [];
    return [word.replaceAll(placeholder, (_placeholder, name: string) => values[name] ?? "")];
  });
}
