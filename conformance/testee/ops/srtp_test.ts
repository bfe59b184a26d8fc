/** `srtp.*` and `srtcp.*` against node:crypto and the layouts of SPEC.md, and against the engine's vectors. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as node from "node:crypto";
import { ask, engineCases, freshTestee, type Row, testRows } from "../testing.ts";

const SUITES = { "aes-128-gcm": 16, "aes-256-gcm": 32, "chacha20-poly1305": 32 } as const;
type Suite = keyof typeof SUITES;

const AUTH_KEY = "a1".repeat(32);
const SALT = "5a17".repeat(6);

function keysOf(suite: Suite) {
  return { encryption_key: "e0".repeat(SUITES[suite]), auth_key: AUTH_KEY, salt: SALT };
}

function nonceOf(base: Buffer): Buffer {
  return Buffer.from(base.map((byte, i) => byte ^ Buffer.from(SALT, "hex")[i]));
}

function seal(suite: Suite, nonce: Buffer, aad: Buffer, text: Buffer): Buffer {
  const key = Buffer.from(keysOf(suite).encryption_key, "hex");
  const cipher = node.createCipheriv(suite as "aes-128-gcm", key, nonce, { authTagLength: 16 });
  cipher.setAAD(aad, { plaintextLength: text.length });
  return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}

function hmac10(...parts: Buffer[]): Buffer {
  return node.createHmac("sha256", Buffer.from(AUTH_KEY, "hex")).update(Buffer.concat(parts)).digest().subarray(0, 10);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A full packet of SSRC 3 with a 16-byte header. */
function plainPacket(seq: number, payload: string, firstByte = "80"): string {
  return `${firstByte}6f${seq.toString(16).padStart(4, "0")}000000020000000300000000${payload}`;
}

function protectedPacket(plainHex: string, roc: number, suite: Suite = "aes-128-gcm", withHmac = true): string {
  const plain = Buffer.from(plainHex, "hex");
  const header = plain.subarray(0, 16);
  const nonce = nonceOf(Buffer.concat([Buffer.alloc(2), plain.subarray(8, 12), u32(roc), plain.subarray(2, 4)]));
  const body = Buffer.concat([header, seal(suite, nonce, header, plain.subarray(16))]);
  return Buffer.concat([body, withHmac ? hmac10(body, u32(roc)) : Buffer.alloc(0)]).toString("hex");
}

const RTCP = "80c9000100000003";
const RTCP_LONG = RTCP + "81ca00020000000301016100";

function protectedRtcp(plainHex: string, index: number, suite: Suite = "aes-128-gcm", withHmac = true): string {
  const plain = Buffer.from(plainHex, "hex");
  const word = u32(2 ** 31 + index);
  const nonce = nonceOf(Buffer.concat([Buffer.alloc(2), plain.subarray(4, 8), Buffer.alloc(2), u32(index)]));
  const header = plain.subarray(0, 8);
  const body = Buffer.concat([header, seal(suite, nonce, Buffer.concat([header, word]), plain.subarray(8)), word]);
  return Buffer.concat([body, withHmac ? hmac10(body) : Buffer.alloc(0)]).toString("hex");
}

const base = { suite: "aes-128-gcm", keys: keysOf("aes-128-gcm") } as const;
const flipAt = (hex: string, byte: number) => {
  const bytes = Buffer.from(hex, "hex");
  bytes[byte] ^= 1;
  return bytes.toString("hex");
};

const P1 = plainPacket(1, "48656c6c6f");

