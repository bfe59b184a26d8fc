/** A line over TCP or TLS: units behind their lengths, or the raw bytes where a case breaks the framing. */
import type { HostPort } from "../../lib/base/address_table.ts";
import { formatHostPort } from "../../lib/base/address_table.ts";
import { openStream, type TlsTrust } from "../../lib/net/open_stream.ts";
import { FRAME_HEADER_BYTES, FrameReader, writeFrame } from "../../lib/packet/framing.ts";
import type { Line, LineChannel } from "./line.ts";

export interface StreamTarget extends HostPort {
  /** TLS with this trust; plain TCP without. */
  readonly tls?: TlsTrust;
}

/** What is sent is framed unless `raw`; what comes is always read as frames. */
export async function streamChannel(
  line: Line,
  target: StreamTarget,
  timeoutMs: number,
  { raw = false }: { readonly raw?: boolean } = {},
): Promise<LineChannel> {
  const socket = await openStream(target.host, target.port, target.tls, timeoutMs);
  const reader = new FrameReader();
  socket.setNoDelay(true);
  socket.on("data", (chunk: Uint8Array) => {
    reader.feed(chunk);
    while (reader.next()) line.took(new Uint8Array(reader.bytes.subarray(reader.start, reader.end)));
    if (reader.fault !== undefined) {
      line.ended(`it sent a malformed frame: ${reader.fault.message}`);
      socket.destroy();
    }
  });
  socket.on("error", (error: Error) => line.ended(error.message));
  socket.on("end", () => line.ended("closed by the target"));
  socket.on("close", () => line.ended("closed"));
  return {
    name: `${target.tls === undefined ? "tcp" : "tls"}://${formatHostPort(target)}`,
    send: (unit) => void socket.write(raw ? unit.slice() : framed(unit)),
    close: () => socket.destroy(),
  };
}

export function framed(unit: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + unit.length);
  writeFrame(unit, frame, 0);
  return frame;
}

/** Connects to each and leaves again. @throws NetError `unreachable` */
export async function reachAll(places: readonly (HostPort | undefined)[], timeoutMs: number): Promise<void> {
  for (const place of places) {
    // TLS shows later whether it is trusted; here only that somebody listens.
    if (place !== undefined) (await openStream(place.host, place.port, undefined, timeoutMs)).destroy();
  }
}
