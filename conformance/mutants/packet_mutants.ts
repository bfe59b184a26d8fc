/** Testees that read or write units wrongly. */
import { parseHex, toHex } from "../../lib/base/bytes.ts";
import { unwrap } from "../../lib/base/parsed.ts";
import { Fields } from "../testee/request.ts";
import { opOk } from "../testee/testee.ts";
import { arcBlockAt, type Mutant, opsMutant } from "./mutant.ts";

const PADDING_BIT = 0x20;

export const PACKET_MUTANTS: readonly Mutant[] = [
  opsMutant(
    {
      id: "unit/rtcp-ends-early",
      broken: "takes a second byte of 223 for no RTCP",
      breaks: ["ARC-UNIT-rtcp-second-byte"],
    },
    "unit.classify",
    (op) => (request, context) => {
      const [first, second] = request.hex("hex");
      return first >= 0x80 && first <= 0xbf && second === 223 ? opOk({ kind: "arcrtp" }) : op(request, context);
    },
  ),
  opsMutant(
    {
      id: "arcrtp/accepts-no-padding",
      broken: "accepts a count of padding of 0",
      breaks: ["ARC-RTP-padding-count"],
    },
    "rtp.parse",
    (op) => (request, context) => {
      const bytes = request.hex("hex");
      const result = op(request, context);
      if (result.kind !== "fault" || result.fault.reason !== "bad_padding" || bytes.at(-1) !== 0) return result;
      bytes[0] &= ~PADDING_BIT;
      return op(new Fields({ ...request.raw, hex: toHex(bytes) }), context);
    },
  ),
  opsMutant(
    {
      id: "arcrtp/writes-reserved-flag",
      broken: "sets flag 0x80 in every Arc block that it writes",
      breaks: ["ARC-RTP-reserved-zero", "ARC-RTP-round-trip"],
    },
    "rtp.write",
    (op) => (request, context) => {
      const result = op(request, context);
      if (result.kind !== "ok" || !("hex" in result.value) || !request.has("arc")) return result;
      const bytes = unwrap(parseHex(String(result.value.hex)));
      bytes[arcBlockAt(bytes) + 1] |= 0x80;
      return opOk({ hex: toHex(bytes) });
    },
  ),
];
