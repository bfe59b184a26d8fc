/** What a peer tells the other about where it can be reached. */
import { networkInterfaces } from "node:os";
import type { HostPort } from "../../lib/base/address_table.ts";

/** SPEC: at most 8 in a message. */
const MAX_ADDRESSES = 8;

/**
 * The addresses of a socket, for `network_info.local`: the one that it is bound to, or those of all interfaces. Where the
 * server is on this host, so is everyone who reaches it: then loopback is all that is named, and nothing leaves.
 */
export function localEndpoints(socket: HostPort, isServerHere: boolean): { ip: string; port: number }[] {
  const { host, port } = socket;
  if (host !== "0.0.0.0" && host !== "::") return [{ ip: host, port }];
  const family = host === "::" ? "IPv6" : "IPv4";
  const addresses = Object.values(networkInterfaces()).flat()
    .filter((address) => address !== undefined)
    // Link-local IPv6 needs a zone, which means nothing to the other side.
    .filter((address) => address.family === family && !address.address.startsWith("fe80:"));
  const outer = addresses.filter((address) => !address.internal);
  const inner = addresses.filter((address) => address.internal);
  const used = (isServerHere && inner.length > 0) || outer.length === 0 ? inner : outer;
  return used.slice(0, MAX_ADDRESSES).map(({ address }) => ({ ip: address, port }));
}

/** True for a signaling server on this host. */
export function isLoopbackHost(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || host.startsWith("127.");
}
