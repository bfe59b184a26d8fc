/** `--nats`: the bus on which servers share sessions and relays tell how they are. */
import { type NatsAddress, parseNatsUrl } from "../../lib/net/nats_bus.ts";
import { CliError } from "./cli_error.ts";
import type { Io } from "./io.ts";
import { readTextFile } from "./text_file.ts";

/** A URL with a password is seen by other users where it stands on the command line. */
const NATS_VARIABLE = "ARCRTC_NATS";

const HINT = "it takes nats://HOST[:PORT] or tls://HOST[:PORT], USER:PASSWORD@ or TOKEN@ before the host, or @FILE";

/**
 * From the flag, which may be `@FILE`, or else from the environment; undefined where neither has any. `ca` is the path of
 * the authority's certificate.
 *
 * @throws CliError that never shows the URL, which may hold a password.
 */
export function natsAddress(
  flag: string | undefined,
  flagName: string,
  ca: string | undefined,
  io: Io,
): NatsAddress | undefined {
  const [given, name] = flag === undefined ? [io.env(NATS_VARIABLE), NATS_VARIABLE] : [flag, flagName];
  if (given === undefined || (flag === undefined && given === "")) return undefined;
  const place = given.startsWith("@") ? `${name} ${given}` : name;
  const address = parseNatsUrl(given.startsWith("@") ? readTextFile(given.slice(1)).trim() : given);
  if (address === undefined) throw new CliError("usage", `${place}: this is no URL of a NATS server`, HINT);
  if (ca === undefined) return address;
  if (!address.tls) {
    throw new CliError("usage", "an authority is given for a bus without TLS", "tls://HOST[:PORT] has it");
  }
  return { ...address, caPem: readTextFile(ca) };
}
