/** A UDP socket towards one address, whose datagrams wait until somebody asks for them. */
import { delay } from "./remote_target.ts";

const MAX_WAITING = 256;
const POLL_MS = 1;

export class UdpLine {
  readonly #to: Deno.NetAddr;
  readonly #socket: Deno.DatagramConn;
  readonly #waiting: Uint8Array[] = [];
  readonly #reading: Promise<void>;
  #isClosed = false;

  constructor({ host, port }: { readonly host: string; readonly port: number }) {
    this.#to = { transport: "udp", hostname: host, port };
    this.#socket = Deno.listenDatagram({ transport: "udp", hostname: host.includes(":") ? "::" : "0.0.0.0", port: 0 });
    this.#reading = this.#read();
  }

  async #read(): Promise<void> {
    while (!this.#isClosed) {
      try {
        const [data] = await this.#socket.receive();
        if (this.#waiting.length < MAX_WAITING) this.#waiting.push(data);
      } catch {
        // Closed, or an ICMP message for an earlier datagram: silence tells the rest.
        if (this.#isClosed) return;
        await delay(POLL_MS);
      }
    }
  }

  /** An empty datagram goes too. */
  async send(unit: Uint8Array): Promise<void> {
    await this.#socket.send(unit, this.#to).catch(() => {});
  }

  /** All that comes within `ms` from now, and what waits. */
  async gather(ms: number): Promise<Uint8Array[]> {
    if (ms > 0) await delay(ms);
    return this.#waiting.splice(0);
  }

  /** The first datagram that `isIt`; others are dropped. Undefined when none has come in time. */
  async receive(isIt: (unit: Uint8Array) => boolean, timeoutMs: number): Promise<Uint8Array | undefined> {
    const endMs = performance.now() + timeoutMs;
    for (;;) {
      const found = this.#waiting.splice(0).find(isIt);
      if (found !== undefined) return found;
      if (performance.now() >= endMs) return undefined;
      await delay(POLL_MS);
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
    await this.#reading;
  }
}
