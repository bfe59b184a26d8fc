/** A backend is functions, which no message carries: a worker makes its own of the same name. */
import type { BackendName, CryptoBackend } from "../../crypto/backend.ts";
import { chooseBackend } from "../../crypto/backend_choice.ts";

export function importBackend(name: BackendName): CryptoBackend {
  return chooseBackend(name === "native" ? "auto" : name).backend;
}
