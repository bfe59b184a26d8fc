/**
 * Asks relays over UDP whether they are there, each second, and hands the answers to {@link RelayHealthState}, which
 * judges them.
 */
import { PacketBatch } from "../base/batch.ts";
import type { Rng } from "../base/rng.ts";
import { utf8 } from "../base/bytes.ts";
import { unreachable } from "../base/unreachable.ts";
import { NIL_UUID } from "../base/uuid.ts";
import { ANSWERABLE_HEARTBEAT_BYTES, readReply, writeHeartbeat } from "../probe/heartbeat_text.ts";
import type { RelaySite } from "../relay/relay_handout.ts";
import { type RelayCondition, type RelayHealthOutput, RelayHealthState } from "../relay/relay_health_state.ts";
import type { Clock } from "./clock.ts";
import type { DatagramTransport } from "./datagram.ts";
import { type NameLookup, SiteAddresses } from "./site_addresses.ts";
import { openUdp } from "./udp_deno.ts";

export interface RelayHealthEvents {
  changed(relay: number, condition: RelayCondition): void;
  /** Something failed on this side: `message` is for people. */
  failed(what: string, message: string): void;
}

export interface RelayHealthSettings {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly events: RelayHealthEvents;
  /** Between two questions to a relay; a second where it is left out. */
  readonly intervalMs?: number;
  readonly lookup?: NameLookup;
}

type Family = "IPv4" | "IPv6";

/** Where the questions to a relay go. */
interface Spot {
  readonly ip: string;
  readonly family: Family;
  /** The socket's number of the address. */
  readonly address: number;
}

const ANY_ADDRESS: Readonly<Record<Family, string>> = { IPv4: "0.0.0.0", IPv6: "::" };

const SLOT_BYTES = 2048;

