/**
 * One direction of a WebSocket (RFC 6455 §5.2): frames unmasked, messages put together and inflated.
 *
 * ```
 * FIN, RSV1..3, opcode 4 | MASK, length 7 | u16 (126) or u64 (127) length | mask 4, if MASK | payload ...
 * ```
 */
import { readU16, readU32 } from "../../base/bytes.ts";
import { fault, type Parsed } from "../../base/parsed.ts";
import { ByteWindow } from "../capture/byte_window.ts";
import type { MemoryBudget } from "../network/memory_budget.ts";
import { INFLATE_WINDOW_BYTES, MessageInflater } from "./message_inflater.ts";
import { Pieces } from "./pieces.ts";
import type { StreamReader } from "./stream_reader.ts";

/** Far above a Phoenix frame around the largest message. */
const MAX_MESSAGE_BYTES = 262_144;
const MAX_CONTROL_BYTES = 125;
/** FIN, opcode, mask and the longest length. */
const MAX_HEADER_BYTES = 14;

const OPCODE_CONTINUATION = 0;
const OPCODE_TEXT = 1;
const OPCODE_BINARY = 2;
const OPCODE_CLOSE = 8;
const OPCODE_PONG = 10;

/** How a direction is compressed, as the handshake left it. */
export interface WebSocketCompression {
  /** False where the sender begins each message anew. */
  readonly keepsWindow: boolean;
}

/** Takes the messages of a direction. */
export interface WebSocketSink {
  /** Borrowed for the call. */
  message(bytes: Uint8Array, start: number, end: number): void;
  note(message: string): void;
}

export class WebSocketReader implements StreamReader {
  readonly #sink: WebSocketSink;
  readonly #budget: MemoryBudget;
  readonly #pieces: Pieces;
  readonly #compression: () => WebSocketCompression;
  #inflater: MessageInflater | undefined;
  readonly #header = new FrameHeader();
  #isInStep: boolean;
  /** What has come of a message in several frames; undefined between messages. */
  #message: ByteWindow | undefined;
  #isCompressed = false;
  /** Some message was not read. */
  #hasMissed = false;

  /** `compression` is asked for when the first compressed message comes: the handshake is over by then. */
  constructor(
    sink: WebSocketSink,
    budget: MemoryBudget,
    isInStep: boolean,
    compression: () => WebSocketCompression,
  ) {
    this.#sink = sink;
    this.#budget = budget;
    this.#pieces = new Pieces((bytes, start, end) => this.#consume(bytes, start, end), budget);
    this.#isInStep = isInStep;
    // A reader that joins a stream under way has missed what was before.
    this.#hasMissed = !isInStep;
    this.#compression = compression;
  }

