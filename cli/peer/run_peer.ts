/** `arcrtc peer listen` and `arcrtc peer call`, from flags to exit code. */
import { formatHostPort } from "../../lib/base/address_table.ts";
import { uuidV4 } from "../../lib/base/uuid.ts";
import type { IdentityPolicy, SessionRole } from "../../lib/crypto/identity.ts";
import { type Clock, systemClock } from "../../lib/net/clock.ts";
import type { DatagramTransport } from "../../lib/net/datagram.ts";
import { hasChannels, openSignaling, parseSignalingUrl } from "../../lib/net/open_signaling.ts";
import type { SignalingLink, SignalingLinkEvents } from "../../lib/net/signaling_link.ts";
import { SystemRng } from "../../lib/net/system_rng.ts";
import { openUdpBesideTcp } from "../../lib/net/udp_beside_tcp.ts";
import type { SessionEvent } from "../../lib/session/session_events.ts";
import { MASTER_KEY_VARIABLE } from "../../lib/crypto/keystore.ts";
import { EXIT } from "../exit_codes.ts";
import { CliError } from "../ui/cli_error.ts";
import { chooseCrypto } from "../ui/crypto_backend.ts";
import type { Io } from "../ui/io.ts";
import { chooseUdpIo } from "../ui/io_backend.ts";
import { type CallEvent, describeMedia, describeSession, describeSignaling } from "./call_events.ts";
import { CallPrinter } from "./call_printer.ts";
import { messageOf, summarise, summaryText } from "./call_summary.ts";
import { CallTally } from "./call_tally.ts";
import { type EndCause, judgeEnd } from "./call_verdict.ts";
import { cpuMeter } from "./cpu_share.ts";
import { type Identity, identityPolicy, loadIdentity } from "./identity_files.ts";
import { onInterrupt, onKey } from "./interrupt.ts";
import { masterKeyLine, streamLine, suiteLine } from "./key_log.ts";
import { KeystoreDirectory } from "./keystore_directory.ts";
import { liveFigures } from "./live_figures.ts";
import { MetricsPost, withMetrics } from "./metrics_post.ts";
import { isLoopbackHost, localEndpoints } from "./network_info.ts";
import { KeyLogFile, PacketCapture } from "./packet_capture.ts";
import { type CallEnd, type CallObserver, PeerCall } from "./peer_call.ts";
import { peerRelays } from "./peer_relays.ts";
import { codecPreference, openSending, ReceivedFiles, resolutionsOf } from "./peer_media.ts";
import type { PeerFlags } from "./peer_options.ts";
import type { RenditionSet } from "./rendition_set.ts";
import { type SignalingSettings, signalingSettings } from "./signaling_settings.ts";

const CONNECT_TIMEOUT_MS = 10_000;
const LIVE_MS = 250;

/** Runs one call to its end and answers the exit code. @throws CliError before it has begun. */
export async function runPeer(role: SessionRole, flags: PeerFlags, io: Io): Promise<number> {
  const run = await PeerRun.prepare(role, flags, io);
  return await run.run();
}

class PeerRun {
  readonly #role: SessionRole;
  readonly #flags: PeerFlags;
  readonly #io: Io;
  readonly #clock: Clock = systemClock();
  readonly #rng = new SystemRng();
  readonly #printer: CallPrinter;
  readonly #tally = new CallTally();
  readonly #signaling: SignalingSettings;
  readonly #sessionId: string;
  readonly #peerId: string;
  readonly #identity: Identity | undefined;
  readonly #policy: IdentityPolicy;
  readonly #sending: readonly RenditionSet[];
  readonly #files: ReceivedFiles;
  readonly #transport: DatagramTransport;
  readonly #capture: PacketCapture | undefined;
  readonly #keyLog: KeyLogFile | undefined;
  readonly #metrics: MetricsPost | undefined;
  readonly #call: PeerCall;
  readonly #stops: (() => void)[] = [];
  #cause: EndCause | undefined;

  static async prepare(role: SessionRole, flags: PeerFlags, io: Io): Promise<PeerRun> {
    const rng = new SystemRng();
    const keystore = flags.keystore === undefined
      ? undefined
      : new KeystoreDirectory(flags.keystore, io.env(MASTER_KEY_VARIABLE), rng);
    const peerId = flags.peerId ?? uuidV4(rng);
    // A keystore is there to be somebody: the first use makes the identity.
    const identity = await loadIdentity({
      identity: flags.identity ?? (keystore === undefined ? undefined : "self"),
      keyPath: flags.identityKey,
      keystore,
      peerId,
    }, Date.now());
    if (flags.peerId !== undefined && identity?.peerId !== undefined && identity.peerId !== flags.peerId) {
      throw new CliError("usage", `the keystore belongs to peer ${identity.peerId}`, "leave --peer-id out");
    }
    return new PeerRun(role, flags, io, identity?.peerId ?? peerId, identity);
  }

