/** Clauses 2.1 and 2.2, and the differences of clause 12.2: headers read and written bit by bit. */
import { bitFields, Bits, concat, fromHex, hexOf, numberBytes } from "./bytes.ts";
import { type Answer, answering, type Fault, type Json, type Judges } from "./judge.ts";

export const rtpJudges: Judges = {
  "rtp.parse": answering((request) => {
    const parsed = parsePacket(fromHex(request.hex as string), formOf(request));
    return "reason" in parsed ? { fault: parsed } : { ok: show(parsed) };
  }),
  "rtp.write": answering(write),
  "rtp.strip": answering(strip),
  "rtp.extensions": answering(extensions),
  "rtp.send_time": answering(sendTime),
};

export interface Form {
  readonly arc: boolean;
  readonly armoricore: boolean;
  /** Leaves the padding alone, as before decryption. */
  readonly keepPadding?: boolean;
}

export const ARC: Form = { arc: true, armoricore: false };

function formOf(request: Json): Form {
  return { arc: request.plain !== true, armoricore: request.dialect === "armoricore" };
}

export interface Packet {
  readonly bytes: Uint8Array;
  readonly padding: boolean;
  readonly marker: boolean;
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly csrc: readonly number[];
  readonly extension: { readonly profile: number; readonly data: Uint8Array } | null;
  /** Where the Arc block or, without one, the payload begins. */
  readonly rtpEnd: number;
  readonly arc: {
    readonly quality: number;
    readonly priority: number;
    readonly keyPhase: number;
    readonly flags: number;
    readonly bandwidth: number;
    readonly loss: number | null;
  } | null;
  readonly headerEnd: number;
  readonly payload: Uint8Array;
  readonly pad: Uint8Array;
}

export function parsePacket(bytes: Uint8Array, { arc, armoricore, keepPadding }: Form): Packet | Fault {
  const short = (need: number): Fault | undefined =>
    bytes.length < need ? { reason: "truncated", offset: bytes.length, need } : undefined;
  const block = !arc ? 0 : armoricore ? 5 : 4;
  const tooShort = short(arc ? 16 : 12);
  if (tooShort) return tooShort;
  const bits = new Bits(bytes);
  if (bits.take(2) !== 2) return { reason: "bad_version", offset: 0 };
  const padding = bits.take(1) === 1;
  const hasExtension = bits.take(1) === 1;
  const csrcCount = bits.take(4);
  const marker = bits.take(1) === 1;
  const payloadType = bits.take(7);
  const sequence = bits.take(16);
  const timestamp = bits.take(32);
  const ssrc = bits.take(32);
  const fixed = 12 + 4 * csrcCount + (hasExtension ? 4 : 0);
  const cut = short(fixed + block);
  if (cut) return cut;
  const csrc = Array.from({ length: csrcCount }, () => bits.take(32));
  let extension: Packet["extension"] = null;
  if (hasExtension) {
    const profile = bits.take(16);
    const length = 4 * bits.take(16);
    const eaten = short(fixed + length + block);
    if (eaten) return eaten;
    extension = { profile, data: Uint8Array.from({ length }, () => bits.take(8)) };
  }
  const rtpEnd = bits.position;
  if (arc && !armoricore && payloadType >= 64 && payloadType <= 95) return { reason: "bad_value", offset: 1 };
  let arcFields: Packet["arc"] = null;
  if (arc) {
    const quality = bits.take(2);
    const priority = bits.take(2);
    const keyPhase = bits.take(2);
    bits.take(2);
    const flags = bits.take(8);
    const bandwidth = bits.take(16);
    const hasLoss = (flags & 2) === 2;
    const noLoss = hasLoss ? short(bits.position + 1) : undefined;
    if (noLoss) return noLoss;
    arcFields = {
      quality,
      priority,
      keyPhase: armoricore ? 0 : keyPhase,
      flags,
      bandwidth,
      loss: hasLoss ? bits.take(8) : null,
    };
  }
  const headerEnd = bits.position;
  const rest = bytes.slice(headerEnd);
  let pad = 0;
  // The engine ignores P of ArcRTP, and takes a count of 0 in plain RTP.
  if (padding && keepPadding !== true && !(armoricore && arc)) {
    if (rest.length === 0) {
      if (!armoricore) return { reason: "bad_padding", offset: bytes.length };
    } else {
      pad = rest[rest.length - 1];
      if (pad > rest.length || (pad === 0 && !armoricore)) return { reason: "bad_padding", offset: bytes.length - 1 };
    }
  }
  return {
    bytes,
    padding,
    marker,
    payloadType,
    sequence,
    timestamp,
    ssrc,
    csrc,
    extension,
    rtpEnd,
    arc: arcFields,
    headerEnd,
    payload: rest.slice(0, rest.length - pad),
    pad: rest.slice(rest.length - pad),
  };
}

