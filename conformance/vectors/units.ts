/** What a unit is by its first byte, and units out of a stream: SPEC clauses 1.1 and 1.2. */
import { Group, type VectorFile, vectorFile } from "./case.ts";
import { hexOf, packet, randomHex, sizeOf, u16 } from "./wire.ts";

export function unitVectors(): VectorFile {
  return vectorFile(
    "units",
    "The kind of a unit by its first byte, and units restored from a stream with u16 lengths.",
    {
      "StateAfterFault": {
        meaning: "The units before the fault may have been given out already; the stream is closed at the fault.",
        requirements: ["ARC-UNIT-frame-zero-length"],
      },
    },
    [classify(), frames()],
  );
}

const FIRST_BYTE = "ARC-UNIT-first-byte";
const UNKNOWN = "ARC-UNIT-unknown-class ARC-UNIT-first-byte";
const RTCP = "ARC-UNIT-rtcp-second-byte";

function classify(): Group {
  const group = new Group("unit.classify");
  const kind = (id: string, comment: string, hex: string, kind: string, requirements = FIRST_BYTE) =>
    kind === "unknown"
      ? group.invalid(id, comment, requirements, { hex }, { expected: { kind } })
      : group.valid(id, comment, requirements, { hex }, { kind });

  kind("empty", "A unit of zero bytes has no first byte.", "", "unknown", UNKNOWN);
  kind("stun-first", "0x00 opens the STUN range.", "000100002112a442", "stun");
  kind("stun-last", "0x03 closes the STUN range.", "03", "stun");
  kind("gap-after-stun", "0x04 is the first byte behind the STUN range.", "04", "unknown", UNKNOWN);
  kind("gap-before-dtls", "0x13 is the last byte before the DTLS range.", "13", "unknown", UNKNOWN);
  kind("dtls-first", "0x14, ChangeCipherSpec, opens the DTLS range.", "14fefd", "dtls");
  kind("dtls-handshake", "0x16 is a DTLS handshake record.", "16fefd0000", "dtls");
  kind("dtls-last", "0x3f closes the DTLS range, unified headers of DTLS 1.3 included.", "3f", "dtls");
  kind("gap-after-dtls", "0x40 is the first byte behind the DTLS range.", "40", "unknown", UNKNOWN);
  kind("json-array", "0x5b opens a JSON array, which no message is.", hexOf("[{}]"), "unknown", UNKNOWN);
  kind("gap-before-json", "0x7a lies one below the brace.", "7a", "unknown", UNKNOWN);
  kind("json", "0x7b opens a JSON object.", hexOf("{}"), "json", "ARC-UNIT-json-first-byte ARC-UNIT-first-byte");
  kind(
    "json-sealed",
    "A sealed unit is of the same kind as a plain one; the first byte does not tell.",
    hexOf("{}") + "00000000000000" + "00".repeat(16),
    "json",
  );
  kind("json-garbage", "The kind is decided without a look at what follows.", "7bff00", "json");
  kind(
    "json-after-space",
    "A space before the object is a byte of the DTLS range: no JSON unit.",
    hexOf(" {}"),
    "dtls",
    "ARC-UNIT-json-first-byte ARC-UNIT-first-byte",
  );
  kind("json-after-newline", "A line break is white space too.", hexOf("\n{}"), "unknown", "ARC-UNIT-json-first-byte");
  kind("gap-after-json", "0x7c lies one above the brace.", "7c", "unknown", UNKNOWN);
  kind("gap-before-rtp", "0x7f is the last byte before the RTP range.", "7f", "unknown", UNKNOWN);
  kind("arcrtp", "A full ArcRTP packet.", packet({ payload: "00" }), "arcrtp");
  kind("arcrtp-one-byte", "A unit can be of a kind and still be malformed.", "80", "arcrtp");
  kind("arcrtp-last", "0xbf: padding, extension and 15 CSRCs.", "bf00", "arcrtp");
  kind("arcrtp-below-rtcp", "Second byte 191: marker and payload type 63, one below RTCP.", "80bf", "arcrtp", RTCP);
  kind("rtcp-first", "Second byte 192 opens the RTCP range.", "80c0", "rtcp", RTCP);
  kind("rtcp-sender-report", "Second byte 200 is a sender report.", "80c80006", "rtcp", RTCP);
  kind("rtcp-feedback", "Second byte 205 with FMT 15 in the first one.", "8fcd0003", "rtcp", RTCP);
  kind("rtcp-padded", "A first byte with P set changes nothing.", "a1c90007", "rtcp", RTCP);
  kind("rtcp-first-byte-bf", "The whole range of first bytes can be RTCP.", "bfce", "rtcp", RTCP);
  kind("rtcp-last", "Second byte 223 closes the RTCP range.", "80df", "rtcp", RTCP);
  kind("arcrtp-above-rtcp", "Second byte 224: marker and payload type 96, one above RTCP.", "80e0", "arcrtp", RTCP);
  kind("reduced-first", "0xc0 opens the reduced range.", "c0010203", "reduced");
  kind(
    "reduced-with-rtcp-byte",
    "The second byte of a reduced header is a sequence number and tells nothing.",
    "c0c80000",
    "reduced",
    "ARC-UNIT-first-byte ARC-UNIT-rtcp-second-byte",
  );
  kind("reduced-byte-order-mark", "A byte order mark reads as a reduced header.", "efbbbf7b7d", "reduced");
  kind("reduced-last", "0xff closes the reduced range.", "ff", "reduced");
  return group;
}

