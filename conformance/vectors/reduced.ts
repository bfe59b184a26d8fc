/** Reduced headers, both ends: SPEC clause 2.3. */
import { toHex } from "../../lib/base/bytes.ts";
import { unwrapHex } from "./bytes.ts";
import { estimateIndex, packetIndex } from "../../lib/crypto/packet_index.ts";
import { ArcRtpView } from "../../lib/packet/arcrtp.ts";
import { REDUCED_SAVED_BYTES } from "../../lib/packet/reduced.ts";
import { ReducedReceiver } from "../../lib/packet/reduced_receiver.ts";
import { ReducedSender } from "../../lib/packet/reduced_sender.ts";
import { Group, type Json, type VectorFile, vectorFile } from "./case.ts";
import { cut, packet, type PacketFields, u16, u8 } from "./wire.ts";

export function reducedVectors(): VectorFile {
  return vectorFile(
    "reduced",
    "Reduced headers: what a receiver restores from single units, and whole runs of sender and receiver with losses.",
    {
      "SenderChoice": {
        meaning:
          "A sender may send a full header where it may reduce. Compare `expanded`; in `wire` a full header is right where a reduced one is shown, and a reduced one where the rules allow it.",
        requirements: ["ARC-RTP-reduced-eligible", "ARC-RTP-reduced-window"],
      },
      "Forged": {
        meaning:
          "`authentic` is false on a unit: it is expanded, then fails authentication, and must change nothing. In this operation every other unit counts as authentic.",
        requirements: ["ARC-RTP-reduced-expand-first", "ARC-RTP-reduced-reference"],
      },
    },
    [receive(), run(), runInvalid()],
  );
}

const AUDIO = 0xa0a0a0a0;
const VIDEO = 0xb0b0b0b0;
const AUDIO_CONTEXT = { context_id: 0, ssrc: AUDIO, payload_type: 111, quality: 0 };
const VIDEO_CONTEXT = { context_id: 7, ssrc: VIDEO, payload_type: 98, quality: 1 };

/** A full packet of the audio context unless told otherwise. */
function full(sequence: number, timestamp: number, fields: PacketFields = {}): string {
  return packet({ ssrc: AUDIO, payloadType: 111, sequence, timestamp, payload: u16(sequence), ...fields });
}

interface ReducedFields {
  readonly marker?: boolean;
  readonly priority?: number;
  readonly context?: number;
  readonly payload?: string;
}

/** A unit with a reduced header: low bits only. */
function reduced(seq8: number, ts16: number, fields: ReducedFields = {}): string {
  const { marker = false, priority = 0, context = 0, payload = "cafe" } = fields;
  return u8(0xc0 | (marker ? 0x20 : 0) | (priority << 3) | context) + u8(seq8) + u16(ts16) + payload;
}

type Unit = string | { readonly hex: string; readonly authentic: boolean };

