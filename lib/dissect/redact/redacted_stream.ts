/**
 * One TCP connection written anew: what it carries is framed again, unit by unit, in the packets that completed the units.
 * Sequence numbers are made up; how the connection begins and ends stays.
 */
import { concatBytes, EMPTY_BYTES, readU32, utf8, writeU16, writeU32 } from "../../base/bytes.ts";
import type { Direction } from "../network/conversation_table.ts";
import { endOfHead, readHttpHead } from "../stream/http_head.ts";
import type { CapturedUnit } from "../units/captured_unit.ts";
import type { Envelope, PhoenixEnvelope } from "../units/envelope.ts";
import type { TcpSegment } from "../tcp_packet_writer.ts";
import type { Pseudonyms } from "./pseudonyms.ts";
import { redactText } from "./redact_json.ts";

const SYN = 0x02;
const FIN = 0x01;
const ACK = 0x10;
/** Between the first numbers of connections that the same two ends have one after the other. */
const CONNECTION_STEP = 0x0100_0000;
/** A record of TLS 1.2 and 1.3 with application data. */
const TLS_RECORD = Uint8Array.of(23, 3, 3);
const TLS_HEADER_BYTES = 5;

class Side {
  /** The SYN's sequence number as it was captured. */
  original32: number | undefined = undefined;
  first32 = 0;
  next32 = 1;
  isTls = false;
}

export class RedactedStream {
  readonly #pseudonyms: Pseudonyms;
  readonly #sides: readonly [Side, Side] = [new Side(), new Side()];

  constructor(pseudonyms: Pseudonyms) {
    this.#pseudonyms = pseudonyms;
  }

  /**
   * The segment that stands for one whose header begins at `bytes[start]`, and whose payload at `payloadStart`; `units` are
   * what it completed, redacted.
   */
  segment(
    direction: Direction,
    bytes: Uint8Array,
    start: number,
    payloadStart: number,
    end: number,
    units: readonly Uint8Array[],
  ): TcpSegment {
    const own = this.#sides[direction];
    const other = this.#sides[direction === 0 ? 1 : 0];
    const flags = bytes[start + 13];
    const isOpening = (flags & SYN) !== 0;
    if (isOpening) this.#open(own, readU32(bytes, start + 4));
    const original = bytes.subarray(Math.min(payloadStart, end), end);
    const payload = isOpening ? EMPTY_BYTES : concatBytes(this.#opening(own, original), ...units);
    const sequence32 = isOpening ? own.first32 : own.next32;
    if (!isOpening) own.next32 = (own.next32 + payload.length + ((flags & FIN) !== 0 ? 1 : 0)) >>> 0;
    return { sequence32, acknowledgement32: other.next32, flags, payload };
  }

  /** A segment for which there is none in the capture. */
  more(direction: Direction, payload: Uint8Array): TcpSegment {
    const own = this.#sides[direction];
    const sequence32 = own.next32;
    own.next32 = (own.next32 + payload.length) >>> 0;
    return { sequence32, acknowledgement32: this.#sides[direction === 0 ? 1 : 0].next32, flags: ACK, payload };
  }

  #open(side: Side, original32: number): void {
    if (side.original32 === original32) return;
    if (side.original32 !== undefined) side.first32 = (side.first32 + CONNECTION_STEP) >>> 0;
    side.original32 = original32;
    side.next32 = (side.first32 + 1) >>> 0;
    side.isTls = false;
  }

  /** What stands for payload that completes no unit: the heads of a WebSocket, and records of TLS. */
  #opening(side: Side, payload: Uint8Array): Uint8Array {
    if (payload.length < TLS_HEADER_BYTES) return EMPTY_BYTES;
    side.isTls ||= payload[0] >= 20 && payload[0] <= 23 && payload[1] === 3 && payload[2] <= 4;
    if (side.isTls) {
      const record = new Uint8Array(payload.length);
      record.set(TLS_RECORD);
      writeU16(record, 3, payload.length - TLS_HEADER_BYTES);
      return record;
    }
    const headEnd = endOfHead(payload, 0, payload.length);
    const head = headEnd < 0 ? undefined : readHttpHead(payload, 0, headEnd);
    if (head?.isWebSocket !== true) return EMPTY_BYTES;
    const startLine = head.isRequest ? "GET / HTTP/1.1" : "HTTP/1.1 101 Switching Protocols";
    return utf8(`${startLine}\r\nUpgrade: websocket\r\n\r\n`);
  }

  /** A unit in the framing of its transport. */
  frame({ transport, envelope }: CapturedUnit, unit: Uint8Array): Uint8Array {
    switch (transport) {
      case "ws":
        return textFrame(envelope?.kind === "phoenix" && envelope.hasMessage ? this.#phoenix(envelope, unit) : unit);
      case "nats":
        return concatBytes(this.#natsLine(envelope, unit.length), unit, utf8("\r\n"));
      default: {
        const framed = new Uint8Array(2 + unit.length);
        writeU16(framed, 0, unit.length);
        framed.set(unit, 2);
        return framed;
      }
    }
  }

  /** The frame around a message; the message's bytes stay as they are. */
  #phoenix({ joinRef, ref, topic, event, status }: PhoenixEnvelope, message: Uint8Array): Uint8Array {
    const [named, word] = [topic, event].map((text) => redactText(text, this.#pseudonyms));
    const head = [joinRef, ref].map((text) => text === null ? null : redactText(text, this.#pseudonyms));
    const front = JSON.stringify([...head, named, word]).slice(0, -1);
    const isReply = event === "phx_reply";
    const open = isReply ? `{"status":${JSON.stringify(redactText(status ?? "", this.#pseudonyms))},"response":` : "";
    return concatBytes(utf8(`${front},${open}`), message, utf8(isReply ? "}]" : "]"));
  }

  #natsLine(envelope: Envelope | undefined, length: number): Uint8Array {
    const subject = envelope?.kind === "nats" ? envelope.subject : "arcrtc.x";
    const words = subject.split(".").map((word) => redactText(word, this.#pseudonyms).replace(/\s/g, "_"));
    return utf8(`PUB ${words.join(".")} ${length}\r\n`);
  }
}

/** A WebSocket text frame, final and without a mask. */
function textFrame(payload: Uint8Array): Uint8Array {
  const { length } = payload;
  const header = new Uint8Array(length < 126 ? 2 : length <= 0xffff ? 4 : 10);
  header[0] = 0x81;
  header[1] = length < 126 ? length : length <= 0xffff ? 126 : 127;
  if (header.length === 4) writeU16(header, 2, length);
  if (header.length === 10) writeU32(header, 6, length);
  return concatBytes(header, payload);
}
