/** The full header, read and written: SPEC clause 2.1. */
import { ROUND_TRIPS, shown } from "./arcrtp_packets.ts";
import { strip, write, writeInvalid } from "./arcrtp_write.ts";
import { type CaseFault, Group, type VectorFile, vectorFile } from "./case.ts";
import { type ArcFields, cut, packet, type PacketFields, sizeOf } from "./wire.ts";

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
