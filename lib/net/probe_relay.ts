/**
 * The way through a relay, with both peers in our own hand: one asks, the other answers, and each question's arrival is
 * known by one clock.
 *
 * ```
 * caller --HEARTBEAT--> relay --HEARTBEAT--> callee      arrived
 * caller <--------ACK-- relay <--------ACK-- callee      answered
 * ```
 */
import { PacketBatch } from "../base/batch.ts";
import { utf8 } from "../base/bytes.ts";
import type { Rng } from "../base/rng.ts";
import { uuidV4 } from "../base/uuid.ts";
import { issueRelayToken } from "../crypto/relay_token.ts";
import type { HeartbeatSender } from "../probe/heartbeat_text.ts";
import { RelayClient } from "../session/relay_client.ts";
import { heartbeatAck } from "../signaling/heartbeat_ack.ts";
import { parseMessage, writeMessage } from "../signaling/parse_message.ts";
import type { Clock } from "./clock.ts";
import { NetError } from "./net_error.ts";
import type { ProbeChannel, ProbeChannelEvents } from "./probe_channel.ts";
import { openUdp } from "./udp_deno.ts";

const SLOT_BYTES = 2048;

/** The binding is renewed all along, also in a run of days. */
const TOKEN_LIFETIME_S = 30 * 24 * 3600;

export interface RelayedPath {
  readonly ip: string;
  readonly port: number;
  /** Issues the tokens of both peers. Secret. */
  readonly secret: Uint8Array;
  /** The session, and the peer that asks; the other one is made up. */
  readonly from: HeartbeatSender;
  readonly timeoutMs: number;
}

/** Binds both peers. Throws NetError: `refused` with the relay's word, `unreachable` where it is silent. */
export async function openRelayProbe(
  path: RelayedPath,
  clock: Clock,
  rng: Rng,
  events: ProbeChannelEvents,
): Promise<ProbeChannel> {
  const ends: RelayEnd[] = [];
  const over = (why: string) => {
    for (const end of ends) end.close();
    events.closed(why);
  };
  const caller = new RelayEnd(path, path.from.peerId, clock, { unit: (unit, atMs) => events.unit(unit, atMs), over });
  const callee = new RelayEnd(path, uuidV4(rng), clock, { unit: answer, over });
  ends.push(caller, callee);
  try {
    await Promise.all(ends.map((end) => end.bind()));
  } catch (error) {
    for (const end of ends) end.close();
    throw error;
  }
  return {
    method: "heartbeat",
    isDatagram: true,
    from: path.from,
    hearsArrivals: true,
    send: (question) => caller.send(question.text),
    close() {
      for (const end of ends) end.close();
    },
  };

  function answer(unit: Uint8Array, atMs: number): void {
    const parsed = parseMessage(unit);
    if (!parsed.ok || parsed.value.type !== "HEARTBEAT") return;
    const { sequence, challenge = "" } = parsed.value;
    const { observed } = caller.client;
    callee.send(writeMessage(heartbeatAck(parsed.value, Math.floor(atMs + clock.unixOffsetMs), observed)));
    events.arrived(sequence, challenge, atMs);
  }
}

interface EndEvents {
  /** A unit from the other peer; borrowed. */
  unit(unit: Uint8Array, receivedMs: number): void;
  /** The binding was lost. */
  over(why: string): void;
}

/** One bound peer. */
class RelayEnd {
  readonly client: RelayClient;
  readonly #path: RelayedPath;
  readonly #clock: Clock;
  readonly #events: EndEvents;
  readonly #socket: ReturnType<typeof openUdp>;
  readonly #address: number;
  readonly #bound = Promise.withResolvers<void>();
  readonly #free: PacketBatch[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOpen = true;
  #wasBound = false;

  constructor(path: RelayedPath, peerId: string, clock: Clock, events: EndEvents) {
    this.#path = path;
    this.#clock = clock;
    this.#events = events;
    this.#socket = openUdp({ host: path.ip.includes(":") ? "::" : "0.0.0.0", port: 0 });
    this.#address = this.#socket.addresses.intern(path.ip, path.port);
    this.#socket.addresses.pin(this.#address);
    const { secret, from: { sessionId } } = path;
    const nowMs = clock.nowMs();
    const expiresS = Math.floor((nowMs + clock.unixOffsetMs) / 1000) + TOKEN_LIFETIME_S;
    const token = issueRelayToken(secret, { sessionId, peerId, expiresS });
    const offer = { id: `${path.ip}:${path.port}`, address: this.#address, priority: 0, token };
    this.client = new RelayClient(offer, sessionId, peerId, clock.unixOffsetMs, nowMs);
    // Whoever has given up must not be killed by a rejection that comes later.
    this.#bound.promise.catch(() => {});
  }

  async bind(): Promise<void> {
    this.#receive().catch((error: unknown) => this.#fail(error instanceof Error ? error : new Error(String(error))));
    this.#settle();
    const { ip, port, timeoutMs } = this.#path;
    const giveUp = () => this.#fail(new NetError("unreachable", `relay ${ip}:${port} is silent for ${timeoutMs} ms`));
    const timer = setTimeout(giveUp, timeoutMs);
    try {
      await this.#bound.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  send(text: string): number | undefined {
    if (!this.#isOpen) return undefined;
    const batch = this.#free.pop() ?? new PacketBatch(1, SLOT_BYTES);
    batch.clear();
    batch.push(utf8(text), this.#address);
    const sentMs = this.#clock.nowMs();
    this.#socket.send(batch).finally(() => this.#free.push(batch));
    return sentMs;
  }

  close(): void {
    this.#isOpen = false;
    clearTimeout(this.#timer);
    this.#socket.close();
  }

  async #receive(): Promise<void> {
    const batch = new PacketBatch(1, SLOT_BYTES);
    while (await this.#socket.receive(batch)) {
      const receivedMs = this.#clock.nowMs();
      if (batch.addresses[0] !== this.#address) continue;
      const unit = batch.packet(0);
      if (!this.#takeRelaysOwn(unit, receivedMs)) this.#events.unit(unit, receivedMs);
    }
  }

  /** True for what the relay itself says. */
  #takeRelaysOwn(unit: Uint8Array, nowMs: number): boolean {
    const parsed = parseMessage(unit);
    if (!parsed.ok || parsed.value.type.startsWith("HEARTBEAT")) return false;
    this.client.handle(parsed.value, nowMs);
    this.#settle();
    return true;
  }

  #settle(): void {
    this.client.timeout(this.#clock.nowMs());
    for (let out = this.client.poll(); out !== undefined; out = this.client.poll()) {
      if (out.kind === "send") this.send(writeMessage(out.message));
      else if (out.event.kind === "bound") this.#resolveBound();
      else if (out.event.kind === "refused") {
        this.#fail(new NetError("refused", `the relay refuses to bind us: ${out.event.code}`));
      } else this.#fail(new NetError("unreachable", "the relay does not answer"));
    }
    clearTimeout(this.#timer);
    const dueMs = this.client.nextTimeoutMs();
    if (dueMs === undefined || !this.#isOpen) return;
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
