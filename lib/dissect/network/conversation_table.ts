/**
 * Conversations, which are pairs of endpoints that talk over UDP or TCP, found by the headers of a packet.
 *
 * The table is a cache of fixed size: sets of four places, in each of which the conversation that was silent longest
 * makes room. So its memory and its work per packet are constant, whatever number of addresses a capture has.
 */
import { readU32 } from "../../base/bytes.ts";
import { formatHostPort } from "../../base/address_table.ts";
import { ipv4Text, ipv6Text } from "./ip_text.ts";
import type { IpView } from "./ip_view.ts";

const WAYS = 4;
/** Kind, ports, and two addresses of four words; of IPv4 the first four words are all. */
const KEY_WORDS = 10;
const IPV4_KEY_WORDS = 4;
const DEFAULT_SETS = 4096;

/** One end of a conversation. */
export interface Endpoint {
  /** IP address as text; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** `1.2.3.4:5` or `[::1]:5`. */
  readonly text: string;
}

/** 0: from {@link Conversation.a} to `b`; 1: back. */
export type Direction = 0 | 1;

/** Two endpoints and what its users hang on them. `State` is theirs. */
export class Conversation<State> {
  /** Counts the conversations of the capture, from 1 on. */
  readonly number: number;
  /** PROTOCOL_UDP or PROTOCOL_TCP. */
  readonly protocol: number;
  /** The endpoint whose packet was seen first. */
  readonly a: Endpoint;
  readonly b: Endpoint;
  readonly state: State;

  constructor(number: number, protocol: number, a: Endpoint, b: Endpoint, state: State) {
    this.number = number;
    this.protocol = protocol;
    this.a = a;
    this.b = b;
    this.state = state;
  }

  /** Who sends in a direction. */
  from(direction: Direction): Endpoint {
    return direction === 0 ? this.a : this.b;
  }

  to(direction: Direction): Endpoint {
    return direction === 0 ? this.b : this.a;
  }
}

export class ConversationTable<State> {
  /** Set by {@link find}: which way the packet goes. */
  direction: Direction = 0;
  /** Conversations that had to make room: if they go on, they count as new. */
  evicted = 0;

  readonly #sets: number;
  readonly #keys: Uint32Array;
  readonly #slots: (Conversation<State> | undefined)[];
  /** When each was last used, on a clock that counts lookups. */
  readonly #usedAt: Float64Array;
  /** 1 where the conversation's `a` is the second address of the key. */
  readonly #isSwapped: Uint8Array;
  readonly #newState: () => State;
  readonly #onEvict: (conversation: Conversation<State>) => void;
  readonly #key = new Uint32Array(KEY_WORDS);
  /** Of the key that was made last; the first word tells the families apart. */
  #keyWords = KEY_WORDS;
  #clock = 0;
  #count = 0;

  /** `sets` is a power of two; the table holds four times as many conversations. */
  constructor(
    newState: () => State,
    onEvict: (conversation: Conversation<State>) => void,
    sets = DEFAULT_SETS,
  ) {
    this.#sets = sets;
    this.#keys = new Uint32Array(sets * WAYS * KEY_WORDS);
    this.#slots = new Array<Conversation<State> | undefined>(sets * WAYS).fill(undefined);
    this.#usedAt = new Float64Array(sets * WAYS);
    this.#isSwapped = new Uint8Array(sets * WAYS);
    this.#newState = newState;
    this.#onEvict = onEvict;
  }

  /** Conversations seen so far. */
  get count(): number {
    return this.#count;
  }

  /** The conversation of a packet; a new one is made where there is none. Sets {@link direction}. */
  find(ip: IpView, protocol: number, sourcePort: number, destinationPort: number): Conversation<State> {
    const isReversed = this.#makeKey(ip, protocol, sourcePort, destinationPort);
    const first = this.#setOfKey() * WAYS;
    const now = ++this.#clock;
    for (let slot = first; slot < first + WAYS; slot++) {
      const conversation = this.#slots[slot];
      if (conversation === undefined || !this.#holdsKey(slot)) continue;
      this.#usedAt[slot] = now;
      this.direction = isReversed === (this.#isSwapped[slot] === 1) ? 0 : 1;
      return conversation;
    }
    return this.#add(this.#roomIn(first), ip, protocol, sourcePort, destinationPort, isReversed);
  }

  /** Every conversation that is held. */
  *held(): Generator<Conversation<State>> {
    for (const conversation of this.#slots) if (conversation !== undefined) yield conversation;
  }

  #add(
    slot: number,
    ip: IpView,
    protocol: number,
    sourcePort: number,
    destinationPort: number,
    isReversed: boolean,
  ): Conversation<State> {
    const from = endpoint(ip, ip.sourceAt, sourcePort);
    const to = endpoint(ip, ip.destinationAt, destinationPort);
    const conversation = new Conversation<State>(++this.#count, protocol, from, to, this.#newState());
    this.#slots[slot] = conversation;
    this.#keys.set(this.#key, slot * KEY_WORDS);
    this.#usedAt[slot] = this.#clock;
    this.#isSwapped[slot] = isReversed ? 1 : 0;
    this.direction = 0;
    return conversation;
  }

  #roomIn(first: number): number {
    let oldest = first;
    for (let slot = first; slot < first + WAYS; slot++) {
      if (this.#slots[slot] === undefined) return slot;
      if (this.#usedAt[slot] < this.#usedAt[oldest]) oldest = slot;
    }
    const conversation = this.#slots[oldest];
    if (conversation !== undefined) this.#onEvict(conversation);
    this.#slots[oldest] = undefined;
    this.evicted++;
    return oldest;
  }

  /** Writes the key with the lower endpoint first; true where that is the destination. */
  #makeKey(ip: IpView, protocol: number, sourcePort: number, destinationPort: number): boolean {
    const key = this.#key;
    const { header, sourceAt, destinationAt } = ip;
    const words = ip.version === 4 ? 1 : 4;
    let order = 0;
    for (let i = 0; i < words && order === 0; i++) {
      order = readU32(header, sourceAt + 4 * i) - readU32(header, destinationAt + 4 * i);
    }
    if (order === 0) order = sourcePort - destinationPort;
    const isReversed = order > 0;
    const low = isReversed ? destinationAt : sourceAt;
    const high = isReversed ? sourceAt : destinationAt;
    key[0] = (ip.version << 8) | protocol;
    key[1] = isReversed ? destinationPort * 65_536 + sourcePort : sourcePort * 65_536 + destinationPort;
    for (let i = 0; i < words; i++) {
      key[2 + 2 * i] = readU32(header, low + 4 * i);
      key[3 + 2 * i] = readU32(header, high + 4 * i);
    }
    this.#keyWords = words === 1 ? IPV4_KEY_WORDS : KEY_WORDS;
    return isReversed;
  }

  #setOfKey(): number {
    const key = this.#key;
    let hash = 0;
    for (let i = 0; i < this.#keyWords; i++) hash = Math.imul(hash ^ key[i], 0x9e37_79b1) ^ (hash >>> 15);
    return (hash ^ (hash >>> 13)) & (this.#sets - 1);
  }

  #holdsKey(slot: number): boolean {
    const key = this.#key;
    const at = slot * KEY_WORDS;
    for (let i = 0; i < this.#keyWords; i++) if (this.#keys[at + i] !== key[i]) return false;
    return true;
  }
}

function endpoint(ip: IpView, at: number, port: number): Endpoint {
  const host = ip.version === 4 ? ipv4Text(ip.header, at) : ipv6Text(ip.header, at);
  return { host, port, text: formatHostPort({ host, port }) };
}
