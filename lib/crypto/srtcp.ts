/**
 * Protection of RTCP: one compound packet at a time, in place, with an index of its own.
 *
 * ```
 *  +----------------------+--------------------+-------------+--+-------------+-----------+
 *  | first RTCP header, 8 | AEAD ciphertext    | AEAD tag 16 |E | index, 31   | HMAC 10   |
 *  +----------------------+--------------------+-------------+--+-------------+-----------+
 *  |<------------------- authenticated by the HMAC (where in use) ----------->|
 *
 *  AAD   = the 8 header bytes || E and index (4)
 *  nonce = (u16 0 || u32 SSRC || u16 0 || u32 index) XOR salt
 * ```
 *
 * SPEC ARC-SRTP-srtcp-layout, ARC-SRTP-srtcp-hmac; RFC 7714 §9.
 */
import { readU32, writeU32 } from "../base/bytes.ts";
import { DEFAULT_WINDOW_PACKETS, ReplayWindow } from "./replay_window.ts";
import type { SrtpOutcome, SrtpStreamKeys } from "./srtp_keys.ts";
import { AEAD_TAG_BYTES } from "./suites.ts";

/** First word of the first RTCP packet and its sender SSRC: what stays in the clear. */
const HEADER_BYTES = 8;
const INDEX_BYTES = 4;
const E_BIT = 0x8000_0000;

/** The last index of an SSRC: 31 bits. */
export const MAX_SRTCP_INDEX = 2 ** 31 - 1;

/** What protection appends to an RTCP packet: 30 bytes, 20 under authentication `none`. */
export function srtcpOverheadBytes(keys: SrtpStreamKeys): number {
  return keys.overheadBytes + INDEX_BYTES;
}

/** The sender's side of one RTCP SSRC. Lives as long as the SSRC, across epochs. */
export class SrtcpSender {
  readonly ssrc: number;
  #nextIndex: number;

  /** `nextIndex` is 0 for an SSRC that has sent nothing yet (SPEC ARC-SRTP-srtcp-index). */
  constructor(ssrc: number, nextIndex = 0) {
    this.ssrc = ssrc;
    this.#nextIndex = nextIndex;
  }

  /** Index of the next packet; 2^31 when they are used up. */
  get nextIndex(): number {
    return this.#nextIndex;
  }

  /**
   * Protects the compound packet `bytes[start..end]` in place; it grows by {@link srtcpOverheadBytes}, which the
   * caller keeps free behind it (else `too_large`). `bad_state` when the SSRC's indexes or the keys' budget are used
   * up: both would repeat a nonce or overuse a key. `bad_context` when the packet is not this SSRC's.
   *
   * SPEC ARC-SRTP-srtcp-index, ARC-SRTP-srtcp-index-end.
   */
  protect(keys: SrtpStreamKeys, bytes: Uint8Array, start: number, end: number): SrtpOutcome {
    if (end - start < HEADER_BYTES) return "truncated";
    if (bytes[start] >>> 6 !== 2) return "bad_version";
    if (readU32(bytes, start + 4) !== this.ssrc) return "bad_context";
    if (this.#nextIndex > MAX_SRTCP_INDEX || keys.budget.isSpent) return "bad_state";
    if (end + srtcpOverheadBytes(keys) > bytes.length) return "too_large";

    const index = this.#nextIndex++;
    keys.budget.spend();
    const textStart = start + HEADER_BYTES;
    const tagEnd = end + AEAD_TAG_BYTES;
    const indexEnd = tagEnd + INDEX_BYTES;
    writeSrtcpNonce(keys.nonce, keys.salt, this.ssrc, index);
    const word = E_BIT + index;
    // The AEAD wants its AAD in one piece, so the index stands behind the header while it works.
    bytes.copyWithin(textStart + INDEX_BYTES, textStart, end);
    writeU32(bytes, textStart, word);
    keys.aead.seal(keys.nonce, bytes, start, textStart + INDEX_BYTES, end + INDEX_BYTES);
    bytes.copyWithin(textStart, textStart + INDEX_BYTES, tagEnd + INDEX_BYTES);
    writeU32(bytes, tagEnd, word);
    keys.mac?.sign(bytes, start, indexEnd, null, bytes, indexEnd, keys.overheadBytes - AEAD_TAG_BYTES);
    return "ok";
  }
}

/** The receiver's side of one RTCP SSRC. Lives as long as the SSRC, across epochs. */
export class SrtcpReceiver {
  readonly ssrc: number;
  readonly #window: ReplayWindow;

  constructor(ssrc: number, windowPackets = DEFAULT_WINDOW_PACKETS) {
    this.ssrc = ssrc;
    this.#window = new ReplayWindow(windowPackets);
  }

  /** The highest authenticated index, -1 before the first. */
  get highestIndex(): number {
    return this.#window.highestIndex;
  }

  /**
   * Unprotects `bytes[start..end]` in place; the plain compound packet is {@link srtcpOverheadBytes} shorter. On any
   * refusal bytes and window are as they were: `truncated`, `bad_version`, `bad_context` (another SSRC), `bad_value`
   * (E bit 0: an unencrypted form would be a downgrade), `replay`, `auth` (HMAC), `decrypt` (AEAD).
   *
   * SPEC ARC-SRTP-srtcp-replay, ARC-SRTP-srtcp-encrypted-only.
   */
  unprotect(keys: SrtpStreamKeys, bytes: Uint8Array, start: number, end: number): SrtpOutcome {
    const textEnd = end - srtcpOverheadBytes(keys);
    const textStart = start + HEADER_BYTES;
    if (textEnd < textStart) return "truncated";
    if (bytes[start] >>> 6 !== 2) return "bad_version";
    if (readU32(bytes, start + 4) !== this.ssrc) return "bad_context";
    const tagEnd = textEnd + AEAD_TAG_BYTES;
    const indexEnd = tagEnd + INDEX_BYTES;
    const word = readU32(bytes, tagEnd);
    if (word < E_BIT) return "bad_value";
    const index = word - E_BIT;

    if (!this.#window.check(index)) return "replay";
    if (keys.mac !== null && !keys.mac.verify(bytes, start, indexEnd, null, bytes, indexEnd, end - indexEnd)) {
      return "auth";
    }
    writeSrtcpNonce(keys.nonce, keys.salt, this.ssrc, index);
    bytes.copyWithin(textStart + INDEX_BYTES, textStart, tagEnd);
    writeU32(bytes, textStart, word);
    const opened = keys.aead.open(keys.nonce, bytes, start, textStart + INDEX_BYTES, textEnd + INDEX_BYTES);
    bytes.copyWithin(textStart, textStart + INDEX_BYTES, tagEnd + INDEX_BYTES);
    writeU32(bytes, tagEnd, word);
    if (!opened) return "decrypt";
    this.#window.commit(index);
    return "ok";
  }
}

/** RFC 7714 §9.1. `index` is below 2^31, so its top bit is 0 as the RFC wants. */
function writeSrtcpNonce(nonce: Uint8Array, salt: Uint8Array, ssrc: number, index: number): void {
  writeU32(nonce, 2, ssrc);
  nonce[0] =
    nonce[1] =
    nonce[6] =
    nonce[7] =
      0;
  writeU32(nonce, 8, index);
  for (let i = 0; i < nonce.length; i++) nonce[i] ^= salt[i];
}
