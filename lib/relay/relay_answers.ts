/** The relay's own messages on their way out, and the rule that keeps it from amplifying. */
import { PacketBatch } from "../base/batch.ts";
import { utf8 } from "../base/bytes.ts";
import { MAX_UNIT_BYTES } from "../packet/demux.ts";
import type { ErrorCode } from "../signaling/error_codes.ts";
import type { ReplyContext } from "../signaling/error_reply.ts";
import { writeMessage } from "../signaling/parse_message.ts";
import type { RelayCounters } from "./relay_counters.ts";

/** Answers that may wait to be sent: those of a burst that is taken in at one go. */
const MAX_ANSWERS = 256;

/** What an answer is to. */
export interface Request {
  readonly address: number;
  /** Length of the request. Only to whoever has proven its token may an answer be longer. */
  readonly bytes: number;
}

export class RelayAnswers {
  readonly #waiting = new PacketBatch(MAX_ANSWERS, MAX_UNIT_BYTES);
  readonly #counters: RelayCounters;

  constructor(counters: RelayCounters) {
    this.#counters = counters;
  }

  /** Answers that wait to be polled. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Answers somebody who has proven token and address. */
  toPeer(text: string, { address }: Request): void {
    if (!this.#waiting.push(utf8(text), address)) this.#counters.drop("answer_queue");
  }

  /**
   * Answers somebody who has proven no token, with no more bytes than came: false, when the answer is larger and is not
   * sent. SPEC ARC-RELAY-challenge-size, ARC-RELAY-nil-heartbeat-size.
   */
  toStranger(text: string, { address, bytes }: Request): boolean {
    const unit = utf8(text);
    if (unit.length > bytes) return false;
    if (this.#waiting.push(unit, address)) this.#counters.strangerAnswer(unit.length);
    else this.#counters.drop("answer_queue");
    return true;
  }

  /**
   * Refuses, with as many words as the request has room for. Of a message with a `path` in it that is the last that may
   * be left out (SPEC ARC-SIG-error-path).
   */
  error(
    code: ErrorCode,
    message: string,
    context: ReplyContext,
    timestamp: number,
    request: Request,
    path?: string,
  ): void {
    const whole = (words: string) => writeMessage({ type: "ERROR", code, message: words, ...context, timestamp });
    const room = Math.max(0, request.bytes - utf8(whole("")).length);
    const shorter = path === undefined ? [message.slice(0, room), ""] : [path];
    const isSent = [message, ...shorter].some((words) => this.toStranger(whole(words), request));
    if (isSent) this.#counters.message("error");
    else this.#counters.drop("answer_larger");
  }

  /** Refuses a bound peer's request, in full. SPEC ARC-SIG-error-path. */
  errorInFull(code: ErrorCode, message: string, context: ReplyContext, timestamp: number, request: Request): void {
    this.#counters.message("error");
    this.toPeer(writeMessage({ type: "ERROR", code, message, ...context, timestamp }), request);
  }

  /** Moves what waits to the end of `out`, as far as there is room; answers how many. */
  poll(out: PacketBatch): number {
    const waiting = this.#waiting;
    const count = Math.min(waiting.size, out.capacity - out.size);
    for (let i = 0; i < count; i++) out.push(waiting.packet(i), waiting.addresses[i]);
    // What is left moves up.
    for (let i = count; i < waiting.size; i++) {
      waiting.bytes.copyWithin(waiting.offset(i - count), waiting.offset(i), waiting.offset(i) + waiting.lengths[i]);
      waiting.lengths[i - count] = waiting.lengths[i];
      waiting.addresses[i - count] = waiting.addresses[i];
    }
    waiting.size -= count;
    return count;
  }
}