const FRAMING = "ARC-UNIT-stream-framing";
const SPLIT = "ARC-UNIT-frame-split ARC-UNIT-stream-framing";
const ZERO = "ARC-UNIT-frame-zero-length ARC-UNIT-frame-close";

function frames(): Group {
  const group = new Group("frame.read");
  const one = hexOf('{"type":"A"}');
  const two = packet({ payload: "aabb" });
  const largest = randomHex(101, 1232);
  const framed = (unit: string) => u16(sizeOf(unit)) + unit;
  const read = (id: string, comment: string, requirements: string, chunks: string[], units: string[], pending = 0) =>
    group.valid(id, comment, requirements, { chunks }, { units, pending });

  read("one-unit", "One unit in one read.", FRAMING, [framed(one)], [one]);
  read("two-units-one-read", "Two units, JSON and media, share a connection and a read.", FRAMING, [
    framed(one) + framed(two),
  ], [one, two]);
  read("one-byte-unit", "The smallest length is 1.", FRAMING, ["00017b"], ["7b"]);
  read("largest-media-unit", "A media unit of 1232 bytes.", FRAMING, [framed(largest)], [largest]);
  read("length-high-byte", "Length 256: the high byte comes first.", FRAMING, ["0100" + "5a".repeat(256)], [
    "5a".repeat(256),
  ]);
  read("split-length", "A read ends between the two bytes of the length.", SPLIT, ["00", framed(one).slice(2)], [one]);
  read("split-after-length", "A read ends behind the length.", SPLIT, [u16(sizeOf(one)), one], [one]);
  read("split-body", "A read ends within the unit.", SPLIT, [framed(one).slice(0, 10), framed(one).slice(10)], [one]);
  read(
    "byte-by-byte",
    "Every read holds a single byte.",
    SPLIT,
    (framed(one) + framed(two)).match(/../g) ?? [],
    [one, two],
  );
  read("split-across-units", "A read holds the end of one unit and the length of the next.", SPLIT, [
    framed(one).slice(0, 8),
    framed(one).slice(8) + framed(two).slice(0, 4),
    two,
  ], [one, two]);
  read("empty-reads", "Reads without bytes change nothing.", SPLIT, [
    "",
    framed(one).slice(0, 6),
    "",
    framed(one).slice(6),
    "",
  ], [
    one,
  ]);
  read("pending-half-length", "The stream so far ends within a length: nothing to give out yet.", SPLIT, ["00"], [], 1);
  read("pending-body", "The stream so far ends within a unit.", SPLIT, [framed(one) + "00057b7b"], [one], 4);
  read("no-bytes", "A stream that has carried nothing.", FRAMING, [], []);

  const zero = (id: string, comment: string, chunks: string[], offset: number) =>
    group.invalid(id, comment, ZERO, { chunks }, { fault: { reason: "bad_length", offset } }, {
      flags: offset > 0 ? ["StateAfterFault"] : [],
    });
  zero("zero-length", "A length of 0 at the start of a stream.", ["0000"], 0);
  zero("zero-length-then-unit", "What follows a length of 0 is not read.", ["0000" + framed(one)], 0);
  zero("zero-length-after-unit", "A length of 0 behind a good unit.", [framed(one) + "0000"], sizeOf(one) + 2);
  zero("zero-length-split", "The two zero bytes come in different reads.", ["00", "00"], 0);
  zero(
    "zero-length-split-after-unit",
    "The same behind a unit that itself was split.",
    [framed(one).slice(0, 12), framed(one).slice(12) + "00", "00"],
    sizeOf(one) + 2,
  );
  return group;
}
