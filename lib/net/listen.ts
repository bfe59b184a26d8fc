/** Opening a listening socket, with errors that say what is in the way. */
import type { AddressInfo, Server } from "node:net";
import { formatHostPort, type HostPort } from "../base/address_table.ts";

export type ListenErrorKind = "in_use" | "not_permitted" | "bad_address" | "other";

/** Why a socket could not be opened for listening. */
export class ListenError extends Error {
  readonly kind: ListenErrorKind;
  readonly address: HostPort;

  constructor(what: string, address: HostPort, cause: unknown) {
    const kind = kindOf(cause);
    super(`cannot listen on ${what} ${formatHostPort(address)}: ${WORDS[kind] ?? messageOf(cause)}`, { cause });
    this.kind = kind;
    this.address = address;
  }
}

/** What `open` answers. @throws ListenError instead of what it throws. */
export function listening<T>(what: string, address: HostPort, open: () => T): T {
  try {
    return open();
  } catch (error) {
    throw new ListenError(what, address, error);
  }
}

const WORDS: Readonly<Partial<Record<ListenErrorKind, string>>> = {
  in_use: "the port is in use",
  not_permitted: "not permitted",
  bad_address: "this machine does not have the address",
};

/** Listens on TCP; answers the address, with the port that the system chose for port 0. @throws ListenError */
export function listenTcp(server: Server, { host, port }: HostPort): Promise<HostPort> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => reject(new ListenError("TCP", { host, port }, error));
    server.once("error", failed);
    server.listen(port, host, () => {
      server.removeListener("error", failed);
      // Later errors are those of accepting one connection, such as no free descriptor: the next may work.
      server.on("error", () => {});
      const { address, port } = server.address() as AddressInfo;
      resolve({ host: address, port });
    });
  });
}

function kindOf(cause: unknown): ListenErrorKind {
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
  if (code === "EADDRINUSE" || cause instanceof Deno.errors.AddrInUse) return "in_use";
  if (code === "EACCES" || cause instanceof Deno.errors.PermissionDenied || cause instanceof Deno.errors.NotCapable) {
    return "not_permitted";
  }
  // EINVAL is what some kernels say of an address that is not theirs.
  const isAway = code === "EADDRNOTAVAIL" || code === "EINVAL" || code === "ENOTFOUND";
  return isAway || cause instanceof Deno.errors.AddrNotAvailable ? "bad_address" : "other";
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
