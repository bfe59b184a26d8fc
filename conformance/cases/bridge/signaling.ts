/** SPEC clause 11.2: SDP and ArcSignaling, each in the words of the other. */
import type { Case, Check } from "../../case.ts";
import { answersWith, copes, refuses } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import {
  acking,
  connecting,
  connectOf,
  gistOf,
  listOf,
  offering,
  refusing,
  says,
  TRANSPORT,
  videoStart,
} from "./messages.ts";
import { encodingsOf, type Section, sectionsOf, summaryOf, valuesOf } from "./sdp_sections.ts";
import { CHROME_OFFER, CHROME_SSRCS, FIREFOX_OFFER, sdp } from "./sdp_texts.ts";

const CHROME_GIST = "CONNECT opus g722 vp9 h264 av1, rtx";

export const CASES: readonly Case[] = [
  {
    id: "bridge/sdp-offer",
    requirements: ["ARC-BRIDGE-sdp"],
    title: "An offer becomes a CONNECT with its codecs by its preference, which can be read and written",
    needs: "ops",
    checks: () =>
      ([["Chromium's", CHROME_OFFER, CHROME_GIST], [
        "Firefox's",
        FIREFOX_OFFER,
        "CONNECT opus g722 vp9 h264, rtx",
      ]] as const)
        .map(([name, text, due]) => ({
          ...says(name, offering(text), due),
          then: ({ message }): readonly Check[] => [{
            name: `${name}, as a message`,
            request: { op: "signaling.write", message },
            ...answersWith("a valid message", () => undefined),
          }],
        })),
  },
  {
    id: "bridge/sdp-streams",
    requirements: ["ARC-BRIDGE-sdp"],
    title: "Each m-line that sends becomes a STREAM_START with its codec, payload type, SSRC and RTX",
    needs: "ops",
    checks: () => [
      streams("sendrecv", CHROME_OFFER, [
        `audio opus 111 ${CHROME_SSRCS.audio}`,
        `video vp9 98 ${CHROME_SSRCS.video} rtx ${CHROME_SSRCS.rtx} 99 protects ${CHROME_SSRCS.video}`,
      ]),
      streams("Firefox's", FIREFOX_OFFER, ["audio opus 109 3003", "video vp9 121 4004 rtx 4005 125 protects 4004"]),
      streams("sendonly audio, recvonly video", directed("sendonly", "recvonly"), [
        `audio opus 111 ${CHROME_SSRCS.audio}`,
      ]),
      streams("inactive audio", directed("inactive", "sendonly"), [
        `video vp9 98 ${CHROME_SSRCS.video} rtx ${CHROME_SSRCS.rtx} 99 protects ${CHROME_SSRCS.video}`,
      ]),
    ],
  },
  {
    id: "bridge/sdp-answer",
    requirements: ["ARC-BRIDGE-sdp"],
    title: "An answer becomes a CONNECT_ACK that selects what it accepts of the CONNECT's codecs",
    needs: "ops",
    checks: () => {
      const answering = (name: string, text: string, codecs: readonly string[], due: string): Check =>
        says(name, offering(text, { type: "answer", connect: connectOf(codecs) }), due);
      return [
        answering("audio and video", ANSWER, ["opus", "vp9", "h264"], "CONNECT_ACK opus vp9"),
        answering("the answer's first that was offered", ANSWER, ["opus", "h264"], "CONNECT_ACK opus h264"),
        answering("video rejected", ANSWER.replace("m=video 9", "m=video 0"), ["opus", "vp9"], "CONNECT_ACK opus"),
        answering(
          "all rejected",
          ANSWER.replace("m=video 9", "m=video 0").replace("m=audio 9", "m=audio 0"),
          ["opus", "vp9"],
          "refused no_common_codec",
        ),
        answering("a codec that was not offered", ANSWER, ["aac", "h265"], "refused no_common_codec"),
      ];
    },
  },
  {
    id: "bridge/connect-offer",
    requirements: ["ARC-BRIDGE-sdp"],
    title: "A CONNECT becomes an offer with its codecs by its preference and the bridge's own ICE and DTLS",
    needs: "ops",
    checks: () => [
      says(
        "audio and video",
        connecting(["opus", "vp9", "h264", "g722"]),
        "audio: opus/48000 g722/8000; video: vp9/90000 h264/90000",
      ),
      says("audio alone", connecting(["opus"]), "audio: opus/48000"),
      says(
        "all eight",
        connecting(["h265", "av1", "h264", "vp9", "pcm", "aac", "g722", "opus"]),
        "audio: l16/48000 mpeg4-generic/48000 g722/8000 opus/48000; video: h265/90000 av1/90000 h264/90000 vp9/90000",
      ),
      each("what every section has", connecting(["opus", "vp9", "h264"]), ownTransport("actpass")),
      each(
        "payload types once each",
        connecting(["opus", "vp9", "h264", "av1", "h265", "aac", "g722", "pcm"], {}, { rtx: true }),
        ({ formats }) =>
          new Set(formats).size === formats.length && formats.every(isUsable) ? undefined : formats.join(),
      ),
      section(
        "H.264 in the mode that ArcRTC has",
        connecting(["h264"]),
        "video",
        (one) =>
          valuesOf(one, "fmtp").some((line) => /packetization-mode=1\b/.test(line))
            ? undefined
            : "no packetization-mode=1",
      ),
      section("RTX for each codec", connecting(["vp9", "h264"], {}, { rtx: true }), "video", (one) => {
        const repaired = valuesOf(one, "fmtp").flatMap((line) => /apt=(\d+)/.exec(line)?.[1] ?? []);
        const media = one.formats.filter((_, i) => !encodingsOf(one)[i].startsWith("rtx/"));
        return media.every((format) => repaired.includes(format)) && media.length === 2 ? undefined : repaired.join();
      }),
    ],
  },
  {
    id: "bridge/connect-streams",
    requirements: ["ARC-BRIDGE-sdp"],
    title: "Announced streams give an offer their SSRCs and payload types",
    needs: "ops",
    checks: () => [
      section(
        "one stream with RTX",
        connecting(["vp9"], {
          streams: [videoStart(77, {
            codec: { video: { name: "vp9", bitrate: 1, width: 2, height: 2, fps: 1, payload_type: 120 } },
            rtx: [{ ssrc: 78, payload_type: 121, protects: 77 }],
          })],
        }, { rtx: true }),
        "video",
        (one) => {
          const group = valuesOf(one, "ssrc-group").join();
          const sources = new Set(valuesOf(one, "ssrc").map((line) => line.split(" ")[0]));
          const isThere = group === "FID 77 78" && sources.has("77") && sources.has("78") && one.formats[0] === "120";
          return isThere ? undefined : `group ${group}, SSRCs ${[...sources]}, formats ${one.formats}`;
        },
      ),
      {
        name: "two streams of one kind",
        request: connecting(["vp9"], {
          streams: [videoStart(5), videoStart(6, { stream_id: "7b0c4a52-6c6e-4b43-8f4d-2f3f1a9e8d70" })],
        }),
        ...answersWith("two m-lines, an SSRC in each", ({ sdp: text }) => {
          const ssrcs = (sectionsOf(text) ?? []).map((one) =>
            valuesOf(one, "ssrc").map((line) => line.split(" ")[0])[0]
          );
          return ssrcs.join() === "5,6" ? undefined : `SSRCs ${ssrcs}`;
        }),
      },
    ],
  },
  {
    id: "bridge/ack-answer",
    requirements: ["ARC-BRIDGE-sdp"],
    title: "A CONNECT_ACK becomes an answer to the offer, section by section, with what it has selected",
    needs: "ops",
    checks: () => [
      says(
        "audio and video",
        acking(CHROME_OFFER, { audio: "opus", video: "h264" }),
        "audio: opus/48000; video: h264/90000; application: rejected",
      ),
      says(
        "with RTX",
        acking(CHROME_OFFER, { audio: "g722", video: "vp9" }, {}, { rtx: true }),
        "audio: g722/8000; video: vp9/90000 rtx/90000; application: rejected",
      ),
      says(
        "audio alone",
        acking(FIREFOX_OFFER, { audio: "opus" }),
        "audio: opus/48000; video: rejected",
      ),
      each("what every section has", acking(FIREFOX_OFFER, { audio: "opus", video: "vp9" }), ownTransport("passive")),
      each(
        "mids",
        acking(CHROME_OFFER, { audio: "opus", video: "vp9" }),
        (one, i) => valuesOf(one, "mid").join() === String(i) ? undefined : valuesOf(one, "mid").join(),
      ),
      section("the offer's payload type and parameters", acking(CHROME_OFFER, { video: "h264" }), "video", (one) => {
        const fmtp = valuesOf(one, "fmtp").join();
        return one.formats.join() === "102" && fmtp.includes("packetization-mode=1")
          ? undefined
          : `${one.formats} ${fmtp}`;
      }),
      section("extensions that ArcRTC has", acking(CHROME_OFFER, { video: "vp9" }), "video", (one) => {
        const ids = valuesOf(one, "extmap").map((line) => line.split(/[ /]/)[0]).sort().join();
        return ids === "2,3" ? undefined : `extensions ${ids}`;
      }),
      section(
        "an extension in the other direction",
        acking(FIREFOX_OFFER.replace("a=extmap:4 ", "a=extmap:4/sendonly "), { video: "vp9" }),
        "video",
        (one) => {
          const line = valuesOf(one, "extmap").find((value) => value.startsWith("4"));
          return line?.startsWith("4/recvonly ") ? undefined : `${line}`;
        },
      ),
      section("feedback that passes", acking(CHROME_OFFER, { video: "vp9" }), "video", (one) => {
        const kinds = valuesOf(one, "rtcp-fb").map((line) => line.slice(line.indexOf(" ") + 1)).sort().join();
        return kinds === "nack,nack pli,transport-cc" ? undefined : kinds;
      }),
      ...([["sendonly", "recvonly"], ["recvonly", "sendonly"], ["inactive", "inactive"], [
        "sendrecv",
        "sendrecv",
      ]] as const)
        .map(([offered, due]) =>
          section(
            `${offered} is answered`,
            acking(directed(offered, offered), { audio: "opus" }),
            "audio",
            (one) => one.attributes.includes(due) ? undefined : `not ${due}`,
          )
        ),
      {
        name: "a refusal",
        request: refusing(CHROME_OFFER),
        ...answersWith("every section rejected", (value) => {
          const got = summaryOf(value.sdp);
          return got === "audio: rejected; video: rejected; application: rejected" ? undefined : got;
        }),
      },
    ],
  },
  {
    id: "bridge/there-and-back",
    requirements: ["ARC-BRIDGE-sdp"],
    title: "A CONNECT that became an offer, which is offered back, is a CONNECT of the same codecs",
    needs: "ops",
    checks: () =>
      [["opus", "vp9"], ["g722", "opus", "h264", "av1"], ["pcm", "aac", "h265"]].map((codecs) => ({
        name: codecs.join(" "),
        request: connecting(codecs, {}, { rtx: true }),
        ...answersWith("SDP", ({ sdp: text }) => sectionsOf(text) === undefined ? `${text}` : undefined),
        then: ({ sdp: text }): readonly Check[] => [
          says(`${codecs.join(" ")}, back`, offering(String(text)), `CONNECT ${codecs.join(" ")}, rtx`),
        ],
      })),
  },
  {
    id: "bridge/sdp-refused",
    requirements: ["ARC-BRIDGE-sdp"],
    title: "Text that is no SDP, or has no m-line, is refused",
    needs: "ops",
    checks: () =>
      ([
        ["nothing", ""],
        ["no SDP", "GET / HTTP/1.1\r\n\r\n"],
        ["another version", CHROME_OFFER.replace("v=0", "v=1")],
        ["no m-line", sdp("v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0")],
        ["an m-line of nothing", sdp("v=0", "s=-", "m=")],
        ["an m-line without a port", sdp("v=0", "s=-", "m=audio UDP/TLS/RTP/SAVPF 111")],
        ["a port that is none", CHROME_OFFER.replace("m=audio 9 ", "m=audio 70000 ")],
        ["a megabyte", CHROME_OFFER + "a=x-noise:1\r\n".repeat(80_000)],
        ["many short lines", CHROME_OFFER + "a=\n".repeat(20_000)],
      ] as const).map(([name, text]) => ({ name, request: offering(text), ...refuses() })),
  },
  {
    id: "bridge/sdp-survives",
    requirements: ["ARC-BRIDGE-sdp"],
    title: "SDP with attributes that are broken or strange costs those attributes only",
    needs: "ops",
    checks: () => [
      ...STRANGE.map(([name, lines]) =>
        says(name, offering(CHROME_OFFER.replace("a=mid:1\r\n", `a=mid:1\r\n${sdp(...lines)}`)), CHROME_GIST)
      ),
      { name: "a thousand m-lines", request: offering(many(1000)), ...copes() },
      says("other line ends", offering(CHROME_OFFER.replaceAll("\r\n", "\n")), CHROME_GIST),
    ],
  },
];

