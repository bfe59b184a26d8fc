/** A UDP socket towards one address, whose datagrams wait until somebody asks for them. */
import { delay } from "./remote_target.ts";
import type { UnitLine } from "./unit_line.ts";
import { Waiting } from "./waiting.ts";

const AFTER_ERROR_MS = 1;

export class UdpLine implements UnitLine {
  readonly #to: Deno.NetAddr;
  readonly #socket: Deno.DatagramConn;
  readonly #waiting = new Waiting();
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
        this.#waiting.push(data);
      } catch {
        // Closed, or an ICMP message for an earlier datagram: silence tells the rest.
        if (this.#isClosed) return;
        await delay(AFTER_ERROR_MS);
      }
    }
  }

  /** An empty datagram goes too. */
  async send(unit: Uint8Array): Promise<void> {
    await this.#socket.send(unit, this.#to).catch(() => {});
  }

  gather(ms: number): Promise<Uint8Array[]> {
    return this.#waiting.gather(ms);
  }

  receive(isIt: (unit: Uint8Array) => boolean, timeoutMs: number): Promise<Uint8Array | undefined> {
    return this.#waiting.receive(isIt, timeoutMs);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
    await this.#reading;
  }
}
