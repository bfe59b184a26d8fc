/** SPEC clause 3.2: the transcript hash. */
import type { Case } from "../../case.ts";
import { vectorCase } from "../../vector_case.ts";

const OP = "keys.transcript";

export const CASES: readonly Case[] = [
  vectorCase(
    "key/transcript-items",
    "ARC-KEY-transcript-items",
    OP,
    "All fourteen items enter, each behind its length",
  ),
  vectorCase(
    "key/transcript-empty-item",
    "ARC-KEY-transcript-empty-item",
    OP,
    "An absent item enters as a length of 0",
  ),
  vectorCase(
    "key/transcript-offers-verbatim",
    "ARC-KEY-transcript-offers-verbatim",
    OP,
    "The caller's lists enter as they were written",
  ),
  vectorCase(
    "key/transcript-offers-parsed",
    "ARC-KEY-transcript-offers-verbatim",
    "signaling.parse",
    "Names that nobody knows stay in the lists of a CONNECT",
  ),
  vectorCase("key/transcript-roles", "ARC-KEY-transcript-roles", OP, "Caller and callee keep their places"),
  vectorCase("key/transcript-chain", "ARC-KEY-transcript-chain", OP, "The previous master key ends the transcript"),
];
