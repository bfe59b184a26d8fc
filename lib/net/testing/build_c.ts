/** Builds `fixtures/bench/NAME.c` into a temporary file; undefined, with a line that says so, where it cannot be built. */
export async function buildC(name: string, ...libraries: string[]): Promise<string | undefined> {
  const source = new URL(`../../../fixtures/bench/${name}.c`, import.meta.url).pathname;
  const program = await Deno.makeTempFile({ prefix: `arcrtc-bench-${name}-` });
  try {
    const args = ["-O2", "-o", program, source, ...libraries];
    const { success, stderr } = await new Deno.Command("gcc", { args, stderr: "piped" }).output();
    if (success) return program;
    console.log(`without ${name}.c: ${new TextDecoder().decode(stderr).split("\n")[0]}`);
  } catch (error) {
    console.log(`without ${name}.c: ${error instanceof Error ? error.message : error}`);
  }
  await Deno.remove(program);
  return undefined;
}
