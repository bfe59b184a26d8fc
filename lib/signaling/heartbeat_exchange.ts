/** HEARTBEATs of one endpoint: those that it sends to keep its connection alive, their answers, and what it answers. */
import { toHex } from "../base/bytes.ts";
import { below } from "../base/rng.ts";
import type { EndpointContext } from "./endpoint_context.ts";
import { heartbeatAck } from "./heartbeat_ack.ts";
import type { Heartbeat, HeartbeatAck } from "./messages/heartbeat.ts";

/** A connection that nothing crosses for so long may have died unnoticed: servers close it after 90 s of silence. */
const KEEP_ALIVE_MS = 20_000;
/** Heartbeats whose answers are still taken. */
const MAX_WAITING = 8;

export class HeartbeatExchange {
  readonly #context: EndpointContext;
  #dueMs = Infinity;
  #sequence = 0;
  /** Heartbeats that wait for their answer: challenge -> when it was sent. The last few only. */
  readonly #waiting = new Map<string, number>();

  constructor(context: EndpointContext) {
    this.#context = context;
  }

  /** When the next one is due while the transport is up. */
  get dueMs(): number {
    return this.#dueMs;
  }

  up(nowMs: number): void {
    this.#dueMs = nowMs + KEEP_ALIVE_MS;
  }

  down(): void {
    this.#waiting.clear();
  }

  /** `token`: see SPEC ARC-SIG-heartbeat-token. */
  send(nowMs: number, token: string | undefined): void {
    const { config } = this.#context;
    const challenge = toHex(config.rng.fill(new Uint8Array(8)));
    this.#waiting.set(challenge, nowMs);
    for (const [old] of this.#waiting) {
      if (this.#waiting.size <= MAX_WAITING) break;
      this.#waiting.delete(old);
    }
    // Not all peers at the same instant after a server came back.
    this.#dueMs = nowMs + KEEP_ALIVE_MS - below(config.rng, 2000);
    this.#context.send({
      type: "HEARTBEAT",
      session_id: config.sessionId,
      sequence: this.#sequence++,
      challenge,
      peer_id: config.peerId,
      ...(token === undefined ? {} : { token }),
      timestamp: this.#context.unixMs(nowMs),
    });
  }

  onHeartbeat(heartbeat: Heartbeat, nowMs: number): void {
    this.#context.send(heartbeatAck(heartbeat, this.#context.unixMs(nowMs)));
  }

  /** Taken once, and only as the answer to a heartbeat of ours. Its timestamps are of clocks that nobody knows. */
  onAck(message: HeartbeatAck, nowMs: number): void {
    const { challenge } = message;
    const sentMs = challenge === undefined ? undefined : this.#waiting.get(challenge);
    if (challenge === undefined || sentMs === undefined) return;
    this.#waiting.delete(challenge);
    this.#context.output({ kind: "heartbeat_ack", message, rttMs: nowMs - sentMs });
  }
}
