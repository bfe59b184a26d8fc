/** Accepts TCP or TLS connections: one or the other, never guessed (SPEC ARC-UNIT-separate-ports). */
import { createServer as createTcpServer, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import type { HostPort } from "../base/address_table.ts";
import type { Clock } from "./clock.ts";
import type { ConnectionGate, GateRefusal } from "./connection_gate.ts";
import { listenTcp } from "./listen.ts";
import { type TlsIdentity, tlsServerOptions } from "./tls_identity.ts";

export interface Listener {
  /** Where it listens, with the port that the system chose for port 0. */
  readonly address: HostPort;
  /** Stops accepting. Connections that are there stay; the promise resolves when the last one is gone. */
  close(): Promise<void>;
}

/**
 * Hands over each connection that the gate lets in, TLS ones after their handshake. What it is to become is not known
 * yet: whoever takes it promotes it. @throws ListenError
 */
export async function listenConnections(
  address: HostPort,
  tls: TlsIdentity | undefined,
  gate: ConnectionGate,
  clock: Clock,
  opened: (socket: Socket | TLSSocket) => void,
): Promise<Listener> {
  const server = tls === undefined
    ? createTcpServer((socket) => {
      if (gate.enter(socket, clock.nowMs())) opened(socket);
    })
    : createTlsServer(tlsServerOptions(tls), opened);
  if (tls !== undefined) server.on("connection", (socket: Socket) => gate.enter(socket, clock.nowMs()));
  const bound = await listenTcp(server, address);
  return {
    address: bound,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/**
 * Hands over each connection at once, with why the gate refuses it if it does: the handler then may still say so before
 * it ends the socket. @throws ListenError
 */
export function listenStream(
  address: HostPort,
  tls: TlsIdentity | undefined,
  gate: ConnectionGate,
  clock: Clock,
  accepted: (socket: Socket | TLSSocket, refusal: Exclude<GateRefusal, "gone"> | undefined) => void,
): Promise<Listener> {
  return listenConnections(address, tls, gate, clock, (socket) => {
    const refusal = gate.promote(socket);
    if (refusal === "gone") socket.destroy();
    else accepted(socket, refusal);
  });
}
