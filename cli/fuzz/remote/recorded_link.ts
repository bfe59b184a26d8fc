/** A signaling link whose messages go into a transcript, in both directions. */
import { utf8 } from "../../../lib/base/bytes.ts";
import type { Transcript } from "../../../lib/fuzz/transcript.ts";
import type { SignalingLink, SignalingLinkEvents } from "../../../lib/net/signaling_link.ts";

const TRANSPORT = "ws";

export async function recordedLink(
  open: (events: SignalingLinkEvents) => Promise<SignalingLink>,
  events: SignalingLinkEvents,
  transcript: Transcript,
): Promise<SignalingLink> {
  const link = await open({
    heard: () => events.heard?.(),
    closed: (why) => events.closed(why),
    message: (unit) => {
      transcript.received(typeof unit === "string" ? utf8(unit) : unit, performance.now(), TRANSPORT);
      events.message(unit);
    },
  });
  return {
    name: link.name,
    peerCertificateSha256: link.peerCertificateSha256,
    get bufferedBytes() {
      return link.bufferedBytes;
    },
    close: (why) => link.close(why),
    send: (text) => {
      transcript.sent(utf8(text), performance.now(), TRANSPORT);
      link.send(text);
    },
  };
}
