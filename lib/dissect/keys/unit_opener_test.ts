import assert from "node:assert/strict";
import { AUTHENTICATIONS, SUITE_NAMES } from "../../crypto/suites.ts";
import { BACKENDS } from "../../crypto/testing/backends.ts";
import { CountingBackend, HEADER_SHAPES } from "../../crypto/testing/packets.ts";
import { ArcRtpView } from "../../packet/arcrtp.ts";
import { leavesOf } from "../../packet/field_node.ts";
import { writeReducedHeader } from "../../packet/reduced.ts";
import {
  AUDIO_STREAM,
  CALLER,
  fixtureMedia,
  master,
  PlanePair,
  SESSION,
  startOf,
} from "../../session/testing/plane_pair.ts";
import { Wiretap } from "../../session/testing/wiretap.ts";
import { EXAMPLE_CALLEE, EXAMPLE_SESSION, EXAMPLES } from "../../signaling/examples.ts";
import type { Opening } from "../model/opening.ts";
import { SessionRegistry } from "../model/session_registry.ts";
import { UnitModeller } from "../model/unit_modeller.ts";
import { hex } from "../testing/packets.ts";
import { ProtectedScene } from "../testing/protected_scene.ts";
import { Scene } from "../testing/scene.ts";
import { SessionSecrets } from "./session_secrets.ts";
import { UnitOpener } from "./unit_opener.ts";

const REPORT = hex("81c90007 00001111 00000007 00000000 00000001 00000000 00000000 00000000");
const HEARTBEAT = { ...EXAMPLES.HEARTBEAT.full, session_id: EXAMPLE_SESSION };

function plainOf(opening: Opening | undefined): Uint8Array {
  assert.equal(opening?.kind, "opened", JSON.stringify(opening));
  return opening?.kind === "opened" ? opening.plain : new Uint8Array(0);
}

function placeOf(opening: Opening | undefined): number[] | undefined {
  return opening?.kind === "opened" ? [opening.epoch, opening.index] : undefined;
}

Deno.test("opening: media and RTCP of every suite and authentication, every header, on every backend", () => {
  for (const suite of SUITE_NAMES) {
    for (const authentication of AUTHENTICATIONS) {
      for (const backend of BACKENDS) {
        const call = new ProtectedScene({ suite, authentication, backend });
        HEADER_SHAPES.forEach((shape, i) => {
          const { plain, wire } = call.media({ ...shape, sequenceNumber: 65_533 + i & 0xffff, keyPhase: 0 });
          const model = call.scene.unit(wire);
          assert.deepEqual(plainOf(model.opening), plain, `${suite} ${authentication} shape ${i}`);
          assert.deepEqual(placeOf(model.opening), [0, 65_533 + i]);
          assert.equal(model.fault, undefined);
        });
        const model = call.scene.unit(call.rtcp(REPORT));
        assert.deepEqual(plainOf(model.opening), REPORT);
        assert.deepEqual([model.rtcp?.kind, placeOf(model.opening)], ["opened", [0, 0]]);
      }
    }
  }
});

Deno.test("opening: fields of what was inside, with the tags behind it", () => {
  const call = new ProtectedScene();
  const { wire } = call.media({ sequenceNumber: 1, payload: hex("0102 000003"), padding: true });
  const names = [...leavesOf(call.scene.unit(wire).nodes)].map(({ name }) => name);
  assert.deepEqual(names.slice(-4), ["arcrtp.payload", "arcrtp.padding", "arcsrtp.tag", "arcsrtp.hmac"]);
  const nodes = [...leavesOf(call.scene.unit(call.rtcp(REPORT)).nodes)];
  assert.equal(nodes.find(({ name }) => name === "rtcp.report.ssrc")?.value, 7);
  assert.deepEqual(nodes.slice(-4).map(({ name, bitOffset }) => [name, bitOffset / 8]), [
    ["arcsrtp.tag", 32],
    ["arcsrtcp.e", 48],
    ["arcsrtcp.index", 48.125],
    ["arcsrtp.hmac", 52],
  ]);
});