const ANSWER = sdp(
  "v=0",
  "o=- 1 1 IN IP4 127.0.0.1",
  "s=-",
  "t=0 0",
  "a=group:BUNDLE 0 1",
  ...["audio", "video"].flatMap((kind, i) => [
    `m=${kind} 9 UDP/TLS/RTP/SAVPF ${kind === "audio" ? "111" : "98 102"}`,
    "c=IN IP4 0.0.0.0",
    `a=mid:${i}`,
    "a=rtcp-mux",
    "a=sendrecv",
    ...(kind === "audio"
      ? ["a=rtpmap:111 opus/48000/2"]
      : ["a=rtpmap:98 VP9/90000", "a=rtpmap:102 H264/90000", "a=fmtp:102 packetization-mode=1"]),
  ]),
);

/** Lines that a stranger may put into the video's section. */
const STRANGE: readonly (readonly [string, readonly string[]])[] = [
  ["payload types that are none", ["a=rtpmap:999 VP9/90000", "a=rtpmap: VP9/90000", "a=rtpmap:-1 VP9/90000"]],
  ["a second map of a payload type", ["a=fmtp:98 profile-id=0", "a=rtcp-fb:* nack"]],
  ["names of object members", ["a=rtpmap:96 __proto__/90000", "a=fmtp:96 __proto__=1;constructor=2"]],
  ["extension ids that are none", ["a=extmap:0 urn:x", "a=extmap:4096 urn:x", "a=extmap:x urn:x"]],
  ["RTX of itself and of nobody", ["a=fmtp:99 apt=99", "a=rtpmap:77 rtx/90000", "a=fmtp:77 apt=300"]],
  ["SSRCs that are none", ["a=ssrc:99999999999 cname:x", "a=ssrc:x cname:y", "a=ssrc-group:FID 1", "a=ssrc-group:FID"]],
  ["a group of nobody", ["a=group:BUNDLE 7 8 9", "a=mid:"]],
];

