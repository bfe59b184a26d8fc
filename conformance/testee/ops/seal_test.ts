/** `seal.*` and `relay.*` against node:crypto and the formulas of SPEC.md. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as node from "node:crypto";
import { ask, freshTestee, type Row, testRows } from "../testing.ts";

const MASTER = "0b".repeat(32);
const PEER = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
const SESSION = "550e8400-e29b-41d4-a716-446655440000";

function mac16(key: Buffer, data: Buffer): Buffer {
  return node.createHmac("sha256", key).update(data).digest().subarray(0, 16);
}

function sealed(json: string, counter: number): string {
  const key = Buffer.from(node.hkdfSync("sha256", Buffer.from(MASTER, "hex"), "arcrtc-seal", PEER, 32));
  const tail = Buffer.alloc(7);
  tail.writeUIntBE(counter, 1, 6);
  const covered = Buffer.concat([Buffer.from(json), tail]);
  return Buffer.concat([covered, mac16(key, covered)]).toString("hex");
}

const protect = (json: string, counter: number) => ({
  op: "seal.protect",
  master_key: MASTER,
  peer_id: PEER,
  counter,
  json,
});
const receive = (...units: string[]) => ({ op: "seal.receive", master_key: MASTER, peer_id: PEER, units });
const flipLast = (hex: string) => hex.slice(0, -1) + (hex.endsWith("0") ? "1" : "0");

const RELAY_SECRET = "5e".repeat(20);
const EXPIRES = 1_234_571_490;
const EXPIRY = Buffer.alloc(8);
EXPIRY.writeBigUInt64BE(BigInt(EXPIRES));
const RELAY_TAG = mac16(
  Buffer.from(RELAY_SECRET, "hex"),
  Buffer.concat([Buffer.from(`arcrtc-relay${SESSION}${PEER}`), EXPIRY]),
);
const TOKEN = Buffer.concat([EXPIRY, RELAY_TAG]).toString("base64url");
const grant = { session_id: SESSION, peer_id: PEER };

const ROWS: readonly Row[] = [
  {
    name: "ARC-SEAL-format ARC-SEAL-tag: seal.protect",
    request: protect('{"type":"ACK"}', 0x0102_0304_0506),
    answer: { ok: { hex: sealed('{"type":"ACK"}', 0x0102_0304_0506) } },
  },
  {
    name: "seal.protect: the largest unit",
    request: protect("x".repeat(1209), 0),
    answer: { ok: { hex: sealed("x".repeat(1209), 0) } },
  },
  {
    name: "seal.protect: one byte too many",
    request: protect("x".repeat(1210), 0),
    answer: { fault: { reason: "too_large" } },
  },
  {
    name: "seal.protect: counters used up",
    request: protect("{}", 2 ** 48),
    answer: { fault: { reason: "bad_state" } },
  },
  {
    name: "ARC-SEAL-replay ARC-SEAL-wrong-tag ARC-SEAL-recognise: seal.receive over a list",
    request: receive(
      sealed("{}", 5),
      sealed("{}", 5),
      flipLast(sealed("{}", 6)),
      sealed("{}", 6),
      sealed("{}", 70),
      sealed("{}", 6),
      "7b7d",
      Buffer.from(`{"plain":${"1".repeat(30)}}`).toString("hex"),
    ),
    answer: {
      ok: {
        results: [
          { json: "{}" },
          { fault: { reason: "replay", offset: 3 } },
          { fault: { reason: "auth", offset: 9 } },
          { json: "{}" },
          { json: "{}" },
          { fault: { reason: "replay", offset: 3 } },
          { fault: { reason: "truncated", offset: 2, need: 25 } },
          { fault: { reason: "bad_value", offset: 17 } },
        ],
      },
    },
  },
  {
    name: "ARC-RELAY-token ARC-RELAY-token-inputs: relay.token",
    request: { op: "relay.token", relay_secret: RELAY_SECRET, ...grant, expires: EXPIRES },
    answer: { ok: { token: TOKEN } },
  },
  {
    name: "ARC-RELAY-proof: relay.proof",
    request: { op: "relay.proof", token: TOKEN, nonce: "n0nce", ...grant },
    answer: {
      ok: { proof: mac16(RELAY_TAG, Buffer.from(`n0nce${SESSION}${PEER}`)).toString("base64url") },
    },
  },
  {
    name: "relay.proof: a token cut short",
    request: { op: "relay.proof", token: TOKEN.slice(0, 28), nonce: "n", ...grant },
    answer: { fault: { reason: "truncated", offset: 21, need: 24 } },
  },
  {
    name: "relay.token: an expiry in fractions",
    request: { op: "relay.token", relay_secret: "00", ...grant, expires: 1.5 },
    answer: { error: "$.expires must be an integer in 0..9007199254740991" },
  },
];

testRows("seal and relay", ROWS);

Deno.test("ARC-SEAL-direction: what a peer sealed does not open under another's key", () => {
  const answer = ask(freshTestee(), { ...receive(sealed("{}", 0)), peer_id: SESSION });
  assert.deepEqual(answer, { ok: { results: [{ fault: { reason: "auth", offset: 9 } }] } });
});
