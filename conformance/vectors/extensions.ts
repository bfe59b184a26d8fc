/** Header extensions in the one-byte form: SPEC clause 2.2. */
import { Group, type VectorFile, vectorFile } from "./case.ts";
import { countingHex, packet, u16, u24, u8 } from "./wire.ts";

export function extensionVectors(): VectorFile {
  return vectorFile(
    "extensions",
    "Elements of RFC 8285 in a packet's header extension: absolute send time and transport-wide sequence number. A fault in an element never makes the packet invalid; it is a measurement that is missing.",
    {
      "IgnoredElement": {
        meaning: "An element that is there must be ignored; the packet stays valid.",
        requirements: ["ARC-RTP-ext-bad-element"],
      },
      "OpenInRfc": {
        meaning: "RFC 8285 leaves this to the receiver.",
        requirements: ["ARC-RTP-ext-bad-element"],
      },
    },
    [elements(), sendTime()],
  );
}

const PROFILE = 0xbede;

/** One element: head byte of id and length, then its data. */
function element(id: number, data: string, length = data.length / 2 - 1): string {
  return u8((id << 4) | length) + data;
}

const SEND_TIME = "ARC-RTP-ext-send-time ARC-RTP-ext-profile";
const SEQUENCE = "ARC-RTP-ext-transport-sequence ARC-RTP-ext-profile";
const BAD = "ARC-RTP-ext-bad-element";
const UNKNOWN = "ARC-RTP-ext-unknown-skipped";

interface Expected {
  readonly time?: number;
  readonly sequence?: number;
  readonly elements?: readonly (readonly [id: number, data: string])[];
}

