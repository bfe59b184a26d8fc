/** SPEC clause 7: paths. */
import type { Case } from "../../case.ts";
import { CASES as CLOCK } from "./clock.ts";
import { CASES as FINDING } from "./finding.ts";
import { CASES as KEEPING } from "./keeping.ts";
import { CASES as RECONNECTING } from "./reconnecting.ts";
import { CASES as RELAYS } from "./relays.ts";
import { CASES as TCP } from "./tcp.ts";

export const PATH_CASES: readonly Case[] = [...FINDING, ...RELAYS, ...TCP, ...KEEPING, ...CLOCK, ...RECONNECTING];
