/** Sequences of packets at one receiver: replay window, rollover counter, resynchronisation. SPEC clause 4.2. */
import { Group, type Json, type VectorFile, vectorFile } from "./case.ts";
import { mediaProtection, protect, protectionJson } from "./sealing.ts";
import { flip, packet } from "./wire.ts";

export function replayVectors(): VectorFile {
  return vectorFile(
    "replay",
    "One stateful receiver over a list of packets, each named by its 48-bit index (ROC times 65536 plus sequence number): what is accepted, and what is refused as a replay.",
    {
      "Forged": {
        meaning: "A unit whose tag was changed: it fails authentication and must change nothing.",
        requirements: ["ARC-SRTP-receive-order", "ARC-SRTP-commit-after-auth"],
      },
      "Time": {
        meaning: "Units have the time of their arrival in `at_ms`. The receiver begins at 0.",
        requirements: ["ARC-SRTP-roc-resync"],
      },
      "Knob": {
        meaning:
          "A configuration that must not exist. An implementation in which it cannot be said may answer `error`.",
        requirements: ["ARC-SRTP-replay-window-size", "ARC-SRTP-replay-always-on"],
      },
    },
    [windows(), windowSizes(), rollover(), resync(), withMac()],
  );
}

/** One packet, and why it is refused; accepted without a reason. */
interface Step {
  readonly index: number;
  readonly refused?: string;
  /** The tag is changed. */
  readonly forged?: boolean;
  readonly ssrc?: number;
  readonly atMs?: number;
  /** The unit as it comes, where it is none of the packets of the stream. */
  readonly hex?: string;
}

const NONE = mediaProtection("aes-128-gcm", "none");
const MAC = mediaProtection("aes-128-gcm", "hmac-sha256-80");

function plainOf({ index, ssrc }: Step): string {
  return packet({ sequence: index % 65536, timestamp: 0, ...(ssrc === undefined ? {} : { ssrc }), payload: "aa" });
}

function wireOf(step: Step, protection = NONE): string {
  if (step.hex !== undefined) return step.hex;
  const wire = protect(protection, plainOf(step), Math.floor(step.index / 65536));
  return step.forged === true ? flip(wire, 17) : wire;
}

/** Accepted at these indexes, in this order. */
function accept(...indexes: readonly number[]): Step[] {
  return indexes.map((index) => ({ index }));
}

function replay(index: number): Step {
  return { index, refused: "replay" };
}

function forged(index: number, refused = "decrypt"): Step {
  return { index, refused, forged: true };
}

class Sequences extends Group {
  /** Valid when every unit that is not forged is accepted, else invalid. */
  sequence(
    id: string,
    comment: string,
    requirements: string,
    steps: readonly Step[],
    changes: Json = {},
    protection = NONE,
  ): void {
    const timed = steps.some(({ atMs }) => atMs !== undefined);
    const packets = steps.map((step) =>
      timed ? { hex: wireOf(step, protection), at_ms: step.atMs ?? 0 } : wireOf(step, protection)
    );
    const results = steps.map((step) =>
      step.refused === undefined ? { hex: plainOf(step) } : { fault: { reason: step.refused } }
    );
    const flags = [...(steps.some((step) => step.forged) ? ["Forged"] : []), ...(timed ? ["Time"] : [])];
    const refusesGood = steps.some((step) => step.refused !== undefined && step.forged !== true);
    const trace = { indexes: steps.map(({ index }) => index) };
    if (refusesGood) {
      this.invalid(id, comment, requirements, { ...changes, packets }, { expected: { results } }, { flags, trace });
    } else this.valid(id, comment, requirements, { ...changes, packets }, { results }, { flags, trace });
  }
}

const WINDOW = "ARC-SRTP-replay-window";
const BEFORE = "ARC-SRTP-replay-before-auth";
const ORDER = "ARC-SRTP-receive-order ARC-SRTP-commit-after-auth";
const ESTIMATE = "ARC-SRTP-index-estimate";

