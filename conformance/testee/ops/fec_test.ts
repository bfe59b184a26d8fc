import assert from "node:assert/strict";
import { ask, freshTestee, type Row, testRows } from "../testing.ts";

/** A full packet of SSRC 3; K is 0, as FEC gives packets back. */
function packet(seq: number, payload: string, ssrc = 3): string {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0");
  return `8066${hex(seq & 0xffff, 4)}00000005${hex(ssrc, 8)}10000000${payload}`;
}

const FRAME = [65534, 65535, 65536, 65537, 65538, 65539].map((seq, i) => packet(seq, "ab".repeat(i + 1) + "0" + i));

function repairsOf(packets: readonly string[], redundancy: number): string[] {
  return (ask(freshTestee(), { op: "fec.encode", packets, redundancy }).ok as { packets: string[] }).packets;
}

const ROWS: readonly Row[] = [
  {
    // R=0 F=0, P X CC, M PT, length, timestamp, SN base, mask of bit 0, then the source behind its twelfth byte.
    name: "encode: the repair of one packet is that packet",
    request: { op: "fec.encode", packets: [packet(7, "aabb")], redundancy: 1 },
    answer: {
      ok: {
        packets: [
          "817300000000000500000004" + "00000003" + "30000000" + "0066000600000005" + "00074000" + "10000000aabb",
        ],
      },
    },
  },
  { name: "encode: nothing for nothing", request: { op: "fec.encode", packets: [] }, answer: { ok: { packets: [] } } },
  {
    name: "encode: a gap",
    request: { op: "fec.encode", packets: [packet(1, ""), packet(3, "")] },
    answer: { fault: { reason: "bad_value", path: "$.packets[1]" } },
  },
  {
    name: "encode: two streams",
    request: { op: "fec.encode", packets: [packet(1, "", 9), packet(2, "")] },
    answer: { fault: { reason: "bad_value", path: "$.packets[0]" } },
  },
  {
    name: "encode: more than everything",
    request: { op: "fec.encode", packets: [packet(1, "")], redundancy: 1.5 },
    answer: { error: "$.redundancy must be in 0..1" },
  },
  {
    name: "recover: without repairs there is nothing",
    request: { op: "fec.recover", media: FRAME, fec: [] },
    answer: { ok: { recovered: [] } },
  },
  {
    name: "recover: a repair that names nobody",
    request: { op: "fec.recover", media: [], fec: [packet(1, "00")] },
    answer: { fault: { reason: "bad_value", offset: 12, path: "$.fec[0]" } },
  },
  {
    name: "recover: no packet",
    request: { op: "fec.recover", media: ["80"], fec: [] },
    answer: { fault: { reason: "truncated", offset: 1, need: 16, path: "$.media[0]" } },
  },
];

testRows("fec", ROWS);

Deno.test("ARC-LOSS-fec-key-frames: without redundancy given it is 20 %, rounded up", () => {
  const { packets } = ask(freshTestee(), { op: "fec.encode", packets: FRAME }).ok as { packets: string[] };
  assert.equal(packets.length, 2);
});

Deno.test("fec: each packet of a frame, whatever its length, comes back from the others", () => {
  const fec = repairsOf(FRAME, 0.2);
  for (const [i, lost] of FRAME.entries()) {
    const media = FRAME.filter((_, other) => other !== i);
    assert.deepEqual(ask(freshTestee(), { op: "fec.recover", media, fec }), { ok: { recovered: [lost] } }, `${i}`);
  }
});

Deno.test("fec: a burst of as many as there are repairs comes back, one more does not", () => {
  const fec = repairsOf(FRAME, 0.5);
  assert.equal(fec.length, 3);
  const recover = (media: readonly string[]) =>
    (ask(freshTestee(), { op: "fec.recover", media, fec }).ok as { recovered: string[] }).recovered.toSorted();
  assert.deepEqual(recover(FRAME.slice(3)), FRAME.slice(0, 3).toSorted());
  assert.deepEqual(recover(FRAME.slice(4)).length, 2);
});
