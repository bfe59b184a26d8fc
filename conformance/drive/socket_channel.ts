/** A line over a TCP or TLS socket that is connected: units behind their lengths, or raw bytes where a case breaks that. */
import type { Socket } from "node:net";
import { FRAME_HEADER_BYTES, FrameReader, writeFrame } from "../../lib/packet/framing.ts";
import type { Line, LineChannel } from "./line.ts";

/** What is sent is framed unless `raw`; what comes is always read as frames. The channel owns the socket. */
export function socketChannel(line: Line, socket: Socket, name: string, raw = false): LineChannel {
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
    name,
    local: { host: socket.localAddress ?? "", port: socket.localPort ?? 0 },
    send: (unit) => void socket.write(raw ? unit.slice() : framed(unit)),
    close: () => socket.destroy(),
    // A paused TLS socket reads on: what it decrypts waits in this process and not at the target.
    ...("encrypted" in socket ? {} : { stopReading: () => void socket.pause() }),
  };
}

export function framed(unit: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + unit.length);
  writeFrame(unit, frame, 0);
  return frame;
}
