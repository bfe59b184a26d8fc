/**
 * Which worker serves an address. A session belongs to the worker that its id is hashed to, so both its peers meet
 * there, whichever worker the system has given their packets to:
 *
 * ```
 *   names its session (BIND, KEYS, UNBIND ...)  -->  the session's worker
 *   anything else                               -->  the worker where the address is bound, as that one has told us
 * ```
 *
 * A forged BIND leads nobody astray: what counts is what the session's worker has found proven.
 */
import { classifyUnit, UnitKind } from "../../packet/demux.ts";
import { NONE } from "../../relay/relay_addresses.ts";
import { isSealedUnit } from "../../relay/unit_priority.ts";

const SESSION_ID = /"session_id"\s*:\s*"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"/;
const latin1 = new TextDecoder("latin1");

export class Steering {
  readonly #workers: number;
  readonly #owners: Int16Array;
  readonly #serials: Uint32Array;

  constructor(workers: number, addresses: number) {
    this.#workers = workers;
    this.#owners = new Int16Array(addresses).fill(NONE);
    this.#serials = new Uint32Array(addresses);
  }

  /** The worker for a unit from an address, whose number means the same as when its owner was told when `serial` does. */
  workerFor(address: number, serial: number, bytes: Uint8Array, start: number, end: number): number {
    if (classifyUnit(bytes, start, end) === UnitKind.json && !isSealedUnit(bytes, start, end)) {
      const named = sessionIn(bytes.subarray(start, end));
      if (named !== undefined) return workerOf(named, this.#workers);
    }
    return this.ownerOf(address, serial);
  }

  ownerOf(address: number, serial: number): number {
    return this.#serials[address] === serial ? this.#owners[address] : NONE;
  }

  /** The address is bound at a worker; answers the one that it was bound at before, or {@link NONE}. */
  bound(address: number, serial: number, worker: number): number {
    const before = this.ownerOf(address, serial);
    this.#owners[address] = worker;
    this.#serials[address] = serial;
    return before === worker ? NONE : before;
  }
}

/** The session that a plain JSON unit names. */
export function sessionIn(unit: Uint8Array): string | undefined {
  return SESSION_ID.exec(latin1.decode(unit))?.[1];
}

/** FNV-1a: the same session, the same worker, in every thread. */
export function workerOf(sessionId: string, workers: number): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < sessionId.length; i++) h = Math.imul(h ^ sessionId.charCodeAt(i), 0x01000193);
  return ((h ^ (h >>> 15)) >>> 0) % workers;
}
