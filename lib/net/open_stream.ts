/** Connecting TCP and TLS 1.3 sockets, with trust decided before the first byte of ours is sent. */
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { NetError } from "./net_error.ts";
import { certificateSha256 } from "./stream_link.ts";

/** Whom to trust over TLS. Without a pin or CA the system's authorities decide. */
export interface TlsTrust {
  /** SHA-256 of the one certificate that is accepted, lower-case hex; names and authorities are then not looked at. */
  readonly pinSha256?: string;
  /** PEM of the authorities that are trusted instead of the system's. */
  readonly caPem?: string;
  /** Accepts any certificate: for debugging, and said so by the tools. */
  readonly insecure?: boolean;
}

/** The options of `node:tls` and `ws` for this trust. A pin is checked by {@link checkPin} once the handshake is done. */
export function tlsClientOptions(trust: TlsTrust): { rejectUnauthorized: boolean; ca?: string; minVersion: "TLSv1.3" } {
  return {
    rejectUnauthorized: trust.pinSha256 === undefined && trust.insecure !== true,
    ...(trust.caPem === undefined ? {} : { ca: trust.caPem }),
    minVersion: "TLSv1.3",
  };
}

/** Throws `untrusted` when the certificate that the other side showed is not the pinned one. */
export function checkPin(trust: TlsTrust, seenSha256: string | undefined, name: string): void {
  if (trust.pinSha256 === undefined || trust.pinSha256 === seenSha256) return;
  throw new NetError(
    "untrusted",
    `${name} shows the certificate ${seenSha256 ?? "(none)"}, not the pinned ${trust.pinSha256}`,
  );
}

/**
 * Connects within `timeoutMs`; throws {@link NetError}. `tls` undefined is plain TCP. `localAddress` is the address to
 * connect from, of those that this host has.
 */
export function openStream(
  host: string,
  port: number,
  tls: TlsTrust | undefined,
  timeoutMs: number,
  localAddress?: string,
): Promise<Socket | TLSSocket> {
  const name = `${tls === undefined ? "tcp" : "tls"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
  return new Promise((resolve, reject) => {
    const place = { host, port, localAddress };
    const socket = tls === undefined
      ? connectTcp(place)
      : connectTls({ ...place, servername: isIpAddress(host) ? undefined : host, ...tlsClientOptions(tls) });
    const timer = setTimeout(() => fail(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    const fail = (error: Error) => {
      clearTimeout(timer);
      socket.destroy();
      reject(error instanceof NetError ? error : connectionError(name, error));
    };
    socket.once("error", fail);
    socket.once(tls === undefined ? "connect" : "secureConnect", () => {
      try {
        if (tls !== undefined) checkPin(tls, certificateSha256(socket), name);
      } catch (error) {
        return fail(error as Error);
      }
      clearTimeout(timer);
      socket.removeListener("error", fail);
      resolve(socket);
    });
  });
}

/** Sorts what the system said into {@link NetError}'s kinds. */
export function connectionError(name: string, error: Error): NetError {
  const untrusted = /certificate|self.signed|UnknownIssuer|NotValidForName|CERT_/i.test(error.message);
  return untrusted
    ? new NetError("untrusted", `${name} is not trusted: ${error.message}`, { cause: error })
    : new NetError("unreachable", `cannot reach ${name}: ${error.message}`, { cause: error });
}

function isIpAddress(host: string): boolean {
  return host.includes(":") || /^\d+\.\d+\.\d+\.\d+$/.test(host);
}
