/** Our own peer, broken in what it makes of the delay and the loss of what it receives. */
import { absSendTimeDeltaMs, unixMsToAbsSendTime } from "../../lib/base/time.ts";
import { ArcRtpView } from "../../lib/packet/arcrtp.ts";
import { StampReader } from "../../lib/packet/extensions.ts";
import { messageOf } from "../drive/line.ts";
import type { OwnPeerChanges } from "../drive/own_peer.ts";
import type { Json } from "../testee/answer.ts";
import type { Mutant } from "./mutant.ts";
import { peerMutant, receiving, saying } from "./peer_mutant.ts";

export const CALL_MUTANTS: readonly Mutant[] = [
  peerMutant({
    id: "peer/delay-between-clocks",
    broken: "takes arrival by its own clock less send time by the sender's for the one-way delay",
    breaks: ["ARC-RTP-ext-arrival-time"],
  }, delaysBetweenClocks()),
  peerMutant(
    {
      id: "peer/asks-for-less",
      broken: "asks for a lower bit rate of what it receives, by itself",
      breaks: ["ARC-QUALITY-sender-decides"],
    },
    {
      message(unit, say) {
        const { type, session_id, stream_id, timestamp } = messageOf(unit);
        if (type !== "STREAM_START") return;
        const wish = { quality: { bitrate: 16_000 }, reason: "network" };
        say(JSON.stringify({ type: "QUALITY_ADAPT", session_id, stream_id, ...wish, timestamp }));
      },
    },
  ),
];

/** The send time of a packet can be read by anybody; so can METRICS be told otherwise. */
function delaysBetweenClocks(): OwnPeerChanges {
  const view = new ArcRtpView();
  const stamps = new StampReader();
  let one_way = 0;
  return {
    ...receiving((unit) => {
      if (view.parse(unit) && view.hasExtension && stamps.read(view) && stamps.sendTime24 !== undefined) {
        one_way = absSendTimeDeltaMs(stamps.sendTime24, unixMsToAbsSendTime(Date.now()));
      }
      return false;
    }),
    ...saying(() => (message) =>
      message.type === "METRICS" ? { ...message, latency: { ...message.latency as Json, one_way } } : message
    ),
  };
}
