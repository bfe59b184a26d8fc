/** Testees that hand the wrong bytes to their cipher or their HMAC, or do not wait for its verdict. */
import type { AeadKey, CryptoBackend, MacKey } from "../../lib/crypto/backend.ts";
import { nobleBackend } from "../../lib/crypto/backend_noble.ts";
import { cryptoMutant, type Mutant } from "./mutant.ts";

/** Of the SRTCP index, which stands in front of the text while the AEAD works; an Arc block has as many. */
const BLANKED_BYTES = 4;
const INDEX_BYTES = 4;
/** Of the counter of a sealed unit. */
const COUNTER_BYTES = 6;
const RTP_HEADER_BYTES = 12;

export const CRYPTO_MUTANTS: readonly Mutant[] = [
  cryptoMutant(
    {
      id: "srtp/header-not-authenticated",
      broken: "leaves the header out of the associated data",
      breaks: ["ARC-SRTP-aad"],
    },
    aeading((key) => ({
      seal: (nonce, buffer, _aadStart, ...text) => key.seal(nonce, buffer, text[0], ...text),
      open: (nonce, buffer, _aadStart, ...text) => key.open(nonce, buffer, text[0], ...text),
    })),
  ),
  cryptoMutant(
    {
      id: "srtp/aad-without-arc-block",
      broken: "authenticates the header of RTP without the Arc block",
      breaks: ["ARC-SRTP-aad"],
    },
    blankingBeforeText(),
  ),
  cryptoMutant(
    {
      id: "srtp/hmac-over-payload",
      broken: "leaves the header out of the HMAC",
      breaks: ["ARC-SRTP-hmac-tag"],
    },
    macking((key) => ({
      sign: (buffer, start, ...rest) => key.sign(buffer, start + RTP_HEADER_BYTES, ...rest),
      verify: (buffer, start, ...rest) => key.verify(buffer, start + RTP_HEADER_BYTES, ...rest),
    })),
  ),
  cryptoMutant(
    {
      id: "srtp/hmac-of-four-bytes",
      broken: "compares the first four bytes of an HMAC tag",
      breaks: ["ARC-SRTP-hmac-tag"],
    },
    comparing(4),
  ),
  cryptoMutant(
    {
      id: "srtp/no-roc-in-received-hmac",
      broken: "verifies the HMAC without the ROC",
      breaks: ["ARC-SRTP-hmac-tag", "ARC-SRTP-roc-start"],
    },
    macking((key) => ({
      verify: (buffer, start, end, _roc, ...rest) => key.verify(buffer, start, end, null, ...rest),
    })),
  ),
  cryptoMutant(
    {
      id: "srtp/srtcp-index-not-authenticated",
      broken: "leaves the index of SRTCP out of the associated data",
      breaks: ["ARC-SRTP-srtcp-layout"],
    },
    blankingBeforeText(),
  ),
  cryptoMutant(
    {
      id: "srtp/srtcp-hmac-not-checked",
      broken: "takes any HMAC tag of SRTCP for right",
      breaks: ["ARC-SRTP-srtcp-hmac"],
    },
    macking(() => ({ verify: () => true })),
  ),
  cryptoMutant(
    {
      id: "srtp/srtcp-hmac-without-index",
      broken: "ends the HMAC of SRTCP before the index",
      breaks: ["ARC-SRTP-srtcp-hmac"],
    },
    endingEarlier(INDEX_BYTES),
  ),
  cryptoMutant(
    {
      id: "seal/tag-not-checked",
      broken: "takes any tag of a sealed unit for right",
      breaks: ["ARC-SEAL-wrong-tag", "ARC-SEAL-tag"],
    },
    macking(() => ({ verify: () => true })),
  ),
  cryptoMutant(
    {
      id: "seal/tag-without-counter",
      broken: "leaves the counter out of the tag",
      breaks: ["ARC-SEAL-tag", "ARC-SEAL-wrong-tag"],
    },
    endingEarlier(COUNTER_BYTES),
  ),
  cryptoMutant(
    {
      id: "seal/half-a-tag",
      broken: "compares the first half of a tag",
      breaks: ["ARC-SEAL-wrong-tag"],
    },
    comparing(8),
  ),
];

/** With keys of AEAD that do some of their work differently. */
function aeading(change: (key: AeadKey) => Partial<AeadKey>): CryptoBackend {
  return {
    ...nobleBackend,
    importAead(suite, bytes) {
      const key = nobleBackend.importAead(suite, bytes);
      return {
        suite,
        seal: (...given) => key.seal(...given),
        open: (...given) => key.open(...given),
        free: () => key.free(),
        ...change(key),
      };
    },
  };
}

/** With zeros for the last four bytes of the associated data: an Arc block, or the index of SRTCP. */
function blankingBeforeText(): CryptoBackend {
  const blanked = <T>(buffer: Uint8Array, textStart: number, work: () => T): T => {
    const last = buffer.slice(textStart - BLANKED_BYTES, textStart);
    buffer.fill(0, textStart - BLANKED_BYTES, textStart);
    const result = work();
    buffer.set(last, textStart - BLANKED_BYTES);
    return result;
  };
  return aeading((key) => ({
    seal: (nonce, buffer, aadStart, textStart, textEnd) =>
      blanked(buffer, textStart, () => key.seal(nonce, buffer, aadStart, textStart, textEnd)),
    open: (nonce, buffer, aadStart, textStart, textEnd) =>
      blanked(buffer, textStart, () => key.open(nonce, buffer, aadStart, textStart, textEnd)),
  }));
}

/** With keys of HMAC that do some of their work differently. */
function macking(change: (key: MacKey) => Partial<MacKey>): CryptoBackend {
  return {
    ...nobleBackend,
    importMac(bytes) {
      const key = nobleBackend.importMac(bytes);
      return {
        sign: (...given) => key.sign(...given),
        verify: (...given) => key.verify(...given),
        free: () => key.free(),
        ...change(key),
      };
    },
  };
}

/** With tags of which only the first bytes count. */
function comparing(tagBytes: number): CryptoBackend {
  return macking((key) => ({
    verify: (buffer, start, end, roc, tag, tagAt) => key.verify(buffer, start, end, roc, tag, tagAt, tagBytes),
  }));
}

/** With tags over all but the last bytes. */
function endingEarlier(bytes: number): CryptoBackend {
  return macking((key) => ({
    sign: (buffer, start, end, ...rest) => key.sign(buffer, start, end - bytes, ...rest),
    verify: (buffer, start, end, ...rest) => key.verify(buffer, start, end - bytes, ...rest),
  }));
}
