/** How this program starts itself. */

/**
 * From its sources it is `deno run` on `main.ts`, from a bundle on that; a compiled binary is the program itself, with the
 * permissions that it was compiled with.
 */
export function ownCommand(permissions: readonly string[], args: readonly string[]): readonly [string, ...string[]] {
  if (Deno.build.standalone) return [Deno.execPath(), ...args];
  const isSource = import.meta.url.endsWith(".ts");
  const main = isSource ? new URL("./main.ts", import.meta.url).href : Deno.mainModule;
  return [Deno.execPath(), "run", "--quiet", "--no-prompt", ...permissions, main, ...args];
}
