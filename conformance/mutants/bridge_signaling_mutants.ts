/** Testees whose bridge to WebRTC goes wrong with SDP and messages, and with the choice between the protocols. */
import { isJson, type Json } from "../testee/answer.ts";
import type { Fields } from "../testee/request.ts";
import { opOk } from "../testee/testee.ts";
import { answered, asking, type Mutant, type MutantHead, opsMutant } from "./mutant.ts";

const TO_CONNECT = "bridge.sdp_to_connect";
const TO_SDP = "bridge.connect_to_sdp";

/** A bridge that reads other SDP than what came. */
function misreading(head: MutantHead, change: (sdp: string) => string): Mutant {
  return opsMutant(
    head,
    TO_CONNECT,
    (op) => (request, context) => op(asking(request, { sdp: change(request.text("sdp")) }), context),
  );
}

/** A bridge that writes other SDP. */
function miswriting(head: MutantHead, change: (sdp: string, request: Fields) => string): Mutant {
  return opsMutant(
    head,
    TO_SDP,
    (op) => (request, context) =>
      answered(op(request, context), ({ sdp }) => typeof sdp === "string" ? { sdp: change(sdp, request) } : {}),
  );
}

/** A bridge that says another message, or other streams. */
function misspeaking(head: MutantHead, change: (value: Json) => object): Mutant {
  return opsMutant(head, TO_CONNECT, (op) => (request, context) => answered(op(request, context), change));
}

function withCodecs(message: unknown, change: (codecs: readonly unknown[]) => readonly unknown[]): object {
  if (!isJson(message) || !isJson(message.capabilities)) return {};
  const { capabilities } = message;
  if (!Array.isArray(capabilities.codecs)) return {};
  return { message: { ...message, capabilities: { ...capabilities, codecs: change(capabilities.codecs) } } };
}

const VP8_TO_VP9 = { kind: "video", webrtc: "vp8", arcrtc: "vp9" };

