/** SPEC clause 11.2: which sections and codecs a bridge carries, and what becomes of those that the other side lacks. */
import type { Case, Check } from "../../case.ts";
import { answersWith } from "../../expect.ts";
import { isJson, type Json } from "../../testee/answer.ts";
import { acking, connecting, connectOf, gistOf, listOf, offering, says } from "./messages.ts";
import { summaryOf } from "./sdp_sections.ts";
import { CHROME_OFFER, FIREFOX_OFFER, sdp } from "./sdp_texts.ts";

const REFUSED = "refused no_common_codec";

export const CASES: readonly Case[] = [
  {
    id: "bridge/sections",
    requirements: ["ARC-BRIDGE-sections"],
    title:
      "Sections of audio and video over RTP with rtcp-mux are carried, bundle-only ones too; rejected ones are not",
    needs: "ops",
    checks: () => [
      says("rejected video", offering(CHROME_OFFER.replace("m=video 9", "m=video 0")), "CONNECT opus g722"),
      says("bundle-only video", offering(FIREFOX_OFFER), "CONNECT opus g722 vp9 h264, rtx"),
      says("video without rtcp-mux", offering(withoutMux(CHROME_OFFER, 1)), "CONNECT opus g722"),
      says("audio without rtcp-mux", offering(withoutMux(CHROME_OFFER, 0)), "CONNECT vp9 h264 av1, rtx"),
      says("text", offering(one("text", "98", ["a=rtpmap:98 t140/1000"])), REFUSED),
      says(
        "a data channel alone",
        offering(sdp(
          "v=0",
          "s=-",
          "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
          "a=sctp-port:5000",
        )),
        REFUSED,
      ),
      says("all rejected", offering(CHROME_OFFER.replaceAll(/^m=(\w+) 9/gm, "m=$1 0")), REFUSED),
      says(
        "two of one kind",
        offering(
          one("audio", "0 9", ["a=rtpmap:9 G722/8000"]) + section("audio", "111", ["a=rtpmap:111 opus/48000/2"]),
        ),
        "CONNECT g722 opus",
      ),
    ],
  },
  {
    id: "bridge/sections-answered",
    requirements: ["ARC-BRIDGE-sections"],
    title: "An answer has a section for each of the offer, and rejects those that are not carried",
    needs: "ops",
    checks: () => [
      says(
        "rejected video and a data channel",
        acking(CHROME_OFFER.replace("m=video 9", "m=video 0"), { audio: "opus", video: "vp9" }),
        "audio: opus/48000; video: rejected; application: rejected",
      ),
      says(
        "video without rtcp-mux",
        acking(withoutMux(CHROME_OFFER, 1), { audio: "opus", video: "vp9" }),
        "audio: opus/48000; video: rejected; application: rejected",
      ),
      says(
        "bundle-only video",
        acking(FIREFOX_OFFER, { audio: "opus", video: "vp9" }),
        "audio: opus/48000; video: vp9/90000",
      ),
      says(
        "an unknown kind in front",
        acking(
          one("text", "98", ["a=rtpmap:98 t140/1000"]) + section("audio", "111", ["a=rtpmap:111 opus/48000/2"]),
          { audio: "opus" },
        ),
        "text: rejected; audio: opus/48000",
      ),
      {
        name: "rejected sections are of no bundle",
        request: acking(CHROME_OFFER, { audio: "opus" }),
        ...answersWith("a group of section 0 alone", ({ sdp: text }) => {
          const group = /^a=group:BUNDLE(.*)\r$/m.exec(String(text))?.[1];
          return group === undefined || group.trim() === "0" ? undefined : `BUNDLE${group}`;
        }),
      },
    ],
  },
  {
    id: "bridge/codec-names",
    requirements: ["ARC-BRIDGE-codec-names"],
    title: "Each of the eight codecs is found under its SDP name, in any case, in the form that ArcRTC carries",
    needs: "ops",
    checks: () =>
      ([
        ["audio", "opus/48000/2", undefined, "opus"],
        ["audio", "OPUS/48000/2", undefined, "opus"],
        ["audio", "G722/8000", undefined, "g722"],
        [
          "audio",
          "MPEG4-GENERIC/44100/2",
          "streamtype=5;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3",
          "aac",
        ],
        ["audio", "L16/16000", undefined, "pcm"],
        ["video", "vp9/90000", "profile-id=2", "vp9"],
        ["video", "H264/90000", "profile-level-id=42e01f;packetization-mode=1", "h264"],
        ["video", "H265/90000", undefined, "h265"],
        ["video", "AV1/90000", "profile=0", "av1"],
      ] as const).map(([kind, map, fmtp, due]) => says(map, offering(oneCodec(kind, map, fmtp)), `CONNECT ${due}`)),
  },
  {
    id: "bridge/codec-forms",
    requirements: ["ARC-BRIDGE-codec-names"],
    title: "A form of a codec that ArcRTC does not carry, repair, tones and noise are no codecs in common",
    needs: "ops",
    checks: () =>
      ([
        ["audio", "opus/16000/2", undefined],
        ["audio", "mpeg4-generic/48000/2", "mode=AAC-lbr"],
        ["audio", "mpeg4-generic/48000/2", undefined],
        ["video", "H264/90000", undefined],
        ["video", "H264/90000", "packetization-mode=0"],
        ["video", "H264/90000", "packetization-mode=2"],
        ["video", "H265/90000", "sprop-max-don-diff=2"],
        ["video", "VP8/90000", undefined],
        ["audio", "PCMU/8000", undefined],
        ["audio", "aac/48000", undefined],
        ["audio", "VP9/90000", undefined],
        ["video", "opus/48000/2", undefined],
        ["video", "rtx/90000", "apt=97"],
        ["video", "red/90000", undefined],
        ["video", "ulpfec/90000", undefined],
        ["video", "flexfec-03/90000", "repair-window=10000000"],
        ["audio", "telephone-event/8000", "0-15"],
        ["audio", "CN/8000", undefined],
      ] as const).map(([kind, map, fmtp]) =>
        says(`${kind} ${map} ${fmtp ?? ""}`, offering(oneCodec(kind, map, fmtp)), REFUSED)
      ),
  },
  {
    id: "bridge/codec-left-out",
    requirements: ["ARC-BRIDGE-codec-names"],
    title: "A codec that the other side lacks is left out, the others keep their order",
    needs: "ops",
    checks: () => [
      says(
        "of an offer",
        offering(CHROME_OFFER, { codecs: codecs("audio", "opus").concat(codecs("video", "av1", "h264")) }),
        "CONNECT opus h264 av1, rtx",
      ),
      says("all of a kind", offering(CHROME_OFFER, { codecs: codecs("audio", "g722", "opus") }), "CONNECT opus g722"),
      says(
        "another's own codec",
        offering(oneCodec("video", "X-Lidar.v2/90000"), { codecs: codecs("video", "x-lidar.v2") }),
        "CONNECT x-lidar.v2",
      ),
      says(
        "of a CONNECT",
        connecting(["aac", "h265", "opus", "vp9"], { codecs: [...codecs("audio", "opus"), ...codecs("video", "vp9")] }),
        "audio: opus/48000; video: vp9/90000",
      ),
      says("names that nobody knows, of a CONNECT", connecting(["x-lidar", "opus", "y"]), "audio: opus/48000"),
      says(
        "one that a CONNECT_ACK selects and the offer lacks",
        acking(CHROME_OFFER, { audio: "aac", video: "vp9" }),
        "audio: rejected; video: vp9/90000; application: rejected",
      ),
    ],
  },
  {
    id: "bridge/codec-first-type",
    requirements: ["ARC-BRIDGE-codec-names"],
    title: "Of several payload types for one codec the first that ArcRTC can carry is meant",
    needs: "ops",
    checks: () => [{
      name: "H.264 in four forms",
      request: offering(one("video", "100 101 102 103", [
        "a=rtpmap:100 H264/90000",
        "a=rtpmap:101 H264/90000",
        "a=fmtp:101 packetization-mode=0",
        "a=rtpmap:102 H264/90000",
        "a=fmtp:102 packetization-mode=1;profile-level-id=42e01f",
        "a=rtpmap:103 H264/90000",
        "a=fmtp:103 packetization-mode=1;profile-level-id=640034",
        "a=ssrc:1 cname:x",
      ])),
      ...answersWith("h264 once, under 102", (value) => {
        const types = listOf(value.streams).map(({ codec }) => (codec as { video?: Json }).video?.payload_type).join();
        return gistOf(value) === "CONNECT h264" && types === "102" ? undefined : `${gistOf(value)}, under ${types}`;
      }),
    }],
  },
  {
    id: "bridge/no-common-codec",
    requirements: ["ARC-BRIDGE-transcoding"],
    title: "Without a transcoder a pair with no codec in common is refused, whichever side has asked",
    needs: "ops",
    checks: () => [
      says("an offer", offering(VP8_OFFER), REFUSED),
      says("an offer to a peer of other codecs", offering(CHROME_OFFER, { codecs: codecs("video", "h265") }), REFUSED),
      {
        name: "the offer's refusal",
        request: offering(VP8_OFFER),
        ...answersWith(
          "an answer that rejects every section",
          ({ sdp: text }) => summaryOf(text) === "video: rejected" ? undefined : summaryOf(text),
        ),
      },
      says("a CONNECT", connecting(["vp9"], { codecs: VP8 }), REFUSED),
      {
        name: "the CONNECT's refusal",
        request: connecting(["vp9"], { codecs: VP8 }),
        ...answersWith(
          "a CONNECT_ACK that says no_common_codec",
          ({ message }) =>
            isJson(message) && message.accepted === false && message.reason === "no_common_codec"
              ? undefined
              : `${message}`,
        ),
        then: ({ message }): readonly Check[] => [{
          name: "the CONNECT's refusal, as a message",
          request: { op: "signaling.write", message },
          ...answersWith("a valid message", () => undefined),
        }],
      },
      says("an answer", offering(VP8_OFFER, { type: "answer", connect: connectOf(["vp9", "opus"]) }), REFUSED),
    ],
  },
  {
    id: "bridge/transcoding-hook",
    requirements: ["ARC-BRIDGE-transcoding"],
    title: "With a transcoder for the pair it passes, and the answer says what it has to translate",
    needs: "ops",
    checks: () => [
      hooked("an offer", offering(VP8_OFFER, { transcoder: [VP8_TO_VP9] }), "CONNECT vp9", [VP8_TO_VP9]),
      hooked(
        "a CONNECT",
        connecting(["vp9"], { codecs: VP8, transcoder: [VP8_TO_VP9], streams: [] }),
        "an offer of VP8",
        [VP8_TO_VP9],
        (gist) => gist.startsWith("video: vp8/90000"),
      ),
      says(
        "a transcoder of another pair",
        offering(VP8_OFFER, {
          transcoder: [{ kind: "video", webrtc: "h263", arcrtc: "vp9" }],
        }),
        REFUSED,
      ),
      hooked(
        "a kind that has one in common is not asked about",
        offering(CHROME_OFFER, { transcoder: [VP8_TO_VP9] }),
        "CONNECT opus g722 vp9 h264 av1, rtx",
        [],
      ),
      says(
        "the answer to the offer",
        acking(VP8_OFFER, { video: "vp9" }, { transcoder: [VP8_TO_VP9] }),
        "video: vp8/90000",
      ),
      says(
        "the acknowledgement of the answer",
        offering(VP8_OFFER, { type: "answer", connect: connectOf(["vp9"]), transcoder: [VP8_TO_VP9] }),
        "CONNECT_ACK vp9",
      ),
    ],
  },
];

