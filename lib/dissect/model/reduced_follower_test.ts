import assert from "node:assert/strict";
import fc from "fast-check";
import { SeededRng } from "../../base/rng.ts";
import { ARCRTP_MIN_HEADER_BYTES, ArcRtpView, writeArcRtp } from "../../packet/arcrtp.ts";
import { ReducedSender } from "../../packet/reduced_sender.ts";
import { EXAMPLE_STREAM, EXAMPLES } from "../../signaling/examples.ts";
import { ReducedFollower } from "./reduced_follower.ts";
import { SessionRegistry, type SsrcEntry } from "./session_registry.ts";

const AUDIO = { contextId: 1, ssrc: 0x1111, payloadType: 111, quality: 0 };
const VIDEO = { contextId: 6, ssrc: 0x2222, payloadType: 98, quality: 1 };

function entries(): Map<number, SsrcEntry> {
  const registry = new SessionRegistry();
  for (const [i, context] of [AUDIO, VIDEO].entries()) {
    registry.announced(
      {
        ...EXAMPLES.STREAM_START.minimal,
        stream_id: EXAMPLE_STREAM.slice(0, -1) + i,
        ssrc: context.ssrc,
        reduced_header: [{
          context_id: context.contextId,
          ssrc: context.ssrc,
          payload_type: context.payloadType,
          quality: context.quality,
        }],
      },
      undefined,
      0,
    );
  }
  return new Map([AUDIO, VIDEO].flatMap(({ ssrc }) => {
    const entry = registry.ssrc(ssrc);
    return entry === undefined ? [] : [[ssrc, entry] as const];
  }));
}

/** A sender's packets with their true headers, reduced as the protocol has it, some lost on the way. */
function follow(seed: number, lossIn256: number): { reduced: number; wrong: number; unknown: number } {
  const rng = new SeededRng(seed);
  const known = entries();
  const sender = new ReducedSender();
  const follower = new ReducedFollower();
  sender.define(AUDIO);
  sender.define(VIDEO);
  const counts = { reduced: 0, wrong: 0, unknown: 0 };
  const view = new ArcRtpView();
  const state = [AUDIO, VIDEO].map((context) => ({ context, seq: rng.u32() & 0x7fff, ts: rng.u32() }));
  for (let i = 0; i < 400; i++) {
    const { context, ...at } = state[i % 2];
    state[i % 2].seq = (at.seq + 1) & 0xffff;
    state[i % 2].ts = (at.ts + (i % 2 === 0 ? 960 : 3000)) >>> 0;
    const packet = new Uint8Array(ARCRTP_MIN_HEADER_BYTES + 4);
    const fields = {
      ...context,
      sequenceNumber: at.seq,
      timestamp: at.ts,
      priority: i % 4,
      keyPhase: 2,
      marker: i % 5 === 0,
    };
    writeArcRtp({ ...fields, payload: new Uint8Array(4) }, packet, 0);
    const truth = packet.slice(0, ARCRTP_MIN_HEADER_BYTES);
    const start = sender.reduce(packet, 0, packet.length, 10 * i);
    if (i > 10 && (rng.u32() & 255) < lossIn256) continue;
    if (start === 0) {
      const entry = known.get(context.ssrc);
      assert.ok(entry && view.parse(packet));
      follower.full(view, entry);
      continue;
    }
    counts.reduced++;
    if (!follower.expand(packet, start, packet.length)) counts.unknown++;
    else if (truth.some((byte, at) => byte !== follower.header[at])) counts.wrong++;
  }
  return counts;
}

Deno.test("ARC-RTP-reduced-expand: what a sender reduced is made full again, through losses too", () => {
  fc.assert(
    fc.property(fc.integer(), fc.constantFrom(0, 5, 40), (seed, loss) => {
      const { reduced, wrong, unknown } = follow(seed, loss);
      assert.ok(reduced > 100);
      assert.deepEqual([wrong, unknown], [0, 0]);
    }),
    { seed: 111, numRuns: 60 },
  );
});

Deno.test("ARC-RTP-reduced-no-context: without a full packet of the context's SSRC nothing is made up", () => {
  const follower = new ReducedFollower();
  assert.equal(follower.expand(Uint8Array.of(0xc1, 0, 0, 0), 0, 4), false);
  assert.equal(follower.expand(Uint8Array.of(0xc1, 0, 0), 0, 3), false);
});

Deno.test("ARC-RTP-reduced-reference: a packet that comes late does not move the reference back", () => {
  const known = entries();
  const follower = new ReducedFollower();
  const view = new ArcRtpView();
  const entry = known.get(AUDIO.ssrc);
  assert.ok(entry);
  for (const [seq, ts] of [[1000, 96_000], [900, 48_000]]) {
    const packet = new Uint8Array(16);
    writeArcRtp({ ...AUDIO, sequenceNumber: seq, timestamp: ts, priority: 0, keyPhase: 0 }, packet, 0);
    view.parse(packet);
    follower.full(view, entry);
  }
  assert.equal(follower.expand(Uint8Array.of(0xc1, 1001 & 255, 0, 0), 0, 4), true);
  view.parse(follower.header);
  assert.equal(view.sequenceNumber, 1001);
});
