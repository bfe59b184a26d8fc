import assert from "node:assert/strict";
import fc from "fast-check";
import { unwrap } from "../base/parsed.ts";
import { MAX_SDP_CHARACTERS, parseSdp, type SdpSession } from "./sdp_session.ts";
import { writeSdp } from "./sdp_writer.ts";

const text = (...lines: readonly string[]) => lines.map((line) => `${line}\r\n`).join("");

const AUDIO = text(
  "v=0",
  "o=- 1 1 IN IP4 127.0.0.1",
  "s=-",
  "t=0 0",
  "a=group:BUNDLE a",
  "a=fingerprint:sha-256 AB:CD",
  "a=recvonly",
  "a=extmap:9 urn:shared",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111 9 63 111 200",
  "a=ice-ufrag:1234",
  "a=ice-pwd:5678",
  "a=setup:actpass",
  "a=mid:a",
  "a=rtcp-mux",
  "a=rtpmap:111 opus/48000/2",
  "a=rtpmap:111 second/8000",
  "a=rtpmap:200 none/8000",
  "a=rtpmap:77 unlisted/8000",
  "a=fmtp:111 useinbandfec=1",
  "a=rtcp-fb:111 transport-cc",
  "a=rtcp-fb:* nack",
  "a=extmap:3/sendonly urn:one",
  "a=extmap:4 urn:ietf:params:rtp-hdrext:encrypt urn:hidden",
  "a=candidate:1 1 udp 2113937151 192.0.2.1 5000 typ srflx raddr 10.0.0.1 rport 5001",
  "a=ssrc:1 cname:x",
  "a=ssrc:1 msid:y z",
  "a=ssrc:2 cname:x",
  "a=ssrc-group:FID 1 2",
  "a=ssrc-group:SIM 1 2 3",
);

Deno.test("SDP is read with what sections share, once each, and without what makes no sense", () => {
  assert.deepEqual(parseSdp(AUDIO), {
    ok: true,
    value: {
      bundle: ["a"],
      media: [{
        kind: "audio",
        isRejected: false,
        protocol: "UDP/TLS/RTP/SAVPF",
        formats: "111 9 63 111 200",
        mid: "a",
        direction: "recvonly",
        rtcpMux: true,
        transport: {
          iceUfrag: "1234",
          icePwd: "5678",
          fingerprint: "sha-256 AB:CD",
          setup: "actpass",
          candidates: ["1 1 udp 2113937151 192.0.2.1 5000 typ srflx raddr 10.0.0.1 rport 5001"],
        },
        codecs: [
          {
            payloadType: 111,
            name: "opus",
            clockRate: 48_000,
            channels: 2,
            fmtp: "useinbandfec=1",
            feedback: ["nack", "transport-cc"],
          },
          { payloadType: 9, name: "G722", clockRate: 8000, feedback: ["nack"] },
        ],
        extensions: [
          { id: 9, uri: "urn:shared", direction: "sendrecv" },
          { id: 3, uri: "urn:one", direction: "sendonly" },
        ],
        sources: [{ ssrc: 1, cname: "x" }, { ssrc: 2, cname: "x" }],
        repairs: [{ ssrc: 2, protects: 1 }],
      }],
    },
  });
});

Deno.test("a section with port 0 is rejected, but not one that is only bundled", () => {
  const sections = unwrap(parseSdp(text(
    "v=0",
    "m=audio 0 RTP/AVP 0",
    "m=video 0 RTP/AVP 96",
    "a=bundle-only",
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
  ))).media;
  assert.deepEqual(sections.map(({ isRejected }) => isRejected), [true, false, false]);
});

Deno.test("what is no SDP is refused with the place where it is none", () => {
  const refusals: readonly (readonly [string, string, object])[] = [
    ["", "bad_version", { offset: 0 }],
    ["v=0", "bad_version", { offset: 0 }],
    [text("v=1", "m=audio 9 RTP/AVP 0"), "bad_version", { offset: 0 }],
    [text("v=0", "s=-"), "missing_field", { path: "$.media" }],
    [text("v=0", "m=audio 9 RTP/AVP 0", "m=x"), "bad_value", { path: "$.media[1]" }],
    [text("v=0", "m=audio 99999 RTP/AVP 0"), "bad_value", { path: "$.media[0]" }],
    [`${AUDIO}a=${"x".repeat(MAX_SDP_CHARACTERS)}`, "too_large", { offset: MAX_SDP_CHARACTERS }],
    [AUDIO + "\n".repeat(4096), "too_large", { offset: 0 }],
    [AUDIO + "\r".repeat(4096), "too_large", { offset: 0 }],
  ];
  for (const [sdp, reason, where] of refusals) {
    const parsed = parseSdp(sdp);
    assert.ok(!parsed.ok, sdp.slice(0, 40));
    const { message: _message, ...fault } = parsed.fault;
    assert.deepEqual(fault, { reason, ...where });
  }
});

Deno.test("what is read is written and read again as the same", () => {
  const session = unwrap(parseSdp(AUDIO));
  assert.deepEqual(writtenAndRead(session), session);
  const rejected = unwrap(parseSdp(text("v=0", "m=video 0 RTP/AVP 96", "a=mid:v")));
  assert.deepEqual(writtenAndRead(rejected).media.map(({ mid, isRejected }) => [mid, isRejected]), [["v", true]]);
});

Deno.test("any lines, put together from SDP's own, are read or refused", () => {
  const words = [
    "0",
    "1",
    "111",
    "-1",
    "4294967296",
    "opus/48000/2",
    "/",
    "audio",
    "RTP/AVP",
    "FID",
    "cname:x",
    "",
    "*",
  ];
  const names = [
    "rtpmap:",
    "fmtp:",
    "extmap:",
    "ssrc:",
    "ssrc-group:",
    "rtcp-fb:",
    "mid:",
    "candidate:",
    "fingerprint:",
  ];
  const line = fc.tuple(
    fc.constantFrom("m=audio 9 RTP/AVP 111", "m=", "a=", "v=", "a=rtcp-mux", ...names.map((name) => `a=${name}`)),
    fc.array(fc.constantFrom(...words), { maxLength: 5 }),
  ).map(([start, rest]) => `${start}${rest.join(" ")}`);
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
      const parsed = parseSdp(text("v=0", "m=audio 9 RTP/AVP 111", ...lines));
      if (!parsed.ok) return;
      const once = writtenAndRead(parsed.value);
      assert.deepEqual(writtenAndRead(once), once);
    }),
    { seed: 41, numRuns: 500 },
  );
});

function writtenAndRead(session: SdpSession): SdpSession {
  return unwrap(parseSdp(writeSdp(session, "1")));
}
