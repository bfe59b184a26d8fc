/**
 * IP fragments put together again (RFC 791 §3.2, RFC 8200 §4.5), with bounded memory whatever comes.
 *
 * Fragments may come in any order and repeatedly. Two that overlap and disagree void their packet: nobody sends such by
 * accident (RFC 5722).
 */
import { toHex } from "../../base/bytes.ts";
import type { IpView } from "./ip_view.ts";

/** Places are counted in units of 8 bytes. */
const UNIT_BYTES = 8;
const MAX_PACKET_BYTES = 65_535;
const MAX_UNITS = Math.ceil(MAX_PACKET_BYTES / UNIT_BYTES);

export interface FragmentLimits {
  /** Packets that wait for their other parts. */
  readonly maxPackets: number;
  /** Bytes of all of them. */
  readonly maxBytes: number;
  /** A packet that is not whole after this time on the capture's clock is given up. */
  readonly timeoutS: number;
}

export const DEFAULT_FRAGMENT_LIMITS: FragmentLimits = { maxPackets: 1024, maxBytes: 4 * 1024 * 1024, timeoutS: 30 };

class Pending {
  bytes = new Uint8Array(2048);
  readonly have = new Uint8Array(Math.ceil(MAX_UNITS / 8));
  haveUnits = 0;
  /** One past the last byte of any fragment so far. */
  seenBytes = 0;
  /** Known once the last fragment has come; -1 before. */
  totalBytes = -1;
  /** What the payload is, by the first fragment. */
  protocol = 0;
  readonly firstS: number;

  constructor(firstS: number) {
    this.firstS = firstS;
  }

  get heldBytes(): number {
    return this.bytes.length + this.have.length;
  }

  get isWhole(): boolean {
    return this.totalBytes >= 0 && this.haveUnits === Math.ceil(this.totalBytes / UNIT_BYTES);
  }

  reserve(bytes: number): void {
    if (bytes <= this.bytes.length) return;
    const larger = new Uint8Array(Math.min(MAX_PACKET_BYTES, Math.max(bytes, 2 * this.bytes.length)));
    larger.set(this.bytes);
    this.bytes = larger;
  }
}

export class FragmentTable {
  /** Packets given up because parts of them never came, or because there were too many at once. */
  incomplete = 0;
  /** Packets given up because their fragments contradict one another. */
  contradictory = 0;

  readonly #limits: FragmentLimits;
  readonly #pending = new Map<string, Pending>();
  #heldBytes = 0;

  constructor(limits: FragmentLimits = DEFAULT_FRAGMENT_LIMITS) {
    this.#limits = limits;
  }

  /** Packets that wait for their other parts. */
  get waiting(): number {
    return this.#pending.size;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /**
   * Takes the fragment that `ip` stands on. When it completes its packet, `ip` is moved to that packet's payload, in a
   * buffer of its own, and the answer is true.
   */
  handle(ip: IpView, timeS: number): boolean {
    this.#expire(timeS);
    const key = keyOf(ip);
    const length = ip.payloadEnd - ip.payloadStart;
    const end = ip.fragmentOffset + length;
    if (end > MAX_PACKET_BYTES || (ip.hasMoreFragments && ip.missingBytes === 0 && length % UNIT_BYTES !== 0)) {
      this.contradictory++;
      this.#drop(key);
      return false;
    }
    const packet = this.#pending.get(key) ?? this.#open(key, timeS);
    const before = packet.heldBytes;
    packet.reserve(end);
    this.#heldBytes += packet.heldBytes - before;
    if (!put(packet, ip, length)) {
      this.contradictory++;
      this.#drop(key);
      return false;
    }
    if (packet.isWhole) {
      this.#drop(key);
      return ip.continueWith(packet.bytes, 0, packet.totalBytes, packet.protocol);
    }
    this.#makeRoom(key);
    return false;
  }

  /** Gives up all that waits: nothing more comes. */
  end(): void {
    for (const key of [...this.#pending.keys()]) {
      this.#drop(key);
      this.incomplete++;
    }
  }

  #open(key: string, timeS: number): Pending {
    const packet = new Pending(timeS);
    this.#pending.set(key, packet);
    this.#heldBytes += packet.heldBytes;
    return packet;
  }

  #drop(key: string): void {
    const packet = this.#pending.get(key);
    if (packet === undefined) return;
    this.#heldBytes -= packet.heldBytes;
    this.#pending.delete(key);
  }

  /** The oldest go first; map order is that of insertion. */
  #makeRoom(newest: string): void {
    for (const key of this.#pending.keys()) {
      const fits = this.#pending.size <= this.#limits.maxPackets && this.#heldBytes <= this.#limits.maxBytes;
      if (fits || key === newest) return;
      this.#drop(key);
      this.incomplete++;
    }
  }

  #expire(timeS: number): void {
    for (const [key, packet] of this.#pending) {
      if (timeS - packet.firstS <= this.#limits.timeoutS) return;
      this.#drop(key);
      this.incomplete++;
    }
  }
}

/** Copies the fragment in; false where it contradicts what is there. A part that the capture cut is not there. */
function put(packet: Pending, ip: IpView, length: number): boolean {
  const { bytes, have } = packet;
  const first = ip.fragmentOffset;
  if (first === 0) packet.protocol = ip.protocol;
  packet.seenBytes = Math.max(packet.seenBytes, first + length);
  if (!ip.hasMoreFragments && ip.missingBytes === 0) {
    if (packet.totalBytes >= 0 && packet.totalBytes !== first + length) return false;
    packet.totalBytes = first + length;
  }
  if (packet.totalBytes >= 0 && packet.seenBytes > packet.totalBytes) return false;
  for (let at = 0; at < length; at += UNIT_BYTES) {
    const count = Math.min(UNIT_BYTES, length - at);
    const isWhole = count === UNIT_BYTES || (!ip.hasMoreFragments && ip.missingBytes === 0);
    const unit = (first + at) / UNIT_BYTES;
    const mask = 1 << (unit & 7);
    const from = ip.payloadStart + at;
    if ((have[unit >>> 3] & mask) !== 0) {
      for (let i = 0; i < count; i++) if (bytes[first + at + i] !== ip.bytes[from + i]) return false;
    } else if (isWhole) {
      for (let i = 0; i < count; i++) bytes[first + at + i] = ip.bytes[from + i];
      have[unit >>> 3] |= mask;
      packet.haveUnits++;
    }
  }
  return true;
}

/** IPv4 tells packets apart by protocol too, IPv6 does not: its fragments but the first need not repeat it. */
function keyOf(ip: IpView): string {
  const addressBytes = ip.version === 4 ? 4 : 16;
  const source = toHex(ip.header.subarray(ip.sourceAt, ip.sourceAt + addressBytes));
  const destination = toHex(ip.header.subarray(ip.destinationAt, ip.destinationAt + addressBytes));
  const kind = ip.version === 4 ? ip.protocol : 0;
  return `${source} ${destination} ${kind} ${ip.fragmentId}`;
}