/** Chromium's offer with these directions of audio and video. */
function directed(audio: string, video: string): string {
  const directions = [audio, video];
  return CHROME_OFFER.replaceAll("a=sendrecv", () => `a=${directions.shift()}`);
}

/** As many m-lines, each with another codec. */
function many(count: number): string {
  const lines = Array.from(
    { length: count },
    (_, i) => [`m=audio 9 RTP/AVP 96`, `a=rtpmap:96 x${i}/8000`, "a=rtcp-mux"],
  );
  return sdp("v=0", "s=-", ...lines.flat());
}

function streams(name: string, text: string, due: readonly string[]): Check {
  return {
    name,
    request: offering(text),
    ...answersWith(due.join("; "), (value) => {
      const got = listOf(value.streams).map(streamGist).join("; ");
      return got === due.join("; ") ? undefined : got;
    }),
    then: (value) => [
      ...listOf(value.streams).map((message, i): Check => ({
        name: `${name}, stream ${i} as a message`,
        request: { op: "signaling.write", message },
        ...answersWith("a valid message", () => undefined),
      })),
    ],
  };
}

function streamGist({ stream_type, codec, ssrc, rtx }: Json): string {
  const { name, payload_type } = (codec as Record<string, Json>)[String(stream_type)] ?? {};
  const repair = listOf(rtx).map((one) => ` rtx ${one.ssrc} ${one.payload_type} protects ${one.protects}`).join("");
  return `${stream_type} ${name} ${payload_type} ${ssrc}${repair}`;
}

