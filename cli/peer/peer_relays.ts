/** The relays that a peer knows without its server: `--relay`, `--relay-secret`. */
import { issueRelayToken, parseRelayToken } from "../../lib/crypto/relay_token.ts";
import type { RelayServer, RelayServers } from "../../lib/session/session_relays.ts";
import { CliError } from "../ui/cli_error.ts";
import type { Io } from "../ui/io.ts";
import { RELAY_SECRET_VARIABLE, relaySecret } from "../ui/relay_secret.ts";
import { parseRelaySite } from "../ui/relay_site.ts";
import { PEER_RELAY_FORM } from "./relay_form.ts";

export interface PeerRelayFlags {
  readonly relay: readonly string[];
  readonly relaySecret?: string;
}

/** As many as a message can name. */
const MAX_RELAYS = 8;
/** Of tokens that we issue ourselves. */
const TOKEN_LIFETIME_S = 24 * 3600;

/** The entries of `relay_servers`, with tokens for this peer. @throws CliError that says what is wrong with which one. */
export function peerRelays(
  flags: PeerRelayFlags,
  io: Io,
  self: { readonly sessionId: string; readonly peerId: string },
  unixMs: number,
): RelayServers {
  const texts = flags.relay.flatMap((list) => list.split(","));
  if (texts.length === 0) {
    if (flags.relaySecret === undefined) return [];
    throw new CliError("usage", "--relay-secret is given and no relay", `name the relays: --relay ${PEER_RELAY_FORM}`);
  }
  if (texts.length > MAX_RELAYS) {
    throw new CliError("usage", `there are ${texts.length} relays, the limit is ${MAX_RELAYS}`, "leave some out");
  }
  const secret = relaySecret(flags.relaySecret, "--relay-secret", io);
  const nowS = Math.floor(unixMs / 1000);
  return texts.map((text) => {
    const relay = parsePeerRelay(text);
    if (relay.token !== undefined) return withExpiry(text, { ...relay, token: relay.token }, nowS);
    if (secret === undefined) throw noToken(text);
    const expires = nowS + TOKEN_LIFETIME_S;
    return { ...relay, token: issueRelayToken(secret, { ...self, expiresS: expires }), expires };
  });
}

function noToken(text: string): CliError {
  return new CliError(
    "usage",
    `--relay ${text} has no token`,
    `add ;token=TOKEN, or give the relay's secret: --relay-secret @FILE, or ${RELAY_SECRET_VARIABLE}`,
  );
}

function withExpiry(text: string, relay: RelayServer & { readonly token: string }, nowS: number): RelayServer {
  const wrong = (why: string) => new CliError("usage", `--relay ${withoutToken(text)}: ${why}`, "get a new token");
  const token = parseRelayToken(relay.token);
  if (!token.ok) throw wrong("its token is no relay token");
  const { expiresS } = token.value;
  if (expiresS <= nowS) throw wrong(`its token has expired ${nowS - expiresS} s ago`);
  return { ...relay, expires: expiresS };
}

/** Without its token's expiry. @throws CliError */
export function parsePeerRelay(text: string): RelayServer {
  const wrong = (why: string) =>
    new CliError("usage", `--relay ${withoutToken(text)}: ${why}`, `a relay is ${PEER_RELAY_FORM}`);
  const [place, ...options] = text.trim().split(";");
  const { id, host, port, priority } = parseRelaySite(place, wrong);
  let transport: RelayServer["transport"] = "udp";
  let token: string | undefined;
  for (const option of options) {
    if (option === "tcp" || option === "tls" || option === "udp") transport = option;
    else if (option.startsWith("token=")) token = option.slice("token=".length);
    else throw wrong(`'${option}' is neither udp, tcp, tls nor token=TOKEN`);
  }
  return { id, address: host, port, priority, transport, ...(token === undefined ? {} : { token }) };
}

/** Messages are shown and kept; tokens are not for that. */
function withoutToken(text: string): string {
  return text.replace(/;token=[^;]*/, "");
}