export const BRIDGE_SIGNALING_MUTANTS: readonly Mutant[] = [
  misspeaking(
    { id: "bridge/worst-first", broken: "offers the codecs the other way round", breaks: ["ARC-BRIDGE-sdp"] },
    ({ message }) => withCodecs(message, (codecs) => [...codecs].reverse()),
  ),
  misreading(
    { id: "bridge/all-sections-send", broken: "announces streams that only receive", breaks: ["ARC-BRIDGE-sdp"] },
    (sdp) => sdp.replace(/^a=(recvonly|inactive)/gm, "a=sendrecv"),
  ),
  misspeaking(
    { id: "bridge/default-payload-types", broken: "announces default payload types", breaks: ["ARC-BRIDGE-sdp"] },
    ({ streams }) =>
      Array.isArray(streams)
        ? { streams: streams.map((one) => JSON.parse(JSON.stringify(one).replace(/,"payload_type":\d+/, ""))) }
        : {},
  ),
  misspeaking(
    { id: "bridge/streams-without-rtx", broken: "forgets the RTX of a stream", breaks: ["ARC-BRIDGE-sdp"] },
    ({ streams }) => Array.isArray(streams) ? { streams: streams.map(({ rtx: _rtx, ...one }) => one) } : {},
  ),
  opsMutant(
    { id: "bridge/selects-unoffered", broken: "selects codecs that were not offered", breaks: ["ARC-BRIDGE-sdp"] },
    TO_CONNECT,
    (op) => (request, context) => op(request.without("connect"), context),
  ),
  miswriting(
    { id: "bridge/no-sources", broken: "leaves the SSRCs of streams out of SDP", breaks: ["ARC-BRIDGE-sdp"] },
    (sdp) => sdp.replace(/^a=ssrc.*\r\n/gm, ""),
  ),
  opsMutant(
    { id: "bridge/accepts-no-media", broken: "takes SDP without m-lines for an offer", breaks: ["ARC-BRIDGE-sdp"] },
    TO_CONNECT,
    (op) => (request, context) => {
      const result = op(request, context);
      return result.kind === "fault" && result.fault.reason === "missing_field" ? opOk({ streams: [] }) : result;
    },
  ),
  miswriting(
    {
      id: "bridge/fingerprint-of-the-other",
      broken: "answers with the offer's fingerprint",
      breaks: ["ARC-BRIDGE-sdp"],
    },
    (sdp, request) => {
      const theirs = /^a=fingerprint:.*$/m.exec(request.textOr("offer", ""))?.[0];
      return theirs === undefined ? sdp : sdp.replace(/^a=fingerprint:.*$/gm, theirs.trim());
    },
  ),
  miswriting(
    { id: "bridge/answers-actpass", broken: "leaves the roles of DTLS open in its answer", breaks: ["ARC-BRIDGE-sdp"] },
    (sdp) => sdp.replaceAll("a=setup:passive", "a=setup:actpass"),
  ),
  miswriting(
    { id: "bridge/own-mids", broken: "calls sections by other names", breaks: ["ARC-BRIDGE-sdp"] },
    (sdp) => sdp.replace(/^a=mid:/gm, "a=mid:x"),
  ),
  miswriting(
    { id: "bridge/forgets-parameters", broken: "forgets the parameters of codecs", breaks: ["ARC-BRIDGE-sdp"] },
    (sdp) => sdp.replace(/^a=fmtp:.*\r\n/gm, ""),
  ),
  miswriting(
    {
      id: "bridge/extensions-one-way",
      broken: "answers an extension in the offer's direction",
      breaks: ["ARC-BRIDGE-sdp"],
    },
    (sdp) => sdp.replace(/^(a=extmap:\d+)\/recvonly/gm, "$1/sendonly"),
  ),
  miswriting(
    { id: "bridge/promises-remb", broken: "promises feedback that ends in it", breaks: ["ARC-BRIDGE-sdp"] },
    (sdp) => sdp.replace(/^a=rtcp-fb:(\d+) nack\r\n/gm, "$&a=rtcp-fb:$1 goog-remb\r\n"),
  ),
  misreading(
    {
      id: "bridge/bundle-only-rejected",
      broken: "takes bundle-only sections for rejected",
      breaks: ["ARC-BRIDGE-sections"],
    },
    (sdp) => sdp.replace(/^a=bundle-only\r?\n/gm, ""),
  ),
  misreading(
    { id: "bridge/rejected-carried", broken: "carries sections that are rejected", breaks: ["ARC-BRIDGE-sections"] },
    (sdp) => sdp.replace(/^m=(\w+) 0 /gm, "m=$1 9 "),
  ),
  misreading(
    { id: "bridge/without-mux", broken: "does without rtcp-mux", breaks: ["ARC-BRIDGE-sections"] },
    (sdp) => sdp.replace(/^m=.*\r\n/gm, "$&a=rtcp-mux\r\n"),
  ),
  miswriting(
    {
      id: "bridge/sections-left-out",
      broken: "leaves rejected sections out of its answer",
      breaks: ["ARC-BRIDGE-sections"],
    },
    (sdp) => sdp.split(/^(?=m=)/m).filter((part) => !/^m=\w+ 0 /.test(part)).join(""),
  ),
  misreading(
    { id: "bridge/names-by-case", broken: "minds the case of codec names", breaks: ["ARC-BRIDGE-codec-names"] },
    (sdp) => sdp.replace(/^(a=rtpmap:\d+) (OPUS|MPEG4-GENERIC|vp9)\//gm, "$1 x$2/"),
  ),
  misreading(
    { id: "bridge/any-form", broken: "takes H.264 of any mode", breaks: ["ARC-BRIDGE-codec-names"] },
    (sdp) => sdp.replace(/packetization-mode=[02]/g, "packetization-mode=1"),
  ),
  misreading(
    {
      id: "bridge/one-codec-as-another",
      broken: "takes VP8 for VP9",
      breaks: ["ARC-BRIDGE-codec-names", "ARC-BRIDGE-transcoding"],
    },
    (sdp) => sdp.replace(/ VP8\//g, " VP9/"),
  ),
  misspeaking(
    { id: "bridge/repair-as-codec", broken: "offers repair as a codec", breaks: ["ARC-BRIDGE-codec-names"] },
    ({ message }) => withCodecs(message, (codecs) => [...codecs, "rtx"]),
  ),
  opsMutant(
    { id: "bridge/offers-all", broken: "offers what the other side lacks", breaks: ["ARC-BRIDGE-codec-names"] },
    TO_CONNECT,
    (op) => (request, context) => op(request.without("codecs"), context),
  ),
  opsMutant(
    {
      id: "bridge/transcodes-unasked",
      broken: "passes a pair without a codec in common by itself",
      breaks: ["ARC-BRIDGE-transcoding"],
    },
    TO_CONNECT,
    (op) => (request, context) => op(asking(request, { transcoder: [VP8_TO_VP9] }), context),
  ),
  opsMutant(
    { id: "bridge/no-transcoding", broken: "never asks the transcoder", breaks: ["ARC-BRIDGE-transcoding"] },
    TO_SDP,
    (op) => (request, context) => op(request.without("transcoder"), context),
  ),
  opsMutant(
    { id: "bridge/refuses-otherwise", broken: "refuses with another code", breaks: ["ARC-BRIDGE-transcoding"] },
    TO_SDP,
    (op) => (request, context) =>
      answered(
        op(request, context),
        ({ message }) =>
          isJson(message) && message.accepted === false ? { message: { ...message, reason: "no_common_cipher" } } : {},
      ),
  ),
  opsMutant(
    { id: "bridge/webrtc-first", broken: "prefers WebRTC", breaks: ["ARC-BRIDGE-select"] },
    "bridge.select",
    (op) => (request, context) => request.flag("supports_webrtc") ? opOk({ protocol: "webrtc" }) : op(request, context),
  ),
  opsMutant(
    { id: "bridge/arcrtc-anywhere", broken: "takes ArcRTC on any platform", breaks: ["ARC-BRIDGE-select"] },
    "bridge.select",
    (op) => (request, context) => op(asking(request, { native_platform: true }), context),
  ),
  opsMutant(
    {
      id: "bridge/hybrid-for-nobody",
      broken: "answers hybrid to a client with neither",
      breaks: ["ARC-BRIDGE-select-none"],
    },
    "bridge.select",
    (op) => (request, context) => {
      const result = op(request, context);
      return result.kind === "fault" ? opOk({ protocol: "hybrid" }) : result;
    },
  ),
];
