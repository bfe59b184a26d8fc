/** Who may join: `--open`, `--auth-secret`, `--auth-jwks`. */
import { type JoinAuth, jwtAuth, OPEN_AUTH } from "../../lib/net/join_auth.ts";
import { fixedKeySource, parseJwks, remoteKeySource, secretKeySource } from "../../lib/net/jwt_keys.ts";
import { NetError } from "../../lib/net/net_error.ts";
import { authSecret } from "../ui/auth_secret.ts";
import { CliError } from "../ui/cli_error.ts";
import type { Io } from "../ui/io.ts";
import { readTextFile } from "../ui/text_file.ts";

export interface AuthFlags {
  readonly open?: boolean;
  readonly authSecret?: string;
  readonly authJwks?: string;
}

/** @throws CliError where none or several are given, or what is given cannot be used. */
export async function joinAuth(flags: AuthFlags, io: Io, nowMs: number): Promise<JoinAuth> {
  const { open, authJwks } = flags;
  const given = [
    open && "--open",
    flags.authSecret !== undefined && "--auth-secret",
    authJwks !== undefined && "--auth-jwks",
  ]
    .filter((flag) => typeof flag === "string");
  if (given.length > 1) {
    throw new CliError("usage", `${given.join(" and ")} exclude each other`, "choose one way to decide who may join");
  }
  if (open) return OPEN_AUTH;
  if (authJwks !== undefined) return await jwksAuth(authJwks, nowMs);
  const secret = authSecret(flags.authSecret, io);
  if (secret !== undefined) return secretAuth(secret);
  throw new CliError(
    "usage",
    "who may join is not said",
    "--open lets anybody on this machine join; --auth-secret @FILE or --auth-jwks FILE asks for a token",
  );
}

function secretAuth(secret: string): JoinAuth {
  try {
    return jwtAuth(secretKeySource(secret));
  } catch (error) {
    throw new CliError("usage", messageOf(error), "openssl rand -base64 32 > FILE makes a good one");
  }
}

async function jwksAuth(place: string, nowMs: number): Promise<JoinAuth> {
  if (!/^https?:\/\//.test(place)) {
    const text = readTextFile(place);
    try {
      return jwtAuth(fixedKeySource(await parseJwks(text)));
    } catch (error) {
      throw new CliError("usage", `${place}: ${messageOf(error)}`, 'it takes a JWK set: {"keys": [...]}');
    }
  }
  try {
    return jwtAuth(await remoteKeySource(place, nowMs));
  } catch (error) {
    if (error instanceof NetError) {
      throw new CliError("unreachable", error.message, "check the URL, or save the keys and name the file");
    }
    throw new CliError("usage", messageOf(error), "use https, or save the keys and name the file");
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
