/**
 * P-256 by libcrypto's arithmetic on points: a private key here is 32 bytes and no more, and the library's key objects
 * want the public half with it. Keys and points go through scratch of their fixed size.
 */
import type { P256 } from "./backend.ts";
import { type LibCrypto, type Pointer, Scratch } from "./native_library.ts";

const PRIVATE_KEY_BYTES = 32;
const POINT_BYTES = 65;
/** As the library's `size_t`. */
const POINT_SIZE = BigInt(POINT_BYTES);
/** `NID_X9_62_prime256v1`. */
const CURVE = 415;
/** `POINT_CONVERSION_UNCOMPRESSED`. */
const UNCOMPRESSED = 4;

export class NativeP256 implements P256 {
  readonly #lib: LibCrypto;
  /** Lives as long as the backend, which is as long as the process. */
  readonly #group: Pointer;
  readonly #scalar: Scratch;
  readonly #point: Scratch;

  /** @throws Error when the library lacks the curve. */
  constructor(lib: LibCrypto) {
    this.#lib = lib;
    this.#group = lib.EC_GROUP_new_by_curve_name(CURVE);
    if (this.#group === null) throw new Error("libcrypto has no P-256");
    this.#scalar = new Scratch(lib, new Uint8Array(PRIVATE_KEY_BYTES));
    this.#point = new Scratch(lib, new Uint8Array(POINT_BYTES));
  }

  publicKey(privateKey: Uint8Array): Uint8Array {
    this.#multiply(privateKey, null);
    return this.#point.bytes.slice();
  }

  sharedX(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
    this.#multiply(privateKey, publicKey);
    const x = this.#point.bytes.slice(1, 1 + PRIVATE_KEY_BYTES);
    this.#point.bytes.fill(0);
    return x;
  }

  /**
   * Leaves in the scratch `privateKey` times `publicKey`, or times the generator where that is null.
   *
   * A call has one scalar, the generator's or the point's: EC_POINT_mul takes that for a secret, whatever its flags, and
   * goes the constant-time way of the library's own key generation and ECDH (`crypto/ec/ec_mult.c`, `ecp_nistz256.c`):
   * windows whose tables are read whole, where it has the curve in assembly, else a Montgomery ladder. Only sums of
   * products, which verify signatures, go faster ways that depend on the scalars.
   */
  #multiply(privateKey: Uint8Array, publicKey: Uint8Array | null): void {
    const lib = this.#lib;
    const group = this.#group;
    this.#scalar.bytes.set(privateKey);
    if (publicKey !== null) this.#point.bytes.set(publicKey);
    const context = lib.BN_CTX_secure_new();
    const scalar = lib.BN_secure_new();
    const point = lib.EC_POINT_new(group);
    const product = lib.EC_POINT_new(group);
    const isDone = context !== null && scalar !== null && point !== null && product !== null &&
      lib.BN_bin2bn(this.#scalar.at, PRIVATE_KEY_BYTES, scalar) !== null &&
      (publicKey === null
        ? lib.EC_POINT_mul(group, product, scalar, null, null, context) === 1
        : lib.EC_POINT_oct2point(group, point, this.#point.at, POINT_SIZE, context) === 1 &&
          lib.EC_POINT_mul(group, product, null, point, scalar, context) === 1) &&
      lib.EC_POINT_point2oct(group, product, UNCOMPRESSED, this.#point.at, POINT_SIZE, context) === POINT_SIZE;
    this.#scalar.bytes.fill(0);
    lib.EC_POINT_clear_free(product);
    lib.EC_POINT_clear_free(point);
    lib.BN_clear_free(scalar);
    // Erases its numbers as well.
    lib.BN_CTX_free(context);
    if (!isDone) throw new Error("libcrypto failed in P-256");
  }
}
