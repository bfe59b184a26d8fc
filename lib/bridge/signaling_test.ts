import assert from "node:assert/strict";
import { unwrap } from "../base/parsed.ts";
import { EXAMPLES } from "../signaling/examples.ts";
import type { StreamStart } from "../signaling/messages/stream_start.ts";
import { parseMessage, writeMessage } from "../signaling/parse_message.ts";
import { KNOWN_CODECS } from "../signaling/selection.ts";
import { connectOfOffer } from "./connect_of_sdp.ts";
import { negotiatedMap } from "./negotiated_map.ts";
import { PayloadTypePool } from "./payload_type_pool.ts";
import { offerOfConnect } from "./sdp_of_connect.ts";
import { parseFmtp, protectedPayloadType } from "./sdp_parameters.ts";
import { parseSdp, type SdpSession } from "./sdp_session.ts";
import { writeSdp } from "./sdp_writer.ts";
import { DEFAULT_FIGURES, streamsOfSdp } from "./stream_of_sdp.ts";
import { hookOf } from "./transcoding.ts";

const SESSION = EXAMPLES.CONNECT.minimal.session_id;
const BASE = { cname: "peer", transport: { iceUfrag: "a", icePwd: "b", fingerprint: "sha-256 AB", candidates: [] } };
const { codecs: _codecs, ...CAPABILITIES } = EXAMPLES.CONNECT.minimal.capabilities;
const CONNECT_BASE = { ...EXAMPLES.CONNECT.minimal, capabilities: CAPABILITIES };

function offerOf(...lines: readonly string[]): SdpSession {
  return unwrap(parseSdp(["v=0", ...lines].map((line) => `${line}\r\n`).join("")));
}

function streamBase(rtx: boolean) {
  let count = 0;
  return {
    session_id: SESSION,
    algorithm: "aes-128-gcm" as const,
    timestamp: 1,
    streamId: () => `00000000-0000-4000-8000-00000000000${++count}`,
    ssrc: () => 0x5000 + count,
    rtx,
    figures: DEFAULT_FIGURES,
  };
}

const VIDEO = [
  "m=video 9 UDP/TLS/RTP/SAVPF 72 98 99",
  "a=rtcp-mux",
  "a=rtpmap:72 H264/90000",
  "a=fmtp:72 packetization-mode=1",
  "a=rtpmap:98 VP9/90000",
  "a=rtpmap:99 rtx/90000",
  "a=fmtp:99 apt=98",
];

Deno.test("ARC-BRIDGE-sdp: a payload type that reads as RTCP gets another, an m-line without SSRC a new one", () => {
  const [start] = streamsOfSdp(offerOf(...VIDEO), { video: "h264" }, streamBase(true));
  assert.equal(start.codec.video?.payload_type, 102);
  assert.equal(start.ssrc, 0x5000);
  assert.equal(start.rtx, undefined, "without a group nobody knows the SSRC of its RTX");
  assert.ok(parseMessage(writeMessage(start)).ok);
});

Deno.test("ARC-BRIDGE-transcoding: a transcoded stream is announced as what it becomes, a codec of anybody's too", () => {
  const offer = offerOf("m=audio 9 RTP/AVP 0", "a=rtcp-mux", "a=ssrc:5 cname:x");
  for (const [arcrtp, rate] of [["opus", 48_000], ["x-voice", 48_000], ["g722", 16_000]] as const) {
    const pair = { kind: "audio", webrtc: "pcmu", arcrtc: arcrtp } as const;
    const terms = { arcrtc: [{ name: arcrtp, kind: "audio" } as const], hook: hookOf([pair]) };
    const made = connectOfOffer(offer, CONNECT_BASE, terms);
    assert.ok(made.ok);
    assert.deepEqual(made.connect.capabilities.codecs, [arcrtp]);
    const [start] = streamsOfSdp(offer, { audio: arcrtp }, streamBase(false), made.transcoded);
    assert.equal(start.codec.audio?.name, arcrtp);
    assert.equal(start.codec.audio?.sample_rate, rate);
    assert.ok(parseMessage(writeMessage(start)).ok, arcrtp);
    assert.deepEqual(
      negotiatedMap(offer, [{ start, from: "rtp" }]).payloadTypes,
      [],
      "its packets do not pass as they are",
    );
  }
});