  constructor(role: SessionRole, flags: PeerFlags, io: Io, peerId: string, identity: Identity | undefined) {
    this.#role = role;
    this.#flags = flags;
    this.#io = io;
    this.#peerId = peerId;
    this.#identity = identity;
    this.#printer = new CallPrinter(io, {
      json: flags.json === true,
      details: flags.explainPath === true,
      command: "peer",
    });
    this.#signaling = signalingSettings(flags, io);
    this.#sessionId = flags.session ?? uuidV4(this.#rng);
    const backend = chooseCrypto(io, flags.crypto).backend;
    this.#policy = identityPolicy({
      pin: flags.pin,
      requireIdentity: flags.requireIdentity === true,
      caPath: flags.identityCa,
    });
    const warn = (text: string) => this.#tell({ json: { event: "warning", message: text }, text, level: "warning" });
    this.#sending = openSending(flags.send, flags.loop === true);
    this.#files = new ReceivedFiles(flags.receive, warn);
    this.#transport = bind(flags, io);
    const { unixOffsetMs } = this.#clock;
    if (flags.pcap !== undefined) {
      // The session, which explains addresses, is made further down.
      const addresses = { describe: (address: number) => this.#call.session.finder.describe(address) };
      this.#capture = new PacketCapture(flags.pcap, { local: this.#transport.local, addresses }, unixOffsetMs);
    }
    if (flags.keylog !== undefined) this.#keyLog = new KeyLogFile(flags.keylog);
    if (flags.metricsUrl !== undefined) {
      this.#metrics = new MetricsPost(flags.metricsUrl, (why) => warn(`cannot post metrics: ${why}`));
    }
    const serverIsHere = isLoopbackHost(parseSignalingUrl(this.#signaling.url).hostname);
    this.#call = new PeerCall({
      config: {
        role,
        sessionId: this.#sessionId,
        peerId,
        rng: this.#rng,
        unixOffsetMs,
        backend,
        codecs: codecPreference(this.#sending),
        suites: flags.cipher,
        authentications: flags.auth,
        resolutions: resolutionsOf(this.#sending),
        reducedHeader: flags.reducedHeader === true,
        rtx: flags.rtx,
        fec: flags.fec,
        relays: peerRelays(flags, io, { sessionId: this.#sessionId, peerId }, Date.now()),
        pathPolicy: flags.path,
        networkInfo: () => ({
          nat_type: "unknown",
          local: localEndpoints(this.#transport.local, serverIsHere),
        }),
        identity: identity?.config,
        identityPolicy: this.#policy,
        token: hasChannels(this.#signaling) ? undefined : this.#signaling.token,
        cpu: cpuMeter(() => this.#clock.nowMs()),
      },
      transport: this.#transport,
      clock: this.#clock,
      rng: this.#rng,
      // A pin is of the server's certificate, not of a relay's.
      relayTrust: { ...this.#signaling.trust, pinSha256: undefined },
      openSignaling: (events) => this.#openSignaling(events),
      sending: this.#sending,
      observer: this.#observer(),
    });
  }

  async run(): Promise<number> {
    this.#announce();
    this.#listenToOutside();
    this.#call.start();
    const end = await this.#call.ended;
    for (const stop of this.#stops) stop();
    this.#files.close();
    this.#capture?.close();
    this.#keyLog?.close();
    return this.#report(end);
  }

  #tell(event: CallEvent | undefined): void {
    if (event === undefined) return;
    this.#printer.event(event, Math.floor(this.#clock.nowMs() + this.#clock.unixOffsetMs));
  }

  #announce(): void {
    const { local } = this.#transport;
    const fingerprint = this.#identity?.fingerprint;
    const lines = [
      `session ${this.#sessionId}`,
      `peer    ${this.#peerId}`,
      `media   udp ${formatHostPort(local)}`,
      ...(fingerprint === undefined ? [] : [`identity SHA-256 ${fingerprint}`]),
      ...this.#sending.map(({ stream, sources }) =>
        `sends   ${stream.kind} ${stream.codec}: ${sources.map(({ name }) => name).join(", ")}`
      ),
    ];
    if (this.#role === "callee") {
      lines.push(
        `waiting; the other side runs: arcrtc peer call --signal ${this.#signaling.url} --session ${this.#sessionId}`,
      );
    }
    this.#tell({
      json: {
        event: "started",
        role: this.#role,
        session_id: this.#sessionId,
        peer_id: this.#peerId,
        local: { ip: local.host, port: local.port },
        certificate_sha256: fingerprint ?? null,
        sending: this.#sending.map(({ stream, sources }) => ({
          kind: stream.kind,
          codec: stream.codec,
          sources: sources.map(({ name }) => name),
        })),
      },
      text: lines.join("\n"),
      level: "plain",
    });
  }

  /** Signals, keys, deadlines, the live line. */
  #listenToOutside(): void {
    const { duration, wait, rotateEvery } = this.#flags;
    this.#stops.push(onInterrupt(() => this.#end("signal")));
    if (this.#flags.json !== true) {
      this.#stops.push(onKey(this.#io, (key) => {
        if (key === "r") this.#call.rotate();
        else if (key === "q") this.#end("key");
      }));
    }
    const every = (ms: number, action: () => void) => {
      const timer = setInterval(action, ms);
      this.#stops.push(() => clearInterval(timer));
    };
    every(LIVE_MS, () => {
      this.#printer.live(liveFigures(this.#call.stats, this.#call.session.rttMs, this.#tally));
    });
    if (rotateEvery !== undefined) every(rotateEvery, () => this.#call.rotate());
    const after = (ms: number, action: () => void) => {
      const timer = setTimeout(action, ms);
      this.#stops.push(() => clearTimeout(timer));
    };
    if (wait !== undefined) after(wait, () => this.#call.connectedMs === undefined && this.#end("nobody_came"));
    if (duration !== undefined) this.#whenConnected = () => after(duration, () => this.#end("duration"));
  }
  #whenConnected: () => void = () => {};

  #end(cause: EndCause): void {
    this.#cause ??= cause;
    if (cause === "duration" || cause === "key") this.#call.finish();
    else this.#call.hangUp("user_request");
  }

  async #openSignaling(events: SignalingLinkEvents): Promise<SignalingLink> {
    const { url, token, trust } = this.#signaling;
    const link = await openSignaling({
      url,
      token,
      trust,
      sessionId: this.#sessionId,
      peerId: this.#peerId,
      timeoutMs: CONNECT_TIMEOUT_MS,
    }, events);
    return this.#metrics === undefined ? link : withMetrics(link, this.#metrics);
  }

  #observer(): CallObserver {
    return {
      event: (event) => {
        const setting = { finder: this.#call.session.finder, policy: this.#policy.kind };
        this.#logSecrets(event);
        if (event.kind === "connected") this.#whenConnected();
        if (event.kind === "rotated" && event.epoch > 0) this.#tally.rotations++;
        this.#tell(describeSession(event, setting));
        if (event.kind === "stream_offered") this.#files.offered(event.start, this.#tally);
      },
      signaling: (event) => {
        if (event.kind === "up" && this.#call.connectedMs !== undefined) this.#tally.reconnects++;
        this.#tell(describeSignaling(event));
      },
      sent: (_set, streamId, frame) => this.#tally.sentFrame(streamId, frame),
      received: (event) => this.#files.frame(event, this.#tally),
      media: (event) => this.#tell(describeMedia(event)),
      announced: (offer) => this.#secrets(streamLine(this.#sessionId, this.#peerId, offer)),
      tap: this.#capture === undefined
        ? undefined
        : (direction, unit, address, nowMs) => this.#capture?.unit(direction, unit, address, nowMs),
    };
  }

  #logSecrets(event: SessionEvent): void {
    if (this.#capture === undefined && this.#keyLog === undefined) return;
    if (event.kind === "keys") this.#secrets(masterKeyLine(this.#sessionId, event.epoch, event.master));
    else if (event.kind === "connected") {
      const { suite, authentication } = event.agreement.negotiated;
      this.#secrets(suiteLine(this.#sessionId, suite, authentication));
    } else if (event.kind === "stream_offered") {
      const remotePeerId = this.#call.session.agreement?.remote.peerId ?? "";
      this.#secrets(streamLine(this.#sessionId, remotePeerId, event.start));
    }
  }

  #secrets(lines: string): void {
    this.#capture?.secrets(lines);
    this.#keyLog?.write(lines);
  }

  // ---- the end

  #report(end: CallEnd): number {
    const summary = summarise({
      call: this.#call,
      end,
      tally: this.#tally,
      sessionId: this.#sessionId,
      peerId: this.#peerId,
      ownFingerprint: this.#identity?.fingerprint,
      policy: this.#policy.kind,
      sinkOf: (tally) => this.#files.sinkOf(tally),
      endedMs: this.#clock.nowMs(),
    });
    const complaints = this.#sending.flatMap(({ sources }) => sources.map(({ complaint }) => complaint))
      .filter((complaint) => complaint !== undefined);
    for (const text of complaints) this.#tell({ json: { event: "warning", message: text }, text, level: "warning" });
    const { exit, why, hint } = judgeEnd(end, this.#cause, complaints.length > 0);
    const wasConnected = this.#call.connectedMs !== undefined;
    if (wasConnected || this.#flags.json === true) {
      this.#printer.summary({ ...summary, exit_code: EXIT[exit] } as typeof summary, summaryText(summary));
    }
    if (this.#capture !== undefined && this.#flags.json !== true) {
      this.#io.stdout(`wrote ${this.#flags.pcap}: ${this.#capture.packets} packets, the keys inside\n`);
    }
    if (why !== undefined) throw new CliError(exit, why, hint);
    return EXIT[exit];
  }
}

function bind(flags: PeerFlags, io: Io): DatagramTransport {
  const { openUdp } = chooseUdpIo(io, flags.io, "deno");
  try {
    return openUdpBesideTcp(openUdp, { host: flags.bind, port: flags.localPort });
  } catch (error) {
    throw new CliError("usage", `cannot open UDP ${flags.bind}:${flags.localPort}: ${messageOf(error)}`);
  }
}