function elements(): Group {
  const group = new Group("rtp.extensions");
  const answer = ({ time, sequence, elements = [] }: Expected) => ({
    send_time: time ?? null,
    transport_sequence: sequence ?? null,
    elements: elements.map(([id, data]) => ({ id, data })),
  });
  const inPacket = (data: string, profile = PROFILE) =>
    packet({ extension: { profile, data: data.padEnd(Math.ceil(data.length / 8) * 8, "0") }, payload: "aa" });
  const valid = (
    id: string,
    comment: string,
    requirements: string,
    data: string,
    expected: Expected,
    profile?: number,
  ) => group.valid(id, comment, requirements, { hex: inPacket(data, profile) }, answer(expected));
  const ignored = (id: string, comment: string, requirements: string, data: string, expected: Expected) =>
    group.valid(id, comment, requirements, { hex: inPacket(data) }, answer(expected), { flags: ["IgnoredElement"] });

  const time = element(1, u24(0xabcdef));
  const sequence = element(2, u16(0x1234));
  const both: Expected = {
    time: 0xabcdef,
    sequence: 0x1234,
    elements: [[1, "abcdef"], [2, "1234"]],
  };
  valid("send-time", "Element 1 alone, in one word.", SEND_TIME, time, { time: 0xabcdef, elements: [[1, "abcdef"]] });
  valid("send-time-0", "Send time 0 is a time.", SEND_TIME, element(1, "000000"), {
    time: 0,
    elements: [[1, "000000"]],
  });
  valid("send-time-max", "The last step before the wrap.", SEND_TIME, element(1, "ffffff"), {
    time: 0xffffff,
    elements: [[1, "ffffff"]],
  });
  valid("sequence", "Element 2 alone, with a byte of padding.", SEQUENCE, sequence, {
    sequence: 0x1234,
    elements: [[2, "1234"]],
  });
  valid("sequence-max", "The last number before the wrap.", SEQUENCE, element(2, "ffff"), {
    sequence: 65535,
    elements: [[2, "ffff"]],
  });
  valid(
    "both",
    "Both elements in the order in which senders write them.",
    `${SEND_TIME} ARC-RTP-ext-transport-sequence`,
    time + sequence,
    both,
  );
  valid(
    "both-reversed",
    "Elements come in any order.",
    `${SEND_TIME} ARC-RTP-ext-transport-sequence`,
    sequence + time,
    {
      ...both,
      elements: [[2, "1234"], [1, "abcdef"]],
    },
  );
  valid("padding-first", "A zero byte before an element is padding.", SEND_TIME, "00" + time, {
    time: 0xabcdef,
    elements: [[1, "abcdef"]],
  });
  valid("padding-between", "Three zero bytes between the elements.", SEND_TIME, time + "000000" + sequence, both);
  valid("padding-only", "An extension of nothing but padding.", "ARC-RTP-ext-profile", "00000000", {});
  group.valid(
    "no-words",
    "An extension of no words.",
    "ARC-RTP-ext-profile",
    { hex: packet({ extension: { profile: PROFILE, data: "" } }) },
    answer({}),
  );
  group.valid(
    "no-extension",
    "A packet without X.",
    "ARC-RTP-ext-profile",
    { hex: packet({ payload: "1234" }) },
    answer({}),
  );
  group.valid(
    "no-extension-lookalike",
    "Without X a payload that begins with 0xbede is payload.",
    "ARC-RTP-ext-profile",
    { hex: packet({ payload: "bede0001" + time }) },
    answer({}),
  );

  valid("unknown-before", "An unknown element is stepped over by its length.", UNKNOWN, element(3, "aabbcc") + time, {
    time: 0xabcdef,
    elements: [[3, "aabbcc"], [1, "abcdef"]],
  });
  valid("unknown-longest", "Length 15 means 16 bytes of data.", UNKNOWN, element(14, countingHex(16)) + sequence, {
    sequence: 0x1234,
    elements: [[14, countingHex(16)], [2, "1234"]],
  });
  valid("unknown-shortest", "Length 0 means one byte of data.", UNKNOWN, element(5, "ff") + sequence, {
    sequence: 0x1234,
    elements: [[5, "ff"], [2, "1234"]],
  });
  valid(
    "unknown-zero-data",
    "Zero bytes within an element are data, not padding.",
    UNKNOWN,
    element(6, "000000") + time,
    {
      time: 0xabcdef,
      elements: [[6, "000000"], [1, "abcdef"]],
    },
  );
  valid("stop", "Id 15 ends the list; what follows it is not read.", "ARC-RTP-ext-profile", time + "f0" + sequence, {
    time: 0xabcdef,
    elements: [[1, "abcdef"]],
  });
  valid("stop-with-length", "The length of id 15 means nothing.", "ARC-RTP-ext-profile", sequence + "ff" + time, {
    sequence: 0x1234,
    elements: [[2, "1234"]],
  });
  for (
    const [id, profile, what] of [
      ["two-byte", 0x1000, "the two-byte form of RFC 8285"],
      ["profile-0", 0, "profile 0"],
      ["profile-bedf", 0xbedf, "a profile one above"],
      ["profile-swapped", 0xdebe, "the profile with its bytes swapped"],
    ] as const
  ) {
    valid(
      `other-profile-${id}`,
      `The same bytes under ${what} are not read.`,
      "ARC-RTP-ext-other-profile",
      time + sequence,
      {},
      profile,
    );
  }

  ignored("send-time-short", "A send time of 2 bytes.", BAD, element(1, "abcd") + sequence, {
    sequence: 0x1234,
    elements: [[1, "abcd"], [2, "1234"]],
  });
  ignored("send-time-long", "A send time of 4 bytes.", BAD, element(1, "abcdef01") + sequence, {
    sequence: 0x1234,
    elements: [[1, "abcdef01"], [2, "1234"]],
  });
  ignored("sequence-short", "A sequence number of one byte.", BAD, element(2, "12") + time, {
    time: 0xabcdef,
    elements: [[2, "12"], [1, "abcdef"]],
  });
  ignored(
    "sequence-long",
    "A sequence number of 4 bytes, as transport-cc version 2 has it.",
    BAD,
    element(2, "12340001") + time,
    {
      time: 0xabcdef,
      elements: [[2, "12340001"], [1, "abcdef"]],
    },
  );
  ignored(
    "overrun-second",
    "The second element runs past the end: the first counts.",
    BAD,
    time + element(2, "123456", 3),
    {
      time: 0xabcdef,
      elements: [[1, "abcdef"]],
    },
  );
  ignored("overrun-first", "The first element runs past the end: nothing is left.", BAD, element(1, "abcdef", 15), {});
  ignored("overrun-head-only", "A head byte at the end, without its data.", BAD, "000000" + "10", {});
  ignored(
    "overrun-unknown",
    "An unknown element that runs past the end hides what follows.",
    BAD,
    element(7, "000000", 9) + time,
    {},
  );

  group.acceptable(
    "id-0-with-length",
    "Id 0 with a length that is not 0: the library ends the list there.",
    BAD,
    { hex: inPacket(time + "02" + "aabbcc" + sequence + "00") },
    { expected: answer({ time: 0xabcdef, elements: [[1, "abcdef"]] }) },
    { flags: ["OpenInRfc"] },
  );
  group.acceptable(
    "element-twice",
    "The same element twice: the library takes the later one.",
    "ARC-RTP-ext-send-time",
    { hex: inPacket(time + element(1, "000001")) },
    { expected: answer({ time: 1, elements: [[1, "abcdef"], [1, "000001"]] }) },
    { flags: ["OpenInRfc"] },
  );
  return group;
}

/** Times that have an exact value in steps of 2^-18 s, so that no rounding is at stake. */
function sendTime(): Group {
  const group = new Group("rtp.send_time");
  const SECOND = 1 << 18;
  const at = (id: string, comment: string, unixMs: number, sendTime: number) =>
    group.valid(id, comment, "ARC-RTP-ext-send-time", { unix_ms: unixMs }, { send_time: sendTime });
  // 1970-01-01 is 2,208,988,800 s of NTP: a multiple of 64.
  at("unix-epoch", "The Unix epoch is a multiple of 64 s of NTP.", 0, 0);
  at("one-second", "One second is 2^18 steps.", 1000, SECOND);
  at("half-second", "The fraction stands below the seconds.", 500, SECOND / 2);
  at("eighth", "125 ms.", 1_700_000_000_125, ((1_700_000_000 % 64) * SECOND) + SECOND / 8);
  at("last-second", "The last second before the wrap.", 63_000, 63 * SECOND);
  at("wrap", "After 64 s the time starts over.", 64_000, 0);
  at(
    "today",
    "Only the low 6 bits of the seconds count.",
    1_760_000_033_750,
    ((1_760_000_033 % 64) * SECOND) + SECOND * 3 / 4,
  );
  return group;
}