Deno.test("ARC-BRIDGE-mapping: a stream of both media has two SSRCs, RTX protects the right one, numbers are each side's", () => {
  const offer = offerOf(
    "m=audio 9 UDP/TLS/RTP/SAVPF 120",
    "a=rtcp-mux",
    "a=rtpmap:120 opus/48000/2",
    "a=extmap:5/sendonly http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    ...VIDEO,
    "a=extmap:5/sendonly http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "a=extmap:6/inactive http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
  );
  const start: StreamStart = {
    type: "STREAM_START",
    session_id: SESSION,
    stream_id: EXAMPLES.STREAM_START.full.stream_id,
    stream_type: "both",
    codec: {
      audio: { name: "opus", bitrate: 1, sample_rate: 48_000, channels: 2 },
      video: { name: "vp9", bitrate: 1, width: 1, height: 1, fps: 1 },
    },
    ssrc: 0xffff_ffff,
    encryption: { key_id: "k", algorithm: "aes-128-gcm" },
    rtx: [{ ssrc: 9, protects: 0 }],
    timestamp: 1,
  };
  const map = negotiatedMap(offer, [{
    start,
    from: "arcrtp",
    rtpSsrcs: [1, 2, 3],
    sequenceOffset: 4,
    timestampOffset: 5,
  }]);
  assert.deepEqual(map, {
    payloadTypes: [
      { rtp: 120, arcrtp: 111, codec: "opus", kind: "audio" },
      { rtp: 98, arcrtp: 98, codec: "vp9", kind: "video" },
      { rtp: 99, arcrtp: 97, codec: "rtx", kind: "video" },
    ],
    extensions: [{ rtp: 5, arcrtp: 1, from: "rtp" }],
    streams: [
      { rtp: 1, arcrtp: 0xffff_ffff, from: "arcrtp", sequenceOffset: 4, timestampOffset: 5 },
      { rtp: 2, arcrtp: 0, from: "arcrtp", sequenceOffset: 4, timestampOffset: 5 },
      { rtp: 3, arcrtp: 9, from: "arcrtp", sequenceOffset: 4, timestampOffset: 5, protects: 2 },
    ],
  });
});

Deno.test("ARC-BRIDGE-sdp: what a stream says of its sampling stands in the offer, and AAC's configuration with it", () => {
  const start: StreamStart = {
    ...EXAMPLES.STREAM_START.minimal,
    stream_type: "audio",
    codec: { audio: { name: "aac", bitrate: 64_000, sample_rate: 44_100, channels: 1 } },
  };
  const capabilities = { ...EXAMPLES.CONNECT.minimal.capabilities, codecs: ["aac"] };
  const made = offerOfConnect({ capabilities }, [start], BASE, { arcrtc: KNOWN_CODECS });
  assert.ok(made.ok);
  const text = writeSdp(made.offer, "1");
  assert.match(text, /^a=rtpmap:104 mpeg4-generic\/44100\/1\r$/m);
  // AAC LC, 44100 Hz, one channel.
  assert.match(text, /;config=1208\r$/m);
});

Deno.test("payload types of an offer are each given once: the wanted, then dynamic ones, then none", () => {
  const pool = new PayloadTypePool();
  assert.deepEqual([pool.take(111), pool.take(111), pool.take(undefined)], [111, 96, 97]);
  const rest = Array.from({ length: 100 }, () => pool.take(undefined)).filter((type) => type !== undefined);
  assert.equal(new Set(rest).size, rest.length);
  assert.ok(rest.every((type) => (type >= 96 && type <= 127) || (type >= 35 && type <= 63)));
  assert.equal(pool.take(undefined), undefined);
  assert.equal(pool.take(102), 102, "what a codec is known by stays free for it");
});

Deno.test("fmtp: names in any case, the first of a name, words without a value", () => {
  assert.deepEqual([...parseFmtp("Mode=AAC-hbr; a = b;flag;mode=2;;=x")], [["mode", "AAC-hbr"], ["a", "b"], [
    "flag",
    "",
  ]]);
  assert.deepEqual(["apt=97", "apt=x", "apt=1234", undefined].map(protectedPayloadType), [
    97,
    undefined,
    undefined,
    undefined,
  ]);
});
