/** The full header, read and written: SPEC clause 2.1. */
import { type CaseFault, Group, type Json, type VectorFile, vectorFile } from "./case.ts";
import {
  arcBlock,
  type ArcFields,
  countingHex,
  cut,
  packet,
  type PacketFields,
  randomHex,
  sizeOf,
  SSRC,
} from "./wire.ts";

export function arcrtpVectors(): VectorFile {
  return vectorFile(
    "arcrtp",
    "Full ArcRTP packets: RTP header, CSRC list, header extension, Arc block, payload and padding.",
    {
      "Reserved": {
        meaning: "Reserved bits or undefined flags are set: a receiver ignores them, a sender never writes them.",
        requirements: ["ARC-RTP-reserved-ignored", "ARC-RTP-reserved-zero"],
      },
      "WriterInput": {
        meaning:
          "The request describes a packet that must not exist. An interface in which it cannot be said at all may answer `error` instead of `fault`.",
        requirements: ["ARC-RTP-round-trip"],
      },
    },
    [parseValid(), parseInvalid(), strip(), write(), writeInvalid()],
  );
}

/** What `rtp.parse` shows of a packet with these fields; `payload` is without its padding. */
export function shown(fields: PacketFields, payload = fields.payload ?? "", padding = ""): Json {
  const { marker = false, payloadType = 111, sequence = 1000, timestamp = 48000, ssrc = SSRC, csrc = [] } = fields;
  const { extension, arc = {} } = fields;
  return {
    header: {
      version: 2,
      padding: fields.padding ?? false,
      extension: extension !== undefined,
      csrc_count: csrc.length,
      csrc,
      marker,
      payload_type: payloadType,
      sequence_number: sequence,
      timestamp,
      ssrc,
      extension_header: extension === undefined ? null : { profile: extension.profile, data: extension.data },
    },
    arc: arc === null ? null : shownArc(arc),
    payload,
    ...(padding === "" ? {} : { padding }),
  };
}

function shownArc({ quality = 0, priority = 0, keyPhase = 0, flags = 0, bandwidth = 0, loss }: ArcFields): Json {
  return {
    quality,
    priority,
    key_phase: keyPhase,
    flags,
    bandwidth_kbps: (flags & 1) === 0 ? null : bandwidth,
    loss_tenths: loss ?? null,
  };
}

