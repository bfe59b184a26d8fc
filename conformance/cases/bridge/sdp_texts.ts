/** SDP of the shapes that browsers write, composed for the suite; what it is about, sections and numbers, is theirs. */

/** Lines as SDP ends them. */
export function sdp(...lines: readonly string[]): string {
  return lines.map((line) => `${line}\r\n`).join("");
}

export const SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";
export const TRANSPORT_SEQUENCE = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
const MID = "urn:ietf:params:rtp-hdrext:sdes:mid";

const FINGERPRINT = `a=fingerprint:sha-256 ${Array(32).fill("5A").join(":")}`;

const SESSION = ["v=0", "o=- 4611731400430051336 2 IN IP4 127.0.0.1", "s=-", "t=0 0"];
const ADDRESS = ["c=IN IP4 0.0.0.0", "a=rtcp:9 IN IP4 0.0.0.0"];
const ICE = ["a=ice-ufrag:4Zcb", "a=ice-pwd:2Xs0nHZcU4h2NnLdfVjTnAgy", "a=ice-options:trickle"];
const FEEDBACK = ["goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"];

/** SSRCs of {@link CHROME_OFFER}: audio, video, the video's RTX. */
export const CHROME_SSRCS = { audio: 1001, video: 2002, rtx: 2003 } as const;

function video(payloadType: number, name: string, rtx: number | undefined, fmtp?: string): readonly string[] {
  return [
    `a=rtpmap:${payloadType} ${name}/90000`,
    ...FEEDBACK.map((text) => `a=rtcp-fb:${payloadType} ${text}`),
    ...(fmtp === undefined ? [] : [`a=fmtp:${payloadType} ${fmtp}`]),
    ...(rtx === undefined ? [] : [`a=rtpmap:${rtx} rtx/90000`, `a=fmtp:${rtx} apt=${payloadType}`]),
  ];
}