Deno.test("opening: each epoch by its key phase, also four epochs on, and back for what comes late", () => {
  const call = new ProtectedScene({ known: [0, 1, 2, 3, 4, 5] });
  const late = call.media({ sequenceNumber: 9 }, 0).wire;
  for (const epoch of [0, 1, 2, 3, 4, 5]) {
    const { wire } = call.media({ sequenceNumber: 10 + epoch }, epoch);
    assert.deepEqual(placeOf(call.scene.unit(wire).opening), [epoch, 10 + epoch]);
    assert.deepEqual(placeOf(call.scene.unit(call.rtcp(REPORT, epoch)).opening), [epoch, epoch]);
    const seal = call.scene.unit(call.sealed(HEARTBEAT, EXAMPLE_CALLEE, epoch)).opening;
    assert.deepEqual(placeOf(seal), [epoch, -1]);
  }
  assert.deepEqual(placeOf(call.scene.unit(late).opening), [0, 9]);
});

Deno.test("opening: a reduced packet is opened with the full header that was protected", () => {
  const call = new ProtectedScene();
  assert.equal(call.scene.unit(call.media({ sequenceNumber: 300 }).wire).opening?.kind, "opened");
  const { plain, wire } = call.media({ sequenceNumber: 301 });
  const reduced = wire.slice(12);
  writeReducedHeader(false, 0, 1, 301, 960 * 301, reduced, 0);
  const model = call.scene.unit(reduced);
  assert.deepEqual(plainOf(model.opening), plain);
  const payload = [...leavesOf(model.nodes)].find(({ name }) => name === "arcrtp.payload");
  assert.deepEqual([payload?.value, payload?.bitOffset], [plain.subarray(16), 32]);
});

Deno.test("opening: a stream that starts anywhere, wraps and repeats itself", () => {
  for (const [startRoc, announced] of [[0, undefined], [5, undefined], [70_000, 70_000]] as const) {
    const call = new ProtectedScene({ startRoc, ...(announced === undefined ? {} : { announcedRoc: announced }) });
    const first = call.media({ sequenceNumber: 65_535 }).wire;
    assert.deepEqual(placeOf(call.scene.unit(first).opening), [0, startRoc * 65_536 + 65_535]);
    const { wire } = call.media({ sequenceNumber: 0 });
    assert.deepEqual(placeOf(call.scene.unit(wire).opening), [0, (startRoc + 1) * 65_536]);
    assert.deepEqual(placeOf(call.scene.unit(first).opening), [0, startRoc * 65_536 + 65_535]);
  }
});

Deno.test("opening: padding is judged once it can be seen", () => {
  const call = new ProtectedScene();
  const { wire } = call.media({ sequenceNumber: 1, padding: true, payload: hex("0102 0009") });
  const model = call.scene.unit(wire);
  assert.deepEqual([model.opening?.kind, model.fault?.reason], ["opened", "bad_padding"]);
});

Deno.test("opening: without a key for it nothing is said, with a wrong one that it fails", () => {
  const none = new ProtectedScene({ known: [] });
  for (const wire of [none.media({ sequenceNumber: 1 }).wire, none.rtcp(REPORT), none.sealed(HEARTBEAT)]) {
    assert.equal(none.scene.unit(wire).opening, undefined);
  }
  const wrong = new ProtectedScene({ known: [4] });
  for (const wire of [wrong.media({ sequenceNumber: 1 }).wire, wrong.rtcp(REPORT), wrong.sealed(HEARTBEAT)]) {
    assert.deepEqual(wrong.scene.unit(wire).opening, { kind: "failed", reason: "auth" });
  }
  assert.equal(wrong.scene.unit(wrong.media({ sequenceNumber: 2 }, 1).wire).opening, undefined);
  const bare = new ProtectedScene({ known: [4], authentication: "none" });
  assert.deepEqual(bare.scene.unit(bare.media({ sequenceNumber: 1 }).wire).opening, {
    kind: "failed",
    reason: "decrypt",
  });
});

Deno.test("ARC-SRTP-hmac-tag, ARC-SRTP-payload-encrypted, ARC-SRTP-srtcp-hmac, ARC-SEAL-tag: no flipped bit is opened", () => {
  for (const authentication of AUTHENTICATIONS) {
    const call = new ProtectedScene({ authentication });
    for (const wire of [call.media({ sequenceNumber: 7 }).wire, call.rtcp(REPORT), call.sealed(HEARTBEAT)]) {
      assert.equal(call.scene.unit(wire).opening?.kind, "opened");
      for (let bit = 0; bit < 8 * wire.length; bit++) {
        const flipped = wire.slice();
        flipped[bit >>> 3] ^= 1 << (bit & 7);
        assert.notEqual(call.scene.unit(flipped).opening?.kind, "opened", `${authentication} bit ${bit}`);
      }
      for (let length = 0; length < wire.length; length++) {
        assert.notEqual(call.scene.unit(wire.subarray(0, length)).opening?.kind, "opened", `${length} bytes`);
      }
      assert.equal(call.scene.unit(wire).opening?.kind, "opened");
    }
  }
});

