/** Every mutant. */
import { CRYPTO_MUTANTS } from "./crypto_mutants.ts";
import { EPOCH_MUTANTS } from "./epoch_mutants.ts";
import { HEADER_MUTANTS } from "./header_mutants.ts";
import type { Mutant } from "./mutant.ts";
import { KEY_MUTANTS } from "./key_mutants.ts";
import { MEDIA_MUTANTS } from "./media_mutants.ts";
import { PACKET_MUTANTS } from "./packet_mutants.ts";
import { PEER_MUTANTS } from "./peer_mutants.ts";
import { RECEIVER_MUTANTS } from "./receiver_mutants.ts";
import { RELAY_MUTANTS } from "./relay_mutants.ts";
import { RTCP_MUTANTS } from "./rtcp_mutants.ts";
import { SERVER_MUTANTS } from "./server_mutants.ts";
import { SIGNALING_MUTANTS } from "./signaling_mutants.ts";
import { SRTP_MUTANTS } from "./srtp_mutants.ts";

export const MUTANTS: readonly Mutant[] = [
  ...PACKET_MUTANTS,
  ...HEADER_MUTANTS,
  ...KEY_MUTANTS,
  ...EPOCH_MUTANTS,
  ...SRTP_MUTANTS,
  ...CRYPTO_MUTANTS,
  ...RECEIVER_MUTANTS,
  ...RTCP_MUTANTS,
  ...MEDIA_MUTANTS,
  ...SIGNALING_MUTANTS,
  ...RELAY_MUTANTS,
  ...PEER_MUTANTS,
  ...SERVER_MUTANTS,
];
