/**
 * Key pairs and agreement on P-256 with each backend, in one run: `deno bench -A lib/crypto/p256_bench.ts`.
 *
 * A call makes one pair and agrees once, and so does each rotation, so that the first of each in a process counts most:
 * those are printed before the rest, the multiplication alone. The benches are what a session does, judging included.
 */
import { unwrap } from "../base/parsed.ts";
import { SeededRng } from "../base/rng.ts";
import { agree, generateKeyPair } from "./ecdh.ts";
import { BACKENDS, randomBytes } from "./testing/backends.ts";

const [ours, theirs] = [randomBytes(32, 1), randomBytes(32, 2)];

function onceMs(work: () => void): string {
  const beganMs = performance.now();
  work();
  return (performance.now() - beganMs).toFixed(2);
}

for (const { name, p256 } of BACKENDS) {
  const pairMs = onceMs(() => p256.publicKey(ours));
  const peer = p256.publicKey(theirs);
  console.log(
    `first in this process, ${name}: key pair ${pairMs} ms, agreement ${onceMs(() => p256.sharedX(ours, peer))} ms`,
  );
}

const rng = new SeededRng(3);
for (const { name, p256 } of BACKENDS) {
  const isBaseline = name === "noble";
  const own = generateKeyPair(rng, p256);
  const peer = generateKeyPair(rng, p256).publicKey;
  Deno.bench(name, { group: "key pair", baseline: isBaseline }, () => void generateKeyPair(rng, p256));
  Deno.bench(name, { group: "agreement", baseline: isBaseline }, () => void unwrap(agree(own, peer, p256)));
}
