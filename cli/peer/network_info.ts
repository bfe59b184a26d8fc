/** What a peer tells the other about where it can be reached. */
import { networkInterfaces } from "node:os";
import type { HostPort } from "../../lib/base/address_table.ts";

/** SPEC: at most 8 in a message. */
const MAX_ADDRESSES = 8;

/**
 * The addresses of a socket, for `network_info.local`: the one that it is bound to, or those of all interfaces. Loopback is
 * named only where `withLoopback` says that the other peer may be on this host, and then first.
 */
export function localEndpoints(socket: HostPort, withLoopback: boolean): { ip: string; port: number }[] {
  const { host, port } = socket;
  if (host !== "0.0.0.0" && host !== "::") return [{ ip: host, port }];
  const family = host === "::" ? "IPv6" : "IPv4";
  const addresses = Object.values(networkInterfaces()).flat()
    .filter((address) => address !== undefined)
    // Link-local IPv6 needs a zone, which means nothing to the other side.
    .filter((address) => address.family === family && !address.address.startsWith("fe80:"));
  const outer = addresses.filter((address) => !address.internal);
  const inner = addresses.filter((address) => address.internal);
  const used = withLoopback || outer.length === 0 ? [...inner, ...outer] : outer;
  return used.slice(0, MAX_ADDRESSES).map(({ address }) => ({ ip: address, port }));
}

/** True for a signaling server on this host: then the other peer may be here too. */
export function isLoopbackHost(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || host.startsWith("127.");
}
