/** Executions a second of the in-process fuzzer, generation included, beside fast-check on the same parsers. */
import fc from "fast-check";
import { TargetFuzzer } from "./fuzzer.ts";
import type { FuzzTarget } from "./target.ts";
import { LIBRARY_TARGETS } from "./targets/targets.ts";

/** One iteration is so many executions: divide. */
const CASES = 1000;

function targetOf(name: string): FuzzTarget {
  const target = LIBRARY_TARGETS.find((known) => known.name === name);
  if (target === undefined) throw new Error(`no target ${name}`);
  return target;
}

for (
  const name of [
    "packet.arcrtp",
    "packet.demux",
    "packet.rtcp",
    "packet.framing",
    "crypto.der",
    "text.json",
    "message.ack",
  ]
) {
  const target = targetOf(name);
  const fuzzer = new TargetFuzzer(target, { seed: 1 });
  Deno.bench({
    name: `${name}: ${CASES} executions`,
    group: name,
    baseline: true,
    fn: () => fuzzer.run(fuzzer.nextBatch(CASES), target),
  });
  const anyBytes = fc.uint8Array({ maxLength: 120, size: "max" });
  Deno.bench({
    name: `${name}: ${CASES} executions by fast-check, any bytes`,
    group: name,
    fn: () => fc.assert(fc.property(anyBytes, (bytes) => void target.run([bytes])), { numRuns: CASES, seed: 1 }),
  });
}
