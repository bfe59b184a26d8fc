/** Every file below `fixtures/vectors/`. Pure: the same text each time. `cli/generate.ts` writes it. */
import type { VectorFile } from "./case.ts";
import { arcrtpVectors } from "./arcrtp.ts";
import { extensionVectors } from "./extensions.ts";
import { formatVectors } from "./format.ts";
import { keyVectors } from "./keys.ts";
import { identityVectors } from "./identity.ts";
import { reducedVectors } from "./reduced.ts";
import { relayVectors } from "./relay.ts";
import { replayVectors } from "./replay.ts";
import { rotationVectors } from "./rotation.ts";
import { sealVectors } from "./seal.ts";
import { rtcpVectors } from "./rtcp.ts";
import { srtcpVectors } from "./srtcp.ts";
import { srtpVectors } from "./srtp.ts";
import { unitVectors } from "./units.ts";

/** All areas, from the outside of a packet to its keys, then messages. */
export function vectorFiles(): readonly VectorFile[] {
  return [
    unitVectors(),
    arcrtpVectors(),
    extensionVectors(),
    reducedVectors(),
    rtcpVectors(),
    keyVectors(),
    srtpVectors(),
    srtcpVectors(),
    replayVectors(),
    rotationVectors(),
    sealVectors(),
    relayVectors(),
    identityVectors(),
  ];
}

/** File name below `fixtures/vectors/` to its text. */
export function generateVectors(): Record<string, string> {
  return Object.fromEntries(vectorFiles().map((file) => [`${file.area}.json`, formatVectors(file)]));
}
