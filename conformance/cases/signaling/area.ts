/** SPEC clause 5: signaling. */
import type { Case } from "../../case.ts";
import { CASES as ERRORS } from "./errors.ts";
import { CASES as JSON_RULES } from "./json_rules.ts";
import { CASES as ANSWERS } from "./answers.ts";
import { CASES as BEGINNING } from "./beginning.ts";
import { CASES as HEARTBEATS } from "./heartbeats.ts";
import { CASES as CLEAR_UNITS } from "./clear_units.ts";
import { CASES as CONNECT } from "./messages_connect.ts";
import { CASES as SESSION } from "./messages_session.ts";
import { CASES as STREAM } from "./messages_stream.ts";
import { CASES as PAYLOAD_FORMATS } from "./payload_formats.ts";
import { CASES as REPETITION } from "./repetition.ts";
import { CASES as RESUMING } from "./resuming.ts";
import { CASES as SEALED } from "./sealed.ts";
import { CASES as STATES } from "./states.ts";

export const SIGNALING_CASES: readonly Case[] = [
  ...JSON_RULES,
  ...CONNECT,
  ...STREAM,
  ...SESSION,
  ...ANSWERS,
  ...HEARTBEATS,
  ...REPETITION,
  ...ERRORS,
  ...STATES,
  ...BEGINNING,
  ...RESUMING,
  ...SEALED,
  ...CLEAR_UNITS,
  ...PAYLOAD_FORMATS,
];
