import assert from "node:assert/strict";
import { concatBytes, toHex } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import decryptVectors from "../../fixtures/armoricore/srtp_decrypt.json" with { type: "json" };
import encryptVectors from "../../fixtures/armoricore/srtp_encrypt.json" with { type: "json" };
import { RtpView } from "../packet/rtp_view.ts";
import { ARMORICORE_OVERHEAD_BYTES, ArmoricoreSrtp } from "./armoricore_srtp.ts";
import type { CryptoBackend } from "./backend.ts";
import { BACKENDS, hex, inDirtyPool } from "./testing/backends.ts";

interface Case {
  readonly master_key: string;
  readonly master_salt: string;
  readonly config_ssrc: number;
  readonly config_roc: number;
}

function pipeline(backend: CryptoBackend, vector: Case): ArmoricoreSrtp {
  return unwrap(ArmoricoreSrtp.create(backend, {
    masterKey: hex(vector.master_key),
    masterSalt: hex(vector.master_salt),
    ssrc: vector.config_ssrc,
    roc: vector.config_roc,
  }));
}

function rtpInPool(packet: Uint8Array): RtpView {
  const view = new RtpView();
  view.parse(inDirtyPool(packet, 11, ARMORICORE_OVERHEAD_BYTES), 11, 11 + packet.length);
  return view;
}

for (const backend of BACKENDS) {
  Deno.test(`armoricore srtp: protects byte for byte as the engine does (${backend.name})`, () => {
    assert.ok(encryptVectors.cases.length > 30);
    for (const vector of encryptVectors.cases) {
      const plain = hex(vector.rtp.wire);
      const view = rtpInPool(plain);
      assert.equal(view.faultReason, undefined);
      pipeline(backend, vector).protect(view);
      const sealed = view.bytes.subarray(view.start, view.end + ARMORICORE_OVERHEAD_BYTES);
      assert.equal(toHex(sealed), vector.srtp, vector.id);

      const back = rtpInPool(sealed);
      assert.equal(pipeline(backend, vector).unprotect(back), "ok");
      assert.equal(toHex(back.bytes.subarray(back.start, back.end - 16)), vector.rtp.wire, vector.id);
    }
  });

  Deno.test(`armoricore srtp: accepts and refuses what the engine does (${backend.name})`, () => {
    const seen = new Set<string>();
    for (const vector of decryptVectors.cases) {
      if (vector.srtp === undefined) continue; // about bad configuration, below
      const view = rtpInPool(hex(vector.srtp));
      const before = toHex(view.bytes);
      const outcome = view.faultReason === undefined ? pipeline(backend, vector).unprotect(view) : "parser";
      seen.add(outcome);
      if (vector.result.ok !== undefined) {
        assert.equal(outcome, "ok", vector.id);
        const payload = view.bytes.subarray(view.payloadStart, view.end - 16);
        assert.equal(toHex(payload), vector.result.ok.payload, vector.id);
      } else {
        const expected = /too short for authentication/.test(vector.result.error)
          ? "truncated"
          : /aead::Error/.test(vector.result.error)
          ? "decrypt"
          : "parser";
        assert.equal(outcome, expected, vector.id);
        assert.equal(toHex(view.bytes), before, vector.id);
      }
    }
    assert.deepEqual([...seen].sort(), ["decrypt", "ok", "parser", "truncated"]);
  });
}

Deno.test("armoricore srtp: refuses the configurations that the engine refuses", () => {
  const lengths = decryptVectors.cases.filter((vector) => vector.srtp === undefined)
    .map((vector) => /key(\d+)_salt(\d+)/.exec(vector.id)?.slice(1).map(Number) ?? []);
  assert.deepEqual(lengths, [[17, 14], [16, 12]]);
  for (const [keyBytes, saltBytes] of lengths) {
    const config = { masterKey: new Uint8Array(keyBytes), masterSalt: new Uint8Array(saltBytes), ssrc: 0, roc: 0 };
    const made = ArmoricoreSrtp.create(BACKENDS[1], config);
    assert.equal(made.ok, false);
    assert.equal(made.ok || made.fault.reason, "bad_key");
  }
});

Deno.test("armoricore srtp: neither replay nor ROC is tracked, and the configured SSRC counts", () => {
  const vector = encryptVectors.cases[1];
  const srtp = pipeline(BACKENDS[1], vector);
  for (let round = 0; round < 2; round++) assert.equal(srtp.unprotect(rtpInPool(hex(vector.srtp))), "ok");
  const otherSsrc = hex(vector.srtp);
  otherSsrc[8] ^= 0xff;
  assert.equal(srtp.unprotect(rtpInPool(otherSsrc)), "ok", "the packet's own SSRC is not looked at");
});

Deno.test("armoricore srtp: needs room for its tag, and a freed pipeline throws", () => {
  const srtp = pipeline(BACKENDS[1], encryptVectors.cases[1]);
  const view = new RtpView();
  view.parse(concatBytes(hex(encryptVectors.cases[1].rtp.wire), new Uint8Array(15)), 0, 45);
  assert.throws(() => srtp.protect(view), RangeError);
  srtp.free();
  assert.throws(() => srtp.protect(rtpInPool(hex(encryptVectors.cases[1].rtp.wire))), /freed/);
});
