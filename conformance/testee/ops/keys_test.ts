/** Every expected value is computed here with node:crypto from the formulas of SPEC.md, not with our library. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as node from "node:crypto";
import { ask, freshTestee, type Row, testRows } from "../testing.ts";

const SESSION = "550e8400-e29b-41d4-a716-446655440000";
const STREAM = "123e4567-e89b-42d3-a456-426614174000";
const CALLER = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
const CALLEE = "6ba7b811-9dad-41d1-80b4-00c04fd430c8";

/** RFC 5903 §8.1. */
const I = "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433";
const R = "c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53";
const G_IR = "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de";

function publicKey(privateHex: string): Buffer {
  const ecdh = node.createECDH("prime256v1");
  ecdh.setPrivateKey(Buffer.from(privateHex, "hex"));
  return ecdh.getPublicKey();
}

const CALLER_KEY = publicKey(I);
const CALLEE_KEY = publicKey(R);

function hkdf(key: Buffer, label: string, id: string, bytes: number): string {
  return Buffer.from(node.hkdfSync("sha256", key, label, id, bytes)).toString("hex");
}

const SECRET = Buffer.alloc(64, 7);
const MASTER = hkdf(SECRET, "arcrtc-media-key", SESSION, 32);
const MASTER_BYTES = Buffer.from(MASTER, "hex");

