/** Command lines of testees that are run as programs. */
const DENO = `'${Deno.execPath()}' run --quiet -A`;

/** Our own. */
export const arcrtcTestee = `${DENO} '${new URL("../../main.ts", import.meta.url).pathname}' testee`;

/** A file beside this one. */
export function program(file: string, ...args: readonly string[]): string {
  return [DENO, `'${new URL(file, import.meta.url).pathname}'`, ...args].join(" ");
}
