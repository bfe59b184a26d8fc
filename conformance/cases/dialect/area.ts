/** SPEC clause 12: dialects, counters and knobs. */
import type { Case } from "../../case.ts";
import { CASES as ARMORICORE } from "./armoricore.ts";
import { CASES as COUNTERS } from "./counters.ts";
import { CASES as DIALECTS } from "./dialects.ts";

export const DIALECT_CASES: readonly Case[] = [...DIALECTS, ...ARMORICORE, ...COUNTERS];
