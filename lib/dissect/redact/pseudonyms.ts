/**
 * Names that stand for others, the same for the same one throughout a capture, of the same length and form: sizes stay, and
 * what was equal stays equal. Nothing leads back from them: they are random.
 */
import { below, type Rng } from "../../base/rng.ts";
import { NIL_UUID, uuidV4 } from "../../base/uuid.ts";
import { parseIp } from "../ip_packet_writer.ts";
import { BoundedMap } from "../model/bounded_map.ts";

/** Names of each kind that are remembered; beyond, one that comes back gets another. */
const MAX_NAMES = 65_536;
/** Tries for an address that stands for no other yet. */
const MAX_TRIES = 64;

const HEX = "0123456789abcdef";
const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

export class Pseudonyms {
  readonly #rng: Rng;
  readonly #uuids = new BoundedMap<string, string>(MAX_NAMES);
  readonly #addresses = new BoundedMap<string, string>(MAX_NAMES);
  readonly #usedAddresses = new BoundedMap<string, true>(MAX_NAMES);
  readonly #secrets = new BoundedMap<string, string>(MAX_NAMES);

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  /** Names replaced so far, by kind. */
  get counts(): { readonly addresses: number; readonly ids: number; readonly secrets: number } {
    return { addresses: this.#addresses.size, ids: this.#uuids.size, secrets: this.#secrets.size };
  }

  /**
   * Names these so that the order of their texts stays: which of two peers has the lower peer_id decides who is the caller
   * (SPEC ARC-SIG-state-crossing-connect).
   */
  keepOrder(uuids: readonly string[]): void {
    const real = [...new Set(uuids)].filter((id) => id !== NIL_UUID).sort();
    const names = real.map(() => uuidV4(this.#rng)).sort();
    real.forEach((id, i) => this.#uuids.set(id, names[i]));
  }

  /** For a UUID in lower case; the nil one stands for itself. */
  uuid(id: string): string {
    return id === NIL_UUID ? id : this.#uuids.obtain(id, () => uuidV4(this.#rng));
  }

  /** For an IP address as text. Each group of digits keeps its length, so the text does too. */
  address(text: string): string {
    return this.#addresses.obtain(text, () => {
      let name = this.#addressLike(text);
      for (let i = 0; i < MAX_TRIES && this.#usedAddresses.get(name) === true; i++) name = this.#addressLike(text);
      this.#usedAddresses.set(name, true);
      return name;
    });
  }

  /** For a key, proof, challenge or token: hexadecimal digits stay such, anything else is letters and digits. */
  secret(text: string): string {
    return this.#secrets.obtain(text, () => {
      const alphabet = /^[0-9a-f]*$/.test(text) ? HEX : BASE64;
      // The last character of Base64 may stand for fewer than six bits, the others of which must be 0: A is.
      return Array.from(text, (character, i) => {
        if (character === "=") return "=";
        return alphabet === BASE64 && i === text.length - 1 ? "A" : alphabet[below(this.#rng, alphabet.length)];
      }).join("");
    });
  }

  #addressLike(text: string): string {
    const [address, ...zone] = text.split("%");
    const [head, tail = ""] = address.includes(":") && address.includes(".")
      ? [address.slice(0, address.lastIndexOf(":") + 1), address.slice(address.lastIndexOf(":") + 1)]
      : [address, ""];
    const name = head.includes(":") ? this.#groups(head) + this.#octets(tail) : this.#octets(head);
    return [name, ...zone.map((each) => "x".repeat(each.length))].join("%");
  }

  #octets(text: string): string {
    const [least, range] = [[0, 1, 10, 100], [0, 9, 90, 100]];
    return text.replace(/\d+/g, (digits) => {
      const { length } = digits;
      return String(least[length] + below(this.#rng, range[length]));
    });
  }

  /** Groups of zero stay: they are what `::` was chosen by (RFC 5952 §4.2). */
  #groups(text: string): string {
    return text.replace(/[0-9a-f]+/g, (digits) => {
      if (digits === "0" || (digits === "ffff" && text === "::ffff:")) return digits;
      const first = HEX[1 + below(this.#rng, 15)];
      return first + Array.from({ length: digits.length - 1 }, () => HEX[below(this.#rng, 16)]).join("");
    });
  }
}

/** Whether a text is an address that {@link Pseudonyms.address} can stand for. */
export function isAddress(text: string): boolean {
  return parseIp(text) !== undefined;
}
