/**
 * One peer of one session, whole: signaling, keys, paths and media, without a socket. `net/pump.ts` drives it; so do the
 * tests, on virtual time.
 *
 * ```
 *  signaling transport <--text--> SignalingEndpoint --keys--> MediaPlane <--units--> paths <--> datagram transport
 *                                        ^                        |
 *                                        +---- sealed JSON -------+
 * ```
 *
 * Drive it so: hand in what arrived (`signalingUp`, `signalingMessage`, `packets`, ...), call `timeout` when
 * `nextTimeoutMs` has come, and after either carry out what `poll` and `pollPackets` answer until they are empty.
 */
import { isSealed } from "../crypto/seal.ts";
import type { HostPort } from "../base/address_table.ts";
import type { PacketBatch } from "../base/batch.ts";
import { FaultCounters, type FaultReason, type Parsed } from "../base/parsed.ts";
import type { MediaKind } from "../media/codec.ts";
import type { MediaFrame } from "../media/frame.ts";
import { classifyUnit, UnitKind } from "../packet/demux.ts";
import { METRICS_INTERVAL_MS, type MetricsFigures } from "../quality/metrics.ts";
import { SignalingEndpoint } from "../signaling/endpoint.ts";
import type { Agreement, EndpointOutput, EndpointState } from "../signaling/endpoint_context.ts";
import type { Disconnect } from "../signaling/messages/outcome.ts";
import type { Message } from "../signaling/messages/registry.ts";
import type { QualityAdapt, StreamStop } from "../signaling/messages/stream_control.ts";
import { parseMessage, writeMessage } from "../signaling/parse_message.ts";
import type { StreamOffer } from "../signaling/stream_exchange.ts";
import { type MediaEvent, MediaPlane, type SendStreamOptions } from "./media_plane.ts";
import type { MediaStats } from "./media_stats.ts";
import { OutgoingMessages } from "./outgoing_messages.ts";
import type { PathCandidate } from "./path_candidate.ts";
import { PathFinder } from "./path_finder.ts";
import { SealedChannel } from "./sealed_channel.ts";
import type { SessionConfig, SessionEvent, SessionOutput } from "./session_events.ts";
import type { TransportEvent } from "./stream_connections.ts";

/** CONNECT waits so long for relays that were known before it. */
const RELAY_WAIT_MS = 500;

export class PeerSession {
  readonly #config: SessionConfig;
  readonly #endpoint: SignalingEndpoint;
  readonly #finder: PathFinder;
  readonly #outputs: SessionOutput[] = [];
  readonly #outgoing = new OutgoingMessages();
  readonly #drops = new FaultCounters();
  #media: MediaPlane | undefined;
  #sealed: SealedChannel | undefined;
  /** Keys that came before the other peer was known: epoch 0's. */
  #firstMaster: Uint8Array | undefined;
  #signalingIsUp = false;
  /** When a caller whose signaling is up stops waiting for relays; Infinity when it does not wait. */
  #connectDueMs = Infinity;
  #metricsDueMs = Infinity;

  constructor(config: SessionConfig) {
    this.#config = config;
    this.#finder = new PathFinder({ ...config, policy: config.pathPolicy ?? "auto" });
    this.#endpoint = new SignalingEndpoint({ ...config, networkInfo: () => this.#finder.tellNetworkInfo() });
  }

  get state(): EndpointState {
    return this.#endpoint.state;
  }

  get agreement(): Agreement | undefined {
    return this.#endpoint.agreement;
  }

  /** The path in use. */
  get path(): PathCandidate | undefined {
    return this.#finder.paths.best;
  }

  get rttMs(): number | undefined {
    return this.#finder.paths.rttMs;
  }

  /** Every path that is known, and what was found out about addresses. */
  get finder(): Pick<PathFinder, "describe" | "natType" | "observed" | "paths"> {
    return this.#finder;
  }

  /** Units that were dropped before they reached the media plane, by reason; {@link stats} has the others. */
  get drops(): FaultCounters {
    return this.#drops;
  }

  /** Undefined until the session is connected. */
  stats(nowMs: number): MediaStats | undefined {
    return this.#media?.stats(nowMs);
  }

  // ---- what arrives

  /** Begins with what needs no signaling: the relays that are known already. */
  start(nowMs: number): void {
    this.#finder.offerRelays(this.#config.relays ?? [], nowMs);
    this.#carryOut(nowMs);
  }

  signalingUp(nowMs: number): void {
    this.#signalingIsUp = true;
    const mayWait = this.state === "idle" && this.#config.role === "caller";
    this.#connectDueMs = mayWait ? nowMs + RELAY_WAIT_MS : nowMs;
    this.#carryOut(nowMs);
  }

