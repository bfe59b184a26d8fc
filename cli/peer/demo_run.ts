/** The demo: a signaling server and two peers in one process, over real sockets on loopback. */
import type { CryptoBackend } from "../../lib/crypto/backend.ts";
import type { Authentication, SuiteName } from "../../lib/crypto/suites.ts";
import { uuidV4 } from "../../lib/base/uuid.ts";
import type { StreamInfo } from "../../lib/media/container/stream_info.ts";
import { type Clock, systemClock } from "../../lib/net/clock.ts";
import { OPEN_AUTH } from "../../lib/net/join_auth.ts";
import { openSignaling } from "../../lib/net/open_signaling.ts";
import { SignalingServer } from "../../lib/net/signaling_server.ts";
import { SystemRng } from "../../lib/net/system_rng.ts";
import { LatencyHistogram } from "../../lib/quality/latency_histogram.ts";
import type { FrameEvent } from "../../lib/session/media_events.ts";
import type { ReceiveTrackStats } from "../../lib/session/media_stats.ts";
import type { PathCandidate, PathKind } from "../../lib/session/path_candidate.ts";
import { KNOWN_CODECS } from "../../lib/signaling/selection.ts";
import type { CountedTransport } from "./counted_transport.ts";
import { cpuMeter } from "./cpu_share.ts";
import { type DemoMedia, openDemoMedia } from "./demo_media.ts";
import { type DemoImpairment, DemoNetwork, type Injected } from "./demo_network.ts";
import { FrameLedger } from "./frame_ledger.ts";
import { placeOf } from "./path_text.ts";
import { type CallEnd, PeerCall } from "./peer_call.ts";

const HOST = "127.0.0.1";
const SIGNALING_TIMEOUT_MS = 5000;

export interface DemoOptions {
  readonly durationMs: number;
  readonly media: DemoMedia;
  readonly backend: CryptoBackend;
  readonly suites: readonly SuiteName[];
  readonly authentications: readonly Authentication[];
  readonly reducedHeader: boolean;
  readonly rtx: boolean;
  readonly fec: boolean;
  /** Media goes through a relay of the demo's own. */
  readonly relay: boolean;
  /** A bad network: inside the relay, or else in front of both media sockets. */
  readonly impair: DemoImpairment | undefined;
  /** Changes what was received before it is compared, so that a test can see the demo fail; not for the command line. */
  readonly corrupt?: (direction: number, stream: number, data: Uint8Array) => Uint8Array | undefined;
}

/** One stream in one direction. */
export interface DemoStream {
  /** 0: from the caller, 1: to it. */
  readonly direction: 0 | 1;
  readonly stream: StreamInfo;
  readonly ledger: FrameLedger;
  /** From capture to playout as the receiving session says. */
  readonly claimed: LatencyHistogram;
  /** The receiver's figures; undefined when nothing came. */
  readonly received: ReceiveTrackStats | undefined;
}

export interface DemoResult {
  readonly streams: readonly DemoStream[];
  /** Of all streams together, by their ledgers. */
  readonly latency: LatencyHistogram;
  /** The caller's end of the call, then the callee's. */
  readonly ends: readonly CallEnd[];
  /** What crossed the media sockets. */
  readonly wire: readonly CountedTransport[];
  readonly suite: SuiteName | undefined;
  readonly authentication: Authentication | undefined;
  /** Epoch that each side sends under at the end: 1 after one rotation. */
  readonly epochs: readonly number[];
  /** Where the media of each side went in the end; undefined where it never had a path. */
  readonly paths: readonly (DemoPath | undefined)[];
  /** Units that went through the relay; undefined where there is none. */
  readonly relayedUnits: number | undefined;
  readonly impair: (DemoImpairment & { readonly injected: Injected }) | undefined;
  /** Lost packets are made good. */
  readonly repairs: boolean;
  /** Of the path, by sealed HEARTBEATs. */
  readonly rttMs: number | undefined;
  readonly elapsedMs: number;
}

export interface DemoPath {
  readonly kind: PathKind;
  /** As people read it: address and kind. */
  readonly place: string;
}

export class Demo {
  readonly #options: DemoOptions;
  readonly #network: DemoNetwork;
  readonly #paths: (DemoPath | undefined)[] = [undefined, undefined];
  readonly #clock: Clock;
  readonly #rng = new SystemRng();
  readonly #calls: PeerCall[] = [];
  readonly #ledgers: FrameLedger[][];
  readonly #latency = new LatencyHistogram();
  readonly #claimed: LatencyHistogram[][];
  readonly #epochs = [0, 0];
  readonly #streams: readonly StreamInfo[];
  #startedMs = 0;
  #rotation: ReturnType<typeof setTimeout> | undefined;
  #rttMs: number | undefined;

