/**
 * Hosts, NATs and the links between them, on virtual time. One seed, one history.
 *
 * ```
 *  host --+                                  +-- host
 *         +-- NAT ====== one link each way ======+
 *  host --+          (per pair of places)         host
 * ```
 *
 * A *place* is what a link ends at: a host with a public address, or the NAT in front of private ones. Hosts behind one
 * NAT reach one another by their private addresses over links of their own.
 */
import { Link, type LinkOptions } from "../base/link.ts";
import { SeededRng } from "../base/rng.ts";
import { VirtualClock } from "./clock.ts";
import { type Endpoint, Endpoints } from "./endpoint.ts";
import { Nat, type NatOptions } from "./nat.ts";
import { type DropReason, type TraceEvent, TraceHash } from "./trace.ts";

export type Protocol = TraceEvent["protocol"];

/** A NAT and the private hosts behind it. Datagrams and streams have tables of their own. */
export interface Site {
  readonly placeId: number;
  readonly nats: Readonly<Record<Protocol, Nat>>;
  /** By the id of their private address. */
  readonly hosts: Map<number, Host>;
}

export interface NetworkOptions {
  readonly seed: number;
  /** What every link is made with until {@link Network.setLink} says otherwise. */
  readonly link?: Partial<LinkOptions>;
  readonly startMs?: number;
}

/** Where a packet goes: over `link`, seen there as coming from `source`, to whatever `target` makes of it. */
export interface Departure {
  readonly link: Link;
  readonly source: Endpoint;
  readonly target: Host | Site;
}

/** A datagram for a socket: `data` is a copy of its own and belongs to the receiver. */
export type DatagramListener = (data: Uint8Array<ArrayBuffer>, from: Endpoint, nowMs: number) => void;

export interface UdpSocket {
  /** The address that the host itself knows; behind a NAT nobody else sees it. */
  readonly local: Endpoint;
  /** Copies `data` before it returns. */
  send(data: Uint8Array, to: Endpoint): void;
  close(): void;
}

/** RFC 6335 §6. */
const FIRST_EPHEMERAL_PORT = 49_152;
const EPHEMERAL_PORT_COUNT = 65_536 - FIRST_EPHEMERAL_PORT;

export class Host {
  readonly name: string;
  readonly placeId: number;
  readonly site: Site | undefined;
  /** A host that is down sends and receives nothing; its sockets stay. */
  isUp = true;
  /** A firewall in front of the host that lets no datagram through, either way. */
  blocksUdp = false;
  readonly #network: Network;
  readonly #sockets = new Map<number, DatagramListener>();
  #ip: string;
  /** Counts up; the port is its remainder. */
  #nextPort = 0;

  /** Made by {@link Network.addHost}. */
  constructor(network: Network, name: string, placeId: number, ip: string, site: Site | undefined) {
    this.#network = network;
    this.name = name;
    this.placeId = placeId;
    this.#ip = ip;
    this.site = site;
  }

  get ip(): string {
    return this.#ip;
  }

  /** Moves to another address, as a phone does that leaves its Wi-Fi: packets under way to the old one are lost. */
  moveTo(ip: string): void {
    this.#network.moved(this, this.#ip, ip);
    this.#ip = ip;
  }

  /** The endpoint of `port` at the host's present address. */
  endpoint(port: number): Endpoint {
    return this.#network.endpoints.of(this.#ip, port);
  }

