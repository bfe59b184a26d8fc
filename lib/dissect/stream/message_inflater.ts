/**
 * Messages compressed by permessage-deflate (RFC 7692 §7.2.2): raw DEFLATE without its last empty block, each message
 * referring back to the ones before it unless the endpoints agreed otherwise.
 *
 * zlib is used one message at a time: what earlier messages left in the window is put in front as a stored block.
 *
 * ```
 * 00 | u16 length, little-endian | its complement | window ...     stored block, not the last
 * message ...
 * 00 00 ff ff                                                      what the sender took off
 * ```
 */
import { constants, inflateRawSync } from "node:zlib";
import { EMPTY_BYTES } from "../../base/bytes.ts";
import { fault, ok, type Parsed } from "../../base/parsed.ts";
import { writeU16Le } from "../../media/container/little_endian.ts";

/** What a stream's window holds of the past. */
export const INFLATE_WINDOW_BYTES = 32_768;
const STORED_HEADER_BYTES = 5;
const TAIL = [0x00, 0x00, 0xff, 0xff];

export class MessageInflater {
  readonly #keepsWindow: boolean;
  readonly #maxBytes: number;
  #window: Uint8Array = EMPTY_BYTES;
  #isBroken = false;

  /** `keepsWindow` unless the sender agreed to `no_context_takeover`; a message longer than `maxBytes` is refused. */
  constructor(keepsWindow: boolean, maxBytes: number) {
    this.#keepsWindow = keepsWindow;
    this.#maxBytes = maxBytes;
  }

  /** Tells that messages were missed: those that follow may refer to them. */
  lose(): void {
    this.#isBroken = this.#keepsWindow;
    this.#window = EMPTY_BYTES;
  }

  /** The message's bytes. `bad_state` once messages before it were missed, `too_large`, `bad_value` for no DEFLATE. */
  inflate(compressed: Uint8Array): Parsed<Uint8Array> {
    if (this.#isBroken) {
      return fault("bad_state", "Cannot inflate message: it is compressed with what came before and is not here");
    }
    try {
      const whole = inflateRawSync(this.#withWindow(compressed), {
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: this.#window.length + this.#maxBytes,
      });
      const message = new Uint8Array(whole.buffer, whole.byteOffset, whole.length).subarray(this.#window.length);
      if (this.#keepsWindow) {
        this.#window = new Uint8Array(whole.subarray(Math.max(0, whole.length - INFLATE_WINDOW_BYTES)));
      }
      return ok(message);
    } catch (error) {
      const isTooLarge = error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
      this.lose();
      return isTooLarge
        ? fault("too_large", `Cannot inflate message: it is longer than ${this.#maxBytes} bytes`)
        : fault("bad_value", "Cannot inflate message: it is no DEFLATE stream, or refers to what is not here");
    }
  }

  #withWindow(compressed: Uint8Array): Uint8Array {
    const head = this.#window.length === 0 ? 0 : STORED_HEADER_BYTES + this.#window.length;
    const input = new Uint8Array(head + compressed.length + TAIL.length);
    if (head > 0) {
      writeU16Le(input, 1, this.#window.length);
      writeU16Le(input, 3, ~this.#window.length);
      input.set(this.#window, STORED_HEADER_BYTES);
    }
    input.set(compressed, head);
    input.set(TAIL, head + compressed.length);
    return input;
  }
}
