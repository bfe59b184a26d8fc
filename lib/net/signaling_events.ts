/** What a signaling server tells its operator. Nothing here ever holds a token or the content of a message. */

import type { BusLogEvent } from "./bus.ts";

export type SignalingTransport = "phoenix" | "plain" | "tcp" | "tls";

export type ServerEvent =
  | {
    readonly event: "opened";
    readonly connection: number;
    readonly transport: SignalingTransport;
    readonly from: string;
  }
  | { readonly event: "joined"; readonly connection: number; readonly session: string; readonly peer: string }
  | {
    readonly event: "join_refused";
    readonly connection: number;
    readonly session?: string;
    readonly peer?: string;
    readonly code: string;
    readonly message: string;
  }
  | { readonly event: "closed"; readonly connection: number; readonly why: string }
  /** A connection that came no further than the door. */
  | { readonly event: "turned_away"; readonly from: string; readonly why: string }
  | { readonly event: "draining"; readonly sessions: number }
  /** A relay answers, and is handed out from here on. */
  | { readonly event: "relay_up"; readonly relay: string; readonly address: string; readonly rtt_ms?: number }
  /** It answers and takes no new sessions: not handed out. */
  | { readonly event: "relay_draining"; readonly relay: string; readonly address: string }
  | { readonly event: "relay_down"; readonly relay: string; readonly address: string; readonly why: string }
  /** With the bus sessions are shared; without it those whose peers are here notice nothing. */
  | BusLogEvent
  /** Something failed here: `message` is for people. */
  | { readonly event: "failed"; readonly what: string; readonly message: string };

export type ServerLog = (event: ServerEvent) => void;