const ROWS: readonly Row[] = [
  ...Object.keys(SUITES).flatMap((name): Row[] => {
    const suite = name as Suite;
    const keys = keysOf(suite);
    return [
      {
        name: `srtp.protect and the node reference agree on ${suite}`,
        request: { op: "srtp.protect", suite, authentication: "hmac-sha256-80", keys, roc: 5, hex: P1 },
        answer: { ok: { hex: protectedPacket(P1, 5, suite) } },
      },
      {
        name: `srtp.protect without HMAC: ${suite}`,
        request: { op: "srtp.protect", suite, authentication: "none", keys, roc: 0, hex: P1 },
        answer: { ok: { hex: protectedPacket(P1, 0, suite, false) } },
      },
      {
        name: `srtcp.protect and the node reference agree on ${suite}`,
        request: { op: "srtcp.protect", suite, keys, index: 9, hex: RTCP_LONG },
        answer: { ok: { hex: protectedRtcp(RTCP_LONG, 9, suite) } },
      },
      {
        name: `srtcp.protect without HMAC: ${suite}`,
        request: { op: "srtcp.protect", suite, authentication: "none", keys, index: 0, hex: RTCP },
        answer: { ok: { hex: protectedRtcp(RTCP, 0, suite, false) } },
      },
    ];
  }),
  {
    name: "ARC-SRTP-receive-order: srtp.receive, each fault with its reason and none in the way of what follows",
    request: {
      op: "srtp.receive",
      ...base,
      packets: [
        protectedPacket(P1, 0),
        protectedPacket(P1, 0),
        flipAt(protectedPacket(plainPacket(2, "aa"), 0), 42),
        flipAt(protectedPacket(plainPacket(2, "aa"), 0), 17),
        protectedPacket(plainPacket(2, "aa"), 0).slice(0, 80),
        protectedPacket(plainPacket(2, "aa"), 0),
        protectedPacket(plainPacket(3, "aabb00", "a0"), 0),
        "806f",
      ],
    },
    answer: {
      ok: {
        results: [
          { hex: P1 },
          { fault: { reason: "replay" } },
          { fault: { reason: "auth" } },
          { fault: { reason: "auth" } },
          { fault: { reason: "truncated" } },
          { hex: plainPacket(2, "aa") },
          { fault: { reason: "bad_padding", offset: 18 } },
          { fault: { reason: "truncated", offset: 2, need: 16 } },
        ],
      },
    },
  },
  {
    name: "srtp.receive: without HMAC a forgery is the AEAD's to find",
    request: {
      op: "srtp.receive",
      ...base,
      authentication: "none",
      packets: [flipAt(protectedPacket(P1, 0, "aes-128-gcm", false), 16)],
    },
    answer: { ok: { results: [{ fault: { reason: "decrypt" } }] } },
  },
  {
    name: "ARC-SRTP-replay-window: srtp.receive, 63 behind is inside and 64 is not",
    request: {
      op: "srtp.receive",
      ...base,
      packets: [100, 37, 36].map((seq) => protectedPacket(plainPacket(seq, ""), 0)),
    },
    answer: {
      ok: { results: [{ hex: plainPacket(100, "") }, { hex: plainPacket(37, "") }, { fault: { reason: "replay" } }] },
    },
  },
  {
    name: "ARC-SRTP-replay-window-size: srtp.receive with a window of 128",
    request: {
      op: "srtp.receive",
      ...base,
      window: 128,
      packets: [200, 73, 72].map((seq) => protectedPacket(plainPacket(seq, ""), 0)),
    },
    answer: {
      ok: { results: [{ hex: plainPacket(200, "") }, { hex: plainPacket(73, "") }, { fault: { reason: "replay" } }] },
    },
  },
  ...[0, 65, 4160].map((window): Row => ({
    name: `ARC-SRTP-replay-always-on ARC-SRTP-replay-window-size: there is no window of ${window}`,
    request: { op: "srtp.receive", ...base, window, packets: [] },
    answer: { fault: { reason: "bad_value", path: "$.window" } },
  })),
  {
    name: "ARC-SRTP-roc-start: srtp.receive across a wrap, from a given ROC",
    request: {
      op: "srtp.receive",
      ...base,
      start_roc: 7,
      packets: [protectedPacket(plainPacket(65535, ""), 7), protectedPacket(plainPacket(0, ""), 8)],
    },
    answer: { ok: { results: [{ hex: plainPacket(65535, "") }, { hex: plainPacket(0, "") }] } },
  },
  {
    name: "ARC-SRTP-roc-resync: srtp.receive tries the next ROCs after a second of silence only",
    request: {
      op: "srtp.receive",
      ...base,
      packets: [
        { hex: protectedPacket(plainPacket(1, ""), 0), at_ms: 10 },
        { hex: protectedPacket(plainPacket(2, ""), 2), at_ms: 1009 },
        { hex: protectedPacket(plainPacket(2, ""), 2), at_ms: 1010 },
      ],
    },
    answer: {
      ok: { results: [{ hex: plainPacket(1, "") }, { fault: { reason: "auth" } }, { hex: plainPacket(2, "") }] },
    },
  },
  {
    name: "srtp.protect: the last index is not passed",
    request: { op: "srtp.protect", ...base, roc: 2 ** 32, hex: P1 },
    answer: { error: "$.roc must be an integer in 0..4294967295" },
  },
  {
    name: "srtp.protect: no packet",
    request: { op: "srtp.protect", ...base, hex: "80" },
    answer: { fault: { reason: "truncated", offset: 1, need: 16 } },
  },
  {
    name: "srtp.protect: a key of another suite's length",
    request: { op: "srtp.protect", ...base, suite: "aes-256-gcm", hex: P1 },
    answer: { error: "$.keys.encryption_key must be 32 bytes of hex, not 16" },
  },
  {
    name: "ARC-SRTP-srtcp-replay ARC-SRTP-srtcp-encrypted-only: srtcp.receive over a list",
    request: {
      op: "srtcp.receive",
      ...base,
      packets: [
        protectedRtcp(RTCP, 3),
        protectedRtcp(RTCP, 3),
        flipAt(protectedRtcp(RTCP, 4), 37),
        clearE(protectedRtcp(RTCP, 4)),
        protectedRtcp(RTCP, 4),
        "80c90001",
      ],
    },
    answer: {
      ok: {
        results: [
          { hex: RTCP },
          { fault: { reason: "replay" } },
          { fault: { reason: "auth" } },
          { fault: { reason: "bad_value" } },
          { hex: RTCP },
          { fault: { reason: "truncated" } },
        ],
      },
    },
  },
  {
    name: "ARC-SRTP-srtcp-index-end: srtcp.protect has no index 2^31",
    request: { op: "srtcp.protect", ...base, index: 2 ** 31, hex: RTCP },
    answer: { fault: { reason: "bad_state" } },
  },
];

