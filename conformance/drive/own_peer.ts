/**
 * Our own peer as the peer under test, in this process: one session for each dialogue, with sockets of its own, that sends
 * test audio and video. For runs over ourselves, which start no program for each case, and for peers that are broken on
 * purpose.
 */
import { utf8 } from "../../lib/base/bytes.ts";
import { uuidV4 } from "../../lib/base/uuid.ts";
import { defaultBackend } from "../../lib/crypto/backend_choice.ts";
import type { MediaKind } from "../../lib/media/codec.ts";
import { makeTestSource, type TestSource } from "../../lib/media/synthetic.ts";
import { type Clock, systemClock } from "../../lib/net/clock.ts";
import type { DatagramTransport } from "../../lib/net/datagram.ts";
import { hasChannels, openSignaling } from "../../lib/net/open_signaling.ts";
import { SessionPump } from "../../lib/net/pump.ts";
import type { SignalingLink } from "../../lib/net/signaling_link.ts";
import { SystemRng } from "../../lib/net/system_rng.ts";
import { openUdpBesideTcp } from "../../lib/net/udp_beside_tcp.ts";
import { openUdp } from "../../lib/net/udp_deno.ts";
import { PeerSession } from "../../lib/session/session.ts";
import type { SessionConfig, SessionOutput } from "../../lib/session/session_events.ts";
import { KNOWN_CODECS } from "../../lib/signaling/selection.ts";
import type { StreamOffer } from "../../lib/signaling/stream_exchange.ts";
import type { KnownRelay, PeerMeeting, PeerSource } from "./peer_source.ts";
import { PEER_WAYS, type PeerWays } from "./peer_way.ts";
import type { RunningProgram } from "./program.ts";

const SOURCES = ["test:audio", "test:video"] as const;
const VIDEO = { fps: 15, bitrateBps: 300_000, keyframeInterval: 60 };
const PAYLOAD_TYPES = { "test:audio": 111, "test:video": 102 } as const;
const AUDIO_FRAME_MS = 20;
const TIMEOUT_MS = 5000;

/** What is changed about the peer: for mutants. */
export interface OwnPeerChanges {
  readonly config?: (config: SessionConfig) => SessionConfig;
  /** Sees the session before it is driven, and may put methods of its own in the place of its. */
  readonly session?: (session: PeerSession) => void;
  readonly transport?: (transport: DatagramTransport) => DatagramTransport;
  /** In the place of `openSignaling`. */
  readonly open?: typeof openSignaling;
  readonly link?: (link: SignalingLink) => SignalingLink;
  /** Sees each message by signaling before the session does; `say` answers. */
  readonly message?: (unit: Uint8Array, say: (text: string) => void) => void;
  readonly clock?: (clock: Clock) => Clock;
}

export function ownPeer(changes: OwnPeerChanges = {}, ways: PeerWays = PEER_WAYS): PeerSource {
  return {
    description: "this program's own peer, in this process",
    roles: ["caller", "callee"],
    ways,
    takes: () => true,
    start: (meeting) => new OwnPeer(meeting, changes),
  };
}

class OwnPeer implements RunningProgram {
  readonly ended: Promise<string>;
  readonly #pump: SessionPump;
  readonly #session: PeerSession;
  readonly #rng = new SystemRng();
  readonly #timers = new Set<ReturnType<typeof setInterval>>();
  readonly #sources = new Map<string, TestSource>();
  #hasOffered = false;

