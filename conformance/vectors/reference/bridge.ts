/** Clause 11: packets and RTCP across the bridge by hand, as far as the vectors go. */
import { concat, fromHex, hexOf, numberBytes } from "./bytes.ts";
import { type Answer, answering, type Json, type Judges } from "./judge.ts";
import { type Packet, parsePacket } from "./rtp.ts";

export const bridgeJudges: Judges = {
  "bridge.arcrtp_to_rtp": answering((request) => translateAll(request, "arcrtp")),
  "bridge.rtp_to_arcrtp": answering((request) => translateAll(request, "rtp")),
  "bridge.rtcp": answering(translateCompound),
};

type Side = "rtp" | "arcrtp";

interface Pair {
  readonly rtp: number;
  readonly arcrtp: number;
  readonly codec: string;
  readonly sequence_offset: number;
  readonly timestamp_offset: number;
}

function other(side: Side): Side {
  return side === "rtp" ? "arcrtp" : "rtp";
}

function pairsOf(request: Json, name: string): readonly Pair[] {
  return ((request.map as Json)[name] ?? []) as readonly Pair[];
}

function translateAll(request: Json, from: Side): Answer {
  if (request.packets === undefined) return translate(request, fromHex(request.hex as string), from, 0);
  // In the lists of the vectors everything comes in order, so whatever was kept back lies before.
  let keptBack = 0;
  const results = (request.packets as readonly string[]).map((hex) => {
    const result = translate(request, fromHex(hex), from, keptBack);
    if ("ok" in result) return result.ok;
    keptBack++;
    return result;
  });
  return { ok: { results } };
}

function translate(request: Json, bytes: Uint8Array, from: Side, keptBack: number): Answer {
  const packet = parsePacket(bytes, { arc: from === "arcrtp", armoricore: false });
  if ("reason" in packet) return { fault: packet };
  const to = other(from);
  const type = pairsOf(request, "payload_types").find((pair) => pair[from] === packet.payloadType);
  if (type === undefined) return { fault: { reason: "bad_value", offset: 1 } };
  const stream = pairsOf(request, "ssrcs").find((pair) => pair[from] === packet.ssrc);
  const way = from === "rtp" ? 1 : -1;
  const elements = elementsOf(packet, from).map(([id, value]) =>
    [pairsOf(request, "extensions").find((pair) => pair[from] === id)?.[to], value] as const
  );
  const kept = elements.filter(([id]) => id !== undefined);
  const isLost = kept.length < elements.length || (packet.extension !== null && elements.length === 0);
  const extension = kept.flatMap(([id, value]) => [((id ?? 0) << 4) | (value.length - 1), ...value]);
  while (extension.length % 4 !== 0) extension.push(0);
  const hex = hexOf(concat(
    [0x80 | (packet.padding ? 0x20 : 0) | (kept.length > 0 ? 0x10 : 0) | packet.csrc.length],
    [(packet.marker ? 0x80 : 0) | type[to]],
    numberBytes((packet.sequence + way * (stream?.sequence_offset ?? 0) - keptBack + 0x2_0000) % 0x1_0000, 2),
    numberBytes((packet.timestamp + way * (stream?.timestamp_offset ?? 0) + 2 ** 32) % 2 ** 32, 4),
    numberBytes(stream === undefined ? packet.ssrc : stream[to], 4),
    ...packet.csrc.map((csrc) => numberBytes(csrc, 4)),
    kept.length === 0 ? [] : concat([0xbe, 0xde], numberBytes(extension.length / 4, 2), extension),
    to === "rtp" ? [] : [priorityOf(type.codec, packet.payload) << 4, 0, 0, 0],
    packet.payload,
    packet.pad,
  ));
  const lost = [...(from === "rtp" ? [] : lostOf(packet)), ...(isLost ? ["extension_header"] : [])];
  return { ok: { hex, lost } };
}

function lostOf({ arc }: Packet): readonly string[] {
  const flags = arc?.flags ?? 0;
  return [
    "quality",
    "priority",
    "key_phase",
    ...((flags & 1) === 0 ? [] : ["bandwidth_kbps"]),
    ...((flags & 2) === 0 ? [] : ["loss_tenths"]),
  ];
}

/** Opus, and H.264 as single NAL units and fragments: 5 is an IDR slice, 28 a fragment with the type behind. */
function priorityOf(codec: string, payload: Uint8Array): number {
  if (codec === "opus") return 0;
  const type = payload[0] & 31;
  return (type === 28 ? payload[1] & 31 : type) === 5 ? 1 : 2;
}

/** RTP has both forms of RFC 8285, ArcRTP the one-byte form. */
function elementsOf({ extension }: Packet, from: Side): readonly (readonly [id: number, value: Uint8Array])[] {
  if (extension === null) return [];
  const isOneByte = extension.profile === 0xbede;
  if (!isOneByte && (from === "arcrtp" || extension.profile >> 4 !== 0x100)) return [];
  const elements: (readonly [number, Uint8Array])[] = [];
  let rest = extension.data;
  while (rest.length > 0) {
    if (rest[0] === 0) {
      rest = rest.slice(1);
      continue;
    }
    const [id, head, length] = isOneByte ? [rest[0] >> 4, 1, (rest[0] & 15) + 1] : [rest[0], 2, rest[1]];
    elements.push([id, rest.slice(head, head + length)]);
    rest = rest.slice(head + length);
  }
  return elements;
}

/** Each part in its own bytes, with SSRCs and numbers put over: where each lies is all there is to it. */
function translateCompound(request: Json): Answer {
  const from = request.from as Side;
  const to = other(from);
  const streams = pairsOf(request, "ssrcs") as readonly (Pair & { readonly from: Side })[];
  const way = from === "rtp" ? 1 : -1;
  const passed: Uint8Array[] = [];
  const dropped: string[] = [];
  let rest = fromHex(request.hex as string);
  while (rest.length > 0) {
    const view = new DataView(rest.buffer.slice(rest.byteOffset, rest.byteOffset + rest.byteLength));
    const bytes = 4 * (view.getUint16(2) + 1);
    const type = rest[1];
    const count = rest[0] & 31;
    const about = type === 201 ? 8 : type === 200 ? 4 : 8;
    const stream = streams.find((pair) =>
      pair[from] === view.getUint32(about) && pair.from === (type === 200 ? from : to)
    );
    if (stream === undefined || (type === 205 && count !== 1)) {
      dropped.push(type === 205 ? (count === 1 ? "nack" : "transport_feedback") : "other");
    } else {
      const sender = streams.find((pair) => pair[from] === view.getUint32(4) && pair.from === from);
      view.setUint32(4, sender?.[to] ?? (request.own_ssrc as number));
      view.setUint32(about, stream[to]);
      if (type === 200) view.setUint32(16, view.getUint32(16) + way * stream.timestamp_offset);
      if (type === 201) view.setUint32(16, view.getUint32(16) + way * stream.sequence_offset);
      if (type === 205) view.setUint16(12, view.getUint16(12) + way * stream.sequence_offset);
      passed.push(new Uint8Array(view.buffer).slice(0, bytes));
    }
    rest = rest.slice(bytes);
  }
  return { ok: { hex: hexOf(concat(...passed)), dropped } };
}
