/**
 * Every field of ArcRTP: the one table behind `arcrtc decode`, the field reference and the Wireshark dissector.
 * The views read the same fields by hand, for speed; a test holds them to this table.
 */
import { EXT_SEND_TIME, EXT_TRANSPORT_SEQUENCE } from "./extensions.ts";
import type { FieldSpec, PartSpec } from "./field_spec.ts";

const RTP_HEADER: PartSpec = {
  name: "arcrtp.rtp",
  label: "RTP header",
  fields: [
    {
      name: "arcrtp.version",
      label: "Version",
      type: "uint",
      bitOffset: 0,
      bitWidth: 2,
      description: "Version of RTP, always 2.",
      clause: "ARC-RTP-version",
    },
    {
      name: "arcrtp.p",
      label: "Padding",
      type: "bool",
      bitOffset: 2,
      bitWidth: 1,
      description: "The payload ends with padding, whose last byte counts it; inside the ciphertext when protected.",
      clause: "ARC-RTP-padding-count",
    },
    {
      name: "arcrtp.x",
      label: "Extension",
      type: "bool",
      bitOffset: 3,
      bitWidth: 1,
      description: "A header extension follows the CSRC list.",
      clause: "RFC 3550 §5.3.1",
    },
    {
      name: "arcrtp.cc",
      label: "CSRC count",
      type: "uint",
      bitOffset: 4,
      bitWidth: 4,
      description: "Number of entries in the CSRC list.",
      clause: "RFC 3550 §5.1",
    },
    {
      name: "arcrtp.marker",
      label: "Marker",
      type: "bool",
      bitOffset: 8,
      bitWidth: 1,
      description: "Set by the payload format: the last packet of a video frame, the first of a talk spurt.",
      clause: "RFC 3550 §5.1",
    },
    {
      name: "arcrtp.pt",
      label: "Payload type",
      type: "uint",
      bitOffset: 9,
      bitWidth: 7,
      description: "Format of the payload, as announced in STREAM_START; 64 to 95 are not used.",
      clause: "ARC-RTP-payload-types-excluded",
    },
    {
      name: "arcrtp.seq",
      label: "Sequence number",
      type: "uint",
      bitOffset: 16,
      bitWidth: 16,
      description: "Grows by one with each packet of the SSRC.",
      clause: "ARC-RTP-initial-sequence",
    },
    {
      name: "arcrtp.timestamp",
      label: "Timestamp",
      type: "uint",
      bitOffset: 32,
      bitWidth: 32,
      description: "Sampling instant in ticks of the stream's clock.",
      clause: "ARC-RTP-clock-rate",
    },
    {
      name: "arcrtp.ssrc",
      label: "SSRC",
      type: "hex",
      bitOffset: 64,
      bitWidth: 32,
      description: "Synchronization source: names the stream within the session.",
      clause: "RFC 3550 §5.1",
    },
  ],
};

const CSRC_LIST: PartSpec = {
  name: "arcrtp.csrcs",
  label: "CSRC",
  repeat: "arcrtp.cc",
  fields: [
    {
      name: "arcrtp.csrc",
      label: "Contributing source",
      type: "hex",
      bitOffset: 0,
      bitWidth: 32,
      description: "SSRC of a source that was mixed into the payload, or that FEC protects.",
      clause: "RFC 3550 §5.1",
    },
  ],
};

/** The extension's head; its data is dissected by {@link ELEMENT} or taken as {@link EXTENSION_DATA}. */
export const EXTENSION: PartSpec = {
  name: "arcrtp.ext",
  label: "Header extension",
  when: "arcrtp.x",
  fields: [
    {
      name: "arcrtp.ext.profile",
      label: "Profile",
      type: "hex",
      bitOffset: 0,
      bitWidth: 16,
      description: "0xbede announces the one-byte form of RFC 8285; others are ignored.",
      clause: "ARC-RTP-ext-profile",
    },
    {
      name: "arcrtp.ext.words",
      label: "Length",
      type: "uint",
      bitOffset: 16,
      bitWidth: 16,
      scale: { step: 4, unit: "bytes" },
      description: "Length of the data that follows, in words of 32 bits.",
      clause: "RFC 3550 §5.3.1",
    },
  ],
};

