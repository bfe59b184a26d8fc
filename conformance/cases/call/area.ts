/** Whole calls with a peer under test: what clauses 2 to 5 and 10 let one see from outside. */
import type { Case } from "../../case.ts";
import { CASES as SEALING } from "./sealing.ts";

export const CALL_CASES: readonly Case[] = [...SEALING];
