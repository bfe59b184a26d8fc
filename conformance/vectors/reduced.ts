/** Reduced headers at a receiver: SPEC clause 2.3. */
import { Group, type Json, type VectorFile, vectorFile } from "./case.ts";
import { run, runInvalid } from "./reduced_runs.ts";
import { AUDIO_CONTEXT, full, reduced, VIDEO, VIDEO_CONTEXT } from "./reduced_units.ts";
import { cut, packet } from "./wire.ts";

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
