/** SPEC clause 10.1: RTCP. */
import type { Case } from "../../case.ts";
import { CASES as PACKETS } from "./packets.ts";

export const RTCP_CASES: readonly Case[] = [...PACKETS];