function receive(): Group {
  const group = new Group("reduced.receive", { contexts: [AUDIO_CONTEXT, VIDEO_CONTEXT] });
  const units = (list: readonly Unit[]): Json => ({
    units: list.map((unit) => typeof unit === "string" ? { hex: unit } : unit),
  });
  const results = (list: readonly (string | Json)[]): Json => ({
    results: list.map((result) => typeof result === "string" ? { hex: result } : { fault: result }),
  });
  const EXPAND = "ARC-RTP-reduced-expand ARC-RTP-reduced-layout";

  /** One full packet as the reference, then one reduced unit. */
  const after = (
    id: string,
    comment: string,
    [refSequence, refTimestamp]: readonly [number, number],
    [seq8, ts16]: readonly [number, number],
    [sequence, timestamp]: readonly [number, number],
    requirements = EXPAND,
  ) => {
    const reference = full(refSequence, refTimestamp);
    const restored = full(sequence, timestamp, { payload: "cafe" });
    group.valid(id, comment, requirements, units([reference, reduced(seq8, ts16)]), results([reference, restored]));
  };

  after("next", "The next packet.", [1000, 48000], [1001 & 255, 48960], [1001, 48960]);
  after("same-low-bits", "All low bits as in the reference: the distance is 0.", [1000, 48000], [1000 & 255, 48000], [
    1000,
    48000,
  ]);
  after("sequence-ahead-127", "The farthest sequence number ahead.", [1000, 48000], [1127 & 255, 48000], [1127, 48000]);
  after("sequence-tie-128", "At distance 128 both ways the lower value counts.", [1000, 48000], [1128 & 255, 48000], [
    872,
    48000,
  ]);
  after("sequence-behind-1", "One behind: a reordered packet.", [1000, 48000], [999 & 255, 47040], [999, 47040]);
  after("sequence-behind-127", "Far behind.", [1000, 48000], [873 & 255, 48000], [873, 48000]);
  after("sequence-wrap", "Over the end of the sequence numbers.", [65535, 48000], [0, 48960], [0, 48960]);
  after("sequence-wrap-back", "Behind, over the start of the sequence numbers.", [2, 48000], [0xfe, 45120], [
    65534,
    45120,
  ]);
  after("sequence-carry", "The low byte wraps and the high byte grows.", [0x10ff, 0], [0, 960], [0x1100, 960]);
  after("timestamp-ahead-32767", "The farthest timestamp ahead.", [1, 100000], [2, (132767) & 0xffff], [2, 132767]);
  after(
    "timestamp-tie-32768",
    "At distance 32768 both ways the lower value counts.",
    [1, 100000],
    [2, 132768 & 0xffff],
    [
      2,
      67232,
    ],
  );
  after(
    "timestamp-behind-32767",
    "A timestamp far behind, as of a reordered frame.",
    [1, 100000],
    [2, 67233 & 0xffff],
    [
      2,
      67233,
    ],
  );
  after("timestamp-wrap", "Over the end of the timestamps.", [1, 0xffffff00], [2, 0x02c0], [2, 0x2c0]);
  after("timestamp-wrap-back", "Behind, over the start of the timestamps.", [1, 0x100], [2, 0xfd40], [2, 0xfffffd40]);
  after("both-wrap", "Sequence number and timestamp wrap in one packet.", [65535, 0xfffffe00], [0, 0x01c0], [0, 0x1c0]);

  const reference = full(1000, 48000);
  const one = (id: string, comment: string, requirements: string, unit: string, restored: string) =>
    group.valid(id, comment, requirements, units([reference, unit]), results([reference, restored]));
  one(
    "marker",
    "M travels in the reduced header.",
    "ARC-RTP-reduced-layout",
    reduced(0xe9, 48960, { marker: true }),
    full(1001, 48960, { marker: true, payload: "cafe" }),
  );
  for (const priority of [1, 2, 3]) {
    one(
      `priority-${priority}`,
      `PR ${priority} travels in the reduced header.`,
      "ARC-RTP-reduced-layout",
      reduced(0xe9, 48960, { priority }),
      full(1001, 48960, { arc: { priority }, payload: "cafe" }),
    );
  }
  one(
    "no-payload",
    "Four bytes: header and nothing else.",
    "ARC-RTP-reduced-minimum-length",
    reduced(0xe9, 48960, { payload: "" }),
    full(1001, 48960, { payload: "" }),
  );
  const video = packet({
    ssrc: VIDEO,
    payloadType: 98,
    sequence: 5,
    timestamp: 90000,
    arc: { quality: 2, priority: 1, keyPhase: 3 },
  });
  group.valid(
    "context-7",
    "SSRC, payload type and Q come from the context, PR from the header, K from the full packet.",
    "ARC-RTP-reduced-context ARC-RTP-reduced-key-phase ARC-RTP-reduced-expand",
    units([video, reduced(6, 93000 & 0xffff, { context: 7, priority: 2, marker: true })]),
    results([
      video,
      packet({
        ssrc: VIDEO,
        payloadType: 98,
        sequence: 6,
        timestamp: 93000,
        marker: true,
        arc: { quality: 1, priority: 2, keyPhase: 3 },
        payload: "cafe",
      }),
    ]),
  );
  const flagged = full(1000, 48000, { arc: { quality: 2, flags: 3, bandwidth: 800, loss: 9 } });
  group.valid(
    "reference-with-loss-byte",
    "Any full packet can be the reference, whatever its Arc block holds.",
    "ARC-RTP-reduced-reference ARC-RTP-reduced-expand",
    units([flagged, reduced(0xe9, 48960)]),
    results([flagged, full(1001, 48960, { payload: "cafe" })]),
  );
  group.valid(
    "reduced-moves-reference",
    "A reduced packet becomes the reference: the third lies 200 behind the first and 100 behind the second.",
    "ARC-RTP-reduced-reference",
    units([reference, reduced(1100 & 255, 72000 & 0xffff), reduced(1200 & 255, 96000 & 0xffff)]),
    results([reference, full(1100, 72000, { payload: "cafe" }), full(1200, 96000, { payload: "cafe" })]),
  );
  group.valid(
    "late-packet-moves-nothing",
    "A full packet that came late is authentic but not the highest: the reference stays.",
    "ARC-RTP-reduced-reference",
    units([reference, full(900, 40000), reduced(1101 & 255, 48960)]),
    results([reference, full(900, 40000), full(1101, 48960, { payload: "cafe" })]),
  );
  group.valid(
    "late-full-keeps-key-phase",
    "K comes from the full packet with the highest index, not from the last one that came.",
    "ARC-RTP-reduced-key-phase",
    units([
      full(1000, 48000, { arc: { keyPhase: 1 } }),
      full(999, 47040, { arc: { keyPhase: 0 } }),
      reduced(0xe9, 48960),
    ]),
    results([
      full(1000, 48000, { arc: { keyPhase: 1 } }),
      full(999, 47040, { arc: { keyPhase: 0 } }),
      full(1001, 48960, { arc: { keyPhase: 1 }, payload: "cafe" }),
    ]),
  );
  group.valid(
    "wrap-is-higher",
    "Behind a wrap sequence number 3 is higher than 65533, and is the reference.",
    "ARC-RTP-reduced-reference",
    units([full(65533, 48000), full(3, 53760), reduced(100, 60000)]),
    results([full(65533, 48000), full(3, 53760), full(100, 60000, { payload: "cafe" })]),
  );
  const forged = (id: string, comment: string, unit: string, shown: string) =>
    group.valid(
      id,
      comment,
      "ARC-RTP-reduced-reference ARC-RTP-reduced-expand-first",
      units([reference, { hex: unit, authentic: false }, reduced(0xe9, 48960)]),
      results([reference, shown, full(1001, 48960, { payload: "cafe" })]),
      { flags: ["Forged"] },
    );
  forged(
    "forged-full",
    "A forged full packet far ahead does not move the reference.",
    full(1200, 96000),
    full(1200, 96000),
  );
  forged(
    "forged-reduced",
    "A forged reduced packet does not move the reference.",
    reduced(1120 & 255, 80000 & 0xffff),
    full(1120, 80000, { payload: "cafe" }),
  );
  forged(
    "forged-key-phase",
    "A forged full packet of another key phase does not change K.",
    full(1001, 48960, { arc: { keyPhase: 2 } }),
    full(1001, 48960, { arc: { keyPhase: 2 } }),
  );
  group.valid(
    "contexts-share-reference",
    "Two contexts of one SSRC: the reference belongs to the SSRC.",
    "ARC-RTP-reduced-reference ARC-RTP-reduced-context",
    {
      contexts: [AUDIO_CONTEXT, { ...AUDIO_CONTEXT, context_id: 3, quality: 2 }],
      ...units([reference, reduced(0xe9, 48960, { context: 3 }), reduced(0xea, 49920)]),
    },
    results([
      reference,
      full(1001, 48960, { arc: { quality: 2 }, payload: "cafe" }),
      full(1002, 49920, { payload: "cafe" }),
    ]),
  );

  const NO_CONTEXT = "ARC-RTP-reduced-no-context";
  const refuse = (
    id: string,
    comment: string,
    requirements: string,
    list: readonly Unit[],
    shown: readonly (string | Json)[],
  ) => group.invalid(id, comment, requirements, units(list), { expected: results(shown) });
  const bad = { reason: "bad_context", offset: 0 };
  refuse("no-full-packet-yet", "The context is defined, but its SSRC has sent no full packet.", NO_CONTEXT, [
    reduced(1, 960),
  ], [bad]);
  refuse("other-ssrc-only", "A full packet of another SSRC is no reference.", NO_CONTEXT, [video, reduced(6, 960)], [
    video,
    bad,
  ]);
  refuse("context-undefined", "Context 1 is not defined.", NO_CONTEXT, [
    reference,
    reduced(0xe9, 48960, { context: 1 }),
  ], [
    reference,
    bad,
  ]);
  group.invalid(
    "context-undefined-recovers",
    "A refused unit changes nothing: the next one of a defined context expands.",
    NO_CONTEXT,
    units([reference, reduced(0xe9, 48960, { context: 5 }), reduced(0xea, 49920)]),
    { expected: results([reference, bad, full(1002, 49920, { payload: "cafe" })]) },
  );
  group.invalid(
    "only-forged-full",
    "A full packet that was not authentic is no reference.",
    `${NO_CONTEXT} ARC-RTP-reduced-reference`,
    units([{ hex: reference, authentic: false }, reduced(0xe9, 48960)]),
    { expected: results([reference, bad]) },
    { flags: ["Forged"] },
  );
  for (const bytes of [1, 2, 3]) {
    refuse(
      `cut-${bytes}`,
      `A unit of the reduced class with ${bytes} of its 4 bytes.`,
      "ARC-RTP-reduced-minimum-length",
      [reference, cut(reduced(0xe9, 48960), bytes)],
      [reference, { reason: "truncated", offset: bytes, need: 4 }],
    );
  }
  return group;
}

