/** What the two directions of a TCP connection carry: units framed by their length, WebSocket, NATS, or none of ours. */
import { concatBytes, EMPTY_BYTES } from "../../base/bytes.ts";
import type { Direction } from "../network/conversation_table.ts";
import type { MemoryBudget } from "../network/memory_budget.ts";
import type { ConnectionSink } from "../network/tcp_connection.ts";
import type { ByteSink } from "../network/tcp_direction.ts";
import type { Envelope } from "../units/envelope.ts";
import { FramedReader } from "./framed_reader.ts";
import type { HttpHead } from "./http_head.ts";
import { HttpReader } from "./http_reader.ts";
import { NatsReader } from "./nats_reader.ts";
import { unwrapText } from "./phoenix_unwrap.ts";
import { GUESS_BYTES, guessStream, type StreamKind } from "./stream_guess.ts";
import type { StreamReader, StreamSink } from "./stream_reader.ts";
import { type WebSocketCompression, WebSocketReader } from "./websocket_reader.ts";

/** Takes the units of both directions. */
export interface SessionSink {
  unit(
    direction: Direction,
    kind: StreamKind,
    bytes: Uint8Array,
    start: number,
    end: number,
    envelope: Envelope | undefined,
  ): void;
  note(direction: Direction, message: string): void;
}

export class StreamSession implements ConnectionSink {
  readonly directions: readonly [StreamDirection, StreamDirection];
  /** Known once either direction has shown enough; `http` becomes `websocket` with its handshake. */
  kind: StreamKind | undefined;
  /** True when the first byte of the connection is in the capture. */
  isFromStart = false;
  /** Sec-WebSocket-Extensions as the server agreed to them; undefined where the handshake is not in the capture. */
  extensions: string | undefined;
  /** The direction of the client's requests. */
  client: Direction | undefined;
  readonly sink: SessionSink;
  readonly budget: MemoryBudget;

  constructor(sink: SessionSink, budget: MemoryBudget) {
    this.sink = sink;
    this.budget = budget;
    this.directions = [new StreamDirection(this, 0), new StreamDirection(this, 1)];
  }

  opened(by: Direction): void {
    this.isFromStart = true;
    this.client = by;
  }

  /** RFC 7692 §7.1.1: each side may give up its window. Without the handshake the usual is assumed. */
  compressionOf(direction: Direction): WebSocketCompression {
    const name = direction === this.client ? "client_no_context_takeover" : "server_no_context_takeover";
    return { keepsWindow: !(this.extensions ?? "").includes(name) };
  }
}

class StreamDirection implements ByteSink, StreamSink {
  readonly #session: StreamSession;
  readonly #direction: Direction;
  #reader: StreamReader | undefined;
  /** The first bytes, while they are too few to tell what they are, and how they began. */
  #first = EMPTY_BYTES;
  #isFirstSegmentStart = false;
  #isWhole = true;

  constructor(session: StreamSession, direction: Direction) {
    this.#session = session;
    this.#direction = direction;
  }

  data(bytes: Uint8Array, start: number, end: number, isSegmentStart: boolean): void {
    if (this.#reader !== undefined) return this.#reader.push(bytes, start, end, isSegmentStart);
    if (this.#first.length === 0) this.#isFirstSegmentStart = isSegmentStart;
    const whole = this.#first.length === 0
      ? bytes.subarray(start, end)
      : concatBytes(this.#first, bytes.subarray(start, end));
    if (whole.length < GUESS_BYTES) {
      this.#first = whole.slice();
      return;
    }
    this.#first = EMPTY_BYTES;
    this.#reader = this.#open(whole, this.#isFirstSegmentStart);
    this.#reader.push(whole, 0, whole.length, this.#isFirstSegmentStart);
  }

  gap(): void {
    this.#isWhole = false;
    this.#first = EMPTY_BYTES;
    this.#reader?.gap();
  }

  end(): void {
    this.#reader?.end();
    this.#reader = IGNORED;
  }

  unit(bytes: Uint8Array, start: number, end: number, envelope: Envelope | undefined): void {
    this.#session.sink.unit(this.#direction, this.#session.kind ?? "other", bytes, start, end, envelope);
  }

  note(message: string): void {
    this.#session.sink.note(this.#direction, message);
  }

  #open(bytes: Uint8Array, isSegmentStart: boolean): StreamReader {
    const session = this.#session;
    const isFromStart = session.isFromStart && this.#isWhole;
    const canGuess = isFromStart || isSegmentStart;
    const own = canGuess ? guessStream(bytes, 0, bytes.length, isFromStart) : "other";
    const isGuessedHere = session.kind === undefined;
    const kind = session.kind ??= own;
    // Where the guess was made here, it was made at the start of a record.
    const isInStep = isFromStart || isGuessedHere;
    switch (kind) {
      case "framed":
        return new FramedReader(this, session.budget, isInStep);
      case "nats":
        return new NatsReader(this, session.budget, isInStep);
      case "http":
        return this.#http();
      case "websocket":
        return own === "http" ? this.#http() : this.#webSocket(isInStep);
      case "tls":
      case "other":
        return IGNORED;
    }
  }

  #http(): HttpReader {
    return new HttpReader(this.#session.budget, (head) => this.#afterHead(head));
  }

  #afterHead(head: HttpHead | undefined): StreamReader {
    const session = this.#session;
    if (head === undefined) return session.kind === "websocket" ? this.#webSocket(false) : IGNORED;
    if (!head.isWebSocket) return IGNORED;
    session.kind = "websocket";
    if (head.isRequest) session.client = this.#direction;
    else session.extensions = head.extensions;
    return this.#webSocket(true);
  }

  #webSocket(isInStep: boolean): WebSocketReader {
    const session = this.#session;
    const sink = {
      message: (bytes: Uint8Array, start: number, end: number) => unwrapText(bytes, start, end, this),
      note: (message: string) => this.note(message),
    };
    return new WebSocketReader(sink, session.budget, isInStep, () => session.compressionOf(this.#direction));
  }
}

/** For what is none of ours, or over. */
const IGNORED: StreamReader = { push: () => {}, gap: () => {}, end: () => {} };
