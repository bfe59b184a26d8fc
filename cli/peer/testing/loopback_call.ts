/** Two calls in one process, over real sockets on loopback and a signaling server that the test holds. */
import { uuidV4 } from "../../../lib/base/uuid.ts";
import { defaultBackend } from "../../../lib/crypto/backend_choice.ts";
import { systemClock } from "../../../lib/net/clock.ts";
import { NetError } from "../../../lib/net/net_error.ts";
import { openSignaling } from "../../../lib/net/open_signaling.ts";
import type { SignalingEvent } from "../../../lib/net/pump.ts";
import type { SignalingLink } from "../../../lib/net/signaling_link.ts";
import { SystemRng } from "../../../lib/net/system_rng.ts";
import { openUdp } from "../../../lib/net/udp_deno.ts";
import type { FrameEvent, MediaEvent } from "../../../lib/session/media_events.ts";
import type { SessionEvent } from "../../../lib/session/session_events.ts";
import { KNOWN_CODECS } from "../../../lib/signaling/selection.ts";
import { FrameLedger } from "../frame_ledger.ts";
import { PeerCall } from "../peer_call.ts";
import { openSending } from "../peer_media.ts";
import type { Watch } from "./watch.ts";

export interface Side {
  readonly call: PeerCall;
  readonly events: SessionEvent[];
  readonly signaling: SignalingEvent[];
  /** Of the first stream that this side sends. */
  readonly ledger: FrameLedger;
  readonly media: Exclude<MediaEvent, FrameEvent>[];
  /** Ends it as a crash would: without a word. */
  readonly kill: () => void;
}

export interface LoopbackOptions {
  readonly url: string;
  /** What each side sends, renditions of one stream. */
  readonly sources: readonly [caller: readonly string[], callee: readonly string[]];
  readonly pathlessMs?: number;
}

/** Caller and callee; nothing is started. */
export function loopbackCall({ url, sources, pathlessMs }: LoopbackOptions, watch: Watch): readonly [Side, Side] {
  const clock = systemClock();
  const rng = new SystemRng();
  const sessionId = uuidV4(rng);
  const ledgers = [new FrameLedger(), new FrameLedger()] as const;
  const side = (i: 0 | 1): Side => {
    const transport = openUdp({ host: "127.0.0.1", port: 0 });
    const peerId = uuidV4(rng);
    const events: SessionEvent[] = [];
    const signaling: SignalingEvent[] = [];
    const media: Exclude<MediaEvent, FrameEvent>[] = [];
    let link: SignalingLink | undefined;
    let isDead = false;
    const call = new PeerCall({
      config: {
        role: i === 0 ? "caller" : "callee",
        sessionId,
        peerId,
        rng,
        unixOffsetMs: clock.unixOffsetMs,
        backend: defaultBackend(),
        codecs: KNOWN_CODECS,
        suites: ["aes-128-gcm"],
        authentications: ["hmac-sha256-80"],
        resolutions: [],
        reducedHeader: false,
        rtx: true,
        fec: true,
        networkInfo: () => ({ nat_type: "open", local: [{ ip: transport.local.host, port: transport.local.port }] }),
        identityPolicy: { kind: "optional" },
      },
      transport,
      clock,
      rng,
      openSignaling: async (events) => {
        if (isDead) throw new NetError("refused", "killed by the test");
        return link = await openSignaling({ url, sessionId, peerId, trust: {}, timeoutMs: 5000 }, events);
      },
      sending: openSending(sources[i], false),
      pathlessMs,
      observer: {
        event(event) {
          events.push(event);
          watch.changed();
        },
        signaling(event) {
          signaling.push(event);
          watch.changed();
        },
        media(event) {
          media.push(event);
          watch.changed();
        },
        sent: (_set, _streamId, frame, nowMs) => ledgers[i].sent(frame, nowMs),
        received(event, nowMs) {
          ledgers[1 - i].received(event.frame.data, nowMs);
          watch.changed();
        },
      },
    });
    const kill = () => {
      isDead = true;
      link?.close();
      transport.close();
    };
    return { call, events, signaling, media, ledger: ledgers[i], kill };
  };
  return [side(0), side(1)];
}
