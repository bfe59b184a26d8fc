/** UDP by batched system calls behind the interface that all backends have. */
import type { HostPort } from "../../base/address_table.ts";
import type { PacketBatch } from "../../base/batch.ts";
import type { DatagramCounters, DatagramTransport } from "../datagram.ts";
import { poller } from "./poller.ts";
import { type NativeUdpOptions, NativeUdpSocket } from "./udp_socket.ts";

/** Batches that are handed over without giving timers and other sockets a turn. */
const BATCHES_A_TURN = 8;

/** Opens a UDP socket. @throws LibraryError, Error with a `code` as the system says it. */
export function openNativeUdp(options: NativeUdpOptions): DatagramTransport {
  return new NativeUdp(NativeUdpSocket.open(options));
}

class NativeUdp implements DatagramTransport {
  readonly #socket: NativeUdpSocket;
  #batchesLeft = BATCHES_A_TURN;
  #isClosed = false;

  constructor(socket: NativeUdpSocket) {
    this.#socket = socket;
    poller().add(socket.fd);
  }

  get addresses() {
    return this.#socket.addresses;
  }

  get local(): HostPort {
    return this.#socket.local;
  }

  get counters(): DatagramCounters {
    return this.#socket.counters;
  }

  kernelDrops(): number {
    return this.#socket.kernelDrops();
  }

  async receive(batch: PacketBatch): Promise<boolean> {
    while (!this.#isClosed) {
      if (this.#batchesLeft > 0) {
        this.#batchesLeft--;
        this.#socket.receive(batch);
        if (batch.size > 0) return true;
      }
      await poller().readable(this.#socket.fd);
      this.#batchesLeft = BATCHES_A_TURN;
    }
    batch.clear();
    return false;
  }

  send(batch: PacketBatch): Promise<void> {
    if (this.#isClosed) this.#socket.counters.sendErrors += batch.size;
    else this.#socket.send(batch);
    return Promise.resolve();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    poller().forget(this.#socket.fd);
    this.#socket.close();
  }
}