function windows(): Group {
  const group = new Sequences("srtp.receive", protectionJson(NONE));
  const add = group.sequence.bind(group);
  add("in-order", "Three packets in their order.", WINDOW, accept(100, 101, 102));
  add("reordered", "The second and third packet change places.", WINDOW, accept(100, 102, 101, 103));
  add("reversed", "Eight packets in the opposite order.", WINDOW, accept(107, 106, 105, 104, 103, 102, 101, 100));
  add("duplicate", "The same packet twice in a row.", `${BEFORE} ${WINDOW}`, [...accept(100), replay(100)]);
  add("duplicate-of-older", "A packet comes again behind later ones.", `${BEFORE} ${WINDOW}`, [
    ...accept(100, 101, 102),
    replay(100),
    ...accept(103),
  ]);
  add("duplicate-of-reordered", "A packet that came late comes again.", `${BEFORE} ${WINDOW}`, [
    ...accept(100, 102, 101),
    replay(101),
  ]);
  add("three-times", "Every repetition is refused, not only the first.", BEFORE, [
    ...accept(100),
    replay(100),
    replay(100),
  ]);
  add("first-packet-0", "Index 0 comes first, and again.", BEFORE, [...accept(0), replay(0), ...accept(1)]);
  add("replay-forged", "A replay whose tag is wrong is refused as a replay: nothing was decrypted.", BEFORE, [
    ...accept(100),
    forged(100, "replay"),
  ]);
  add("window-edge-64", "The lowest index within a window of 64: 63 below the highest.", WINDOW, accept(200, 137));
  add("window-below-64", "One below the window, never seen, and refused: nobody can tell.", `${WINDOW} ${BEFORE}`, [
    ...accept(200),
    replay(136),
  ]);
  add("window-below-forged", "Below the window and forged: a replay, since nothing was decrypted.", BEFORE, [
    ...accept(200),
    forged(136, "replay"),
  ]);
  add("window-slides-by-one", "The window slides by one: what was its lowest place is now below.", WINDOW, [
    ...accept(200, 137, 201),
    replay(137),
    ...accept(138),
  ]);
  add("window-slides-by-63", "The window slides by 63: the old highest is now the lowest place, and seen.", WINDOW, [
    ...accept(200, 263),
    replay(200),
    replay(199),
    ...accept(201),
  ]);
  add("window-slides-by-64", "The window slides by its whole size: nothing in it has been seen.", WINDOW, [
    ...accept(200, 264),
    replay(200),
    ...accept(201, 263),
  ]);
  add("window-slides-far", "The window slides by far more than its size.", WINDOW, [
    ...accept(200, 10000),
    replay(200),
    ...accept(9937, 9999),
    replay(9936),
  ]);
  add(
    "same-place-of-ring",
    "An index 64 above has the same place in a bitmap of 64: it is not the same packet.",
    WINDOW,
    [...accept(100, 101, 164), replay(100), replay(101), ...accept(102, 165)],
  );
  add("gaps-stay-open", "Two lost packets stay welcome while they are within the window.", WINDOW, [
    ...accept(100, 103, 104),
    ...accept(101, 102),
    replay(101),
    replay(102),
    replay(103),
  ]);
  add("forged-moves-nothing", "A forged packet far ahead would shut out the real ones if it moved the window.", ORDER, [
    ...accept(100),
    forged(20000),
    ...accept(101, 99),
  ]);
  add("forged-marks-nothing", "A forged packet does not use up its index.", ORDER, [
    ...accept(100),
    forged(101),
    ...accept(101),
    replay(101),
  ]);
  add("forged-first", "The first packet that comes is forged: there still is no reference.", ORDER, [
    forged(40000),
    ...accept(100, 101),
  ]);
  add("forged-many", "Forged packets around the window change nothing.", ORDER, [
    ...accept(100),
    forged(150),
    forged(90),
    forged(164),
    forged(101),
    ...accept(37, 101),
  ]);
  add("forged-late", "A forged late packet does not use up the place of the real one.", ORDER, [
    ...accept(100, 110),
    forged(105),
    ...accept(105),
    replay(105),
  ]);
  add(
    "malformed-between",
    "Units that do not parse, or are too short for their tags, change nothing.",
    "ARC-SRTP-receive-order ARC-SRTP-short-packet",
    [
      ...accept(100),
      { index: 101, hex: packet({ sequence: 101, timestamp: 0 }), refused: "truncated" },
      ...accept(101),
    ],
  );
  const OTHER = 0x0d0d0d0d;
  add("ssrcs-apart", "Two SSRCs under the same keys: each has a window of its own.", WINDOW, [
    { index: 100 },
    { index: 100, ssrc: OTHER },
    { index: 101 },
    { index: 5000, ssrc: OTHER },
    { index: 102 },
    { index: 99 },
  ]);
  add("ssrcs-apart-replay", "Each SSRC refuses its own replays.", `${BEFORE} ${WINDOW}`, [
    { index: 100 },
    { index: 100, ssrc: OTHER },
    { index: 100, ssrc: OTHER, refused: "replay" },
    replay(100),
    { index: 101, ssrc: OTHER },
  ]);
  return group;
}

