/** How a peer reaches its signaling server, and whom it trusts there. */
import { toHex } from "../../lib/base/bytes.ts";
import { parseFingerprint } from "../../lib/crypto/certificate.ts";
import { parseSignalingUrl } from "../../lib/net/open_signaling.ts";
import type { TlsTrust } from "../../lib/net/open_stream.ts";
import { CliError } from "../ui/cli_error.ts";
import type { Io } from "../ui/io.ts";
import { readTextFile } from "./identity_files.ts";
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
  const { tlsPin, tlsCa, insecure } = flags;
  const trust: TlsTrust = {
    ...(tlsPin === undefined ? {} : { pinSha256: fingerprintHex(tlsPin) }),
    ...(tlsCa === undefined ? {} : { caPem: readTextFile(tlsCa) }),
    ...(insecure === true ? { insecure } : {}),
  };
  if (Object.keys(trust).length > 0 && protocol !== "wss:" && protocol !== "tls:") {
    throw new CliError("usage", `--tls-pin, --tls-ca and --insecure need wss:// or tls://, not ${protocol}//`);
  }
  if (Object.keys(trust).length > 1) {
    throw new CliError("usage", "--tls-pin, --tls-ca and --insecure exclude each other");
  }
  return { url, token: flags.token ?? io.env("ARCRTC_TOKEN"), trust };
}

function fingerprintHex(text: string): string {
  const parsed = parseFingerprint(text);
  if (parsed.ok) return toHex(parsed.value);
  throw new CliError("usage", `--tls-pin: ${parsed.fault.message}`);
}
