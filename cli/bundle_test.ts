/** `deno compile` needs a runtime stub from the Deno site; that the program's graph is whole can be shown without. */
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
