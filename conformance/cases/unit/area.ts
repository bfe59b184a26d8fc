/** SPEC clause 1: units and demultiplexing. */
import type { Case } from "../../case.ts";
import { CASES as FIRST_BYTE } from "./first_byte.ts";
import { CASES as SENDING_UNITS } from "./sending_and_receiving.ts";
import { CASES as STREAM_FRAMING } from "./stream_framing.ts";

export const UNIT_CASES: readonly Case[] = [...FIRST_BYTE, ...STREAM_FRAMING, ...SENDING_UNITS];
