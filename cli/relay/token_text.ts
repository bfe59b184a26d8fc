/** What `arcrtc relay token` prints. */
import { isUuid, NIL_UUID } from "../../lib/base/uuid.ts";
import { issueRelayToken } from "../../lib/crypto/relay_token.ts";
import { systemClock } from "../../lib/net/clock.ts";
import { parseDurationMs } from "../peer/duration.ts";
import { CliError } from "../ui/cli_error.ts";
import { envelope, jsonDocument } from "../ui/envelope.ts";
import type { Io } from "../ui/io.ts";
import { requireSecret } from "./relay_options.ts";

/** As commander hands them over. */
export interface TokenFlags {
  readonly secret?: string;
  readonly session: string;
  readonly peer: string;
  readonly ttl: string;
  readonly json?: boolean;
}

/** @throws CliError */
export function tokenText({ secret, session, peer, ttl, json }: TokenFlags, io: Io): string {
  for (const [flag, id] of [["--session", session], ["--peer", peer]]) {
    if (isUuid(id) && id !== NIL_UUID) continue;
    throw new CliError(
      "usage",
      `${flag}: '${id}' is not a UUID`,
      "write it in lower case, as 11111111-1111-4111-8111-111111111111",
    );
  }
  const ttlMs = parseDurationMs(ttl);
  if (ttlMs === undefined) {
    throw new CliError("usage", `--ttl: '${ttl}' cannot be used`, "it takes a time such as 10m or 1h");
  }
  const key = requireSecret(secret === undefined ? undefined : { text: secret, where: "--secret" }, io);
  const clock = systemClock();
  const expiresS = Math.ceil((clock.nowMs() + clock.unixOffsetMs + ttlMs) / 1000);
  const token = issueRelayToken(key, { sessionId: session, peerId: peer, expiresS });
  return json
    ? jsonDocument(envelope("relay_token", { session_id: session, peer_id: peer, token, expires: expiresS }))
    : `${token}\n`;
}
