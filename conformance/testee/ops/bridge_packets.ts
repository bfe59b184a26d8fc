/** `bridge.rtp_to_arcrtp`, `bridge.arcrtp_to_rtp`, `bridge.rtcp`: unprotected packets across the bridge to WebRTC. */
import { toHex } from "../../../lib/base/bytes.ts";
import {
  lostFields,
  MAX_GROWTH_BYTES,
  NOT_TRANSLATED,
  PacketTranslator,
  type TranslatorOptions,
} from "../../../lib/bridge/packet_translator.ts";
import { translateRtcp } from "../../../lib/bridge/rtcp_translator.ts";
import type { Side } from "../../../lib/bridge/stream_table.ts";
import { parseRtcp, rtcpBytes, writeRtcp } from "../../../lib/packet/rtcp/compound.ts";
import type { Fields } from "../request.ts";
import { type OpContext, opFault, opOk, type OpResult, type Ops, refusedEntry } from "../testee.ts";
import { readBridgeMap, SIDES } from "./bridge_map.ts";

export const bridgePacketOps: Ops = {
  "bridge.rtp_to_arcrtp": (request, context) => translate(request, context, "rtp"),
  "bridge.arcrtp_to_rtp": (request, context) => translate(request, context, "arcrtp"),
  "bridge.rtcp": rtcp,
};

/**
 * `hex`, one packet, or `packets`, one stateful bridge over the list, with its `results`. `transport_sequence` of the map
 * has each side's next number, where the bridge counts anew.
 */
function translate(request: Fields, context: OpContext, from: Side): OpResult {
  const map = request.object("map");
  const translator = new PacketTranslator(readBridgeMap(map), readOptions(map));
  if (!request.has("packets")) {
    const translated = translateOne(translator, request.hex("hex"), from);
    return translated === undefined ? opFault(translator.fault()) : opOk(translated);
  }
  const results = request.hexList("packets").map((packet) =>
    translateOne(translator, packet, from) ?? refusedEntry(translator.fault(), context)
  );
  return opOk({ results });
}

function readOptions(map: Fields): TranslatorOptions {
  if (!map.has("transport_sequence")) return {};
  const next = map.object("transport_sequence");
  return { transportSequence: { rtp: next.integer("rtp", 0, 0xffff), arcrtp: next.integer("arcrtp", 0, 0xffff) } };
}

function translateOne(translator: PacketTranslator, packet: Uint8Array, from: Side): object | undefined {
  const out = new Uint8Array(packet.length + MAX_GROWTH_BYTES);
  const bytes = from === "rtp"
    ? translator.toArcRtp(packet, 0, packet.length, out, 0)
    : translator.toRtp(packet, 0, packet.length, out, 0);
  if (bytes === NOT_TRANSLATED) return undefined;
  return { hex: toHex(out.subarray(0, bytes)), lost: lostFields(translator.lost) };
}

/** A compound packet that came `from` one side, for the other; `hex` of the answer is empty where nothing of it goes on. */
function rtcp(request: Fields): OpResult {
  const { streams } = new PacketTranslator(readBridgeMap(request.object("map")));
  const parsed = parseRtcp(request.hex("hex"));
  if (!parsed.ok) return opFault(parsed.fault);
  const translated = translateRtcp(
    parsed.value,
    request.oneOf("from", SIDES),
    streams,
    request.integerOr("own_ssrc", 0, 0xffff_ffff, 0),
  );
  const out = new Uint8Array(rtcpBytes(translated.packets));
  writeRtcp(translated.packets, out, 0);
  return opOk({ hex: toHex(out), dropped: translated.dropped });
}
