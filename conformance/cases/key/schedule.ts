/** SPEC clause 3.3: from the shared secret to the keys of streams, RTCP and sealing. */
import type { Case } from "../../case.ts";
import { vectorCase } from "../../vector_case.ts";

const OP = "keys.derive";

export const CASES: readonly Case[] = [
  vectorCase("key/schedule-shared-secret", "ARC-KEY-schedule-shared-secret", OP, "The input is x, then the transcript"),
  vectorCase(
    "key/schedule-master",
    "ARC-KEY-schedule-master",
    OP,
    "Label as salt and session_id as info give the master",
  ),
  vectorCase("key/schedule-stream-keys", "ARC-KEY-schedule-stream-keys", OP, "Three labels give a stream's three keys"),
  vectorCase("key/schedule-lengths", "ARC-KEY-schedule-lengths", OP, "The suite decides the length of the key"),
  vectorCase("key/schedule-lengths-rtcp", "ARC-KEY-schedule-lengths", "keys.rtcp", "It does so for RTCP too"),
  vectorCase("key/schedule-text-inputs", "ARC-KEY-schedule-text-inputs", OP, "Identifiers enter as lower-case text"),
  vectorCase(
    "key/schedule-ssrc-share",
    "ARC-KEY-schedule-ssrc-share",
    OP,
    "A stream has one set of keys for its SSRCs",
  ),
  vectorCase("key/schedule-rtcp-keys", "ARC-KEY-schedule-rtcp-keys", "keys.rtcp", "RTCP has keys of the peer"),
  vectorCase("key/schedule-seal-key", "ARC-KEY-schedule-seal-key", "seal.protect", "Sealing has a key of the peer"),
  vectorCase("key/schedule-stored-key", "ARC-KEY-schedule-stored-key", OP, "A stored key takes the place of x"),
];
