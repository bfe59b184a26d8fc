/** SPEC clauses 2.1 and 2.2: full ArcRTP packets. */
import type { Case } from "../../case.ts";
import { CASES as FULL_HEADER } from "./full_header.ts";
import { CASES as HEADER_EXTENSIONS } from "./header_extensions.ts";

export const ARCRTP_CASES: readonly Case[] = [...FULL_HEADER, ...HEADER_EXTENSIONS];
