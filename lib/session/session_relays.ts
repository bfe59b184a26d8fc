/** The relays of one session: a binding at each that the server gave us, and what they saw of us (SPEC 8.2). */
import type { AddressTable } from "../base/address_table.ts";
import { isIp } from "../signaling/messages/address.ts";
import type { ConnectAck } from "../signaling/messages/connect_ack.ts";
import type { RelayBind, RelayUnbind } from "../signaling/messages/relay.ts";
import type { Message } from "../signaling/messages/registry.ts";
import { type ObservedAddress, RelayClient, type RelayClientEvent } from "./relay_client.ts";

export type RelayServers = NonNullable<
  Extract<ConnectAck, { accepted: true }>["network_info"]["relay_servers"]
>;

export type RelayServer = RelayServers[number];

export type SessionRelaysOutput =
  /** To be sent as it is: the one kind of message that may travel in the clear (SPEC ARC-SEAL-clear-units). */
  | { readonly kind: "send"; readonly address: number; readonly message: RelayBind | RelayUnbind }
  | { readonly kind: "event"; readonly address: number; readonly event: RelayClientEvent }
  /** We are bound there, at last or again: the relay is a path. */
  | { readonly kind: "path"; readonly address: number; readonly relayId: string; readonly priority: number }
  /** The relay has a name: {@link SessionRelays.lookedUp} wants to know its address. */
  | { readonly kind: "lookup"; readonly host: string };

/** A relay asked so recently may still answer over UDP. */
const UDP_CHANCE_MS = 300;
/** A name that was not found is looked up again. */
const LOOKUP_RETRY_MS = 10_000;

export class SessionRelays {
  readonly #sessionId: string;
  readonly #peerId: string;
  readonly #unixOffsetMs: number;
  readonly #addresses: AddressTable;
  /** By the number of the relay's address, or of the connection to it. */
  readonly #clients = new Map<number, RelayClient>();
  /** Relays over UDP whose names are not known yet, by name; when to ask, Infinity while asked. */
  readonly #named = new Map<string, { servers: RelayServer[]; askMs: number }>();
  readonly #outputs: SessionRelaysOutput[] = [];

  constructor(sessionId: string, peerId: string, unixOffsetMs: number, addresses: AddressTable) {
    this.#sessionId = sessionId;
    this.#peerId = peerId;
    this.#unixOffsetMs = unixOffsetMs;
    this.#addresses = addresses;
  }

  /**
   * Begins to bind at a relay over UDP; at one that is known with the newer token. Nothing is said before the next
   * {@link timeout}: an offer comes together with keys to agree on, and the wait for an answer must not begin before that
   * work.
   */
  offer(server: RelayServer, nowMs: number): void {
    if (isIp(server.address)) this.#bind(server, server.address, nowMs);
    else {
      const named = this.#named.get(server.address) ?? { servers: [], askMs: nowMs };
      named.servers.push(server);
      this.#named.set(server.address, named);
    }
  }

  #bind(server: RelayServer, ip: string, nowMs: number): void {
    const address = this.#addresses.intern(ip, server.port);
    const known = this.#clients.get(address);
    if (known !== undefined) return known.useToken(server.token ?? "", nowMs);
    this.#addresses.pin(address);
    this.#add(server, address, nowMs);
  }

  #add({ id, priority, token = "" }: RelayServer, address: number, nowMs: number): void {
    const offer = { id, address, priority, token };
    this.#clients.set(address, new RelayClient(offer, this.#sessionId, this.#peerId, this.#unixOffsetMs, nowMs));
  }

  /** The name's address, or undefined when there is none. */
  lookedUp(host: string, ip: string | undefined, nowMs: number): void {
    const named = this.#named.get(host);
    if (named === undefined) return;
    if (ip === undefined) named.askMs = nowMs + LOOKUP_RETRY_MS;
    else {
      this.#named.delete(host);
      for (const server of named.servers) this.#bind(server, ip, nowMs);
      this.timeout(nowMs);
    }
  }

  /** A connection to a relay stands: begins to bind over it. */
  attach(server: RelayServer, address: number, nowMs: number): void {
    this.#add(server, address, nowMs);
    this.timeout(nowMs);
  }

  /** The connection is gone. */
  detach(address: number): void {
    this.#clients.delete(address);
  }

  isRelay(address: number): boolean {
    return this.#clients.has(address);
  }

  idOf(address: number): string | undefined {
    return this.#clients.get(address)?.offer.id;
  }

  /** We are bound at the relay over UDP, or may be as soon as it answers. */
  isReachedOverUdp(relayId: string, nowMs: number): boolean {
    return this.#overUdp().some((client) =>
      client.offer.id === relayId && (client.isBound || nowMs - client.askedSinceMs < UDP_CHANCE_MS)
    );
  }

  /** No relay over UDP is still to answer for the first time. */
  get isSettled(): boolean {
    return this.#named.size === 0 && this.#overUdp().every((client) => client.hasAnswered);
  }

  #overUdp(): RelayClient[] {
    return [...this.#clients.values()].filter(({ offer }) => this.#addresses.describe(offer.address) !== undefined);
  }

  /** A plain message that came from a relay's address. */
  handle(address: number, message: Message, nowMs: number): void {
    this.#clients.get(address)?.handle(message, nowMs);
  }

  poll(): SessionRelaysOutput | undefined {
    for (const client of this.#clients.values()) {
      for (let out = client.poll(); out !== undefined; out = client.poll()) {
        const { id: relayId, address, priority } = client.offer;
        this.#outputs.push({ ...out, address });
        if (out.kind !== "event" || out.event.kind !== "bound") continue;
        this.#outputs.push({ kind: "path", address, relayId, priority });
      }
    }
    return this.#outputs.shift();
  }

  nextTimeoutMs(): number | undefined {
    let next: number | undefined;
    const consider = (dueMs: number | undefined) => {
      if (dueMs !== undefined && dueMs !== Infinity && (next === undefined || dueMs < next)) next = dueMs;
    };
    for (const client of this.#clients.values()) consider(client.nextTimeoutMs());
    for (const { askMs } of this.#named.values()) consider(askMs);
    return next;
  }

  timeout(nowMs: number): void {
    for (const client of this.#clients.values()) client.timeout(nowMs);
    for (const [host, named] of this.#named) {
      if (named.askMs > nowMs) continue;
      named.askMs = Infinity;
      this.#outputs.push({ kind: "lookup", host });
    }
  }

  /** Nothing comes through this relay any more: it is asked whether we are bound. */
  rebind(address: number, nowMs: number): void {
    this.#clients.get(address)?.rebind(nowMs);
  }

  /** Bindings over UDP count when the relay has confirmed them. */
  rebindAll(nowMs: number): void {
    for (const client of this.#overUdp()) if (client.isBound) client.rebind(nowMs);
  }

  /** The session is over. */
  unbindAll(nowMs: number): void {
    for (const client of this.#clients.values()) client.unbind(nowMs);
  }

  /** A binding at the same relay by the connection at `address` has taken the place of the one over UDP. */
  movedTo(address: number, nowMs: number): void {
    const id = this.idOf(address);
    for (const client of this.#overUdp()) if (client.offer.id === id) client.moved(nowMs);
  }

  /** Our public addresses, as the relays saw them over UDP: over TCP they see a port that media does not have. */
  get observed(): readonly ObservedAddress[] {
    return this.#overUdp().filter((client) => client.isBound).map((client) => client.observed)
      .filter((address) => address !== undefined);
  }
}