  /**
   * The next ephemeral port that no UDP socket holds.
   *
   * @throws Error when none is left.
   */
  freePort(): number {
    for (let tries = 0; tries < EPHEMERAL_PORT_COUNT; tries++) {
      const port = FIRST_EPHEMERAL_PORT + this.#nextPort++ % EPHEMERAL_PORT_COUNT;
      if (!this.#sockets.has(port)) return port;
    }
    throw new Error(`Cannot find a free port on ${this.name}: all are taken`);
  }

  /**
   * Opens a UDP socket; port 0 asks for a free one.
   *
   * @throws Error when the port is taken: a mistake in the set-up.
   */
  bindUdp(port: number, onDatagram: DatagramListener): UdpSocket {
    const bound = port === 0 ? this.freePort() : port;
    if (this.#sockets.has(bound)) throw new Error(`Cannot bind UDP port ${bound} of ${this.name}: it is taken`);
    this.#sockets.set(bound, onDatagram);
    const network = this.#network;
    const endpoint = () => this.endpoint(bound);
    return {
      get local(): Endpoint {
        return endpoint();
      },
      send: (data, to) => network.sendDatagram(this, bound, to, data),
      close: () => void this.#sockets.delete(bound),
    };
  }

  /** The listener of a port, for the network's use. */
  listener(port: number): DatagramListener | undefined {
    return this.#sockets.get(port);
  }
}

export class Network {
  readonly clock: VirtualClock;
  readonly endpoints: Endpoints = new Endpoints();
  /** Called for everything that happens, e.g. to write a capture. */
  tap: ((event: TraceEvent) => void) | undefined;
  readonly #seed: number;
  readonly #trace = new TraceHash();
  #linkDefaults: Partial<LinkOptions>;
  /** Public addresses: their id to the place that has them. */
  readonly #places = new Map<number, Host | Site>();
  readonly #links = new Map<number, Link>();
  #placeCount = 0;

  constructor(options: NetworkOptions) {
    this.#seed = options.seed;
    this.#linkDefaults = options.link ?? {};
    this.clock = new VirtualClock(options.startMs);
  }

  /** A hash over everything sent, delivered and dropped so far: equal for equal seeds and programs. */
  get traceHash(): string {
    return this.#trace.hex;
  }

  addNat(options: Pick<NatOptions, "kind" | "publicIp"> & Partial<NatOptions>): Site {
    const placeId = this.#placeCount++;
    const nat = (salt: number) => new Nat(this.endpoints, this.#rng(placeId, salt), options);
    const site: Site = { placeId, nats: { udp: nat(1), stream: nat(2) }, hosts: new Map() };
    this.#claim(options.publicIp, site);
    return site;
  }

  /** A host with a public address, or, with `site`, with a private one behind that NAT. */
  addHost(name: string, options: { readonly ip: string; readonly site?: Site }): Host {
    const host = new Host(this, name, this.#placeCount++, options.ip, options.site);
    if (options.site === undefined) this.#claim(options.ip, host);
    else options.site.hosts.set(this.endpoints.ipId(options.ip), host);
    return host;
  }

  /** The link that packets from `a` to `b` take: one direction. */
  link(a: Host, b: Host): Link {
    const isLocal = a.site !== undefined && a.site === b.site;
    return isLocal ? this.#linkBetween(a, b) : this.#linkBetween(a.site ?? a, b.site ?? b);
  }

  /** Changes both directions between two hosts from now on. */
  setLink(a: Host, b: Host, options: Partial<LinkOptions>): void {
    this.link(a, b).change(options);
    this.link(b, a).change(options);
  }

  /** Cuts both directions, or with `isCut` false mends them. */
  cut(a: Host, b: Host, isCut = true): void {
    this.link(a, b).isCut = isCut;
    this.link(b, a).isCut = isCut;
  }

  /** Restarts a NAT: every mapping is gone, and with `publicIp` so is its address. */
  rebind(site: Site, publicIp?: string): void {
    const oldIp = site.nats.udp.options.publicIp;
    site.nats.udp.rebind(publicIp);
    site.nats.stream.rebind(publicIp);
    if (publicIp !== undefined && publicIp !== oldIp) {
      this.#places.delete(this.endpoints.ipId(oldIp));
      this.#claim(publicIp, site);
    }
  }

  /** Runs everything due up to and including `deadlineMs`. Returns the events run. */
  runUntil(deadlineMs: number): number {
    return this.clock.runUntil(deadlineMs);
  }

  /** Sends a datagram from a port of `host`; what the socket calls. */
  sendDatagram(host: Host, port: number, to: Endpoint, data: Uint8Array): void {
    const local = host.endpoint(port);
    const departure = this.depart("udp", host, local, to);
    if (typeof departure === "string") {
      this.record("udp", "dropped", local, to, data, departure);
      return;
    }
    const { link, source, target } = departure;
    this.record("udp", "sent", source, to, data);
    const verdict = link.send(data.length + headerBytes("udp", to), this.clock.nowMs);
    if (verdict !== "passed" && verdict !== "duplicated") {
      this.record("udp", "dropped", source, to, data, verdict);
      return;
    }
    const deliver = (copy: Uint8Array<ArrayBuffer>) => () => this.#deliverDatagram(target, source, to, copy);
    this.clock.at(link.arrivalMs, deliver(data.slice()));
    if (verdict === "duplicated") this.clock.at(link.duplicateMs, deliver(data.slice()));
  }

  /** Finds the way from `local` on `host` to `to` through the host's NAT; refreshes its mapping. */
  depart(protocol: Protocol, host: Host, local: Endpoint, to: Endpoint): Departure | DropReason {
    if (!host.isUp) return "host_down";
    if (protocol === "udp" && host.blocksUdp) return "firewall";
    const site = host.site;
    if (site === undefined) {
      const target = this.#places.get(to.ipId);
      return target === undefined ? "no_route" : { link: this.#linkBetween(host, target), source: local, target };
    }
    const neighbour = site.hosts.get(to.ipId);
    if (neighbour !== undefined) {
      return { link: this.#linkBetween(host, neighbour), source: local, target: neighbour };
    }
    const target = this.#places.get(to.ipId);
    if (target === undefined) return "no_route";
    if (target === site && !site.nats[protocol].options.hairpins) return "nat_filtered";
    const source = site.nats[protocol].outbound(local, to, this.clock.nowMs);
    return source === undefined ? "nat_full" : { link: this.#linkBetween(site, target), source, target };
  }

  /** What a packet meets at the far end of its link, now: the host and its own endpoint behind any NAT. */
  arrive(
    protocol: Protocol,
    target: Host | Site,
    source: Endpoint,
    to: Endpoint,
  ): { readonly host: Host; readonly inside: Endpoint } | DropReason {
    let inside: Endpoint | undefined = to;
    let host: Host | undefined;
    if (target instanceof Host) {
      host = target.ip === to.ip ? target : undefined;
    } else {
      inside = target.nats[protocol].inbound(source, to, this.clock.nowMs);
      if (inside === undefined) return "nat_filtered";
      host = target.hosts.get(inside.ipId);
    }
    if (host === undefined) return "no_route";
    if (protocol === "udp" && host.blocksUdp) return "firewall";
    return host.isUp ? { host, inside } : "host_down";
  }

  /** Notes what happened, for the hash and the tap. */
  record(
    protocol: Protocol,
    kind: TraceEvent["kind"],
    from: Endpoint,
    to: Endpoint,
    data: Uint8Array,
    reason?: DropReason,
  ): void {
    const event: TraceEvent = { kind, protocol, atMs: this.clock.nowMs, from, to, reason, data };
    this.#trace.add(event);
    this.tap?.(event);
  }

  /** Keeps the tables right when a host moves; called by {@link Host.moveTo}. */
  moved(host: Host, fromIp: string, toIp: string): void {
    if (host.site !== undefined) {
      host.site.hosts.delete(this.endpoints.ipId(fromIp));
      host.site.hosts.set(this.endpoints.ipId(toIp), host);
      return;
    }
    this.#places.delete(this.endpoints.ipId(fromIp));
    this.#claim(toIp, host);
  }

  #deliverDatagram(target: Host | Site, source: Endpoint, to: Endpoint, data: Uint8Array<ArrayBuffer>): void {
    const arrival = this.arrive("udp", target, source, to);
    if (typeof arrival === "string") {
      this.record("udp", "dropped", source, to, data, arrival);
      return;
    }
    const listener = arrival.host.listener(arrival.inside.port);
    if (listener === undefined) {
      this.record("udp", "dropped", source, to, data, "no_socket");
      return;
    }
    this.record("udp", "delivered", source, to, data);
    listener(data, source, this.clock.nowMs);
  }

  #claim(ip: string, place: Host | Site): void {
    const ipId = this.endpoints.ipId(ip);
    if (this.#places.has(ipId)) throw new Error(`Cannot use ${ip}: another host or NAT has it`);
    this.#places.set(ipId, place);
  }

  #linkBetween(from: Host | Site, to: Host | Site): Link {
    const key = from.placeId * 65536 + to.placeId;
    const known = this.#links.get(key);
    if (known !== undefined) return known;
    const link = new Link(this.#rng(from.placeId, 3 + to.placeId).u32(), this.#linkDefaults);
    this.#links.set(key, link);
    return link;
  }

  /** A random sequence for one purpose: the same whatever else was made before it. */
  #rng(placeId: number, salt: number): SeededRng {
    return new SeededRng(new SeededRng(this.#seed).u32() + placeId * 0x1_0001 + salt);
  }
}

/** IP and transport header, which count against bandwidth and MTU. */
export function headerBytes(protocol: Protocol, to: Endpoint): number {
  return (to.ip.includes(":") ? 40 : 20) + (protocol === "udp" ? 8 : 20);
}
