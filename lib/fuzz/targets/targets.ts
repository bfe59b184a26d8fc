/** Every target of the library itself, in the order of `arcrtc fuzz --list`. */
import type { FuzzTarget } from "../target.ts";
import { BRIDGE_TARGETS } from "./bridge_targets.ts";
import { CRYPTO_TARGETS } from "./crypto_targets.ts";
import { DISSECT_TARGETS } from "./dissect_targets.ts";
import { ENDPOINT_TARGET } from "./endpoint_target.ts";
import { HUB_TARGET } from "./hub_target.ts";
import { DIFFERENTIAL_TARGETS } from "./differential_targets.ts";
import { PATHS_TARGET } from "./paths_target.ts";
import { SESSION_TARGET } from "./session_target.ts";
import { SHARED_HUBS_TARGET } from "./shared_hubs_target.ts";
import { RELAY_TARGET } from "./relay_target.ts";
import { JITTER_TARGET } from "./jitter_target.ts";
import { MEDIA_TARGETS } from "./media_targets.ts";
import { PACKET_TARGETS } from "./packet_targets.ts";
import { TEXT_TARGETS } from "./text_targets.ts";

export const LIBRARY_TARGETS: readonly FuzzTarget[] = [
  ...PACKET_TARGETS,
  ...TEXT_TARGETS,
  ...CRYPTO_TARGETS,
  ...MEDIA_TARGETS,
  ...BRIDGE_TARGETS,
  ...DISSECT_TARGETS,
  JITTER_TARGET,
  ENDPOINT_TARGET,
  HUB_TARGET,
  SHARED_HUBS_TARGET,
  RELAY_TARGET,
  PATHS_TARGET,
  SESSION_TARGET,
  ...DIFFERENTIAL_TARGETS,
];
