/** The system's OpenSSL 3, for the native crypto backend. */
import type { LibCrypto } from "../../crypto/backend_native.ts";
import { LibraryError, type LibraryPlaces, openLibrary } from "./library.ts";

const SYMBOLS = {
  OpenSSL_version_num: { parameters: [], result: "u64" },
  EVP_CIPHER_fetch: { parameters: ["pointer", "buffer", "pointer"], result: "pointer" },
  EVP_CIPHER_CTX_new: { parameters: [], result: "pointer" },
  EVP_CIPHER_CTX_free: { parameters: ["pointer"], result: "void" },
  EVP_CIPHER_CTX_ctrl: { parameters: ["pointer", "i32", "i32", "usize"], result: "i32" },
  EVP_CipherInit_ex: { parameters: ["pointer", "pointer", "pointer", "buffer", "buffer", "i32"], result: "i32" },
  EVP_CipherUpdate: { parameters: ["pointer", "usize", "buffer", "usize", "i32"], result: "i32" },
  EVP_CipherFinal_ex: { parameters: ["pointer", "buffer", "buffer"], result: "i32" },
  EVP_MD_fetch: { parameters: ["pointer", "buffer", "pointer"], result: "pointer" },
  HMAC_CTX_new: { parameters: [], result: "pointer" },
  HMAC_CTX_free: { parameters: ["pointer"], result: "void" },
  HMAC_Init_ex: { parameters: ["pointer", "buffer", "i32", "pointer", "pointer"], result: "i32" },
  HMAC_Update: { parameters: ["pointer", "usize", "usize"], result: "i32" },
  HMAC_Final: { parameters: ["pointer", "buffer", "buffer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** Moves nothing and answers where the buffer lies; libcrypto brings libc along. */
const ADDRESS = {
  addressOf: { name: "memmove", parameters: ["buffer", "buffer", "usize"], result: "usize" },
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
  const { symbols } = openLibrary(places, { ...SYMBOLS, ...ADDRESS });
  // 0xMNN00PP0: major, minor, patch.
  const number = Number(symbols.OpenSSL_version_num());
  const [major, minor, patch] = [number >>> 28, (number >>> 20) & 0xff, (number >>> 4) & 0xff];
  const version = `${major}.${minor}.${patch}`;
  if (major !== NEED_MAJOR) {
    throw new LibraryError(`libcrypto cannot be used: need OpenSSL ${NEED_MAJOR}, got ${version}`);
  }
  const addressOf = (buffer: Uint8Array): number => {
    // Small arrays live on the collector's heap, and may move, until somebody asks for their buffer.
    if (buffer.buffer.byteLength === 0) throw new RangeError("Cannot take the address of an empty buffer");
    const bytes = buffer as Uint8Array<ArrayBuffer>;
    return Number(symbols.addressOf(bytes, bytes, 0n));
  };
  return { ...(symbols as unknown as Omit<LibCrypto, "version" | "addressOf">), version, addressOf };
}
