/** SPEC clause 4: ArcSRTP. */
import type { Case } from "../../case.ts";
import { CASES as PROTECTION } from "./protection.ts";
import { CASES as RECEIVING } from "./receiving.ts";
import { CASES as SRTCP } from "./srtcp.ts";
import { CASES as CHOICE } from "./choice.ts";

export const SRTP_CASES: readonly Case[] = [...PROTECTION, ...RECEIVING, ...SRTCP, ...CHOICE];
