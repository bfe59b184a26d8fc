/** Why a test that drives a system program is ignored; undefined where the program is there. */
export function absent(program: string): string | undefined {
  try {
    new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync();
    return undefined;
  } catch {
    return `${program} cannot be run: apt-get install ${program}`;
  }
}
