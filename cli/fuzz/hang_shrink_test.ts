import assert from "node:assert/strict";
import { CaseProcess } from "./case_process.ts";
import { shrinkHang } from "./hang_shrink.ts";
import { SpinningChildren } from "./testing/spinning_children.ts";

function hanging(children: SpinningChildren) {
  const cases = new CaseProcess("planted", () => children.start("cases"));
  return { cases, shape: "bytes", hangMs: 250, mustStop: () => false } as const;
}

Deno.test("fuzz: a case in a loop without end is made small, hangs k of n times, and leaves nothing running", async () => {
  const children = new SpinningChildren();
  const units = [new Uint8Array([9, 9, 9]), new Uint8Array([1, 5, 7])];
  const shrunk = await shrinkHang(units, hanging(children));
  assert.deepEqual(shrunk, { units: [new Uint8Array([1, 7])], failed: 3, tried: 3 });
  assert.ok(children.started > 3, "each case that hung had a process of its own");
  children.assertGone();
});

Deno.test("fuzz: what does not hang a second time stays as it was found", async () => {
  const children = new SpinningChildren();
  const units = [new Uint8Array([7, 1])];
  assert.deepEqual(await shrinkHang(units, hanging(children)), { units, failed: 0, tried: 3 });
  assert.equal(children.started, 1, "cases that end share a process");
  children.assertGone();
});