function lengthValue(item: Buffer | string): Buffer {
  const bytes = Buffer.from(item as string);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

const sha256 = (bytes: Buffer) => node.createHash("sha256").update(bytes).digest();

function transcriptOf(items: readonly (Buffer | string)[]): string {
  return sha256(Buffer.concat(items.map(lengthValue))).toString("hex");
}

const TRANSCRIPT = {
  op: "keys.transcript",
  session_id: SESSION,
  epoch: 0,
  caller_peer_id: CALLER,
  callee_peer_id: CALLEE,
  caller_key: CALLER_KEY.toString("base64url"),
  callee_key: CALLEE_KEY.toString("base64url"),
  caller_certificate: "",
  callee_certificate: "",
  offered_encryption: ["aes-128-gcm", "made-up"],
  offered_authentication: ["none", "hmac-sha256-80"],
  suite: "aes-128-gcm",
  authentication: "none",
  previous_master_key: "",
};

const FIRST_ITEMS = ["arcrtc-1.0", SESSION, "0", CALLER, CALLEE, CALLER_KEY, CALLEE_KEY];
const LAST_ITEMS = ["aes-128-gcm,made-up", "none,hmac-sha256-80", "aes-128-gcm", "none", ""];
const CERTIFICATE = Buffer.from("3003020101", "hex");

const ROWS: readonly Row[] = [
  {
    name: "ecdh.agree: RFC 5903's example",
    request: { op: "ecdh.agree", private_key: I, public_key: CALLEE_KEY.toString("base64url") },
    answer: { ok: { shared_secret: G_IR, public_key: CALLER_KEY.toString("base64url") } },
  },
  {
    name: "ARC-KEY-ecdh-own-key: ecdh.agree refuses one's own key",
    request: { op: "ecdh.agree", private_key: I, public_key: CALLER_KEY.toString("base64url") },
    answer: { fault: { reason: "bad_key", offset: 0 } },
  },
  {
    name: "ARC-KEY-ecdh-invalid-point: ecdh.agree refuses a point off the curve",
    request: { op: "ecdh.agree", private_key: I, public_key: Buffer.alloc(65, 4).toString("base64url") },
    answer: { fault: { reason: "bad_key", offset: 0 } },
  },
  {
    name: "ARC-KEY-ecdh-public-key-form: ecdh.agree refuses a compressed point",
    request: {
      op: "ecdh.agree",
      private_key: I,
      public_key: Buffer.concat([Buffer.of(2), CALLEE_KEY.subarray(1, 33)]).toString("base64url"),
    },
    answer: { fault: { reason: "bad_key", offset: 0 } },
  },
  {
    name: "ecdh.agree: a private key of 0",
    request: { op: "ecdh.agree", private_key: "00".repeat(32), public_key: CALLEE_KEY.toString("base64url") },
    answer: { fault: { reason: "bad_key", offset: 0 } },
  },
  {
    name: "ecdh.agree: a private key of 31 bytes",
    request: { op: "ecdh.agree", private_key: "01".repeat(31), public_key: CALLEE_KEY.toString("base64url") },
    answer: { error: "$.private_key must be 32 bytes of hex, not 31" },
  },
  {
    name: "keys.derive: 16-byte suite",
    request: {
      op: "keys.derive",
      shared_secret: SECRET.toString("hex"),
      session_id: SESSION,
      stream_id: STREAM,
      suite: "aes-128-gcm",
    },
    answer: {
      ok: {
        master_key: MASTER,
        encryption_key: hkdf(MASTER_BYTES, "arcrtc-enc", STREAM, 16),
        auth_key: hkdf(MASTER_BYTES, "arcrtc-auth", STREAM, 32),
        salt: hkdf(MASTER_BYTES, "arcrtc-salt", STREAM, 12),
      },
    },
  },
  {
    name: "keys.rtcp: 32-byte suite",
    request: { op: "keys.rtcp", master_key: MASTER, peer_id: CALLER, suite: "chacha20-poly1305" },
    answer: {
      ok: {
        encryption_key: hkdf(MASTER_BYTES, "arcrtc-rtcp-enc", CALLER, 32),
        auth_key: hkdf(MASTER_BYTES, "arcrtc-rtcp-auth", CALLER, 32),
        salt: hkdf(MASTER_BYTES, "arcrtc-rtcp-salt", CALLER, 12),
      },
    },
  },
  {
    name: "keys.derive: a suite of nobody's",
    request: {
      op: "keys.derive",
      shared_secret: SECRET.toString("hex"),
      session_id: SESSION,
      stream_id: STREAM,
      suite: "rot13",
    },
    answer: { error: "$.suite must be one of aes-128-gcm, aes-256-gcm, chacha20-poly1305" },
  },
  {
    name: "ARC-KEY-epoch-proof: keys.proof",
    request: {
      op: "keys.proof",
      master_key: MASTER,
      session_id: SESSION,
      type: "KEY_ROTATE",
      peer_id: CALLER,
      epoch: 12,
      public_key: "BKey",
    },
    answer: {
      ok: {
        proof: node.createHmac("sha256", Buffer.from(hkdf(MASTER_BYTES, "arcrtc-proof", SESSION, 32), "hex"))
          .update(`KEY_ROTATE${CALLER}12BKey`).digest().subarray(0, 16).toString("base64url"),
      },
    },
  },
  {
    name: "ARC-KEY-transcript-offers-verbatim: keys.transcript of epoch 0 without certificates",
    request: TRANSCRIPT,
    answer: { ok: { transcript: transcriptOf([...FIRST_ITEMS, "", "", ...LAST_ITEMS]) } },
  },
  {
    name: "ARC-KEY-transcript-chain: keys.transcript with certificate, epoch and previous key",
    request: {
      ...TRANSCRIPT,
      epoch: 2,
      caller_certificate: CERTIFICATE.toString("base64"),
      previous_master_key: MASTER,
    },
    answer: {
      ok: {
        transcript: transcriptOf([
          "arcrtc-1.0",
          SESSION,
          "2",
          CALLER,
          CALLEE,
          CALLER_KEY,
          CALLEE_KEY,
          sha256(CERTIFICATE),
          "",
          ...LAST_ITEMS.slice(0, 4),
          MASTER_BYTES,
        ]),
      },
    },
  },
  {
    name: "keys.transcript: an absent authentication list is the default, an empty one is empty",
    request: { ...TRANSCRIPT, offered_authentication: undefined },
    answer: {
      ok: {
        transcript: transcriptOf([...FIRST_ITEMS, "", "", LAST_ITEMS[0], "hmac-sha256-80", ...LAST_ITEMS.slice(2)]),
      },
    },
  },
  {
    name: "keys.transcript: a key that is none",
    request: { ...TRANSCRIPT, callee_key: "AA" },
    answer: { fault: { reason: "bad_key", offset: 0, path: "$.callee_key" } },
  },
  {
    name: "keys.transcript: a certificate that is not base64",
    request: { ...TRANSCRIPT, callee_certificate: "A_=" },
    answer: { fault: { reason: "bad_value", offset: 1, path: "$.callee_certificate" } },
  },
  {
    name: "keys.transcript: an offer that no message can hold",
    request: { ...TRANSCRIPT, offered_encryption: ["a".repeat(65536)] },
    answer: { fault: { reason: "too_large" } },
  },
];

testRows("keys", ROWS);

Deno.test("keys: every negotiated fact changes the transcript", () => {
  const testee = freshTestee();
  const changes: readonly object[] = [
    {},
    { session_id: STREAM },
    { epoch: 1 },
    { caller_peer_id: STREAM },
    { callee_peer_id: STREAM },
    { caller_key: TRANSCRIPT.callee_key },
    { callee_key: TRANSCRIPT.caller_key },
    { caller_certificate: "MAA=" },
    { callee_certificate: "MAA=" },
    { offered_encryption: ["made-up", "aes-128-gcm"] },
    { offered_authentication: [] },
    { suite: "aes-256-gcm" },
    { authentication: "hmac-sha256-80" },
    { previous_master_key: MASTER },
  ];
  const seen = changes.map((change) => JSON.stringify(ask(testee, { ...TRANSCRIPT, ...change }).ok));
  assert.equal(new Set(seen).size, changes.length);
});
