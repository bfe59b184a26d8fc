/**
 * What taps see, as a capture that is being written: packets are made up around datagrams and streams, so that everything
 * behind reads them as it reads a file, and a file of them can be kept.
 */
import { formatHostPort, type HostPort } from "../../lib/base/address_table.ts";
import { concatBytes } from "../../lib/base/bytes.ts";
import { writePcapngHeader, writePcapngPacket } from "../../lib/dissect/pcapng_writer.ts";
import { TcpConnectionWriter } from "../../lib/dissect/tcp_connection_writer.ts";
import { writeUdpPacket } from "../../lib/dissect/udp_packet_writer.ts";
import type { Clock } from "../../lib/net/clock.ts";
import type { Tap, TapConnection, TapWatcher } from "../../lib/net/tap.ts";
import { VERSION } from "../version.ts";
import type { CaptureSource } from "./capture_source.ts";

/** What has been seen and not yet been read: more is let go of, and its streams have holes. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

export class LiveCapture implements CaptureSource, TapWatcher {
  readonly name = "what was listened to";
  readonly sizeBytes = undefined;
  readonly isLive = true;
  readonly endsByInterrupt = true;
  /** Packets that came faster than they could be read. */
  overrun = 0;
  readonly taps: { readonly text: string; readonly tap: Tap }[] = [];
  readonly note: (text: string) => void;
  readonly #clock: Clock;
  #waiting: Uint8Array[] = [writePcapngHeader(`arcrtc ${VERSION}`, "taps")];
  #waitingBytes = 0;
  #wake = () => {};
  #isStopped = false;

  constructor(clock: Clock, note: (text: string) => void) {
    this.#clock = clock;
    this.note = note;
  }

  datagram(source: HostPort, destination: HostPort, bytes: Uint8Array): void {
    const packet = writeUdpPacket(source, ofFamily(destination, source), bytes);
    if (packet.ok) this.#add([packet.value]);
  }

  connection(client: HostPort, server: HostPort): TapConnection {
    const packets = new TcpConnectionWriter(client, ofFamily(server, client));
    this.#add(packets.open());
    return {
      data: (isFromClient, bytes) => this.#add(packets.data(isFromClient, bytes)),
      end: (isFromClient) => this.#add(packets.end(isFromClient)),
    };
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      while (this.#waiting.length === 0) {
        if (this.#isStopped) return;
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
      const chunk = concatBytes(...this.#waiting);
      this.#waiting = [];
      this.#waitingBytes = 0;
      yield chunk;
    }
  }

  /** Closes the taps; what has been seen is still read. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    for (const { tap } of this.taps) tap.close();
    this.#wake();
  }

  /** One line for each tap. */
  summary(): string[] {
    const lines = this.taps.map(({ text, tap }) => `${text}: ${countsText(text, tap)}`);
    return this.overrun > 0 ? [...lines, `${this.overrun} packets came faster than they could be read`] : lines;
  }

  #add(packets: readonly Uint8Array[]): void {
    const unixMs = this.#clock.nowMs() + this.#clock.unixOffsetMs;
    for (const bytes of packets) {
      if (this.#waitingBytes >= MAX_WAITING_BYTES) {
        this.overrun++;
        continue;
      }
      const block = writePcapngPacket({ bytes, direction: "in", unixMs });
      this.#waiting.push(block);
      this.#waitingBytes += block.length;
    }
    this.#wake();
  }
}

/** A socket that is bound to all addresses of both families has the wrong one for half of its clients. */
function ofFamily(wildcard: HostPort, other: HostPort): HostPort {
  const isIpv4 = /^(?:::ffff:)?\d+\.\d+\.\d+\.\d+$/i.test(other.host);
  return wildcard.host === "::" && isIpv4 ? { host: "0.0.0.0", port: wildcard.port } : wildcard;
}

export function placeText(scheme: string, address: HostPort): string {
  return `${scheme}://${formatHostPort(address)}`;
}

function countsText(text: string, { counters: { clients, refused, there, back } }: Tap): string {
  const isDatagrams = text.startsWith("udp");
  const isProxy = text.includes("=");
  const amount = (n: number) => isDatagrams ? plural(n, "datagram") : plural(n, "byte");
  return [
    // A sink does not tell the senders of datagrams apart.
    ...(isProxy || !isDatagrams ? [plural(clients, "client")] : []),
    isProxy ? `${amount(there)} there, ${amount(back)} back` : amount(there),
    ...(refused > 0 ? [`${refused} turned away`] : []),
  ].join(", ");
}

function plural(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}
