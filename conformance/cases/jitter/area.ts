/** SPEC clause 10.4: the jitter buffer. */
import type { Case } from "../../case.ts";
import { CASES as BUFFER } from "./buffer.ts";

export const JITTER_CASES: readonly Case[] = [...BUFFER];
