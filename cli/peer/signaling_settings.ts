/** How a peer reaches its signaling server, and whom it trusts there. */
import { parseSignalingUrl } from "../../lib/net/open_signaling.ts";
import type { TlsTrust } from "../../lib/net/open_stream.ts";
import { CliError } from "../ui/cli_error.ts";
import type { Io } from "../ui/io.ts";
import { tlsTrust } from "../ui/tls_trust.ts";
import type { PeerFlags } from "./peer_options.ts";

export interface SignalingSettings {
  readonly url: string;
  readonly token: string | undefined;
  readonly trust: TlsTrust;
}

/** @throws CliError */
export function signalingSettings(flags: PeerFlags, io: Io): SignalingSettings {
  const url = flags.signal ?? io.env("ARCRTC_SIGNAL");
  if (url === undefined) {
    throw new CliError("usage", "no signaling server is named", "use --signal ws://HOST:PORT, or set ARCRTC_SIGNAL");
  }
  let protocol: string;
  try {
    ({ protocol } = parseSignalingUrl(url));
  } catch (error) {
    throw new CliError("usage", error instanceof Error ? error.message : String(error));
  }
  // A CA may be that of a relay, which the server names later; a pin is the server's.
  const protocols = flags.tlsPin === undefined ? [protocol.slice(0, -1), "tls"] : [protocol.slice(0, -1)];
  const trust = tlsTrust(flags, protocols);
  return { url, token: flags.token ?? io.env("ARCRTC_TOKEN"), trust };
}
