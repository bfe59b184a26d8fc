/** Streams for tests: WebSocket frames, compression, and readers that are fed in pieces. */
import { constants, createDeflateRaw } from "node:zlib";
import { concatBytes, writeU16, writeU32 } from "../../base/bytes.ts";
import type { StreamReader } from "../stream/stream_reader.ts";

export function text(value: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(value);
}

export function untext(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

export interface FrameOptions {
  readonly opcode?: number;
  readonly fin?: boolean;
  readonly compressed?: boolean;
  readonly mask?: number;
  /** Writes the length in the longest form, whatever it is. */
  readonly longLength?: boolean;
}

export function wsFrame(payload: Uint8Array, o: FrameOptions = {}): Uint8Array {
  const first = (o.fin === false ? 0 : 0x80) | (o.compressed ? 0x40 : 0) | (o.opcode ?? 1);
  const lengthBytes = o.longLength || payload.length > 0xffff ? 8 : payload.length > 125 ? 2 : 0;
  const head = new Uint8Array(2 + lengthBytes);
  head[0] = first;
  head[1] = lengthBytes === 8 ? 127 : lengthBytes === 2 ? 126 : payload.length;
  if (lengthBytes === 2) writeU16(head, 2, payload.length);
  if (lengthBytes === 8) writeU32(head, 6, payload.length);
  if (o.mask === undefined) return concatBytes(head, payload);
  const mask = new Uint8Array(4);
  writeU32(mask, 0, o.mask);
  head[1] |= 0x80;
  return concatBytes(head, mask, payload.map((byte, i) => byte ^ mask[i % 4]));
}

/** Compresses messages as permessage-deflate does, with the window kept from one to the next. */
export async function deflateMessages(...messages: Uint8Array[]): Promise<Uint8Array[]> {
  const deflate = createDeflateRaw();
  const chunks: Uint8Array[] = [];
  deflate.on("data", (chunk: Uint8Array) => chunks.push(new Uint8Array(chunk)));
  const done: Uint8Array[] = [];
  for (const message of messages) {
    await new Promise<void>((resolve) => {
      deflate.write(message);
      deflate.flush(constants.Z_SYNC_FLUSH, () => resolve());
    });
    const whole = concatBytes(...chunks.splice(0));
    done.push(whole.subarray(0, whole.length - 4));
  }
  deflate.close();
  return done;
}

/** Feeds `bytes` in pieces of the given sizes, over and over. */
export function feed(reader: StreamReader, bytes: Uint8Array, pieces: readonly number[] = [bytes.length || 1]): void {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const end = Math.min(bytes.length, at + Math.max(1, pieces[i % pieces.length]));
    // From the middle of a buffer of its own, as segments are.
    const pool = concatBytes(Uint8Array.of(0xee), bytes.subarray(at, end), Uint8Array.of(0xee));
    reader.push(pool, 1, 1 + end - at, true);
    pool.fill(0xdd);
    at = end;
  }
}
