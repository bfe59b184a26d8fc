import assert from "node:assert/strict";
import { nativeIo } from "../testing/io_backends.ts";

Deno.test({
  name: "native backends: no byte goes wrong while collections are forced (a short gc_stress.ts)",
  ignore: nativeIo === undefined,
  async fn() {
    const program = new URL("./gc_stress.ts", import.meta.url).pathname;
    const args = ["run", "-A", "--quiet", "--v8-flags=--expose-gc", program, "50000"];
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    assert.match(new TextDecoder().decode(stdout), /^5\d{4} packets .* every byte right\n$/);
  },
});
