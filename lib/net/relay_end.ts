/** One bound peer of a relay, for tools that are peers of their own making: probes and load. */
import { PacketBatch } from "../base/batch.ts";
import { utf8 } from "../base/bytes.ts";
import { issueRelayToken, makeRelayProof, parseRelayToken } from "../crypto/relay_token.ts";
import { unwrap } from "../base/parsed.ts";
import { RelayClient } from "../session/relay_client.ts";
import { parseMessage, writeMessage } from "../signaling/parse_message.ts";
import type { Clock } from "./clock.ts";
import type { DatagramTransport } from "./datagram.ts";
import { NetError } from "./net_error.ts";

/** What messages fit into, and packets of any sensible path. */
const SLOT_BYTES = 2048;

/** Judged at binding only, and in a run of days a binding may have to be made anew. */
const TOKEN_LIFETIME_S = 30 * 24 * 3600;

/** Between two sendings of an UNBIND, and how many there are. Who is not heard is forgotten after 30 s anyway. */
const UNBIND_EVERY_MS = 400;
const UNBIND_SENDINGS = 3;

/** First byte of a message, which no other unit begins with. */
const JSON_BEGIN = 0x7b;

export interface RelayEndOptions {
  /** Owned by the end from here on. */
  readonly transport: DatagramTransport;
  readonly ip: string;
  readonly port: number;
  /** Issues the token. Secret. */
  readonly secret: Uint8Array;
  readonly sessionId: string;
  readonly peerId: string;
  readonly timeoutMs: number;
  /** Renews the binding all along; otherwise the owner's traffic has to keep it. */
  readonly renews: boolean;
  /** Packets that are taken in at a time. */
  readonly receiveCapacity?: number;
}

export interface RelayEndEvents {
  /** A unit from the other peer, at `bytes[start..end)`; borrowed. */
  unit(bytes: Uint8Array, start: number, end: number, receivedMs: number): void;
  /** The binding was lost. */
  over(why: string): void;
}

export class RelayEnd {
  readonly client: RelayClient;
  /** The transport's number of the relay. */
  readonly address: number;
  readonly transport: DatagramTransport;
  readonly #options: RelayEndOptions;
  readonly #clock: Clock;
  readonly #events: RelayEndEvents;
  readonly #bound = Promise.withResolvers<void>();
  readonly #free: PacketBatch[] = [];
  readonly #expiresS: number;
  readonly #token: string;
  #unbound: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOpen = true;
  #wasBound = false;

