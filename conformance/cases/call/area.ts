/** Whole calls with a peer under test: what clauses 2 to 5, 9 and 10 let one see from outside. */
import type { Case } from "../../case.ts";
import { CASES as FEEDBACK } from "./feedback.ts";
import { CASES as HANDSHAKE } from "./handshake.ts";
import { CASES as MEASURING } from "./measuring.ts";
import { CASES as MEDIA_RECEIVED } from "./media_received.ts";
import { CASES as MEDIA_SENT } from "./media_sent.ts";
import { CASES as REDUCED_HEADER } from "./reduced_header.ts";
import { CASES as REQUESTS } from "./requests.ts";
import { CASES as ROTATION } from "./rotation.ts";
import { CASES as SEALING } from "./sealing.ts";

export const CALL_CASES: readonly Case[] = [
  ...HANDSHAKE,
  ...MEDIA_SENT,
  ...REDUCED_HEADER,
  ...MEDIA_RECEIVED,
  ...ROTATION,
  ...REQUESTS,
  ...SEALING,
  ...FEEDBACK,
  ...MEASURING,
];
