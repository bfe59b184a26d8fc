/** The rules of STREAM_START between its fields. */
import assert from "node:assert/strict";
import { unwrap } from "../base/parsed.ts";
import { EXAMPLES } from "./examples.ts";
import { mediaSsrcs, type StreamStart } from "./messages/stream_start.ts";
import { parseMessage } from "./parse_message.ts";

/** `reason path` of the refusal, or `ok`, of the full example with other fields. */
function verdict(changes: object, of: StreamStart = EXAMPLES.STREAM_START.full): string {
  const parsed = parseMessage(JSON.stringify({ ...of, ...changes }));
  return parsed.ok ? "ok" : `${parsed.fault.reason} ${parsed.fault.path}`;
}

const { codec, ssrc } = EXAMPLES.STREAM_START.full;

Deno.test("ARC-SIG-stream-start-codec-blocks: the type's blocks are required, one too many is ignored", () => {
  assert.equal(verdict({ codec: { audio: codec.audio } }), "missing_field $.codec.video");
  assert.equal(verdict({ codec: { video: codec.video } }), "missing_field $.codec.audio");
  const plain = { reduced_header: undefined, rtx: undefined, fec: undefined };
  assert.equal(
    verdict({ ...plain, stream_type: "audio", codec: { video: codec.video } }),
    "missing_field $.codec.audio",
  );
  assert.equal(
    verdict({ ...plain, stream_type: "video", codec: { audio: codec.audio } }),
    "missing_field $.codec.video",
  );
  const text = JSON.stringify({ ...EXAMPLES.STREAM_START.minimal, codec: { audio: codec.audio, video: "nonsense" } });
  const message = unwrap(parseMessage(text));
  assert.ok(message.type === "STREAM_START");
  assert.deepEqual(Object.keys(message.codec), ["audio"]);
});

Deno.test("ARC-SIG-stream-start-both-ssrc: video has the SSRC after the audio's, modulo 2^32", () => {
  assert.deepEqual(mediaSsrcs({ stream_type: "audio", ssrc: 7 }), [7]);
  assert.deepEqual(mediaSsrcs({ stream_type: "video", ssrc: 7 }), [7]);
  assert.deepEqual(mediaSsrcs({ stream_type: "both", ssrc: 7 }), [7, 8]);
  assert.deepEqual(mediaSsrcs({ stream_type: "both", ssrc: 0xffff_ffff }), [0xffff_ffff, 0]);
});

Deno.test("ARC-SIG-stream-start-opaque-codec: a codec outside of the eight brings payload_type and clock_rate", () => {
  for (const [kind, block] of Object.entries(codec)) {
    const { payload_type: _, clock_rate: __, ...bare } = block;
    const other = (changes: object) => verdict({ codec: { ...codec, [kind]: { ...bare, name: "x-new", ...changes } } });
    assert.equal(other({}), `missing_field $.codec.${kind}.payload_type`);
    assert.equal(other({ payload_type: 120 }), `missing_field $.codec.${kind}.clock_rate`);
    assert.equal(other({ clock_rate: 16000 }), `missing_field $.codec.${kind}.payload_type`);
    assert.equal(other({ payload_type: 120, clock_rate: 16000 }), "ok");
    assert.equal(verdict({ codec: { ...codec, [kind]: bare } }), "ok");
  }
  assert.equal(
    verdict({ codec: { ...codec, audio: { ...codec.audio, name: "vp9" } } }),
    "bad_value $.codec.audio.name",
  );
  assert.equal(
    verdict({ codec: { ...codec, video: { ...codec.video, name: "pcm" } } }),
    "bad_value $.codec.video.name",
  );
});

