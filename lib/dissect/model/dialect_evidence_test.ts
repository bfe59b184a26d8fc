import assert from "node:assert/strict";
import { SeededRng } from "../../base/rng.ts";
import { ArcRtpView, writeArcRtp } from "../../packet/arcrtp.ts";
import { DialectEvidence } from "./dialect_evidence.ts";

function packet(over: Partial<Parameters<typeof writeArcRtp>[0]> = {}): Uint8Array {
  const bytes = new Uint8Array(60);
  const fields = { payloadType: 111, sequenceNumber: 1, timestamp: 2, ssrc: 3, quality: 1, priority: 0, keyPhase: 0 };
  const length = writeArcRtp({ ...fields, payload: new Uint8Array(20), ...over }, bytes, 0);
  return bytes.subarray(0, length);
}

function evidenceOf(packets: readonly Uint8Array[]): DialectEvidence {
  const evidence = new DialectEvidence();
  const view = new ArcRtpView();
  for (const bytes of packets) {
    if (view.parse(bytes) || view.faultReason === "bad_value") evidence.packet(view);
  }
  return evidence;
}

Deno.test("ARC-DIALECT-detection: packets with an Arc block are of arcrtc-1.0 unless something speaks against it", () => {
  const evidence = evidenceOf([packet(), packet({ bandwidthKbps: 500 }), packet({ lossTenths: 3 })]);
  assert.deepEqual(evidence.verdict(), {
    dialect: "arcrtc-1.0",
    reasons: ["3 of 3 packets have an Arc block behind the RTP header", "nothing speaks for another dialect"],
  });
  assert.deepEqual(evidenceOf([packet({ keyPhase: 2 })]).verdict(), {
    dialect: "arcrtc-1.0",
    reasons: ["1 packet with a key phase other than 0"],
  });
});

Deno.test("ARC-DIALECT-detection: plain RTP shows by media where the block would be, one odd packet does not", () => {
  const rng = new SeededRng(5);
  const plain = Array.from({ length: 50 }, () => {
    const bytes = packet();
    bytes.set(rng.fill(new Uint8Array(4)), 12);
    return bytes;
  });
  const { dialect, reasons } = evidenceOf(plain).verdict();
  assert.equal(dialect, "rtp");
  assert.match(reasons[0], /^\d+ of 50 packets have no Arc block behind the RTP header/);
  const arc = Array.from({ length: 20 }, () => packet());
  assert.equal(evidenceOf([...arc, ...plain.slice(0, 4)]).verdict().dialect, "arcrtc-1.0");
});

Deno.test("ARC-DIALECT-names: the engine shows by its messages and by payload types that arcrtc-1.0 excludes", () => {
  const excluded = packet();
  excluded[1] = 72;
  assert.deepEqual(evidenceOf([excluded, packet()]).verdict(), {
    dialect: "armoricore",
    reasons: ["1 packet with an Arc block and a payload type in 64..95"],
  });
  const evidence = new DialectEvidence();
  evidence.engineMessages = 2;
  evidence.engineType = "STREAM_NEGOTIATE";
  assert.deepEqual(evidence.verdict(), {
    dialect: "armoricore",
    reasons: ["2 messages valid only in armoricore (STREAM_NEGOTIATE)"],
  });
});

Deno.test("ARC-DIALECT-no-mixing: where both show themselves, both are told", () => {
  const evidence = new DialectEvidence();
  evidence.ownMessages = 3;
  evidence.reduced = 1;
  const other = new DialectEvidence();
  other.engineMessages = 1;
  other.engineType = "STREAM_ACK";
  evidence.add(other);
  assert.deepEqual(evidence.verdict(), {
    dialect: "arcrtc-1.0",
    reasons: [
      "3 messages valid in arcrtc-1.0",
      "1 packet with a reduced header that a STREAM_START explains",
      "but 1 message valid only in armoricore (STREAM_ACK)",
    ],
  });
  assert.deepEqual(new DialectEvidence().verdict(), { dialect: undefined, reasons: [] });
});