  push(bytes: Uint8Array, start: number, end: number, isSegmentStart: boolean): void {
    if (!this.#isInStep) {
      if (!isSegmentStart || walkWebSocketFrames(bytes, start, end) === "no") return;
      this.#isInStep = true;
    }
    if (this.#pieces.push(bytes, start, end)) return;
    this.#sink.note("no memory for a WebSocket frame that came in pieces");
    this.#loseMessages();
  }

  gap(): void {
    this.#pieces.clear();
    this.#loseMessages();
  }

  end(): void {
    if (this.#pieces.heldBytes > 0) this.#sink.note("the stream ends within a WebSocket frame");
    this.#pieces.clear();
    this.#dropMessage();
    if (this.#inflater !== undefined) this.#budget.give(INFLATE_WINDOW_BYTES);
    this.#inflater = undefined;
  }

  #consume(bytes: Uint8Array, start: number, end: number): number {
    const header = this.#header;
    let at = start;
    for (;;) {
      const state = header.parse(bytes, at, end);
      if (state === "short") return at;
      if (state === "bad") {
        this.#sink.note("what should be a WebSocket frame is none");
        this.#loseMessages();
        return end;
      }
      const payloadStart = at + header.headerBytes;
      const payloadEnd = payloadStart + header.payloadBytes;
      if (header.payloadBytes > MAX_MESSAGE_BYTES) {
        this.#sink.note(`passed over a WebSocket frame of ${header.payloadBytes} bytes: too large`);
        this.#missMessage();
        if (!Number.isSafeInteger(payloadEnd)) return end;
        if (payloadEnd >= end) return payloadEnd;
      } else {
        if (payloadEnd > end) return at;
        if (header.opcode < OPCODE_CLOSE) this.#takeFrame(bytes, payloadStart, payloadEnd);
      }
      at = payloadEnd;
    }
  }

  #takeFrame(bytes: Uint8Array, start: number, end: number): void {
    const { opcode, isFinal, isCompressed } = this.#header;
    const isFirst = opcode !== OPCODE_CONTINUATION;
    // The first half of a message may have been passed over, for its size or with a hole: so is its second.
    if (!isFirst && this.#message === undefined) return;
    if (isFirst) {
      this.#dropMessage();
      this.#isCompressed = isCompressed;
    }
    const payload = this.#unmasked(bytes, start, end);
    if (isFirst && isFinal) return this.#finish(payload);
    if (!this.#append(payload)) {
      this.#sink.note("passed over a WebSocket message in many frames: too large");
      return this.#missMessage();
    }
    const whole = this.#message;
    if (!isFinal || whole === undefined) return;
    this.#finish(whole.bytes.subarray(whole.start, whole.end));
    this.#dropMessage();
  }

  /** False when the message grows beyond what is kept. */
  #append(payload: Uint8Array): boolean {
    const message = this.#message ??= new ByteWindow();
    if (message.length + payload.length > MAX_MESSAGE_BYTES) return false;
    const before = message.capacity;
    message.append(payload);
    if (this.#budget.take(message.capacity - before)) return true;
    this.#budget.give(before);
    this.#message = undefined;
    return false;
  }

  #finish(payload: Uint8Array): void {
    if (!this.#isCompressed) return this.#sink.message(payload, 0, payload.length);
    const message = this.#inflate(payload);
    if (message.ok) this.#sink.message(message.value, 0, message.value.length);
    else this.#sink.note(message.fault.message);
  }

  #inflate(payload: Uint8Array): Parsed<Uint8Array> {
    if (this.#inflater === undefined) {
      if (!this.#budget.take(INFLATE_WINDOW_BYTES)) {
        return fault("too_large", "Cannot inflate message: there is no memory for its window");
      }
      this.#inflater = new MessageInflater(this.#compression().keepsWindow, MAX_MESSAGE_BYTES);
      if (this.#hasMissed) this.#inflater.lose();
    }
    return this.#inflater.inflate(payload);
  }

  /** In place where there is no mask. */
  #unmasked(bytes: Uint8Array, start: number, end: number): Uint8Array {
    const payload = bytes.subarray(start, end);
    if (!this.#header.isMasked) return payload;
    const plain = payload.slice();
    for (let i = 0; i < plain.length; i++) plain[i] ^= bytes[start - 4 + (i & 3)];
    return plain;
  }

  #dropMessage(): void {
    if (this.#message !== undefined) this.#budget.give(this.#message.capacity);
    this.#message = undefined;
  }

  /** A message is not read: later ones may be compressed with it. */
  #missMessage(): void {
    this.#dropMessage();
    this.#hasMissed = true;
    this.#inflater?.lose();
  }

  /** The next frame has to be found first. */
  #loseMessages(): void {
    this.#missMessage();
    this.#isInStep = false;
  }
}

/** A frame's header, read in place. */
class FrameHeader {
  isFinal = false;
  isCompressed = false;
  opcode = 0;
  isMasked = false;
  payloadBytes = 0;
  headerBytes = 0;

  parse(bytes: Uint8Array, at: number, end: number): "ok" | "short" | "bad" {
    if (at + 2 > end) return "short";
    const first = bytes[at];
    const second = bytes[at + 1];
    this.isFinal = (first & 0x80) !== 0;
    this.isCompressed = (first & 0x40) !== 0;
    this.opcode = first & 0x0f;
    this.isMasked = (second & 0x80) !== 0;
    const short = second & 0x7f;
    const isControl = this.opcode >= OPCODE_CLOSE;
    const isKnown = this.opcode <= OPCODE_BINARY || (isControl && this.opcode <= OPCODE_PONG);
    if ((first & 0x30) !== 0 || !isKnown) return "bad";
    if (isControl && (!this.isFinal || this.isCompressed || short > MAX_CONTROL_BYTES)) return "bad";
    if (this.isCompressed && this.opcode === OPCODE_CONTINUATION) return "bad";
    const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0;
    this.headerBytes = 2 + lengthBytes + (this.isMasked ? 4 : 0);
    if (at + this.headerBytes > end) return "short";
    this.payloadBytes = short;
    if (lengthBytes === 2) this.payloadBytes = readU16(bytes, at + 2);
    if (lengthBytes === 8) this.payloadBytes = readU32(bytes, at + 2) * 0x1_0000_0000 + readU32(bytes, at + 6);
    return "ok";
  }
}

const walker = new FrameHeader();

/**
 * Whether `bytes[start..end)` reads as WebSocket frames from its first byte on, none of them for nothing: `exact` when the
 * last one ends where the bytes do.
 */
export function walkWebSocketFrames(bytes: Uint8Array, start: number, end: number): "exact" | "part" | "no" {
  let at = start;
  while (at < end) {
    const state = walker.parse(bytes, at, end);
    if (state === "bad") return "no";
    if (state === "short") return end - at < MAX_HEADER_BYTES && at > start ? "part" : "no";
    if (walker.payloadBytes > MAX_MESSAGE_BYTES) return "no";
    const isPlainText = walker.opcode === OPCODE_TEXT && !walker.isMasked && !walker.isCompressed;
    const first = bytes[at + walker.headerBytes];
    // Messages are JSON objects, or lists around them.
    if (isPlainText && at + walker.headerBytes < end && first !== 0x7b && first !== 0x5b) return "no";
    at += walker.headerBytes + walker.payloadBytes;
  }
  return at === end ? "exact" : "part";
}
