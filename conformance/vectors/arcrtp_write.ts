/** Packets translated and written: the writer is the reader's mirror. Part of the area `arcrtp`. */
import { ROUND_TRIPS, shown, shownArc } from "./arcrtp_packets.ts";
import { Group, type Json } from "./case.ts";
import { countingHex, packet, type PacketFields } from "./wire.ts";

export function strip(): Group {
  const group = new Group("rtp.strip");
  const strip = (id: string, comment: string, fields: PacketFields) =>
    group.valid(id, comment, "ARC-RTP-arc-block-strip", { hex: packet(fields) }, {
      hex: packet({ ...fields, arc: null }),
    });
  strip("strip-minimum", "Twelve bytes of plain RTP are left.", {});
  strip("strip-loss", "The loss byte goes with the block.", {
    arc: { quality: 2, flags: 3, bandwidth: 9, loss: 7 },
    payload: "aabb",
  });
  strip("strip-csrc-extension", "What stands before the block stays.", {
    csrc: [1, 2, 3],
    extension: { profile: 0xbede, data: "1200000121000200" },
    arc: { priority: 3 },
    payload: countingHex(9),
  });
  strip("strip-padding", "Padding and its count stay as they are.", { padding: true, payload: "aa000003" });
  strip("strip-reserved", "Reserved bits go with the block.", { arc: { reserved: 3, flags: 0xfc }, payload: "aa" });
  group.invalid(
    "strip-malformed",
    "A packet that does not parse is not translated.",
    "ARC-RTP-own-fields-length",
    { hex: packet({ arc: { flags: 2 } }) },
    { fault: { reason: "truncated", offset: 16, need: 17 } },
  );
  return group;
}

export function write(): Group {
  const group = new Group("rtp.write");
  for (const [id, comment, requirements, fields] of ROUND_TRIPS) {
    if (id === "largest-unit") continue;
    const extra = requirements.includes("ARC-RTP-round-trip") ? requirements : `${requirements} ARC-RTP-round-trip`;
    group.valid(`write-${id}`, `Written: ${lower(comment)}`, extra, shown(fields), { hex: packet(fields) });
  }
  const padded = { padding: true, payload: "aa0000000004" };
  group.valid(
    "write-padding",
    "Padding is written as it is given.",
    "ARC-RTP-padding-count ARC-RTP-round-trip",
    shown(padded, "aa00", "00000004"),
    { hex: packet(padded) },
  );
  const arc = { quality: 1, keyPhase: 2 };
  group.valid(
    "write-reserved-zero",
    "Undefined flags that are asked for are not sent.",
    "ARC-RTP-reserved-zero",
    { ...shown({ arc }), arc: { ...shownArc(arc), flags: 0xfc } },
    { hex: packet({ arc }) },
    { flags: ["Reserved"] },
  );
  return group;
}

function lower(comment: string): string {
  return comment[0].toLowerCase() + comment.slice(1);
}

export function writeInvalid(): Group {
  const group = new Group("rtp.write");
  const base = shown({ payload: "aabb" });
  const header = (changes: Json): Json => ({ ...base, header: { ...base.header as Json, ...changes } });
  const refuse = (id: string, comment: string, requirements: string, input: Json, reason: string, path: string) =>
    group.invalid(id, comment, requirements, input, { fault: { reason, path } }, { flags: ["WriterInput"] });
  for (const type of [64, 95]) {
    refuse(
      `write-payload-type-${type}`,
      `A packet must not carry payload type ${type}, also without the marker.`,
      "ARC-RTP-payload-types-excluded",
      header({ payload_type: type }),
      "bad_value",
      "$.header.payload_type",
    );
  }
  refuse(
    "write-version-1",
    "There is no version but 2.",
    "ARC-RTP-version",
    header({ version: 1 }),
    "bad_version",
    "$.header.version",
  );
  refuse(
    "write-csrc-16",
    "CC cannot count 16.",
    "ARC-RTP-own-fields-length",
    header({ csrc: Array.from({ length: 16 }, (_, i) => i), csrc_count: 15 }),
    "bad_value",
    "$.header.csrc",
  );
  refuse(
    "write-csrc-count",
    "CC and the list disagree: the reader would take the Arc block for a CSRC.",
    "ARC-RTP-own-fields-length",
    header({ csrc: [1], csrc_count: 2 }),
    "bad_value",
    "$.header.csrc_count",
  );
  refuse(
    "write-extension-missing",
    "X without an extension.",
    "ARC-RTP-own-fields-length",
    header({ extension: true }),
    "bad_extension",
    "$.header.extension",
  );
  refuse(
    "write-loss-without-flag",
    "A loss byte without its flag would be read as payload.",
    "ARC-RTP-loss-byte",
    { ...base, arc: { ...shownArc({}), loss_tenths: 5 } },
    "bad_value",
    "$.arc.flags",
  );
  refuse(
    "write-flag-without-loss",
    "The loss flag without a loss byte would eat a byte of payload.",
    "ARC-RTP-loss-byte",
    { ...base, arc: { ...shownArc({}), flags: 2 } },
    "bad_value",
    "$.arc.flags",
  );
  refuse(
    "write-padding-0",
    "P with a last byte of 0 is malformed.",
    "ARC-RTP-padding-count",
    { ...header({ padding: true }), payload: "aa00" },
    "bad_padding",
    "$.payload",
  );
  refuse(
    "write-padding-too-large",
    "P with a count beyond the payload is malformed.",
    "ARC-RTP-padding-count",
    { ...header({ padding: true }), payload: "aa03" },
    "bad_padding",
    "$.payload",
  );
  return group;
}
