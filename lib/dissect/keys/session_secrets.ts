/** The keys of a capture's sessions, derived when they are needed from the master keys that were given. */
import type { CryptoBackend, MacKey } from "../../crypto/backend.ts";
import { rtcpKeys, sealingKey, streamKeys } from "../../crypto/key_schedule.ts";
import { SrtpStreamKeys } from "../../crypto/srtp_keys.ts";
import type { Authentication, SuiteName } from "../../crypto/suites.ts";
import { BoundedMap } from "../model/bounded_map.ts";

const MAX_SESSIONS = 4096;
/** Epochs of one session; a rotation each minute for two days. */
const MAX_EPOCHS = 4096;
/** Master keys in all: a capture may bring any number. */
const MAX_MASTERS = 65_536;
/** Imported keys, which cost memory in their backend. */
const MAX_IMPORTED = 4096;

/** How packets of a session are protected. */
export interface Protection {
  readonly suite: SuiteName;
  readonly authentication: Authentication;
}

export class SessionSecrets {
  readonly #chooseBackend: () => CryptoBackend;
  #chosen: CryptoBackend | undefined;
  readonly #masters = new BoundedMap<string, Map<number, Uint8Array>>(MAX_SESSIONS);
  #size = 0;
  readonly #keys = new BoundedMap<string, SrtpStreamKeys>(MAX_IMPORTED);
  readonly #macs = new BoundedMap<string, MacKey>(MAX_IMPORTED);

  /** The backend is asked for with the first key that is used: choosing one takes as long as reading ten thousand packets. */
  constructor(chooseBackend: () => CryptoBackend) {
    this.#chooseBackend = chooseBackend;
  }

  /** Master keys that are held. */
  get size(): number {
    return this.#size;
  }

  get isEmpty(): boolean {
    return this.#masters.size === 0;
  }

  /** Takes the master key of an epoch; copied. */
  add(sessionId: string, epoch: number, master: Uint8Array): void {
    let epochs = this.#masters.get(sessionId);
    if (epochs === undefined) this.#size -= this.#masters.set(sessionId, epochs = new Map())?.size ?? 0;
    if (!epochs.has(epoch)) {
      if (epochs.size >= MAX_EPOCHS || this.#size >= MAX_MASTERS) return;
      this.#size++;
    }
    epochs.set(epoch, master.slice());
  }

  has(sessionId: string): boolean {
    return this.#masters.get(sessionId) !== undefined;
  }

  /** The epochs whose keys are held, newest first; with a key phase only those that it may stand for. */
  epochs(sessionId: string, keyPhase?: number): readonly number[] {
    const all = [...this.#masters.get(sessionId)?.keys() ?? []];
    return all.filter((epoch) => keyPhase === undefined || epoch % 4 === keyPhase).sort((a, b) => b - a);
  }

  get #backend(): CryptoBackend {
    return this.#chosen ??= this.#chooseBackend();
  }

  /** The keys of a stream's packets; undefined where the epoch's master key is not held. */
  stream(
    sessionId: string,
    epoch: number,
    streamId: string,
    { suite, authentication }: Protection,
  ): SrtpStreamKeys | undefined {
    const name = `stream ${sessionId} ${epoch} ${streamId} ${suite} ${authentication}`;
    return this.#imported(
      name,
      sessionId,
      epoch,
      authentication,
      suite,
      (master) => streamKeys(master, streamId, suite),
    );
  }

  /** The keys of a peer's RTCP. */
  rtcp(
    sessionId: string,
    epoch: number,
    peerId: string,
    { suite, authentication }: Protection,
  ): SrtpStreamKeys | undefined {
    const name = `rtcp ${sessionId} ${epoch} ${peerId} ${suite} ${authentication}`;
    return this.#imported(name, sessionId, epoch, authentication, suite, (master) => rtcpKeys(master, peerId, suite));
  }

  /** The key that a peer seals messages with. */
  sealing(sessionId: string, epoch: number, peerId: string): MacKey | undefined {
    const name = `${sessionId} ${epoch} ${peerId}`;
    const known = this.#macs.get(name);
    const master = this.#masters.get(sessionId)?.get(epoch);
    if (known !== undefined || master === undefined) return known;
    const mac = this.#backend.importMac(sealingKey(master, peerId));
    this.#macs.set(name, mac)?.free();
    return mac;
  }

  #imported(
    name: string,
    sessionId: string,
    epoch: number,
    authentication: Authentication,
    suite: SuiteName,
    derive: (master: Uint8Array) => ReturnType<typeof streamKeys>,
  ): SrtpStreamKeys | undefined {
    const known = this.#keys.get(name);
    const master = this.#masters.get(sessionId)?.get(epoch);
    if (known !== undefined || master === undefined) return known;
    const keys = new SrtpStreamKeys(this.#backend, suite, authentication, derive(master));
    this.#keys.set(name, keys)?.free();
    return keys;
  }
}