  private constructor(options: DemoOptions, server: SignalingServer, network: DemoNetwork, clock: Clock) {
    this.#options = options;
    this.#network = network;
    this.#clock = clock;
    const sending = [0, 1].map(() => openDemoMedia(options.media, options.durationMs));
    this.#streams = sending[0].map(({ stream }) => stream);
    this.#ledgers = sending.map((sets) => sets.map(() => new FrameLedger(this.#latency)));
    this.#claimed = sending.map((sets) => sets.map(() => new LatencyHistogram()));
    const url = server.urls.phoenix ?? "";
    const sessionId = uuidV4(this.#rng);
    for (const side of [0, 1] as const) {
      const peerId = uuidV4(this.#rng);
      const transport = network.openTransport();
      const { backend, suites, authentications, reducedHeader, rtx, fec } = options;
      this.#calls.push(
        new PeerCall({
          config: {
            role: side === 0 ? "caller" : "callee",
            sessionId,
            peerId,
            rng: this.#rng,
            unixOffsetMs: this.#clock.unixOffsetMs,
            backend,
            codecs: KNOWN_CODECS,
            suites,
            authentications,
            resolutions: ["180p"],
            reducedHeader,
            rtx,
            fec,
            relays: network.relaysFor(sessionId, peerId),
            pathPolicy: network.pathPolicy,
            networkInfo: () => ({
              nat_type: "open",
              local: [{ ip: transport.local.host, port: transport.local.port }],
            }),
            identityPolicy: { kind: "optional" },
            cpu: cpuMeter(() => this.#clock.nowMs()),
          },
          transport,
          clock: this.#clock,
          rng: this.#rng,
          openSignaling: (events) =>
            openSignaling({ url, sessionId, peerId, trust: {}, timeoutMs: SIGNALING_TIMEOUT_MS }, events),
          sending: sending[side],
          observer: {
            event: (event) => {
              if (event.kind === "connected" && side === 0) this.#planRotation();
              else if (event.kind === "rotated") this.#epochs[side] = event.epoch;
              else if (event.kind === "path" && event.event.kind === "chosen") this.#chosen(side, event.event.path);
            },
            sent: (set, _streamId, frame, nowMs) => this.#ledgers[side][set].sent(frame, nowMs),
            received: (event, nowMs) => this.#received(side === 0 ? 1 : 0, event, nowMs),
          },
        }),
      );
    }
  }

  /** Runs a demo to its end. `started` is given the demo, to look at and to stop. @throws ListenError, CliError */
  static async run(options: DemoOptions, started: (demo: Demo) => void = () => {}): Promise<DemoResult> {
    const clock = systemClock();
    const network = await DemoNetwork.open({ ...options, clock });
    const server = await SignalingServer.start({ auth: OPEN_AUTH, webSocket: { host: HOST, port: 0 } });
    try {
      const demo = new Demo(options, server, network, clock);
      started(demo);
      return await demo.#run();
    } finally {
      await server.close();
      await network.close();
    }
  }

  async #run(): Promise<DemoResult> {
    this.#startedMs = this.#clock.nowMs();
    for (const call of this.#calls) call.start();
    const ends = await Promise.all(this.#calls.map((call) => call.ended));
    clearTimeout(this.#rotation);
    const { agreement } = this.#calls[0].session;
    const { impair, rtx, fec } = this.#options;
    const { injected, relayedUnits } = this.#network;
    return {
      streams: this.#rows(),
      latency: this.#latency,
      ends,
      wire: this.#calls.map((call) => call.wire),
      suite: agreement?.negotiated.suite,
      authentication: agreement?.negotiated.authentication,
      epochs: this.#epochs,
      paths: this.#paths,
      relayedUnits,
      impair: impair === undefined || injected === undefined ? undefined : { ...impair, injected },
      repairs: rtx || fec,
      rttMs: this.#calls[0].session.rttMs,
      elapsedMs: this.elapsedMs,
    };
  }

  get elapsedMs(): number {
    return this.#clock.nowMs() - this.#startedMs;
  }

  /** Frames sent and received until now, over all streams. */
  get progress(): {
    readonly sent: number;
    readonly received: number;
    readonly epoch: number;
    readonly p99Ms?: number;
  } {
    const ledgers = this.#ledgers.flat();
    const sum = (of: "sent" | "received") => ledgers.reduce((total, { balance }) => total + balance[of], 0);
    const p99Ms = this.#latency.percentileMs(99);
    return { sent: sum("sent"), received: sum("received"), epoch: Math.min(...this.#epochs), p99Ms };
  }

  /** Ends it before its time. */
  stop(): void {
    for (const call of this.#calls) call.hangUp("user_request");
  }

  /** One in the middle of the media. */
  #planRotation(): void {
    this.#rotation = setTimeout(() => this.#calls[0].rotate(), this.#options.durationMs / 2);
  }

  #chosen(side: 0 | 1, path: PathCandidate): void {
    this.#paths[side] = { kind: path.kind, place: placeOf(path, this.#calls[side].session.finder) };
  }

  /** `from` is the side that sent. */
  #received(from: 0 | 1, { streamId, frame, e2eMs }: FrameEvent, nowMs: number): void {
    const set = this.#calls[from].ownStreams.get(streamId)?.number;
    if (set === undefined) return;
    const { corrupt } = this.#options;
    const data = corrupt === undefined ? frame.data : corrupt(from, set, frame.data);
    if (data !== undefined) this.#ledgers[from][set].received(data, nowMs);
    if (e2eMs !== undefined) this.#claimed[from][set].record(e2eMs);
  }

  #rows(): DemoStream[] {
    return ([0, 1] as const).flatMap((direction) =>
      this.#streams.map((stream, i): DemoStream => {
        const streamId = [...this.#calls[direction].ownStreams].find(([, { number }]) => number === i)?.[0] ?? "";
        return {
          direction,
          stream,
          ledger: this.#ledgers[direction][i],
          claimed: this.#claimed[direction][i],
          received: this.#calls[1 - direction].receiveStats.get(streamId)?.tracks[0],
        };
      })
    );
  }
}
