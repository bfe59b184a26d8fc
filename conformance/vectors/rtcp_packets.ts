/** RTCP packets in both forms, as bytes and as JSON, each composed by itself. Part of the area `rtcp`. */
import type { Json } from "./case.ts";
import { countingHex, hexOf, sizeOf, u16, u24, u32, u8 } from "./wire.ts";

export const A = 0xa1a2a3a4;
export const B = 0xb1b2b3b4;

/** Header with the right length for `body`, unless `words` says otherwise. */
export function rtcp(
  type: number,
  count: number,
  body: string,
  options: { words?: number; padding?: boolean; version?: number } = {},
) {
  const { words = sizeOf(body) / 4, padding = false, version = 2 } = options;
  return u8((version << 6) | (padding ? 0x20 : 0) | count) + u8(type) + u16(words) + body;
}

export interface Block {
  readonly ssrc: number;
  readonly fraction: number;
  readonly lost: number;
  readonly highest: number;
  readonly jitter: number;
  readonly lastSr: number;
  readonly delay: number;
}

export const BLOCK: Block = {
  ssrc: B,
  fraction: 12,
  lost: 34,
  highest: 0x00010203,
  jitter: 480,
  lastSr: 0x11223344,
  delay: 65536,
};
const NEGATIVE: Block = { ...BLOCK, ssrc: 1, fraction: 0, lost: -1 };
const EXTREME: Block = {
  ssrc: 0xffffffff,
  fraction: 255,
  lost: -0x800000,
  highest: 0xffffffff,
  jitter: 0xffffffff,
  lastSr: 0xffffffff,
  delay: 0xffffffff,
};

export function blockHex(b: Block): string {
  return u32(b.ssrc) + u8(b.fraction) + u24(b.lost) + u32(b.highest) + u32(b.jitter) + u32(b.lastSr) + u32(b.delay);
}

function blockJson(b: Block): Json {
  return {
    ssrc: b.ssrc,
    fraction_lost: b.fraction,
    cumulative_lost: b.lost,
    highest_sequence_number: b.highest,
    jitter: b.jitter,
    last_sr: b.lastSr,
    delay_since_last_sr: b.delay,
  };
}

/** A packet in both forms. */
export interface Both {
  readonly hex: string;
  readonly json: Json;
}

export function senderReport(blocks: readonly Block[], extension = ""): Both {
  const info = u32(0xe9000001) + u32(0x80000000) + u32(160000) + u32(500) + u32(80000);
  return {
    hex: rtcp(200, blocks.length, u32(A) + info + blocks.map(blockHex).join("") + extension),
    json: {
      type: "sr",
      ssrc: A,
      ntp_seconds: 0xe9000001,
      ntp_fraction: 0x80000000,
      rtp_timestamp: 160000,
      packet_count: 500,
      octet_count: 80000,
      reports: blocks.map(blockJson),
      ...(extension === "" ? {} : { extension }),
    },
  };
}

export function receiverReport(blocks: readonly Block[], extension = ""): Both {
  return {
    hex: rtcp(201, blocks.length, u32(A) + blocks.map(blockHex).join("") + extension),
    json: { type: "rr", ssrc: A, reports: blocks.map(blockJson), ...(extension === "" ? {} : { extension }) },
  };
}

type Item = readonly [type: number, name: string, text: string];

/** Items, then 1 to 4 zero bytes up to a word. */
export function chunkHex(ssrc: number, items: readonly Item[]): string {
  const body = u32(ssrc) + items.map(([type, , text]) => u8(type) + u8(sizeOf(hexOf(text))) + hexOf(text)).join("");
  return body + "00".repeat(4 - (sizeOf(body) % 4));
}

function sdes(chunks: readonly (readonly [ssrc: number, items: readonly Item[]])[]): Both {
  return {
    hex: rtcp(202, chunks.length, chunks.map(([ssrc, items]) => chunkHex(ssrc, items)).join("")),
    json: {
      type: "sdes",
      chunks: chunks.map(([ssrc, items]) => ({ ssrc, items: items.map(([, name, text]) => ({ type: name, text })) })),
    },
  };
}

export function bye(ssrcs: readonly number[], reason?: string): Both {
  const text = reason === undefined ? "" : u8(sizeOf(hexOf(reason))) + hexOf(reason);
  return {
    hex: rtcp(203, ssrcs.length, ssrcs.map(u32).join("") + text + "00".repeat((4 - (sizeOf(text) % 4)) % 4)),
    json: { type: "bye", ssrcs, ...(reason === undefined ? {} : { reason }) },
  };
}

function nack(items: readonly (readonly [pid: number, blp: number])[], lost: readonly number[]): Both {
  return {
    hex: rtcp(205, 1, u32(A) + u32(B) + items.map(([pid, blp]) => u16(pid) + u16(blp)).join("")),
    json: {
      type: "nack",
      sender_ssrc: A,
      media_ssrc: B,
      items: items.map(([pid, blp]) => ({ pid, blp })),
      lost,
    },
  };
}

