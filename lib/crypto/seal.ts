/**
 * Sealed JSON: how messages between peers are protected where no TLS reaches (SPEC ARC-SEAL-*).
 *
 * ```
 * +-------------------+------+---------------+----------------+
 * | JSON text         | 0x00 | counter, u48  | tag, 16 bytes  |
 * +-------------------+------+---------------+----------------+
 *                    -23    -22             -16               end
 *
 * tag = HMAC(sealing_key of the sender, JSON text || 0x00 || counter)[0..16]
 * ```
 *
 * Sealing protects against change, replay and reflection, not against reading.
 */
import { readU48, writeU48 } from "../base/bytes.ts";
import { fault, ok, type Parsed, truncated } from "../base/parsed.ts";
import type { MacKey } from "./backend.ts";
import { ReplayWindow } from "./replay_window.ts";

const TAG_BYTES = 16;
const COUNTER_BYTES = 6;
/** What sealing adds to a JSON text. */
export const SEAL_OVERHEAD_BYTES = 1 + COUNTER_BYTES + TAG_BYTES;
/** `{}` sealed: nothing shorter is a sealed unit. */
export const MIN_SEALED_BYTES = 2 + SEAL_OVERHEAD_BYTES;
/** SPEC ARC-UNIT-sealed-size: the largest sealed unit that a peer sends. */
export const MAX_SEALED_BYTES = 1232;
const MAX_COUNTER = 2 ** 48 - 1;

/** True for a JSON unit that is sealed: JSON text itself never holds a zero byte (SPEC ARC-SEAL-recognise). */
export function isSealed(unit: Uint8Array): boolean {
  return unit.length >= MIN_SEALED_BYTES && unit[unit.length - SEAL_OVERHEAD_BYTES] === 0;
}

/** Seals one peer's JSON in one epoch. The key is `sealingKey(master_key, own peer_id)`, imported into a backend. */
export class Sealer {
  readonly #mac: MacKey;
  #counter: number;

  /** `firstCounter` is a knob for tests; a sender starts at 0 in each epoch (SPEC ARC-SEAL-counter). */
  constructor(mac: MacKey, firstCounter = 0) {
    this.#mac = mac;
    this.#counter = firstCounter;
  }

  /** The counter of the next unit. */
  get nextCounter(): number {
    return this.#counter;
  }

  /**
   * Writes the sealed form of `json` at the start of `target`, which may already hold it there, and answers the bytes
   * written. `too_large` beyond 1232 bytes, `bad_state` when the counter is used up; then nothing has changed.
   *
   * @throws RangeError when `target` is too short.
   */
  seal(json: Uint8Array, target: Uint8Array): Parsed<number> {
    const bytes = json.length + SEAL_OVERHEAD_BYTES;
    if (bytes > MAX_SEALED_BYTES) {
      return fault("too_large", `Cannot seal message: need at most ${MAX_SEALED_BYTES} bytes, got ${bytes}`);
    }
    if (this.#counter > MAX_COUNTER) return fault("bad_state", "Cannot seal message: the counter is used up");
    if (target.length < bytes) {
      throw new RangeError(`Cannot seal message: need a buffer of ${bytes} bytes, got ${target.length}`);
    }
    target.set(json, 0);
    target[json.length] = 0;
    writeU48(target, json.length + 1, this.#counter++);
    this.#mac.sign(target, 0, bytes - TAG_BYTES, null, target, bytes - TAG_BYTES, TAG_BYTES);
    return ok(bytes);
  }

  /** Erases the key. Later use throws. */
  free(): void {
    this.#mac.free();
  }
}

/**
 * Opens what the other peer sealed in one epoch. The key is `sealingKey(master_key, the other's peer_id)`, so that
 * one's own units fail when they come back (SPEC ARC-SEAL-direction).
 */
export class SealReceiver {
  readonly #mac: MacKey;
  readonly #window = new ReplayWindow(64);

  constructor(mac: MacKey) {
    this.#mac = mac;
  }

  /**
   * The JSON text inside: a view into `unit`. Checks form, replay, tag, and only then marks the counter; a unit that
   * fails changes nothing. Reasons: `truncated`, `bad_value` (a plain unit), `replay`, `auth`.
   */
  open(unit: Uint8Array): Parsed<Uint8Array> {
    if (unit.length < MIN_SEALED_BYTES) return truncated("sealed unit", MIN_SEALED_BYTES, unit.length);
    const jsonBytes = unit.length - SEAL_OVERHEAD_BYTES;
    if (unit[jsonBytes] !== 0) {
      return fault("bad_value", "Cannot open sealed unit: it is not sealed", { offset: jsonBytes });
    }
    const counter = readU48(unit, jsonBytes + 1);
    if (!this.#window.check(counter)) {
      return fault("replay", `Cannot open sealed unit: counter ${counter} was seen or is too old`, {
        offset: jsonBytes + 1,
      });
    }
    const tagAt = unit.length - TAG_BYTES;
    if (!this.#mac.verify(unit, 0, tagAt, null, unit, tagAt, TAG_BYTES)) {
      return fault("auth", "Cannot open sealed unit: wrong tag", { offset: tagAt });
    }
    this.#window.commit(counter);
    return ok(unit.subarray(0, jsonBytes));
  }

  /** Erases the key. Later use throws. */
  free(): void {
    this.#mac.free();
  }
}

/** What {@link openSealed} found: the JSON text as a view into the unit, and which receiver opened it. */
export interface Opened {
  readonly json: Uint8Array;
  /** Index into the receivers that were tried. */
  readonly by: number;
}

/**
 * Tries the receivers of the epochs held, in the given order: current, then previous or pending, since a sealed unit
 * does not name its epoch (SPEC ARC-KEY-epoch-trial). At most four are ever held. Refused as `replay` only when every
 * epoch says so.
 */
export function openSealed(receivers: readonly SealReceiver[], unit: Uint8Array): Parsed<Opened> {
  let refusal = fault("auth", "Cannot open sealed unit: no epoch has a key");
  for (let by = 0; by < receivers.length; by++) {
    const opened = receivers[by].open(unit);
    if (opened.ok) return ok({ json: opened.value, by });
    if (by === 0 || opened.fault.reason === "auth") refusal = opened;
  }
  return refusal;
}
