/** Ops of the interface that a testee may lack; they say why, and `hello` does not list them. */
import { type Ops, unsupported } from "../testee.ts";

const BRIDGE = "the bridge to WebRTC comes in a later version";

export const LACKING: Ops = {
  "bridge.sdp_to_connect": () => unsupported(BRIDGE),
  "bridge.connect_to_sdp": () => unsupported(BRIDGE),
  "bridge.rtp_to_arcrtp": () => unsupported(BRIDGE),
  "bridge.arcrtp_to_rtp": () => unsupported(BRIDGE),
  "keystore.open": () => unsupported("this testee was started without access to files"),
};