const PLI: Both = { hex: rtcp(206, 1, u32(A) + u32(B)), json: { type: "pli", sender_ssrc: A, media_ssrc: B } };

interface Feedback {
  readonly base: number;
  readonly count: number;
  readonly reference?: number;
  readonly number?: number;
  readonly chunks: readonly number[];
  readonly deltas: string;
  /** Sequence number and delta in us. */
  readonly received: readonly (readonly [sequence: number, deltaUs: number])[];
}

export function feedback({ base, count, reference = 0x123456, number = 7, chunks, deltas, received }: Feedback): Both {
  const content = u16(base) + u16(count) + u24(reference) + u8(number) + chunks.map(u16).join("") + deltas;
  return {
    hex: rtcp(205, 15, u32(A) + u32(B) + content + "00".repeat((4 - (sizeOf(content) % 4)) % 4)),
    json: {
      type: "transport_feedback",
      sender_ssrc: A,
      media_ssrc: B,
      base_sequence_number: base,
      packet_status_count: count,
      reference_time: reference,
      feedback_count: number,
      received: received.map(([sequence, deltaUs]) => ({ sequence_number: sequence, delta_us: deltaUs })),
    },
  };
}

function unknown(type: number, count: number, body: string, padding = false): Both {
  return {
    hex: rtcp(type, count, body, { padding }),
    json: { type: "unknown", packet_type: type, count, padding, body },
  };
}

export const REPORTS = "ARC-RTCP-reports";
export const FEEDBACK = "ARC-RTCP-feedback";
const SKIPPED = "ARC-RTCP-unknown-skipped";
export const LENGTH = "ARC-RTCP-bad-length";

const CNAME: Both = sdes([[A, [[1, "cname", "user@example.com"]]]]);

