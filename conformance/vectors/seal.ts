/** Sealed JSON: SPEC clause 5.6.1. */
import { toHex, utf8 } from "../../lib/base/bytes.ts";
import { nobleBackend } from "../../lib/crypto/backend_noble.ts";
import { sealingKey } from "../../lib/crypto/key_schedule.ts";
import { SEAL_OVERHEAD_BYTES, Sealer } from "../../lib/crypto/seal.ts";
import { type CaseFault, Group, type Json, type VectorFile, vectorFile } from "./case.ts";
import { CALLEE, CALLER, epochs } from "./party.ts";
import { cut, flip, hexOf, sizeOf } from "./wire.ts";

export function sealVectors(): VectorFile {
  return vectorFile(
    "seal",
    "JSON sealed under the sender's key: single units, and one receiver over several.",
    {
      "FlippedBit": {
        meaning: "One bit of a good unit is changed.",
        requirements: ["ARC-SEAL-tag"],
      },
      "NotAccepted": {
        meaning: "The unit is not sealed at all; opening it as a sealed one must fail, under whatever reason.",
        requirements: ["ARC-SEAL-recognise"],
      },
    },
    [protect(), receive()],
  );
}

const HEARTBEAT = '{"type":"HEARTBEAT","session_id":"550e8400-e29b-41d4-a716-446655440000","sequence":1,"timestamp":2}';
const SMALL = '{"type":"ACK"}';

function seal(json: string, counter: number, peerId = CALLER, epoch: 0 | 1 | 2 = 0): string {
  const bytes = utf8(json);
  const unit = new Uint8Array(bytes.length + SEAL_OVERHEAD_BYTES);
  const sealer = new Sealer(nobleBackend.importMac(sealingKey(epochs()[epoch].master, peerId)), counter);
  if (!sealer.seal(bytes, unit).ok) throw new Error(`Cannot seal ${json}`);
  return toHex(unit);
}

function common(): Json {
  return { master_key: toHex(epochs()[0].master), peer_id: CALLER };
}

function protect(): Group {
  const group = new Group("seal.protect", common());
  const trace = { sealing_key: toHex(sealingKey(epochs()[0].master, CALLER)) };
  const FORMAT = "ARC-SEAL-format ARC-SEAL-tag ARC-KEY-schedule-seal-key";
  const add = (id: string, comment: string, requirements: string, json: string, counter: number) =>
    group.valid(id, comment, requirements, { counter, json }, { hex: seal(json, counter) }, { trace });
  add("first", "The first unit of an epoch has counter 0.", `${FORMAT} ARC-SEAL-counter`, HEARTBEAT, 0);
  add("shortest", "An object without members: 25 bytes.", `${FORMAT} ARC-SEAL-recognise`, "{}", 1);
  add("counter-256", "A counter of two bytes.", FORMAT, SMALL, 256);
  add("counter-32-bits", "A counter above 32 bits.", FORMAT, SMALL, 2 ** 32 + 5);
  add("counter-last", "The last counter of 48 bits.", "ARC-SEAL-format ARC-SEAL-counter", SMALL, 2 ** 48 - 1);
  add("utf8", "Text outside of ASCII is sealed as its UTF-8.", FORMAT, '{"message":"\u00e4\u20ac\ud83d\ude00"}', 3);
  add(
    "largest",
    "1232 bytes in all.",
    "ARC-UNIT-sealed-size ARC-SEAL-format",
    `{"pad":"${"x".repeat(1232 - 23 - 10)}"}`,
    4,
  );
  group.valid("other-peer", "The callee's key is another one.", "ARC-SEAL-direction ARC-KEY-schedule-seal-key", {
    peer_id: CALLEE,
    counter: 0,
    json: HEARTBEAT,
  }, {
    hex: seal(HEARTBEAT, 0, CALLEE),
  }, { trace: { sealing_key: toHex(sealingKey(epochs()[0].master, CALLEE)) } });
  group.invalid("too-large", "1233 bytes in all: a peer must not send it.", "ARC-UNIT-sealed-size", {
    counter: 0,
    json: `{"pad":"${"x".repeat(1233 - 23 - 10)}"}`,
  }, { fault: { reason: "too_large" } });
  group.invalid("counter-used-up", "The counter behind the last would repeat one.", "ARC-SEAL-counter", {
    counter: 2 ** 48,
    json: SMALL,
  }, {
    fault: { reason: "bad_state" },
  });
  return group;
}

type Step = readonly [unit: string, result: string | CaseFault];

