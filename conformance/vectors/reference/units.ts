/** Clauses 1.1 and 1.2. */
import { fromHex, hexOf } from "./bytes.ts";
import { type Answer, answering, type Json, type Judges } from "./judge.ts";

export const unitJudges: Judges = {
  "unit.classify": answering(classify),
  "frame.read": answering(readFrames),
};

/** The table of the clause, row by row. */
function classify(request: Json): Answer {
  const [first, second] = fromHex(request.hex as string);
  const kind = () => {
    if (first === undefined) return "unknown";
    if (first >= 0x00 && first <= 0x03) return "stun";
    if (first >= 0x14 && first <= 0x3f) return "dtls";
    if (first === "{".charCodeAt(0)) return "json";
    if (first >= 0x80 && first <= 0xbf) {
      return second !== undefined && second >= 192 && second <= 223 ? "rtcp" : "arcrtp";
    }
    if (first >= 0xc0 && first <= 0xff) return "reduced";
    return "unknown";
  };
  return { ok: { kind: kind() } };
}

/** All reads in one, since the cuts must not matter. */
function readFrames(request: Json): Answer {
  const stream = fromHex((request.chunks as string[]).join(""));
  const units: string[] = [];
  let at = 0;
  while (stream.length - at >= 2) {
    const length = stream[at] * 256 + stream[at + 1];
    if (length === 0) return { fault: { reason: "bad_length", offset: at } };
    if (stream.length - at - 2 < length) break;
    units.push(hexOf(stream.slice(at + 2, at + 2 + length)));
    at += 2 + length;
  }
  return { ok: { units, pending: stream.length - at } };
}