/** A judge of every section that is not rejected. */
function each(name: string, request: Check["request"], judge: (one: Section, i: number) => string | undefined): Check {
  return {
    name,
    request,
    ...answersWith("it in each section", (value) => {
      const all = sectionsOf(value.sdp);
      if (all === undefined) return gistOf(value);
      const live = all.filter(({ port }) => port !== 0);
      if (live.length === 0) return "every section is rejected";
      const wrong = all.map((one, i) => one.port === 0 ? undefined : judge(one, i)).find((text) => text !== undefined);
      return wrong;
    }),
  };
}

/** A judge of the first section of a kind, which must not be rejected. */
function section(
  name: string,
  request: Check["request"],
  kind: string,
  judge: (one: Section) => string | undefined,
): Check {
  return {
    name,
    request,
    ...answersWith(`it in the section of ${kind}`, (value) => {
      const one = (sectionsOf(value.sdp) ?? []).find((each) => each.kind === kind && each.port !== 0);
      return one === undefined ? gistOf(value) : judge(one);
    }),
  };
}

function ownTransport(setup: string): (one: Section) => string | undefined {
  return (one) => {
    const due = [
      `ice-ufrag:${TRANSPORT.ice_ufrag}`,
      `ice-pwd:${TRANSPORT.ice_pwd}`,
      `fingerprint:${TRANSPORT.fingerprint}`,
      `setup:${setup}`,
      "rtcp-mux",
    ];
    const missing = due.find((line) => !one.attributes.includes(line));
    return missing === undefined ? undefined : `no a=${missing}`;
  };
}

function isUsable(format: string): boolean {
  return Number(format) < 64 || Number(format) > 95;
}
