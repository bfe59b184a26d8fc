/**
 * Everything of SPEC 7 in one machine: which ways to the other peer are tried and when, over UDP and TCP, straight and
 * through relays. {@link PathSet} judges the ways, this finds them.
 *
 * ```
 *  network_info, relay_servers --> addresses, relays ----offer----> PathSet --> the best one
 *                                        |                             |
 *                  connections <-- TcpPaths <-- no UDP path for 1 s <--+
 * ```
 *
 * No sockets: what it wants of them is in `poll`, what came of it goes into `transport` and `accepted`.
 */
import { type AddressTable, type HostPort, isStreamAddress } from "../base/address_table.ts";
import type { Rng } from "../base/rng.ts";
import { unreachable } from "../base/unreachable.ts";
import type { SessionRole } from "../crypto/identity.ts";
import type { Connect } from "../signaling/messages/connect.ts";
import type { Heartbeat, HeartbeatAck } from "../signaling/messages/heartbeat.ts";
import type { RelayBind, RelayUnbind } from "../signaling/messages/relay.ts";
import type { Message } from "../signaling/messages/registry.ts";
import { allows, isUdp, type PathCandidate, type PathKind, type PathPolicy } from "./path_candidate.ts";
import type { PathEvent, TcpReason } from "./path_events.ts";
import { PathSet } from "./paths.ts";
import { natTypeOf, type ObservedAddress, type RelayClientEvent } from "./relay_client.ts";
import { type RelayServers, SessionRelays } from "./session_relays.ts";
import { StreamConnections, type StreamTarget, type TransportEvent, type TransportWant } from "./stream_connections.ts";
import { TcpPaths } from "./tcp_paths.ts";

export type NetworkInfo = Connect["network_info"];

export type PathFinderOutput =
  /** To the other peer, sealed. */
  | { readonly kind: "seal"; readonly address: number; readonly message: Heartbeat | HeartbeatAck }
  /** To a relay, as it is. */
  | { readonly kind: "plain"; readonly address: number; readonly message: RelayBind | RelayUnbind }
  | { readonly kind: "transport"; readonly want: TransportWant }
  | { readonly kind: "path"; readonly event: PathEvent }
  | { readonly kind: "relay"; readonly event: RelayClientEvent };

export interface PathFinderOptions {
  readonly sessionId: string;
  readonly peerId: string;
  readonly rng: Rng;
  readonly unixOffsetMs: number;
  readonly addresses: AddressTable;
  readonly policy: PathPolicy;
  /** What this end knows of its own addresses without relays. */
  readonly networkInfo: () => NetworkInfo;
}

/** SPEC ARC-PATH-tcp-after. */
const TCP_AFTER_MS = 1000;
/** More are not told of. */
const MAX_BARRED = 64;
/** Local addresses come before the public one: between hosts of one network they are the shorter way. */
const PUBLIC_PRIORITY = 100;

export class PathFinder {
  readonly paths: PathSet;
  readonly #options: PathFinderOptions;
  readonly #relays: SessionRelays;
  readonly #connections = new StreamConnections();
  readonly #tcp: TcpPaths;
  readonly #outputs: PathFinderOutput[] = [];
  #role: SessionRole | undefined;
  /** When TCP is tried if no path over UDP is valid by then. */
  #tcpDueMs = Infinity;
  #isListening = false;
  /** What is not looked for, as far as somebody has been told. */
  readonly #barred = new Set<string>();
  /** What the other peer was told of our public address in CONNECT or CONNECT_ACK, and what the application was. */
  #told = "";
  #shown = "";

  constructor(options: PathFinderOptions) {
    const { sessionId, peerId, rng, unixOffsetMs, addresses } = options;
    this.#options = options;
    this.paths = new PathSet(sessionId, peerId, rng, unixOffsetMs);
    this.#relays = new SessionRelays(sessionId, peerId, unixOffsetMs, addresses);
    this.#tcp = new TcpPaths(rng, this.#connections);
  }

  // ---- what is known of addresses

