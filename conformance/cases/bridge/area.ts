/** SPEC clause 11: the bridge to WebRTC. */
import type { Case } from "../../case.ts";
import { CASES as CODECS } from "./codecs.ts";
import { CASES as FEEDBACK } from "./feedback.ts";
import { CASES as MAPPING } from "./mapping.ts";
import { CASES as MEDIA } from "./media.ts";
import { CASES as SELECTION } from "./selection.ts";
import { CASES as SIGNALING } from "./signaling.ts";

export const BRIDGE_CASES: readonly Case[] = [
  ...MEDIA,
  ...MAPPING,
  ...FEEDBACK,
  ...SIGNALING,
  ...CODECS,
  ...SELECTION,
];
