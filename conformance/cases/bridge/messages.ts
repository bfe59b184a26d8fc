/** Requests of the bridge's signaling, and what their answers come to in a line. */
import type { Check } from "../../case.ts";
import { answersWith } from "../../expect.ts";
import { isJson, type Json } from "../../testee/answer.ts";
import { CALLEE, CALLER, SESSION, STREAM } from "../../vectors/party.ts";
import { connect, connectAck, streamStart } from "../messages.ts";
import { summaryOf } from "./sdp_sections.ts";

const CALLER_VOICE = { sessionId: SESSION, peerId: CALLER };
const CALLEE_VOICE = { sessionId: SESSION, peerId: CALLEE };
const T = 1_700_000_000_000;

export const OWN = { session_id: SESSION, peer_id: CALLEE, timestamp: T };

export const TRANSPORT = {
  ice_ufrag: "brdg",
  ice_pwd: "the-bridge-s-own-password",
  fingerprint: `sha-256 ${Array(32).fill("C4").join(":")}`,
  candidates: ["1 1 udp 2113937151 192.0.2.7 40000 typ host"],
};

export function offering(sdp: string, fields: Json = {}) {
  return { op: "bridge.sdp_to_connect", sdp, own: OWN, ...fields };
}

/** A CONNECT that offers these codecs. */
export function connectOf(codecs: readonly string[], capabilities: Json = {}): Json {
  return connect(CALLER_VOICE, T, {
    capabilities: { codecs, resolutions: [], encryption: ["aes-128-gcm"], transport: ["udp"], ...capabilities },
  });
}

export function connecting(codecs: readonly string[], fields: Json = {}, capabilities: Json = {}) {
  return { op: "bridge.connect_to_sdp", message: connectOf(codecs, capabilities), transport: TRANSPORT, ...fields };
}

/** A CONNECT_ACK that selects these, as the answer to `offer`. */
export function acking(offer: string, selected: Json, fields: Json = {}, capabilities: Json = {}) {
  const message = connectAck(CALLEE_VOICE, T, { selected_codecs: selected, capabilities });
  return { op: "bridge.connect_to_sdp", message, offer, transport: TRANSPORT, ...fields };
}

/** The CONNECT_ACK of a refusal, as the answer to `offer`. */
export function refusing(offer: string) {
  const message = {
    type: "CONNECT_ACK",
    version: "1.0",
    session_id: SESSION,
    peer_id: CALLEE,
    accepted: false,
    reason: "no_common_codec",
    timestamp: T,
  };
  return { op: "bridge.connect_to_sdp", message, offer, transport: TRANSPORT };
}

export function videoStart(ssrc: number, fields: Json = {}): Json {
  const video = { name: "vp9", bitrate: 1_000_000, width: 640, height: 360, fps: 30 };
  return streamStart(CALLER_VOICE, T, { stream_type: "video", codec: { video }, ssrc, stream_id: STREAM, ...fields });
}

/** What an answer says, in a line: a refusal, codecs of a CONNECT, a CONNECT_ACK's choice, or the m-lines of SDP. */
export function gistOf(value: Json): string {
  const { message, sdp, refused } = value;
  if (typeof refused === "string") return `refused ${refused}`;
  if (sdp !== undefined) return summaryOf(sdp);
  if (!isJson(message)) return "nothing";
  if (message.type === "CONNECT") {
    const { codecs, rtx } = message.capabilities as { codecs?: readonly string[]; rtx?: boolean };
    return `CONNECT ${codecs?.join(" ")}${rtx ? ", rtx" : ""}`;
  }
  if (message.accepted === false) return `refused ${message.reason}`;
  const { audio, video } = message.selected_codecs as { audio?: string; video?: string };
  return `CONNECT_ACK ${[audio, video].filter((name) => name !== undefined).join(" ")}`;
}

/** A check of the gist. */
export function says(name: string, request: Check["request"], due: string): Check {
  return {
    name,
    request,
    ...answersWith(due, (value) => gistOf(value) === due ? undefined : gistOf(value)),
  };
}

export function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isJson) : [];
}
