/** The same load as through a relay, through a TURN server: channel data in, plain UDP out to a peer of ours. */
import type { HostPort } from "../../../lib/base/address_table.ts";
import { PacketBatch } from "../../../lib/base/batch.ts";
import type { DatagramTransport } from "../../../lib/net/datagram.ts";
import { LoadMedia } from "../../../lib/net/load_media.ts";
import { type LoadTarget, type LoadTargetContext, Troubles } from "../../../lib/net/load_target.ts";
import { CHANNEL_HEADER_BYTES, TurnClient, writeChannelHeader } from "../../../lib/net/testing/turn_client.ts";

export class TurnLoad implements LoadTarget {
  readonly label = "TURN server";
  readonly sinkPorts = new Set<number>();
  readonly targetPorts: ReadonlySet<number>;
  readonly troubles = new Troubles();
  readonly #server: HostPort;
  readonly #openTransport: () => DatagramTransport;
  readonly #context: LoadTargetContext;
  readonly #media: LoadMedia;
  readonly #transports: DatagramTransport[] = [];

  /** `openTransport` opens a socket on the address of the peers, which the server must be allowed to send to. */
  constructor(server: HostPort, openTransport: () => DatagramTransport, context: LoadTargetContext) {
    const prefix = new Uint8Array(CHANNEL_HEADER_BYTES);
    writeChannelHeader(prefix, 0, context.packetBytes);
    this.targetPorts = new Set([server.port]);
    this.#server = server;
    this.#openTransport = openTransport;
    this.#context = context;
    this.#media = new LoadMedia(context, prefix);
  }

  get sendErrors(): number {
    return this.#media.sendErrors;
  }

  async open(session: number): Promise<void> {
    const [sender, sink] = [this.#openTransport(), this.#openTransport()];
    this.#transports.push(sender, sink);
    const client = new TurnClient(sender, this.#server);
    await client.open(sink.local);
    this.sinkPorts.add(sink.local.port);
    this.#receive(sink);
    this.#media.add(session, sender, client.address);
  }

  queue(session: number, priority: number, dueMs: number): boolean {
    return this.#media.queue(session, priority, dueMs);
  }

  flush(): void {
    this.#media.flush();
  }

  close(): Promise<void> {
    this.#media.close();
    for (const transport of this.#transports) transport.close();
    return Promise.resolve();
  }

  async #receive(sink: DatagramTransport): Promise<void> {
    const batch = new PacketBatch(1);
    while (await sink.receive(batch)) {
      const receivedMs = this.#context.clock.nowMs();
      for (let i = 0; i < batch.size; i++) {
        const start = batch.offset(i);
        this.#media.received(batch.bytes, start, start + batch.lengths[i], receivedMs);
      }
    }
  }
}
