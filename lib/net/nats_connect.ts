/**
 * A connection to NATS by the official library; loaded with the first one. The library takes all listeners off a socket
 * that it leaves, and an error without a listener ends the process: with Deno one may still come, when a server that has
 * let nobody in resets the connection. So each socket keeps a listener that does nothing.
 */
import type { Socket } from "node:net";
import {
  type ConnectionOptions,
  type NatsConnection,
  NatsConnectionImpl,
  setTransportFactory,
} from "@nats-io/transport-node";
import { nodeResolveHost, NodeTransport } from "@nats-io/transport-node/lib/node_transport.js";

/** Rejects when there is no connection within the options' time. */
export function connectNats(options: ConnectionOptions): Promise<NatsConnection> {
  // As the library's own connect does.
  setTransportFactory({ factory: () => new CalmTransport(), dnsResolveFn: nodeResolveHost });
  return NatsConnectionImpl.connect(options);
}

class CalmTransport extends NodeTransport {
  override async dial(...place: Parameters<NodeTransport["dial"]>) {
    return calm(await super.dial(...place));
  }

  override async startTLS() {
    return calm(await super.startTLS());
  }
}

function calm<S extends Socket>(socket: S): S {
  const keepCalm = () => socket.on("error", () => {});
  const removeAllListeners = socket.removeAllListeners.bind(socket);
  socket.removeAllListeners = (event?: string | symbol) => {
    if (event === undefined) removeAllListeners();
    else removeAllListeners(event);
    return keepCalm();
  };
  return keepCalm();
}
