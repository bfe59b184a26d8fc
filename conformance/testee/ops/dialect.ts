/** `dialect.detect`: which dialect packets and messages are of, as far as they tell. */
import { DialectEvidence } from "../../../lib/dissect/model/dialect_evidence.ts";
import { ArcRtpView } from "../../../lib/packet/arcrtp.ts";
import { parseArmoricoreMessage } from "../../../lib/signaling/armoricore_messages.ts";
import { parseMessage } from "../../../lib/signaling/parse_message.ts";
import { opOk, type Ops } from "../testee.ts";

export const dialectOps: Ops = {
  // `dialect` is null where nothing was to judge by; "rtp" is neither of the two.
  "dialect.detect": (request) => {
    const evidence = new DialectEvidence();
    const view = new ArcRtpView();
    for (const packet of request.has("packets") ? request.hexList("packets") : []) {
      // An excluded payload type can be read as far as the block, and is evidence.
      if (view.parse(packet) || view.faultReason === "bad_value") evidence.packet(view);
    }
    for (const text of request.has("messages") ? request.texts("messages") : []) {
      if (parseMessage(text).ok) {
        evidence.ownMessages++;
        continue;
      }
      const engine = parseArmoricoreMessage(text);
      if (!engine.ok) continue;
      evidence.engineMessages++;
      evidence.engineType = engine.value.type;
    }
    const { dialect, reasons } = evidence.verdict();
    return opOk({ dialect: dialect ?? null, reasons });
  },
};