/** Valid packets that hold no reserved bits: they can be written as well. */
const ROUND_TRIPS: readonly [id: string, comment: string, requirements: string, fields: PacketFields][] = [
  ["minimum", "Sixteen bytes, P=X=CC=0, no loss byte: valid, with an empty payload.", "ARC-RTP-minimum-length", {}],
  ["payload", "Twenty bytes of payload.", "ARC-RTP-arc-block", { payload: countingHex(20) }],
  ["payload-zero", "A payload of one zero byte: without P it is no padding.", "ARC-RTP-padding-count", {
    payload: "00",
  }],
  ["largest-unit", "1232 bytes in all, the most that a media unit may have.", "ARC-UNIT-media-size", {
    payload: randomHex(201, 1216),
  }],
  ["marker", "The marker is the top bit of the second byte.", "ARC-RTP-arc-block", { marker: true }],
  ["payload-type-0", "The lowest payload type.", "ARC-RTP-payload-types-excluded", { payloadType: 0 }],
  ["payload-type-63", "The last one below the excluded range.", "ARC-RTP-payload-types-excluded", { payloadType: 63 }],
  ["payload-type-96", "The first one above the excluded range.", "ARC-RTP-payload-types-excluded", { payloadType: 96 }],
  ["payload-type-127-marker", "The highest, with the marker: second byte 0xff.", "ARC-RTP-payload-types-excluded", {
    payloadType: 127,
    marker: true,
  }],
  ["sequence-0", "Sequence number 0.", "ARC-RTP-round-trip", { sequence: 0 }],
  ["sequence-65535", "The last sequence number.", "ARC-RTP-round-trip", { sequence: 65535 }],
  ["timestamp-max", "A timestamp with its top bit set is not negative.", "ARC-RTP-round-trip", {
    timestamp: 0xffffffff,
  }],
  ["ssrc-0", "SSRC 0 is an SSRC like any other.", "ARC-RTP-round-trip", { ssrc: 0 }],
  ["ssrc-max", "An SSRC with its top bit set is not negative.", "ARC-RTP-round-trip", { ssrc: 0xffffffff }],
  ["csrc-1", "One CSRC pushes the Arc block behind it.", "ARC-RTP-arc-block", { csrc: [7], payload: "aa" }],
  ["csrc-15", "The most CSRCs that CC can count.", "ARC-RTP-arc-block ARC-RTP-own-fields-length", {
    csrc: Array.from({ length: 15 }, (_, i) => 0xfffffff0 + i),
    payload: "aa",
  }],
  ["extension-empty", "An extension of no words is still 4 bytes.", "ARC-RTP-arc-block", {
    extension: { profile: 0xbede, data: "" },
    payload: "aa",
  }],
  [
    "extension-one-word",
    "One word of extension, in the form that ArcRTC sends.",
    "ARC-RTP-arc-block ARC-RTP-ext-profile",
    {
      extension: { profile: 0xbede, data: "12abcdef" },
    },
  ],
  ["extension-other-profile", "Another profile is accepted, and nothing in it is read.", "ARC-RTP-ext-other-profile", {
    extension: { profile: 0x1234, data: "ffffffffffffffff" },
    payload: "aa",
  }],
  [
    "extension-profile-0",
    "Profile 0 with data that looks like an Arc block.",
    "ARC-RTP-ext-other-profile ARC-RTP-arc-block",
    {
      extension: { profile: 0, data: arcBlock({ quality: 3, priority: 3, flags: 2, loss: 255 }).slice(0, 8) },
      arc: { priority: 1 },
    },
  ],
  ["csrc-extension-loss", "The Arc block stands behind CSRC list and extension both.", "ARC-RTP-arc-block", {
    csrc: [1, 2],
    extension: { profile: 0xbede, data: "1200000121000200" },
    arc: { quality: 1, priority: 2, keyPhase: 3, flags: 3, bandwidth: 2500, loss: 15 },
    payload: countingHex(7),
  }],
  ["bandwidth-0", "An estimate of 0 kbps is not the same as none.", "ARC-RTP-bandwidth-flag", {
    arc: { flags: 1, bandwidth: 0 },
  }],
  ["bandwidth-max", "The highest estimate.", "ARC-RTP-bandwidth-flag", { arc: { flags: 1, bandwidth: 65535 } }],
  ["loss-0", "A loss byte of 0 says that nothing was lost.", "ARC-RTP-loss-byte ARC-RTP-loss-unit", {
    arc: { flags: 2, loss: 0 },
    payload: "aa",
  }],
  ["loss-255", "255 stands for 25.5 % and more.", "ARC-RTP-loss-byte ARC-RTP-loss-unit", {
    arc: { flags: 2, loss: 255 },
  }],
  ["loss-empty-payload", "Seventeen bytes: loss byte and no payload.", "ARC-RTP-loss-byte ARC-RTP-minimum-length", {
    arc: { flags: 2, loss: 1 },
  }],
];

/** Valid packets with P set: id, comment, fields, payload without padding, padding. */
const PADDED: readonly [id: string, comment: string, fields: PacketFields, payload: string, padding: string][] = [
  ["padding-1", "The least padding is the count itself.", {}, "aabbcc", "01"],
  ["padding-4", "Four bytes of padding; only the last is a count.", {}, "aa", "00000004"],
  ["padding-dirty", "What stands before the count means nothing.", {}, "aa", "ff00ff04"],
  ["padding-all", "Nothing but padding: the payload is empty.", {}, "", "000003"],
  ["padding-only-count", "One byte that counts itself.", {}, "", "01"],
  ["padding-255", "The most that one byte counts.", {}, "aa", "00".repeat(254) + "ff"],
  [
    "padding-behind-everything",
    "Padding with CSRC, extension and loss byte: only payload can be padded.",
    { csrc: [9], extension: { profile: 0xbede, data: "00000000" }, arc: { flags: 2, loss: 2 } },
    "aabb",
    "0002",
  ],
];