  /** Our `network_info`: what we know ourselves and what relays have seen (SPEC ARC-RELAY-nat-type). */
  get networkInfo(): NetworkInfo {
    const own = this.#options.networkInfo();
    // Whoever wants relays alone names no address to which straight paths could lead.
    if (this.#options.policy === "relay") return { nat_type: own.nat_type };
    const [first] = this.observed;
    if (first === undefined) return own;
    return { ...own, public_ip: first.ip, public_port: first.port, nat_type: this.#natType(own) };
  }

  /** The same, for a message to the other peer. */
  tellNetworkInfo(): NetworkInfo {
    const info = this.networkInfo;
    this.#told = addressText(info);
    return info;
  }

  /** Our public addresses, as relays saw them. */
  get observed(): readonly ObservedAddress[] {
    return this.#relays.observed;
  }

  #natType(own: NetworkInfo): NetworkInfo["nat_type"] {
    const natType = natTypeOf(this.observed, (own.local ?? []).map(({ ip }) => ip));
    return natType === "unknown" ? own.nat_type : natType;
  }

  /** The NAT in front of us, as far as it is known. */
  get natType(): NetworkInfo["nat_type"] {
    return this.#natType(this.#options.networkInfo());
  }

  /** Where an address number leads; undefined for a connection that has ended. */
  describe(address: number): (HostPort & Partial<Pick<StreamTarget, "transport" | "ip">>) | undefined {
    return this.#connections.describe(address) ?? this.#options.addresses.describe(address);
  }

  // ---- beginnings

  /** Relays that are known before the session: bound at once, so that CONNECT can tell what they see. */
  offerRelays(servers: RelayServers, nowMs: number): void {
    for (const server of servers) {
      const { transport = "udp", token, address: host, port } = server;
      if (token === undefined) continue;
      const kind = transport === "udp" ? "relay" : "tcp_relay";
      if (!allows(this.#options.policy, kind)) this.#bar(kind, { host, port });
      else if (transport === "udp") this.#relays.offer(server, nowMs);
      else this.#tcp.offerRelay({ ...server, transport, token });
    }
  }

  /** No relay that was offered is still to answer for the first time. */
  get areRelaysSettled(): boolean {
    return this.#relays.isSettled;
  }

  /** The session is agreed on, or resumed: everything is probed at once (SPEC ARC-PATH-probe-all). */
  connected(
    role: SessionRole,
    remote: Pick<NetworkInfo, "public_ip" | "public_port" | "local" | "relay_servers">,
    nowMs: number,
  ): void {
    this.#role = role;
    const { public_ip, public_port, local = [], relay_servers = [] } = remote;
    this.offerRelays(relay_servers, nowMs);
    local.forEach(({ ip, port }, i) => this.#offerDirect(ip, port, i, nowMs));
    if (public_ip !== undefined && public_port !== undefined) {
      this.#offerDirect(public_ip, public_port, PUBLIC_PRIORITY, nowMs);
    }
    this.paths.probeAll(nowMs);
    this.#tellAddress();
    if (!this.paths.hasValid() && !this.#tcp.isOn) this.#tcpDueMs = nowMs + TCP_AFTER_MS;
  }

  #offerDirect(host: string, port: number, priority: number, nowMs: number): void {
    const { policy, addresses } = this.#options;
    if (!allows(policy, "direct")) this.#bar("direct", { host, port });
    else this.paths.offer({ kind: "direct", priority, address: addresses.intern(host, port) }, nowMs);
    // The callee listens, the caller connects.
    if (this.#role !== "caller") return;
    if (allows(policy, "tcp")) this.#tcp.offerDirect(host, port, priority);
    else this.#bar("tcp", { host, port });
  }

  #bar(path: PathKind, to: HostPort): void {
    const key = `${path} ${to.host} ${to.port}`;
    if (this.#barred.has(key) || this.#barred.size >= MAX_BARRED) return;
    this.#barred.add(key);
    this.#event({ kind: "barred", path, to });
  }

  /** The session is over: leaves the relays and looks for nothing any more. */
  close(nowMs: number): void {
    this.#role = undefined;
    this.#tcpDueMs = Infinity;
    this.#relays.unbindAll(nowMs);
  }

  // ---- units

  /** A plain message from a relay is the relay's own. */
  isRelay(address: number): boolean {
    return this.#relays.isRelay(address);
  }

  fromRelay(address: number, message: Message, nowMs: number): void {
    this.#relays.handle(address, message, nowMs);
  }

  /** True for an accepted connection of which nothing is known yet: its first unit must be a sealed HEARTBEAT. */
  isStranger(address: number): boolean {
    return this.#connections.isStranger(address);
  }

  /** The first unit of a stranger was something else (SPEC ARC-PATH-tcp-first-unit). */
  turnAway(address: number): void {
    this.#connections.close(address, "its first unit was no sealed HEARTBEAT of this session");
  }

  /** A sealed HEARTBEAT came from `address`. */
  heartbeat(address: number, heartbeat: Heartbeat, nowMs: number): void {
    const from = this.#candidate(address);
    if (!allows(this.#options.policy, from.kind)) return;
    this.#connections.proven(address);
    this.paths.onHeartbeat(from, heartbeat, nowMs);
    const told = heartbeat.network_info;
    if (told === undefined || !allows(this.#options.policy, "direct")) return;
    const number = this.#options.addresses.intern(told.public_ip, told.public_port);
    this.paths.told({ kind: "direct", priority: PUBLIC_PRIORITY, address: number }, nowMs);
  }

  heartbeatAck(address: number, ack: HeartbeatAck, nowMs: number): void {
    this.paths.onHeartbeatAck(address, ack, nowMs);
  }

  #candidate(address: number): PathCandidate {
    const { kind, relayId } = this.#connections.describe(address) ?? { kind: undefined };
    const id = relayId ?? this.#relays.idOf(address);
    const pathKind: PathKind = kind ?? (id === undefined ? "direct" : "relay");
    return { kind: pathKind, priority: 0xffff, address, ...(id === undefined ? {} : { relayId: id }) };
  }

  // ---- what came of it

  transport(event: TransportEvent, nowMs: number): void {
    switch (event.kind) {
      case "opened":
        return this.#opened(event.address, event.ip, nowMs);
      case "closed":
        return this.#connections.closed(event.address, event.message);
      case "not_listening":
        return this.#event(event);
      case "looked_up": {
        const { host, ip, message } = event;
        this.#event(ip === undefined ? { kind: "not_looked_up", host, message } : { kind: "looked_up", host, ip });
        return this.#relays.lookedUp(host, ip, nowMs);
      }
      default:
        return unreachable(event);
    }
  }

  #opened(address: number, ip: string | undefined, nowMs: number): void {
    const to = this.#connections.describe(address);
    if (!this.#connections.opened(address, ip) || to === undefined) return;
    this.#event({ kind: "connected", to });
    const relay = this.#tcp.relayOf(address);
    if (relay !== undefined) return this.#relays.attach(relay, address, nowMs);
    this.paths.offer({ kind: "tcp", priority: this.#tcp.priorityOf(address), address }, nowMs);
  }

  /** Somebody has connected to a port of ours: the connection's number, or undefined for one that is not wanted. */
  accepted(from: HostPort, nowMs: number): number | undefined {
    if (this.#role === undefined || !allows(this.#options.policy, "tcp")) return undefined;
    const address = this.#connections.accepted(from, nowMs);
    if (address !== undefined) this.#event({ kind: "accepted", from });
    return address;
  }

  // ---- time

  nextTimeoutMs(): number | undefined {
    let next = Math.min(
      this.#relays.nextTimeoutMs() ?? Infinity,
      this.#connections.nextTimeoutMs() ?? Infinity,
    );
    // Without a call `timeout` looks at neither: what stays due from the last one would never have its time.
    if (this.#role !== undefined) {
      next = Math.min(
        next,
        this.paths.nextTimeoutMs() ?? Infinity,
        this.#tcp.nextTimeoutMs() ?? Infinity,
        this.#tcpDueMs,
      );
    }
    return next === Infinity ? undefined : next;
  }

  timeout(nowMs: number): void {
    this.#relays.timeout(nowMs);
    this.#connections.timeout(nowMs);
    if (this.#role === undefined) return;
    this.paths.timeout(nowMs);
    if (nowMs >= this.#tcpDueMs) this.#beginTcp("late", nowMs);
    this.#tryTcp(nowMs);
  }

  // ---- between the parts

  poll(nowMs: number): PathFinderOutput | undefined {
    for (;;) {
      const out = this.#outputs.shift();
      if (out !== undefined) return out;
      if (!this.#gather(nowMs)) return undefined;
    }
  }

  /** Carries out one thing that a part wants; false when all are silent. */
  #gather(nowMs: number): boolean {
    const fromPaths = this.paths.poll();
    if (fromPaths?.kind === "send") {
      this.#outputs.push({ kind: "seal", address: fromPaths.address, message: fromPaths.message });
    } else if (fromPaths?.kind === "event") this.#pathEvent(fromPaths.event, nowMs);
    else if (fromPaths !== undefined && !this.#relays.isRelay(fromPaths.address)) {
      this.#options.addresses.unpin(fromPaths.address);
    }
    if (fromPaths !== undefined) return true;

    const fromRelays = this.#relays.poll();
    if (fromRelays !== undefined) {
      if (fromRelays.kind === "send") this.#outputs.push({ ...fromRelays, kind: "plain" });
      else if (fromRelays.kind === "lookup") this.#outputs.push({ kind: "transport", want: fromRelays });
      else if (fromRelays.kind === "event") this.#relayEvent(fromRelays.address, fromRelays.event);
      else this.#relayBound(fromRelays, nowMs);
      return true;
    }

    const fromStreams = this.#connections.poll();
    if (fromStreams === undefined) return false;
    if (fromStreams.kind === "want") {
      if (fromStreams.want.kind === "connect") this.#event({ kind: "connecting", to: fromStreams.want.to });
      this.#outputs.push({ kind: "transport", want: fromStreams.want });
    } else this.#streamEnded(fromStreams, nowMs);
    return true;
  }

  #pathEvent(event: PathEvent, nowMs: number): void {
    this.#event(event);
    // A flood of other addresses must not give this number another meaning while it is sent to.
    if (event.kind === "probing" && !isStreamAddress(event.path.address)) {
      this.#options.addresses.pin(event.path.address);
    }
    if (event.kind === "valid") {
      if (isUdp(event.path.kind)) this.#endTcp();
      else this.#tcp.succeeded(event.path.address);
    }
    if (event.kind === "none") this.#lost(nowMs);
    if (event.kind !== "down") return;
    const { path, why } = event;
    // Nothing comes through the relay: either the other peer is gone, or our binding is.
    if (path.kind === "relay") this.#relays.rebind(path.address, nowMs);
    // What lies in the buffers of a connection that stands still is too old when it moves again.
    if (!isUdp(path.kind) && why === "silent") this.#connections.close(path.address, "nothing comes through it");
    if (isUdp(path.kind) && !this.paths.hasValid()) this.#beginTcp("lost", nowMs);
  }

  /** No path is left, as after a change of network: then bindings and connections are still those of our old address. */
  #lost(nowMs: number): void {
    this.#relays.rebindAll(nowMs);
    this.#tcp.leaveAll("no path is left: it may be from where we were");
  }

  /** SPEC ARC-RELAY-rebind: a peer has one binding at a relay, so the last way that bound is the one that counts. */
  #relayBound(
    { address, relayId, priority }: { address: number; relayId: string; priority: number },
    nowMs: number,
  ): void {
    const connection = this.#connections.describe(address);
    if (connection === undefined) this.#tcp.leave(relayId, "the relay is reached over UDP");
    else this.#relays.movedTo(address, nowMs);
    this.paths.offer({ kind: connection?.kind ?? "relay", priority, address, relayId }, nowMs);
  }

  #relayEvent(address: number, event: RelayClientEvent): void {
    this.#outputs.push({ kind: "relay", event });
    if (event.kind === "bound") return this.#tellAddress();
    // A relay that will not have us over this connection is tried by another way, later.
    this.#connections.close(address, event.kind === "silent" ? "the relay does not answer" : event.code);
  }

  /** SPEC ARC-PATH-tell-address: what has changed since CONNECT goes along with heartbeats. */
  #tellAddress(): void {
    const info = this.networkInfo;
    const { public_ip, public_port, nat_type } = info;
    const text = addressText(info);
    if (public_ip === undefined || public_port === undefined) return;
    if (text !== this.#shown) {
      this.#shown = text;
      this.#event({ kind: "public_address", address: { host: public_ip, port: public_port }, natType: nat_type });
    }
    this.paths.news = text === this.#told ? undefined : { public_ip, public_port, nat_type };
  }

  #streamEnded(
    { address, to, wasOpen, message }: { address: number; to: StreamTarget; wasOpen: boolean; message: string },
    nowMs: number,
  ): void {
    this.#event({ kind: "disconnected", to, wasOpen, message });
    this.#relays.detach(address);
    this.#tcp.ended(address, nowMs);
    this.paths.remove(address, nowMs);
  }

  #beginTcp(why: TcpReason, nowMs: number): void {
    this.#tcpDueMs = Infinity;
    const { policy } = this.#options;
    if (this.#role === undefined || this.#tcp.isOn) return;
    this.#event({ kind: "tcp", why });
    this.#tcp.begin(nowMs);
    if (this.#role === "callee" && allows(policy, "tcp")) this.#listen();
    this.#tryTcp(nowMs);
  }

  #endTcp(): void {
    this.#tcpDueMs = Infinity;
    if (!this.#tcp.isOn) return;
    this.#tcp.end();
    if (this.#isListening) this.#outputs.push({ kind: "transport", want: { kind: "listen", ports: [] } });
    this.#isListening = false;
  }

  #tryTcp(nowMs: number): void {
    this.#tcp.timeout(nowMs, {
      hasDirect: this.paths.hasValid("tcp"),
      isReachedOverUdp: (relayId) => this.#relays.isReachedOverUdp(relayId, nowMs),
    });
  }

  /** The port numbers that we have named for UDP (SPEC ARC-PATH-tcp-direct). */
  #listen(): void {
    const { public_port, local = [] } = this.networkInfo;
    const named = [...local.map(({ port }) => port), public_port].filter((port) => port !== undefined);
    const ports = [...new Set(named)];
    if (ports.length === 0) return;
    this.#isListening = true;
    this.#event({ kind: "listening", ports });
    this.#outputs.push({ kind: "transport", want: { kind: "listen", ports } });
  }

  #event(event: PathEvent): void {
    this.#outputs.push({ kind: "path", event });
  }
}

function addressText({ public_ip, public_port, nat_type }: NetworkInfo): string {
  return `${public_ip} ${public_port} ${nat_type}`;
}