function windowSizes(): Group {
  const group = new Sequences("srtp.receive", protectionJson(NONE));
  const SIZE = "ARC-SRTP-replay-window-size ARC-SRTP-replay-window";
  for (const window of [64, 128, 1024, 4096]) {
    group.sequence(`window-${window}`, `A window of ${window}: its lowest place, and one below.`, SIZE, [
      ...accept(10000, 10000 - window + 1),
      replay(10000 - window),
      replay(10000 - window + 1),
    ], { window });
  }
  group.sequence("window-default", "Without a size the window has 64.", WINDOW, [...accept(10000, 9937), replay(9936)]);
  group.sequence("window-4096-over-wrap", "A large window spans a rollover.", `${SIZE} ${ESTIMATE}`, [
    ...accept(65530, 67000, 65531, 65536),
    replay(65530),
    replay(65536),
  ], { window: 4096 });
  const refuse = (window: number, why: string, requirements = "ARC-SRTP-replay-window-size") =>
    group.invalid(`window-${window}-refused`, why, requirements, { window, packets: [] }, {
      fault: { reason: "bad_value", path: "$.window" },
    }, { flags: ["Knob"] });
  refuse(
    0,
    "A window of 0 would be replay protection switched off.",
    "ARC-SRTP-replay-always-on ARC-SRTP-replay-window-size",
  );
  refuse(1, "A window of 1.", "ARC-SRTP-replay-always-on ARC-SRTP-replay-window-size");
  refuse(32, "Half of the smallest window.");
  refuse(65, "Not a multiple of 64.");
  refuse(4160, "One step above the largest.");
  return group;
}

function rollover(): Group {
  const group = new Sequences("srtp.receive", protectionJson(NONE));
  const add = group.sequence.bind(group);
  const ROC = "ARC-SRTP-roc-start ARC-SRTP-index-estimate";
  add("wrap", "The sequence number wraps and the ROC grows.", ROC, accept(65534, 65535, 65536, 65537));
  add("wrap-with-loss", "The packets around the wrap are lost.", ROC, accept(65500, 65600));
  add(
    "wrap-reordered",
    "A packet from before the wrap comes behind one from after it.",
    ESTIMATE,
    accept(65534, 65536, 65535, 65537),
  );
  add("wrap-late-replay", "A packet from before the wrap comes again behind it.", `${ESTIMATE} ${BEFORE}`, [
    ...accept(65535, 65536),
    replay(65535),
  ]);
  add("wrap-late-below-window", "A packet from before the wrap is below the window.", `${ESTIMATE} ${WINDOW}`, [
    ...accept(65520, 65600),
    replay(65530),
  ]);
  add("two-wraps", "Two rounds in steps of less than half of one.", ROC, accept(30000, 60000, 90000, 120000, 150000));
  add(
    "wrap-back-and-forth",
    "Around the wrap the estimate goes to and fro.",
    ESTIMATE,
    accept(65535, 65540, 65533, 65539, 65536, 65534, 65541),
  );
  add("forged-wrap", "A forged packet from the next round does not advance the ROC.", `${ORDER} ${ESTIMATE}`, [
    ...accept(60000),
    forged(70000),
    ...accept(60001, 65537),
  ]);
  add("ahead-32767", "The farthest packet ahead that is estimated right from anywhere.", ESTIMATE, accept(100, 32867));
  add(
    "ahead-32768-low",
    "Half a round ahead, below the middle: RFC 3711 stays in the same ROC.",
    ESTIMATE,
    accept(100, 32868),
  );
  add(
    "ahead-32768-high",
    "Half a round ahead, from above the middle: taken for the one half a round behind, in the same ROC.",
    ESTIMATE,
    [
      ...accept(40000),
      replay(40000 + 32768),
      ...accept(40001),
    ],
  );
  add("ahead-40000", "More than half a round ahead is taken for one behind.", ESTIMATE, [
    ...accept(40000),
    replay(80000),
  ]);
  add(
    "before-first",
    "The first packet had sequence number 10: one that would be before index 0 is refused.",
    ESTIMATE,
    [
      ...accept(10),
      { index: 65530, refused: "replay" },
      ...accept(11),
    ],
  );
  add(
    "start-roc",
    "The receiver was told ROC 5.",
    "ARC-SRTP-roc-start ARC-SRTP-roc-announced",
    accept(5 * 65536 + 7, 5 * 65536 + 8),
    { start_roc: 5 },
  );
  add(
    "start-roc-wrap",
    "The told ROC grows as any other.",
    "ARC-SRTP-roc-start ARC-SRTP-roc-announced",
    accept(5 * 65536 + 65535, 6 * 65536),
    { start_roc: 5 },
  );
  add(
    "start-roc-missing",
    "The sender is at ROC 1 and nobody has said so.",
    "ARC-SRTP-roc-announced ARC-SRTP-roc-start",
    [{ index: 65536 + 7, refused: "decrypt" }],
  );
  add("start-roc-too-high", "The receiver was told a ROC that the sender has not reached.", "ARC-SRTP-roc-start", [{
    index: 7,
    refused: "decrypt",
  }], { start_roc: 1 });
  add("roc-high", "ROCs of 32 bits.", ROC, accept(0x80000000 * 65536 + 65535, 0x80000001 * 65536), {
    start_roc: 0x80000000,
  });
  return group;
}

