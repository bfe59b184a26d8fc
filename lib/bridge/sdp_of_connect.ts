/** CONNECT to an SDP offer, CONNECT_ACK to an SDP answer, with what STREAM_STARTs announce. SPEC ARC-BRIDGE-sdp. */
import { findCodec, isCodecName, type MediaKind, RTX_PAYLOAD_TYPE } from "../media/codec.ts";
import type { Connect } from "../signaling/messages/connect.ts";
import type { ConnectAck } from "../signaling/messages/connect_ack.ts";
import type { StreamStart } from "../signaling/messages/stream_start.ts";
import {
  type BridgeCodec,
  bridgeCodecs,
  type BridgeTerms,
  commonCodecs,
  isBridgeable,
  MEDIA_KINDS,
  webrtcNameOf,
} from "./bridge_codecs.ts";
import { offeredFormatOf, offeredParametersOf, RTX, sdpNameOf } from "./codec_names.ts";
import { NOTHING_IN_COMMON, type NothingInCommon } from "./connect_of_sdp.ts";
import { PayloadTypePool } from "./payload_type_pool.ts";
import { answeredExtensions, OFFERED_EXTENSIONS, reversed } from "./sdp_extensions.ts";
import type { SdpCodec, SdpMedia, SdpSession, SdpTransport } from "./sdp_session.ts";
import { type AnnouncedSource, announcedSources, placeSources } from "./sdp_sources.ts";
import type { TranscodedPair } from "./transcoding.ts";

/** What the bridge's operator brings: ICE and DTLS of the bridge's own end, and how its streams are called. */
export interface SdpBase {
  readonly transport: SdpTransport;
  /** RTCP's name of the ArcRTC peer, the same for all of its streams (RFC 3550 §6.5.1): its peer id, say. */
  readonly cname: string;
}

export type OfferOfConnect =
  | { readonly ok: true; readonly offer: SdpSession; readonly transcoded: readonly TranscodedPair[] }
  | NothingInCommon;

const PROTOCOL = "UDP/TLS/RTP/SAVPF";

/** What a bridge can translate of the feedback that WebRTC knows (SPEC ARC-BRIDGE-rtcp), and what ends in it. */
const AUDIO_FEEDBACK: readonly string[] = ["nack", "transport-cc"];
const VIDEO_FEEDBACK: readonly string[] = ["nack", "nack pli", "transport-cc"];

function feedbackOf(kind: MediaKind): readonly string[] {
  return kind === "audio" ? AUDIO_FEEDBACK : VIDEO_FEEDBACK;
}

/**
 * The SDP offer that offers to a WebRTC peer what a CONNECT offers: an m-line for each kind of media, one more for each
 * further stream of it that is already announced; codecs by the CONNECT's preference.
 */
export function offerOfConnect(
  connect: Pick<Connect, "capabilities">,
  streams: readonly StreamStart[],
  base: SdpBase,
  terms: BridgeTerms,
): OfferOfConnect {
  const { capabilities } = connect;
  const pool = new PayloadTypePool();
  const media: SdpMedia[] = [];
  const transcoded: TranscodedPair[] = [];
  for (const kind of MEDIA_KINDS) {
    const offered = [...new Set(capabilities.codecs)].filter((name) => kindOf(name, streams, terms) === kind);
    const common = commonCodecs(kind, "arcrtc", offered, terms);
    const pairs = common.transcoded === undefined ? [] : [common.transcoded];
    // What the hook makes is new on each side, so that nothing of it can be sent again by the other.
    const rtx = capabilities.rtx === true && pairs.length === 0;
    const codecs = common.names.flatMap((name) =>
      offeredCodecs(formatOf(webrtcNameOf(name, kind, pairs), kind, streams, terms), kind, rtx, pool)
    );
    if (codecs.length === 0) continue;
    transcoded.push(...pairs);
    const sources = announcedSources(streams, kind);
    const sections: readonly (AnnouncedSource | undefined)[] = sources.length === 0 ? [undefined] : sources;
    for (const source of sections) {
      media.push(placeSources(offeredSection(kind, String(media.length), codecs, base), source, base.cname));
    }
  }
  if (media.length === 0) return NOTHING_IN_COMMON;
  return { ok: true, offer: { media, bundle: media.map(({ mid }) => mid ?? "") }, transcoded };
}

/** A custom codec is of the kind that a stream or the operator says; of none where nobody does. */
function kindOf(name: string, streams: readonly StreamStart[], { arcrtc, webrtc }: BridgeTerms): MediaKind | undefined {
  const known = findCodec(name)?.kind ?? [...arcrtc, ...(webrtc ?? [])].find((codec) => codec.name === name)?.kind;
  return known ?? MEDIA_KINDS.find((kind) => streams.some(({ codec }) => codec[kind]?.name === name));
}

/** A codec and its RTX: under the numbers of the stream that announces it, else of SPEC §5.7, else of the pool. */
function offeredCodecs(
  format: Format | undefined,
  kind: MediaKind,
  rtx: boolean,
  pool: PayloadTypePool,
): readonly SdpCodec[] {
  const payloadType = format === undefined ? undefined : pool.take(format.payloadType);
  if (format === undefined || payloadType === undefined) return [];
  const { name, clockRate, channels } = format;
  const fmtp = isCodecName(name) ? offeredParametersOf(name, format) : undefined;
  const codec: SdpCodec = {
    payloadType,
    name: sdpNameOf(name),
    clockRate,
    ...(channels === undefined ? {} : { channels }),
    ...(fmtp === undefined ? {} : { fmtp }),
    feedback: feedbackOf(kind),
  };
  const repair = rtx ? pool.take(RTX_PAYLOAD_TYPE) : undefined;
  if (repair === undefined) return [codec];
  return [codec, { payloadType: repair, name: RTX, clockRate, fmtp: `apt=${payloadType}`, feedback: [] }];
}

