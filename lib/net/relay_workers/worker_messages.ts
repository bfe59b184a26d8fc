/** What the server and its workers tell each other: once at the start, and in records on their rings. */
import type { HostPort } from "../../base/address_table.ts";
import type { BackendName } from "../../crypto/backend.ts";
import type { Impairment } from "../../relay/impairment.ts";
import type { RelayLimits } from "../../relay/limits.ts";
import type { RelayServerEvent } from "../relay_server_events.ts";
import { OWN_WORDS_AT } from "./shared_ring.ts";

/** All that a worker needs. Threads are numbered: workers from 0, the server behind the last of them. */
export interface WorkerSetup {
  readonly index: number;
  readonly workers: number;
  readonly relayId: string;
  readonly secret: Uint8Array;
  readonly crypto: BackendName;
  readonly limits: RelayLimits;
  readonly maxConnections: number;
  readonly impairment: { readonly impairment: Impairment; readonly seed: number } | undefined;
  /** Bound by the server, read and closed by the worker. */
  readonly sockets: readonly { readonly fd: number; readonly local: HostPort }[];
  readonly addressCapacity: number;
  /** By thread. */
  readonly figures: readonly SharedArrayBuffer[];
  /** By worker: an eventfd that ends its sleep. */
  readonly doorbells: readonly number[];
  /** By thread: {@link Flag}s. */
  readonly flags: readonly SharedArrayBuffer[];
  /** By connection: 1 while this worker has a reason to keep it. */
  readonly streamUse: SharedArrayBuffer;
  /** `rings[from][to]`. */
  readonly rings: readonly (readonly SharedArrayBuffer[])[];
}

/** Words of a thread's flags. */
export const Flag = {
  /** The worker ends its loop. */
  stop: 0,
  /** The thread sleeps, and wants to be woken for records. */
  asleep: 1,
} as const;
export const FLAG_BYTES = 8;

/** From a worker, beside its ring. */
export type WorkerNote =
  /** It reads its sockets. */
  | { readonly kind: "ready" }
  | { readonly kind: "event"; readonly event: RelayServerEvent }
  | { readonly kind: "failed"; readonly what: string; readonly message: string }
  /** There are records for a server that was asleep. */
  | { readonly kind: "records" }
  | { readonly kind: "broken"; readonly message: string }
  | { readonly kind: "stopped" };

export const RecordKind = {
  /** A datagram from {@link SOCKADDR_AT}, received at the same port as socket {@link SOCKET_AT}. */
  datagram: 1,
  /** A unit from connection, or for it: {@link STREAM_AT}, {@link SERIAL_AT}. */
  unit: 2,
  /** A datagram's source is bound at the sender; of a connection with `routeStream`. */
  route: 3,
  routeStream: 4,
  /** A datagram's source is bound elsewhere now. */
  gone: 5,
  /** A connection is there: its {@link TRANSPORT_AT}, and `ip port` as the payload. */
  opened: 6,
  /** A connection is gone; or bound elsewhere now, with `leftStream`. */
  closed: 7,
  leftStream: 8,
  drain: 9,
} as const;

export const STREAM_AT = OWN_WORDS_AT;
export const SERIAL_AT = OWN_WORDS_AT + 1;
export const TRANSPORT_AT = OWN_WORDS_AT + 2;
export const SOCKET_AT = OWN_WORDS_AT;
/** 7 words. */
export const SOCKADDR_AT = OWN_WORDS_AT + 1;