Deno.test("opening: what a unit may cost is bounded, however many keys there are", () => {
  const backend = new CountingBackend();
  const known = Array.from({ length: 2000 }, (_, i) => 4 + i);
  const call = new ProtectedScene({ known, backend });
  const costs: number[] = [];
  for (let i = 0; i < 12; i++) {
    const before = backend.calls.length;
    for (const wire of [call.media({ sequenceNumber: i }).wire, call.rtcp(REPORT), call.sealed(HEARTBEAT)]) {
      assert.equal(call.scene.unit(wire).opening?.kind, "failed");
    }
    costs.push(backend.calls.length - before);
  }
  assert.ok(costs[0] > 300 && costs[0] <= 3 * 256, `${costs}`);
  assert.ok(costs[11] <= 3 * 24, `${costs}`);
});

Deno.test("opening: a whole call of a real sender, as who holds its keys reads it", () => {
  for (const authentication of AUTHENTICATIONS) {
    const media = fixtureMedia("opus_48k_stereo.opus");
    const start = startOf(media, { rtx: true, contexts: [{ id: 1, quality: 0 }] });
    assert.equal(start.stream_id, AUDIO_STREAM);
    const pair = new PlanePair({ seed: 4, reducedHeader: true, rtx: true, authentication });
    const secrets = new SessionSecrets(() => BACKENDS[0]);
    secrets.add(SESSION, 0, master(0));
    const registry = new SessionRegistry();
    // As a key log tells it, with no signaling at all.
    registry.agreed(SESSION, "aes-128-gcm", authentication);
    registry.announced(start, CALLER, 0);
    const scene = new Scene(new UnitModeller(registry, new UnitOpener(secrets)));
    const view = new ArcRtpView();
    const seen: (readonly [number, number, string])[] = [];
    let reports = 0;
    pair.tap = (unit, from, ms) => {
      const model = scene.unit(unit, { direction: from === "caller" ? 0 : 1, ms });
      if (model.rtp !== undefined && from === "caller") {
        const plain = plainOf(model.opening);
        assert.ok(view.parse(plain) && view.stripPadding());
        seen.push([model.rtp.ssrc, placeOf(model.opening)?.[1] ?? -1, view.payload().join()]);
      } else if (model.rtcp?.kind === "opened") reports++;
      return "pass";
    };
    const tap = new Wiretap(pair, [start], authentication);
    pair.start(start);
    pair.play(start.stream_id, media);
    pair.runUntil(pair.nowMs + 2000);
    assert.equal(tap.unread, 0);
    assert.ok(seen.length > 50 && reports > 0, `${seen.length} ${reports}`);
    const own = tap.packets.filter(({ from }) => from === "caller");
    assert.deepEqual(seen, own.map(({ fields, index, payload }) => [fields.ssrc, index, payload.join()]));
  }
});

Deno.test("unit opener: a session that has gone on to a key that is not held is closed, not wrong", () => {
  const call = new ProtectedScene({ known: [0] });
  const opening = (wire: Uint8Array) => call.scene.unit(wire).opening;
  assert.equal(opening(call.media({ sequenceNumber: 1 }).wire)?.kind, "opened");
  assert.equal(opening(call.media({ sequenceNumber: 2 }, 1).wire), undefined);
  assert.equal(opening(call.rtcp(REPORT, 1)), undefined);
  assert.equal(
    opening(call.sealed({ ...EXAMPLES.HEARTBEAT.full, session_id: EXAMPLE_SESSION }, undefined, 1)),
    undefined,
  );
  // K has come around: epoch 4 looks like epoch 0.
  assert.equal(opening(call.media({ sequenceNumber: 3 }, 4).wire), undefined);
  const wrong = call.media({ sequenceNumber: 4 }).wire.slice();
  assert.equal(opening(call.media({ sequenceNumber: 5 }).wire)?.kind, "opened");
  wrong[wrong.length - 1] ^= 1;
  assert.equal(opening(wrong)?.kind, "failed");
});
