/** HEARTBEATs over a signaling connection: TCP, TLS, WebSocket plain, or a Phoenix topic that has been joined. */
import type { Clock } from "./clock.ts";
import { FOREIGN_END, type ProbeChannel, type ProbeChannelEvents } from "./probe_channel.ts";
import type { SignalingLink, SignalingLinkEvents } from "./signaling_link.ts";

/** Opens the connection with `open`; throws what that throws. */
export async function openLinkProbe(
  open: (events: SignalingLinkEvents) => Promise<SignalingLink>,
  clock: Clock,
  events: ProbeChannelEvents,
): Promise<ProbeChannel> {
  let isOpen = true;
  const link = await open({
    message: (unit) => events.unit(unit, clock.nowMs()),
    closed(why) {
      if (!isOpen) return;
      isOpen = false;
      events.closed(why);
    },
  });
  return {
    method: "heartbeat",
    isDatagram: false,
    ...FOREIGN_END,
    send(question) {
      if (!isOpen) return undefined;
      const sentMs = clock.nowMs();
      link.send(question.text);
      return sentMs;
    },
    close() {
      isOpen = false;
      link.close();
    },
  };
}
