/** `unit.classify` and `frame.read`: what a unit is, and units out of a stream. */
import { toHex } from "../../../lib/base/bytes.ts";
import { classifyUnit, UNIT_KIND_NAMES } from "../../../lib/packet/demux.ts";
import { FrameReader } from "../../../lib/packet/framing.ts";
import { opFault, opOk, type Ops } from "../testee.ts";

export const unitOps: Ops = {
  "unit.classify": (request) => opOk({ kind: UNIT_KIND_NAMES[classifyUnit(request.hex("hex"))] }),

  "frame.read": (request) => {
    const reader = new FrameReader();
    const units: string[] = [];
    for (const chunk of request.hexList("chunks")) {
      reader.feed(chunk);
      while (reader.next()) units.push(toHex(reader.bytes.subarray(reader.start, reader.end)));
      if (reader.fault !== undefined) return opFault(reader.fault);
    }
    return opOk({ units, pending: reader.pendingBytes });
  },
};
