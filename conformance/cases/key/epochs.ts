/** SPEC clause 3.6: which epoch's keys are used, and who may make a new one. */
import type { Case } from "../../case.ts";
import { vectorCase } from "../../vector_case.ts";

const RECEIVE = "rotation.receive";

export const CASES: readonly Case[] = [
  vectorCase("key/epoch-proof", "ARC-KEY-epoch-proof", "keys.proof", "The proof is made by the formula"),
  vectorCase("key/epoch-proof-checked", "ARC-KEY-epoch-proof", "keys.check_proof", "Each part of it counts"),
  vectorCase("key/epoch-wrong-proof", "ARC-KEY-epoch-wrong-proof", "keys.check_proof", "A wrong proof is refused"),
  vectorCase("key/epoch-phase-lookup", "ARC-KEY-epoch-phase-lookup", RECEIVE, "K picks the keys of a packet"),
  vectorCase("key/epoch-trial", "ARC-KEY-epoch-trial", RECEIVE, "What has no K is tried with each epoch"),
  vectorCase("key/index-continues", "ARC-KEY-index-continues", RECEIVE, "Window and ROC go on across epochs"),
];