  constructor(options: RelayEndOptions, clock: Clock, events: RelayEndEvents) {
    const { transport, ip, port, secret, sessionId, peerId } = options;
    this.#options = options;
    this.#clock = clock;
    this.#events = events;
    this.transport = transport;
    this.address = transport.addresses.intern(ip, port);
    transport.addresses.pin(this.address);
    const nowMs = clock.nowMs();
    this.#expiresS = Math.floor((nowMs + clock.unixOffsetMs) / 1000) + TOKEN_LIFETIME_S;
    this.#token = issueRelayToken(secret, { sessionId, peerId, expiresS: this.#expiresS });
    const offer = { id: `${ip}:${port}`, address: this.address, priority: 0, token: this.#token };
    this.client = new RelayClient(offer, sessionId, peerId, clock.unixOffsetMs, nowMs);
    // Whoever has given up must not be killed by a rejection that comes later.
    this.#bound.promise.catch(() => {});
  }

  /** Throws NetError: `refused` with the relay's word, `unreachable` where it is silent. */
  async bind(): Promise<void> {
    this.#receive().catch((error: unknown) => this.#fail(error instanceof Error ? error : new Error(String(error))));
    this.#settle();
    const { ip, port, timeoutMs } = this.#options;
    const giveUp = () => this.#fail(new NetError("unreachable", `relay ${ip}:${port} is silent for ${timeoutMs} ms`));
    const timer = setTimeout(giveUp, timeoutMs);
    try {
      await this.#bound.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends one unit; answers when, and undefined where the end is closed. */
  send(unit: Uint8Array): number | undefined {
    if (!this.#isOpen) return undefined;
    const batch = this.#free.pop() ?? new PacketBatch(1, SLOT_BYTES);
    batch.clear();
    batch.push(unit, this.address);
    const sentMs = this.#clock.nowMs();
    this.transport.send(batch).finally(() => this.#free.push(batch));
    return sentMs;
  }

  /** Ends the binding, so that the relay has room for others at once; gives up where the relay does not answer. */
  async unbind(): Promise<void> {
    if (!this.#wasBound) return;
    for (let i = 0; i < UNBIND_SENDINGS && this.#isOpen; i++) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const isUnbound = await new Promise<boolean>((resolve) => {
        this.#unbound = () => resolve(true);
        timer = setTimeout(() => resolve(false), UNBIND_EVERY_MS);
        this.#sendUnbind();
      });
      clearTimeout(timer);
      if (isUnbound) return;
    }
  }

  close(): void {
    this.#isOpen = false;
    clearTimeout(this.#timer);
    this.transport.close();
  }

  async #receive(): Promise<void> {
    const batch = new PacketBatch(this.#options.receiveCapacity ?? 1, SLOT_BYTES);
    while (await this.transport.receive(batch)) {
      const receivedMs = this.#clock.nowMs();
      for (let i = 0; i < batch.size; i++) {
        if (batch.addresses[i] !== this.address) continue;
        const start = batch.offset(i);
        const end = start + batch.lengths[i];
        const isOwn = batch.bytes[start] === JSON_BEGIN && this.#takeRelaysOwn(batch.packet(i), receivedMs);
        if (!isOwn) this.#events.unit(batch.bytes, start, end, receivedMs);
      }
    }
    if (this.#isOpen) this.#fail(new NetError("unreachable", "the relay has closed the connection"));
  }

  /** True for what the relay itself says. */
  #takeRelaysOwn(unit: Uint8Array, nowMs: number): boolean {
    const parsed = parseMessage(unit);
    if (!parsed.ok || parsed.value.type.startsWith("HEARTBEAT")) return false;
    if (this.#unbound === undefined) {
      this.client.handle(parsed.value, nowMs);
      this.#settle();
    } else if (parsed.value.type === "RELAY_CHALLENGE") this.#sendUnbind(parsed.value.nonce);
    else if (parsed.value.type === "ACK") this.#unbound();
    return true;
  }

  /** Without a nonce it asks for one. */
  #sendUnbind(nonce?: string): void {
    const { sessionId, peerId } = this.#options;
    const { tag } = unwrap(parseRelayToken(this.#token));
    this.send(utf8(writeMessage({
      type: "RELAY_UNBIND",
      session_id: sessionId,
      peer_id: peerId,
      expires: this.#expiresS,
      ...(nonce === undefined ? {} : { nonce, proof: makeRelayProof(tag, nonce, sessionId, peerId) }),
      timestamp: Math.floor(this.#clock.nowMs() + this.#clock.unixOffsetMs),
    })));
  }

  #settle(): void {
    this.client.timeout(this.#clock.nowMs());
    for (let out = this.client.poll(); out !== undefined; out = this.client.poll()) {
      if (out.kind === "send") this.send(utf8(writeMessage(out.message)));
      else if (out.event.kind === "bound") this.#resolveBound();
      else if (out.event.kind === "refused") {
        this.#fail(new NetError("refused", `the relay refuses to bind us: ${out.event.code}`));
      } else this.#fail(new NetError("unreachable", "the relay does not answer"));
    }
    clearTimeout(this.#timer);
    const dueMs = this.client.nextTimeoutMs();
    if (dueMs === undefined || !this.#isOpen || (this.#wasBound && !this.#options.renews)) return;
    this.#timer = setTimeout(() => this.#settle(), Math.max(1, Math.ceil(dueMs - this.#clock.nowMs())));
  }

  #resolveBound(): void {
    this.#wasBound = true;
    this.#bound.resolve();
  }

  #fail(error: Error): void {
    this.#bound.reject(error);
    if (this.#wasBound && this.#isOpen) this.#events.over(error.message);
  }
}