Deno.test("ARC-RTP-stream-payload-type-range: payload types 64 to 95 and above 127 are refused wherever they stand", () => {
  const allowed = [0, 63, 96, 127];
  for (const payload_type of [...allowed, 64, 72, 95, 128, -1]) {
    const expected = (path: string) => allowed.includes(payload_type) ? "ok" : `bad_value ${path}`;
    const audio = { ...codec.audio, payload_type };
    const video = { ...codec.video, payload_type };
    assert.equal(verdict({ codec: { ...codec, audio } }), expected("$.codec.audio.payload_type"));
    assert.equal(verdict({ codec: { ...codec, video } }), expected("$.codec.video.payload_type"));
    const context = { context_id: 5, ssrc, payload_type, quality: 0 };
    assert.equal(verdict({ reduced_header: [context] }), expected("$.reduced_header[0].payload_type"));
    const repair = { ssrc: 99, payload_type, protects: ssrc };
    assert.equal(verdict({ rtx: [repair] }), expected("$.rtx[0].payload_type"));
    assert.equal(verdict({ fec: [repair] }), expected("$.fec[0].payload_type"));
  }
});

Deno.test("ARC-SIG-stream-start-ladder: one to four different levels, best first", () => {
  for (const ladder of [["very_low"], ["ultra", "low"], ["high", "medium", "low", "very_low"]]) {
    assert.equal(verdict({ quality_ladder: ladder }), "ok", ladder.join());
  }
  for (const ladder of [[], ["low", "high"], ["high", "high"], ["ultra", "high", "medium", "low", "very_low"]]) {
    assert.equal(verdict({ quality_ladder: ladder }), "bad_value $.quality_ladder", ladder.join());
  }
  assert.equal(verdict({ quality_ladder: ["ultra", "best"] }), "bad_value $.quality_ladder[1]");
});

Deno.test("ARC-SIG-stream-start-context-ssrc ARC-RTP-reduced-context ARC-RTP-reduced-context-unique: contexts name the stream's SSRCs, each id once", () => {
  const context = (context_id: number, of: number) => ({ context_id, ssrc: of, payload_type: 111, quality: 3 });
  assert.equal(verdict({ reduced_header: [] }), "ok");
  assert.equal(verdict({ reduced_header: [context(7, ssrc), context(0, ssrc + 1), context(1, 22345679)] }), "ok");
  assert.equal(verdict({ reduced_header: [context(0, ssrc), context(1, 5)] }), "bad_value $.reduced_header[1].ssrc");
  assert.equal(
    verdict({ reduced_header: [context(0, ssrc), context(0, ssrc)] }),
    "bad_state $.reduced_header[1].context_id",
  );
  const nine = Array.from({ length: 9 }, (_, i) => context(i % 8, ssrc));
  assert.equal(verdict({ reduced_header: nine }), "bad_value $.reduced_header");
});

Deno.test("ARC-SIG-stream-start-repair-lists: repair streams have an SSRC of their own and protect the stream's media", () => {
  const repair = (own: number, protects: number) => ({ ssrc: own, protects });
  assert.equal(verdict({ rtx: [repair(1, ssrc), repair(2, ssrc + 1)], fec: [repair(3, ssrc)] }), "ok");
  assert.equal(verdict({ rtx: [repair(1, ssrc + 2)] }), "bad_value $.rtx[0].protects");
  assert.equal(verdict({ rtx: [repair(1, ssrc)], fec: [repair(3, 1)] }), "bad_value $.fec[0].protects");
  assert.equal(verdict({ rtx: [{ ssrc: 1 }] }), "missing_field $.rtx[0].protects");
  // One SSRC for two things would use a nonce twice.
  assert.equal(verdict({ rtx: [repair(ssrc + 1, ssrc)] }), "bad_state $.rtx[0].ssrc");
  assert.equal(verdict({ rtx: [repair(1, ssrc), repair(1, ssrc + 1)] }), "bad_state $.rtx[1].ssrc");
  assert.equal(verdict({ rtx: [repair(1, ssrc)], fec: [repair(1, ssrc)] }), "bad_state $.fec[0].ssrc");
});
