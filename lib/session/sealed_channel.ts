/** Sealed JSON between the peers, whatever the path (SPEC 5.6): one sealing key per peer and epoch. */
import type { CryptoBackend } from "../crypto/backend.ts";
import { eraseKeys, sealingKey } from "../crypto/key_schedule.ts";
import { isSealed, openSealed, Sealer, SealReceiver } from "../crypto/seal.ts";
import { utf8 } from "../base/bytes.ts";
import { fault, type Parsed } from "../base/parsed.ts";
import { parseMessage, writeMessage } from "../signaling/parse_message.ts";
import type { Message } from "../signaling/messages/registry.ts";

interface EpochSeals {
  readonly sealer: Sealer;
  readonly receiver: SealReceiver;
}

/** What a sealed unit held, and the epoch that it proves to be in use. */
export interface Unsealed {
  readonly message: Message;
  readonly epoch: number;
}

export class SealedChannel {
  readonly #backend: CryptoBackend;
  readonly #ownPeerId: string;
  readonly #remotePeerId: string;
  readonly #epochs = new Map<number, EpochSeals>();

  constructor(backend: CryptoBackend, ownPeerId: string, remotePeerId: string) {
    this.#backend = backend;
    this.#ownPeerId = ownPeerId;
    this.#remotePeerId = remotePeerId;
  }

  /** Keys of an epoch; `master` is borrowed. An epoch made again replaces the one that was discarded. */
  epochMade(epoch: number, master: Uint8Array): void {
    this.epochRetired(epoch);
    const own = sealingKey(master, this.#ownPeerId);
    const remote = sealingKey(master, this.#remotePeerId);
    this.#epochs.set(epoch, {
      sealer: new Sealer(this.#backend.importMac(own)),
      receiver: new SealReceiver(this.#backend.importMac(remote)),
    });
    eraseKeys(own, remote);
  }

  epochRetired(epoch: number): void {
    const seals = this.#epochs.get(epoch);
    seals?.sealer.free();
    seals?.receiver.free();
    this.#epochs.delete(epoch);
  }

  free(): void {
    for (const epoch of [...this.#epochs.keys()]) this.epochRetired(epoch);
  }

  /** Writes the sealed message at the start of `target`; answers the bytes written. `too_large` beyond 1232 bytes. */
  seal(message: Message, epoch: number, target: Uint8Array): Parsed<number> {
    const seals = this.#epochs.get(epoch);
    if (seals === undefined) return fault("bad_state", `Cannot seal message: epoch ${epoch} has no keys`);
    return seals.sealer.seal(utf8(writeMessage(message)), target);
  }

  /**
   * Opens a JSON unit, trying the epochs in the given order. Plain JSON is `bad_value`: on a path between peers it is
   * dropped silently (SPEC ARC-SEAL-clear-dropped).
   */
  open(unit: Uint8Array, epochs: readonly number[]): Parsed<Unsealed> {
    if (!isSealed(unit)) return fault("bad_value", "Cannot open unit: it is plain JSON");
    const tried = epochs.filter((epoch) => this.#epochs.has(epoch));
    const receivers: SealReceiver[] = [];
    for (const epoch of tried) {
      const seals = this.#epochs.get(epoch);
      if (seals !== undefined) receivers.push(seals.receiver);
    }
    const opened = openSealed(receivers, unit);
    if (!opened.ok) return opened;
    const message = parseMessage(opened.value.json);
    return message.ok ? { ok: true, value: { message: message.value, epoch: tried[opened.value.by] } } : message;
  }
}
