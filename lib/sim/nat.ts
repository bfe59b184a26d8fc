/**
 * Network address translation: which outside port an inside one gets, and who may send to it (RFC 4787 §4, §5).
 *
 * ```
 * kind                mapping depends on     who may send in
 * full_cone           inside endpoint        anyone                                   ("cone")
 * address_restricted  inside endpoint        addresses that the inside has sent to    ("restricted")
 * port_restricted     inside endpoint        endpoints that the inside has sent to    ("restricted")
 * symmetric           inside and remote      that one remote endpoint                 ("symmetric")
 * ```
 */
import { below, type Rng } from "../base/rng.ts";
import { unreachable } from "../base/unreachable.ts";
import type { Endpoint, Endpoints } from "./endpoint.ts";

export type NatKind = "full_cone" | "address_restricted" | "port_restricted" | "symmetric";

export interface NatOptions {
  readonly kind: NatKind;
  readonly publicIp: string;
  /** How long a mapping lives without outbound traffic. RFC 4787 REQ-5 asks for two minutes; many give 30 s. */
  readonly timeoutMs: number;
  /** Inbound packets keep a mapping alive as well (RFC 4787 REQ-6 leaves it open). */
  readonly refreshedByInbound: boolean;
  /** Inside ports are kept outside where they are free. Never for `symmetric`. */
  readonly keepsPorts: boolean;
  /** A packet from the inside to an outside port of this NAT is let back in (RFC 4787 REQ-9). */
  readonly hairpins: boolean;
}

export const NAT_DEFAULTS: Omit<NatOptions, "kind" | "publicIp"> = {
  timeoutMs: 120_000,
  refreshedByInbound: false,
  keepsPorts: true,
  hairpins: false,
};

interface Mapping {
  readonly inside: Endpoint;
  readonly outside: Endpoint;
  /** The one remote of a symmetric mapping. */
  readonly remote: Endpoint | undefined;
  expiresMs: number;
  /** Until when each remote (by address id or endpoint id, as the kind has it) may send in. */
  readonly permitted: Map<number, number>;
}

/** Ports that are given out: the registered and dynamic ranges. */
const FIRST_PORT = 1024;
const PORT_COUNT = 65536 - FIRST_PORT;

/** Permissions kept per mapping before expired ones are swept out. */
const PERMISSIONS_BEFORE_SWEEP = 256;

export class Nat {
  readonly #endpoints: Endpoints;
  readonly #rng: Rng;
  #options: NatOptions;
  /** By inside endpoint, then by remote endpoint where the kind is symmetric (else under 0). */
  readonly #byInside = new Map<number, Map<number, Mapping>>();
  readonly #byPort = new Map<number, Mapping>();

  constructor(
    endpoints: Endpoints,
    rng: Rng,
    options: Pick<NatOptions, "kind" | "publicIp"> & Partial<NatOptions>,
  ) {
    this.#endpoints = endpoints;
    this.#rng = rng;
    this.#options = { ...NAT_DEFAULTS, ...options };
  }

  get options(): NatOptions {
    return this.#options;
  }

  /**
   * The source that the outside sees of a packet from `inside` to `remote`; it makes or refreshes the mapping.
   * Undefined when no port is left.
   */
  outbound(inside: Endpoint, remote: Endpoint, nowMs: number): Endpoint | undefined {
    const mapping = this.#find(inside, remote, nowMs) ?? this.#create(inside, remote, nowMs);
    if (mapping === undefined) return undefined;
    mapping.expiresMs = nowMs + this.#options.timeoutMs;
    const key = this.#permissionKey(remote);
    if (key !== undefined) this.#permit(mapping, key, nowMs);
    return mapping.outside;
  }

