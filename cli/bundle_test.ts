/** `deno compile` needs a runtime stub from the Deno site; that nothing of the program is missing can be shown without. */
import assert from "node:assert/strict";
import { bundleProgram } from "./testing/bundle.ts";
import { VERSION } from "./version.ts";

async function deno(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, stdout: "piped", stderr: "piped" })
    .output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

Deno.test("the program bundles into one directory that runs: no import is computed, none is missing", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const main = await bundleProgram(dir);
    const version = await deno("run", "-A", "--no-lock", "--no-config", main, "--version");
    assert.equal(version.out, `arcrtc ${VERSION}\n`, version.err);
    const help = await deno("run", "-A", "--no-lock", "--no-config", main, "decode", "--help");
    assert.match(help.out, /Usage: arcrtc decode/);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a compiled program takes along each thread's module and what it reads, in the release as here", async () => {
  const root = new URL("../", import.meta.url);
  const included = (path: string) => {
    const command = /deno(?:@[\d.]+)? compile .*/.exec(Deno.readTextFileSync(new URL(path, root)))?.[0] ?? "";
    return [...command.matchAll(/--include (\S+)/g)].map(([, name]) => name).sort();
  };
  const names = included("deno.json");
  assert.deepEqual(included(".github/workflows/release.yml"), names);
  for (const name of names) await Deno.stat(new URL(name, root));
  const threads = [...Deno.readDirSync(new URL("cli/fuzz/", root))].filter(({ name }) => name.endsWith("_worker.ts"));
  for (const { name } of threads) assert.ok(names.includes(`cli/fuzz/${name}`), name);
});