function resync(): Group {
  const group = new Sequences("srtp.receive", protectionJson(NONE));
  const add = (id: string, comment: string, steps: readonly Step[]) =>
    group.sequence(id, comment, "ARC-SRTP-roc-resync", steps);
  const start = { index: 65000, atMs: 0 };
  add(
    "resync-after-1000",
    "After 1000 ms of silence a packet that fails with the estimate is tried with the next ROC.",
    [
      start,
      { index: 65536 + 40000, atMs: 1000 },
      { index: 65536 + 40001, atMs: 1020 },
    ],
  );
  add("resync-not-after-999", "After 999 ms it is not.", [start, {
    index: 65536 + 40000,
    atMs: 999,
    refused: "replay",
  }]);
  add("resync-plus-2", "Two wraps were missed.", [start, { index: 2 * 65536 + 50000, atMs: 5000 }]);
  add("resync-not-plus-3", "A third try is not made, however long the silence.", [
    start,
    { index: 3 * 65536 + 50000, atMs: 60000, refused: "replay" },
  ]);
  add("resync-needs-silence", "A packet that authenticates ends the silence.", [
    start,
    { index: 65001, atMs: 900 },
    { index: 65536 + 40000, atMs: 1100, refused: "replay" },
  ]);
  add("resync-forged-is-silence", "A forged packet does not end the silence.", [
    start,
    { index: 65001, atMs: 900, forged: true, refused: "decrypt" },
    { index: 65536 + 40000, atMs: 1100 },
  ]);
  add("resync-forged-tried", "A forged packet that is tried three times still changes nothing.", [
    start,
    { index: 65536 + 40000, atMs: 2000, forged: true, refused: "replay" },
    { index: 65001, atMs: 2010 },
  ]);
  add("resync-estimate-first", "After a silence a packet that fits the estimate is taken as it is.", [start, {
    index: 65010,
    atMs: 3000,
  }]);
  add("resync-replay-stays", "A silence does not open the window for replays.", [start, {
    index: 65000,
    atMs: 3000,
    refused: "replay",
  }]);
  return group;
}

function withMac(): Group {
  const group = new Sequences("srtp.receive", protectionJson(MAC), "hmac-");
  const add = (id: string, comment: string, requirements: string, steps: readonly Step[]) =>
    group.sequence(id, comment, requirements, steps, {}, MAC);
  add("duplicate", "The same packet twice.", BEFORE, [...accept(100), replay(100)]);
  add("replay-forged", "A replay with a wrong HMAC tag is refused as a replay: no MAC was computed.", BEFORE, [
    ...accept(100),
    forged(100, "replay"),
  ]);
  add("forged-moves-nothing", "A packet that fails the HMAC does not move the window.", ORDER, [
    ...accept(100),
    forged(20000, "auth"),
    ...accept(101, 99),
  ]);
  add(
    "wrap",
    "The ROC is under the HMAC, and grows at the wrap.",
    "ARC-SRTP-hmac-tag ARC-SRTP-index-estimate",
    accept(65535, 65536),
  );
  add("resync", "The HMAC decides which ROC it was.", "ARC-SRTP-roc-resync", [
    { index: 65000, atMs: 0 },
    { index: 65536 + 40000, atMs: 1500 },
  ]);
  const fine = protect(MAC, plainOf({ index: 101 }), 0);
  const badTag = fine.slice(0, -20);
  add("tag-cut-off", "A packet without its HMAC tag changes nothing.", ORDER, [
    ...accept(100),
    { index: 101, hex: badTag, refused: "truncated" },
    ...accept(101),
  ]);
  return group;
}