function show(packet: Packet): Json {
  const { arc, extension, pad } = packet;
  return {
    header: {
      version: 2,
      padding: packet.padding,
      extension: extension !== null,
      csrc_count: packet.csrc.length,
      csrc: packet.csrc,
      marker: packet.marker,
      payload_type: packet.payloadType,
      sequence_number: packet.sequence,
      timestamp: packet.timestamp,
      ssrc: packet.ssrc,
      extension_header: extension === null ? null : { profile: extension.profile, data: hexOf(extension.data) },
    },
    arc: arc === null ? null : {
      quality: arc.quality,
      priority: arc.priority,
      key_phase: arc.keyPhase,
      flags: arc.flags,
      bandwidth_kbps: (arc.flags & 1) === 1 ? arc.bandwidth : null,
      loss_tenths: arc.loss,
    },
    payload: hexOf(packet.payload),
    ...(pad.length === 0 ? {} : { padding: hexOf(pad) }),
  };
}

interface HeaderJson {
  readonly version: number;
  readonly padding: boolean;
  readonly extension: boolean;
  readonly csrc_count: number;
  readonly csrc: readonly number[];
  readonly marker: boolean;
  readonly payload_type: number;
  readonly sequence_number: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly extension_header: { readonly profile: number; readonly data: string } | null;
}

interface ArcJson {
  readonly quality: number;
  readonly priority: number;
  readonly key_phase: number;
  readonly flags: number;
  readonly bandwidth_kbps: number | null;
  readonly loss_tenths: number | null;
}

function write(request: Json): Answer {
  const header = request.header as HeaderJson;
  const arc = request.arc as ArcJson;
  const payload = fromHex((request.payload as string) + ((request.padding as string | undefined) ?? ""));
  const flags = (arc.bandwidth_kbps === null ? 0 : 1) + (arc.loss_tenths === null ? 0 : 2);
  const last = payload.at(-1) ?? 0;
  const refusals: readonly (readonly [broken: boolean, reason: string, path: string])[] = [
    [(arc.flags & 3) !== flags, "bad_value", "$.arc.flags"],
    [header.version !== 2, "bad_version", "$.header.version"],
    [header.csrc.length > 15, "bad_value", "$.header.csrc"],
    [header.csrc_count !== header.csrc.length, "bad_value", "$.header.csrc_count"],
    [header.extension !== (header.extension_header !== null), "bad_extension", "$.header.extension"],
    [header.payload_type >= 64 && header.payload_type <= 95, "bad_value", "$.header.payload_type"],
    [header.padding && (last === 0 || last > payload.length), "bad_padding", "$.payload"],
  ];
  const refusal = refusals.find(([broken]) => broken);
  if (refusal !== undefined) return { fault: { reason: refusal[1], path: refusal[2] } };
  const extension = header.extension_header;
  const data = fromHex(extension?.data ?? "");
  const bytes = concat(
    bitFields(
      [2, 2],
      [Number(header.padding), 1],
      [Number(header.extension), 1],
      [header.csrc.length, 4],
      [Number(header.marker), 1],
      [header.payload_type, 7],
      [header.sequence_number, 16],
      [header.timestamp, 32],
      [header.ssrc, 32],
    ),
    ...header.csrc.map((csrc) => numberBytes(csrc, 4)),
    extension === null ? [] : concat(numberBytes(extension.profile, 2), numberBytes(data.length / 4, 2), data),
    bitFields([arc.quality, 2], [arc.priority, 2], [arc.key_phase, 2], [0, 2], [flags, 8], [
      arc.bandwidth_kbps ?? 0,
      16,
    ]),
    arc.loss_tenths === null ? [] : [arc.loss_tenths],
    payload,
  );
  return { ok: { hex: hexOf(bytes) } };
}

function strip(request: Json): Answer {
  const packet = parsePacket(fromHex(request.hex as string), ARC);
  if ("reason" in packet) return { fault: packet };
  const { bytes, rtpEnd, headerEnd } = packet;
  return { ok: { hex: hexOf(concat(bytes.slice(0, rtpEnd), bytes.slice(headerEnd))) } };
}

function extensions(request: Json): Answer {
  const packet = parsePacket(fromHex(request.hex as string), ARC);
  if ("reason" in packet) return { fault: packet };
  const elements: { readonly id: number; readonly data: Uint8Array }[] = [];
  if (packet.extension?.profile === 0xbede) {
    const left = [...packet.extension.data];
    while (left.length > 0) {
      const head = left.shift() ?? 0;
      if (head === 0) continue;
      const id = head >> 4;
      const length = (head & 15) + 1;
      if (id === 0 || id === 15 || length > left.length) break;
      elements.push({ id, data: Uint8Array.from(left.splice(0, length)) });
    }
  }
  const valueOf = (id: number, bytes: number) => {
    const found = elements.filter((element) => element.id === id && element.data.length === bytes).at(-1);
    return found === undefined ? null : Number.parseInt(hexOf(found.data), 16);
  };
  return {
    ok: {
      send_time: valueOf(1, 3),
      transport_sequence: valueOf(2, 2),
      elements: elements.map(({ id, data }) => ({ id, data: hexOf(data) })),
    },
  };
}

/** NTP in 32.32 fixed point; the 24 bits that begin with the low 6 of the seconds. */
function sendTime(request: Json): Answer {
  const ntp = ((BigInt(request.unix_ms as number) + 2_208_988_800_000n) << 32n) / 1000n;
  return { ok: { send_time: Number((ntp >> 14n) & 0xffffffn) } };
}
