/** SPEC clause 9: quality. */
import type { Case } from "../../case.ts";
import { CASES as RULE } from "./rule.ts";
import { CASES as LADDER } from "./ladder.ts";
import { CASES as STEPPING } from "./stepping.ts";

export const QUALITY_CASES: readonly Case[] = [...RULE, ...LADDER, ...STEPPING];
