import { CASES as OPS_HEAVY } from "./ops_heavy.ts";
import { CASES as OPS_INPUTS } from "./ops_inputs.ts";
import { CASES as OPS_MACHINES } from "./ops_machines.ts";
import { CASES as OPS_REQUESTS } from "./ops_requests.ts";
import { CASES as PEER } from "./peer.ts";
import { CASES as RELAY } from "./relay.ts";
import { CASES as SERVER } from "./server.ts";
import { CASES as SERVER_BYTES } from "./server_bytes.ts";

export const ROBUSTNESS_CASES = [
  ...OPS_INPUTS,
  ...OPS_MACHINES,
  ...OPS_HEAVY,
  ...OPS_REQUESTS,
  ...SERVER,
  ...SERVER_BYTES,
  ...RELAY,
  ...PEER,
];
