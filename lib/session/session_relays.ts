/** The relays of one session: a binding at each that the server gave us, and what they saw of us (SPEC 8.2). */
import type { AddressTable } from "../base/address_table.ts";
import { isIp } from "../signaling/messages/address.ts";
import type { ConnectAck } from "../signaling/messages/connect_ack.ts";
import type { RelayBind } from "../signaling/messages/relay.ts";
import type { Message } from "../signaling/messages/registry.ts";
import { type ObservedAddress, RelayClient, type RelayClientEvent } from "./relay_client.ts";

export type RelayServers = NonNullable<
  Extract<ConnectAck, { accepted: true }>["network_info"]["relay_servers"]
>;

export type SessionRelaysOutput =
  /** To be sent as it is: the one kind of message that may travel in the clear (SPEC ARC-SEAL-clear-units). */
  | { readonly kind: "send"; readonly address: number; readonly message: RelayBind }
  | { readonly kind: "event"; readonly event: RelayClientEvent }
  /** We are bound there: the relay is a path. */
  | { readonly kind: "path"; readonly address: number; readonly priority: number };

export class SessionRelays {
  readonly #sessionId: string;
  readonly #peerId: string;
  readonly #unixOffsetMs: number;
  readonly #addresses: AddressTable;
  /** By the number of the relay's address. */
  readonly #clients = new Map<number, RelayClient>();
  /** Whose path has been told of. */
  readonly #announced = new Set<RelayClient>();
  readonly #later: SessionRelaysOutput[] = [];

  constructor(sessionId: string, peerId: string, unixOffsetMs: number, addresses: AddressTable) {
    this.#sessionId = sessionId;
    this.#peerId = peerId;
    this.#unixOffsetMs = unixOffsetMs;
    this.#addresses = addresses;
  }

  /** Begins to bind at relays that are new; those over TCP or TLS and those under a DNS name are passed over. */
  offer(servers: RelayServers, nowMs: number): void {
    for (const { id, address, port, priority, transport = "udp", token } of servers) {
      if (transport !== "udp" || token === undefined || !isIp(address)) continue;
      const number = this.#addresses.intern(address, port);
      if (this.#clients.has(number)) continue;
      this.#addresses.pin(number);
      const offer = { id, address: number, priority, token };
      this.#clients.set(number, new RelayClient(offer, this.#sessionId, this.#peerId, this.#unixOffsetMs, nowMs));
    }
    this.timeout(nowMs);
  }

  isRelay(address: number): boolean {
    return this.#clients.has(address);
  }

  /** A plain message that came from a relay's address. */
  handle(address: number, message: Message, nowMs: number): void {
    this.#clients.get(address)?.handle(message, nowMs);
  }

  poll(): SessionRelaysOutput | undefined {
    for (const client of this.#clients.values()) {
      const out = client.poll();
      if (out === undefined) continue;
      if (out.kind === "send" || out.event.kind !== "bound" || this.#announced.has(client)) return out;
      // First the path, then the news of it.
      this.#announced.add(client);
      this.#later.push(out);
      return { kind: "path", address: client.offer.address, priority: client.offer.priority };
    }
    return this.#later.shift();
  }

  nextTimeoutMs(): number | undefined {
    let next: number | undefined;
    for (const client of this.#clients.values()) {
      const dueMs = client.nextTimeoutMs();
      if (dueMs !== undefined && (next === undefined || dueMs < next)) next = dueMs;
    }
    return next;
  }

  timeout(nowMs: number): void {
    for (const client of this.#clients.values()) client.timeout(nowMs);
  }

  /** The network has changed: every binding moves to where we are now. */
  rebind(nowMs: number): void {
    for (const client of this.#clients.values()) client.rebind(nowMs);
  }

  /** Our public addresses, as the relays saw them. */
  get observed(): readonly ObservedAddress[] {
    return [...this.#clients.values()].map((client) => client.observed).filter((address) => address !== undefined);
  }
}
