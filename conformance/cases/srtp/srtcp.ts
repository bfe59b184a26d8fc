/** SPEC clause 4.3: protected RTCP. */
import type { Case } from "../../case.ts";
import { vectorCase } from "../../vector_case.ts";

const PROTECT = "srtcp.protect";
const RECEIVE = "srtcp.receive";

export const CASES: readonly Case[] = [
  vectorCase("srtp/srtcp-layout", "ARC-SRTP-srtcp-layout", PROTECT, "RTCP is protected in the layout of the clause"),
  vectorCase("srtp/srtcp-layout-received", "ARC-SRTP-srtcp-layout", RECEIVE, "A change of any byte is refused"),
  vectorCase("srtp/srtcp-hmac", "ARC-SRTP-srtcp-hmac", PROTECT, "The HMAC tag covers every byte before it"),
  vectorCase("srtp/srtcp-hmac-received", "ARC-SRTP-srtcp-hmac", RECEIVE, "A wrong HMAC tag is refused"),
  vectorCase("srtp/srtcp-index", "ARC-SRTP-srtcp-index", PROTECT, "The index has 31 bits behind the E bit"),
  vectorCase("srtp/srtcp-index-received", "ARC-SRTP-srtcp-index", RECEIVE, "The index is read from the packet"),
  vectorCase("srtp/srtcp-encrypted-only", "ARC-SRTP-srtcp-encrypted-only", RECEIVE, "A packet with E=0 is dropped"),
  vectorCase("srtp/srtcp-replay", "ARC-SRTP-srtcp-replay", RECEIVE, "Each SSRC has a replay window over the index"),
  vectorCase("srtp/srtcp-index-end", "ARC-SRTP-srtcp-index-end", PROTECT, "No index follows the last"),
];
