/** The headers, names and buffer lists of 64 messages to receive, pointing at one another. */
import { addressOf, type Libc } from "./libc.ts";
import {
  HEADER_WORDS,
  IOV_AT,
  IOV_COUNT_AT,
  IOVEC_WORDS,
  NAME_AT,
  NAME_BYTES_AT,
  VECTOR_PACKETS,
} from "./message_layout.ts";
import { SOCKADDR_BYTES } from "./sockaddr.ts";
import { writeU64Words } from "./words.ts";

/** Words of one socket address in {@link ReceiveHeaders.names}. */
export const NAME_WORDS = SOCKADDR_BYTES / 4;

export class ReceiveHeaders {
  readonly words = new Uint32Array(VECTOR_PACKETS * HEADER_WORDS);
  /** The same memory, as a call takes it. */
  readonly bytes = new Uint8Array(this.words.buffer);
  /** Where each message came from, as the system has filled it in. */
  readonly names = new Uint32Array(VECTOR_PACKETS * NAME_WORDS);
  readonly #iovecs = new Uint32Array(VECTOR_PACKETS * IOVEC_WORDS);

  constructor(c: Libc) {
    const names = addressOf(c, new Uint8Array(this.names.buffer));
    const iovecs = addressOf(c, new Uint8Array(this.#iovecs.buffer));
    for (let i = 0; i < VECTOR_PACKETS; i++) {
      const header = i * HEADER_WORDS;
      writeU64Words(this.words, header + NAME_AT, names + 4 * NAME_WORDS * i);
      writeU64Words(this.words, header + IOV_AT, iovecs + 4 * IOVEC_WORDS * i);
      writeU64Words(this.words, header + IOV_COUNT_AT, 1);
    }
  }

  /** Lets message `i` fill `bytes` at `address`, which the caller keeps alive. */
  aim(i: number, address: number, bytes: number): void {
    writeU64Words(this.#iovecs, i * IOVEC_WORDS, address);
    writeU64Words(this.#iovecs, i * IOVEC_WORDS + 2, bytes);
  }

  /** Makes the first `count` ready again: the system writes over the room for a name. */
  reset(count: number): void {
    for (let i = 0; i < count; i++) this.words[i * HEADER_WORDS + NAME_BYTES_AT] = SOCKADDR_BYTES;
  }
}