  constructor(meeting: PeerMeeting, changes: OwnPeerChanges) {
    const { role, signalUrl: url, sessionId, peerId, relay, caPem, token } = meeting;
    const clock = changes.clock?.(systemClock()) ?? systemClock();
    const socket = openUdpBesideTcp(openUdp, { host: "127.0.0.1", port: 0 });
    const transport = changes.transport?.(socket) ?? socket;
    const config: SessionConfig = {
      role,
      sessionId,
      peerId,
      rng: this.#rng,
      unixOffsetMs: clock.unixOffsetMs,
      backend: defaultBackend(),
      addresses: transport.addresses,
      codecs: KNOWN_CODECS,
      suites: ["aes-128-gcm", "aes-256-gcm", "chacha20-poly1305"],
      authentications: ["hmac-sha256-80", "none"],
      resolutions: [],
      reducedHeader: true,
      rtx: true,
      fec: true,
      networkInfo: () => ({ nat_type: "open", local: [{ ip: transport.local.host, port: transport.local.port }] }),
      identityPolicy: { kind: "optional" },
      relays: relay === undefined ? [] : [relayServer(relay)],
      token: hasChannels({ url }) ? undefined : token,
    };
    this.#session = new PeerSession(changes.config?.(config) ?? config);
    changes.session?.(this.#session);
    this.#pump = new SessionPump({
      session: this.#session,
      transport,
      clock,
      rng: this.#rng,
      openSignaling: async (events) => {
        const target = { url, token, sessionId, peerId, trust: {}, timeoutMs: TIMEOUT_MS };
        const link = await (changes.open ?? openSignaling)(target, {
          ...events,
          message(unit) {
            changes.message?.(typeof unit === "string" ? utf8(unit) : unit, (text) => link.send(text));
            events.message(unit);
          },
        });
        return changes.link?.(link) ?? link;
      },
      output: (output) => this.#heard(output),
      relayTrust: { caPem },
    });
    const told = (error: unknown) => error instanceof Error ? error.message : String(error);
    this.ended = this.#pump.ended.then(() => "its session is over", told).finally(() => this.#silence());
    this.#pump.start();
  }

  stop(): Promise<void> {
    this.#pump.stop();
    return Promise.resolve();
  }

  #silence(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers.clear();
  }

  #heard(output: SessionOutput): void {
    if (output.kind === "media" && output.event.kind === "keyframe_request") {
      this.#sources.get(output.event.streamId)?.requestKeyframe();
    }
    if (output.kind !== "event") return;
    const { event } = output;
    // Not from within the session's own words: it is still speaking.
    if (event.kind === "path" && event.event.kind === "chosen") queueMicrotask(() => this.#offer());
    if (event.kind === "stream_accepted") queueMicrotask(() => this.#begin(event.streamId));
    if (event.kind === "stream_stopped" || event.kind === "stream_refused") this.#sources.delete(event.streamId);
  }

  #offer(): void {
    const { agreement, state } = this.#session;
    if (this.#hasOffered || agreement === undefined || state !== "connected") return;
    this.#hasOffered = true;
    SOURCES.forEach((name, i) => {
      const source = makeTestSource(name, { seed: 1, sourceId: i, ...VIDEO });
      const offer = this.#offerOf(source, agreement.remote, i);
      this.#sources.set(offer.stream_id, source);
      this.#pump.act((session, nowMs) => session.startStream(offer, {}, nowMs));
    });
  }

  #offerOf({ name, stream }: TestSource, remote: Wanted, contextId: number): StreamOffer {
    const ssrc = this.#rng.u32();
    const repair = (step: number) => [{ ssrc: (ssrc + step) >>> 0, protects: ssrc }];
    const common = {
      stream_id: uuidV4(this.#rng),
      ssrc,
      ...(remote.rtx ? { rtx: repair(0x1000) } : {}),
      ...(remote.reducedHeader
        ? {
          reduced_header: [{
            context_id: contextId,
            ssrc,
            payload_type: PAYLOAD_TYPES[name as "test:audio"],
            quality: 0,
          }],
        }
        : {}),
    };
    if (stream.kind === "audio") {
      const { codec, sampleRateHz: sample_rate, channels } = stream;
      const audio = { name: codec, bitrate: 48_000, sample_rate, channels };
      return { ...common, stream_type: "audio", codec: { audio } };
    }
    const { codec, width, height } = stream;
    const video = { name: codec, bitrate: VIDEO.bitrateBps, width, height, fps: VIDEO.fps };
    return {
      ...common,
      stream_type: "video",
      codec: { video },
      quality_ladder: ["very_low"],
      ...(remote.fec ? { fec: repair(0x2000) } : {}),
    };
  }

  #begin(streamId: string): void {
    const source = this.#sources.get(streamId);
    if (source === undefined || this.#session.state === "closed") return;
    const { kind } = source.stream;
    const intervalMs = kind === "audio" ? AUDIO_FRAME_MS : 1000 / VIDEO.fps;
    let dueMs = performance.now();
    const timer = setInterval(() => {
      if (!this.#sources.has(streamId)) return clearInterval(timer);
      // A busy host calls late: what is due by then goes out together, so that the rate is right.
      for (; dueMs <= performance.now(); dueMs += intervalMs) {
        this.#pump.act((session, nowMs) => {
          if (session.state !== "closed") session.sendFrame(streamId, kind as MediaKind, source.next(), nowMs);
        });
      }
    }, intervalMs);
    this.#timers.add(timer);
  }
}

function relayServer({ id, place: { host: address, port }, priority, token, expiresS: expires }: KnownRelay) {
  return { id, address, port, priority, transport: "udp" as const, token, expires };
}

/** What the other peer has said that it can. */
interface Wanted {
  readonly reducedHeader: boolean;
  readonly rtx: boolean;
  readonly fec: boolean;
}
