import assert from "node:assert/strict";
import { utf8 } from "../base/bytes.ts";
import { shrinkWith } from "./shrink.ts";

const text = (units: readonly Uint8Array[]) => units.map((unit) => new TextDecoder().decode(unit));

Deno.test("shrink: messages that do not matter go, then bytes, then what the bytes are", () => {
  const units = [
    new Uint8Array([9, 9]),
    new Uint8Array([1, 2, 0xca, 3, 0xfe, 200]),
    new Uint8Array(50),
    new Uint8Array([7, 8, 9]),
  ];
  const { units: smallest } = shrinkWith(
    units,
    "bytes",
    (candidate) => candidate.some((unit) => unit.includes(0xca) && unit.indexOf(0xfe) > unit.indexOf(0xca)),
  );
  assert.deepEqual(smallest, [new Uint8Array([0xca, 0xfe])]);
});

Deno.test("shrink: fields of a message go before its bytes, so that it stays a message", () => {
  const message = { type: "STREAM_START", list: [1, 2, { deep: { ssrc: 77 } }], name: "x".repeat(100), more: { a: 1 } };
  const isMessage = (unit: Uint8Array) => {
    try {
      const value = JSON.parse(new TextDecoder().decode(unit));
      return value.type === "STREAM_START" && JSON.stringify(value).includes('"ssrc":');
    } catch {
      return false;
    }
  };
  const { units } = shrinkWith([utf8("{}"), utf8(JSON.stringify(message))], "json", ([...all]) => all.some(isMessage));
  assert.equal(units.length, 1);
  assert.ok(isMessage(units[0]));
  assert.ok(units[0].length < 60, text(units).join());
});

Deno.test("shrink: what fails by itself becomes nothing, and probes are bounded", () => {
  assert.deepEqual(shrinkWith([new Uint8Array(40)], "bytes", () => true).units, [new Uint8Array(0)]);
  const { probes, units } = shrinkWith([new Uint8Array(1000).fill(255)], "bytes", () => false, 100);
  assert.equal(probes, 100);
  assert.equal(units[0].length, 1000);
});
