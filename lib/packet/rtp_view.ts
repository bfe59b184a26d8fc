/** Reading RFC 3550 §5.1's header in place; `rtp_header.ts` draws it. */
import { EMPTY_BYTES, readU16, readU32 } from "../base/bytes.ts";
import { type Fault, fault, ok, type Parsed, truncated } from "../base/parsed.ts";
import { unreachable } from "../base/unreachable.ts";
import {
  RTP_EXTENSION_HEADER_BYTES,
  RTP_FIXED_HEADER_BYTES,
  RTP_SEQUENCE_AT,
  RTP_SSRC_AT,
  RTP_TIMESTAMP_AT,
  RTP_VERSION,
  type RtpHeaderFields,
} from "./rtp_header.ts";

/** What a header can be refused for. */
export type RtpFaultReason = "truncated" | "bad_version" | "bad_value" | "bad_padding";

/**
 * A reusable view of a plain RTP packet (RFC 3550 §5.1): `parse` moves it to a packet, the getters read in place.
 * Nothing is copied and `parse` allocates nothing.
 *
 * The view borrows `bytes`. Offsets in it (`start`, `payloadStart`, ...) count from the start of `bytes`, so that they
 * can be used on it directly; offsets in faults count from the start of the packet. What the getters say holds after
 * `parse` answered true and until the bytes change. The public fields are for reading.
 */
export class RtpView {
  bytes: Uint8Array = EMPTY_BYTES;
  start = 0;
  end = 0;
  /** One past the header: past the Arc block too, where there is one. The payload starts here. */
  payloadStart = 0;
  /** One past the payload: `end`, until {@link stripPadding} takes the padding off. */
  payloadEnd = 0;
  /** One past CSRC list and extension: where plain RTP's payload or an Arc block begins. */
  rtpHeaderEnd = 0;

  /** Why the last `parse` or `stripPadding` answered false; undefined when it answered true. */
  faultReason: RtpFaultReason | undefined = undefined;
  /** Byte of the packet, counted from its start, at which it stopped making sense. */
  faultOffset = 0;
  /** Bytes that the packet needs at least, as far as its bytes tell, where the reason is `truncated`. */
  faultNeed = 0;

  /** What faults call the packet. */
  protected readonly what: string = "RTP";
  /** The smallest padding count that is accepted (RFC 3550 §5.1: the count includes its own byte). */
  protected readonly leastPadding: number = 1;

  /** Moves the view to the packet at `bytes[start..end)`; false when it is malformed, see {@link faultReason}. */
  parse(bytes: Uint8Array, start = 0, end: number = bytes.length): boolean {
    if (!this.parseHeader(bytes, start, end, RTP_FIXED_HEADER_BYTES, 0)) return false;
    this.payloadStart = this.rtpHeaderEnd;
    return true;
  }

  /**
   * The part of `parse` that every kind of RTP has: the packet must have `leastBytes` at all, and `blockBytes` behind
   * its RTP header.
   */
  protected parseHeader(
    bytes: Uint8Array,
    start: number,
    end: number,
    leastBytes: number,
    blockBytes: number,
  ): boolean {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.payloadEnd = end;
    this.faultReason = undefined;
    if (end - start < leastBytes) return this.refuseLength(leastBytes);
    const first = bytes[start];
    if (first >>> 6 !== RTP_VERSION) return this.refuse("bad_version", 0);
    let at = start + RTP_FIXED_HEADER_BYTES + 4 * (first & 0x0f);
    if ((first & 0x10) !== 0) {
      at += RTP_EXTENSION_HEADER_BYTES;
      if (at + blockBytes > end) return this.refuseLength(at + blockBytes - start);
      at += 4 * readU16(bytes, at - 2);
    }
    if (at + blockBytes > end) return this.refuseLength(at + blockBytes - start);
    this.rtpHeaderEnd = at;
    return true;
  }

  protected refuse(reason: RtpFaultReason, offset: number): false {
    this.faultReason = reason;
    this.faultOffset = offset;
    this.faultNeed = 0;
    return false;
  }

  protected refuseLength(need: number): false {
    this.refuse("truncated", this.end - this.start);
    this.faultNeed = need;
    return false;
  }

  /**
   * Takes the padding off the payload, when P is set: moves {@link payloadEnd}. Apart from `parse`, because under
   * encryption the padding is inside the ciphertext (RFC 3711 §3.1): then call it after unprotecting, with the end of
   * the plaintext. `bad_padding` when the count is 0 or above the length of the payload. May be called again.
   */
  stripPadding(plaintextEnd: number = this.end): boolean {
    this.payloadEnd = plaintextEnd;
    this.faultReason = undefined;
    if (!this.padding) return true;
    const payloadBytes = plaintextEnd - this.payloadStart;
    if (payloadBytes === 0) {
      return this.leastPadding === 0 || this.refuse("bad_padding", plaintextEnd - this.start);
    }
    const count = this.bytes[plaintextEnd - 1];
    if (count < this.leastPadding || count > payloadBytes) {
      return this.refuse("bad_padding", plaintextEnd - 1 - this.start);
    }
    this.payloadEnd = plaintextEnd - count;
    return true;
  }

