import assert from "node:assert/strict";
import { concatBytes, equalBytes } from "../../base/bytes.ts";
import { StreamTable } from "../analysis/stream_table.ts";
import { CaptureReader } from "../capture/capture_reader.ts";
import { CaptureChecker } from "../check/checker.ts";
import { UnitModeller } from "../model/unit_modeller.ts";
import { PacketDissector } from "../units/packet_dissector.ts";
import { LongCall } from "./long_call.ts";
import { readCapture } from "./made_captures.ts";

const BYTES = 2_000_000;

Deno.test("long call: goes on as one call does, without loss, repetition, jump or breach, in the bytes asked for", () => {
  const call = new LongCall(readCapture("call-phoenix.pcapng"));
  const file = concatBytes(...call.pieces(BYTES));
  assert.ok(file.length >= BYTES && file.length < BYTES + 2000 * 1500);
  const [modeller, streams, checker] = [new UnitModeller(), new StreamTable(), new CaptureChecker()];
  let unexpanded = 0;
  const dissector = new PacketDissector({
    unit(unit) {
      const model = modeller.handle(unit);
      if (unit.kind === 6 && model.rtp === undefined) unexpanded++;
      streams.handle(model);
      checker.handle(model);
    },
    note: (note) => assert.fail(note.message),
  });
  const reader = new CaptureReader();
  reader.feed(file);
  for (let event = reader.next(); event !== undefined; event = reader.next()) {
    if (event === "frame") dissector.handle(reader.frame);
  }
  dissector.end();
  checker.end();
  assert.deepEqual(checker.findings, []);
  assert.equal(unexpanded, 0);
  const all = [...streams.streams()];
  assert.equal(all.length, 3);
  for (const { sequence, packets, meanJitterMs = 0 } of all) {
    assert.ok(packets > 20);
    assert.deepEqual([sequence.lost, sequence.duplicates, sequence.jumps, sequence.strays], [0, 0, 0, 0]);
    // Timestamps go on with the time.
    assert.ok(meanJitterMs < 5);
  }
});

Deno.test("long call: the same bytes every time", () => {
  const [one, two] = [1, 2].map(() => concatBytes(...new LongCall(readCapture("call-phoenix.pcapng")).pieces(300_000)));
  assert.ok(equalBytes(one, two));
});
