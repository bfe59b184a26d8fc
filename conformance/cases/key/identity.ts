/** SPEC clause 3.5: certificates, and what they sign. */
import type { Case } from "../../case.ts";
import { vectorCase } from "../../vector_case.ts";

const OP = "identity.verify";

export const CASES: readonly Case[] = [
  vectorCase("key/identity-signature", "ARC-KEY-identity-signature", OP, "Each part of the signed bytes counts"),
  vectorCase("key/identity-certificate", "ARC-KEY-identity-certificate", OP, "Only X.509 with a P-256 key is accepted"),
  vectorCase("key/identity-wrong-signature", "ARC-KEY-identity-wrong-signature", OP, "A wrong proof is refused"),
];
