/** Every mutant. */
import type { Mutant } from "./mutant.ts";
import { PACKET_MUTANTS } from "./packet_mutants.ts";
import { PEER_MUTANTS } from "./peer_mutants.ts";
import { RELAY_MUTANTS } from "./relay_mutants.ts";
import { SERVER_MUTANTS } from "./server_mutants.ts";
import { SIGNALING_MUTANTS } from "./signaling_mutants.ts";

export const MUTANTS: readonly Mutant[] = [
  ...PACKET_MUTANTS,
  ...SIGNALING_MUTANTS,
  ...RELAY_MUTANTS,
  ...PEER_MUTANTS,
  ...SERVER_MUTANTS,
];
