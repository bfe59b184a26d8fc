/** Good ArcRTP packets by their fields, and what `rtp.parse` shows of them. Part of the area `arcrtp`. */
import type { Json } from "./case.ts";
import { arcBlock, type ArcFields, countingHex, type PacketFields, randomHex, SSRC } from "./wire.ts";

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

export function shownArc({ quality = 0, priority = 0, keyPhase = 0, flags = 0, bandwidth = 0, loss }: ArcFields): Json {
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
export const ROUND_TRIPS: readonly [id: string, comment: string, requirements: string, fields: PacketFields][] = [
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
