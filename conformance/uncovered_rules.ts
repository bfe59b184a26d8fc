/**
 * The rules that somebody outside can observe and that no case asks for yet, each with what is missing. The one list: a
 * rule that is neither here nor in a case fails a test, and so does an entry whose rule has got a case.
 */

const NO_COUNTS = "no op sets how many packets an epoch has protected";
const NO_POLICY = "no op and no placeholder of a command says whom a peer is to trust";
const NO_BRIDGE = "the testee interface has no ops of the bridge";

export const UNCOVERED_RULES: Readonly<Record<string, string>> = {
  "ARC-RTP-quality-switch": "no case has a peer that changes its quality; captures show it",
  "ARC-RTP-ext-arrival-time": "no op tells the one-way delay that a receiver computes",
  "ARC-RTP-unknown-payload-type": "no case sends a peer what its stream did not announce; captures show it",
  "ARC-KEY-packet-count-scope": NO_COUNTS,
  "ARC-KEY-rotation-packet-limit": NO_COUNTS,
  "ARC-KEY-rotation-stop": NO_COUNTS,
  "ARC-KEY-identity-required": NO_POLICY,
  "ARC-KEY-identity-pin": NO_POLICY,
  "ARC-KEY-identity-ca": NO_POLICY,
  "ARC-KEY-identity-absent-told": "what a tool says to its user is not part of any interface",
  "ARC-SIG-heartbeat-rtt": "no op tells the round-trip time that a peer has measured",
  "ARC-QUALITY-below-ladder": "a sender may, and nothing shows that it does not",
  "ARC-QUALITY-sender-decides": "no case drives the receiver of a stream with a bad network",
  "ARC-LOSS-fec-audio": "a sender may, and nothing shows that it does not",
  "ARC-LOSS-fec-not-rtx": "no op restores from RTX and FEC at once",
  "ARC-JITTER-interarrival": "no op tells the interarrival jitter, and a report's field is not compared",
  "ARC-METRICS-exporters": "an implementation may, and nothing shows that it does not",
  "ARC-METRICS-not-forwarded": "no case says METRICS to a server; captures show it",
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
