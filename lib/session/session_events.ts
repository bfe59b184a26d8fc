/** What a session is made with, and what it tells. */
import type { AddressTable } from "../base/address_table.ts";
import type { JitterBufferOptions } from "../jitter/buffer.ts";
import type { Agreement, EndpointConfig, EndpointOutput, EndpointState } from "../signaling/endpoint_context.ts";
import type { ErrorCode } from "../signaling/error_codes.ts";
import type { StreamStart } from "../signaling/messages/stream_start.ts";
import type { MediaEvent } from "./media_events.ts";
import type { PathPolicy } from "./path_candidate.ts";
import type { PathEvent } from "./path_events.ts";
import type { RelayClientEvent } from "./relay_client.ts";
import type { RelayServers } from "./session_relays.ts";
import type { TransportWant } from "./stream_connections.ts";

export interface SessionConfig extends EndpointConfig {
  /** Explains the address numbers of batches; the datagram transport's own. */
  readonly addresses: AddressTable;
  /** Relays that are known without the server, with our tokens: bound before CONNECT, which tells what they saw. */
  readonly relays?: RelayServers;
  /** Which paths are looked for; default all. */
  readonly pathPolicy?: PathPolicy;
  readonly replayWindowPackets?: number;
  readonly jitter?: JitterBufferOptions;
  /** Share of the processor in use, 0..1, for the quality rule. */
  readonly cpu?: () => number;
  /** Share of FEC for key frames. */
  readonly fecRatio?: number;
}

export type SessionEvent =
  | { readonly kind: "state"; readonly state: EndpointState }
  | { readonly kind: "connected"; readonly agreement: Agreement }
  | { readonly kind: "resumed"; readonly epoch: number }
  | { readonly kind: "keys"; readonly epoch: number; readonly master: Uint8Array }
  /** From the next packet on this epoch protects what we send. */
  | { readonly kind: "rotated"; readonly epoch: number }
  | { readonly kind: "stream_offered"; readonly start: StreamStart }
  | { readonly kind: "stream_accepted"; readonly streamId: string }
  | { readonly kind: "stream_refused"; readonly streamId: string; readonly message: string }
  | { readonly kind: "stream_stopped"; readonly streamId: string; readonly reason: string }
  | { readonly kind: "path"; readonly event: PathEvent }
  | { readonly kind: "relay"; readonly event: RelayClientEvent }
  /** Something was refused, by us or by the other side (then with its code), or could not be sent; the call goes on. */
  | { readonly kind: "warning"; readonly message: string; readonly code?: ErrorCode; readonly byPeer?: boolean }
  | Extract<EndpointOutput, { kind: "closed" }>;

export type SessionOutput =
  /** A message for the signaling transport. */
  | { readonly kind: "signal"; readonly text: string }
  /** Something of those who have sockets. */
  | { readonly kind: "transport"; readonly want: TransportWant }
  /** A received frame, a rung change, ... of a stream. */
  | { readonly kind: "media"; readonly event: MediaEvent }
  | { readonly kind: "event"; readonly event: SessionEvent };
