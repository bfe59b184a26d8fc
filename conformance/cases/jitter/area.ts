/** SPEC clause 10.4: jitter, and the buffer that takes it out. */
import type { Case } from "../../case.ts";
import { CASES as BUFFER } from "./buffer.ts";
import { CASES as INTERARRIVAL } from "./interarrival.ts";

export const JITTER_CASES: readonly Case[] = [...BUFFER, ...INTERARRIVAL];
