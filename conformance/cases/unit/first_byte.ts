/** SPEC clause 1.1: what a unit is by its first byte. */
import type { Case, Check } from "../../case.ts";
import { answers } from "../../expect.ts";
import { vectorCase } from "../../vector_case.ts";

export const CASES: readonly Case[] = [
  vectorCase("unit/first-byte", "ARC-UNIT-first-byte", "unit.classify", "The first byte decides what a unit is"),
  {
    id: "unit/first-byte-alone",
    requirements: ["ARC-UNIT-first-byte"],
    title: "Neither length nor content beyond the first byte changes the kind, over all 256 first bytes",
    needs: "ops",
    checks: ({ rng }) =>
      // 0x80 to 0xBF need a second byte, see ARC-UNIT-rtcp-second-byte: a 0 is no RTCP.
      Array.from({ length: 256 }, (_, first) => {
        const tail = first >= 0x80 && first <= 0xbf ? "00" : rng.u32().toString(16).padStart(8, "0");
        return classified(first.toString(16).padStart(2, "0") + tail, kindOf(first));
      }),
  },
  {
    id: "unit/first-byte-memory",
    requirements: ["ARC-UNIT-first-byte"],
    title: "What came before changes nothing: the same unit is of the same kind between units of other kinds",
    needs: "ops",
    checks: () =>
      ["7b7d", "80c8", "c000", "00", "16fe", "ff"].flatMap((other, i) => [
        { ...classified("8060", "arcrtp"), name: `arcrtp before ${other}` },
        { ...classified(other, ["json", "rtcp", "reduced", "stun", "dtls", "reduced"][i]), name: other },
        { ...classified("8060", "arcrtp"), name: `arcrtp after ${other}` },
      ]),
  },
  vectorCase(
    "unit/rtcp-second-byte",
    "ARC-UNIT-rtcp-second-byte",
    "unit.classify",
    "A second byte in 192 to 223 makes RTCP of a unit of the RTP class",
  ),
  {
    id: "unit/rtcp-all-second-bytes",
    requirements: ["ARC-UNIT-rtcp-second-byte"],
    title: "All 256 second bytes behind 0x80 and 0xBF are told apart, marker or not",
    needs: "ops",
    checks: () =>
      ["80", "bf"].flatMap((first) =>
        Array.from(
          { length: 256 },
          (_, second) =>
            classified(
              first + second.toString(16).padStart(2, "0"),
              second >= 192 && second <= 223 ? "rtcp" : "arcrtp",
            ),
        )
      ),
  },
  vectorCase(
    "unit/json-first-byte",
    "ARC-UNIT-json-first-byte",
    "unit.classify",
    "A JSON unit begins with a brace and with nothing before it",
  ),
  vectorCase(
    "unit/json-before-brace",
    "ARC-UNIT-json-first-byte",
    "signaling.parse",
    "A byte order mark or white space before the brace is refused",
  ),
  vectorCase(
    "unit/unknown-class",
    "ARC-UNIT-unknown-class",
    "unit.classify",
    "First bytes outside of all classes, and a unit of no bytes, are unknown",
  ),
];

function classified(hex: string, kind: string): Check {
  return { name: hex, request: { op: "unit.classify", hex }, ...answers({ kind }) };
}

/** The table of the clause. */
function kindOf(first: number): string {
  if (first <= 0x03) return "stun";
  if (first >= 0x14 && first <= 0x3f) return "dtls";
  if (first === 0x7b) return "json";
  if (first >= 0xc0) return "reduced";
  return first >= 0x80 ? "arcrtp" : "unknown";
}
