/** `bridge.sdp_to_connect`, `bridge.connect_to_sdp`, `bridge.map`, `bridge.select`: signaling of the bridge to WebRTC. */
import { ok, type Parsed } from "../../../lib/base/parsed.ts";
import { SeededRng } from "../../../lib/base/rng.ts";
import { uuidV4 } from "../../../lib/base/uuid.ts";
import type { BridgeTerms, WebrtcCodec } from "../../../lib/bridge/bridge_codecs.ts";
import {
  type AckBase,
  ackOfAnswer,
  connectOfOffer,
  NOTHING_IN_COMMON,
  refusalAck,
} from "../../../lib/bridge/connect_of_sdp.ts";
import { negotiatedMap, type PassingStream } from "../../../lib/bridge/negotiated_map.ts";
import { answerOfAck, offerOfConnect, refusalAnswer, type SdpBase } from "../../../lib/bridge/sdp_of_connect.ts";
import { parseSdp, type SdpSession } from "../../../lib/bridge/sdp_session.ts";
import { writeSdp } from "../../../lib/bridge/sdp_writer.ts";
import { DEFAULT_FIGURES, streamsOfSdp } from "../../../lib/bridge/stream_of_sdp.ts";
import { hookOf, type TranscodedPair } from "../../../lib/bridge/transcoding.ts";
import { EXAMPLES } from "../../../lib/signaling/examples.ts";
import type { Connect } from "../../../lib/signaling/messages/connect.ts";
import type { ConnectAck } from "../../../lib/signaling/messages/connect_ack.ts";
import type { MessageByType } from "../../../lib/signaling/messages/registry.ts";
import type { StreamStart } from "../../../lib/signaling/messages/stream_start.ts";
import { messageToJson } from "../../../lib/signaling/parse_message.ts";
import { chooseCodecs, chooseProtocol, KNOWN_CODECS, type SelectedCodecs } from "../../../lib/signaling/selection.ts";
import { type Fields, RequestError } from "../request.ts";
import { opFault, opOk, type OpResult, type Ops } from "../testee.ts";
import { bridgeMapToJson, SIDES } from "./bridge_map.ts";
import { messageOf } from "./signaling.ts";

const KINDS = ["audio", "video"] as const;

export const bridgeOps: Ops = {
  "bridge.sdp_to_connect": sdpToConnect,
  "bridge.connect_to_sdp": connectToSdp,
  "bridge.map": mapOf,
  "bridge.select": (request) => {
    const choice = chooseProtocol({
      supportsArcrtc: request.flag("supports_arcrtc"),
      supportsWebrtc: request.flag("supports_webrtc"),
      nativePlatform: request.flag("native_platform"),
    });
    if (choice.ok) return opOk({ protocol: choice.protocol });
    return opFault({ reason: "bad_value", message: choice.message });
  },
};

/** `sdp` is an offer, or with `type` "answer" the answer to the offer that was made of `connect`. */
function sdpToConnect(request: Fields): OpResult {
  const sdp = parseSdp(request.text("sdp"));
  if (!sdp.ok) return opFault(sdp.fault);
  return request.oneOf("type", ["offer", "answer"] as const, "offer") === "offer"
    ? offerToConnect(sdp.value, request)
    : answerToAck(sdp.value, request);
}

function offerToConnect(offer: SdpSession, request: Fields): OpResult {
  const { capabilities, ...base } = { ...EXAMPLES.CONNECT.minimal, ...ownFields(request) };
  const { codecs: _ours, ...own } = capabilities;
  const arcrtc = readCodecs(request, "codecs") ?? KNOWN_CODECS;
  const made = connectOfOffer(offer, { ...base, capabilities: own }, { arcrtc, hook: readHook(request) });
  if (!made.ok) return opOk({ refused: made.reason, sdp: sdpText(refusalAnswer(offer)) });
  const { connect, transcoded } = made;
  // Until the other peer has chosen, its first choices are the likeliest.
  const selected = chooseCodecs(connect.capabilities.codecs, arcrtc) ?? {};
  return opOk({
    message: messageToJson(connect),
    streams: streamsAs(offer, selected, connect.capabilities.rtx === true, request, transcoded),
    transcoded,
  });
}

