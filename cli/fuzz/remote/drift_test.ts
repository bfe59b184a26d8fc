import assert from "node:assert/strict";
import { Drift, residentBytes } from "./drift.ts";

function warm(): Drift {
  const drift = new Drift();
  for (let i = 0; i < 64; i++) drift.afterCase(1 + i / 64, 50e6);
  return drift;
}

Deno.test("fuzz: a program that has grown by far is a finding, one that keeps its size is none", () => {
  const drift = warm();
  drift.afterCase(1, 300e6);
  assert.throws(() => drift.afterCase(1, 320e6), { oracle: "memory" });
  // It is started again after a finding, and is then as it was.
  drift.afterCase(1, 60e6);
  drift.afterCase(1, undefined);
});

Deno.test("fuzz: a case that takes a hundred times as long as the others is a finding", () => {
  const drift = warm();
  drift.afterCase(900, 50e6);
  assert.throws(() => drift.afterCase(1100, 50e6), { oracle: "slow" });
});

Deno.test("fuzz: what a process holds is told by the system, or not at all", () => {
  const own = residentBytes(Deno.pid);
  if (Deno.build.os === "linux") assert.ok(own !== undefined && own > 1e6);
  assert.equal(residentBytes(-1), undefined);
});
