/**
 * What relays and servers tell the servers about themselves on their status subjects (SPEC §6.3, ARC-RELAY-status).
 * These never travel between peers and are not among the message types that a peer knows.
 */
import * as v from "valibot";
import { port, RELAY_TRANSPORTS, timestamp, version } from "./fields.ts";
import { type DeepReadonly, flag, integer, list, number, oneOf, struct, text } from "./schema.ts";

const count = (description: string) => integer(0, Number.MAX_SAFE_INTEGER, description);

const load = number(0, 1, "Share of the tightest limit in use, 1 when full");

const healthy = flag("Takes new sessions");

export const RelayStatusSchema = v.pipe(
  struct({
    type: v.literal("RELAY_STATUS"),
    relay_id: text(1, 64, "The relay's name, as in its subject"),
    healthy,
    load,
    sessions: count("Sessions with a binding"),
    bindings: count("Bound addresses"),
    packets_per_s: count("Packets forwarded per second"),
    bits_per_s: count("Bits forwarded per second"),
    endpoints: list(
      struct({
        address: text(1, 253, "IP address or DNS name"),
        port,
        transport: oneOf(RELAY_TRANSPORTS, "How to reach it"),
      }),
      "Where peers reach the relay",
      1,
      8,
    ),
    timestamp,
  }),
  v.description("A relay's load."),
);

export type RelayStatus = DeepReadonly<v.InferOutput<typeof RelayStatusSchema>>;

export const ServerStatusSchema = v.pipe(
  struct({
    type: v.literal("SERVER_STATUS"),
    server_id: text(1, 64, "The server's name, as in its subject"),
    version,
    healthy,
    load,
    sessions: count("Sessions with a peer on this server"),
    peers: count("Peers joined on this server"),
    timestamp,
  }),
  v.description("A server's state."),
);

export type ServerStatus = DeepReadonly<v.InferOutput<typeof ServerStatusSchema>>;
