/** A judge for every operation of the vectors. */
import { bridgeJudges } from "./bridge.ts";
import type { Judges } from "./judge.ts";
import { keyJudges } from "./keys.ts";
import { protectionJudges } from "./protection.ts";
import { qualityJudges } from "./quality.ts";
import { reducedJudges } from "./reduced.ts";
import { rtcpJudges } from "./rtcp.ts";
import { rtpJudges } from "./rtp.ts";
import { signalingJudges } from "./signaling.ts";
import { unitJudges } from "./units.ts";

export const JUDGES: Judges = {
  ...unitJudges,
  ...rtpJudges,
  ...reducedJudges,
  ...rtcpJudges,
  ...keyJudges,
  ...protectionJudges,
  ...signalingJudges,
  ...qualityJudges,
  ...bridgeJudges,
};
