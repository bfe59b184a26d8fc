/** Texts of SDES and BYE: UTF-8 by rule, any bytes in practice. */
import { decodeUtf8 } from "../../base/bytes.ts";

const SDES_TYPE_NAMES = ["cname", "name", "email", "phone", "loc", "tool", "note", "priv"] as const;

/** The name of SDES item type 1..8; null for others. */
export function sdesTypeName(itemType: number): string | null {
  return SDES_TYPE_NAMES[itemType - 1] ?? null;
}

/** The SDES item type of a name; null where there is none. */
export function sdesTypeOf(name: string): number | null {
  const at = SDES_TYPE_NAMES.findIndex((known) => known === name);
  return at < 0 ? null : at + 1;
}

/** The bytes as text; null where they are not UTF-8, and so would not come back the same. */
export function textOf(bytes: Uint8Array): string | null {
  const text = decodeUtf8(bytes);
  return text.ok ? text.value : null;
}
