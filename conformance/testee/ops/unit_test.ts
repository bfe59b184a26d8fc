import { type Row, testRows } from "../testing.ts";

const ROWS: readonly Row[] = [
  ...([["", "unknown"], ["00", "stun"], ["16fe", "dtls"], ["7b7d", "json"], ["80", "arcrtp"], ["80c8", "rtcp"], [
    "c0",
    "reduced",
  ], ["41", "unknown"]] as const)
    .map(([hex, kind]): Row => ({
      name: `ARC-UNIT-first-byte: unit.classify of '${hex}'`,
      request: { op: "unit.classify", hex },
      answer: { ok: { kind } },
    })),
  {
    name: "ARC-UNIT-frame-split: frame.read gives the units of any cut",
    request: { op: "frame.read", chunks: ["00", "0180", "", "0002c0", "c1000380"] },
    answer: { ok: { units: ["80", "c0c1"], pending: 3 } },
  },
  {
    name: "ARC-UNIT-frame-zero-length: frame.read refuses a length of 0",
    request: { op: "frame.read", chunks: ["000180", "0000"] },
    answer: { fault: { reason: "bad_length", offset: 3 } },
  },
];

testRows("unit", ROWS);
