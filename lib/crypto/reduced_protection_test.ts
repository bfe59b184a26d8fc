/** Protection and the reduced header together: in this order, and no other, a wrong expansion cannot pass. */
import assert from "node:assert/strict";
import { ArcRtpView } from "../packet/arcrtp.ts";
import { REDUCED_HEADER_BYTES, REDUCED_SAVED_BYTES } from "../packet/reduced.ts";
import { ReducedReceiver } from "../packet/reduced_receiver.ts";
import { ReducedSender } from "../packet/reduced_sender.ts";
import { SrtpSender } from "./srtp_protect.ts";
import { SrtpReceiver } from "./srtp_unprotect.ts";
import { makeKeys, plainPacket, SSRC } from "./testing/packets.ts";

const CONTEXT = { contextId: 2, ssrc: SSRC, payloadType: 111, quality: 1 };

/** Packets 0..count-1, protected and then reduced; with the full form that was protected. */
function sendReduced(count: number): { unit: Uint8Array; full: Uint8Array }[] {
  const keys = makeKeys();
  const sender = new SrtpSender(SSRC);
  const reducer = new ReducedSender();
  reducer.define(CONTEXT);
  return Array.from({ length: count }, (_, i) => {
    const plain = plainPacket({ sequenceNumber: i });
    const bytes = new Uint8Array(plain.length + keys.overheadBytes);
    bytes.set(plain);
    const view = new ArcRtpView();
    assert.ok(view.parse(bytes, 0, plain.length));
    assert.equal(sender.protect(keys, view), "ok");
    const full = bytes.slice();
    return { unit: bytes.slice(reducer.reduce(bytes, 0, bytes.length, 20 * i)), full };
  });
}

/** Expands where needed and unprotects in place; answers the outcome and the header that authenticated or did not. */
function receive(unit: Uint8Array, receiver: SrtpReceiver, expander: ReducedReceiver) {
  const keys = makeKeys();
  const bytes = new Uint8Array(REDUCED_SAVED_BYTES + unit.length);
  bytes.set(unit, REDUCED_SAVED_BYTES);
  const isReduced = unit[0] >= 0xc0;
  if (isReduced && !expander.expand(bytes, REDUCED_SAVED_BYTES, bytes.length)) return { outcome: expander.faultReason };
  const view = new ArcRtpView();
  assert.ok(view.parse(bytes, isReduced ? 0 : REDUCED_SAVED_BYTES, bytes.length));
  const outcome = receiver.unprotect(keys, view, 0);
  if (outcome === "ok") expander.authenticated(view, receiver.highestIndex, isReduced);
  return { outcome, sequenceNumber: view.sequenceNumber };
}

Deno.test("ARC-RTP-reduced-protect-first ARC-RTP-reduced-expand-first: protected whole, reduced after, restored before", () => {
  const sent = sendReduced(40);
  const reduced = sent.filter(({ unit }) => unit[0] >= 0xc0);
  assert.ok(reduced.length > 30);
  for (const { unit, full } of reduced) {
    // All behind the first 16 bytes is what was protected: the tags are those of the full packet.
    assert.deepEqual(unit.subarray(REDUCED_HEADER_BYTES), full.subarray(REDUCED_HEADER_BYTES + REDUCED_SAVED_BYTES));
  }
  const receiver = new SrtpReceiver(SSRC, 0);
  const expander = new ReducedReceiver();
  expander.define(CONTEXT);
  sent.forEach(({ unit }, i) => {
    assert.deepEqual(receive(unit, receiver, expander), { outcome: "ok", sequenceNumber: i });
  });
});

Deno.test("ARC-RTP-reduced-reference: what fails authentication after expansion moves nothing", () => {
  const sent = sendReduced(12);
  const receiver = new SrtpReceiver(SSRC, 0);
  const expander = new ReducedReceiver();
  expander.define(CONTEXT);
  for (const { unit } of sent.slice(0, 6)) receive(unit, receiver, expander);
  const next = sent[6].unit;
  assert.ok(next[0] >= 0xc0);
  for (let bit = 0; bit < 8 * next.length; bit++) {
    const forged = next.slice();
    forged[bit >>> 3] ^= 0x80 >>> (bit & 7);
    if (forged[0] < 0xc0) continue; // no longer of the class
    assert.notEqual(receive(forged, receiver, expander).outcome, "ok", `bit ${bit}`);
  }
  assert.equal(receiver.highestIndex, 5);
  assert.deepEqual(receive(next, receiver, expander), { outcome: "ok", sequenceNumber: 6 });
});
