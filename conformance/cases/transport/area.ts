/** SPEC clauses 6 and 10.5: signaling transports, the server, and what it shows of METRICS. */
import type { Case } from "../../case.ts";
import { CASES as BETWEEN_SERVERS } from "./between_servers.ts";
import { CASES as EXPORTER } from "./exporter.ts";
import { CASES as PHOENIX } from "./phoenix.ts";
import { CASES as FORWARDING } from "./server_forwarding.ts";
import { CASES as JOINING } from "./server_joining.ts";
import { CASES as LIMITS } from "./server_limits.ts";
import { CASES as PEERS } from "./peers.ts";
import { CASES as SHARED } from "./shared_sessions.ts";
import { CASES as STREAMS } from "./streams.ts";
import { CASES as WEBSOCKET } from "./websocket.ts";

export const TRANSPORT_CASES: readonly Case[] = [
  ...PHOENIX,
  ...WEBSOCKET,
  ...PEERS,
  ...STREAMS,
  ...BETWEEN_SERVERS,
  ...SHARED,
  ...FORWARDING,
  ...JOINING,
  ...LIMITS,
  ...EXPORTER,
];
