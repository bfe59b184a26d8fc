/** `rtcp.parse` and `rtcp.write`: compound RTCP, unprotected. */
import { toHex } from "../../../lib/base/bytes.ts";
import { parseRtcp, rtcpBytes, writeRtcp } from "../../../lib/packet/rtcp/compound.ts";
import { rtcpFromJson } from "../../../lib/packet/rtcp/from_json.ts";
import { rtcpToJson } from "../../../lib/packet/rtcp/to_json.ts";
import { opParsed, type Ops } from "../testee.ts";

export const rtcpOps: Ops = {
  "rtcp.parse": (request) =>
    opParsed(parseRtcp(request.hex("hex")), (packets) => ({ packets: packets.map(rtcpToJson) })),

  "rtcp.write": (request) =>
    opParsed(rtcpFromJson(request.value("packets"), request.pathOf("packets")), (packets) => {
      const bytes = new Uint8Array(rtcpBytes(packets));
      writeRtcp(packets, bytes, 0);
      return { hex: toHex(bytes) };
    }),
};
