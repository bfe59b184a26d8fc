/** A line over a bare TCP or TLS socket: bytes as they are, in pieces as they come. For whoever speaks no protocol. */
import type { Socket } from "node:net";
import type { HostPort } from "../../lib/base/address_table.ts";
import { formatHostPort } from "../../lib/base/address_table.ts";
import { openStream, type TlsTrust } from "../../lib/net/open_stream.ts";
import type { Line, LineChannel } from "./line.ts";

export async function bytesChannel(
  line: Line,
  place: HostPort,
  tls: TlsTrust | undefined,
  timeoutMs: number,
): Promise<LineChannel> {
  const socket: Socket = await openStream(place.host, place.port, tls, timeoutMs);
  socket.setNoDelay(true);
  socket.on("data", (chunk: Uint8Array) => line.took(new Uint8Array(chunk)));
  socket.on("error", (error: Error) => line.ended(error.message));
  socket.on("end", () => line.ended("closed by the target"));
  socket.on("close", () => line.ended("closed"));
  return {
    name: `${tls === undefined ? "tcp" : "tls"}://${formatHostPort(place)}, bytes as they are`,
    local: { host: socket.localAddress ?? "", port: socket.localPort ?? 0 },
    send: (bytes) => {
      if (socket.writable) socket.write(bytes.slice());
    },
    close: () => socket.destroy(),
  };
}