const ARC_BLOCK: PartSpec = {
  name: "arcrtp.block",
  label: "Arc block",
  fields: [
    {
      name: "arcrtp.quality",
      label: "Quality",
      type: "uint",
      bitOffset: 0,
      bitWidth: 2,
      description: "Q: rung of the stream's quality ladder, 0 the best.",
      clause: "ARC-RTP-quality-field",
    },
    {
      name: "arcrtp.priority",
      label: "Priority",
      type: "uint",
      bitOffset: 2,
      bitWidth: 2,
      values: ["critical", "high", "medium", "low"],
      description: "PR: audio, video key frame, video delta frame, disposable frame or FEC.",
      clause: "ARC-RTP-priority-values",
    },
    {
      name: "arcrtp.key_phase",
      label: "Key phase",
      type: "uint",
      bitOffset: 4,
      bitWidth: 2,
      description: "K: low two bits of the epoch whose keys protect the packet.",
      clause: "ARC-RTP-key-phase-field",
    },
    {
      name: "arcrtp.reserved",
      label: "Reserved",
      type: "uint",
      bitOffset: 6,
      bitWidth: 2,
      description: "Sent as 0 and ignored.",
      clause: "ARC-RTP-reserved-ignored",
    },
    {
      name: "arcrtp.flags",
      label: "Flags",
      type: "hex",
      bitOffset: 8,
      bitWidth: 8,
      description: "What else the block holds.",
      clause: "ARC-RTP-field-order",
      fields: [
        {
          name: "arcrtp.flags.reserved",
          label: "Reserved flags",
          type: "uint",
          bitOffset: 8,
          bitWidth: 6,
          description: "Sent as 0 and ignored.",
          clause: "ARC-RTP-reserved-ignored",
        },
        {
          name: "arcrtp.flags.loss",
          label: "Loss present",
          type: "bool",
          bitOffset: 14,
          bitWidth: 1,
          description: "A loss byte follows the bandwidth.",
          clause: "ARC-RTP-loss-byte",
        },
        {
          name: "arcrtp.flags.bandwidth",
          label: "Bandwidth valid",
          type: "bool",
          bitOffset: 15,
          bitWidth: 1,
          description: "The bandwidth field counts.",
          clause: "ARC-RTP-bandwidth-flag",
        },
      ],
    },
    {
      name: "arcrtp.bandwidth",
      label: "Bandwidth",
      type: "uint",
      bitOffset: 16,
      bitWidth: 16,
      scale: { step: 1, unit: "kbps" },
      description: "Estimate of the sender; 0 and ignored without its flag.",
      clause: "ARC-RTP-bandwidth-flag",
    },
    {
      name: "arcrtp.loss",
      label: "Loss",
      type: "uint",
      bitOffset: 32,
      bitWidth: 8,
      when: "arcrtp.flags.loss",
      scale: { step: 0.1, unit: "%" },
      description: "Lost share, 255 meaning 25.5 % or more.",
      clause: "ARC-RTP-loss-unit",
    },
  ],
};

/** A full header: these parts in this order, the extension's data behind {@link EXTENSION}, then the payload. */
export const ARCRTP_PARTS: readonly PartSpec[] = [RTP_HEADER, CSRC_LIST, EXTENSION, ARC_BLOCK];

/** The head of an extension element; one of {@link ELEMENT_VALUES} or {@link ELEMENT_VALUE} follows. */
export const ELEMENT: PartSpec = {
  name: "arcrtp.ext.element",
  label: "Element",
  fields: [
    {
      name: "arcrtp.ext.id",
      label: "Id",
      type: "uint",
      bitOffset: 0,
      bitWidth: 4,
      description: "What the element holds; 0 is padding, 15 ends the list.",
      clause: "RFC 8285 §4.2",
    },
    {
      name: "arcrtp.ext.len",
      label: "Length less one",
      type: "uint",
      bitOffset: 4,
      bitWidth: 4,
      description: "Bytes of data that follow, less one.",
      clause: "RFC 8285 §4.2",
    },
  ],
};

/** What known elements hold, by id; the width is also the only length that they are accepted with. */
export const ELEMENT_VALUES: Readonly<Record<number, FieldSpec | undefined>> = {
  [EXT_SEND_TIME]: {
    name: "arcrtp.ext.send_time",
    label: "Absolute send time",
    type: "uint",
    bitOffset: 8,
    bitWidth: 24,
    scale: { step: 1 / 262_144, unit: "s" },
    description: "NTP seconds of sending in 6.18 fixed point; wraps after 64 s.",
    clause: "ARC-RTP-ext-send-time",
  },
  [EXT_TRANSPORT_SEQUENCE]: {
    name: "arcrtp.ext.transport_seq",
    label: "Transport-wide sequence number",
    type: "uint",
    bitOffset: 8,
    bitWidth: 16,
    description: "One counter per direction over all streams and paths.",
    clause: "ARC-RTP-ext-transport-sequence",
  },
};

