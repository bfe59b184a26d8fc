/**
 * What is called of the system's libcrypto, and the memory that it is handed. Which functions those are comes in as an
 * argument: how a library is opened is not for this folder to know.
 */

/** Something of the library's, or a place in memory: opaque here. */
export type Pointer = object | null;

/**
 * The part of libcrypto that is used, under its own names. Arguments are pointers and small integers only, since these
 * are what a call takes without converting or allocating anything.
 */
export interface LibCrypto {
  /** `3.0.17`: for people. */
  readonly version: string;
  /** Points at `buffer[at]`, for as long as the buffer lives. @throws RangeError for a place outside of it. */
  pointerTo(buffer: Uint8Array, at: number): Pointer;
  EVP_CIPHER_fetch(library: null, name: Pointer, properties: null): Pointer;
  EVP_CIPHER_CTX_new(): Pointer;
  EVP_CIPHER_CTX_free(context: Pointer): void;
  EVP_CIPHER_CTX_ctrl(context: Pointer, type: number, bytes: number, at: Pointer): number;
  EVP_CipherInit_ex(
    context: Pointer,
    cipher: Pointer,
    engine: null,
    key: Pointer,
    nonce: Pointer,
    encrypt: number,
  ): number;
  EVP_CipherUpdate(context: Pointer, out: Pointer, outBytes: Pointer, from: Pointer, bytes: number): number;
  EVP_CipherFinal_ex(context: Pointer, out: Pointer, outBytes: Pointer): number;
  EVP_MD_fetch(library: null, name: Pointer, properties: null): Pointer;
  HMAC_CTX_new(): Pointer;
  HMAC_CTX_free(context: Pointer): void;
  HMAC_Init_ex(context: Pointer, key: Pointer, bytes: number, hash: Pointer, engine: null): number;
  HMAC_Update(context: Pointer, from: Pointer, bytes: bigint): number;
  HMAC_Final(context: Pointer, out: Pointer, outBytes: Pointer): number;
  BN_CTX_secure_new(): Pointer;
  BN_CTX_free(context: Pointer): void;
  BN_secure_new(): Pointer;
  BN_clear_free(number: Pointer): void;
  BN_bin2bn(from: Pointer, bytes: number, number: Pointer): Pointer;
  EC_GROUP_new_by_curve_name(curve: number): Pointer;
  EC_POINT_new(group: Pointer): Pointer;
  EC_POINT_clear_free(point: Pointer): void;
  EC_POINT_oct2point(group: Pointer, point: Pointer, from: Pointer, bytes: bigint, context: Pointer): number;
  /** The bytes written. */
  EC_POINT_point2oct(
    group: Pointer,
    point: Pointer,
    form: number,
    out: Pointer,
    bytes: bigint,
    context: Pointer,
  ): bigint;
  /** `product` = generator * `ofGenerator` + `point` * `ofPoint`; without what is null. */
  EC_POINT_mul(
    group: Pointer,
    product: Pointer,
    ofGenerator: Pointer,
    point: Pointer,
    ofPoint: Pointer,
    context: Pointer,
  ): number;
}

/** Memory that the library reads and writes in every call, at a place that never changes. */
export class Scratch {
  readonly bytes: Uint8Array;
  readonly at: Pointer;

  constructor(lib: LibCrypto, bytes: Uint8Array) {
    this.bytes = bytes;
    this.at = lib.pointerTo(bytes, 0);
  }
}

/** Text as C has it: its bytes and a zero. */
export function cString(text: string): Uint8Array {
  return Uint8Array.from(`${text}\0`, (char) => char.charCodeAt(0));
}
