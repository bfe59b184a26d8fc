/** Compound RTCP, unprotected: SPEC clause 10.1 with RFC 3550 section 6, RFC 4585 and the transport-wide feedback draft. */
import { type CaseFault, Group, type Json, type VectorFile, vectorFile } from "./case.ts";
import { countingHex, cut, hexOf, sizeOf, u16, u24, u32, u8 } from "./wire.ts";

export function rtcpVectors(): VectorFile {
  return vectorFile(
    "rtcp",
    "RTCP packets and compounds: sender and receiver reports, source descriptions, goodbyes, NACK, PLI, transport-wide feedback, and packets of unknown type.",
    {
      "Lenient": {
        meaning: "The RFCs do not say that such a packet is malformed; a receiver may take it or refuse it.",
        requirements: ["ARC-RTCP-bad-length"],
      },
      "WriterChoice": {
        meaning:
          "Transport-wide feedback has several encodings of the same statuses; parse what comes out and compare.",
        requirements: ["ARC-RTCP-feedback"],
      },
    },
    [parseValid(), parseInvalid(), write()],
  );
}

const A = 0xa1a2a3a4;
const B = 0xb1b2b3b4;

/** Header with the right length for `body`, unless `words` says otherwise. */
function rtcp(
  type: number,
  count: number,
  body: string,
  options: { words?: number; padding?: boolean; version?: number } = {},
) {
  const { words = sizeOf(body) / 4, padding = false, version = 2 } = options;
  return u8((version << 6) | (padding ? 0x20 : 0) | count) + u8(type) + u16(words) + body;
}

interface Block {
  readonly ssrc: number;
  readonly fraction: number;
  readonly lost: number;
  readonly highest: number;
  readonly jitter: number;
  readonly lastSr: number;
  readonly delay: number;
}