function answerToAck(answer: SdpSession, request: Fields): OpResult {
  const connect = request.has("connect") ? readMessageOf(request, "connect", "CONNECT") : ok(EXAMPLES.CONNECT.full);
  if (!connect.ok) return opFault(connect.fault);
  const transcoded = readPairs(request);
  const ack = ackOfAnswer(answer, connect.value, ackBase(request), transcoded);
  const streams = ack.accepted
    ? streamsAs(answer, ack.selected_codecs, ack.capabilities?.rtx === true, request, transcoded)
    : [];
  return opOk({ message: messageToJson(ack), streams });
}

/** What a bridge says of itself: `own` of the request, or anything that is well formed. */
function ownFields(request: Fields): Partial<Pick<Connect, "session_id" | "peer_id" | "timestamp">> {
  if (!request.has("own")) return {};
  const own = request.object("own");
  return {
    session_id: own.text("session_id"),
    peer_id: own.text("peer_id"),
    timestamp: own.integer("timestamp", 0, Number.MAX_SAFE_INTEGER),
  };
}

function ackBase(request: Fields): AckBase {
  const example = EXAMPLES.CONNECT_ACK.full;
  if (!example.accepted) throw new Error("the full example of CONNECT_ACK is an acceptance");
  const { session_id, peer_id, encryption, timestamp } = { ...example, ...ownFields(request) };
  return { session_id, peer_id, encryption, timestamp, network_info: {} };
}

function streamsAs(
  sdp: SdpSession,
  selected: SelectedCodecs,
  rtx: boolean,
  request: Fields,
  transcoded: readonly TranscodedPair[],
): readonly object[] {
  const rng = new SeededRng(request.integerOr("seed", 0, 0xffff_ffff, 0));
  const { session_id, timestamp } = { ...EXAMPLES.CONNECT.minimal, ...ownFields(request) };
  const streams = streamsOfSdp(sdp, selected, {
    session_id,
    timestamp,
    algorithm: "aes-128-gcm",
    streamId: () => uuidV4(rng),
    ssrc: () => rng.u32(),
    rtx,
    figures: DEFAULT_FIGURES,
  }, transcoded);
  return streams.map(messageToJson);
}

/** `message` is a CONNECT, or a CONNECT_ACK with the SDP `offer` that it answers; `streams` are STREAM_STARTs. */
function connectToSdp(request: Fields): OpResult {
  const message = messageOf(request.value("message"));
  if (!message.ok) return opFault(message.fault);
  const streams = readStreams(request);
  if (!streams.ok) return opFault(streams.fault);
  switch (message.value.type) {
    case "CONNECT":
      return connectToOffer(message.value, streams.value, request);
    case "CONNECT_ACK":
      return ackToAnswer(message.value, streams.value, request);
    default:
      throw new RequestError(`${request.pathOf("message")} must be a CONNECT or a CONNECT_ACK`);
  }
}

function connectToOffer(connect: Connect, streams: readonly StreamStart[], request: Fields): OpResult {
  const terms: BridgeTerms = {
    arcrtc: KNOWN_CODECS,
    webrtc: readCodecs(request, "codecs"),
    hook: readHook(request),
  };
  const made = offerOfConnect(connect, streams, readBase(request, connect.peer_id), terms);
  if (made.ok) return opOk({ sdp: sdpText(made.offer), transcoded: made.transcoded });
  return opOk({ refused: made.reason, message: messageToJson(refusalAck(ackBase(request))) });
}

function ackToAnswer(ack: ConnectAck, streams: readonly StreamStart[], request: Fields): OpResult {
  const offer = parseSdp(request.text("offer"));
  if (!offer.ok) return opFault({ ...offer.fault, path: request.pathOf("offer") });
  const answer = answerOfAck(offer.value, ack, streams, readBase(request, ack.peer_id), readPairs(request));
  const isRefused = answer.media.every(({ isRejected }) => isRejected);
  const refused = ack.accepted ? NOTHING_IN_COMMON.reason : ack.reason;
  return opOk({ sdp: sdpText(answer), ...(isRefused ? { refused } : {}) });
}

