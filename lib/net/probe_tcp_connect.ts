/** The last resort: how long it takes to open a TCP connection. Every probe opens one and closes it again. */
import { connect, type Socket } from "node:net";
import type { Clock } from "./clock.ts";
import { FOREIGN_END, type ProbeChannel, type ProbeChannelEvents } from "./probe_channel.ts";

/** Connections that may be on their way at a time: what does not answer must not use up the system's sockets. */
const MAX_OPEN = 256;

export function openTcpConnectProbe(
  to: { readonly ip: string; readonly port: number },
  clock: Clock,
  events: ProbeChannelEvents,
): ProbeChannel {
  const open = new Set<Socket>();
  let isOpen = true;
  return {
    method: "tcp-connect",
    isDatagram: false,
    ...FOREIGN_END,
    send({ sequence }) {
      if (!isOpen || open.size >= MAX_OPEN) return undefined;
      const sentMs = clock.nowMs();
      const socket = connect({ host: to.ip, port: to.port });
      open.add(socket);
      socket.once("connect", () => {
        const receivedMs = clock.nowMs();
        socket.destroy();
        if (isOpen) events.echo(sequence, receivedMs);
      });
      socket.on("error", (error: Error & { code?: string }) => {
        if (isOpen) events.refused(sequence, error.code ?? "error", error.message);
      });
      socket.once("close", () => open.delete(socket));
      return sentMs;
    },
    close() {
      isOpen = false;
      for (const socket of open) socket.destroy();
    },
  };
}
