/** `--relay-secret`: what signaling servers sign relay tokens with, and relays check them by. */
import { parseHex } from "../../lib/base/bytes.ts";
import { readTextFile } from "./text_file.ts";
import { CliError } from "./cli_error.ts";
import type { Io } from "./io.ts";

/** Seen by other users where it stands on the command line, so a file or the environment will do. */
export const RELAY_SECRET_VARIABLE = "ARCRTC_RELAY_SECRET";

/** A token's tag has as many. */
const MIN_BYTES = 16;

const HINT = "openssl rand -hex 32 > FILE makes one; server and relays take the same, as @FILE";

/**
 * Hex digits, or `@FILE` that holds them, from the flag or else from the environment; undefined where neither has any.
 *
 * @throws CliError that never shows the secret.
 */
export function relaySecret(flag: string | undefined, flagName: string, io: Io): Uint8Array | undefined {
  const [given, name] = flag === undefined ? [io.env(RELAY_SECRET_VARIABLE), RELAY_SECRET_VARIABLE] : [flag, flagName];
  if (given === undefined || (flag === undefined && given === "")) return undefined;
  const place = given.startsWith("@") ? `${name} ${given}` : name;
  const text = given.startsWith("@") ? readTextFile(given.slice(1)).trim() : given;
  const secret = parseHex(text);
  if (!secret.ok) throw new CliError("usage", `${place}: the relay secret is not written in hex`, HINT);
  if (secret.value.length < MIN_BYTES) {
    const least = `needs ${MIN_BYTES} bytes or more`;
    throw new CliError("usage", `${place}: the relay secret ${least}, this one has ${secret.value.length}`, HINT);
  }
  return secret.value;
}
