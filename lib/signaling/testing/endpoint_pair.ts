/** Two signaling endpoints and a pipe between them on virtual time: for tests. */
import { SeededRng, unit } from "../../base/rng.ts";
import { defaultBackend } from "../../crypto/backend_choice.ts";
import { SignalingEndpoint } from "../endpoint.ts";
import type { EndpointConfig, EndpointOutput } from "../endpoint_context.ts";
import type { Message } from "../messages/registry.ts";
import { writeMessage } from "../parse_message.ts";
import { KNOWN_CODECS } from "../selection.ts";

export const SESSION = "11111111-1111-4111-8111-111111111111";
export const ANNA = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
export const BEN = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb";

export type Side = "anna" | "ben";

export interface PairOptions {
  readonly seed?: number;
  readonly delayMs?: number;
  /** Share of messages that the pipe loses. */
  readonly loss?: number;
  readonly anna?: Partial<EndpointConfig>;
  readonly ben?: Partial<EndpointConfig>;
}

export class EndpointPair {
  readonly anna: SignalingEndpoint;
  readonly ben: SignalingEndpoint;
  /** Everything but `send`, in the order of its coming. */
  readonly events: { readonly side: Side; readonly atMs: number; readonly out: EndpointOutput }[] = [];
  /** Everything that was sent, lost or not. */
  readonly sent: { readonly side: Side; readonly atMs: number; readonly message: Message }[] = [];
  /** Master keys by side and epoch, copied when they were made. */
  readonly masters: Record<Side, Map<number, string>> = { anna: new Map(), ben: new Map() };
  nowMs = 0;
  /** Decides message by message; the default loses by chance. */
  isLost: (side: Side, message: Message) => boolean;
  readonly #delayMs: number;
  readonly #wire: { readonly atMs: number; readonly to: Side; readonly text: string }[] = [];

  constructor({ seed = 1, delayMs = 10, loss = 0, anna = {}, ben = {} }: PairOptions = {}) {
    const rng = new SeededRng(seed);
    const config = (peerId: string, role: "caller" | "callee", more: Partial<EndpointConfig>): EndpointConfig => ({
      role,
      sessionId: SESSION,
      peerId,
      rng: new SeededRng(rng.u32()),
      backend: defaultBackend(),
      unixOffsetMs: 1_700_000_000_000,
      codecs: KNOWN_CODECS,
      suites: ["aes-128-gcm", "aes-256-gcm", "chacha20-poly1305"],
      authentications: ["hmac-sha256-80", "none"],
      resolutions: ["720p"],
      reducedHeader: true,
      rtx: true,
      fec: true,
      networkInfo: () => ({ nat_type: "unknown" }),
      identityPolicy: { kind: "optional" },
      ...more,
    });
    this.anna = new SignalingEndpoint(config(ANNA, "caller", anna));
    this.ben = new SignalingEndpoint(config(BEN, "callee", ben));
    this.#delayMs = delayMs;
    this.isLost = () => unit(rng) < loss;
  }

  up(side: Side): void {
    this[side].up(this.nowMs);
    this.#drain(side);
  }

  /** Both transports come up and the handshake runs. */
  connect(): void {
    this.up("ben");
    this.up("anna");
    this.run(1000);
  }

  /** Lets a side do something and carries out what follows from it. */
  act(side: Side, action: (endpoint: SignalingEndpoint, nowMs: number) => void): void {
    action(this[side], this.nowMs);
    this.#drain(side);
  }

  /** Hands a message to a side as if the other had sent it. */
  inject(to: Side, message: Message | string): void {
    this[to].receive(typeof message === "string" ? message : writeMessage(message), this.nowMs);
    this.#drain(to);
  }

  run(forMs: number): void {
    const untilMs = this.nowMs + forMs;
    for (;;) {
      const timeouts = [this.anna.nextTimeoutMs(), this.ben.nextTimeoutMs(), this.#wire[0]?.atMs];
      const nextMs = Math.min(...timeouts.map((atMs) => atMs ?? Infinity));
      if (nextMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, nextMs);
      const arrived = this.#wire[0]?.atMs <= this.nowMs ? this.#wire.shift() : undefined;
      if (arrived !== undefined) {
        this[arrived.to].receive(arrived.text, this.nowMs);
        this.#drain(arrived.to);
        continue;
      }
      for (const side of ["anna", "ben"] as const) {
        if ((this[side].nextTimeoutMs() ?? Infinity) <= this.nowMs) {
          this[side].timeout(this.nowMs);
          this.#drain(side);
        }
      }
    }
    this.nowMs = untilMs;
  }

  kinds(side: Side): string[] {
    return this.events.filter((event) => event.side === side).map((event) => event.out.kind);
  }

  outputs<K extends EndpointOutput["kind"]>(side: Side, kind: K): Extract<EndpointOutput, { kind: K }>[] {
    return this.events.filter((event) => event.side === side && event.out.kind === kind)
      .map((event) => event.out as Extract<EndpointOutput, { kind: K }>);
  }

  messages<T extends Message["type"]>(side: Side, type: T): Extract<Message, { type: T }>[] {
    return this.sent.filter((event) => event.side === side && event.message.type === type)
      .map((event) => event.message as Extract<Message, { type: T }>);
  }

  #drain(side: Side): void {
    for (let out = this[side].poll(); out !== undefined; out = this[side].poll()) {
      if (out.kind !== "send") {
        this.events.push({ side, atMs: this.nowMs, out });
        if (out.kind === "epoch_made") this.masters[side].set(out.epoch, out.master.join(" "));
        continue;
      }
      this.sent.push({ side, atMs: this.nowMs, message: out.message });
      if (this.isLost(side, out.message)) continue;
      const to = side === "anna" ? "ben" : "anna";
      this.#wire.push({ atMs: this.nowMs + this.#delayMs, to, text: writeMessage(out.message) });
    }
  }
}
