import assert from "node:assert/strict";
import { SeededRng } from "../../base/rng.ts";
import { makeG722Reader, makeG722Writer } from "./g722.ts";
import { readAllFrames } from "./media_reader.ts";
import { writeAllFrames } from "./media_writer.ts";

Deno.test("G.722: 160 octets are 20 ms are 160 ticks; the rest is a shorter last frame", () => {
  const bytes = new SeededRng(1).fill(new Uint8Array(500));
  const frames = readAllFrames(makeG722Reader(), bytes);
  assert.deepEqual(frames.map((f) => [f.timestampTicks, f.durationTicks, f.data.length]), [
    [0, 160, 160],
    [160, 160, 160],
    [320, 160, 160],
    [480, 20, 20],
  ]);
  assert.deepEqual(writeAllFrames(makeG722Writer(), frames), bytes);
});

Deno.test("G.722: nothing is handed out before 20 ms are there or the file has ended", () => {
  const reader = makeG722Reader();
  reader.push(new Uint8Array(159));
  assert.equal(reader.poll(), undefined);
  reader.push(new Uint8Array(1));
  assert.equal(reader.poll()?.data.length, 160);
  reader.end();
  assert.equal(reader.poll(), undefined);
});
