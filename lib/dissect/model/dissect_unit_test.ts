import assert from "node:assert/strict";
import fc from "fast-check";
import { AUTHENTICATIONS } from "../../crypto/suites.ts";
import { classifyUnit, UnitKind } from "../../packet/demux.ts";
import { findField, leavesOf } from "../../packet/field_node.ts";
import { EXAMPLES } from "../../signaling/examples.ts";
import { writeMessage } from "../../signaling/parse_message.ts";
import { hex } from "../testing/packets.ts";
import { sealedText } from "../testing/scene.ts";
import { text } from "../testing/streams.ts";
import { dissectUnit } from "./dissect_unit.ts";
import { readRtcpUnit } from "./rtcp_reading.ts";

const PLAIN = { dialect: undefined, isSealed: false, authentication: undefined } as const;
const TAG = "11".repeat(16);
const HMAC = "22".repeat(10);
const PACKET = hex(`806f00010000000200000003 00000000 aabbcc ${TAG} ${HMAC}`);
const RTCP = hex(`81c80006 00000003 aabbcc ${TAG} 80000005 ${HMAC}`);

const names = (nodes: ReturnType<typeof dissectUnit>) => nodes.map((node) => node.name);

Deno.test("ARC-SRTP-hmac-tag, ARC-SRTP-authentication-none: tags stand where the session's authentication puts them", () => {
  const withHmac = dissectUnit({ ...PLAIN, kind: UnitKind.arcrtp, bytes: PACKET, authentication: "hmac-sha256-80" });
  assert.deepEqual(names(withHmac), [
    "arcrtp.rtp",
    "arcrtp.block",
    "arcsrtp.ciphertext",
    "arcsrtp.tag",
    "arcsrtp.hmac",
  ]);
  assert.deepEqual(findField(withHmac, "arcsrtp.ciphertext")?.value, hex("aabbcc"));
  assert.equal(findField(withHmac, "arcsrtp.hmac")?.bitOffset, 8 * (PACKET.length - 10));
  const without = dissectUnit({ ...PLAIN, kind: UnitKind.arcrtp, bytes: PACKET, authentication: "none" });
  assert.deepEqual(names(without).slice(2), ["arcsrtp.ciphertext", "arcsrtp.tag"]);
  const unknown = dissectUnit({ ...PLAIN, kind: UnitKind.arcrtp, bytes: PACKET });
  assert.deepEqual(names(unknown).slice(2), ["arcrtp.payload"]);
  const short = dissectUnit({ ...PLAIN, kind: UnitKind.arcrtp, bytes: PACKET.subarray(0, 40), authentication: "none" });
  assert.deepEqual(names(short).slice(2), ["arcsrtp.ciphertext", "arcsrtp.tag"]);
  const shorter = dissectUnit({
    ...PLAIN,
    kind: UnitKind.arcrtp,
    bytes: PACKET.subarray(0, 30),
    authentication: "none",
  });
  assert.deepEqual(names(shorter).slice(2), ["arcrtp.payload"]);
});

Deno.test("ARC-SRTP-srtcp-layout: what of SRTCP is in the clear, its index among it", () => {
  const nodes = dissectUnit({ ...PLAIN, kind: UnitKind.rtcp, bytes: RTCP, authentication: "hmac-sha256-80" });
  assert.deepEqual(findField(nodes, "arcsrtcp.index")?.value, 5);
  assert.deepEqual(findField(nodes, "rtcp.ssrc")?.value, 3);
  assert.deepEqual(findField(nodes, "arcsrtp.ciphertext")?.value, hex("aabbcc"));
});

Deno.test("SRTCP is told from RTCP by its look, and by the session's authentication where that is known", () => {
  const reading = readRtcpUnit(RTCP);
  assert.deepEqual(reading, { kind: "protected", index: 5, authentication: "hmac-sha256-80" });
  const noHmac = readRtcpUnit(RTCP.subarray(0, -10));
  assert.deepEqual(noHmac, { kind: "protected", index: 5, authentication: "none" });
  assert.equal(readRtcpUnit(RTCP, "none").kind, "malformed");
  assert.equal(readRtcpUnit(hex("80c9000100000003")).kind, "plain");
  assert.equal(readRtcpUnit(hex("80c9000900000003")).kind, "malformed");
});

Deno.test("ARC-DIALECT-names: plain RTP has no Arc block, its payload begins behind its own header", () => {
  const nodes = dissectUnit({ ...PLAIN, kind: UnitKind.arcrtp, dialect: "rtp", bytes: PACKET });
  assert.deepEqual(names(nodes), ["arcrtp.rtp", "arcrtp.payload"]);
  assert.equal(findField(nodes, "arcrtp.payload")?.bitOffset, 96);
});

Deno.test("ARC-SEAL-format: a sealed message has its fields, and behind them its seal's", () => {
  const bytes = sealedText(EXAMPLES.HEARTBEAT.full, 9);
  const nodes = dissectUnit({ ...PLAIN, kind: UnitKind.json, isSealed: true, bytes });
  assert.equal(findField(nodes, "arcsig.type")?.value, "HEARTBEAT");
  assert.equal(findField(nodes, "seal.counter")?.value, 9);
  assert.equal(findField(nodes, "seal.tag")?.bitOffset, 8 * (bytes.length - 16));
});

Deno.test("dissectUnit: of any bytes the leaves of a packet cover every bit once, in order", () => {
  const seeds = [
    PACKET,
    RTCP,
    hex("c1050000aabb"),
    text(writeMessage(EXAMPLES.ACK.full)),
    hex("0001"),
    hex("16fefd"),
    hex("ff"),
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 4 }),
      fc.nat(60),
      fc.constantFrom(undefined, ...AUTHENTICATIONS),
      fc.constantFrom(undefined, "arcrtc-1.0" as const, "rtp" as const),
      (seed, flips, length, authentication, dialect) => {
        const bytes = seed.slice(0, length);
        for (const [at, value] of flips) if (at < bytes.length) bytes[at] = value;
        const kind = classifyUnit(bytes);
        const nodes = dissectUnit({ kind, bytes, dialect, isSealed: false, authentication });
        if (kind === UnitKind.json) return;
        let bit = 0;
        for (const leaf of leavesOf(nodes)) {
          if (leaf.bitLength === 0) continue;
          assert.equal(leaf.bitOffset, bit, leaf.name);
          bit += leaf.bitLength;
        }
        assert.equal(bit, 8 * bytes.length);
      },
    ),
    { seed: 121, numRuns: 1500 },
  );
});
