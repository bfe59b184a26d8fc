/** Every file below `fixtures/vectors/`. Pure: the same text each time. `cli/generate.ts` writes it. */
import type { VectorFile } from "./case.ts";
import { armoricoreVectors } from "./armoricore.ts";
import { arcrtpVectors } from "./arcrtp.ts";
import { bridgeVectors } from "./bridge.ts";
import { extensionVectors } from "./extensions.ts";
import { formatVectors } from "./format.ts";
import { jsonVectors } from "./json.ts";
import { keyVectors } from "./keys.ts";
import { identityVectors } from "./identity.ts";
import { messageVectors } from "./messages.ts";
import { qualityVectors } from "./quality.ts";
import { readmeText } from "./readme.ts";
import { reducedVectors } from "./reduced.ts";
import { relayVectors } from "./relay.ts";
import { replayVectors } from "./replay.ts";
import { rotationVectors } from "./rotation.ts";
import { sealVectors } from "./seal.ts";
import { rtcpVectors } from "./rtcp.ts";
import { schemaText } from "./shape.ts";
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
    jsonVectors(),
    ...messageVectors(),
    qualityVectors(),
    bridgeVectors(),
    armoricoreVectors(),
  ];
}

/** File name below `fixtures/vectors/` to its text. */
export function generateVectors(): Record<string, string> {
  const files = vectorFiles();
  return {
    "README.md": readmeText(files),
    "vectors.schema.json": schemaText(),
    ...Object.fromEntries(files.map((file) => [`${file.area}.json`, formatVectors(file)])),
  };
}