export class RelayHealth {
  readonly state: RelayHealthState;
  readonly #sites: readonly RelaySite[];
  readonly #settings: RelayHealthSettings;
  readonly #addresses: SiteAddresses;
  readonly #sockets = new Map<Family, DatagramTransport>();
  readonly #receiving = new Set<Promise<void>>();
  readonly #spots: (Spot | undefined)[];
  readonly #faultyFamilies = new Set<Family>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(sites: readonly RelaySite[], settings: RelayHealthSettings) {
    const { clock, rng, intervalMs, lookup } = settings;
    this.#sites = sites;
    this.#settings = settings;
    this.#spots = sites.map(() => undefined);
    this.#addresses = new SiteAddresses(sites.map(({ host }) => host), lookup);
    this.state = new RelayHealthState({
      count: sites.length,
      rng,
      unixOffsetMs: clock.unixOffsetMs,
      nowMs: clock.nowMs(),
      ...(intervalMs === undefined ? {} : { intervalMs }),
    });
  }

  /** Begins to ask, once the present turn is over. */
  start(): void {
    this.#addresses.start();
    this.#timer = setTimeout(() => this.#run(), 0);
  }

  /** The IP address of a relay; undefined while its name has none. */
  ipOf(relay: number): string | undefined {
    return this.#addresses.ipOf(relay);
  }

  /** Takes what a relay reports of its load by other ways. */
  reported(...report: Parameters<RelayHealthState["reported"]>): void {
    this.state.reported(...report);
    this.#carryOut();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#addresses.close();
    for (const socket of this.#sockets.values()) socket.close();
    await Promise.all(this.#receiving);
  }

  #run(): void {
    if (this.#isClosed) return;
    const { clock } = this.#settings;
    this.state.timeout(clock.nowMs());
    this.#carryOut();
    const nextMs = this.state.nextTimeoutMs();
    if (nextMs === undefined) return;
    this.#timer = setTimeout(() => this.#run(), Math.max(1, Math.ceil(nextMs - clock.nowMs())));
  }

  #carryOut(): void {
    for (let out = this.state.poll(); out !== undefined; out = this.state.poll()) {
      if (out.kind === "ask") this.#ask(out);
      else if (out.kind === "changed") this.#settings.events.changed(out.relay, out.condition);
      else unreachable(out);
    }
  }

  #ask(question: Extract<RelayHealthOutput, { kind: "ask" }>): void {
    const spot = this.#spot(question.relay);
    const socket = spot === undefined ? undefined : this.#socket(spot.family);
    // What is not sent is not answered, and that is what the state goes by.
    if (spot === undefined || socket === undefined) return;
    const batch = new PacketBatch(1, SLOT_BYTES);
    batch.push(utf8(writeHeartbeat(question, ANSWERABLE_HEARTBEAT_BYTES)), spot.address);
    socket.send(batch);
  }

  /** Where the relay is now. */
  #spot(relay: number): Spot | undefined {
    const ip = this.#addresses.ipOf(relay);
    const known = this.#spots[relay];
    if (ip === undefined || ip === known?.ip) return known;
    const family = ip.includes(":") ? "IPv6" : "IPv4";
    const socket = this.#socket(family);
    if (socket === undefined) return undefined;
    // Whoever sends us something gets a number too: those of the relays must stay theirs.
    const address = socket.addresses.intern(ip, this.#sites[relay].ports.udp);
    socket.addresses.pin(address);
    const spot = { ip, family, address } as const;
    this.#spots[relay] = spot;
    if (known !== undefined) this.#forget(known);
    return spot;
  }

  #forget({ family, address }: Spot): void {
    if (this.#relaysAt(family, address).length === 0) this.#sockets.get(family)?.addresses.unpin(address);
  }

  #relaysAt(family: Family, address: number): number[] {
    const relays: number[] = [];
    for (const [relay, spot] of this.#spots.entries()) {
      if (spot?.family === family && spot.address === address) relays.push(relay);
    }
    return relays;
  }

  /** The socket for a family, opened where it is not there; undefined where the system has none. */
  #socket(family: Family): DatagramTransport | undefined {
    const known = this.#sockets.get(family);
    if (known !== undefined || this.#isClosed) return known;
    try {
      const socket = openUdp({ host: ANY_ADDRESS[family], port: 0 });
      this.#sockets.set(family, socket);
      const receiving = this.#receive(family, socket).catch((error) => this.#broken(family, error));
      this.#receiving.add(receiving);
      receiving.finally(() => this.#receiving.delete(receiving));
      return socket;
    } catch (error) {
      this.#tellOnce(family, error);
      return undefined;
    }
  }

  /** The system has taken the socket away: the next question opens another. */
  #broken(family: Family, error: unknown): void {
    this.#sockets.get(family)?.close();
    this.#sockets.delete(family);
    for (const [relay, spot] of this.#spots.entries()) if (spot?.family === family) this.#spots[relay] = undefined;
    this.#tellOnce(family, error);
  }

  /** It is tried again every second, which need not be said every second. */
  #tellOnce(family: Family, error: unknown): void {
    if (this.#faultyFamilies.has(family)) return;
    this.#faultyFamilies.add(family);
    const message = error instanceof Error ? error.message : String(error);
    this.#settings.events.failed(`${family} socket to ask relays`, message);
  }

  async #receive(family: Family, socket: DatagramTransport): Promise<void> {
    const batch = new PacketBatch(1, SLOT_BYTES);
    while (await socket.receive(batch)) {
      const nowMs = this.#settings.clock.nowMs();
      const relays = this.#relaysAt(family, batch.addresses[0]);
      if (relays.length === 0) continue;
      const reply = readReply(batch.packet(0));
      if (reply.kind !== "ack" || reply.ack.session_id !== NIL_UUID) continue;
      this.#faultyFamilies.delete(family);
      for (const relay of relays) this.state.answered(relay, reply.ack.challenge, nowMs);
      this.#carryOut();
    }
  }
}
