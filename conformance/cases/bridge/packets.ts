/** Packets for the bridge, put together and taken apart by hand: RTP on one side, the same with an Arc block on the other. */
import { parseHex, readU16, toHex } from "../../../lib/base/bytes.ts";
import { unwrap } from "../../../lib/base/parsed.ts";
import { below, type Rng } from "../../../lib/base/rng.ts";
import type { Check } from "../../case.ts";
import { answersWith } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import { type Packet, parsePacket } from "../../vectors/reference/rtp.ts";

export const SSRC = 0x1234_5678;

/** What a bridge maps: Opus and VP9 under other payload types, the two extensions as Chromium numbers them. */
export const MAP = {
  payload_types: [
    { rtp: 111, arcrtp: 96, codec: "opus" },
    { rtp: 98, arcrtp: 45, codec: "vp9" },
  ],
  extensions: [{ rtp: 2, arcrtp: 1 }, { rtp: 3, arcrtp: 2 }],
} as const;

/** The fields of a packet, with defaults that say nothing. */
export interface Shape {
  readonly payloadType: number;
  readonly marker?: boolean;
  readonly padding?: boolean;
  readonly sequence?: number;
  readonly timestamp?: number;
  readonly ssrc?: number;
  readonly csrc?: readonly number[];
  /** The whole extension, profile and length included. */
  readonly extension?: string;
  /** The Arc block; plain RTP without it. */
  readonly block?: string;
  /** Padding included. */
  readonly payload?: string;
}

export function packet(shape: Shape): string {
  const { payloadType, marker, padding, sequence = 7, timestamp = 90_000, ssrc = SSRC, csrc = [] } = shape;
  const { extension = "", block = "", payload = "" } = shape;
  const first = 0x80 | (padding ? 0x20 : 0) | (extension === "" ? 0 : 0x10) | csrc.length;
  const head = hexOf(first, 1) + hexOf((marker ? 0x80 : 0) | payloadType, 1) + hexOf(sequence, 2);
  const sources = [ssrc, ...csrc].map((one) => hexOf(one, 4)).join("");
  return head + hexOf(timestamp, 4) + sources + extension + block + payload;
}

export function hexOf(value: number, bytes: number): string {
  return value.toString(16).padStart(2 * bytes, "0");
}

/** A shape at random, but for payload type, extension and block: `payloadBytes` are at most that many. */
export function anyShape(rng: Rng, payloadType: number): Shape {
  const padBytes = below(rng, 3) === 0 ? 1 + below(rng, 9) : 0;
  const body = toHex(rng.fill(new Uint8Array(below(rng, 40))));
  return {
    payloadType,
    marker: below(rng, 2) === 0,
    padding: padBytes > 0,
    sequence: below(rng, 0x1_0000),
    timestamp: rng.u32(),
    ssrc: rng.u32(),
    csrc: Array.from({ length: below(rng, 16) }, () => rng.u32()),
    payload: padBytes === 0 ? body : `${body}${"00".repeat(padBytes - 1)}${hexOf(padBytes, 1)}`,
  };
}

/** One-byte form: elements of `id:value`, filled up to words. */
export function oneByte(...elements: readonly string[]): string {
  return extensionOf("bede", elements, (id, bytes) => hexOf((id << 4) | (bytes - 1), 1));
}

/** Two-byte form. */
export function twoByte(...elements: readonly string[]): string {
  return extensionOf("1000", elements, (id, bytes) => hexOf(id, 1) + hexOf(bytes, 1));
}

function extensionOf(
  profile: string,
  elements: readonly string[],
  head: (id: number, bytes: number) => string,
): string {
  const data = elements.map((element) => {
    const [id, value] = element.split(":");
    return head(Number(id), value.length / 2) + value;
  }).join("");
  const words = Math.ceil(data.length / 8);
  return profile + hexOf(words, 2) + data.padEnd(8 * words, "0");
}

/** The elements of a packet in their order, each as `id:value`, whichever form they have; `-` without an extension. */
export function elementsOf({ extension }: Packet): string {
  if (extension === null) return "-";
  const { profile, data } = extension;
  const elements: string[] = [];
  for (let at = 0; at < data.length;) {
    if (data[at] === 0) {
      at++;
      continue;
    }
    const isOneByte = profile === 0xbede;
    const id = isOneByte ? data[at] >> 4 : data[at];
    const valueAt = at + (isOneByte ? 1 : 2);
    const valueBytes = isOneByte ? (data[at] & 15) + 1 : data[at + 1];
    elements.push(`${id}:${toHex(data.subarray(valueAt, valueAt + valueBytes))}`);
    at = valueAt + valueBytes;
  }
  return elements.join(" ");
}

/** The packet that an answer holds, read by the suite's own reader; undefined where it is none. */
export function readHex(hex: unknown, arc: boolean): Packet | undefined {
  if (typeof hex !== "string") return undefined;
  const bytes = parseHex(hex);
  const parsed = bytes.ok ? parsePacket(bytes.value, { arc, armoricore: false }) : undefined;
  return parsed === undefined || "reason" in parsed ? undefined : parsed;
}

export function toArc(hex: string, map: Json = MAP) {
  return { op: "bridge.rtp_to_arcrtp", hex, map };
}

export function toRtp(hex: string, map: Json = MAP) {
  return { op: "bridge.arcrtp_to_rtp", hex, map };
}

/** A translation whose bytes are due exactly. */
export function becomes(name: string, request: Check["request"], due: string): Check {
  return {
    name,
    request,
    ...answersWith(`the packet ${due}`, ({ hex }) => hex === due ? undefined : `it is ${hex}`),
  };
}

/** A translation whose packet is judged; `arc` tells what it is. */
export function becomesOne(
  name: string,
  request: Check["request"],
  expected: string,
  judge: (packet: Packet) => string | undefined,
): Check {
  const arc = request.op === "bridge.rtp_to_arcrtp";
  return {
    name,
    request,
    ...answersWith(expected, ({ hex }) => {
      const read = readHex(hex, arc);
      return read === undefined ? `it is no packet: ${hex}` : judge(read);
    }),
  };
}

/** Sequence numbers of the packets in `results`, a dash for one that did not go on. */
export function sequencesOf(results: unknown): string {
  return (Array.isArray(results) ? results : []).map((result: Json) =>
    typeof result.hex === "string" ? readU16(unwrap(parseHex(result.hex)), 2) : "-"
  ).join(" ");
}
