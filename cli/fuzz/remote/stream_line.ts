/** A TCP or TLS connection to a relay, units behind their lengths; connected anew when the other side has ended it. */
import type { Socket } from "node:net";
import { openStream } from "../../../lib/net/open_stream.ts";
import { FRAME_HEADER_BYTES, FrameReader, MAX_FRAMED_UNIT_BYTES, writeFrame } from "../../../lib/packet/framing.ts";
import type { RelayAddress, UnitLine } from "./unit_line.ts";
import { Waiting } from "./waiting.ts";

const OPEN_MS = 3000;

export class StreamLine implements UnitLine {
  readonly #address: RelayAddress;
  readonly #waiting = new Waiting();
  #socket: Socket | undefined;

  constructor(address: RelayAddress) {
    this.#address = address;
  }

  async send(unit: Uint8Array): Promise<void> {
    if (unit.length === 0 || unit.length > MAX_FRAMED_UNIT_BYTES) return;
    const frame = new Uint8Array(FRAME_HEADER_BYTES + unit.length);
    writeFrame(unit, frame, 0);
    const socket = this.#socket ?? await this.#open();
    if (socket === undefined) return;
    await new Promise<void>((resolve) => socket.write(frame, () => resolve()));
  }

  gather(ms: number): Promise<Uint8Array[]> {
    return this.#waiting.gather(ms);
  }

  receive(isIt: (unit: Uint8Array) => boolean, timeoutMs: number): Promise<Uint8Array | undefined> {
    return this.#waiting.receive(isIt, timeoutMs);
  }

  async #open(): Promise<Socket | undefined> {
    const { transport, host, port, insecure } = this.#address;
    let socket: Socket;
    try {
      socket = await openStream(host, port, transport === "tls" ? { insecure } : undefined, OPEN_MS);
    } catch {
      // Whoever cannot be reached answers no canary either.
      return undefined;
    }
    const reader = new FrameReader();
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("data", (chunk: Uint8Array) => {
      reader.feed(chunk);
      while (reader.next()) this.#waiting.push(reader.bytes.slice(reader.start, reader.end));
    });
    socket.on("close", () => {
      if (this.#socket === socket) this.#socket = undefined;
    });
    this.#socket = socket;
    return socket;
  }

  close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
    return Promise.resolve();
  }
}
