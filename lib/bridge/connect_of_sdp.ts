/** SDP to CONNECT and CONNECT_ACK: what a WebRTC peer offers or answers, said in ArcSignaling. SPEC ARC-BRIDGE-sdp. */
import type { MediaKind } from "../media/codec.ts";
import type { Capabilities, Connect } from "../signaling/messages/connect.ts";
import type { ConnectAck } from "../signaling/messages/connect_ack.ts";
import { bridgeCodecs, type BridgeTerms, commonCodecs, isBridgeable, MEDIA_KINDS } from "./bridge_codecs.ts";
import type { SdpMedia, SdpSession } from "./sdp_session.ts";
import type { TranscodedPair } from "./transcoding.ts";

/** All of a CONNECT that SDP does not tell: the bridge's own ids, key and capabilities. */
export interface ConnectBase extends Omit<Connect, "capabilities" | "resume" | "epoch" | "proof"> {
  readonly capabilities: Omit<Capabilities, "codecs" | "rtx" | "fec">;
}

/** Refused because the sides have no codec in common, in no kind of media. */
export interface NothingInCommon {
  readonly ok: false;
  readonly reason: "no_common_codec";
}

export const NOTHING_IN_COMMON: NothingInCommon = { ok: false, reason: "no_common_codec" };

export type ConnectOfOffer =
  | { readonly ok: true; readonly connect: Connect; readonly transcoded: readonly TranscodedPair[] }
  | NothingInCommon;

/**
 * The CONNECT that offers to an ArcRTC peer what an SDP offer offers: codecs by its preference, audio and video in the
 * order of the m-lines. RTX is offered where the offer has it; FEC never is, for its source is the packets of one side.
 */
export function connectOfOffer(offer: SdpSession, base: ConnectBase, terms: BridgeTerms): ConnectOfOffer {
  const media = offer.media.filter(isBridgeable);
  const codecs: string[] = [];
  const transcoded: TranscodedPair[] = [];
  for (const kind of kindsOf(media)) {
    const common = commonCodecs(kind, "webrtc", offeredNames(media, kind), terms);
    codecs.push(...common.names);
    if (common.transcoded !== undefined) transcoded.push(common.transcoded);
  }
  if (codecs.length === 0) return NOTHING_IN_COMMON;
  const rtx = media.some((section) => bridgeCodecs(section).some((one) => one.rtx && codecs.includes(one.arcName)));
  const capabilities = { ...base.capabilities, codecs, ...(rtx ? { rtx } : {}) };
  return { ok: true, connect: { ...base, capabilities }, transcoded };
}

/** Kinds in the order in which the m-lines first name them. */
function kindsOf(media: readonly (SdpMedia & { readonly kind: MediaKind })[]): readonly MediaKind[] {
  return [...new Set(media.map(({ kind }) => kind))];
}

function offeredNames(media: readonly SdpMedia[], kind: MediaKind): readonly string[] {
  const own = media.filter((section) => section.kind === kind);
  return [...new Set(own.flatMap((section) => bridgeCodecs(section).map(({ arcName }) => arcName)))];
}

/** All of a CONNECT_ACK that SDP does not tell. */
export interface AckBase {
  readonly session_id: string;
  readonly peer_id: string;
  readonly network_info: Extract<ConnectAck, { accepted: true }>["network_info"];
  readonly encryption: Extract<ConnectAck, { accepted: true }>["encryption"];
  readonly capabilities?: Omit<NonNullable<Extract<ConnectAck, { accepted: true }>["capabilities"]>, "rtx" | "fec">;
  readonly timestamp: number;
}

/**
 * The CONNECT_ACK that answers `connect` with what a WebRTC peer's SDP answer accepts: of each kind the first codec of
 * the first m-line that CONNECT has offered; a refusal with `no_common_codec` where there is none. `transcoded` are the
 * pairs under which the offer was made.
 */
export function ackOfAnswer(
  answer: SdpSession,
  connect: Pick<Connect, "capabilities">,
  base: AckBase,
  transcoded: readonly TranscodedPair[] = [],
): ConnectAck {
  const media = answer.media.filter(isBridgeable);
  const selected: { audio?: string; video?: string } = {};
  let rtx = false;
  for (const kind of MEDIA_KINDS) {
    for (const section of media.filter((one) => one.kind === kind)) {
      for (const { arcName, rtx: repair } of bridgeCodecs(section)) {
        const name = transcoded.find((pair) => pair.kind === kind && pair.webrtc === arcName)?.arcrtc ?? arcName;
        if (selected[kind] !== undefined || !connect.capabilities.codecs.includes(name)) continue;
        selected[kind] = name;
        rtx ||= repair !== undefined && name === arcName;
      }
    }
  }
  const { session_id, peer_id, timestamp } = base;
  const head = { type: "CONNECT_ACK", version: "1.0", session_id, peer_id, timestamp } as const;
  if (selected.audio === undefined && selected.video === undefined) {
    return { ...head, accepted: false, reason: "no_common_codec" };
  }
  const { network_info, encryption, capabilities } = base;
  const isRepaired = rtx && connect.capabilities.rtx === true;
  return {
    ...head,
    accepted: true,
    selected_codecs: selected,
    capabilities: { ...capabilities, ...(isRepaired ? { rtx: true } : {}) },
    network_info,
    encryption,
  };
}

/** The CONNECT_ACK that refuses a CONNECT with which the WebRTC side has nothing in common. */
export function refusalAck({ session_id, peer_id, timestamp }: AckBase): ConnectAck {
  const { reason } = NOTHING_IN_COMMON;
  return { type: "CONNECT_ACK", version: "1.0", session_id, peer_id, accepted: false, reason, timestamp };
}
