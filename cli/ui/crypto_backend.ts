import { Option } from "commander";
import { BACKEND_WISHES, type BackendChoice, type BackendWish } from "../../lib/crypto/backend_choice.ts";
import { chooseCryptoBackend } from "../../lib/net/crypto_choice.ts";
import { CliError } from "./cli_error.ts";
import type { Io } from "./io.ts";

/** `--crypto`, the same for every command that protects or unprotects packets. */
export function cryptoOption(): Option {
  return new Option(
    "--crypto <backend>",
    "cryptography library: auto, noble, node or native (default: ARCRTC_CRYPTO, or auto)",
  )
    .choices(BACKEND_WISHES);
}

/** The backend that the flag or ARCRTC_CRYPTO asks for. */
export function chooseCrypto(io: Io, flag: string | undefined): BackendChoice {
  const wish = flag ?? io.env("ARCRTC_CRYPTO") ?? "auto";
  if (!isWish(wish)) {
    throw new CliError("usage", `ARCRTC_CRYPTO is '${wish}'`, `it takes ${BACKEND_WISHES.join(", ")}`);
  }
  try {
    return chooseCryptoBackend(wish);
  } catch (error) {
    throw new CliError("usage", error instanceof Error ? error.message : String(error), "use --crypto auto");
  }
}

function isWish(text: string): text is BackendWish {
  return (BACKEND_WISHES as readonly string[]).includes(text);
}