function parseValid(): Group {
  const group = new Group("rtp.parse");
  for (const [id, comment, requirements, fields] of ROUND_TRIPS) {
    group.valid(id, comment, requirements, { hex: packet(fields) }, shown(fields));
  }
  for (const [id, comment, fields, payload, padding] of PADDED) {
    const padded = { ...fields, padding: true };
    group.valid(
      id,
      comment,
      "ARC-RTP-padding-count",
      { hex: packet({ ...padded, payload: payload + padding }) },
      shown(padded, payload, padding),
    );
  }
  // Sixteen rows in which every pair of values of two fields occurs once: an orthogonal array of four levels.
  for (let row = 0; row < 16; row++) {
    const a = row >> 2;
    const b = row & 3;
    const arc: ArcFields = {
      quality: a,
      priority: b,
      keyPhase: add(a, b),
      flags: add(times2(a), b),
      bandwidth: (add(times2(a), b) & 1) === 0 ? 0 : 100 + row,
      ...((add(times2(a), b) & 2) === 0 ? {} : { loss: row }),
    };
    const fields = { arc, payload: "c0ffee" };
    group.valid(
      `arc-q${arc.quality}-pr${arc.priority}-k${arc.keyPhase}-f${arc.flags}`,
      `Q ${arc.quality}, PR ${arc.priority}, K ${arc.keyPhase}, flags ${arc.flags}: one of 16 rows with every pair of values.`,
      "ARC-RTP-field-order ARC-RTP-quality-field ARC-RTP-priority-values ARC-RTP-key-phase-field",
      { hex: packet(fields) },
      shown(fields),
    );
  }
  const ignored = (id: string, comment: string, arc: ArcFields, requirements = "ARC-RTP-reserved-ignored") =>
    group.valid(id, comment, requirements, { hex: packet({ arc, payload: "aa" }) }, shown({ arc, payload: "aa" }), {
      flags: ["Reserved"],
    });
  ignored("reserved-low-bit", "The lower reserved bit is no part of K.", { keyPhase: 1, reserved: 1 });
  ignored("reserved-high-bit", "The upper reserved bit is no part of K.", { keyPhase: 2, reserved: 2 });
  ignored("reserved-both-bits", "Both reserved bits.", { quality: 3, reserved: 3 });
  ignored("flags-04", "The lowest undefined flag announces nothing.", { flags: 0x04 });
  ignored("flags-80", "The highest undefined flag announces nothing.", { flags: 0x80 });
  ignored("flags-fc", "All undefined flags without the defined ones: no loss byte.", { flags: 0xfc });
  ignored("flags-ff", "All flags: the two defined ones count as ever.", { flags: 0xff, bandwidth: 9, loss: 8 });
  ignored(
    "bandwidth-without-flag",
    "A value in the bandwidth field without its flag is none.",
    { bandwidth: 1234 },
    "ARC-RTP-bandwidth-flag",
  );
  return group;
}

/** Addition in the field of four elements. */
function add(a: number, b: number): number {
  return a ^ b;
}

/** Multiplication by its generator. */
function times2(a: number): number {
  return [0, 2, 3, 1][a];
}

