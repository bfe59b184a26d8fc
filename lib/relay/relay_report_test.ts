import assert from "node:assert/strict";
import fc from "fast-check";
import { unwrap } from "../base/parsed.ts";
import { parseRelayReport } from "./relay_report.ts";

const PAGE = `# HELP arcrtc_relay_load Share of the tightest limit in use
# TYPE arcrtc_relay_load gauge
arcrtc_relay_load 0.25
arcrtc_relay_load_of_another 7
# TYPE arcrtc_relay_draining gauge
arcrtc_relay_draining 1
`;

Deno.test("ARC-RELAY-status: load and draining are read from the relay's page, wherever they stand on it", () => {
  assert.deepEqual(unwrap(parseRelayReport(PAGE)), { load: 0.25, isDraining: true });
  assert.deepEqual(unwrap(parseRelayReport("arcrtc_relay_load 1e-1")), { load: 0.1, isDraining: false });
  assert.deepEqual(unwrap(parseRelayReport("x 1\r\narcrtc_relay_draining 0\r\narcrtc_relay_load 1\r\n")), {
    load: 1,
    isDraining: false,
  });
});

Deno.test("ARC-RELAY-status: what is no load is refused", () => {
  for (
    const [page, reason] of [
      ["", "missing_field"],
      ["<html>", "missing_field"],
      ["not_arcrtc_relay_load 0.5", "missing_field"],
      ["arcrtc_relay_load", "missing_field"],
      ["arcrtc_relay_load -0.1", "bad_value"],
      ["arcrtc_relay_load 1.1", "bad_value"],
      ["arcrtc_relay_load NaN", "bad_value"],
      ["arcrtc_relay_load +Inf", "bad_value"],
      ["arcrtc_relay_load soon", "bad_value"],
    ]
  ) {
    const parsed = parseRelayReport(page);
    assert.ok(!parsed.ok && parsed.fault.reason === reason, page);
  }
  const text = fc.array(fc.constantFrom("arcrtc_relay_load", " ", "\n", "0.5", "{", "\u2028", "#")).map((p) =>
    p.join("")
  );
  fc.assert(
    fc.property(text, (page) => {
      const parsed = parseRelayReport(page);
      if (parsed.ok) assert.ok(parsed.value.load >= 0 && parsed.value.load <= 1);
    }),
    { seed: 35, numRuns: 500 },
  );
});
