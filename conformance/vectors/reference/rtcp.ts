/** RTCP after RFC 3550 section 6, RFC 4585 and draft-holmer-rmcat-transport-wide-cc-extensions-01. */
import assert from "node:assert/strict";
import { fromHex, hexOf } from "./bytes.ts";
import { type Answer, answering, type Due, type Fault, type Json, type Judges } from "./judge.ts";

export const rtcpJudges: Judges = {
  "rtcp.parse": answering((request) => parse(fromHex(request.hex as string))),
  // What was written must read as what was asked for, and be no longer than it has to be.
  "rtcp.write": (request: Json, due: Due) => {
    const hex = due.expected?.hex as string;
    const filler: number[] = [];
    const read = parse(fromHex(hex), filler);
    assert.ok("ok" in read);
    assert.deepEqual(read.ok.packets, withoutUnknown(request.packets, read.ok.packets));
    assert.ok(filler.every((byte) => byte === 0), "what fills a word is not zero");
    for (const { type, padding } of headersOf(fromHex(hex))) assert.ok(!padding || !KNOWN.has(type));
  },
};

/** Members of a request that nobody reads back are nobody's: what was asked for, with those that `known` has. */
function withoutUnknown(asked: unknown, known: unknown): unknown {
  if (Array.isArray(asked) && Array.isArray(known)) return asked.map((item, i) => withoutUnknown(item, known[i]));
  if (!isObject(asked) || !isObject(known)) return asked;
  const members = Object.keys(asked).filter((name) => Object.hasOwn(known, name));
  return Object.fromEntries(members.map((name) => [name, withoutUnknown(asked[name], known[name])]));
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Types that are taken apart, and so are written without padding. */
const KNOWN: ReadonlySet<number> = new Set([200, 201, 202, 203, 205, 206]);

class Refused extends Error {
  constructor(readonly fault: Fault) {
    super(fault.reason);
  }
}

function refuse(reason: string, offset: number, need?: number): never {
  throw new Refused({ reason, offset, ...(need === undefined ? {} : { need }) });
}

interface Header {
  readonly start: number;
  readonly type: number;
  readonly count: number;
  readonly padding: boolean;
  /** End of the packet, and of what is left of it without padding. */
  readonly end: number;
  readonly contentEnd: number;
}

function* headersOf(bytes: Uint8Array): Generator<Header> {
  const view = new DataView(bytes.buffer);
  let start = 0;
  do {
    if (bytes.length - start < 4) refuse("truncated", bytes.length, start + 4);
    if (view.getUint8(start) >> 6 !== 2) refuse("bad_version", start);
    const end = start + 4 + 4 * view.getUint16(start + 2);
    if (end > bytes.length) refuse("bad_length", start + 2);
    const padding = (view.getUint8(start) & 0x20) !== 0;
    const pad = padding ? view.getUint8(end - 1) : 0;
    if (padding && (pad === 0 || pad > end - start - 4)) refuse("bad_padding", end - 1);
    const type = view.getUint8(start + 1);
    const count = view.getUint8(start) & 31;
    yield { start, type, count, padding, end, contentEnd: end - pad };
    start = end;
  } while (start < bytes.length);
}

/** Bytes that mean nothing are put into `filler`. */
function parse(bytes: Uint8Array, filler: number[] = []): Answer {
  try {
    return { ok: { packets: [...headersOf(bytes)].map((header) => parseOne(bytes, header, filler)) } };
  } catch (error) {
    if (error instanceof Refused) return { fault: error.fault };
    throw error;
  }
}

function parseOne(bytes: Uint8Array, header: Header, filler: number[]): Json {
  const { start, type, count, end, contentEnd } = header;
  const isFeedback = type === 205 && count === 15;
  const pad = end - contentEnd;
  if (!isFeedback && (pad % 4 !== 0 || (pad > 0 && end !== bytes.length))) refuse("bad_padding", end - 1);
  const reader = new Reader(bytes, start + 4, contentEnd);
  if (type === 200) return senderReport(reader, count);
  if (type === 201) return { type: "rr", ssrc: reader.u32(), ...reports(reader, count) };
  if (type === 202) return sourceDescription(reader, count, start, filler);
  if (type === 203) return goodbye(reader, count, filler);
  if (type === 205 && count === 1) return nack(reader);
  if (type === 206 && count === 1) {
    const pli = { type: "pli", ...sources(reader) };
    if (reader.left > 0) reader.wrongLength();
    return pli;
  }
  if (isFeedback) return transportFeedback(reader, start, filler);
  return { type: "unknown", packet_type: type, count, padding: pad > 0, body: hexOf(bytes.slice(start + 4, end)) };
}

/** Takes numbers off the content of one packet. */
class Reader {
  readonly #view: DataView;

  constructor(readonly bytes: Uint8Array, public at: number, readonly end: number) {
    this.#view = new DataView(bytes.buffer);
  }

  get left(): number {
    return this.end - this.at;
  }

  wrongLength(): never {
    refuse("bad_length", this.end);
  }

  #take(bytes: number): number {
    if (this.left < bytes) this.wrongLength();
    this.at += bytes;
    return this.at - bytes;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  u24(): number {
    return this.u8() * 65536 + this.u16();
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  raw(bytes: number): Uint8Array {
    const at = this.#take(bytes);
    return this.bytes.slice(at, at + bytes);
  }
}

function senderReport(reader: Reader, count: number): Json {
  return {
    type: "sr",
    ssrc: reader.u32(),
    ntp_seconds: reader.u32(),
    ntp_fraction: reader.u32(),
    rtp_timestamp: reader.u32(),
    packet_count: reader.u32(),
    octet_count: reader.u32(),
    ...reports(reader, count),
  };
}

function reports(reader: Reader, count: number): Json {
  const list = Array.from({ length: count }, () => {
    const ssrc = reader.u32();
    const fraction = reader.u8();
    const lost = reader.u24();
    return {
      ssrc,
      fraction_lost: fraction,
      cumulative_lost: lost >= 0x800000 ? lost - 0x1000000 : lost,
      highest_sequence_number: reader.u32(),
      jitter: reader.u32(),
      last_sr: reader.u32(),
      delay_since_last_sr: reader.u32(),
    };
  });
  const extension = hexOf(reader.raw(reader.left));
  return { reports: list, ...(extension === "" ? {} : { extension }) };
}

const ITEM_NAMES = ["", "cname", "name", "email", "phone", "loc", "tool", "note", "priv"];

/** The text, or its hex where it is not UTF-8. */
function textOf(bytes: Uint8Array, name: string, hexName: string): Json {
  try {
    return { [name]: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { [hexName]: hexOf(bytes) };
  }
}

function sourceDescription(reader: Reader, count: number, start: number, filler: number[]): Json {
  const chunks = [];
  for (let i = 0; i < count; i++) {
    if (reader.left < 8) reader.wrongLength();
    const ssrc = reader.u32();
    const items: Json[] = [];
    for (let type = reader.u8(); type !== 0; type = reader.u8()) {
      items.push({ type: ITEM_NAMES[type] ?? type, ...textOf(reader.raw(reader.u8()), "text", "hex") });
    }
    // The zero byte that ended the list, and more up to a word.
    while ((reader.at - start) % 4 !== 0) filler.push(reader.u8());
    chunks.push({ ssrc, items });
  }
  if (reader.left > 0) refuse("bad_length", reader.at);
  return { type: "sdes", chunks };
}

function goodbye(reader: Reader, count: number, filler: number[]): Json {
  const ssrcs = Array.from({ length: count }, () => reader.u32());
  if (reader.left === 0) return { type: "bye", ssrcs };
  const length = reader.u8();
  const whole = Math.ceil((length + 1) / 4) * 4;
  if (reader.left !== whole - 1) reader.wrongLength();
  const reason = reader.raw(length);
  filler.push(...reader.raw(reader.left));
  return { type: "bye", ssrcs, ...textOf(reason, "reason", "reason_hex") };
}

function sources(reader: Reader): Json {
  if (reader.left < 8) reader.wrongLength();
  return { sender_ssrc: reader.u32(), media_ssrc: reader.u32() };
}

function nack(reader: Reader): Json {
  const from = sources(reader);
  if (reader.left < 4 || reader.left % 4 !== 0) reader.wrongLength();
  const items: { readonly pid: number; readonly blp: number }[] = [];
  while (reader.left > 0) items.push({ pid: reader.u16(), blp: reader.u16() });
  const lost = items.flatMap(({ pid, blp }) => [
    pid,
    ...Array.from({ length: 16 }, (_, i) => i).filter((i) => Math.floor(blp / 2 ** i) % 2 === 1)
      .map((i) => (pid + i + 1) % 65536),
  ]);
  return { type: "nack", ...from, items, lost };
}

function transportFeedback(reader: Reader, start: number, filler: number[]): Json {
  const from = sources(reader);
  if (reader.left < 8) reader.wrongLength();
  const base = reader.u16();
  const count = reader.u16();
  const reference = reader.u24();
  const number = reader.u8();
  if (count === 0) refuse("bad_value", start + 14);
  const symbols: number[] = [];
  while (symbols.length < count) {
    const bits = reader.u16().toString(2).padStart(16, "0");
    if (bits[0] === "0") {
      const symbol = Number.parseInt(bits.slice(1, 3), 2);
      for (let run = Number.parseInt(bits.slice(3), 2); run > 0; run--) symbols.push(symbol);
    } else if (bits[1] === "0") symbols.push(...[...bits.slice(2)].map(Number));
    else symbols.push(...(bits.slice(2).match(/../g) ?? []).map((pair) => Number.parseInt(pair, 2)));
  }
  const told = symbols.slice(0, count);
  if (told.includes(3)) refuse("bad_value", start + 20);
  const received = told.flatMap((symbol, i) => {
    if (symbol === 0) return [];
    const ticks = symbol === 1 ? reader.u8() : (reader.u16() << 16) >> 16;
    return [{ sequence_number: (base + i) % 65536, delta_us: ticks * 250 }];
  });
  if (reader.left > 3) reader.wrongLength();
  filler.push(...reader.raw(reader.left));
  return {
    type: "transport_feedback",
    ...from,
    base_sequence_number: base,
    packet_status_count: count,
    reference_time: reference,
    feedback_count: number,
    received,
  };
}