function parseInvalid(): Group {
  const group = new Group("rtp.parse");
  const refuse = (id: string, comment: string, requirements: string, hex: string, fault: CaseFault) =>
    group.invalid(id, comment, requirements, { hex }, { fault });
  const short = (id: string, comment: string, hex: string, need: number, requirements = "ARC-RTP-own-fields-length") =>
    refuse(id, comment, requirements, hex, { reason: "truncated", offset: sizeOf(hex), need });

  const whole = packet({ payload: "aabbccdd" });
  const MINIMUM = "ARC-RTP-minimum-length";
  short("cut-0", "No bytes at all.", "", 16, MINIMUM);
  short("cut-1", "The first byte alone.", cut(whole, 1), 16, MINIMUM);
  short("cut-4", "Cut behind the sequence number.", cut(whole, 4), 16, MINIMUM);
  short("cut-11", "Cut within the SSRC.", cut(whole, 11), 16, MINIMUM);
  short("cut-12", "A complete RTP header without an Arc block: plain RTP is no ArcRTP.", cut(whole, 12), 16, MINIMUM);
  short("cut-13", "One byte of Arc block.", cut(whole, 13), 16, MINIMUM);
  short("cut-14", "Two bytes of Arc block.", cut(whole, 14), 16, MINIMUM);
  short("cut-15", "The Arc block lacks its last byte.", cut(whole, 15), 16, MINIMUM);

  const csrc1 = packet({ csrc: [7] });
  short(
    "csrc-1-no-room",
    "CC 1 in 16 bytes: the CSRC would stand where the Arc block is.",
    packet({ csrcCount: 1 }),
    20,
  );
  short("csrc-1-cut-arc", "One CSRC, and the Arc block lacks its last byte.", cut(csrc1, 19), 20);
  short("csrc-15-claimed", "CC 15 in a packet of 20 bytes.", packet({ csrcCount: 15, payload: "aabbccdd" }), 76);
  short(
    "csrc-15-cut",
    "Fifteen CSRCs, and the Arc block lacks its last byte.",
    cut(packet({ csrc: Array.from({ length: 15 }, (_, i) => i) }), 75),
    76,
  );
  const ext0 = packet({ extension: { profile: 0xbede, data: "" } });
  const ext2 = packet({ extension: { profile: 0xbede, data: "1200000121000200" } });
  short("extension-no-room", "X is set in 16 bytes: the extension header would be the Arc block.", cut(ext0, 16), 20);
  short("extension-empty-cut-arc", "An empty extension, and one byte of the Arc block is missing.", cut(ext0, 19), 20);
  short("extension-cut", "The extension announces 2 words and the packet ends in the first.", cut(ext2, 20), 28);
  short("extension-eats-arc", "The extension's words end where the packet does: no Arc block.", cut(ext2, 24), 28);
  short(
    "extension-65535-words",
    "The longest announced extension: 262,140 bytes that are not there.",
    packet({ extension: { profile: 0xbede, data: "00000000", words: 65535 } }),
    12 + 4 + 4 * 65535 + 4,
  );
  short(
    "extension-one-word-too-many",
    "An extension whose length is one word more than there is room for.",
    packet({ extension: { profile: 0xbede, data: "1200000121000200", words: 3 } }),
    32,
  );
  short(
    "csrc-extension-cut",
    "CSRC and extension header are there, the extension's word is not.",
    cut(packet({ csrc: [1], extension: { profile: 0xbede, data: "00000000" } }), 20),
    24,
  );
  short(
    "loss-no-room",
    "The loss flag in a packet of 16 bytes.",
    packet({ arc: { flags: 2 } }),
    17,
    "ARC-RTP-loss-byte ARC-RTP-own-fields-length",
  );
  short(
    "loss-behind-csrc-no-room",
    "The loss flag, one CSRC, and no loss byte.",
    packet({ csrc: [1], arc: { flags: 3, bandwidth: 7 } }),
    21,
    "ARC-RTP-loss-byte ARC-RTP-own-fields-length",
  );
  short("loss-flag-ff-no-room", "All flags set and no loss byte.", packet({ arc: { flags: 0xff } }), 17);

  const version = (id: string, comment: string, version: number) =>
    refuse(id, comment, "ARC-RTP-version", packet({ version, payload: "aabbccdd" }), {
      reason: "bad_version",
      offset: 0,
    });
  version("version-0", "Version 0: in a session this byte reads as STUN.", 0);
  version("version-1", "Version 1, a draft of RTP.", 1);
  version("version-3", "Version 3: in a session this byte reads as a reduced header.", 3);

  const excluded = (id: string, comment: string, payloadType: number, marker = false) =>
    refuse(id, comment, "ARC-RTP-payload-types-excluded", packet({ payloadType, marker, payload: "aabbccdd" }), {
      reason: "bad_value",
      offset: 1,
    });
  excluded("payload-type-64", "The first of the excluded range.", 64);
  excluded("payload-type-72", "With the marker this would be a sender report.", 72);
  excluded("payload-type-77", "With the marker this would be RTPFB.", 77);
  excluded("payload-type-95", "The last of the excluded range.", 95);
  excluded(
    "payload-type-64-marker",
    "With the marker the second byte is 192; a parser that is handed it refuses it.",
    64,
    true,
  );
  excluded("payload-type-95-marker", "With the marker the second byte is 223.", 95, true);

  const padding = (id: string, comment: string, fields: PacketFields, offset: number) =>
    refuse(id, comment, "ARC-RTP-padding-count", packet({ ...fields, padding: true }), {
      reason: "bad_padding",
      offset,
    });
  padding("padding-0", "A count of 0 would be a second way to say no padding.", { payload: "aabb00" }, 18);
  padding("padding-0-alone", "The payload is one byte, and it counts 0.", { payload: "00" }, 16);
  padding("padding-one-too-many", "The count is one more than the payload has bytes.", { payload: "aabb04" }, 18);
  padding("padding-into-loss", "The count reaches back into the loss byte.", {
    arc: { flags: 2, loss: 1 },
    payload: "02",
  }, 17);
  padding("padding-into-arc", "The count reaches back into the Arc block.", { payload: "05" }, 16);
  padding("padding-255-of-4", "The count is far beyond the packet.", { payload: "aabbccff" }, 19);
  padding("padding-no-payload", "P is set and there is no payload: the last byte is the Arc block's.", {}, 16);
  padding(
    "padding-no-payload-loss",
    "P is set, no payload: a loss byte of 1 is not a count.",
    { arc: { flags: 2, loss: 1 } },
    17,
  );
  return group;
}

function strip(): Group {
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

function write(): Group {
  const group = new Group("rtp.write");
  for (const [id, comment, requirements, fields] of ROUND_TRIPS) {
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

function writeInvalid(): Group {
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
