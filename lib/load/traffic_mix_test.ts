import assert from "node:assert/strict";
import { unwrap } from "../base/parsed.ts";
import { parseTrafficMix } from "./traffic_mix.ts";

const sequence = (text: string, packets: number, source = 0) => {
  const mix = unwrap(parseTrafficMix(text));
  return Array.from({ length: packets }, (_, round) => mix.priorityOf(source, round));
};

Deno.test("traffic mix: every class gets its parts, as evenly as can be", () => {
  const drawn = sequence("pr0=30,pr1=5,pr2=55,pr3=10", 1000);
  assert.deepEqual([0, 1, 2, 3].map((pr) => drawn.filter((one) => one === pr).length), [300, 50, 550, 100]);
  // In any twenty in a row there are six of PR 0, give or take one.
  for (let at = 0; at + 20 <= drawn.length; at++) {
    const critical = drawn.slice(at, at + 20).filter((one) => one === 0).length;
    assert.ok(critical >= 5 && critical <= 7, `${critical} at ${at}`);
  }
  assert.deepEqual(sequence("pr0=1,pr3=1", 4), [0, 3, 0, 3]);
});

Deno.test("traffic mix: sources are at different places of it", () => {
  const first = [0, 1, 2, 3].map((source) => sequence("pr0=1,pr2=9", 10, source).indexOf(0));
  assert.equal(new Set(first).size, 4);
});

Deno.test("traffic mix: what cannot be read is named", () => {
  for (const text of ["", "pr4=1", "pr0=x", "pr0=0", "pr0=1001", "audio=1", "pr0=1,"]) {
    const parsed = parseTrafficMix(text);
    assert.ok(!parsed.ok, text);
    assert.match(parsed.fault.message, /^Cannot (read|mix) .*(expected|need)/, text);
  }
});
