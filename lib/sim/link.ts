/** Moved to base/, where the relay can reach it too; remains until lib/session/testing imports it from there. */
export type { LinkOptions } from "../base/link.ts";