/** What can be read can be written, byte for byte. */
export const PACKETS: readonly [id: string, comment: string, requirements: string, packets: readonly Both[]][] = [
  ["sr-empty", "A sender report without report blocks.", REPORTS, [senderReport([])]],
  ["sr-one", "A sender report with one block.", REPORTS, [senderReport([BLOCK])]],
  ["sr-extension", "Bytes behind the last block are an extension of the profile.", REPORTS, [
    senderReport([BLOCK], "0102030405060708"),
  ]],
  ["rr-empty", "A receiver report of a peer that has received nothing.", REPORTS, [receiverReport([])]],
  ["rr-two", "Two blocks; the second counts more duplicates than losses.", REPORTS, [
    receiverReport([BLOCK, NEGATIVE]),
  ]],
  ["rr-extreme", "Every field at its extreme: only the cumulative loss is signed.", REPORTS, [
    receiverReport([EXTREME]),
  ]],
  ["rr-31", "As many blocks as the count can tell.", REPORTS, [
    receiverReport(Array.from({ length: 31 }, (_, i) => ({ ...BLOCK, ssrc: i }))),
  ]],
  ["rr-extension", "An extension behind no block at all.", REPORTS, [receiverReport([], "cafebabe")]],
  ["sdes-cname", "A CNAME that ends two bytes before a word.", REPORTS, [CNAME]],
  ["sdes-four-zeros", "A text that ends on a word: four zero bytes follow.", REPORTS, [
    sdes([[A, [[1, "cname", "ab"]]]]),
  ]],
  ["sdes-one-zero", "A text that ends one byte before a word.", REPORTS, [sdes([[A, [[1, "cname", "a"]]]])]],
  ["sdes-three-zeros", "A text that ends three bytes before a word.", REPORTS, [sdes([[A, [[1, "cname", "abc"]]]])]],
  ["sdes-empty-text", "An item with a text of no bytes.", REPORTS, [sdes([[A, [[2, "name", ""]]]])]],
  ["sdes-no-items", "A chunk without items is its SSRC and four zero bytes.", REPORTS, [sdes([[A, []]])]],
  ["sdes-no-chunks", "A description of nobody.", REPORTS, [sdes([])]],
  ["sdes-many", "Two chunks of several items each.", REPORTS, [sdes([
    [A, [[1, "cname", "a@x"], [6, "tool", "arcrtc"]]],
    [B, [[1, "cname", "b@x"], [7, "note", "\u00e9t\u00e9"], [4, "phone", "+1"]]],
  ])]],
  ["sdes-long", "The longest text.", REPORTS, [sdes([[A, [[7, "note", "x".repeat(255)]]]])]],
  ["bye-one", "One source leaves.", REPORTS, [bye([A])]],
  ["bye-none", "Nobody leaves: the count is 0.", REPORTS, [bye([])]],
  ["bye-many", "Three sources, and a reason that ends on a word.", REPORTS, [bye([A, B, 3], "abc")]],
  ["bye-reason", "A reason with padding behind it.", REPORTS, [bye([A], "teardown")]],
  ["bye-reason-empty", "A reason of no bytes is not the same as none.", REPORTS, [bye([A], "")]],
  ["nack-one", "One lost packet.", FEEDBACK, [nack([[1000, 0]], [1000])]],
  ["nack-mask", "Lowest and highest bit of the mask: the packet after, and the sixteenth after.", FEEDBACK, [
    nack([[1000, 0x8001]], [1000, 1001, 1016]),
  ]],
  ["nack-full-mask", "Seventeen packets in one item.", FEEDBACK, [
    nack([[1000, 0xffff]], Array.from({ length: 17 }, (_, i) => 1000 + i)),
  ]],
  ["nack-wrap", "The mask runs over the end of the sequence numbers.", FEEDBACK, [
    nack([[65535, 0x0003]], [65535, 0, 1]),
  ]],
  ["nack-two", "Two items.", FEEDBACK, [nack([[1, 0], [500, 0x10]], [1, 500, 505])]],
  ["pli", "A picture loss indication: two SSRCs and nothing else.", FEEDBACK, [PLI]],
  [
    "feedback-run",
    "A run of four packets that arrived: deltas of 0, 250 us, 1 ms and the longest short one.",
    FEEDBACK,
    [feedback({
      base: 100,
      count: 4,
      chunks: [0x2004],
      deltas: "000104ff",
      received: [[100, 0], [101, 250], [102, 1000], [103, 63750]],
    })],
  ],
  ["feedback-large-deltas", "Two-byte deltas: one too long for one byte, one negative.", FEEDBACK, [feedback({
    base: 65535,
    count: 2,
    chunks: [0x4002],
    deltas: u16(256) + u16(-1),
    received: [[65535, 64000], [0, -250]],
  })]],
  ["feedback-delta-extremes", "The longest deltas either way.", FEEDBACK, [feedback({
    base: 5,
    count: 2,
    reference: 0xffffff,
    number: 255,
    chunks: [0x4002],
    deltas: u16(32767) + u16(-32768),
    received: [[5, 32767 * 250], [6, -32768 * 250]],
  })]],
  ["feedback-vector-1", "A vector of one bit each: six of 14 arrived.", FEEDBACK, [feedback({
    base: 0,
    count: 14,
    chunks: [0x8000 | 0b10101010000011],
    deltas: "010203040506",
    received: [[0, 250], [2, 500], [4, 750], [6, 1000], [12, 1250], [13, 1500]],
  })]],
  [
    "feedback-vector-2",
    "A vector of two bits each with all three statuses, and two more packets than it holds.",
    FEEDBACK,
    [feedback({
      base: 10,
      count: 9,
      chunks: [0xc000 | 0b01_10_00_01_00_10_01, 0x2002],
      deltas: "01" + u16(300) + "02" + u16(-2) + "03" + "04" + "05",
      received: [[10, 250], [11, 75000], [13, 500], [15, -500], [16, 750], [17, 1000], [18, 1250]],
    })],
  ],
  ["feedback-lost-run", "Twenty lost packets in a run before one that arrived.", FEEDBACK, [feedback({
    base: 65530,
    count: 21,
    chunks: [0x0014, 0x2001],
    deltas: "08",
    received: [[14, 2000]],
  })]],
  ["feedback-nothing-arrived", "Nothing arrived: no deltas.", FEEDBACK, [
    feedback({ base: 3, count: 9, chunks: [0x0009], deltas: "", received: [] }),
  ]],
  ["unknown-app", "APP is not read here: kept and passed over.", SKIPPED, [
    unknown(204, 5, u32(A) + hexOf("NAME") + "00010203"),
  ]],
  ["unknown-xr", "XR likewise.", SKIPPED, [unknown(207, 0, u32(A) + "01000001" + "deadbeef")]],
  ["unknown-psfb", "A payload-specific feedback message of another format, as REMB.", SKIPPED, [
    unknown(206, 15, u32(A) + u32(0) + hexOf("REMB") + "01000000" + u32(B)),
  ]],
  ["unknown-rtpfb", "A transport-layer feedback message of another format.", SKIPPED, [
    unknown(205, 8, u32(A) + u32(B)),
  ]],
  ["unknown-header-only", "A packet of an unknown type that is a header alone.", SKIPPED, [unknown(192, 0, "")]],
  ["unknown-padded", "The padding of an unknown packet stays in its body.", SKIPPED, [
    unknown(209, 0, u32(A) + "00000004", true),
  ]],
  ["compound-usual", "Report, description and feedback in one unit.", `${REPORTS} ${FEEDBACK}`, [
    senderReport([BLOCK]),
    CNAME,
    nack([[7, 0]], [7]),
    PLI,
  ]],
  ["compound-feedback-first", "Reduced-size: feedback without a report in front.", FEEDBACK, [
    PLI,
    nack([[9, 1]], [9, 10]),
  ]],
  ["compound-unknown-between", "An unknown packet between two known ones is stepped over by its length.", SKIPPED, [
    receiverReport([BLOCK]),
    unknown(210, 3, u32(A) + "0102030405060708"),
    bye([A]),
  ]],
  ["compound-unknown-first", "An unknown packet in front.", SKIPPED, [
    unknown(211, 0, countingHex(8)),
    receiverReport([]),
  ]],
];

export function whole(packets: readonly Both[]): string {
  return packets.map(({ hex }) => hex).join("");
}
