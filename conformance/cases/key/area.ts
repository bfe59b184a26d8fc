/** SPEC clause 3: keys. */
import type { Case } from "../../case.ts";
import { CASES as ECDH } from "./ecdh.ts";
import { CASES as TRANSCRIPT } from "./transcript.ts";
import { CASES as SCHEDULE } from "./schedule.ts";
import { CASES as NO_NONCE_TWICE } from "./no_nonce_twice.ts";
import { CASES as PACKET_COUNTS } from "./packet_counts.ts";
import { CASES as IDENTITY } from "./identity.ts";
import { CASES as IDENTITY_POLICY } from "./identity_policy.ts";
import { CASES as EPOCHS } from "./epochs.ts";
import { CASES as ROTATION } from "./rotation.ts";

export const KEY_CASES: readonly Case[] = [
  ...ECDH,
  ...TRANSCRIPT,
  ...SCHEDULE,
  ...NO_NONCE_TWICE,
  ...IDENTITY,
  ...IDENTITY_POLICY,
  ...EPOCHS,
  ...ROTATION,
  ...PACKET_COUNTS,
];
