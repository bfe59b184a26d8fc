import assert from "node:assert/strict";
import { EXAMPLE_SESSION, EXAMPLES } from "../../signaling/examples.ts";
import { hex } from "../testing/packets.ts";
import { ProtectedScene } from "../testing/protected_scene.ts";
import { Findings } from "./findings.ts";
import { KeyCheck } from "./key_check.ts";

const REPORT = hex("81c90007 00001111 00000007 00000000 00000001 00000000 00000000 00000000");
const HEARTBEAT = { ...EXAMPLES.HEARTBEAT.full, session_id: EXAMPLE_SESSION };

/** What is found in these units, broken in their last byte where told. */
function found(call: ProtectedScene, units: readonly Uint8Array[], brokenAt?: number): string[] {
  const findings = new Findings();
  const check = new KeyCheck(findings);
  for (const unit of units) {
    const bytes = unit.slice();
    if (brokenAt !== undefined) bytes[bytes.length + brokenAt] ^= 1;
    check.unit(call.scene.unit(bytes));
  }
  return findings.list.map(({ rule, packets, count }) => `${rule} ${packets.length} ${count}`);
}

Deno.test("key check: what opens is no finding, nor is what no key is held for", () => {
  for (const known of [[0], [], [3]]) {
    const call = new ProtectedScene({ known });
    const units = known[0] === 3
      ? [call.media({ sequenceNumber: 1 }).wire]
      : [call.media({ sequenceNumber: 1 }).wire, call.rtcp(REPORT), call.sealed(HEARTBEAT)];
    assert.deepEqual(found(call, units), []);
  }
});

Deno.test("ARC-SRTP-hmac-tag, ARC-SRTP-srtcp-hmac, ARC-SEAL-tag: wrong tags", () => {
  const call = new ProtectedScene();
  const media = call.media({ sequenceNumber: 1 }).wire;
  assert.deepEqual(found(call, [media, media], -1), ["ARC-SRTP-hmac-tag 2 2"]);
  assert.deepEqual(found(call, [call.rtcp(REPORT)], -1), ["ARC-SRTP-srtcp-hmac 1 1"]);
  assert.deepEqual(found(call, [call.sealed(HEARTBEAT)], -1), ["ARC-SEAL-tag 1 1"]);
});

Deno.test("ARC-SRTP-payload-encrypted, ARC-SRTP-srtcp-layout: wrong AEAD tags, where there is no HMAC", () => {
  const call = new ProtectedScene({ authentication: "none" });
  assert.deepEqual(found(call, [call.media({ sequenceNumber: 1 }).wire], -1), ["ARC-SRTP-payload-encrypted 1 1"]);
  assert.deepEqual(found(call, [call.rtcp(REPORT)], -5), ["ARC-SRTP-srtcp-layout 1 1"]);
});

Deno.test("ARC-SRTP-roc-start: a stream that starts at another rollover counter than it announces", () => {
  const high = new ProtectedScene({ startRoc: 2 });
  const units = [1, 2].map((sequenceNumber) => high.media({ sequenceNumber }).wire);
  assert.deepEqual(found(high, units), ["ARC-SRTP-roc-start 1 1"]);
  const announced = new ProtectedScene({ startRoc: 2, announcedRoc: 2 });
  assert.deepEqual(found(announced, [announced.media({ sequenceNumber: 1 }).wire]), []);
  const zero = new ProtectedScene();
  assert.deepEqual(
    found(zero, [zero.media({ sequenceNumber: 65_535 }).wire, zero.media({ sequenceNumber: 0 }).wire]),
    [],
  );
});
