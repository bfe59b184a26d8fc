import assert from "node:assert/strict";
import { below, SeededRng, unit } from "./rng.ts";
import { isUuid, uuidV4 } from "./uuid.ts";

Deno.test("SeededRng: one seed, one sequence; another seed, another sequence", () => {
  const draw = (seed: number) => Array.from({ length: 8 }, ((rng) => () => rng.u32())(new SeededRng(seed)));
  assert.deepEqual(draw(7), draw(7));
  assert.notDeepEqual(draw(7), draw(8));
});

Deno.test("SeededRng: every bit of u32 is set about half of the time", () => {
  const rng = new SeededRng(1);
  const ones = new Array<number>(32).fill(0);
  for (let i = 0; i < 20_000; i++) {
    const value = rng.u32();
    for (let bit = 0; bit < 32; bit++) ones[bit] += (value >>> bit) & 1;
  }
  for (const count of ones) assert.ok(Math.abs(count - 10_000) < 400, ones.join(" "));
});

Deno.test("below and unit stay in range and reach every value", () => {
  const rng = new SeededRng(3);
  const seen = new Set<number>();
  for (let i = 0; i < 1000; i++) {
    seen.add(below(rng, 10));
    const u = unit(rng);
    assert.ok(u >= 0 && u < 1);
  }
  assert.deepEqual([...seen].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

Deno.test("fill writes every byte and nothing beyond", () => {
  const rng = new SeededRng(4);
  const bytes = new Uint8Array(11);
  rng.fill(bytes.subarray(1, 10));
  assert.equal(bytes[0], 0);
  assert.equal(bytes[10], 0);
  assert.ok(bytes.subarray(1, 10).some((byte) => byte !== 0));
});

Deno.test("uuidV4: canonical, version 4, variant 10", () => {
  const rng = new SeededRng(5);
  for (let i = 0; i < 50; i++) {
    const uuid = uuidV4(rng);
    assert.ok(isUuid(uuid), uuid);
    assert.match(uuid, /^.{14}4.{4}[89ab]/);
  }
  for (const bad of ["", "A0000000-0000-4000-8000-000000000000", "{00000000-0000-4000-8000-000000000000}"]) {
    assert.ok(!isUuid(bad));
  }
});
