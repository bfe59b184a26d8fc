/**
 * The AEAD suites and the packet authentication that sits beside them, under the names that the peers negotiate.
 *
 * SPEC ARC-SRTP-suites, ARC-SRTP-hmac-tag, ARC-SRTP-authentication-none.
 */

/** One AEAD suite. Sizes in bytes. */
export interface Suite {
  readonly keyBytes: 16 | 32;
  readonly nonceBytes: 12;
  readonly tagBytes: 16;
}

/** Every suite by its negotiated name; `aes-128-gcm` is the one that every implementation has. */
export const SUITES = {
  "aes-128-gcm": { keyBytes: 16, nonceBytes: 12, tagBytes: 16 },
  "aes-256-gcm": { keyBytes: 32, nonceBytes: 12, tagBytes: 16 },
  "chacha20-poly1305": { keyBytes: 32, nonceBytes: 12, tagBytes: 16 },
} as const satisfies Record<string, Suite>;

export type SuiteName = keyof typeof SUITES;

/** In the table's order, which is the order that a caller offers by default. */
export const SUITE_NAMES: readonly SuiteName[] = Object.keys(SUITES) as SuiteName[];

export function isSuiteName(text: string): text is SuiteName {
  return Object.hasOwn(SUITES, text);
}

/** `hmac-sha256-80` is the default; `none` leaves the AEAD tag alone. */
export const AUTHENTICATIONS = ["hmac-sha256-80", "none"] as const;

export type Authentication = (typeof AUTHENTICATIONS)[number];

/** Bytes that each choice appends behind the AEAD tag. */
export const AUTHENTICATION_TAG_BYTES: Readonly<Record<Authentication, 0 | 10>> = { "hmac-sha256-80": 10, "none": 0 };

export const AEAD_NONCE_BYTES = 12;
export const AEAD_TAG_BYTES = 16;

/** HMAC-SHA256 keys of packet authentication; the full MAC has as many bytes. */
export const MAC_KEY_BYTES = 32;
