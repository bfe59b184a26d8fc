/** Every mutant. */
import { CALL_MUTANTS } from "./call_mutants.ts";
import { BRIDGE_MUTANTS } from "./bridge_mutants.ts";
import { BRIDGE_SIGNALING_MUTANTS } from "./bridge_signaling_mutants.ts";
import { CHOICE_MUTANTS } from "./choice_mutants.ts";
import { CRYPTO_MUTANTS } from "./crypto_mutants.ts";
import { DIALECT_MUTANTS } from "./dialect_mutants.ts";
import { EPOCH_MUTANTS } from "./epoch_mutants.ts";
import { HEADER_MUTANTS } from "./header_mutants.ts";
import { KEY_MUTANTS } from "./key_mutants.ts";
import { IDENTITY_MUTANTS } from "./identity_mutants.ts";
import { KEY_USE_MUTANTS } from "./key_use_mutants.ts";
import { LADDER_MUTANTS } from "./ladder_mutants.ts";
import { MEDIA_MUTANTS } from "./media_mutants.ts";
import type { Mutant } from "./mutant.ts";
import { NAT_TYPE_MUTANTS } from "./nat_type_mutants.ts";
import { PACKET_MUTANTS } from "./packet_mutants.ts";
import { PATH_MUTANTS } from "./path_mutants.ts";
import { PAYLOAD_MUTANTS } from "./payload_mutants.ts";
import { PEER_MUTANTS } from "./peer_mutants.ts";
import { PEER_SIGNALING_MUTANTS } from "./peer_signaling_mutants.ts";
import { PLAYOUT_MUTANTS } from "./playout_mutants.ts";
import { RECEIVER_MUTANTS } from "./receiver_mutants.ts";
import { RECEPTION_MUTANTS } from "./reception_mutants.ts";
import { RELAY_MUTANTS } from "./relay_mutants.ts";
import { ROBUSTNESS_MUTANTS } from "./robustness_mutants.ts";
import { RELAY_STATUS_MUTANTS } from "./relay_status_mutants.ts";
import { RTCP_MUTANTS } from "./rtcp_mutants.ts";
import { SELECTION_MUTANTS } from "./selection_mutants.ts";
import { SERVER_MUTANTS } from "./server_mutants.ts";
import { SHARED_SESSION_MUTANTS } from "./shared_session_mutants.ts";
import { SIGNALING_MUTANTS } from "./signaling_mutants.ts";
import { SRTP_MUTANTS } from "./srtp_mutants.ts";

export const MUTANTS: readonly Mutant[] = [
  ...PACKET_MUTANTS,
  ...HEADER_MUTANTS,
  ...KEY_MUTANTS,
  ...EPOCH_MUTANTS,
  ...KEY_USE_MUTANTS,
  ...IDENTITY_MUTANTS,
  ...SRTP_MUTANTS,
  ...CRYPTO_MUTANTS,
  ...RECEIVER_MUTANTS,
  ...CHOICE_MUTANTS,
  ...RTCP_MUTANTS,
  ...MEDIA_MUTANTS,
  ...PLAYOUT_MUTANTS,
  ...RECEPTION_MUTANTS,
  ...LADDER_MUTANTS,
  ...PAYLOAD_MUTANTS,
  ...SIGNALING_MUTANTS,
  ...BRIDGE_MUTANTS,
  ...BRIDGE_SIGNALING_MUTANTS,
  ...DIALECT_MUTANTS,
  ...RELAY_MUTANTS,
  ...RELAY_STATUS_MUTANTS,
  ...PEER_MUTANTS,
  ...PEER_SIGNALING_MUTANTS,
  ...NAT_TYPE_MUTANTS,
  ...PATH_MUTANTS,
  ...CALL_MUTANTS,
  ...SERVER_MUTANTS,
  ...SHARED_SESSION_MUTANTS,
  ...ROBUSTNESS_MUTANTS,
  ...SELECTION_MUTANTS,
];
