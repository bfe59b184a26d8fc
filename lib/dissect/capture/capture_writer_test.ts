import assert from "node:assert/strict";
import { concatBytes, utf8 } from "../../base/bytes.ts";
import { unwrap } from "../../base/parsed.ts";
import { readFile, type ReadFrame } from "../testing/reading.ts";
import { madeCaptures } from "../testing/made_captures.ts";
import { type CaptureFormat, makeCaptureWriter } from "./capture_writer.ts";

/** Writes frames that were read. */
function write(format: CaptureFormat, frames: readonly ReadFrame[]): Uint8Array {
  const writer = makeCaptureWriter(format, "test");
  const pieces = frames.map((frame) => unwrap(writer.frame({ ...frame, start: 0, end: frame.bytes.length })));
  return concatBytes(...pieces, writer.end());
}

/** All but what the file itself decides. */
function told(frames: readonly ReadFrame[]) {
  return frames.map(({ timeS, timeNs, bytes, originalBytes, linkType }) => ({
    timeS,
    timeNs,
    bytes,
    originalBytes,
    linkType,
  }));
}

Deno.test("capture writer: what was read is read again, from either format in either format", () => {
  for (const [path, file] of madeCaptures()) {
    const { frames } = readFile(file);
    const again = readFile(write("pcapng", frames));
    assert.deepEqual(told(again.frames), told(frames), path);
    assert.deepEqual([again.reader.format, again.reader.fault, again.notes], ["pcapng", undefined, []], path);
    if (new Set(frames.map(({ linkType }) => linkType)).size > 1) continue;
    const classic = readFile(write("pcap", frames));
    assert.deepEqual(told(classic.frames), told(frames), path);
    assert.deepEqual([classic.reader.format, classic.reader.fault], ["pcap", undefined], path);
  }
});

Deno.test("capture writer: pcap holds one link type and no keys, and says so", () => {
  const { frames } = readFile(madeCaptures().get("made/layers.pcapng") ?? new Uint8Array());
  const writer = makeCaptureWriter("pcap", "test");
  const results = frames.map((frame) => writer.frame({ ...frame, start: 0, end: frame.bytes.length }));
  assert.deepEqual(results.map(({ ok }) => ok), [...Array(7).fill(true), false, false, false]);
  const refusals = results.flatMap((result) => result.ok ? [] : [result.fault.message]);
  assert.match(refusals[0], /one link type, 1, and a packet has 276/);
  assert.equal(writer.secrets({ type: 1, bytes: utf8("x") }), undefined);
});

Deno.test("capture writer: secrets and times keep every byte and nanosecond; an empty file is a file", () => {
  const writer = makeCaptureWriter("pcapng", "test");
  const secrets = writer.secrets({ type: 0x544c534b, bytes: utf8("odd length!") }) ?? new Uint8Array();
  const bytes = Uint8Array.of(1, 2, 3);
  const at = { timeS: 4_000_000_000, timeNs: 999_999_999 };
  const packet = unwrap(writer.frame({ ...at, bytes, start: 0, end: 3, originalBytes: 90, linkType: 101 }));
  const read = readFile(concatBytes(secrets, packet, writer.end()));
  assert.deepEqual(read.secrets, [{ type: 0x544c534b, bytes: utf8("odd length!") }]);
  assert.deepEqual(told(read.frames), [{ ...at, bytes, originalBytes: 90, linkType: 101 }]);
  for (const format of ["pcap", "pcapng"] as const) {
    const empty = readFile(write(format, []));
    assert.deepEqual([empty.reader.format, empty.reader.fault, empty.frames, empty.notes], [format, undefined, [], []]);
  }
});
