/** Addresses of the simulated network, as small integers under their texts. */

/** An IP address and a port. One pair has one object: compare with `===`, key tables by `id`. */
export interface Endpoint {
  /** `ipId * 65536 + port`. */
  readonly id: number;
  readonly ipId: number;
  readonly ip: string;
  readonly port: number;
  /** `ip:port`, the address in brackets where it is IPv6. */
  readonly text: string;
}

/** All endpoints of one network. */
export class Endpoints {
  readonly #ipIds = new Map<string, number>();
  readonly #endpoints = new Map<number, Endpoint>();

  /** The one object of this pair. */
  of(ip: string, port: number): Endpoint {
    const ipId = this.ipId(ip);
    const id = ipId * 65536 + port;
    const known = this.#endpoints.get(id);
    if (known !== undefined) return known;
    const endpoint: Endpoint = { id, ipId, ip, port, text: ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}` };
    this.#endpoints.set(id, endpoint);
    return endpoint;
  }

  /** A small number for an address: the same for the same text. */
  ipId(ip: string): number {
    const known = this.#ipIds.get(ip);
    if (known !== undefined) return known;
    const id = this.#ipIds.size;
    this.#ipIds.set(ip, id);
    return id;
  }
}
