/** Compound RTCP, unprotected: SPEC clause 10.1 with RFC 3550 section 6, RFC 4585 and the transport-wide feedback draft. */
import { type CaseFault, Group, type VectorFile, vectorFile } from "./case.ts";
import {
  A,
  B,
  BLOCK,
  blockHex,
  type Both,
  bye,
  chunkHex,
  FEEDBACK,
  feedback,
  LENGTH,
  PACKETS,
  receiverReport,
  REPORTS,
  rtcp,
  senderReport,
  whole,
} from "./rtcp_packets.ts";
import { cut, sizeOf, u16, u24, u32, u8 } from "./wire.ts";

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
    rtcp(201, 0, u32(A) + "00".repeat(24), { words: 1 }),
    { reason: "bad_version", offset: 8 },
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
