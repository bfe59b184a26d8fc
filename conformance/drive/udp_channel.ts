/**
 * A line over UDP: one unit a datagram, to one address; datagrams from elsewhere are not looked at. `from` is the address
 * to send from, of those that this host has.
 */
import type { HostPort } from "../../lib/base/address_table.ts";
import { formatHostPort } from "../../lib/base/address_table.ts";
import { PacketBatch } from "../../lib/base/batch.ts";
import { isLoopback } from "../../lib/net/address_key.ts";
import { openUdp } from "../../lib/net/udp_deno.ts";
import type { Line, LineChannel } from "./line.ts";

const SLOT_BYTES = 65_536;

export function udpChannel(line: Line, target: HostPort, from?: string): LineChannel {
  const host = isLoopback(target.host) ? target.host : target.host.includes(":") ? "::" : "0.0.0.0";
  const socket = openUdp({ host: from ?? host, port: 0 });
  const address = socket.addresses.intern(target.host, target.port);
  socket.addresses.pin(address);
  const receive = async () => {
    const batch = new PacketBatch(1, SLOT_BYTES);
    while (await socket.receive(batch)) if (batch.addresses[0] === address) line.took(batch.packet(0));
  };
  receive().catch((error: unknown) => line.ended(error instanceof Error ? error.message : String(error)));
  return {
    name: `udp://${formatHostPort(target)} from port ${socket.local.port}`,
    local: socket.local,
    send(unit) {
      const batch = new PacketBatch(1, SLOT_BYTES);
      batch.push(unit, address);
      return socket.send(batch);
    },
    close: () => socket.close(),
  };
}