  /** CONNECT tells our public address, so it waits a moment for the relays that see it. */
  #connectWhenReady(nowMs: number): void {
    if (this.#connectDueMs === Infinity || (nowMs < this.#connectDueMs && !this.#finder.areRelaysSettled)) return;
    this.#connectDueMs = Infinity;
    this.#endpoint.up(nowMs);
  }

  signalingDown(nowMs: number): void {
    this.#signalingIsUp = false;
    this.#connectDueMs = Infinity;
    this.#endpoint.down();
    this.#carryOut(nowMs);
  }

  signalingMessage(input: string | Uint8Array, nowMs: number): void {
    this.#endpoint.receive(input, nowMs);
    this.#carryOut(nowMs);
  }

  /** Units that arrived, on the datagram transport or on connections; they are worked on in place. */
  packets(batch: PacketBatch, nowMs: number): void {
    for (let i = 0; i < batch.size; i++) {
      const start = batch.offset(i);
      this.#unit(batch.bytes, start, start + batch.lengths[i], batch.addresses[i], nowMs);
    }
    this.#carryOut(nowMs);
  }

  /** What came of something that the session wanted of the transports. */
  transport(event: TransportEvent, nowMs: number): void {
    this.#finder.transport(event, nowMs);
    this.#carryOut(nowMs);
  }

  /** Somebody has connected: the number of the connection, or undefined where it is to be ended at once. */
  accepted(from: HostPort, nowMs: number): number | undefined {
    const address = this.#finder.accepted(from, nowMs);
    this.#carryOut(nowMs);
    return address;
  }

