/** The bridge to WebRTC: SDP of strangers, messages that become SDP, packets and RTCP both ways. */
import { equalBytes, utf8 } from "../../base/bytes.ts";
import { SeededRng } from "../../base/rng.ts";
import { uuidV4 } from "../../base/uuid.ts";
import { ackOfAnswer, connectOfOffer } from "../../bridge/connect_of_sdp.ts";
import { negotiatedMap } from "../../bridge/negotiated_map.ts";
import { MAX_GROWTH_BYTES, NOT_TRANSLATED, PacketTranslator } from "../../bridge/packet_translator.ts";
import { translateRtcp } from "../../bridge/rtcp_translator.ts";
import { answerOfAck, offerOfConnect } from "../../bridge/sdp_of_connect.ts";
import { parseSdp, type SdpSession } from "../../bridge/sdp_session.ts";
import { writeSdp } from "../../bridge/sdp_writer.ts";
import { DEFAULT_FIGURES, streamsOfSdp } from "../../bridge/stream_of_sdp.ts";
import { type BridgeMap, type Side, type StreamPair, StreamTable } from "../../bridge/stream_table.ts";
import { isUsablePayloadType, parseArcRtp } from "../../packet/arcrtp.ts";
import { parseRtcp, rtcpBytes, type RtcpPacket, writeRtcp } from "../../packet/rtcp/compound.ts";
import { parseRtp } from "../../packet/rtp_view.ts";
import { EXAMPLES } from "../../signaling/examples.ts";
import type { ConnectAck } from "../../signaling/messages/connect_ack.ts";
import { parseMessage, writeMessage } from "../../signaling/parse_message.ts";
import { chooseCodecs, KNOWN_CODECS } from "../../signaling/selection.ts";
import { generateMessage } from "../generate_message.ts";
import { generateArcRtp, generateRtcp } from "../generate_packet.ts";
import { demand, type FuzzCase, type FuzzTarget } from "../target.ts";
import { arcRtpSeeds } from "./packet_targets.ts";
import { demandStable, parserTarget, refusal } from "./parser_target.ts";
import { messageSeeds } from "./text_targets.ts";

const OFFER = [
  "v=0",
  "o=- 1 1 IN IP4 127.0.0.1",
  "s=-",
  "t=0 0",
  "a=group:BUNDLE 0 1",
  "a=fingerprint:sha-256 AB:CD",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111 9 0 110",
  "a=mid:0",
  "a=rtcp-mux",
  "a=rtpmap:111 opus/48000/2",
  "a=fmtp:111 minptime=10;useinbandfec=1",
  "a=rtpmap:110 telephone-event/48000",
  "a=ssrc:1 cname:x",
  "m=video 0 UDP/TLS/RTP/SAVPF 98 99 102 45",
  "a=bundle-only",
  "a=mid:1",
  "a=sendrecv",
  "a=rtcp-mux",
  "a=extmap:2/sendonly http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
  "a=extmap:20 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
  "a=rtpmap:98 VP9/90000",
  "a=rtcp-fb:98 nack pli",
  "a=rtpmap:99 rtx/90000",
  "a=fmtp:99 apt=98",
  "a=rtpmap:102 H264/90000",
  "a=fmtp:102 packetization-mode=1;profile-level-id=42e01f",
  "a=rtpmap:45 AV1/90000",
  "a=ssrc:2 cname:x",
  "a=ssrc:3 cname:x",
  "a=ssrc-group:FID 2 3",
  "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
  "a=mid:2",
].map((line) => `${line}\r\n`).join("");

const { codecs: _codecs, ...CAPABILITIES } = EXAMPLES.CONNECT.minimal.capabilities;
const CONNECT_BASE = { ...EXAMPLES.CONNECT.minimal, capabilities: CAPABILITIES };
const SDP_BASE = {
  cname: "x",
  transport: { iceUfrag: "a", icePwd: "b", fingerprint: "sha-256 AB", candidates: [] },
};
const TERMS = { arcrtc: KNOWN_CODECS };

