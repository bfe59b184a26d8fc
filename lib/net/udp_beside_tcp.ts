/** A UDP socket whose port number is free for TCP too: a callee listens for connections beside its media (SPEC ARC-PATH-tcp-direct). */
import type { HostPort } from "../base/address_table.ts";
import type { DatagramTransport } from "./datagram.ts";
import type { UdpOptions } from "./udp_deno.ts";
import type { OpenUdp } from "./udp_io.ts";

/** A number that the system gives for UDP and that TCP has in use is rare, one after the other rarer. */
const TRIES = 8;

/**
 * Opens it at any port, of port 0; a port that was asked for stays, whatever TCP has there. The system chooses for UDP
 * alone: what a connection of somebody's has left behind at that number keeps TCP out for a minute. Throws what `open` does.
 */
export function openUdpBesideTcp(open: OpenUdp, options: UdpOptions): DatagramTransport {
  for (let tries = 1;; tries++) {
    const transport = open(options);
    if (options.port !== 0 || tries === TRIES || isFreeForTcp(transport.local)) return transport;
    transport.close();
  }
}

function isFreeForTcp({ host: hostname, port }: HostPort): boolean {
  try {
    Deno.listen({ hostname, port }).close();
    return true;
  } catch {
    return false;
  }
}