function byteField(name: string, label: string, description: string, clause: string): FieldSpec {
  return { name, label, type: "bytes", bitOffset: 0, bitWidth: 0, description, clause };
}

export const ELEMENT_VALUE: FieldSpec = byteField(
  "arcrtp.ext.value",
  "Value",
  "Data of an element with an unknown id or a wrong length; ignored.",
  "ARC-RTP-ext-unknown-skipped",
);

export const ELEMENT_PADDING: FieldSpec = byteField(
  "arcrtp.ext.padding",
  "Padding",
  "Bytes of 0 between elements or behind them.",
  "RFC 8285 §4.2",
);

export const ELEMENTS_IGNORED: FieldSpec = byteField(
  "arcrtp.ext.ignored",
  "Ignored",
  "The list from where it ends on: at id 15, at id 0 with a length, or at an element that runs past the end.",
  "ARC-RTP-ext-bad-element",
);

export const EXTENSION_DATA: FieldSpec = byteField(
  "arcrtp.ext.data",
  "Data",
  "Data of an extension with another profile.",
  "ARC-RTP-ext-other-profile",
);

export const PAYLOAD: FieldSpec = byteField(
  "arcrtp.payload",
  "Payload",
  "Media; on protected packets the ciphertext, padding included, and the tags behind it.",
  "ARC-SRTP-payload-encrypted",
);

export const PADDING: FieldSpec = byteField(
  "arcrtp.padding",
  "Padding",
  "Padding, the count in its last byte included.",
  "ARC-RTP-padding-count",
);

export const UNDISSECTED: FieldSpec = byteField(
  "arcrtp.undissected",
  "Undissected",
  "What is left of a packet that is shorter than its own fields say.",
  "ARC-RTP-own-fields-length",
);

/** The reduced header; the payload follows. */
export const REDUCED: PartSpec = {
  name: "arcrtp.reduced",
  label: "Reduced header",
  fields: [
    {
      name: "arcrtp.reduced.class",
      label: "Class",
      type: "uint",
      bitOffset: 0,
      bitWidth: 2,
      description: "Always 3: what tells the reduced header from RTP's version 2.",
      clause: "ARC-RTP-reduced-layout",
    },
    {
      name: "arcrtp.reduced.marker",
      label: "Marker",
      type: "bool",
      bitOffset: 2,
      bitWidth: 1,
      description: "The full header's marker.",
      clause: "ARC-RTP-reduced-layout",
    },
    {
      name: "arcrtp.reduced.priority",
      label: "Priority",
      type: "uint",
      bitOffset: 3,
      bitWidth: 2,
      values: ["critical", "high", "medium", "low"],
      description: "The full header's PR.",
      clause: "ARC-RTP-reduced-layout",
    },
    {
      name: "arcrtp.reduced.cid",
      label: "Context id",
      type: "uint",
      bitOffset: 5,
      bitWidth: 3,
      description: "Names SSRC, payload type and quality, as STREAM_START announced them.",
      clause: "ARC-RTP-reduced-context",
    },
    {
      name: "arcrtp.reduced.seq8",
      label: "Sequence number, low 8 bits",
      type: "uint",
      bitOffset: 8,
      bitWidth: 8,
      description: "Restored as the nearest to the reference packet's.",
      clause: "ARC-RTP-reduced-expand",
    },
    {
      name: "arcrtp.reduced.ts16",
      label: "Timestamp, low 16 bits",
      type: "uint",
      bitOffset: 16,
      bitWidth: 16,
      description: "Restored as the nearest to the reference packet's.",
      clause: "ARC-RTP-reduced-expand",
    },
  ],
};

/** Every field of the table, groups before their members, in the order of the wire. */
export const ARCRTP_FIELDS: readonly FieldSpec[] = [
  ...withMembers(RTP_HEADER.fields),
  ...withMembers(CSRC_LIST.fields),
  ...withMembers(EXTENSION.fields),
  ...withMembers(ELEMENT.fields),
  ...withMembers(Object.values(ELEMENT_VALUES).filter((field) => field !== undefined)),
  ELEMENT_VALUE,
  ELEMENT_PADDING,
  ELEMENTS_IGNORED,
  EXTENSION_DATA,
  ...withMembers(ARC_BLOCK.fields),
  PAYLOAD,
  PADDING,
  UNDISSECTED,
  ...withMembers(REDUCED.fields),
];

function withMembers(fields: readonly FieldSpec[]): FieldSpec[] {
  return fields.flatMap((field) => [field, ...withMembers(field.fields ?? [])]);
}
