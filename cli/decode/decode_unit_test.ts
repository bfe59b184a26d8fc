import assert from "node:assert/strict";
import fc from "fast-check";
import registry from "../../conformance/requirements.json" with { type: "json" };
import { FAULT_REASONS } from "../../lib/base/parsed.ts";
import { chooseBackend } from "../../lib/crypto/backend_choice.ts";
import { SrtpStreamKeys } from "../../lib/crypto/srtp_keys.ts";
import { AUTHENTICATIONS } from "../../lib/crypto/suites.ts";
import { type FieldNode, leavesOf } from "../../lib/packet/field_node.ts";
import { EXAMPLES } from "../../lib/signaling/examples.ts";
import { decodeUnit } from "./decode_unit.ts";
import type { Protection } from "./protection.ts";
import { DIALECT_WISHES, UNIT_TYPES, type UnitReading } from "./reading.ts";
import { ruleOf } from "../../lib/dissect/check/fault_rules.ts";
import { ruleText } from "./rules.ts";
import { fieldToJson, unitToText } from "./text.ts";

const PLAIN = { paint: (_colour: unknown, text: string) => text, columns: 100, verbose: false };

function keysOf(authentication: (typeof AUTHENTICATIONS)[number]): Protection {
  const material = { encryptionKey: new Uint8Array(16), authKey: new Uint8Array(32), salt: new Uint8Array(12) };
  const stream = new SrtpStreamKeys(chooseBackend("noble").backend, "aes-128-gcm", authentication, material);
  return { authentication, keys: { stream, roc: 0 } };
}

const PROTECTIONS: readonly (Protection | undefined)[] = [
  undefined,
  ...AUTHENTICATIONS.map((authentication) => ({ authentication })),
  ...AUTHENTICATIONS.map(keysOf),
];

/** A byte string of every class, cut and changed at random: more of them come far than of pure noise. */
const anyUnit = fc.oneof(
  fc.uint8Array({ maxLength: 80 }),
  fc.constantFrom(...Object.values(EXAMPLES).flatMap(({ minimal, full }) => [minimal, full]))
    .map((message) => new TextEncoder().encode(JSON.stringify(message))),
  fc.constant(
    Uint8Array.from(
      "90ef00010000000200000003bede000112aabbcc50030bb8ff4869".match(/../g) ?? [],
      (h) => parseInt(h, 16),
    ),
  ),
  fc.constant(Uint8Array.of(0x80, 0xc9, 0, 1, 0, 0, 0, 3, 0x81, 0xce, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2)),
).chain((bytes) =>
  fc.record({
    cut: fc.nat(bytes.length),
    at: fc.nat(Math.max(0, bytes.length - 1)),
    byte: fc.nat(255),
    whole: fc.boolean(),
  })
    .map(({ cut, at, byte, whole }) => {
      const changed = bytes.slice();
      if (changed.length > 0 && at % 3 !== 0) changed[at] = byte;
      return whole ? changed : changed.subarray(0, cut);
    })
);

Deno.test("decode: any bytes, read as anything, give a tree inside the unit and a text; none throws", () => {
  const wish = fc.record({ type: fc.constantFrom(...UNIT_TYPES), dialect: fc.constantFrom(...DIALECT_WISHES) });
  fc.assert(
    fc.property(anyUnit, wish, fc.constantFrom(...PROTECTIONS), (bytes, reading, protection) => {
      const before = bytes.slice();
      const unit = decodeUnit(bytes, reading, protection);
      assert.deepEqual(bytes, before, "decoding changes nothing");
      let end = 0;
      for (const leaf of leavesOf(unit.nodes)) {
        if (unit.reading.kind !== "json") assert.equal(leaf.bitOffset, end, `${leaf.name} leaves a hole`);
        assert.ok(leaf.bitOffset >= end && leaf.bitLength >= 0, leaf.name);
        end = leaf.bitOffset + leaf.bitLength;
      }
      assert.ok(end <= 8 * bytes.length);
      if (unit.reading.kind !== "json" && protection?.keys === undefined) assert.equal(end, 8 * bytes.length);
      unit.nodes.forEach((node: FieldNode) => JSON.stringify(fieldToJson(node)));
      for (const verbose of [false, true]) {
        const text = unitToText(unit, { ...PLAIN, verbose });
        // deno-lint-ignore no-control-regex
        assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/, "nothing of a unit reaches the terminal raw");
      }
      const hasBody = Object.keys(unit.body).length > 0;
      if (unit.fault !== undefined) assert.ok(!hasBody, "a malformed unit has no JSON form");
      else assert.ok(hasBody || isOpaque(unit.reading, protection));
    }),
    { seed: 33, numRuns: 2000 },
  );
});

/** Units that are valid and still have no JSON form. */
function isOpaque({ kind }: UnitReading, protection: Protection | undefined): boolean {
  return kind === "stun" || kind === "dtls" ||
    (protection !== undefined && (kind === "arcrtp" || kind === "rtcp" || kind === "reduced"));
}

Deno.test("decode: every rule that a fault is given exists", () => {
  const known = new Set(registry.requirements.map(({ id }) => id));
  const readings: readonly UnitReading[] = [
    ...(["arcrtc-1.0", "armoricore", "rtp"] as const).flatMap((dialect) => [
      { kind: "arcrtp" as const, dialect, why: "" },
      { kind: "json" as const, dialect, why: "" },
    ]),
    ...(["rtcp", "reduced", "stun", "dtls", "unknown"] as const).map((kind) => ({ kind, why: "" })),
  ];
  for (const reading of readings) {
    for (const reason of FAULT_REASONS) {
      for (const type of [undefined, "", ...Object.keys(EXAMPLES)]) {
        for (const extra of [{}, { path: "$.a" }, { need: 16 }]) {
          const rule = ruleOf(reading, { reason, message: "", ...extra }, type);
          if (rule === undefined) continue;
          assert.ok(known.has(rule), rule);
          assert.ok((ruleText(rule) ?? "").length > 10);
        }
      }
    }
  }
  for (const type of Object.keys(EXAMPLES)) {
    const rule = ruleOf({ kind: "json", dialect: "arcrtc-1.0" }, { reason: "bad_value", message: "" }, type);
    assert.match(rule ?? "", /-fields$/, `${type} has a rule of its own`);
  }
});