interface Format {
  readonly name: string;
  readonly payloadType: number | undefined;
  readonly clockRate: number;
  readonly channels: number | undefined;
}

const VIDEO_CLOCK_HZ = 90_000;

/** As a stream announces it, else as its name says, else as the operator does; undefined where nobody knows its clock. */
function formatOf(
  name: string,
  kind: MediaKind,
  streams: readonly StreamStart[],
  { webrtc }: BridgeTerms,
): Format | undefined {
  const block = streams.map(({ codec }) => codec[kind]).find((one) => one?.name === name);
  const usual = isCodecName(name) ? offeredFormatOf(name) : webrtc?.find((codec) => codec.name === name);
  const clockRate = block?.clock_rate ?? samplingClockOf(name, block) ?? usual?.clockRate ??
    (kind === "video" ? VIDEO_CLOCK_HZ : undefined);
  if (clockRate === undefined) return undefined;
  // Opus is written with two channels, whatever it holds (RFC 7587 §7).
  const channels = block !== undefined && "channels" in block && name !== "opus" ? block.channels : usual?.channels;
  return { name, clockRate, channels, payloadType: block?.payload_type ?? findCodec(name)?.payloadType };
}

function samplingClockOf(name: string, block: object | undefined): number | undefined {
  if (findCodec(name)?.clock !== "sampling" || block === undefined || !("sample_rate" in block)) return undefined;
  return Number(block.sample_rate);
}

function offeredSection(kind: MediaKind, mid: string, codecs: readonly SdpCodec[], base: SdpBase): SdpMedia {
  return {
    kind,
    isRejected: false,
    protocol: PROTOCOL,
    formats: codecs.map(({ payloadType }) => payloadType).join(" "),
    mid,
    direction: "sendrecv",
    rtcpMux: true,
    transport: { setup: "actpass", ...base.transport },
    codecs,
    extensions: OFFERED_EXTENSIONS,
    sources: [],
    repairs: [],
  };
}

/**
 * The SDP answer to `offer` that says what a CONNECT_ACK has selected: each m-line with the selected codec of its kind,
 * the others rejected; all of them where the ACK refuses. `transcoded` are the pairs under which the CONNECT was made.
 */
export function answerOfAck(
  offer: SdpSession,
  ack: ConnectAck,
  streams: readonly StreamStart[],
  base: SdpBase,
  transcoded: readonly TranscodedPair[] = [],
): SdpSession {
  const unplaced = { audio: announcedSources(streams, "audio"), video: announcedSources(streams, "video") };
  const media = offer.media.map((section) => {
    const name = ack.accepted && isBridgeable(section) ? ack.selected_codecs[section.kind] : undefined;
    if (name === undefined || !isBridgeable(section)) return rejected(section);
    const webrtcName = webrtcNameOf(name, section.kind, transcoded);
    const found = bridgeCodecs(section).find(({ arcName }) => arcName === webrtcName);
    if (found === undefined) return rejected(section);
    const isRepaired = ack.accepted && ack.capabilities?.rtx === true && webrtcName === name;
    const answer = answeredSection(section, section.kind, found, isRepaired, base);
    const sends = answer.direction === "sendrecv" || answer.direction === "sendonly";
    return placeSources(answer, sends ? unplaced[section.kind].shift() : undefined, base.cname);
  });
  const live = new Set(media.flatMap(({ isRejected, mid }) => isRejected || mid === undefined ? [] : [mid]));
  return { media, bundle: [...new Set(offer.bundle)].filter((mid) => live.has(mid)) };
}

/** The answer to an offer that is refused as a whole. */
export function refusalAnswer(offer: SdpSession): SdpSession {
  return { media: offer.media.map(rejected), bundle: [] };
}

function rejected({ kind, protocol, formats, mid }: SdpMedia): SdpMedia {
  return {
    kind,
    isRejected: true,
    protocol,
    formats,
    ...(mid === undefined ? {} : { mid }),
    direction: "inactive",
    rtcpMux: false,
    transport: { candidates: [] },
    codecs: [],
    extensions: [],
    sources: [],
    repairs: [],
  };
}

function answeredSection(
  offered: SdpMedia,
  kind: MediaKind,
  { codec, rtx }: BridgeCodec,
  isRepaired: boolean,
  base: SdpBase,
): SdpMedia {
  const feedback = feedbackOf(kind).filter((text) => codec.feedback.includes(text));
  const codecs = [{ ...codec, feedback }, ...(isRepaired && rtx !== undefined ? [{ ...rtx, feedback: [] }] : [])];
  // Whoever was asked to choose is passive, so that the other end can begin at once (RFC 8842 §5.3).
  const setup = offered.transport.setup === "passive" ? "active" : "passive";
  return {
    ...rejected(offered),
    isRejected: false,
    formats: codecs.map(({ payloadType }) => payloadType).join(" "),
    direction: reversed(offered.direction),
    rtcpMux: true,
    transport: { ...base.transport, setup },
    codecs,
    extensions: answeredExtensions(offered.extensions),
  };
}
