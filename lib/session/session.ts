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
import type { CryptoBackend } from "../crypto/backend.ts";
import { isSealed } from "../crypto/seal.ts";
import type { AddressTable } from "../base/address_table.ts";
import type { PacketBatch } from "../base/batch.ts";
import { FaultCounters } from "../base/parsed.ts";
import type { Parsed } from "../base/parsed.ts";
import type { JitterBufferOptions } from "../jitter/buffer.ts";
import type { MediaKind } from "../media/codec.ts";
import type { MediaFrame } from "../media/frame.ts";
import { classifyUnit, UnitKind } from "../packet/demux.ts";
import { METRICS_INTERVAL_MS, type MetricsFigures } from "../quality/metrics.ts";
import { SignalingEndpoint } from "../signaling/endpoint.ts";
import type { Agreement, EndpointConfig, EndpointOutput, EndpointState } from "../signaling/endpoint_context.ts";
import type { ErrorCode } from "../signaling/error_codes.ts";
import type { Disconnect } from "../signaling/messages/outcome.ts";
import type { Message } from "../signaling/messages/registry.ts";
import type { QualityAdapt, StreamStop } from "../signaling/messages/stream_control.ts";
import type { StreamStart } from "../signaling/messages/stream_start.ts";
import { parseMessage, writeMessage } from "../signaling/parse_message.ts";
import type { StreamOffer } from "../signaling/stream_exchange.ts";
import { type MediaEvent, MediaPlane, type SendStreamOptions } from "./media_plane.ts";
import type { MediaStats } from "./media_stats.ts";
import { OutgoingMessages } from "./outgoing_messages.ts";
import type { PathCandidate } from "./path_candidate.ts";
import { type PathEvent, PathSet } from "./paths.ts";
import type { ObservedAddress, RelayClientEvent } from "./relay_client.ts";
import { SealedChannel } from "./sealed_channel.ts";
import { SessionRelays } from "./session_relays.ts";

export interface SessionConfig extends EndpointConfig {
  readonly backend: CryptoBackend;
  /** Explains the address numbers of batches; the datagram transport's own. */
  readonly addresses: AddressTable;
  readonly replayWindowPackets?: number;
  readonly jitter?: JitterBufferOptions;
  /** Share of the processor in use, 0..1, for the quality rule. */
  readonly cpu?: () => number;
  /** Share of FEC for key frames. */
  readonly fecRatio?: number;
}

export type SessionEvent =
  | { readonly kind: "state"; readonly state: EndpointState }
  | { readonly kind: "connected"; readonly agreement: Agreement }
  | { readonly kind: "resumed"; readonly epoch: number }
  | { readonly kind: "keys"; readonly epoch: number; readonly master: Uint8Array }
  /** From the next packet on this epoch protects what we send. */
  | { readonly kind: "rotated"; readonly epoch: number }
  | { readonly kind: "stream_offered"; readonly start: StreamStart }
  | { readonly kind: "stream_accepted"; readonly streamId: string }
  | { readonly kind: "stream_refused"; readonly streamId: string; readonly message: string }
  | { readonly kind: "stream_stopped"; readonly streamId: string; readonly reason: string }
  | { readonly kind: "path"; readonly event: PathEvent }
  | { readonly kind: "relay"; readonly event: RelayClientEvent }
  /** Something was refused, by us or by the other side (then with its code), or could not be sent; the call goes on. */
  | { readonly kind: "warning"; readonly message: string; readonly code?: ErrorCode; readonly byPeer?: boolean }
  | Extract<EndpointOutput, { kind: "closed" }>;

export type SessionOutput =
  /** A message for the signaling transport. */
  | { readonly kind: "signal"; readonly text: string }
  /** A received frame, a rung change, ... of a stream. */
  | { readonly kind: "media"; readonly event: MediaEvent }
  | { readonly kind: "event"; readonly event: SessionEvent };

export class PeerSession {
  readonly #config: SessionConfig;
  readonly #endpoint: SignalingEndpoint;
  readonly #paths: PathSet;
  readonly #outputs: SessionOutput[] = [];
  readonly #outgoing = new OutgoingMessages();
  readonly #relays: SessionRelays;
  readonly #drops = new FaultCounters();
  #media: MediaPlane | undefined;
  #sealed: SealedChannel | undefined;
  /** Keys that came before the other peer was known: epoch 0's. */
  #firstMaster: Uint8Array | undefined;
  #signalingIsUp = false;
  #metricsDueMs = Infinity;

  constructor(config: SessionConfig) {
    this.#config = config;
    this.#endpoint = new SignalingEndpoint(config);
    this.#paths = new PathSet(config.sessionId, config.peerId, config.rng, config.unixOffsetMs);
    this.#relays = new SessionRelays(config.sessionId, config.peerId, config.unixOffsetMs, config.addresses);
  }

  get state(): EndpointState {
    return this.#endpoint.state;
  }

  get agreement(): Agreement | undefined {
    return this.#endpoint.agreement;
  }

  /** The path in use. */
  get path(): PathCandidate | undefined {
    return this.#paths.best;
  }

  get rttMs(): number | undefined {
    return this.#paths.rttMs;
  }