/** An offer that is read must become messages that are valid, and an answer that says the same. */
function sdpBehaviour(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes);
  const offer = parseSdp(text);
  if (!offer.ok) return refusal(offer.fault, text.length);
  demandStableSdp(offer.value);
  const made = connectOfOffer(offer.value, CONNECT_BASE, TERMS);
  if (!made.ok) return made.reason;
  demandMessage(writeMessage(made.connect));
  const { codecs, rtx = false } = made.connect.capabilities;
  const selected = chooseCodecs(codecs, KNOWN_CODECS);
  demand(selected !== undefined, "state", "a CONNECT offers nothing that is known", "ARC-BRIDGE-codec-names");
  const rng = new SeededRng(1);
  const streams = streamsOfSdp(offer.value, selected, {
    session_id: made.connect.session_id,
    algorithm: "aes-128-gcm",
    timestamp: 1,
    streamId: () => uuidV4(rng),
    ssrc: () => rng.u32(),
    rtx,
    figures: DEFAULT_FIGURES,
  });
  for (const start of streams) demandMessage(writeMessage(start));
  const map = negotiatedMap(offer.value, streams.map((start) => ({ start, from: "rtp" })));
  demand(new PacketTranslator(map).lost === 0, "state", "a new translator has lost something");
  const ack = acceptance(selected, rtx);
  const answer = answerOfAck(offer.value, ack, [], SDP_BASE);
  demand(answer.media.length === offer.value.media.length, "state", "sections are missing", "ARC-BRIDGE-sections");
  demandStableSdp(answer);
  const again = ackOfAnswer(answer, made.connect, ACK_BASE);
  demand(
    again.accepted && JSON.stringify(again.selected_codecs) === JSON.stringify(selected),
    "round_trip",
    "an answer says something else than the ACK that it was made of",
    "ARC-BRIDGE-sdp",
  );
  return `ok ${codecs.join(" ")} ${streams.length} ${map.extensions.length}`;
}

function acceptance(
  selected: { audio?: string; video?: string },
  rtx: boolean,
): Extract<ConnectAck, { accepted: true }> {
  return { ...ACCEPTED, selected_codecs: selected, capabilities: { rtx } };
}

const ACCEPTED = EXAMPLES.CONNECT_ACK.full as Extract<ConnectAck, { accepted: true }>;
const ACK_BASE = { ...ACCEPTED, network_info: {} };

function demandMessage(text: string): void {
  const parsed = parseMessage(text);
  demand(parsed.ok, "response", `a message is refused: ${parsed.ok ? "" : parsed.fault.message}`, "ARC-BRIDGE-sdp");
}

/** What was written once is read as what it was written of. */
function demandStableSdp(session: SdpSession): string {
  const written = writeSdp(session, "1");
  const read = parseSdp(written);
  // Text that a line's end was hidden in, or that grew beyond the bound, may be refused; what is read must be stable.
  if (!read.ok) return read.fault.reason;
  const second = writeSdp(read.value, "1");
  const again = parseSdp(second);
  demand(again.ok, "round_trip", "SDP that was written and read is refused");
  demandStable(second, writeSdp(again.value, "1"), "SDP");
  return "ok";
}

/** A CONNECT becomes an offer that says the same codecs, as far as anybody knows them. */
function connectBehaviour(bytes: Uint8Array): string {
  const message = parseMessage(bytes);
  if (!message.ok) return "no message";
  if (message.value.type !== "CONNECT") return "no CONNECT";
  const made = offerOfConnect(message.value, [], SDP_BASE, TERMS);
  if (!made.ok) return made.reason;
  const offer = parseSdp(writeSdp(made.offer, "1"));
  demand(offer.ok, "response", "an offer is refused", "ARC-BRIDGE-sdp");
  const back = connectOfOffer(offer.value, CONNECT_BASE, TERMS);
  demand(back.ok, "round_trip", "an offer of known codecs has none in common", "ARC-BRIDGE-sdp");
  const known = KNOWN_CODECS.map(({ name }) => name);
  const due = [...new Set(message.value.capabilities.codecs)].filter((name) => known.includes(name)).sort().join(" ");
  const got = [...back.connect.capabilities.codecs].sort().join(" ");
  demand(due === got, "round_trip", "codecs are missing on the way through SDP", "ARC-BRIDGE-codec-names");
  return `ok ${due}`;
}

const STREAM: StreamPair = { rtp: 0x12345678, arcrtp: 2, from: "rtp", sequenceOffset: 100, timestampOffset: 7 };

const CODECS_BY_TYPE = ["vp9", "h264", "h265", "av1", "opus", "x-any", "rtx"];

const MAP: BridgeMap = {
  payloadTypes: Array.from({ length: 128 }, (_, rtp) => rtp).filter((type) =>
    isUsablePayloadType(type) && type % 7 !== 0
  )
    .map((rtp) => ({ rtp, arcrtp: rtp ^ 1, codec: CODECS_BY_TYPE[rtp % CODECS_BY_TYPE.length], kind: "video" })),
  extensions: [{ rtp: 1, arcrtp: 2 }, { rtp: 2, arcrtp: 1 }, { rtp: 200, arcrtp: 3 }],
  streams: [],
};

const MAX_PACKETS = 8;

/** Packets of one session in a row; what goes on must be a packet of the other side with the same payload. */
function packetBehaviour(units: FuzzCase, from: Side): string {
  const passing = new PacketTranslator(MAP);
  const counting = new PacketTranslator({ ...MAP, streams: [{ ...STREAM, from }] });
  let behaviour = "";
  for (const unit of units) {
    // The last one's: what came before it shows in that.
    behaviour = demandTranslated(passing, unit, from);
    translated(counting, unit, from);
  }
  return behaviour;
}

