/**
 * The paths of one session and direction (SPEC 7): which addresses are probed, which are valid, which one media takes.
 *
 * ```
 *            sealed HEARTBEAT_ACK with our challenge              3 heartbeats unanswered
 *  probing ------------------------------------------> valid ------------------------------> probing
 * ```
 *
 * The best valid path is in use; everything sealed and every packet goes there. No sockets: heartbeats come in parsed and
 * already unsealed, and go out for the session to seal.
 */
import { toHex } from "../base/bytes.ts";
import type { Rng } from "../base/rng.ts";
import type { Heartbeat, HeartbeatAck } from "../signaling/messages/heartbeat.ts";
import { isBetter, isUdp, type PathCandidate, type PathKind } from "./path_candidate.ts";
import type { PathEvent, ProbingReason } from "./path_events.ts";
import { type HeartbeatAnswer, PathProbe } from "./path_probe.ts";

export type PathOutput =
  | { readonly kind: "send"; readonly address: number; readonly message: Heartbeat | HeartbeatAck }
  | { readonly kind: "event"; readonly event: PathEvent }
  /** An address that was heard is not probed any more: it made room. */
  | { readonly kind: "forgotten"; readonly address: number };

/** SPEC ARC-PATH-pending-limit. */
const MAX_PENDING_HEARD = 4;
/** Addresses that were heard and are kept: old ones that are not valid make room. */
const MAX_PATHS = 32;

export class PathSet {
  readonly #sessionId: string;
  readonly #peerId: string;
  readonly #rng: Rng;
  readonly #unixOffsetMs: number;
  readonly #paths = new Map<number, PathProbe>();
  readonly #outputs: PathOutput[] = [];
  #best: PathProbe | undefined;
  #sequence = 0;
  /** Goes with every heartbeat through a relay (SPEC ARC-PATH-tell-address). */
  news: Heartbeat["network_info"];

  constructor(sessionId: string, peerId: string, rng: Rng, unixOffsetMs: number) {
    this.#sessionId = sessionId;
    this.#peerId = peerId;
    this.#rng = rng;
    this.#unixOffsetMs = unixOffsetMs;
  }

  /** The path in use; undefined while none is valid (SPEC ARC-PATH-no-media-without-path). */
  get best(): PathCandidate | undefined {
    return this.#best?.candidate;
  }

  /** Round-trip time on the path in use, smoothed; undefined before the first answer. */
  get rttMs(): number | undefined {
    return this.#best?.rttMs;
  }

  /** The peer's Unix clock less ours, on the path in use, at least delay (SPEC ARC-PATH-clock-offset). */
  get clockOffsetMs(): number | undefined {
    return this.#best?.clockOffsetMs;
  }

  /** True when a sealed answer to our own challenge came from this address. */
  isValid(address: number): boolean {
    return this.#paths.get(address)?.isValid ?? false;
  }

  poll(): PathOutput | undefined {
    return this.#outputs.shift();
  }

  /** True when a path over UDP is valid, or with `kind` one of that kind. */
  hasValid(kind?: PathKind): boolean {
    for (const { isValid, candidate } of this.#paths.values()) {
      if (isValid && (kind === undefined ? isUdp(candidate.kind) : candidate.kind === kind)) return true;
    }
    return false;
  }

