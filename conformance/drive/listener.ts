/** Where the suite listens for the peer under test: TCP, or TLS with a certificate that the peer was given to trust. */
import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { HostPort } from "../../lib/base/address_table.ts";
import { listenTcp } from "../../lib/net/listen.ts";
import { type TlsIdentity, tlsServerOptions } from "../../lib/net/tls_identity.ts";

export class Listener {
  readonly local: HostPort;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** Port 0 is any. Rejects where the port is taken. */
  static async open(at: HostPort, take: (socket: Socket) => void, tls?: TlsIdentity): Promise<Listener> {
    const server = tls === undefined ? createTcpServer() : createTlsServer(tlsServerOptions(tls));
    const listener = new Listener(server, await listenTcp(server, at), tls === undefined, take);
    return listener;
  }

  private constructor(server: Server, local: HostPort, isPlain: boolean, take: (socket: Socket) => void) {
    this.#server = server;
    this.local = local;
    server.on(isPlain ? "connection" : "secureConnection", (socket: Socket) => {
      // Nobody may ever ask for it.
      socket.on("error", () => {});
      socket.on("close", () => this.#sockets.delete(socket));
      this.#sockets.add(socket);
      take(socket);
    });
    // Whoever does not trust us does not come; that is all that there is to it.
    server.on("tlsClientError", () => {});
  }

  /** Takes no more connections, and ends those that are there. */
  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
