/** HEARTBEATs as plain datagrams: to a relay, or to a server's UDP port (SPEC ARC-TRANSPORT-server-udp-heartbeat). */
import { PacketBatch } from "../base/batch.ts";
import { utf8 } from "../base/bytes.ts";
import type { Clock } from "./clock.ts";
import { FOREIGN_END, type ProbeChannel, type ProbeChannelEvents } from "./probe_channel.ts";
import type { OpenUdp } from "./udp_io.ts";

const SLOT_BYTES = 2048;

/** Opens a socket for one peer; what comes from elsewhere is not looked at. Throws what the system says. */
export function openUdpProbe(
  to: { readonly ip: string; readonly port: number },
  clock: Clock,
  events: ProbeChannelEvents,
  openUdp: OpenUdp,
): ProbeChannel {
  const socket = openUdp({ host: to.ip.includes(":") ? "::" : "0.0.0.0", port: 0 });
  const address = socket.addresses.intern(to.ip, to.port);
  socket.addresses.pin(address);
  let isOpen = true;
  /** Batches that no send is using: one, but for a system that is out of buffers. */
  const free: PacketBatch[] = [];

  const receive = async () => {
    const batch = new PacketBatch(1, SLOT_BYTES);
    while (await socket.receive(batch)) {
      const receivedMs = clock.nowMs();
      if (batch.addresses[0] === address) events.unit(batch.packet(0), receivedMs);
    }
  };
  receive().catch((error: unknown) => {
    if (isOpen) events.closed(error instanceof Error ? error.message : String(error));
  });

  return {
    method: "heartbeat",
    isDatagram: true,
    ...FOREIGN_END,
    send(question) {
      if (!isOpen) return undefined;
      const batch = free.pop() ?? new PacketBatch(1, SLOT_BYTES);
      batch.clear();
      batch.push(utf8(question.text), address);
      const sentMs = clock.nowMs();
      socket.send(batch).finally(() => free.push(batch));
      return sentMs;
    },
    close() {
      isOpen = false;
      socket.close();
    },
  };
}