  /** Every path that is known, and how it stands. */
  get all(): readonly {
    readonly path: PathCandidate;
    readonly isValid: boolean;
    readonly rttMs: number | undefined;
  }[] {
    return [...this.#paths.values()].map(({ candidate: path, isValid, rttMs }) => ({ path, isValid, rttMs }));
  }

  /** Begins to probe an address that the peer or the server named; a known one that is not valid begins anew. */
  offer(candidate: PathCandidate, nowMs: number): void {
    const known = this.#paths.get(candidate.address);
    if (known === undefined) return this.#add(candidate, "offered", nowMs);
    known.probeAgain(nowMs);
    this.timeout(nowMs);
  }

  /** Begins to probe an address that the peer has told of in a heartbeat: as if it had been heard there. */
  told(candidate: PathCandidate, nowMs: number): void {
    this.#addPending(candidate, "told", nowMs);
  }

  /** The path is no more: its connection has ended. */
  remove(address: number, nowMs: number): void {
    const path = this.#paths.get(address);
    if (path === undefined) return;
    this.#paths.delete(address);
    if (!path.isValid) return;
    this.#event({ kind: "down", path: path.candidate, silentMs: nowMs - path.lastReceivedMs, why: "closed" });
    if (path === this.#best) this.#choose("failover");
  }

  #add(candidate: PathCandidate, why: ProbingReason, nowMs: number): void {
    if (this.#paths.has(candidate.address) || !this.#makeRoom()) return;
    this.#paths.set(candidate.address, new PathProbe(candidate, why !== "offered", nowMs));
    this.#event({ kind: "probing", path: candidate, why });
    this.timeout(nowMs);
  }

  #makeRoom(): boolean {
    if (this.#paths.size < MAX_PATHS) return true;
    for (const [address, path] of this.#paths) {
      if (path.isValid || !path.wasHeard) continue;
      this.#paths.delete(address);
      this.#outputs.push({ kind: "forgotten", address });
      return true;
    }
    return false;
  }

  /**
   * A sealed HEARTBEAT came by the path `from`: answered there, and an unknown one is probed in its turn, at most 4 at a
   * time. SPEC ARC-PATH-new-address.
   */
  onHeartbeat(from: PathCandidate, heartbeat: Heartbeat, nowMs: number): void {
    const { address } = from;
    const responseMs = Math.floor(nowMs + this.#unixOffsetMs);
    this.#outputs.push({
      kind: "send",
      address,
      message: {
        type: "HEARTBEAT_ACK",
        session_id: this.#sessionId,
        sequence: heartbeat.sequence,
        ...(heartbeat.challenge === undefined ? {} : { challenge: heartbeat.challenge }),
        original_timestamp: heartbeat.timestamp,
        response_timestamp: responseMs,
        latency_ms: responseMs - heartbeat.timestamp,
      },
    });
    const known = this.#paths.get(address);
    known?.heard(nowMs);
    if (known === undefined) this.#addPending(from, "heard", nowMs);
  }

  #addPending(candidate: PathCandidate, why: ProbingReason, nowMs: number): void {
    const pending = [...this.#paths.values()].filter((path) => path.wasHeard && !path.isValid).length;
    if (pending < MAX_PENDING_HEARD) this.#add(candidate, why, nowMs);
  }

  /** A sealed HEARTBEAT_ACK came from `address`. */
  onHeartbeatAck(address: number, ack: HeartbeatAck, nowMs: number): void {
    const path = this.#paths.get(address);
    const answer: HeartbeatAnswer = {
      challenge: ack.challenge ?? "",
      responseUnixMs: ack.response_timestamp,
    };
    if (path === undefined || !path.answered(answer, nowMs, this.#unixOffsetMs)) return;
    if (path.becameValid) this.#event({ kind: "valid", path: path.candidate, rttMs: path.rttMs ?? 0 });
    this.#choose("better");
  }

  /** Something that authenticated came from `address`. Cheap: called per packet. */
  received(address: number, nowMs: number): void {
    this.#paths.get(address)?.received(nowMs);
  }

  nextTimeoutMs(): number | undefined {
    let next: number | undefined;
    for (const path of this.#paths.values()) {
      const dueMs = path.dueMs(path === this.#best);
      if (next === undefined || dueMs < next) next = dueMs;
    }
    return next;
  }

  /** Sends the heartbeats that are due and lets go of paths that are down. */
  timeout(nowMs: number): void {
    for (const path of this.#paths.values()) {
      if (path.isDown(nowMs)) {
        this.#event({ kind: "down", path: path.candidate, silentMs: nowMs - path.lastReceivedMs, why: "silent" });
        path.invalidate(nowMs);
        if (path === this.#best) this.#choose("failover");
      }
      if (path.dueMs(path === this.#best) <= nowMs) this.#sendHeartbeat(path, nowMs);
      const probes = path.takeUnanswered(nowMs);
      if (probes > 0) this.#event({ kind: "unanswered", path: path.candidate, probes });
    }
  }

  /** All paths are probed again at once: the network has changed, or all was lost. */
  probeAll(nowMs: number): void {
    for (const path of this.#paths.values()) path.probeAgain(nowMs);
    this.timeout(nowMs);
  }

  #sendHeartbeat(path: PathProbe, nowMs: number): void {
    const challenge = toHex(this.#rng.fill(new Uint8Array(8)));
    path.sent(challenge, nowMs);
    this.#outputs.push({
      kind: "send",
      address: path.candidate.address,
      message: {
        type: "HEARTBEAT",
        session_id: this.#sessionId,
        sequence: this.#sequence++,
        challenge,
        peer_id: this.#peerId,
        ...(this.news === undefined || path.candidate.relayId === undefined ? {} : { network_info: this.news }),
        timestamp: Math.floor(nowMs + this.#unixOffsetMs),
      },
    });
  }

  #choose(why: "better" | "failover"): void {
    let best: PathProbe | undefined;
    for (const path of this.#paths.values()) {
      if (path.isValid && (best === undefined || isBetter(path.candidate, best.candidate))) best = path;
    }
    if (best === this.#best) return;
    const isFirst = this.#best === undefined;
    this.#best = best;
    if (best === undefined) this.#event({ kind: "none" });
    else this.#event({ kind: "chosen", path: best.candidate, why: isFirst ? "first" : why });
  }

  #event(event: PathEvent): void {
    this.#outputs.push({ kind: "event", event });
  }
}
