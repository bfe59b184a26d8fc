/** Unprotected packets and RTCP across the bridge to WebRTC: SPEC clause 11.1. The bound on all vectors keeps it short. */
import { Group, type Json, type VectorFile, vectorFile } from "./case.ts";

/** One codec of each kind under other numbers, and the extensions as Chromium numbers them. */
const CODECS = {
  payload_types: [
    { rtp: 111, arcrtp: 96, codec: "opus" },
    { rtp: 102, arcrtp: 98, codec: "h264" },
  ],
  extensions: [{ rtp: 2, arcrtp: 1 }, { rtp: 3, arcrtp: 2 }],
};

/** Both directions, each side with its own SSRCs and numbers. */
const STREAMS = {
  ssrcs: [
    { rtp: 4097, arcrtp: 8193, from: "rtp", sequence_offset: 1000, timestamp_offset: 5000 },
    { rtp: 4098, arcrtp: 8194, from: "arcrtp", sequence_offset: -300, timestamp_offset: 0 },
  ],
};

const ALWAYS = ["quality", "priority", "key_phase"];

export function bridgeVectors(): VectorFile {
  return vectorFile(
    "bridge",
    "Packets by a map of payload types, header extension ids and streams, and RTCP in the other side's numbers.",
    {},
    [toRtp(), fromRtp(), streams(), rtcp()],
  );
}

function toRtp(): Group {
  const group = new Group("bridge.arcrtp_to_rtp", { map: CODECS }, "to-rtp-");
  const STRIP = "ARC-BRIDGE-to-rtp";
  const add = (
    id: string,
    comment: string,
    rules: string,
    hex: string,
    due: string,
    lost: readonly string[] = ALWAYS,
  ) => group.valid(id, comment, rules, { hex }, { hex: due, lost });
  add(
    "smallest",
    "A header and a block: RTP without payload is left.",
    `${STRIP} ARC-BRIDGE-lost-fields`,
    "80600007000000010000000200000000",
    "806f00070000000100000002",
  );
  add(
    "all-of-the-block",
    "Every field of the block and its loss byte go; marker and payload stay.",
    `${STRIP} ARC-BRIDGE-lost-fields`,
    "80e000070000000100000002" + "6c030bb80c" + "010203",
    "80ef00070000000100000002" + "010203",
    [...ALWAYS, "bandwidth_kbps", "loss_tenths"],
  );
  add(
    "csrc-and-padding",
    "Two CSRCs in front of the block and three bytes of padding behind the payload stay.",
    STRIP,
    "a260000700000001000000020000000a0000000b" + "10000000" + "01000003",
    "a26f000700000001000000020000000a0000000b" + "01000003",
  );
  add(
    "element",
    "Element 1 gets the id that SDP gives it.",
    "ARC-BRIDGE-mapping",
    "906000070000000100000002" + "bede000112aabbcc" + "00000000" + "01",
    "906f00070000000100000002" + "bede000122aabbcc" + "01",
  );
  add(
    "element-left-out",
    "Element 5 has no id on the other side, so no extension is left, and that is said.",
    "ARC-BRIDGE-mapping ARC-BRIDGE-lost-fields",
    "906000070000000100000002" + "bede000152aabbcc" + "00000000" + "01",
    "806f00070000000100000002" + "01",
    [...ALWAYS, "extension_header"],
  );
  const refuse = (id: string, comment: string, rules: string, hex: string, fault: Json & { readonly reason: string }) =>
    group.invalid(id, comment, rules, { hex }, { fault });
  refuse(
    "unmapped",
    "A payload type that the other side does not have.",
    "ARC-BRIDGE-mapping",
    "80630007000000010000000200000000",
    {
      reason: "bad_value",
      offset: 1,
    },
  );
  refuse("no-block", "RTP without a block is no ArcRTP.", STRIP, "806000070000000100000002", {
    reason: "truncated",
    offset: 12,
    need: 16,
  });
  return group;
}