interface Sent {
  readonly hex: string;
  readonly atMs: number;
}

function run(): Group {
  const group = new Group("reduced.run");
  const add = (
    id: string,
    comment: string,
    requirements: string,
    contexts: readonly Json[],
    sent: readonly Sent[],
    lost: readonly number[] = [],
  ) =>
    group.valid(
      id,
      comment,
      requirements,
      { contexts, packets: sent.map(({ hex, atMs }) => ({ hex, at_ms: atMs })), lost },
      runBoth(contexts, sent, lost),
      { flags: ["SenderChoice"] },
    );
  /** `count` audio packets, one every `stepMs`. */
  const audio = (
    count: number,
    sequence: number,
    timestamp: number,
    stepMs: number,
    fields: PacketFields = {},
    atMs = 0,
  ): Sent[] =>
    Array.from({ length: count }, (_, i) => ({
      hex: full((sequence + i) & 0xffff, (timestamp + i * stepMs * 48) >>> 0, fields),
      atMs: atMs + i * stepMs,
    }));
  const contexts = [AUDIO_CONTEXT];
  const LOSSLESS = "ARC-RTP-reduced-lossless";
  const WINDOW = "ARC-RTP-reduced-window";

  add(
    "steady",
    "Audio every 20 ms: three full headers, then reduced ones, and a full one every 120 ms.",
    `${LOSSLESS} ARC-RTP-reduced-first-three ARC-RTP-reduced-refresh`,
    contexts,
    audio(16, 1000, 48000, 20),
  );
  add(
    "fast",
    "Packets every 2 ms: a full header at least once in 32 packets.",
    "ARC-RTP-reduced-refresh",
    contexts,
    audio(40, 1000, 48000, 2),
  );
  add(
    "slow",
    "Packets every 150 ms: none can be reduced, since 120 ms are over each time.",
    "ARC-RTP-reduced-refresh",
    contexts,
    audio(6, 1000, 48000, 150),
  );
  add(
    "first-three",
    "The first three packets of an SSRC.",
    "ARC-RTP-reduced-first-three",
    contexts,
    audio(4, 0, 0, 10),
  );
  add(
    "sequence-wraps",
    "The sequence number wraps while headers are reduced.",
    LOSSLESS,
    contexts,
    audio(10, 65531, 48000, 10),
  );
  add(
    "timestamp-wraps",
    "The timestamp wraps while headers are reduced.",
    LOSSLESS,
    contexts,
    audio(10, 500, 0xfffff800, 10),
  );
  add("reduced-lost", "A lost reduced packet costs itself.", LOSSLESS, contexts, audio(10, 1000, 48000, 10), [4, 6]);
  add(
    "full-lost",
    "A lost full header costs that packet alone.",
    `${WINDOW} ${LOSSLESS}`,
    contexts,
    audio(18, 1000, 48000, 20),
    [8],
  );
  add(
    "first-full-lost",
    "The first packet is lost: the second is the first reference.",
    "ARC-RTP-reduced-first-three",
    contexts,
    audio(6, 1000, 48000, 10),
    [0],
  );
  add(
    "first-two-lost",
    "Two of the three first packets are lost.",
    "ARC-RTP-reduced-first-three",
    contexts,
    audio(6, 1000, 48000, 10),
    [0, 1],
  );
  add(
    "all-fulls-lost",
    "All full headers so far are lost: nothing can be expanded until the next.",
    "ARC-RTP-reduced-no-context ARC-RTP-reduced-refresh",
    contexts,
    audio(16, 1000, 48000, 20),
    [0, 1, 2],
  );

  const jump = (id: string, comment: string, sequence: number, timestamp: number) =>
    add(id, comment, WINDOW, contexts, [
      ...audio(4, 1000, 48000, 10),
      ...audio(3, sequence, timestamp, 10, {}, 40),
    ]);
  jump("sequence-jump-65", "A jump of more than 64 behind the last two full headers.", 1069, 49920);
  jump("sequence-at-64", "Exactly 64 from the older of the last two full headers.", 1065, 49920);
  jump("timestamp-jump", "A pause in speech: the timestamp jumps by more than 32767.", 1004, 148000);
  jump("timestamp-back", "The timestamp jumps back by more than 32767.", 1004, 4000);
  add(
    "frames-out-of-order",
    "Video frames whose timestamps go back, as with B frames.",
    LOSSLESS,
    [VIDEO_CONTEXT],
    [0, 9000, 3000, 6000, 18000, 12000, 15000, 27000].map((offset, i) => ({
      hex: packet({
        ssrc: VIDEO,
        payloadType: 98,
        sequence: 10 + i,
        timestamp: 90000 + offset,
        marker: true,
        arc: { quality: 1, priority: 2 },
        payload: u8(i),
      }),
      atMs: i * 10,
    })),
  );
  add(
    "sent-out-of-order",
    "Packets leave out of the order of their sequence numbers.",
    LOSSLESS,
    contexts,
    [0, 1, 2, 4, 3, 5, 7, 6].map((offset, i) => ({ hex: full(1000 + offset, 48000 + offset * 480), atMs: i * 10 })),
  );
  add(
    "marker-and-priority",
    "M and PR change from packet to packet and travel along.",
    `${LOSSLESS} ARC-RTP-reduced-layout`,
    contexts,
    Array.from(
      { length: 8 },
      (_, i) => ({
        hex: full(1000 + i, 48000 + i * 480, { marker: i % 3 === 0, arc: { priority: i & 3 } }),
        atMs: i * 10,
      }),
    ),
  );

  const second = { ...AUDIO_CONTEXT, context_id: 1, quality: 1 };
  add(
    "quality-switch",
    "A change of Q goes out with a full header; then the other context is used.",
    "ARC-RTP-quality-switch ARC-RTP-reduced-context",
    [AUDIO_CONTEXT, second],
    Array.from(
      { length: 10 },
      (_, i) => ({ hex: full(1000 + i, 48000 + i * 480, { arc: { quality: i < 5 ? 0 : 1 } }), atMs: i * 10 }),
    ),
  );
  add(
    "quality-without-context",
    "There is no context for the new Q: full headers.",
    "ARC-RTP-reduced-eligible",
    contexts,
    Array.from(
      { length: 8 },
      (_, i) => ({ hex: full(1000 + i, 48000 + i * 480, { arc: { quality: i < 5 ? 0 : 3 } }), atMs: i * 10 }),
    ),
  );
  add(
    "new-epoch",
    "Only full headers for 1 second after K has changed, then reduced ones with the new K.",
    "ARC-RTP-reduced-epoch-pause ARC-RTP-reduced-key-phase",
    contexts,
    Array.from(
      { length: 18 },
      (_, i) => ({ hex: full(1000 + i, 48000 + i * 4800, { arc: { keyPhase: i < 5 ? 0 : 1 } }), atMs: i * 100 }),
    ),
  );
  const oddOne = (id: string, comment: string, fields: PacketFields) =>
    add(
      id,
      comment,
      "ARC-RTP-reduced-eligible",
      contexts,
      audio(6, 1000, 48000, 10).map((sent, i) => i === 4 ? { hex: full(1004, 49920, fields), atMs: 40 } : sent),
    );
  oddOne("odd-padding", "A packet with padding keeps its full header.", { padding: true, payload: "aa01" });
  oddOne("odd-extension", "A packet with an extension keeps its full header.", {
    extension: { profile: 0xbede, data: "12345678" },
  });
  oddOne("odd-csrc", "A packet with a CSRC keeps its full header.", { csrc: [1] });
  oddOne("odd-flags", "A packet with a loss byte keeps its full header.", { arc: { flags: 2, loss: 3 } });
  oddOne("odd-bandwidth", "A packet with a bandwidth estimate keeps its full header.", {
    arc: { flags: 1, bandwidth: 0 },
  });
  oddOne(
    "odd-bandwidth-without-flag",
    "A value in the bandwidth field that means nothing still could not be restored.",
    { arc: { bandwidth: 1 } },
  );
  oddOne("odd-undefined-flag", "An undefined flag could not be restored.", { arc: { flags: 0x10 } });
  oddOne("odd-reserved", "Reserved bits could not be restored.", { arc: { reserved: 1 } });
  oddOne("odd-payload-type", "A payload type other than the context's could not be restored.", { payloadType: 112 });
  add(
    "no-context",
    "An SSRC without a context sends full headers only.",
    "ARC-RTP-reduced-eligible",
    [VIDEO_CONTEXT],
    audio(5, 1000, 48000, 10),
  );
  add(
    "two-ssrcs",
    "Two SSRCs take turns; each has its own reference.",
    `ARC-RTP-reduced-reference ${LOSSLESS}`,
    [AUDIO_CONTEXT, VIDEO_CONTEXT],
    Array.from({ length: 14 }, (_, i) => ({
      hex: i % 2 === 0 ? full(1000 + i / 2, 48000 + i * 480) : packet({
        ssrc: VIDEO,
        payloadType: 98,
        sequence: 9 + i,
        timestamp: 7 + i * 1500,
        arc: { quality: 1, priority: 2 },
        payload: u8(i),
      }),
      atMs: i * 10,
    })),
  );
  return group;
}

