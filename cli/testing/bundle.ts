/**
 * The program put together by `deno bundle`: it starts in half the time. What its threads run and what it reads from
 * `fixtures` is not in it, so that it serves for commands that need neither, such as `peer`.
 */

const MAIN = new URL("../main.ts", import.meta.url).pathname;

/** Writes the program into `directory`; answers the file that runs it. @throws Error with what the bundler said. */
export async function bundleProgram(directory: string): Promise<string> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    // Split, so that a command loads no more than from the sources.
    args: ["bundle", "--quiet", "--code-splitting", "--outdir", directory, MAIN],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (code !== 0) throw new Error(`deno bundle ended with ${code}: ${new TextDecoder().decode(stderr)}`);
  return `${directory}/main.js`;
}