function translated(translator: PacketTranslator, packet: Uint8Array, from: Side): Uint8Array | undefined {
  const out = new Uint8Array(packet.length + MAX_GROWTH_BYTES);
  const bytes = from === "rtp"
    ? translator.toArcRtp(packet, 0, packet.length, out, 0)
    : translator.toRtp(packet, 0, packet.length, out, 0);
  return bytes === NOT_TRANSLATED ? undefined : out.subarray(0, bytes);
}

function demandTranslated(translator: PacketTranslator, packet: Uint8Array, from: Side): string {
  const there = translated(translator, packet, from);
  if (there === undefined) return refusal(translator.fault(), packet.length);
  const lost = translator.lost;
  const [original, result] = from === "rtp"
    ? [parseRtp(packet), parseArcRtp(there)]
    : [parseArcRtp(packet), parseRtp(there)];
  demand(original.ok && result.ok, "response", "what goes on is no packet", "ARC-BRIDGE-to-rtp");
  demand(equalBytes(original.value.payload(), result.value.payload()), "round_trip", "the payload is another");
  const other: Side = from === "rtp" ? "arcrtp" : "rtp";
  const back = translated(translator, there, other);
  // Of what ArcRTC has sent again a bridge cannot know that it was of a key frame.
  if (back === undefined && translator.faultReason === "bad_state") return `ok ${lost}, a retransmission`;
  demand(back !== undefined, "round_trip", "what went on cannot come back", "ARC-BRIDGE-mapping");
  const again = translated(translator, back, from);
  demand(again !== undefined && again.length === there.length, "round_trip", "there, back and there differs");
  return `ok ${lost} ${result.value.hasExtension} ${from === "rtp" ? there[result.value.rtpHeaderEnd] : ""}`;
}

/** A compound is translated as if all streams that it names passed, in either direction. */
function rtcpBehaviour(bytes: Uint8Array): string {
  const parsed = parseRtcp(bytes);
  if (!parsed.ok) return refusal(parsed.fault, bytes.length);
  const named = parsed.value.flatMap(ssrcsOf);
  const pairs = [...new Set(named)].map((ssrc, i): StreamPair => ({
    ...STREAM,
    rtp: ssrc,
    arcrtp: ssrc,
    from: i % 2 === 0 ? "rtp" : "arcrtp",
  }));
  let behaviour = "";
  for (const from of ["rtp", "arcrtp"] as const) {
    const { packets, dropped } = translateRtcp(parsed.value, from, new StreamTable(pairs), 1);
    demand(packets.length + dropped.length === parsed.value.length, "state", "a packet is neither passed nor dropped");
    const out = new Uint8Array(rtcpBytes(packets));
    writeRtcp(packets, out, 0);
    demand(packets.length === 0 || parseRtcp(out).ok, "response", "translated RTCP is refused", "ARC-BRIDGE-rtcp");
    behaviour += ` ${packets.map(({ kind }) => kind).join()}`;
  }
  return behaviour;
}

function ssrcsOf(packet: RtcpPacket): readonly number[] {
  switch (packet.kind) {
    case "sr":
    case "rr":
      return [packet.ssrc, ...packet.reports.map(({ ssrc }) => ssrc)];
    case "nack":
    case "pli":
      return [packet.senderSsrc, packet.mediaSsrc];
    case "bye":
      return packet.ssrcs;
    case "sdes":
      return packet.chunks.map(({ ssrc }) => ssrc);
    default:
      return [];
  }
}

function packetTarget(name: string, summary: string, from: Side): FuzzTarget {
  return {
    name,
    area: "parser",
    summary,
    shape: "bytes",
    maxUnits: MAX_PACKETS,
    seeds: () => [arcRtpSeeds(), ...arcRtpSeeds().map((packet) => [packet])],
    generate: (random) => Array.from({ length: 1 + random.below(MAX_PACKETS) }, () => generateArcRtp(random)),
    run: (units) => packetBehaviour(units, from),
  };
}

export const BRIDGE_TARGETS: readonly FuzzTarget[] = [
  parserTarget({
    name: "bridge.sdp",
    summary: "SDP offers of strangers, and the CONNECT, STREAM_STARTs and answers made of them",
    shape: "text",
    seeds: () => [utf8(OFFER)],
    parse: sdpBehaviour,
  }),
  parserTarget({
    name: "bridge.connect",
    summary: "CONNECT to an SDP offer and back",
    shape: "json",
    seeds: () => messageSeeds("CONNECT"),
    generate: (random) => generateMessage("CONNECT", random),
    parse: connectBehaviour,
  }),
  packetTarget("bridge.rtp_to_arcrtp", "RTP across the bridge", "rtp"),
  packetTarget("bridge.arcrtp_to_rtp", "ArcRTP across the bridge", "arcrtp"),
  parserTarget({
    name: "bridge.rtcp",
    summary: "RTCP across the bridge, both ways",
    vectorOps: ["rtcp.parse"],
    seeds: () => [],
    generate: generateRtcp,
    parse: rtcpBehaviour,
  }),
];
