import assert from "node:assert/strict";
import { SeededRng } from "../base/rng.ts";
import { SourceRates } from "./source_rates.ts";
import { TokenBuckets } from "./token_buckets.ts";

Deno.test("TokenBuckets: may be spent from until in debt, and again when the debt is paid, to the moment that was said", () => {
  const buckets = new TokenBuckets(2, 1000, 20);
  buckets.reset(1, 0);
  assert.ok(buckets.isReady(1, 0));
  buckets.spend(1, 20);
  assert.ok(buckets.isReady(1, 0), "an empty bucket is not in debt");
  buckets.spend(1, 500);
  assert.ok(!buckets.isReady(1, 0));
  assert.equal(buckets.readyAtMs(1, 0), 500);
  assert.ok(!buckets.isReady(1, 499.9));
  assert.ok(buckets.isReady(1, buckets.readyAtMs(1, 499.9)));
  assert.ok(buckets.isReady(1, 1e9));
  buckets.spend(1, 21);
  assert.ok(!buckets.isReady(1, 1e9), "no more is saved than the burst");
});

Deno.test("TokenBuckets: without a rate limit every bucket is ready at once, whatever is spent", () => {
  const buckets = new TokenBuckets(1, Infinity, 20);
  buckets.reset(0, 0);
  buckets.spend(0, 1e12);
  assert.ok(buckets.isReady(0, 0));
  assert.equal(buckets.readyAtMs(0, 7), 7);
});

Deno.test("SourceRates: each source has its own limit, all together one, and known ones only theirs", () => {
  const rates = new SourceRates({ perSource: 10, overall: 100 }, 42, 0);
  const admitted = (source: string, count: number, nowMs: number, isKnown = false) => {
    let passed = 0;
    for (let i = 0; i < count; i++) if (rates.admit(source, isKnown, nowMs)) passed++;
    return passed;
  };
  assert.equal(admitted("a", 100, 0), 21, "twice the rate, and the one that leads into debt");
  assert.equal(admitted("b", 100, 0), 21);
  assert.equal(admitted("a", 100, 1000), 10);
  let strangers = 0;
  for (let i = 0; i < 1000; i++) if (rates.admit(`stranger ${i}`, false, 1000)) strangers++;
  assert.ok(strangers >= 140 && strangers <= 201, `${strangers} of 1000 strangers`);
  assert.equal(admitted("c", 5, 1000), 0, "all have used up what all have");
  assert.equal(admitted("c", 5, 1000, true), 5);
});

Deno.test("SourceRates: which sources share a bucket depends on the seed", () => {
  const shared = (seed: number) => {
    const rates = new SourceRates({ perSource: 1, overall: Infinity }, seed, 0);
    return Array.from({ length: 6000 }, (_, i) => {
      const name = `10.0.${i >>> 8}.${i & 255}`;
      return rates.admit(name, false, 0) && rates.admit(name, false, 0) && rates.admit(name, false, 0) ? "" : name;
    }).filter((name) => name !== "");
  };
  const rng = new SeededRng(1);
  const [one, two] = [shared(rng.u32()), shared(rng.u32())];
  assert.ok(one.length > 1000 && two.length > 1000);
  assert.notDeepEqual(one, two);
});
