/** Which UDP backend runs, and why: chosen once at start, shown by `arcrtc --version --verbose`. */
import type { DatagramTransport } from "./datagram.ts";
import { libc } from "./native/libc.ts";
import { LibraryError } from "./native/library.ts";
import { openNativeUdp } from "./native/udp_native.ts";
import { openUdp, type UdpOptions } from "./udp_deno.ts";

/** What a user may ask for (`--io`). */
export const IO_WISHES = ["auto", "deno", "native"] as const;

export type IoWish = (typeof IO_WISHES)[number];

/** Opens a UDP socket; throws what the system says. */
export type OpenUdp = (options: UdpOptions) => DatagramTransport;

export interface IoChoice {
  readonly name: "deno" | "native";
  /** One sentence for people. */
  readonly why: string;
  readonly openUdp: OpenUdp;
}

/**
 * `auto` takes `native` (batched system calls) where libc can be called, which needs Deno's FFI permission, else `deno`
 * (`Deno.listenDatagram`). Asks nobody.
 *
 * @throws LibraryError when `native` is asked for by name and cannot serve.
 */
export function chooseIo(wish: IoWish): IoChoice {
  if (wish === "deno") return { name: "deno", why: "deno was asked for", openUdp };
  try {
    libc();
    const why = wish === "native"
      ? "native was asked for"
      : "libc can be called: system calls for many packets at a time";
    return { name: "native", why, openUdp: openNativeUdp };
  } catch (error) {
    if (wish === "native" || !(error instanceof LibraryError)) throw error;
    return { name: "deno", why: error.message, openUdp };
  }
}
