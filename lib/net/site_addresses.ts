/** The IP addresses of sites that may be named: looked up, and again from time to time, since names move. */
import { lookup } from "node:dns/promises";
import { isIp } from "../signaling/messages/address.ts";

/** All addresses of a name, in the system's order. Rejects where it has none. */
export type NameLookup = (name: string) => Promise<readonly string[]>;

/** A name that moves, or that could not be looked up, is found again within this time. */
const REFRESH_MS = 10_000;

export class SiteAddresses {
  /** By the number of the site. */
  readonly #ips: (string | undefined)[];
  readonly #named: readonly { readonly site: number; readonly name: string }[];
  readonly #lookup: NameLookup;
  readonly #asking = new Set<number>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(hosts: readonly string[], lookup: NameLookup = systemLookup) {
    this.#ips = hosts.map((host) => isIp(host) ? canonicalIp(host) : undefined);
    this.#named = hosts.flatMap((name, site) => isIp(name) ? [] : [{ site, name }]);
    this.#lookup = lookup;
  }

  /** Begins to look up, where there is anything to. */
  start(): void {
    if (this.#named.length === 0) return;
    this.refresh();
    this.#timer = setInterval(() => this.refresh(), REFRESH_MS);
  }

  /** In the form in which sockets give addresses; undefined while a name has not been looked up. */
  ipOf(site: number): string | undefined {
    return this.#ips[site];
  }

  /** Looks every name up again. */
  async refresh(): Promise<void> {
    await Promise.all(this.#named.map(({ site, name }) => this.#find(site, name)));
  }

  async #find(site: number, name: string): Promise<void> {
    if (this.#asking.has(site)) return;
    this.#asking.add(site);
    try {
      const ips = (await this.#lookup(name)).map(canonicalIp);
      const known = this.#ips[site];
      // Servers of names turn their answers round and round: what is still among them stays.
      if (known === undefined || !ips.includes(known)) this.#ips[site] = ips[0] ?? known;
    } catch {
      // The address of before is the best guess; whether anybody answers there shows by itself.
    } finally {
      this.#asking.delete(site);
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

async function systemLookup(name: string): Promise<readonly string[]> {
  return (await lookup(name, { all: true })).map(({ address }) => address);
}

/** One spelling of an address, RFC 5952, by which a socket's answers are known again. */
function canonicalIp(ip: string): string {
  return ip.includes(":") ? new URL(`udp://[${ip}]`).hostname.slice(1, -1) : ip;
}
