/** A backend is functions, which no message carries: a worker makes its own of the same name. */
import type { BackendName, CryptoBackend } from "../../crypto/backend.ts";
import { chooseCryptoBackend } from "../crypto_choice.ts";

export function importBackend(name: BackendName): CryptoBackend {
  return chooseCryptoBackend(name).backend;
}
