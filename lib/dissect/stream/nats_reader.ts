/**
 * One direction of a NATS connection (https://docs.nats.io/reference/reference-protocols/nats-protocol): the payloads of
 * what is published on the subjects of ArcRTC, in either direction.
 *
 * ```
 * PUB  subject [reply] bytes                 HPUB subject [reply] header-bytes bytes       client to server
 * MSG  subject sid [reply] bytes             HMSG subject sid [reply] header-bytes bytes   server to client
 * ```
 *
 * Each is a line with CR LF behind it, then the payload, then CR LF again. Verbs may be in either case.
 */
import type { MemoryBudget } from "../network/memory_budget.ts";
import { latin1 } from "./http_head.ts";
import { Pieces } from "./pieces.ts";
import type { StreamReader, StreamSink } from "./stream_reader.ts";

/** SPEC ARC-TRANSPORT-nats-subjects. */
const SUBJECT_PREFIX = "arcrtc.";

/** NATS servers refuse longer lines. */
const MAX_LINE_BYTES = 4096;
/** Far above the largest message. */
const MAX_PAYLOAD_BYTES = 131_072;

const VERBS = /^(?:H?PUB|H?MSG|R?SUB|UNSUB|INFO|CONNECT|PING|PONG|\+OK|-ERR)(?=[ \t\r]|$)/i;

/** The longest that {@link startsLikeNats} looks at. */
const LOOK_BYTES = 8;

/** True when `bytes[start..end)` begins with a verb of NATS. */
export function startsLikeNats(bytes: Uint8Array, start: number, end: number): boolean {
  return VERBS.test(latin1(bytes, start, Math.min(end, start + LOOK_BYTES)));
}

export class NatsReader implements StreamReader {
  /** Messages on other subjects. */
  foreign = 0;

  readonly #sink: StreamSink;
  readonly #pieces: Pieces;
  #isInStep: boolean;

  constructor(sink: StreamSink, budget: MemoryBudget, isInStep: boolean) {
    this.#sink = sink;
    this.#pieces = new Pieces((bytes, start, end) => this.#consume(bytes, start, end), budget);
    this.#isInStep = isInStep;
  }

  push(bytes: Uint8Array, start: number, end: number, isSegmentStart: boolean): void {
    if (!this.#isInStep) {
      if (!isSegmentStart || !startsLikeNats(bytes, start, end)) return;
      this.#isInStep = true;
    }
    if (this.#pieces.push(bytes, start, end)) return;
    this.#sink.note("no memory for a NATS message that came in pieces");
    this.#isInStep = false;
  }

  gap(): void {
    this.#pieces.clear();
    this.#isInStep = false;
  }

  end(): void {
    this.#pieces.clear();
  }

  #consume(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    for (;;) {
      const lineEnd = endOfLine(bytes, at, end);
      if (lineEnd < 0) {
        if (end - at <= MAX_LINE_BYTES) return at;
        return this.#lose(end);
      }
      const payload = readLine(latin1(bytes, at, lineEnd));
      const payloadStart = lineEnd + 2;
      if (payload === undefined) {
        if (!startsLikeNats(bytes, at, lineEnd)) return this.#lose(end);
        at = payloadStart;
        continue;
      }
      const next = payloadStart + payload.bytes + 2;
      const isOurs = payload.subject.startsWith(SUBJECT_PREFIX);
      if (isOurs && payload.bytes <= MAX_PAYLOAD_BYTES) {
        if (next > end) return at;
        const { subject, headerBytes } = payload;
        this.#sink.unit(bytes, payloadStart + headerBytes, next - 2, { kind: "nats", subject });
      } else if (isOurs) {
        this.#sink.note(`passed over a NATS message of ${payload.bytes} bytes: too large`);
      } else {
        this.foreign++;
      }
      if (next >= end) return next;
      at = next;
    }
  }

  #lose(end: number): number {
    this.#sink.note("what should be a line of NATS is none");
    this.#isInStep = false;
    return end;
  }
}

interface Payload {
  readonly subject: string;
  /** Of NATS's own header, in front of the message. */
  readonly headerBytes: number;
  /** Header included. */
  readonly bytes: number;
}

/** What a line announces; undefined for a verb without payload. */
function readLine(line: string): Payload | undefined {
  const words = line.split(/[ \t]+/);
  const verb = words[0].toUpperCase();
  const hasHeader = verb === "HPUB" || verb === "HMSG";
  if (!hasHeader && verb !== "PUB" && verb !== "MSG") return undefined;
  const sizes = words.slice(hasHeader ? -2 : -1);
  const leastWords = (verb.endsWith("MSG") ? 3 : 2) + sizes.length;
  if (words.length < leastWords || !sizes.every((size) => /^\d{1,9}$/.test(size))) return undefined;
  const [headerBytes, bytes] = hasHeader ? sizes.map(Number) : [0, Number(sizes[0])];
  return headerBytes > bytes ? undefined : { subject: words[1], headerBytes, bytes };
}

/** Where the CR LF of the line at `start` begins; -1 when it has not come. */
function endOfLine(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at + 1 < end; at++) {
    if (bytes[at] === 13 && bytes[at + 1] === 10) return at;
    if (at - start > MAX_LINE_BYTES) return -1;
  }
  return -1;
}