  /** The inside endpoint that a packet from `remote` to `outside` reaches; undefined when the NAT drops it. */
  inbound(remote: Endpoint, outside: Endpoint, nowMs: number): Endpoint | undefined {
    const mapping = this.#byPort.get(outside.port);
    if (mapping === undefined || mapping.outside !== outside) return undefined;
    if (mapping.expiresMs <= nowMs) {
      this.#remove(mapping);
      return undefined;
    }
    const key = this.#permissionKey(remote);
    if (key !== undefined && !((mapping.permitted.get(key) ?? -Infinity) > nowMs)) return undefined;
    if (this.#options.refreshedByInbound) {
      mapping.expiresMs = nowMs + this.#options.timeoutMs;
      if (key !== undefined) this.#permit(mapping, key, nowMs);
    }
    return mapping.inside;
  }

  /** Forgets every mapping, as after a restart; with `publicIp`, comes back under another address. */
  rebind(publicIp: string = this.#options.publicIp): void {
    this.#byInside.clear();
    this.#byPort.clear();
    this.#options = { ...this.#options, publicIp };
  }

  /** What decides whether a remote may send in: nothing, its address, or its endpoint. */
  #permissionKey(remote: Endpoint): number | undefined {
    switch (this.#options.kind) {
      case "full_cone":
        return undefined;
      case "address_restricted":
        return remote.ipId;
      case "port_restricted":
      case "symmetric":
        return remote.id;
      default:
        return unreachable(this.#options.kind);
    }
  }

  #permit(mapping: Mapping, key: number, nowMs: number): void {
    if (mapping.permitted.size >= PERMISSIONS_BEFORE_SWEEP && !mapping.permitted.has(key)) {
      for (const [old, untilMs] of mapping.permitted) if (untilMs <= nowMs) mapping.permitted.delete(old);
    }
    mapping.permitted.set(key, nowMs + this.#options.timeoutMs);
  }

  #find(inside: Endpoint, remote: Endpoint, nowMs: number): Mapping | undefined {
    const mapping = this.#byInside.get(inside.id)?.get(this.#mappingKey(remote));
    if (mapping === undefined || mapping.expiresMs > nowMs) return mapping;
    this.#remove(mapping);
    return undefined;
  }

  #mappingKey(remote: Endpoint): number {
    return this.#options.kind === "symmetric" ? remote.id : 0;
  }

  #create(inside: Endpoint, remote: Endpoint, nowMs: number): Mapping | undefined {
    const port = this.#freePort(inside.port, nowMs);
    if (port === undefined) return undefined;
    const mapping: Mapping = {
      inside,
      outside: this.#endpoints.of(this.#options.publicIp, port),
      remote: this.#options.kind === "symmetric" ? remote : undefined,
      expiresMs: nowMs,
      permitted: new Map(),
    };
    this.#byPort.set(port, mapping);
    const siblings = this.#byInside.get(inside.id);
    if (siblings === undefined) this.#byInside.set(inside.id, new Map([[this.#mappingKey(remote), mapping]]));
    else siblings.set(this.#mappingKey(remote), mapping);
    return mapping;
  }

  #freePort(wanted: number, nowMs: number): number | undefined {
    const keepsPort = this.#options.keepsPorts && this.#options.kind !== "symmetric";
    if (keepsPort && this.#isFree(wanted, nowMs)) return wanted;
    const start = below(this.#rng, PORT_COUNT);
    for (let i = 0; i < PORT_COUNT; i++) {
      const port = FIRST_PORT + ((start + i) % PORT_COUNT);
      if (this.#isFree(port, nowMs)) return port;
    }
    return undefined;
  }

  #isFree(port: number, nowMs: number): boolean {
    const holder = this.#byPort.get(port);
    if (holder === undefined) return true;
    if (holder.expiresMs > nowMs) return false;
    this.#remove(holder);
    return true;
  }

  #remove(mapping: Mapping): void {
    this.#byPort.delete(mapping.outside.port);
    const siblings = this.#byInside.get(mapping.inside.id);
    siblings?.delete(mapping.remote === undefined ? 0 : mapping.remote.id);
    if (siblings?.size === 0) this.#byInside.delete(mapping.inside.id);
  }
}
