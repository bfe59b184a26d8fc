/** A real browser on the WebRTC side: what it offers becomes a CONNECT, and what an ArcRTC peer answers, an answer for it. */
import assert from "node:assert/strict";
import { unwrap } from "../base/parsed.ts";
import { SeededRng } from "../base/rng.ts";
import { uuidV4 } from "../base/uuid.ts";
import { hasBrowser, NO_BROWSER, withPage } from "../html/testing/browser.ts";
import { EXAMPLES } from "../signaling/examples.ts";
import type { ConnectAck } from "../signaling/messages/connect_ack.ts";
import { parseMessage, writeMessage } from "../signaling/parse_message.ts";
import { KNOWN_CODECS } from "../signaling/selection.ts";
import { ackOfAnswer, connectOfOffer } from "./connect_of_sdp.ts";
import { negotiatedMap } from "./negotiated_map.ts";
import { answerOfAck, offerOfConnect } from "./sdp_of_connect.ts";
import { parseSdp } from "./sdp_session.ts";
import { writeSdp } from "./sdp_writer.ts";
import { DEFAULT_FIGURES, streamsOfSdp } from "./stream_of_sdp.ts";
import { answerOfPage, offerOfPage, PEER_PAGE, takeAnswer } from "./testing/peer_page.ts";

/** The bridge's own end, from its operator. */
const BASE = {
  cname: EXAMPLES.CONNECT_ACK.full.peer_id,
  transport: {
    iceUfrag: "arcb",
    icePwd: "a-bridge-s-own-password-1",
    fingerprint: `sha-256 ${Array(32).fill("AB").join(":")}`,
    candidates: ["1 1 udp 2113937151 127.0.0.1 9 typ host"],
  },
};

const { codecs: _codecs, ...CAPABILITIES } = EXAMPLES.CONNECT.minimal.capabilities;
const CONNECT_BASE = { ...EXAMPLES.CONNECT.minimal, capabilities: CAPABILITIES };

const ignore = !hasBrowser;

Deno.test({
  name: `ARC-BRIDGE-sdp: a browser's offer becomes CONNECT and STREAM_STARTs, and takes the answer${NO_BROWSER}`,
  ignore,
  fn: () =>
    withPage(PEER_PAGE, async ({ page }) => {
      const text = await offerOfPage(page);
      const offer = unwrap(parseSdp(text));
      const made = connectOfOffer(offer, CONNECT_BASE, { arcrtc: KNOWN_CODECS });
      assert.ok(made.ok);
      assert.ok(parseMessage(writeMessage(made.connect)).ok);
      const { codecs, rtx } = made.connect.capabilities;
      assert.deepEqual([...codecs].sort(), ["av1", "g722", "h264", "opus", "vp9"]);
      assert.equal(rtx, true);

      const ack: ConnectAck = {
        ...accepted(),
        selected_codecs: { audio: "opus", video: "vp9" },
        capabilities: { rtx: true },
      };
      const rng = new SeededRng(1);
      const starts = streamsOfSdp(offer, ack.accepted ? ack.selected_codecs : {}, {
        session_id: made.connect.session_id,
        algorithm: "aes-128-gcm",
        timestamp: 1,
        streamId: () => uuidV4(rng),
        ssrc: () => rng.u32(),
        rtx: true,
        figures: DEFAULT_FIGURES,
      });
      assert.deepEqual(starts.map(({ stream_type }) => stream_type), ["audio", "video"]);
      for (const start of starts) assert.ok(parseMessage(writeMessage(start)).ok);
      assert.equal(starts[1].rtx?.[0].protects, starts[1].ssrc);

      const map = negotiatedMap(offer, starts.map((start) => ({ start, from: "rtp" })));
      assert.deepEqual(map.payloadTypes.map(({ codec }) => codec), ["opus", "vp9", "rtx"]);
      assert.deepEqual(map.extensions.map(({ arcrtp }) => arcrtp).sort(), [1, 2]);

      const theirs = [{ ...EXAMPLES.STREAM_START.full, session_id: made.connect.session_id, ssrc: 0x41524331 }];
      const answer = answerOfAck(offer, ack, theirs, BASE, made.transcoded);
      const seen = await takeAnswer(page, writeSdp(answer, "1"));
      assert.deepEqual(seen, {
        state: "stable",
        // The data channel's section is rejected: ArcRTC has no such thing.
        directions: ["sendrecv", "sendrecv"],
        audio: ["audio/opus"],
        video: ["video/VP9", "video/rtx"],
      });
    }),
});

Deno.test({
  name: `ARC-BRIDGE-sdp: a CONNECT becomes an offer that a browser answers, and the answer a CONNECT_ACK${NO_BROWSER}`,
  ignore,
  fn: () =>
    withPage(PEER_PAGE, async ({ page }) => {
      const { capabilities, peer_id } = EXAMPLES.CONNECT.full;
      const connect = { capabilities: { ...capabilities, codecs: ["opus", "aac", "h265", "h264", "vp9", "x-lidar"] } };
      const made = offerOfConnect(connect, [], { ...BASE, cname: peer_id }, { arcrtc: KNOWN_CODECS });
      assert.ok(made.ok);
      const text = await answerOfPage(page, writeSdp(made.offer, "1"));
      const ack = ackOfAnswer(unwrap(parseSdp(text)), connect, { ...accepted(), network_info: {} });
      assert.ok(parseMessage(writeMessage(ack)).ok);
      assert.ok(ack.accepted);
      // This browser has no H.265, so the next of the caller's preference.
      assert.deepEqual(ack.selected_codecs, { audio: "opus", video: "h264" });
      assert.equal(ack.capabilities?.rtx, true);
    }),
});

Deno.test({
  name: `ARC-BRIDGE-transcoding: a browser takes the refusal of its whole offer${NO_BROWSER}`,
  ignore,
  fn: () =>
    withPage(PEER_PAGE, async ({ page }) => {
      const offer = unwrap(parseSdp(await offerOfPage(page)));
      const made = connectOfOffer(offer, CONNECT_BASE, { arcrtc: [{ name: "aac", kind: "audio" }] });
      assert.deepEqual(made, { ok: false, reason: "no_common_codec" });
      const refusal: ConnectAck = { ...EXAMPLES.CONNECT_ACK.minimal };
      const seen = await takeAnswer(page, writeSdp(answerOfAck(offer, refusal, [], BASE), "1"));
      assert.deepEqual(seen, { state: "stable", directions: [], audio: [], video: [] });
    }),
});

function accepted(): Extract<ConnectAck, { accepted: true }> {
  const { full } = EXAMPLES.CONNECT_ACK;
  if (!full.accepted) throw new Error("the full example of CONNECT_ACK is an acceptance");
  return full;
}
