/** A line over TCP or TLS to a listener of the target. */
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
