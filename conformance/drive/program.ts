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

/** The words with their placeholders filled in: `{port}` by `values.port`. */
export function fillIn(words: readonly string[], values: Readonly<Record<string, string>>): readonly string[] {
  return words.map((word) =>
    Object.entries(values).reduce((text, [name, value]) => text.replaceAll(`{${name}}`, value), word)
  );
}
