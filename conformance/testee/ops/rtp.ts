/** `rtp.parse` and `rtp.write`: RTP and ArcRTP packets in both dialects. */
import { toHex } from "../../../lib/base/bytes.ts";
import type { Fields } from "../request.ts";
import { DIALECTS, parseRtpForm, rtpFromJson, rtpToJson } from "../rtp_json.ts";
import { opParsed, type Ops } from "../testee.ts";

export const rtpOps: Ops = {
  "rtp.parse": (request) => opParsed(parseRtpForm(request.hex("hex"), readForm(request)), rtpToJson),
  "rtp.write": (request) =>
    opParsed(rtpFromJson(request, readForm(request).dialect), (bytes) => ({ hex: toHex(bytes) })),
};

function readForm(request: Fields) {
  return { dialect: request.oneOf("dialect", DIALECTS, "arcrtc-1.0"), plain: request.flag("plain") };
}
