/** SPEC clause 8: the relay. */
import type { Case } from "../../case.ts";
import { CASES as BINDING } from "./binding.ts";
import { CASES as CHECKS } from "./checks.ts";
import { CASES as DRAINING } from "./draining.ts";
import { CASES as FORWARDING } from "./forwarding.ts";
import { CASES as LIMITS } from "./limits.ts";
import { CASES as SELECTION } from "./selection.ts";
import { CASES as STATUS } from "./status.ts";
import { CASES as TOKENS } from "./tokens.ts";

export const RELAY_CASES: readonly Case[] = [
  ...TOKENS,
  ...BINDING,
  ...FORWARDING,
  ...DRAINING,
  ...CHECKS,
  ...LIMITS,
  ...STATUS,
  ...SELECTION,
];
