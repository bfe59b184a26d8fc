/** Every crypto backend that this process can have: what `lib/crypto` may choose from by itself, and libcrypto. */
import { type BackendChoice, type BackendWish, chooseBackend, findNodeCrypto } from "../crypto/backend_choice.ts";
import type { LibCrypto } from "../crypto/native_library.ts";
import { libCryptoOrWhy } from "./native/libcrypto.ts";

let opened: LibCrypto | string | undefined;

/**
 * As {@link chooseBackend}, with libcrypto where it can be called, which needs Deno's FFI permission. Asks nobody.
 *
 * @throws Error when a backend is asked for by name and cannot serve.
 */
export function chooseCryptoBackend(wish: BackendWish): BackendChoice {
  if (wish === "noble" || wish === "node") return chooseBackend(wish);
  opened ??= libCryptoOrWhy();
  return chooseBackend(wish, { node: findNodeCrypto(), native: opened });
}
