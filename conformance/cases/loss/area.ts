/** SPEC clauses 10.2 and 10.3: retransmission and FEC. */
import type { Case } from "../../case.ts";
import { CASES as FEC } from "./fec.ts";
import { CASES as RECEIVING } from "./receiving.ts";

export const LOSS_CASES: readonly Case[] = [...FEC, ...RECEIVING];