function fromRtp(): Group {
  const group = new Group("bridge.rtp_to_arcrtp", { map: CODECS }, "from-rtp-");
  const FROM = "ARC-BRIDGE-from-rtp";
  const add = (id: string, comment: string, rules: string, hex: string, due: string, lost: readonly string[] = []) =>
    group.valid(id, comment, rules, { hex }, { hex: due, lost });
  add(
    "audio",
    "A block of zeros: Q 0, PR 0, K 0, no flags.",
    FROM,
    "806f00070000000100000002f8ff",
    "80600007000000010000000200000000f8ff",
  );
  add(
    "idr",
    "An IDR slice is a key frame's: PR 1.",
    FROM,
    "80e600070000000100000002658884",
    "80e200070000000100000002" + "10000000" + "658884",
  );
  add(
    "delta",
    "A slice of another picture: PR 2.",
    FROM,
    "80e600070000000100000002418884",
    "80e200070000000100000002" + "20000000" + "418884",
  );
  add(
    "two-byte-form",
    "An element in the two-byte form becomes one of the one-byte form, which alone ArcRTC has.",
    "ARC-BRIDGE-mapping",
    "906f00070000000100000002" + "1000000203021234" + "00000000" + "f8",
    "906000070000000100000002" + "bede000121123400" + "00000000" + "f8",
  );
  return group;
}

function streams(): Group {
  const group = new Group("bridge.rtp_to_arcrtp", { map: { ...CODECS, ...STREAMS } }, "stream-");
  const packet = (type: string, sequence: string) => `80${type}${sequence}0000000a00001001f8`;
  const there = (sequence: string) => ({ hex: `8060${sequence}000013920000200100000000f8`, lost: [] });
  const refused = { fault: { reason: "bad_value", offset: 1 } };
  group.valid(
    "kept-back",
    "The second packet is of a payload type that does not pass: the third one moves up into its number.",
    "ARC-BRIDGE-kept-back ARC-BRIDGE-rtcp",
    { packets: [packet("6f", "000a"), packet("0d", "000b"), packet("6f", "000c")] },
    { results: [there("03f2"), refused, there("03f3")] },
  );
  group.valid(
    "lost",
    "A number that never came stays a gap.",
    "ARC-BRIDGE-kept-back",
    { packets: [packet("6f", "000a"), packet("6f", "000c")] },
    { results: [there("03f2"), there("03f4")] },
  );
  return group;
}

function rtcp(): Group {
  const group = new Group("bridge.rtcp", { map: STREAMS, own_ssrc: 2827 }, "rtcp-");
  const RULE = "ARC-BRIDGE-rtcp";
  const add = (
    id: string,
    comment: string,
    rules: string,
    from: string,
    hex: string,
    due: string,
    dropped: string[] = [],
  ) => group.valid(id, comment, rules, { from, hex }, { hex: due, dropped });
  add(
    "nack",
    "1010 is the other side's 10.",
    RULE,
    "arcrtp",
    "81cd0003000020020000200103f20003",
    "81cd00030000100200001001000a0003",
  );
  add("pli", "A PLI has SSRCs alone.", RULE, "rtp", "81ce00020000100100001002", "81ce00020000200100002002");
  const told = "00000123aabbccdd00010000";
  add(
    "receiver-report",
    "The highest number is another, its cycles are kept; loss, jitter and times are as they were.",
    RULE,
    "arcrtp",
    `81c9000700002002000020011900000500010400${told}`,
    `81c9000700001002000010011900000500010018${told}`,
  );
  add(
    "sender-report",
    "The time of the stream moves, NTP time and counts stay.",
    RULE,
    "rtp",
    "80c8000600001001e1a2b3c4d5e6f708000000100000000a000003e8",
    "80c8000600002001e1a2b3c4d5e6f708000013980000000a000003e8",
  );
  add(
    "transport-feedback",
    "Feedback about one side's path ends here, the PLI behind it does not.",
    "ARC-BRIDGE-rtcp-ends",
    "arcrtp",
    "8fcd0005000020020000200100010001000000002001040081ce00020000200200002001",
    "81ce00020000100200001001",
    ["transport_feedback"],
  );
  return group;
}