  #unit(bytes: Uint8Array, start: number, end: number, address: number, nowMs: number): void {
    switch (classifyUnit(bytes, start, end)) {
      case UnitKind.arcrtp:
      case UnitKind.rtcp:
      case UnitKind.reduced:
        return this.#mediaUnit(bytes, start, end, address, nowMs);
      case UnitKind.json:
        return this.#jsonUnit(bytes.subarray(start, end), address, nowMs);
      default:
        this.#drop("unknown_type", address);
    }
  }

  #mediaUnit(bytes: Uint8Array, start: number, end: number, address: number, nowMs: number): void {
    const { paths } = this.#finder;
    if (this.#media === undefined || this.#finder.isStranger(address)) return this.#drop("bad_state", address);
    const { outcome, epoch } = this.#media.receive(bytes, start, end, nowMs, paths.isValid(address));
    if (outcome !== "ok") return; // the media plane counts its own
    paths.received(address, nowMs);
    if (epoch >= 0) this.#endpoint.authenticated(epoch, nowMs);
  }

  #jsonUnit(unit: Uint8Array, address: number, nowMs: number): void {
    if (this.#finder.isRelay(address) && !isSealed(unit)) return this.#fromRelay(unit, address, nowMs);
    const trialOrder = this.#endpoint.epochs?.trialOrder ?? [];
    const opened = this.#sealed?.open(unit, trialOrder);
    if (opened === undefined) return this.#drop("bad_state", address);
    if (!opened.ok) return this.#drop(opened.fault.reason, address);
    const { message, epoch } = opened.value;
    if (message.type !== "HEARTBEAT" && this.#finder.isStranger(address)) return this.#drop("bad_state", address);
    this.#finder.paths.received(address, nowMs);
    this.#endpoint.authenticated(epoch, nowMs);
    if (message.type === "HEARTBEAT") this.#finder.heartbeat(address, message, nowMs);
    else if (message.type === "HEARTBEAT_ACK") this.#finder.heartbeatAck(address, message, nowMs);
    else this.#endpoint.handle(message, nowMs);
  }

  /** Counts a unit that is not ours; one that comes first on a connection ends it (SPEC ARC-PATH-tcp-first-unit). */
  #drop(reason: FaultReason, address: number): void {
    this.#drops.add(reason);
    if (this.#finder.isStranger(address)) this.#finder.turnAway(address);
  }

  #fromRelay(unit: Uint8Array, address: number, nowMs: number): void {
    const message = parseMessage(unit);
    if (message.ok) this.#finder.fromRelay(address, message.value, nowMs);
    else this.#drops.add(message.fault.reason);
  }

  nextTimeoutMs(): number | undefined {
    const next = Math.min(
      this.#endpoint.nextTimeoutMs() ?? Infinity,
      this.#finder.nextTimeoutMs() ?? Infinity,
      this.#media?.nextTimeoutMs() ?? Infinity,
      this.#metricsDueMs,
      this.#connectDueMs,
    );
    return next === Infinity ? undefined : next;
  }

  timeout(nowMs: number): void {
    this.#endpoint.timeout(nowMs);
    this.#finder.timeout(nowMs);
    this.#media?.timeout(nowMs);
    if (nowMs >= this.#metricsDueMs) this.#sendMetrics(nowMs);
    this.#carryOut(nowMs);
  }

  // ---- what the application wants

  /** Announces a stream. @throws Error before the session is connected, or when an id in the offer is used up. */
  startStream(offer: StreamOffer, options: SendStreamOptions, nowMs: number): void {
    const media = this.#media;
    if (media === undefined) throw new Error("no stream can start before the session is connected");
    const start = this.#endpoint.startStream(offer, nowMs);
    media.addSendStream(start, options, nowMs);
    this.#carryOut(nowMs);
  }

  stopStream(streamId: string, reason: StreamStop["reason"], nowMs: number): void {
    this.#endpoint.stopStream(streamId, reason, nowMs);
    this.#media?.removeStream(streamId);
    this.#carryOut(nowMs);
  }

  /**
   * Queues a frame for sending; borrowed for the call. The number of packets, or why the frame cannot be sent. `quality`
   * is the rung that the frame is of, where it is not yet the one that {@link rung} asks for.
   */
  sendFrame(
    streamId: string,
    kind: MediaKind,
    frame: MediaFrame,
    nowMs: number,
    quality?: number,
  ): Parsed<number> | undefined {
    return this.#media?.sendFrame(streamId, kind, frame, nowMs, quality);
  }

  /** The rung that the quality rule has chosen for a stream of ours: Q, 0 the best. */
  rung(streamId: string): number {
    return this.#media?.rung(streamId) ?? 0;
  }

  adaptQuality(
    streamId: string,
    quality: QualityAdapt["quality"],
    reason: QualityAdapt["reason"],
    nowMs: number,
  ): void {
    this.#endpoint.adaptQuality(streamId, quality, reason, nowMs);
    this.#carryOut(nowMs);
  }

  rotate(nowMs: number): void {
    this.#endpoint.rotate("manual", nowMs);
    this.#carryOut(nowMs);
  }

  disconnect(reason: Disconnect["reason"], nowMs: number): void {
    this.#endpoint.disconnect(reason, nowMs);
    this.#carryOut(nowMs);
  }

  // ---- what goes out

  poll(): SessionOutput | undefined {
    return this.#outputs.shift();
  }

  /** Appends units that are due to `batch` until it is full; answers how many. Call until 0. */
  pollPackets(batch: PacketBatch, nowMs: number): number {
    const before = batch.size;
    this.#outgoing.poll(batch, this.#sealed, this.#endpoint.epochs?.sendEpoch, ({ message }) => {
      this.#event({ kind: "warning", message });
    });
    const { best } = this.#finder.paths;
    const { epochs } = this.#endpoint;
    if (this.#media !== undefined && best !== undefined && epochs?.maySend === true) {
      this.#media.pollPackets(batch, best.address, nowMs);
      this.#endpoint.checkBudget(nowMs);
      this.#carryOut(nowMs);
    }
    return batch.size - before;
  }

  // ---- between the parts

  /** Moves what the parts say to one another and to the outside, until all are silent. */
  #carryOut(nowMs: number): void {
    this.#connectWhenReady(nowMs);
    for (let busy = true; busy;) {
      busy = false;
      for (let out = this.#endpoint.poll(); out !== undefined; out = this.#endpoint.poll()) {
        this.#fromEndpoint(out, nowMs);
        busy = true;
      }
      for (let out = this.#finder.poll(nowMs); out !== undefined; out = this.#finder.poll(nowMs)) {
        if (out.kind === "seal") this.#outgoing.seal(out.address, out.message);
        else if (out.kind === "plain") this.#outgoing.plain(out.address, out.message);
        else if (out.kind === "transport") this.#outputs.push(out);
        else this.#event(out);
        busy = true;
      }
      for (let event = this.#media?.poll(); event !== undefined; event = this.#media?.poll()) {
        this.#fromMedia(event, nowMs);
        busy = true;
      }
    }
    const offset = this.#finder.paths.clockOffsetMs;
    if (offset !== undefined) this.#media?.setClockOffset(offset);
    const rtt = this.#finder.paths.rttMs;
    if (rtt !== undefined) this.#media?.setRtt(rtt);
  }

  #fromEndpoint(out: EndpointOutput, nowMs: number): void {
    switch (out.kind) {
      case "send":
        return this.#sendMessage(out.message);
      case "epoch_made":
        this.#event({ kind: "keys", epoch: out.epoch, master: out.master.slice() });
        if (this.#media === undefined) this.#firstMaster = out.master;
        else this.#installEpoch(out.epoch, out.master);
        return;
      case "connected":
        this.#connected(out.agreement, nowMs);
        return this.#event(out);
      case "resumed":
        this.#finder.connected(out.agreement.role, out.agreement.remote.networkInfo, nowMs);
        this.#endpoint.announceStreams((ssrc) => this.#media?.rocOf(ssrc) ?? 0, nowMs);
        return this.#event({ kind: "resumed", epoch: out.epoch });
      case "epoch_send":
        this.#media?.epochSend(out.epoch);
        return this.#event({ kind: "rotated", epoch: out.epoch });
      case "epoch_retired":
        this.#sealed?.epochRetired(out.epoch);
        this.#media?.epochRetired(out.epoch);
        return;
      case "epoch_spent":
        return this.#event({ kind: "warning", message: `the keys of epoch ${out.epoch} are used up: sending stops` });
      case "stream_offered":
        this.#media?.addReceiveStream(out.start, nowMs);
        return this.#event({ kind: "stream_offered", start: out.start });
      case "stream_stopped":
        this.#media?.removeStream(out.streamId);
        return this.#event(out);
      case "stream_refused":
        this.#media?.removeStream(out.streamId);
        return this.#event({ kind: out.kind, streamId: out.streamId, message: `${out.code}: ${out.message}` });
      case "quality_cap":
        return this.#media?.capQuality(out.message.stream_id, out.message.quality, nowMs);
      case "warning":
        return this.#event(out);
      case "closed":
        this.#metricsDueMs = Infinity;
        this.#connectDueMs = Infinity;
        this.#finder.close(nowMs);
        return this.#event(out);
      case "stream_accepted":
        this.#media?.streamAccepted(out.streamId);
        return this.#event(out);
      case "state":
        return this.#event(out);
      case "epoch_confirmed":
      case "heartbeat_ack":
        return;
    }
  }

  /** While signaling is away, what may travel sealed takes the path in use; the rest waits for its repetition. */
  #sendMessage(message: Message): void {
    const { best } = this.#finder.paths;
    if (this.#signalingIsUp || message.type === "CONNECT" || best === undefined) {
      this.#outputs.push({ kind: "signal", text: writeMessage(message) });
    } else this.#outgoing.seal(best.address, message);
  }

  #connected(agreement: Agreement, nowMs: number): void {
    const { backend, peerId, rng, unixOffsetMs, replayWindowPackets, jitter, cpu, fecRatio } = this.#config;
    const { negotiated, remote } = agreement;
    this.#sealed = new SealedChannel(backend, peerId, remote.peerId);
    this.#media = new MediaPlane({
      backend,
      suite: negotiated.suite,
      authentication: negotiated.authentication,
      ownPeerId: peerId,
      remotePeerId: remote.peerId,
      rng,
      unixOffsetMs,
      nowMs,
      replayWindowPackets,
      jitter,
      cpu,
      fecRatio,
      reducedHeader: this.#config.reducedHeader && remote.reducedHeader,
      rtx: this.#config.rtx && remote.rtx,
      fec: this.#config.fec && remote.fec,
    });
    if (this.#firstMaster !== undefined) this.#installEpoch(0, this.#firstMaster);
    this.#firstMaster = undefined;
    this.#media.epochSend(0);
    this.#metricsDueMs = nowMs + METRICS_INTERVAL_MS;
    this.#finder.connected(agreement.role, remote.networkInfo, nowMs);
  }

  #installEpoch(epoch: number, master: Uint8Array): void {
    const budget = this.#endpoint.epochs?.budget(epoch);
    this.#sealed?.epochMade(epoch, master);
    if (budget !== undefined) this.#media?.epochMade(epoch, master, budget);
  }

  #fromMedia(event: MediaEvent, nowMs: number): void {
    if (event.kind === "security_event") this.#endpoint.rotate("security_event", nowMs);
    // The endpoint has been told, unit by unit, and tells of epochs itself.
    if (event.kind === "epoch_authenticated" || event.kind === "stop") return;
    this.#outputs.push({ kind: "media", event });
  }

  #sendMetrics(nowMs: number): void {
    this.#metricsDueMs = nowMs + METRICS_INTERVAL_MS;
    const figures = this.metricsFigures(nowMs);
    if (figures !== undefined) this.#endpoint.metrics(figures, nowMs);
  }

  /** The figures of the last interval, which begins anew; undefined until connected. */
  metricsFigures(nowMs: number): MetricsFigures | undefined {
    const { paths, natType } = this.#finder;
    return this.#media?.metricsFigures(nowMs, { path: paths.best?.kind, natType });
  }

  #event(event: SessionEvent): void {
    this.#outputs.push({ kind: "event", event });
  }

  /** Frees keys. The session is of no use afterwards. */
  free(): void {
    this.#sealed?.free();
    this.#media?.free();
  }
}