function clearE(hex: string): string {
  const bytes = Buffer.from(hex, "hex");
  bytes[bytes.length - 14] &= 0x7f;
  return bytes.toString("hex");
}

testRows("srtp", ROWS);

interface EngineCase {
  readonly id: string;
  readonly config_roc: number;
  readonly config_ssrc: number;
  readonly master_key: string;
  readonly master_salt: string;
  readonly srtp: string;
  readonly rtp: { readonly wire: string };
  readonly result: { readonly ok?: { header: object; payload: string }; readonly error?: string };
}

function engineRequest(op: string, engine: EngineCase): object {
  const { config_ssrc: ssrc, config_roc: roc, master_key, master_salt } = engine;
  return { op, dialect: "armoricore", ssrc, roc, master_key, master_salt };
}

Deno.test("ARC-DIALECT-armoricore-srtp: srtp.protect writes what the engine writes", () => {
  const testee = freshTestee();
  for (const engine of engineCases<EngineCase>("srtp_encrypt")) {
    const request = { ...engineRequest("srtp.protect", engine), hex: engine.rtp.wire };
    assert.deepEqual(ask(testee, request), { ok: { hex: engine.srtp } }, engine.id);
  }
});

Deno.test("ARC-DIALECT-armoricore-srtp: srtp.receive accepts and refuses what the engine does", () => {
  const testee = freshTestee();
  for (const engine of engineCases<EngineCase>("srtp_decrypt")) {
    const answer = ask(testee, { ...engineRequest("srtp.receive", engine), packets: [engine.srtp, engine.srtp] });
    const results = (answer.ok as { results: { hex?: string }[] } | undefined)?.results ?? [{}, {}];
    if (engine.result.ok === undefined) {
      assert.deepEqual(results.map(({ hex }) => hex), [undefined, undefined], engine.id);
      continue;
    }
    // No replay check: the second copy opens too.
    assert.equal(results[0].hex, results[1].hex, engine.id);
    const plain = ask(testee, { op: "rtp.parse", dialect: "armoricore", plain: true, hex: results[0].hex });
    const { header, payload } = plain.ok as { header: object; payload: string };
    assert.deepEqual({ header, payload }, engine.result.ok, engine.id);
  }
});