/** An offer of Chromium's shape: audio, video with RTX, FEC and redundancy, a data channel; transport in each section. */
export const CHROME_OFFER = sdp(
  ...SESSION,
  "a=group:BUNDLE 0 1 2",
  "a=extmap-allow-mixed",
  "a=msid-semantic: WMS c0ffee00-1111-4222-8333-444455556666",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126",
  ...ADDRESS,
  ...ICE,
  FINGERPRINT,
  "a=setup:actpass",
  "a=mid:0",
  "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
  `a=extmap:2 ${SEND_TIME}`,
  `a=extmap:3 ${TRANSPORT_SEQUENCE}`,
  `a=extmap:4 ${MID}`,
  "a=sendrecv",
  "a=msid:c0ffee00-1111-4222-8333-444455556666 a0a0a0a0-1111-4222-8333-444455556666",
  "a=rtcp-mux",
  "a=rtcp-rsize",
  "a=rtpmap:111 opus/48000/2",
  "a=rtcp-fb:111 transport-cc",
  "a=fmtp:111 minptime=10;useinbandfec=1",
  "a=rtpmap:63 red/48000/2",
  "a=fmtp:63 111/111",
  "a=rtpmap:9 G722/8000",
  "a=rtpmap:0 PCMU/8000",
  "a=rtpmap:8 PCMA/8000",
  "a=rtpmap:13 CN/8000",
  "a=rtpmap:110 telephone-event/48000",
  "a=rtpmap:126 telephone-event/8000",
  `a=ssrc:${CHROME_SSRCS.audio} cname:Jk2s8cY1bH0eP7Qx`,
  "m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99 104 105 102 103 45 46 106 107 108 109",
  ...ADDRESS,
  ...ICE,
  FINGERPRINT,
  "a=setup:actpass",
  "a=mid:1",
  "a=extmap:14 urn:ietf:params:rtp-hdrext:toffset",
  `a=extmap:2 ${SEND_TIME}`,
  "a=extmap:13 urn:3gpp:video-orientation",
  `a=extmap:3 ${TRANSPORT_SEQUENCE}`,
  `a=extmap:4 ${MID}`,
  "a=sendrecv",
  "a=msid:c0ffee00-1111-4222-8333-444455556666 b0b0b0b0-1111-4222-8333-444455556666",
  "a=rtcp-mux",
  "a=rtcp-rsize",
  ...video(96, "VP8", 97),
  ...video(98, "VP9", 99, "profile-id=0"),
  ...video(104, "H264", 105, "level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f"),
  ...video(102, "H264", 103, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"),
  ...video(45, "AV1", 46, "level-idx=5;profile=0;tier=0"),
  "a=rtpmap:106 red/90000",
  "a=rtpmap:107 rtx/90000",
  "a=fmtp:107 apt=106",
  "a=rtpmap:108 ulpfec/90000",
  "a=rtpmap:109 flexfec-03/90000",
  "a=fmtp:109 repair-window=10000000",
  `a=ssrc-group:FID ${CHROME_SSRCS.video} ${CHROME_SSRCS.rtx}`,
  `a=ssrc:${CHROME_SSRCS.video} cname:Jk2s8cY1bH0eP7Qx`,
  `a=ssrc:${CHROME_SSRCS.rtx} cname:Jk2s8cY1bH0eP7Qx`,
  "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
  "c=IN IP4 0.0.0.0",
  ...ICE,
  FINGERPRINT,
  "a=setup:actpass",
  "a=mid:2",
  "a=sctp-port:5000",
  "a=max-message-size:262144",
);

/** An offer of Firefox's shape: what sections share stands in front of them, and all but the first are bundle-only. */
export const FIREFOX_OFFER = sdp(
  "v=0",
  "o=mozilla...THIS_IS_SDPARTA-99.0 7012839461729384756 0 IN IP4 0.0.0.0",
  "s=-",
  "t=0 0",
  "a=sendrecv",
  FINGERPRINT,
  "a=group:BUNDLE 0 1",
  "a=ice-options:trickle",
  "a=msid-semantic:WMS *",
  "m=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101",
  "c=IN IP4 0.0.0.0",
  "a=sendrecv",
  "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
  "a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level",
  `a=extmap:3 ${MID}`,
  "a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1",
  "a=fmtp:101 0-15",
  ...ICE.slice(0, 2),
  "a=mid:0",
  "a=rtcp-mux",
  "a=rtpmap:109 opus/48000/2",
  "a=rtpmap:9 G722/8000/1",
  "a=rtpmap:0 PCMU/8000",
  "a=rtpmap:8 PCMA/8000",
  "a=rtpmap:101 telephone-event/8000/1",
  "a=setup:actpass",
  "a=ssrc:3003 cname:{5f0d0e8c-7d0e-4f1e-8a54-6a0c2f7a2b11}",
  "m=video 0 UDP/TLS/RTP/SAVPF 120 124 121 125 126 127 97 98 123 122 119",
  "c=IN IP4 0.0.0.0",
  "a=bundle-only",
  "a=sendrecv",
  `a=extmap:3 ${MID}`,
  `a=extmap:4 ${SEND_TIME}`,
  "a=extmap:5 urn:ietf:params:rtp-hdrext:toffset",
  "a=extmap:6/recvonly http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
  `a=extmap:7 ${TRANSPORT_SEQUENCE}`,
  "a=fmtp:126 profile-level-id=42e01f;level-asymmetry-allowed=1;packetization-mode=1",
  "a=fmtp:97 profile-level-id=42e01f;level-asymmetry-allowed=1",
  "a=fmtp:120 max-fs=12288;max-fr=60",
  "a=fmtp:124 apt=120",
  "a=fmtp:121 max-fs=12288;max-fr=60",
  "a=fmtp:125 apt=121",
  "a=fmtp:127 apt=126",
  "a=fmtp:98 apt=97",
  "a=fmtp:119 apt=122",
  ...ICE.slice(0, 2),
  "a=mid:1",
  ...[120, 121, 126, 97].flatMap((pt) =>
    ["nack", "nack pli", "ccm fir", "goog-remb", "transport-cc"].map((text) => `a=rtcp-fb:${pt} ${text}`)
  ),
  "a=rtcp-mux",
  "a=rtcp-rsize",
  "a=rtpmap:120 VP8/90000",
  "a=rtpmap:124 rtx/90000",
  "a=rtpmap:121 VP9/90000",
  "a=rtpmap:125 rtx/90000",
  "a=rtpmap:126 H264/90000",
  "a=rtpmap:127 rtx/90000",
  "a=rtpmap:97 H264/90000",
  "a=rtpmap:98 rtx/90000",
  "a=rtpmap:123 ulpfec/90000",
  "a=rtpmap:122 red/90000",
  "a=rtpmap:119 rtx/90000",
  "a=setup:actpass",
  "a=ssrc:4004 cname:{5f0d0e8c-7d0e-4f1e-8a54-6a0c2f7a2b11}",
  "a=ssrc:4005 cname:{5f0d0e8c-7d0e-4f1e-8a54-6a0c2f7a2b11}",
  "a=ssrc-group:FID 4004 4005",
);
