/** Messages that wait to leave as datagrams: sealed to the other peer, plain to relays (SPEC 5.6). */
import type { PacketBatch } from "../base/batch.ts";
import { utf8 } from "../base/bytes.ts";
import type { Fault } from "../base/parsed.ts";
import type { Message } from "../signaling/messages/registry.ts";
import { writeMessage } from "../signaling/parse_message.ts";
import type { SealedChannel } from "./sealed_channel.ts";

interface Waiting {
  readonly address: number;
  readonly message: Message;
}

export class OutgoingMessages {
  readonly #sealed: Waiting[] = [];
  readonly #plain: Waiting[] = [];

  /** To the other peer, by the path at `address`. */
  seal(address: number, message: Message): void {
    this.#sealed.push({ address, message });
  }

  /** To a relay: RELAY_ messages are the ones that may travel in the clear (SPEC ARC-SEAL-clear-units). */
  plain(address: number, message: Message): void {
    this.#plain.push({ address, message });
  }

  /**
   * Appends what waits to `batch` until it is full. Sealed messages need `channel` and the sending `epoch`, without which
   * they are given up; `failed` hears of each that cannot be sealed.
   */
  poll(
    batch: PacketBatch,
    channel: SealedChannel | undefined,
    epoch: number | undefined,
    failed: (fault: Fault) => void,
  ): void {
    while (batch.size < batch.capacity) {
      const unit = this.#plain.shift();
      if (unit === undefined) break;
      batch.push(utf8(writeMessage(unit.message)), unit.address);
    }
    while (batch.size < batch.capacity) {
      const unit = this.#sealed.shift();
      if (unit === undefined) break;
      if (channel === undefined || epoch === undefined) continue;
      const start = batch.offset(batch.size);
      const sealed = channel.seal(unit.message, epoch, batch.bytes.subarray(start, start + batch.slotBytes));
      if (!sealed.ok) {
        failed(sealed.fault);
        continue;
      }
      batch.lengths[batch.size] = sealed.value;
      batch.addresses[batch.size] = unit.address;
      batch.size++;
    }
  }
}