const BLOCK: Block = {
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

function blockHex(b: Block): string {
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
interface Both {
  readonly hex: string;
  readonly json: Json;
}

function senderReport(blocks: readonly Block[], extension = ""): Both {
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

function receiverReport(blocks: readonly Block[], extension = ""): Both {
  return {
    hex: rtcp(201, blocks.length, u32(A) + blocks.map(blockHex).join("") + extension),
    json: { type: "rr", ssrc: A, reports: blocks.map(blockJson), ...(extension === "" ? {} : { extension }) },
  };
}

type Item = readonly [type: number, name: string, text: string];

/** Items, then 1 to 4 zero bytes up to a word. */
function chunkHex(ssrc: number, items: readonly Item[]): string {
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

function bye(ssrcs: readonly number[], reason?: string): Both {
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

function feedback({ base, count, reference = 0x123456, number = 7, chunks, deltas, received }: Feedback): Both {
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

const REPORTS = "ARC-RTCP-reports";
const FEEDBACK = "ARC-RTCP-feedback";
const SKIPPED = "ARC-RTCP-unknown-skipped";
const LENGTH = "ARC-RTCP-bad-length";

const CNAME: Both = sdes([[A, [[1, "cname", "user@example.com"]]]]);

/** What can be read can be written, byte for byte. */
const PACKETS: readonly [id: string, comment: string, requirements: string, packets: readonly Both[]][] = [
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

function whole(packets: readonly Both[]): string {
  return packets.map(({ hex }) => hex).join("");
}

function parseValid(): Group {
  const group = new Group("rtcp.parse");
  for (const [id, comment, requirements, packets] of PACKETS) {
    group.valid(id, comment, requirements, { hex: whole(packets) }, { packets: packets.map(({ json }) => json) });
  }
  const padded = (id: string, comment: string, hex: string, packets: readonly Both[]) =>
    group.valid(id, comment, REPORTS, { hex }, { packets: packets.map(({ json }) => json) });
  padded(
    "padding-rr",
    "Padding behind a receiver report is no extension.",
    rtcp(201, 0, u32(A) + "00000004", { padding: true }),
    [receiverReport([])],
  );
  padded(
    "padding-last",
    "The last packet of a compound has padding.",
    senderReport([]).hex + rtcp(203, 1, u32(A) + "0000000000000008", { padding: true }),
    [senderReport([]), bye([A])],
  );
  group.valid(
    "feedback-vector-tail",
    "Symbols of a vector beyond the status count mean nothing.",
    FEEDBACK,
    { hex: feedback({ base: 1, count: 2, chunks: [0x8000 | 0b11111111111111], deltas: "0102", received: [] }).hex },
    { packets: [feedback({ base: 1, count: 2, chunks: [], deltas: "", received: [[1, 250], [2, 500]] }).json] },
  );
  group.valid(
    "feedback-run-tail",
    "A run that is longer than the status count counts as far as it.",
    FEEDBACK,
    { hex: feedback({ base: 1, count: 2, chunks: [0x2fff], deltas: "0102", received: [] }).hex },
    { packets: [feedback({ base: 1, count: 2, chunks: [], deltas: "", received: [[1, 250], [2, 500]] }).json] },
  );
  group.valid(
    "feedback-counted-padding",
    "WebRTC stacks fill transport feedback up to a word with padding that is counted, P set.",
    FEEDBACK,
    {
      hex: rtcp(205, 15, u32(A) + u32(B) + u16(1) + u16(1) + u24(5) + u8(0) + u16(0x2001) + "08" + "01", {
        padding: true,
      }),
    },
    {
      packets: [
        feedback({ base: 1, count: 1, reference: 5, number: 0, chunks: [], deltas: "", received: [[1, 2000]] }).json,
      ],
    },
  );
  group.valid(
    "sdes-not-utf8",
    "A text that is not UTF-8 is shown as hex.",
    REPORTS,
    { hex: rtcp(202, 1, u32(A) + "0102fffe00000000") },
    { packets: [{ type: "sdes", chunks: [{ ssrc: A, items: [{ type: "cname", hex: "fffe" }] }] }] },
  );
  group.valid(
    "sdes-unknown-item",
    "An item of a type without a name is shown by its number.",
    REPORTS,
    { hex: rtcp(202, 1, u32(A) + "c8016100") },
    { packets: [{ type: "sdes", chunks: [{ ssrc: A, items: [{ type: 200, text: "a" }] }] }] },
  );
  return group;
}

function parseInvalid(): Group {
  const group = new Group("rtcp.parse");
  const refuse = (id: string, comment: string, requirements: string, hex: string, fault: CaseFault) =>
    group.invalid(id, comment, requirements, { hex }, { fault });
  const first = receiverReport([BLOCK]).hex;

  const short = (id: string, comment: string, hex: string, need: number) =>
    refuse(id, comment, LENGTH, hex, { reason: "truncated", offset: sizeOf(hex), need });
  short("empty", "No bytes at all.", "", 4);
  short("cut-header-1", "The first byte alone.", cut(first, 1), 4);
  short("cut-header-3", "A header without the last byte of its length.", cut(first, 3), 4);
  short("cut-second-header", "Two bytes behind a whole packet.", first + "81c9", sizeOf(first) + 4);

  const long = (id: string, comment: string, hex: string, offset: number) =>
    refuse(id, comment, LENGTH, hex, { reason: "bad_length", offset });
  long("cut-body", "The last byte of a report is missing.", cut(first, sizeOf(first) - 1), 2);
  long("length-one-too-many", "The length is one word more than there is.", rtcp(201, 0, u32(A), { words: 2 }), 2);
  long("length-max", "The longest length, and 8 bytes.", rtcp(201, 0, u32(A), { words: 65535 }), 2);
  long(
    "second-too-long",
    "One part of a compound runs past its end: all of it is malformed.",
    first + rtcp(203, 1, u32(A), { words: 2 }),
    sizeOf(first) + 2,
  );
  long(
    "unknown-too-long",
    "So it is for a part of unknown type.",
    first + rtcp(210, 0, u32(A), { words: 9 }),
    sizeOf(first) + 2,
  );
  refuse(
    "length-too-short-splits",
    "A length that is too short makes the rest read as a packet of version 0.",
    LENGTH,
    rtcp(201, 1, u32(A) + "00".repeat(24), { words: 1 }),
    { reason: "bad_length", offset: 8 },
  );

  const inner = (id: string, comment: string, requirements: string, hex: string, offset = sizeOf(hex)) =>
    refuse(id, comment, requirements, hex, { reason: "bad_length", offset });
  inner("rr-block-missing", "The count says one block, the length none.", REPORTS, rtcp(201, 1, u32(A)));
  inner(
    "rr-block-cut",
    "The count says two blocks, the length one and a half.",
    REPORTS,
    rtcp(201, 2, u32(A) + blockHex(BLOCK) + "00".repeat(12)),
  );
  inner("rr-no-ssrc", "A receiver report without its sender.", REPORTS, rtcp(201, 0, ""));
  inner("sr-no-info", "A sender report with its SSRC alone.", REPORTS, rtcp(200, 0, u32(A)));
  inner("sr-info-cut", "A sender report that lacks its octet count.", REPORTS, rtcp(200, 0, u32(A) + "00".repeat(16)));
  inner(
    "sr-block-missing",
    "A sender report that lacks the block it counts.",
    REPORTS,
    rtcp(200, 1, u32(A) + "00".repeat(20)),
  );
  inner(
    "sdes-chunk-missing",
    "The count says two chunks, there is one.",
    REPORTS,
    rtcp(202, 2, chunkHex(A, [[1, "cname", "a"]])),
  );
  inner("sdes-item-runs-out", "An item's length runs past the packet.", REPORTS, rtcp(202, 1, u32(A) + "01ff6162"));
  inner(
    "sdes-item-head-only",
    "An item of a type byte without its length.",
    REPORTS,
    rtcp(202, 1, u32(A) + "01016101"),
  );
  inner("sdes-no-end", "No zero byte behind the last item.", REPORTS, rtcp(202, 1, u32(A) + "01026162"));
  inner("bye-source-missing", "The count says two sources, there is one.", REPORTS, rtcp(203, 2, u32(A)));
  inner("bye-reason-runs-out", "The reason's length runs past the packet.", REPORTS, rtcp(203, 1, u32(A) + "05616263"));
  inner("nack-empty", "A NACK that names nothing.", FEEDBACK, rtcp(205, 1, u32(A) + u32(B)));
  inner("nack-no-media", "A NACK without the SSRC of the media.", FEEDBACK, rtcp(205, 1, u32(A)));
  inner("pli-no-media", "A PLI without the SSRC of the media.", FEEDBACK, rtcp(206, 1, u32(A)));
  inner(
    "pli-too-long",
    "A PLI has nothing behind its two SSRCs.",
    FEEDBACK,
    rtcp(206, 1, u32(A) + u32(B) + "00000000"),
  );
  inner(
    "feedback-no-chunk",
    "Transport feedback that ends before its first chunk.",
    FEEDBACK,
    rtcp(205, 15, u32(A) + u32(B) + u16(1) + u16(1) + u24(0) + "00"),
  );
  inner(
    "feedback-header-cut",
    "Transport feedback without reference time and count.",
    FEEDBACK,
    rtcp(205, 15, u32(A) + u32(B) + u16(1) + u16(1)),
  );
  inner(
    "feedback-delta-missing",
    "A run of three that arrived, and two deltas.",
    FEEDBACK,
    rtcp(205, 15, u32(A) + u32(B) + u16(1) + u16(3) + u24(0) + "00" + u16(0x2003) + "0102"),
  );
  inner(
    "feedback-large-delta-cut",
    "A large delta of which one byte is there.",
    FEEDBACK,
    rtcp(205, 15, u32(A) + u32(B) + u16(1) + u16(2) + u24(0) + "00" + u16(0xd800) + "0102"),
  );
  inner(
    "feedback-chunks-missing",
    "A status count that the chunks do not reach.",
    FEEDBACK,
    rtcp(205, 15, u32(A) + u32(B) + u16(1) + u16(9000) + u24(0) + "00" + u16(0x1fff) + u16(0x0001)),
  );
  refuse(
    "feedback-count-0",
    "A status count of 0 tells of nothing.",
    FEEDBACK,
    rtcp(205, 15, u32(A) + u32(B) + u16(1) + u16(0) + u24(0) + "00" + "00000000"),
    { reason: "bad_value", offset: 14 },
  );
  refuse(
    "feedback-reserved-status",
    "Status 3 of a run is reserved.",
    FEEDBACK,
    rtcp(205, 15, u32(A) + u32(B) + u16(1) + u16(1) + u24(0) + "00" + u16(0x6001) + "0102"),
    { reason: "bad_value", offset: 20 },
  );

  const version = (id: string, comment: string, version: number, before = "") =>
    refuse(id, comment, REPORTS, before + rtcp(201, 0, u32(A), { version }), {
      reason: "bad_version",
      offset: sizeOf(before),
    });
  version("version-0", "Version 0.", 0);
  version("version-1", "Version 1.", 1);
  version("version-3", "Version 3.", 3);
  version("version-1-second", "The second packet of a compound has version 1.", 1, first);

  const padding = (id: string, comment: string, hex: string, offset = sizeOf(hex) - 1) =>
    refuse(id, comment, REPORTS, hex, { reason: "bad_padding", offset });
  padding("padding-0", "P is set and the count is 0.", rtcp(201, 0, u32(A) + "00000000", { padding: true }));
  padding(
    "padding-too-large",
    "The count is more than the packet has behind its header.",
    rtcp(201, 0, u32(A) + "0000000c", { padding: true }),
  );
  padding("padding-header-only", "P is set on a header alone.", rtcp(203, 0, "", { padding: true }));
  inner(
    "padding-eats-ssrc",
    "The count leaves a receiver report without its sender.",
    REPORTS,
    rtcp(201, 0, u32(A) + "00000008", { padding: true }),
    4,
  );

  const lenient = (id: string, comment: string, hex: string, fault: CaseFault) =>
    group.acceptable(id, comment, LENGTH, { hex }, { fault }, { flags: ["Lenient"] });
  lenient(
    "padding-not-last",
    "Padding in a packet that is not the last.",
    rtcp(201, 0, u32(A) + "00000004", { padding: true }) + bye([A]).hex,
    { reason: "bad_padding", offset: 11 },
  );
  lenient(
    "padding-odd",
    "Padding of 3 bytes: not a multiple of 4.",
    rtcp(201, 0, u32(A) + "00000003", { padding: true }),
    { reason: "bad_padding", offset: 11 },
  );
  lenient(
    "sdes-left-over",
    "A word behind the last chunk.",
    rtcp(202, 1, chunkHex(A, [[1, "cname", "a"]]) + "00000000"),
    { reason: "bad_length", offset: 12 },
  );
  lenient("bye-left-over", "A word behind the reason.", rtcp(203, 1, u32(A) + "03616263" + "00000000"), {
    reason: "bad_length",
    offset: 16,
  });
  lenient(
    "feedback-left-over",
    "A word behind the deltas.",
    rtcp(205, 15, u32(A) + u32(B) + u16(1) + u16(1) + u24(0) + "00" + u16(0x2001) + "0100" + "00000000"),
    { reason: "bad_length", offset: 28 },
  );
  return group;
}

function write(): Group {
  const group = new Group("rtcp.write");
  for (const [id, comment, requirements, packets] of PACKETS) {
    if (!WRITTEN.has(id)) continue;
    group.valid(
      `write-${id}`,
      `Written: ${comment[0].toLowerCase()}${comment.slice(1)}`,
      requirements,
      { packets: packets.map(({ json }) => json) },
      { hex: whole(packets) },
      id.startsWith("feedback") ? { flags: ["WriterChoice"] } : {},
    );
  }
  return group;
}

/** One of each packet type, and those with something to get wrong in writing. */
const WRITTEN: ReadonlySet<string> = new Set([
  "sr-one",
  "sr-extension",
  "rr-two",
  "rr-31",
  "sdes-four-zeros",
  "sdes-many",
  "bye-many",
  "bye-reason",
  "nack-mask",
  "pli",
  "feedback-large-deltas",
  "feedback-vector-2",
  "feedback-lost-run",
  "unknown-app",
  "compound-usual",
]);
