/** Frames of media, SPEC clauses 2.1 and 5.7. */
import type { Case } from "../../case.ts";
import { CASES as FRAMES } from "./frames.ts";

export const MEDIA_CASES: readonly Case[] = [...FRAMES];
