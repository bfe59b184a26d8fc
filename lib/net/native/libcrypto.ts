/** The system's OpenSSL 3, for the native crypto backend. */
import type { LibCrypto } from "../../crypto/native_library.ts";
import { LibraryError, type LibraryPlaces, openLibrary } from "./library.ts";

const POINTER = "pointer";

const SYMBOLS = {
  OpenSSL_version_num: { parameters: [], result: "u64" },
  EVP_CIPHER_fetch: { parameters: [POINTER, POINTER, POINTER], result: POINTER },
  EVP_CIPHER_CTX_new: { parameters: [], result: POINTER },
  EVP_CIPHER_CTX_free: { parameters: [POINTER], result: "void" },
  EVP_CIPHER_CTX_ctrl: { parameters: [POINTER, "i32", "i32", POINTER], result: "i32" },
  EVP_CipherInit_ex: { parameters: [POINTER, POINTER, POINTER, POINTER, POINTER, "i32"], result: "i32" },
  EVP_CipherUpdate: { parameters: [POINTER, POINTER, POINTER, POINTER, "i32"], result: "i32" },
  EVP_CipherFinal_ex: { parameters: [POINTER, POINTER, POINTER], result: "i32" },
  EVP_MD_fetch: { parameters: [POINTER, POINTER, POINTER], result: POINTER },
  HMAC_CTX_new: { parameters: [], result: POINTER },
  HMAC_CTX_free: { parameters: [POINTER], result: "void" },
  HMAC_Init_ex: { parameters: [POINTER, POINTER, "i32", POINTER, POINTER], result: "i32" },
  HMAC_Update: { parameters: [POINTER, POINTER, "usize"], result: "i32" },
  HMAC_Final: { parameters: [POINTER, POINTER, POINTER], result: "i32" },
  BN_CTX_secure_new: { parameters: [], result: POINTER },
  BN_CTX_free: { parameters: [POINTER], result: "void" },
  BN_secure_new: { parameters: [], result: POINTER },
  BN_clear_free: { parameters: [POINTER], result: "void" },
  BN_bin2bn: { parameters: [POINTER, "i32", POINTER], result: POINTER },
  EC_GROUP_new_by_curve_name: { parameters: ["i32"], result: POINTER },
  EC_POINT_new: { parameters: [POINTER], result: POINTER },
  EC_POINT_clear_free: { parameters: [POINTER], result: "void" },
  EC_POINT_oct2point: { parameters: [POINTER, POINTER, POINTER, "usize", POINTER], result: "i32" },
  EC_POINT_point2oct: { parameters: [POINTER, POINTER, "i32", POINTER, "usize", POINTER], result: "usize" },
  EC_POINT_mul: { parameters: [POINTER, POINTER, POINTER, POINTER, POINTER, POINTER], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** Moves nothing and answers where the buffer lies; libcrypto brings libc along. */
const PLACE = {
  place: { name: "memmove", parameters: ["buffer", "buffer", "usize"], result: POINTER },
} as const satisfies Deno.ForeignLibraryInterface;

export const LIBCRYPTO: LibraryPlaces = {
  name: "libcrypto",
  soname: "libcrypto.so.3",
  paths: {
    x86_64: ["/lib/x86_64-linux-gnu/libcrypto.so.3", "/lib64/libcrypto.so.3", "/usr/lib/libcrypto.so.3"],
    aarch64: ["/lib/aarch64-linux-gnu/libcrypto.so.3", "/lib64/libcrypto.so.3", "/usr/lib/libcrypto.so.3"],
  },
};

/** The functions of OpenSSL 3 are these; 4 may have others. */
const NEED_MAJOR = 3;

/** @throws LibraryError where there is none, or not the right one. */
export function openLibCrypto(places: LibraryPlaces = LIBCRYPTO): LibCrypto {
  const { symbols } = openLibrary(places, { ...SYMBOLS, ...PLACE });
  // 0xMNN00PP0: major, minor, patch.
  const number = Number(symbols.OpenSSL_version_num());
  const [major, minor, patch] = [number >>> 28, (number >>> 20) & 0xff, (number >>> 4) & 0xff];
  const version = `${major}.${minor}.${patch}`;
  if (major !== NEED_MAJOR) {
    throw new LibraryError(`libcrypto cannot be used: need OpenSSL ${NEED_MAJOR}, got ${version}`);
  }
  const pointerTo = (buffer: Uint8Array, at: number): object | null => {
    if (!(at >= 0 && at < buffer.length)) {
      throw new RangeError(`Cannot point at byte ${at} of a buffer of ${buffer.length} bytes`);
    }
    // Small arrays live on the collector's heap, and may move, until somebody asks for their buffer.
    const { buffer: memory, byteOffset } = buffer as Uint8Array<ArrayBuffer>;
    const view = new Uint8Array(memory, byteOffset + at, buffer.length - at);
    return symbols.place(view, view, 0n);
  };
  return { ...(symbols as unknown as Omit<LibCrypto, "version" | "pointerTo">), version, pointerTo };
}

/** libcrypto, or why it cannot be called. */
export function libCryptoOrWhy(): LibCrypto | string {
  try {
    return openLibCrypto();
  } catch (error) {
    if (error instanceof LibraryError) return error.message;
    throw error;
  }
}
