import assert from "node:assert/strict";
import { shrinkHang } from "./hang_shrink.ts";

const HANGING = {
  target: "planted",
  shape: "bytes",
  hangMs: 250,
  mustStop: () => false,
  worker: new URL("./testing/hanging_replay_worker.ts", import.meta.url),
} as const;

Deno.test("fuzz: a case that never ends is made small, and hangs k of n times", async () => {
  const units = [new Uint8Array([9, 9, 9]), new Uint8Array([1, 5, 7])];
  assert.deepEqual(await shrinkHang(units, HANGING), { units: [new Uint8Array([1, 7])], failed: 3, tried: 3 });
});

Deno.test("fuzz: what does not hang a second time stays as it was found", async () => {
  const units = [new Uint8Array([7, 1])];
  assert.deepEqual(await shrinkHang(units, HANGING), { units, failed: 0, tried: 3 });
});
