/** What happens on the way to a path, for people who ask why the media goes where it goes. */
import type { HostPort } from "../base/address_table.ts";
import type { PathCandidate, PathKind } from "./path_candidate.ts";
import type { StreamTarget } from "./stream_connections.ts";

/** `told`: the peer learned its public address after CONNECT and said so in a heartbeat. */
export type ProbingReason = "offered" | "heard" | "told";

/** `lost`: the last one over UDP went down; `late`: none was valid after a second. */
export type TcpReason = "late" | "lost";

export type PathEvent =
  | { readonly kind: "probing"; readonly path: PathCandidate; readonly why: ProbingReason }
  /** The burst of probes is over and nothing has come back; it is probed more rarely from here on. */
  | { readonly kind: "unanswered"; readonly path: PathCandidate; readonly probes: number }
  | { readonly kind: "valid"; readonly path: PathCandidate; readonly rttMs: number }
  | { readonly kind: "chosen"; readonly path: PathCandidate; readonly why: "first" | "better" | "failover" }
  | {
    readonly kind: "down";
    readonly path: PathCandidate;
    readonly silentMs: number;
    readonly why: "silent" | "closed";
  }
  /** No valid path is left: media waits. */
  | { readonly kind: "none" }
  /** Not looked for: the policy does not allow it. */
  | { readonly kind: "barred"; readonly path: PathKind; readonly to: HostPort }
  | { readonly kind: "tcp"; readonly why: TcpReason }
  | { readonly kind: "listening"; readonly ports: readonly number[] }
  | { readonly kind: "not_listening"; readonly port: number; readonly message: string }
  | { readonly kind: "connecting"; readonly to: StreamTarget }
  | { readonly kind: "connected"; readonly to: StreamTarget }
  | { readonly kind: "accepted"; readonly from: HostPort }
  /** A connection is over, or never came to be. */
  | { readonly kind: "disconnected"; readonly to: StreamTarget; readonly wasOpen: boolean; readonly message: string }
  | { readonly kind: "looked_up"; readonly host: string; readonly ip: string }
  | { readonly kind: "not_looked_up"; readonly host: string; readonly message: string }
  /** What the relays saw of us, when it has changed. */
  | { readonly kind: "public_address"; readonly address: HostPort; readonly natType: string };
