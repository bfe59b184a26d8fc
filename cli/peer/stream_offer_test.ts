import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { SeededRng } from "../../lib/base/rng.ts";
import { unwrap } from "../../lib/base/parsed.ts";
import { FIXTURES_DIRECTORY, MEDIA_FIXTURES } from "../../lib/media/container/testing/media_fixtures.ts";
import type { StreamStart } from "../../lib/signaling/messages/stream_start.ts";
import { parseMessage } from "../../lib/signaling/parse_message.ts";
import { openSource } from "./media_source.ts";
import { RenditionSet } from "./rendition_set.ts";
import { announcedMedia, ladderFor, makeOffer } from "./stream_offer.ts";

const OPTIONS = { rng: new SeededRng(1), reducedHeader: true, rtx: true, fec: true, usedContexts: 0 };

const set = (...files: string[]) =>
  new RenditionSet(
    files.map((file) =>
      openSource(file.startsWith("test:") ? file : fileURLToPath(new URL(file, FIXTURES_DIRECTORY)), {
        loop: false,
        seed: 1,
      })
    ),
  );

/** As the other side gets it. */
function announced(offer: ReturnType<typeof makeOffer>): StreamStart {
  const message = unwrap(parseMessage(JSON.stringify({
    type: "STREAM_START",
    session_id: "6f1d3b0e-8a4c-4a52-9d0a-3f6e2b7c1d55",
    ...offer,
    encryption: { key_id: offer.stream_id, algorithm: "aes-128-gcm" },
    timestamp: 1,
  })));
  assert.equal(message.type, "STREAM_START");
  return message as StreamStart;
}

for (const { file } of [...MEDIA_FIXTURES, { file: "test:audio" }, { file: "test:video" }]) {
  Deno.test(`offer: ${file} is announced so that the receiver knows the media`, () => {
    const sending = set(file);
    const [media, ...more] = announcedMedia(announced(makeOffer(sending, OPTIONS)));
    assert.deepEqual(more, []);
    const { stream } = sending;
    if (stream.kind === "video") assert.deepEqual(media, stream);
    else {
      const { kind, codec, clockRateHz, sampleRateHz, channels } = stream;
      assert.deepEqual(media, { kind, codec, clockRateHz, sampleRateHz, channels });
    }
    sending.close();
  });
}

Deno.test("offer: only what was agreed on is in it, and ids are used once", () => {
  const sending = set("vp9_320x180.ivf", "vp9_256x144.ivf", "vp9_160x90.ivf");
  const bare = makeOffer(sending, { ...OPTIONS, reducedHeader: false, rtx: false, fec: false });
  assert.deepEqual([bare.reduced_header, bare.rtx, bare.fec], [undefined, undefined, undefined]);
  const full = makeOffer(sending, { ...OPTIONS, usedContexts: 6 });
  // Three rungs, two contexts left.
  assert.deepEqual(full.reduced_header?.map(({ context_id, quality, ssrc }) => [context_id, quality, ssrc]), [
    [6, 0, full.ssrc],
    [7, 1, full.ssrc],
  ]);
  const ssrcs = [full, bare].flatMap((
    { ssrc, rtx, fec },
  ) => [ssrc, ...[...(rtx ?? []), ...(fec ?? [])].map((r) => r.ssrc)]);
  assert.equal(new Set(ssrcs).size, 4);
  assert.notEqual(full.stream_id, bare.stream_id);
  assert.equal(full.quality_ladder?.length, 3);
  const speech = makeOffer(set("opus_48k_stereo.opus"), OPTIONS);
  assert.equal(speech.fec?.[0].protects, speech.ssrc, "audio is repaired too: SPEC ARC-LOSS-fec-audio");
  sending.close();
});

Deno.test("ladder: the nearest levels, all different and in order", () => {
  assert.deepEqual(ladderFor([5_000_000, 3_000_000, 1_500_000, 800_000]), ["ultra", "high", "medium", "low"]);
  assert.deepEqual(ladderFor([300_000, 180_000, 100_000]), ["medium", "low", "very_low"]);
  assert.deepEqual(ladderFor([300_000]), ["very_low"]);
  assert.deepEqual(ladderFor([9e6, 8e6, 7e6, 6e6]), ["ultra", "high", "medium", "low"]);
  assert.deepEqual(ladderFor([3_000_000, 400_000]), ["high", "very_low"]);
});