function runInvalid(): Group {
  const group = new Group("reduced.run", { packets: [], lost: [] });
  const clash = (id: string, comment: string, changes: Json) =>
    group.invalid(id, comment, "ARC-RTP-reduced-context-unique", {
      contexts: [AUDIO_CONTEXT, { ...AUDIO_CONTEXT, ...changes }],
    }, {
      fault: { reason: "bad_state", path: "$.contexts[1]" },
    });
  clash("context-other-ssrc", "A context id is given to a second SSRC.", { ssrc: VIDEO });
  clash("context-other-payload-type", "A context id gets another payload type.", { payload_type: 98 });
  clash("context-other-quality", "A context id gets another quality.", { quality: 1 });
  group.valid(
    "context-repeated",
    "The same definition again, as in a repeated STREAM_START, defines nothing new.",
    "ARC-RTP-reduced-context-unique",
    {
      contexts: [AUDIO_CONTEXT, AUDIO_CONTEXT],
    },
    { wire: [], expanded: [] },
  );
  return group;
}

/** The library's sender and receiver over the packets. */
function runBoth(contexts: readonly Json[], sent: readonly Sent[], lost: readonly number[]): Json {
  const sender = new ReducedSender();
  const receiver = new ReducedReceiver();
  for (const { context_id, ssrc, payload_type, quality } of contexts as readonly Record<string, number>[]) {
    const context = { contextId: context_id, ssrc, payloadType: payload_type, quality };
    sender.define(context);
    receiver.define(context);
  }
  const highest = new Map<number, number>();
  const view = new ArcRtpView();
  const wire: string[] = [];
  const expanded: (string | null)[] = [];
  for (const [i, { hex, atMs }] of sent.entries()) {
    const bytes = unwrapHex(hex);
    const start = sender.reduce(bytes, 0, bytes.length, atMs);
    wire.push(toHex(bytes.subarray(start)));
    bytes.fill(0, 0, start);
    if (lost.includes(i) || (start > 0 && !receiver.expand(bytes, start, bytes.length))) {
      expanded.push(null);
      continue;
    }
    view.parse(bytes, start > 0 ? start - REDUCED_SAVED_BYTES : 0);
    const before = highest.get(view.ssrc);
    const index = before === undefined
      ? packetIndex(0, view.sequenceNumber)
      : estimateIndex(view.sequenceNumber, before);
    highest.set(view.ssrc, Math.max(index, before ?? 0));
    receiver.authenticated(view, index, start > 0);
    expanded.push(toHex(bytes));
  }
  return { wire, expanded };
}