function receive(): Group {
  const group = new Group("seal.receive", common(), "receive-");
  const results = (steps: readonly Step[]): Json => ({
    results: steps.map(([, result]) => typeof result === "string" ? { json: result } : { fault: result }),
  });
  const valid = (id: string, comment: string, requirements: string, steps: readonly Step[]) =>
    group.valid(id, comment, requirements, { units: steps.map(([unit]) => unit) }, results(steps));
  const invalid = (
    id: string,
    comment: string,
    requirements: string,
    steps: readonly Step[],
    changes: Json = {},
    flags: readonly string[] = [],
  ) =>
    group.invalid(id, comment, requirements, { ...changes, units: steps.map(([unit]) => unit) }, {
      expected: results(steps),
    }, { flags });
  const at = (counter: number): Step => [seal(SMALL, counter), SMALL];
  const textBytes = sizeOf(hexOf(SMALL));
  const auth: CaseFault = { reason: "auth", offset: textBytes + 7 };
  const replay: CaseFault = { reason: "replay", offset: textBytes + 1 };

  valid("one", "A unit with counter 0.", "ARC-SEAL-format ARC-SEAL-recognise", [[seal(HEARTBEAT, 0), HEARTBEAT]]);
  valid("shortest", "25 bytes, the least that a sealed unit has.", "ARC-SEAL-recognise", [[seal("{}", 0), "{}"]]);
  valid(
    "not-an-object",
    "The seal says nothing of what is in it; the message is judged behind it.",
    "ARC-SEAL-format",
    [[seal("{]", 0), "{]"]],
  );
  valid("reordered", "Counters out of order within the window.", "ARC-SEAL-replay", [at(5), at(7), at(6)]);
  valid("starts-anywhere", "The first unit that comes may have any counter.", "ARC-SEAL-replay", [at(2 ** 48 - 1)]);
  valid("window-edge", "The lowest counter within a window of 64.", "ARC-SEAL-replay", [at(100), at(37)]);
  invalid("duplicate", "The same unit twice.", "ARC-SEAL-replay", [at(5), [seal(SMALL, 5), replay]]);
  invalid(
    "duplicate-other-text",
    "Another text under a counter that was used: the counter decides.",
    "ARC-SEAL-replay",
    [at(5), [seal("{}", 5), { reason: "replay", offset: 3 }]],
  );
  invalid("duplicate-forged", "A replay is refused before its tag is looked at.", "ARC-SEAL-replay", [at(5), [
    flip(seal(SMALL, 5), -1),
    replay,
  ]]);
  invalid("below-window", "One below the window of 64.", "ARC-SEAL-replay", [at(100), [seal(SMALL, 36), replay]]);
  invalid(
    "forged-marks-nothing",
    "A forged unit neither marks its counter nor moves the window.",
    "ARC-SEAL-replay ARC-SEAL-wrong-tag",
    [
      at(5),
      [flip(seal(SMALL, 9000), -1), auth],
      [flip(seal(SMALL, 6), -1), auth],
      at(6),
      at(4),
    ],
  );
  const flipped = (id: string, comment: string, at: number, mask = 0x01) =>
    invalid(`flip-${id}`, comment, "ARC-SEAL-tag ARC-SEAL-wrong-tag", [[flip(seal(SMALL, 5), at, mask), auth]], {}, [
      "FlippedBit",
    ]);
  flipped("text-first", "A bit of the brace: the unit would not even be JSON.", 0, 0x01);
  flipped("text-last", "A bit of the closing brace.", textBytes - 1);
  flipped("counter-first", "The top bit of the counter.", textBytes + 1, 0x80);
  flipped("counter-last", "The lowest bit of the counter.", textBytes + 6);
  flipped("tag-first", "The top bit of the tag.", -16, 0x80);
  flipped("tag-last", "The lowest bit of the tag: all 16 bytes are compared.", -1);
  const DIRECTION = "ARC-SEAL-direction";
  invalid("reflected", "One's own unit comes back: it was sealed with the other key.", DIRECTION, [[
    seal(SMALL, 5, CALLEE),
    auth,
  ]]);
  invalid("other-epoch", "Sealed under the master_key of another epoch.", "ARC-SEAL-wrong-tag ARC-SEAL-counter", [[
    seal(SMALL, 5, CALLER, 1),
    auth,
  ]]);
  const plain = (id: string, comment: string, unit: string, fault: CaseFault) =>
    invalid(id, comment, "ARC-SEAL-recognise", [[unit, fault]], {}, ["NotAccepted"]);
  const plainHeartbeat = hexOf(HEARTBEAT);
  plain("plain", "A message that is not sealed: there is no zero byte at its place.", plainHeartbeat, {
    reason: "bad_value",
    offset: sizeOf(plainHeartbeat) - 23,
  });
  plain("zero-byte-changed", "The zero byte is a space.", flip(seal(SMALL, 5), textBytes, 0x20), {
    reason: "bad_value",
    offset: textBytes,
  });
  plain("24-bytes", "One byte less than the shortest sealed unit.", cut(seal("{}", 0), 24), {
    reason: "truncated",
    offset: 24,
    need: 25,
  });
  plain("one-character", "A text of one byte: 24 bytes, too short to be sealed.", seal("{}", 0).slice(2), {
    reason: "truncated",
    offset: 24,
    need: 25,
  });
  plain("empty", "No bytes at all.", "", { reason: "truncated", offset: 0, need: 25 });
  const whole = seal(HEARTBEAT, 0);
  plain(
    "cut-last-byte",
    "The last byte of the tag is missing: where the zero byte should be is the counter's first byte, 0 as well.",
    cut(whole, sizeOf(whole) - 1),
    { reason: "bad_value", offset: sizeOf(whole) - 24 },
  );
  plain("one-byte-more", "A byte behind the tag: the zero byte is not at its place.", `${whole}00`, {
    reason: "auth",
    offset: sizeOf(whole) - 15,
  });
  return group;
}
