/** SPEC clause 12.4: performance budgets. They measure, tell, and never make a run fail. */
import type { Case } from "../../case.ts";
import { CASES as CALLS } from "./calls.ts";
import { CASES as PACKETS } from "./packets.ts";
import { CASES as RELAYS } from "./relays.ts";
import { CASES as SERVERS } from "./servers.ts";

export const BUDGET_CASES: readonly Case[] = [...PACKETS, ...SERVERS, ...RELAYS, ...CALLS];
