/** SPEC clause 2: ArcRTP packets, full and reduced. */
import type { Case } from "../../case.ts";
import { CASES as FULL_HEADER } from "./full_header.ts";
import { CASES as HEADER_EXTENSIONS } from "./header_extensions.ts";
import { CASES as REDUCED_HEADER } from "./reduced_header.ts";
import { CASES as SENDING } from "./sending.ts";

export const ARCRTP_CASES: readonly Case[] = [...FULL_HEADER, ...HEADER_EXTENSIONS, ...REDUCED_HEADER, ...SENDING];
