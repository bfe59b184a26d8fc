/** A line over TCP or TLS to a listener of the target. */
import { connect as connectTls } from "node:tls";
import type { HostPort } from "../../lib/base/address_table.ts";
import { formatHostPort } from "../../lib/base/address_table.ts";
import { openStream, type TlsTrust } from "../../lib/net/open_stream.ts";
import type { Line, LineChannel } from "./line.ts";
import { socketChannel } from "./socket_channel.ts";

export interface StreamTarget extends HostPort {
  /** TLS with this trust; plain TCP without. */
  readonly tls?: TlsTrust;
}

export async function streamChannel(
  line: Line,
  target: StreamTarget,
  timeoutMs: number,
  { raw = false, from }: { readonly raw?: boolean; readonly from?: string } = {},
): Promise<LineChannel> {
  const socket = await openStream(target.host, target.port, target.tls, timeoutMs, from);
  return socketChannel(line, socket, `${target.tls === undefined ? "tcp" : "tls"}://${formatHostPort(target)}`, raw);
}

/** Connects to each and leaves again. @throws NetError `unreachable` */
export async function reachAll(places: readonly (HostPort | undefined)[], timeoutMs: number): Promise<void> {
  for (const place of places) {
    // TLS shows later whether it is trusted; here only that somebody listens.
    if (place !== undefined) (await openStream(place.host, place.port, undefined, timeoutMs)).destroy();
  }
}

/** Why a handshake with an old version of TLS fails; undefined where it does not. Who the target is does not matter. */
export function tlsRefusal(place: HostPort, maxVersion: "TLSv1.2", timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connectTls({ ...place, minVersion: maxVersion, maxVersion, rejectUnauthorized: false });
    const done = (refusal: string | undefined) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(refusal);
    };
    const timer = setTimeout(() => done("it does not answer"), timeoutMs);
    socket.once("secureConnect", () => done(undefined));
    socket.on("error", (error: Error) => done(error.message));
    socket.once("close", () => done("it ends the connection"));
  });
}
