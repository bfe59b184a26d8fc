/** SPEC clause 7: paths. */
import type { Case } from "../../case.ts";
import { CASES as FINDING } from "./finding.ts";

import { CASES as KEEPING } from "./keeping.ts";
import { CASES as RECONNECTING } from "./reconnecting.ts";

export const PATH_CASES: readonly Case[] = [...FINDING, ...KEEPING, ...RECONNECTING];
