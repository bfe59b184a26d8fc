import assert from "node:assert/strict";
import { AUTHENTICATIONS, SUITE_NAMES } from "../crypto/suites.ts";
import type { Capabilities } from "./messages/connect.ts";
import {
  checkSelection,
  chooseAuthentication,
  chooseCodecs,
  chooseProtocol,
  chooseSuite,
  KNOWN_CODECS,
  select,
  selectProtocol,
} from "./selection.ts";

const OFFER: Capabilities = {
  codecs: ["x-new", "h264", "opus", "vp9", "aac"],
  resolutions: [],
  encryption: ["aes-512-ocb", "chacha20-poly1305", "aes-128-gcm"],
  transport: ["udp"],
};

const ALL = { suites: SUITE_NAMES, authentications: AUTHENTICATIONS, codecs: KNOWN_CODECS };

Deno.test("ARC-SRTP-choice-suite: the callee takes the caller's first suite that it supports", () => {
  assert.equal(chooseSuite(OFFER.encryption, SUITE_NAMES), "chacha20-poly1305");
  assert.equal(chooseSuite(OFFER.encryption, ["aes-128-gcm"]), "aes-128-gcm");
  assert.equal(chooseSuite(["aes-256-gcm", "aes-128-gcm"], ["aes-128-gcm", "aes-256-gcm"]), "aes-256-gcm");
  assert.equal(chooseSuite(["aes-512-ocb", "AES-128-GCM", ""], SUITE_NAMES), undefined);
});

Deno.test("ARC-SRTP-choice-authentication: likewise, and an absent list means hmac-sha256-80 alone", () => {
  assert.equal(chooseAuthentication(["none", "hmac-sha256-80"], AUTHENTICATIONS), "none");
  assert.equal(chooseAuthentication(["kmac", "hmac-sha256-80"], AUTHENTICATIONS), "hmac-sha256-80");
  assert.equal(chooseAuthentication(undefined, AUTHENTICATIONS), "hmac-sha256-80");
  assert.equal(chooseAuthentication(undefined, ["none"]), undefined);
});

Deno.test("ARC-SRTP-choice-none-common ARC-SIG-error-no-common-codec: nothing in common is refused with its code", () => {
  assert.deepEqual(select(OFFER, ALL), {
    ok: true,
    selection: {
      suite: "chacha20-poly1305",
      authentication: "hmac-sha256-80",
      codecs: { audio: "opus", video: "h264" },
    },
  });
  assert.deepEqual(select({ ...OFFER, encryption: ["x"] }, ALL), { ok: false, reason: "no_common_cipher" });
  assert.deepEqual(select({ ...OFFER, authentication: ["x"] }, ALL), { ok: false, reason: "no_common_cipher" });
  assert.deepEqual(select({ ...OFFER, codecs: ["x-new"] }, ALL), { ok: false, reason: "no_common_codec" });
  assert.deepEqual(select({ ...OFFER, codecs: ["x-new"], encryption: ["x"] }, ALL), {
    ok: false,
    reason: "no_common_cipher",
  });
});

Deno.test("ARC-SIG-connect-ack-codec-kinds: one codec of each kind is chosen in the caller's order, custom ones too", () => {
  assert.deepEqual(chooseCodecs(["vp9", "h264"], KNOWN_CODECS), { video: "vp9" });
  assert.deepEqual(chooseCodecs(["aac", "opus"], KNOWN_CODECS), { audio: "aac" });
  assert.deepEqual(chooseCodecs(OFFER.codecs, [{ name: "x-new", kind: "video" }]), { video: "x-new" });
  assert.deepEqual(chooseCodecs(OFFER.codecs, [...KNOWN_CODECS, { name: "x-new", kind: "audio" }]), {
    audio: "x-new",
    video: "h264",
  });
  assert.equal(chooseCodecs([], KNOWN_CODECS), undefined);
});

Deno.test("ARC-SRTP-choice-not-offered ARC-SIG-state-ack-unoffered: the caller sees an answer that it did not offer", () => {
  const chosen = { suite: "aes-128-gcm", codecs: { audio: "opus", video: "vp9" } };
  assert.equal(checkSelection(OFFER, chosen), undefined);
  assert.equal(checkSelection(OFFER, { ...chosen, suite: "aes-256-gcm" }), "no_common_cipher");
  assert.equal(checkSelection(OFFER, { ...chosen, authentication: "none" }), "no_common_cipher");
  assert.equal(checkSelection({ ...OFFER, authentication: ["none"] }, chosen), "no_common_cipher");
  assert.equal(checkSelection(OFFER, { ...chosen, codecs: { audio: "g722" } }), "no_common_codec");
  assert.equal(checkSelection(OFFER, { ...chosen, codecs: { video: "av1" } }), "no_common_codec");
});

Deno.test("ARC-BRIDGE-select ARC-BRIDGE-select-none: the seed's function in all eight cases, and an error for neither", () => {
  const cases: [boolean, boolean, boolean, string][] = [
    [true, true, true, "arcrtc"],
    [true, true, false, "arcrtc"],
    [true, false, true, "webrtc"],
    [true, false, false, "hybrid"],
    [false, true, true, "webrtc"],
    [false, true, false, "hybrid"],
    [false, false, true, "webrtc"],
    [false, false, false, "hybrid"],
  ];
  for (const [supportsArcrtc, nativePlatform, supportsWebrtc, expected] of cases) {
    const client = { supportsArcrtc, nativePlatform, supportsWebrtc };
    assert.equal(selectProtocol(client), expected);
    const choice = chooseProtocol(client);
    if (supportsArcrtc || supportsWebrtc) assert.deepEqual(choice, { ok: true, protocol: expected });
    else assert.ok(!choice.ok && /neither ArcRTC nor WebRTC/.test(choice.message));
  }
});