  /**
   * The fault behind {@link faultReason} as a value. Allocates.
   *
   * @throws Error when there is none.
   */
  fault(): Fault {
    const reason = this.faultReason;
    const where = { offset: this.faultOffset };
    switch (reason) {
      case "truncated":
        return truncated(`${this.what} header`, this.faultNeed, this.faultOffset).fault;
      case "bad_version":
        return fault(reason, `Cannot parse ${this.what} header: need version 2, got ${this.version}`, where).fault;
      case "bad_value":
        return fault(
          reason,
          `Cannot parse ${this.what} header: need a payload type outside of 64..95, got ${this.payloadType}`,
          where,
        ).fault;
      case "bad_padding": {
        const payloadBytes = this.payloadEnd - this.payloadStart;
        const got = payloadBytes === 0 ? "an empty payload" : `${this.bytes[this.payloadEnd - 1]}`;
        return fault(
          reason,
          `Cannot strip ${this.what} padding: need a count of ${this.leastPadding}..${payloadBytes}, got ${got}`,
          where,
        ).fault;
      }
      case undefined:
        throw new Error("RtpView.fault: the last parse succeeded");
      default:
        return unreachable(reason);
    }
  }

  get version(): number {
    return this.bytes[this.start] >>> 6;
  }

  /** P. */
  get padding(): boolean {
    return (this.bytes[this.start] & 0x20) !== 0;
  }

  /** X. */
  get hasExtension(): boolean {
    return (this.bytes[this.start] & 0x10) !== 0;
  }

  /** CC. */
  get csrcCount(): number {
    return this.bytes[this.start] & 0x0f;
  }

  get marker(): boolean {
    return (this.bytes[this.start + 1] & 0x80) !== 0;
  }

  get payloadType(): number {
    return this.bytes[this.start + 1] & 0x7f;
  }

  get sequenceNumber(): number {
    return readU16(this.bytes, this.start + RTP_SEQUENCE_AT);
  }

  /** In ticks of the stream's clock. */
  get timestamp(): number {
    return readU32(this.bytes, this.start + RTP_TIMESTAMP_AT);
  }

  get ssrc(): number {
    return readU32(this.bytes, this.start + RTP_SSRC_AT);
  }

  /** Entry `i` of the CSRC list, `i` below {@link csrcCount}. */
  csrc(i: number): number {
    return readU32(this.bytes, this.start + RTP_FIXED_HEADER_BYTES + 4 * i);
  }

  /** The extension's profile; 0 without an extension. */
  get extensionProfile(): number {
    return this.hasExtension ? readU16(this.bytes, this.extensionStart - RTP_EXTENSION_HEADER_BYTES) : 0;
  }

  /** First byte of the extension's data, behind profile and length; {@link extensionEnd} without an extension. */
  get extensionStart(): number {
    const csrcEnd = this.start + RTP_FIXED_HEADER_BYTES + 4 * this.csrcCount;
    return this.hasExtension ? csrcEnd + RTP_EXTENSION_HEADER_BYTES : csrcEnd;
  }

  get extensionEnd(): number {
    return this.rtpHeaderEnd;
  }

  /** The payload, borrowed: with its padding, until {@link stripPadding} took that off. Allocates the view object. */
  payload(): Uint8Array {
    return this.bytes.subarray(this.payloadStart, this.payloadEnd);
  }

  /** The header's fields in a value of their own; the extension's data stays borrowed. For tools, not for hot paths. */
  headerFields(): RtpHeaderFields {
    return {
      padding: this.padding,
      marker: this.marker,
      payloadType: this.payloadType,
      sequenceNumber: this.sequenceNumber,
      timestamp: this.timestamp,
      ssrc: this.ssrc,
      csrc: Array.from({ length: this.csrcCount }, (_, i) => this.csrc(i)),
      extension: this.hasExtension
        ? { profile: this.extensionProfile, data: this.bytes.subarray(this.extensionStart, this.extensionEnd) }
        : undefined,
    };
  }
}

/** Parses a plain RTP packet (RFC 3550 §5.1), padding stripped. The view borrows `bytes`. */
export function parseRtp(bytes: Uint8Array): Parsed<RtpView> {
  const view = new RtpView();
  return view.parse(bytes) && view.stripPadding() ? ok(view) : { ok: false, fault: view.fault() };
}
