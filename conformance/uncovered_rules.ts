/**
 * The rules that somebody outside can observe and that no case asks for yet, each with what is missing. The one list: a
 * rule that is neither here nor in a case fails a test, and so does an entry whose rule has got a case.
 */

const NO_BRIDGE = "the testee interface has no ops of the bridge";

export const UNCOVERED_RULES: Readonly<Record<string, string>> = {
  "ARC-BRIDGE-to-rtp": NO_BRIDGE,
  "ARC-BRIDGE-lost-fields": NO_BRIDGE,
  "ARC-BRIDGE-from-rtp": NO_BRIDGE,
  "ARC-BRIDGE-mapping": NO_BRIDGE,
  "ARC-BRIDGE-rtcp": NO_BRIDGE,
  "ARC-BRIDGE-sdp": NO_BRIDGE,
  "ARC-BRIDGE-codec-names": NO_BRIDGE,
  "ARC-BRIDGE-transcoding": NO_BRIDGE,
  "ARC-BRIDGE-select": NO_BRIDGE,
  "ARC-BRIDGE-select-none": NO_BRIDGE,
};