/** `sdp` is the WebRTC side's description; each of `streams` has its STREAM_START and the side that it comes `from`. */
function mapOf(request: Fields): OpResult {
  const sdp = parseSdp(request.text("sdp"));
  if (!sdp.ok) return opFault(sdp.fault);
  const streams: PassingStream[] = [];
  for (const stream of request.objects("streams")) {
    const start = readMessageOf(stream, "message", "STREAM_START");
    if (!start.ok) return opFault(start.fault);
    streams.push({
      start: start.value,
      from: stream.oneOf("from", SIDES),
      ...(stream.has("rtp_ssrcs") ? { rtpSsrcs: stream.integers("rtp_ssrcs", 0, 0xffff_ffff) } : {}),
      sequenceOffset: stream.integerOrNone("sequence_offset", -0xffff, 0xffff),
      timestampOffset: stream.integerOrNone("timestamp_offset", -0xffff_ffff, 0xffff_ffff),
    });
  }
  return opOk({ map: bridgeMapToJson(negotiatedMap(sdp.value, streams)) });
}

const ORIGIN_ID = "1";

function sdpText(session: SdpSession): string {
  return writeSdp(session, ORIGIN_ID);
}

/** ICE and DTLS of the bridge, from its operator. */
function readBase(request: Fields, cname: string): SdpBase {
  if (!request.has("transport")) return { cname, transport: { ...SOME_TRANSPORT, candidates: [] } };
  const transport = request.object("transport");
  return {
    cname,
    transport: {
      iceUfrag: transport.text("ice_ufrag"),
      icePwd: transport.text("ice_pwd"),
      fingerprint: transport.text("fingerprint"),
      candidates: transport.has("candidates") ? transport.texts("candidates") : [],
    },
  };
}

/** Nobody's: for requests that are not about it. */
const SOME_TRANSPORT = {
  iceUfrag: "some",
  icePwd: "some-password-of-nobody",
  fingerprint: `sha-256 ${Array(32).fill("00").join(":")}`,
};

function readCodecs(request: Fields, name: string): readonly WebrtcCodec[] | undefined {
  if (!request.has(name)) return undefined;
  return request.objects(name).map((codec) => ({
    name: codec.text("name"),
    kind: codec.oneOf("kind", KINDS),
    clockRate: codec.integerOrNone("clock_rate", 1, 0xffff_ffff),
    channels: codec.integerOrNone("channels", 1, 255),
  }));
}

function readPairs(request: Fields): readonly TranscodedPair[] {
  if (!request.has("transcoder")) return [];
  return request.objects("transcoder").map((pair) => ({
    kind: pair.oneOf("kind", KINDS),
    webrtc: pair.text("webrtc"),
    arcrtc: pair.text("arcrtc"),
  }));
}

function readHook(request: Fields) {
  return request.has("transcoder") ? hookOf(readPairs(request)) : undefined;
}

function readStreams(request: Fields): Parsed<readonly StreamStart[]> {
  const streams: StreamStart[] = [];
  if (!request.has("streams")) return ok(streams);
  for (const value of request.objects("streams")) {
    const message = messageOf(value.raw);
    if (!message.ok) return message;
    if (message.value.type !== "STREAM_START") throw new RequestError("$.streams must hold STREAM_STARTs");
    streams.push(message.value);
  }
  return ok(streams);
}

function readMessageOf<T extends keyof MessageByType>(
  request: Fields,
  name: string,
  type: T,
): Parsed<MessageByType[T]> {
  const message = messageOf(request.value(name));
  if (!message.ok) return message;
  if (message.value.type !== type) throw new RequestError(`${request.pathOf(name)} must be a ${type}`);
  return ok(message.value as MessageByType[T]);
}