const VP8 = codecs("video", "vp8");
const VP8_TO_VP9 = { kind: "video", webrtc: "vp8", arcrtc: "vp9" } as const;
const VP8_OFFER = oneCodec("video", "VP8/90000");

function codecs(kind: string, ...names: readonly string[]) {
  return names.map((name) => ({ name, kind }));
}

/** An offer with one section. */
function one(kind: string, formats: string, lines: readonly string[]): string {
  return sdp("v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0") + section(kind, formats, lines);
}

function section(kind: string, formats: string, lines: readonly string[]): string {
  return sdp(`m=${kind} 9 UDP/TLS/RTP/SAVPF ${formats}`, "c=IN IP4 0.0.0.0", "a=rtcp-mux", ...lines);
}

function oneCodec(kind: string, map: string, fmtp?: string): string {
  return one(kind, "97", [`a=rtpmap:97 ${map}`, ...(fmtp === undefined ? [] : [`a=fmtp:97 ${fmtp}`])]);
}

/** Without the `a=rtcp-mux` of section `at`. */
function withoutMux(text: string, at: number): string {
  let seen = -1;
  return text.replaceAll("a=rtcp-mux\r\n", (line) => ++seen === at ? "" : line);
}

function hooked(
  name: string,
  request: Check["request"],
  due: string,
  pairs: readonly Json[],
  isDue: (gist: string) => boolean = (gist) => gist === due,
): Check {
  return {
    name,
    request,
    ...answersWith(`${due}, ${pairs.length} transcoded`, (value) => {
      const transcoded = listOf(value.transcoded).map(({ webrtc, arcrtc }) => `${webrtc} ${arcrtc}`).join();
      const expected = pairs.map(({ webrtc, arcrtc }) => `${webrtc} ${arcrtc}`).join();
      return isDue(gistOf(value)) && transcoded === expected ? undefined : `${gistOf(value)}, transcoded ${transcoded}`;
    }),
  };
}
