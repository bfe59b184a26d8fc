/** SPEC clause 7: paths. */
import type { Case } from "../../case.ts";
import { CASES as FINDING } from "./finding.ts";

export const PATH_CASES: readonly Case[] = [...FINDING];
