/** Hubs that share sessions over a bus on virtual time, with loss and reordering: for tests. */
import { decodeUtf8 } from "../../base/bytes.ts";
import { SeededRng, unit } from "../../base/rng.ts";
import { unwrap } from "../../base/parsed.ts";
import { SignalingHub } from "../hub.ts";
import { DEFAULT_HUB_LIMITS, type HubLimits } from "../hub_limits.ts";
import type { JsonObject } from "../json_value.ts";
import { parseMessageWithJson } from "../parse_message.ts";

export interface HubNetOptions {
  readonly hubs?: number;
  readonly seed?: number;
  /** Share of the bus's messages that each hub misses. */
  readonly loss?: number;
  /** The longest delay on the bus; each message draws its own, so that they overtake one another. */
  readonly delayMs?: number;
  readonly limits?: Partial<HubLimits>;
}

/** What a hub has told a channel. */
export interface Told {
  readonly channel: number;
  readonly json: JsonObject;
}

/** What was published, lost or not. */
export interface Published {
  readonly hub: number;
  readonly subject: string;
  readonly json: JsonObject;
}

const UNIX_OFFSET_MS = 1_700_000_000_000;

/** What a hub tells a peer of relays. */
export function relayOf(hub: number, peerId: string): JsonObject {
  return { id: `hub-${hub}-for-${peerId}`, address: "192.0.2.1", port: 3478, priority: 0 };
}

export class HubNet {
  readonly hubs: readonly SignalingHub[];
  readonly told: Told[] = [];
  readonly closed: { readonly channel: number; readonly why: string }[] = [];
  readonly published: Published[] = [];
  nowMs = 0;
  /** Decides for each receiver; the default loses by chance. */
  isLost: (published: Published, to: number) => boolean;
  /** Called with everything that a channel is told. */
  onTold: (told: Told) => void = () => {};
  readonly #rng: SeededRng;
  readonly #delayMs: number;
  readonly #subjects: readonly Set<string>[];
  /** The hub of each channel. */
  readonly #homes = new Map<number, number>();
  readonly #wire: {
    readonly atMs: number;
    readonly to: number;
    readonly subject: string;
    readonly bytes: Uint8Array;
  }[] = [];
  #isUp = true;

  constructor({ hubs = 2, seed = 1, loss = 0, delayMs = 0, limits = {} }: HubNetOptions = {}) {
    this.#rng = new SeededRng(seed);
    this.#delayMs = delayMs;
    this.isLost = () => unit(this.#rng) < loss;
    this.hubs = Array.from({ length: hubs }, (_, n) => {
      const relays = (_session: string, peer: string) => [relayOf(n, peer)];
      return new SignalingHub(UNIX_OFFSET_MS, { ...DEFAULT_HUB_LIMITS, ...limits }, relays, true);
    });
    this.#subjects = this.hubs.map(() => new Set());
    for (const hub of this.hubs) hub.busChanged(true);
  }

  /** The code of the ERROR that refuses it; undefined when it has joined. */
  join(hub: number, channel: number, sessionId: string, peerId: string): string | undefined {
    this.hubs[hub].open(channel, this.nowMs);
    this.#homes.set(channel, hub);
    const error = this.hubs[hub].join(channel, sessionId, peerId, this.nowMs);
    this.#drain(hub);
    return error?.code;
  }

  say(channel: number, json: JsonObject): string | undefined {
    const hub = this.#homes.get(channel) ?? -1;
    const error = this.hubs[hub].message(channel, unwrap(parseMessageWithJson(JSON.stringify(json))), this.nowMs);
    this.#drain(hub);
    return error?.code;
  }

  leave(channel: number): void {
    const hub = this.#homes.get(channel) ?? -1;
    this.hubs[hub].closed(channel);
    this.#drain(hub);
  }

  /** Hands bytes to a hub as if somebody had published them. */
  inject(hub: number, subject: string, bytes: Uint8Array): void {
    this.hubs[hub].heardOnBus(subject, bytes, this.nowMs);
    this.#drain(hub);
  }

  /** The bus goes, with what is on it, or comes. */
  setBus(isUp: boolean): void {
    this.#isUp = isUp;
    if (!isUp) this.#wire.length = 0;
    for (const [n, hub] of this.hubs.entries()) {
      hub.busChanged(isUp);
      this.#drain(n);
    }
  }

  run(forMs: number): void {
    const untilMs = this.nowMs + forMs;
    for (;;) {
      this.#wire.sort((a, b) => a.atMs - b.atMs);
      const dueMs = Math.min(
        this.#wire[0]?.atMs ?? Infinity,
        ...this.hubs.map((hub) => hub.nextTimeoutMs() ?? Infinity),
      );
      if (dueMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, dueMs);
      const arrived = this.#wire[0]?.atMs <= this.nowMs ? this.#wire.shift() : undefined;
      if (arrived !== undefined && this.#isSubscribed(arrived.to, arrived.subject)) {
        this.inject(arrived.to, arrived.subject, arrived.bytes);
      }
      for (const [n, hub] of this.hubs.entries()) {
        if ((hub.nextTimeoutMs() ?? Infinity) > this.nowMs) continue;
        hub.timeout(this.nowMs);
        this.#drain(n);
      }
    }
    this.nowMs = untilMs;
  }

  /** What a channel was told, as types. */
  types(channel: number): unknown[] {
    return this.told.filter((told) => told.channel === channel).map(({ json }) => json.type);
  }

  #isSubscribed(hub: number, subject: string): boolean {
    return this.#subjects[hub].has(subject.replace(/[^.]+$/, "*"));
  }

  #drain(n: number): void {
    const hub = this.hubs[n];
    for (let out = hub.poll(); out !== undefined; out = hub.poll()) {
      if (out.kind === "subscribe") this.#subjects[n].add(out.subject);
      else if (out.kind === "unsubscribe") this.#subjects[n].delete(out.subject);
      else if (out.kind === "publish") this.#publish(n, out.subject, out.bytes);
      else if (out.kind === "close") {
        this.closed.push({ channel: out.to, why: out.why });
        hub.closed(out.to);
      } else if (out.kind === "send") {
        const told = { channel: out.to, json: out.json };
        this.told.push(told);
        this.onTold(told);
      }
    }
  }

  #publish(from: number, subject: string, bytes: Uint8Array): void {
    const published = { hub: from, subject, json: JSON.parse(unwrap(decodeUtf8(bytes))) };
    this.published.push(published);
    if (!this.#isUp) return;
    for (const to of this.hubs.keys()) {
      if (to === from || this.isLost(published, to)) continue;
      this.#wire.push({ atMs: this.nowMs + unit(this.#rng) * this.#delayMs, to, subject, bytes });
    }
  }
}
