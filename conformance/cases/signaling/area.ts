/** SPEC clause 5: signaling. */
import type { Case } from "../../case.ts";
import { CASES as JSON_RULES } from "./json_rules.ts";
import { CASES as CONNECT } from "./messages_connect.ts";
import { CASES as SESSION } from "./messages_session.ts";
import { CASES as STREAM } from "./messages_stream.ts";

export const SIGNALING_CASES: readonly Case[] = [
  ...JSON_RULES,
  ...CONNECT,
  ...STREAM,
  ...SESSION,
];
