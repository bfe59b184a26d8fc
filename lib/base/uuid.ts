/** UUIDs travel as lower-case canonical text (RFC 9562 §4); nothing else is accepted. */
import type { Rng } from "./rng.ts";
import { toHex } from "./bytes.ts";

export const NIL_UUID = "00000000-0000-0000-0000-000000000000";

const CANONICAL = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function isUuid(text: string): boolean {
  return CANONICAL.test(text);
}

/** A random UUID (version 4). */
export function uuidV4(rng: Rng): string {
  const b = rng.fill(new Uint8Array(16));
  b[6] = (b[6] & 0x0f) | 0x40;
  b[8] = (b[8] & 0x3f) | 0x80;
  const hex = toHex(b);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