  get clockOffsetMs(): number | undefined {
    return this.#paths.clockOffsetMs;
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

  signalingUp(nowMs: number): void {
    this.#signalingIsUp = true;
    this.#endpoint.up(nowMs);
    this.#carryOut(nowMs);
  }

  signalingDown(nowMs: number): void {
    this.#signalingIsUp = false;
    this.#endpoint.down();
    this.#carryOut(nowMs);
  }

  signalingMessage(input: string | Uint8Array, nowMs: number): void {
    this.#endpoint.receive(input, nowMs);
    this.#carryOut(nowMs);
  }

  /** Units that arrived on the media transport; they are worked on in place. */
  packets(batch: PacketBatch, nowMs: number): void {
    for (let i = 0; i < batch.size; i++) {
      const start = batch.offset(i);
      this.#unit(batch.bytes, start, start + batch.lengths[i], batch.addresses[i], nowMs);
    }
    this.#carryOut(nowMs);
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
        this.#drops.add("unknown_type");
    }
  }

  #mediaUnit(bytes: Uint8Array, start: number, end: number, address: number, nowMs: number): void {
    if (this.#media === undefined) return this.#drops.add("bad_state");
    const { outcome, epoch } = this.#media.receive(bytes, start, end, nowMs, this.#paths.isValid(address));
    if (outcome !== "ok") return; // the media plane counts its own
    this.#paths.received(address, nowMs);
    if (epoch >= 0) this.#endpoint.authenticated(epoch, nowMs);
  }

  #jsonUnit(unit: Uint8Array, address: number, nowMs: number): void {
    const isRelay = this.#relays.isRelay(address);
    if (isRelay && !isSealed(unit)) return this.#fromRelay(unit, address, nowMs);
    const trialOrder = this.#endpoint.epochs?.trialOrder ?? [];
    const opened = this.#sealed?.open(unit, trialOrder);
    if (opened === undefined) return this.#drops.add("bad_state");
    if (!opened.ok) return this.#drops.add(opened.fault.reason);
    const { message, epoch } = opened.value;
    this.#paths.received(address, nowMs);
    this.#endpoint.authenticated(epoch, nowMs);
    const kind = isRelay ? "relay" : "direct";
    if (message.type === "HEARTBEAT") this.#paths.onHeartbeat(address, kind, message, nowMs);
    else if (message.type === "HEARTBEAT_ACK") this.#paths.onHeartbeatAck(address, message, nowMs);
    else this.#endpoint.handle(message, nowMs);
  }

  #fromRelay(unit: Uint8Array, address: number, nowMs: number): void {
    const message = parseMessage(unit);
    if (message.ok) this.#relays.handle(address, message.value, nowMs);
    else this.#drops.add(message.fault.reason);
  }

  nextTimeoutMs(): number | undefined {
    const candidates = [this.#endpoint.nextTimeoutMs(), this.#relays.nextTimeoutMs(), this.#metricsDueMs];
    if (this.#media !== undefined) candidates.push(this.#media.nextTimeoutMs(), this.#paths.nextTimeoutMs());
    const due = candidates.filter((atMs) => atMs !== undefined && atMs !== Infinity) as number[];
    return due.length === 0 ? undefined : Math.min(...due);
  }

  timeout(nowMs: number): void {
    this.#endpoint.timeout(nowMs);
    if (this.#media !== undefined) {
      this.#paths.timeout(nowMs);
      this.#media.timeout(nowMs);
      this.#relays.timeout(nowMs);
    }
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
    const best = this.#paths.best;
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
    for (let busy = true; busy;) {
      busy = false;
      for (let out = this.#endpoint.poll(); out !== undefined; out = this.#endpoint.poll()) {
        this.#fromEndpoint(out, nowMs);
        busy = true;
      }
      for (let out = this.#paths.poll(); out !== undefined; out = this.#paths.poll()) {
        if (out.kind === "send") this.#outgoing.seal(out.address, out.message);
        else this.#event({ kind: "path", event: out.event });
        busy = true;
      }
      for (let out = this.#relays.poll(); out !== undefined; out = this.#relays.poll()) {
        if (out.kind === "send") this.#outgoing.plain(out.address, out.message);
        else if (out.kind === "event") this.#event({ kind: "relay", event: out.event });
        else this.#paths.offer({ kind: "relay", priority: out.priority, address: out.address }, nowMs);
        busy = true;
      }
      for (let event = this.#media?.poll(); event !== undefined; event = this.#media?.poll()) {
        this.#fromMedia(event, nowMs);
        busy = true;
      }
    }
    const offset = this.#paths.clockOffsetMs;
    if (offset !== undefined) this.#media?.setClockOffset(offset);
    const rtt = this.#paths.rttMs;
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
        this.#offerPaths(out.agreement, nowMs);
        this.#paths.probeAll(nowMs);
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
    const best = this.#paths.best;
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
    this.#offerPaths(agreement, nowMs);
  }

  #installEpoch(epoch: number, master: Uint8Array): void {
    const budget = this.#endpoint.epochs?.budget(epoch);
    this.#sealed?.epochMade(epoch, master);
    if (budget !== undefined) this.#media?.epochMade(epoch, master, budget);
  }

  /** What the relays saw of us: our public addresses, and so the NAT in front of us. */
  get observedAddresses(): readonly ObservedAddress[] {
    return this.#relays.observed;
  }

  /** SPEC ARC-PATH-probe-all. */
  #offerPaths({ remote }: Agreement, nowMs: number): void {
    const { public_ip, public_port, local, relay_servers } = remote.networkInfo;
    this.#relays.offer(relay_servers ?? [], nowMs);
    const offer = (ip: string, port: number, priority: number) =>
      this.#paths.offer({ kind: "direct", priority, address: this.#config.addresses.intern(ip, port) }, nowMs);
    // Between hosts of one network the local address is the shorter way.
    (local ?? []).forEach(({ ip, port }, i) => offer(ip, port, i));
    if (public_ip !== undefined && public_port !== undefined) offer(public_ip, public_port, 100);
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
    return this.#media?.metricsFigures(nowMs, this.#paths.best?.kind);
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
