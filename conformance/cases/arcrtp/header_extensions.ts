/** SPEC clause 2.2: header extensions in the one-byte form. */
import type { Case } from "../../case.ts";
import { answers } from "../../expect.ts";
import { vectorCase } from "../../vector_case.ts";

const OP = "rtp.extensions";

export const CASES: readonly Case[] = [
  vectorCase("arcrtp/ext-profile", "ARC-RTP-ext-profile", OP, "Elements are read in the one-byte form of 0xBEDE"),
  vectorCase("arcrtp/ext-profile-parsed", "ARC-RTP-ext-profile", "rtp.parse", "An extension of 0xBEDE is read whole"),
  vectorCase("arcrtp/ext-profile-written", "ARC-RTP-ext-profile", "rtp.write", "An extension of 0xBEDE is written"),
  vectorCase("arcrtp/ext-other-profile", "ARC-RTP-ext-other-profile", OP, "Nothing is read from another profile"),
  vectorCase(
    "arcrtp/ext-other-profile-parsed",
    "ARC-RTP-ext-other-profile",
    "rtp.parse",
    "A packet with an extension of another profile is accepted",
  ),
  vectorCase(
    "arcrtp/ext-other-profile-written",
    "ARC-RTP-ext-other-profile",
    "rtp.write",
    "An extension of another profile is written back as it was",
  ),
  vectorCase("arcrtp/ext-send-time", "ARC-RTP-ext-send-time", OP, "Element 1 is the absolute send time"),
  vectorCase(
    "arcrtp/ext-send-time-computed",
    "ARC-RTP-ext-send-time",
    "rtp.send_time",
    "The send time is the middle 24 bits of NTP time, from the low six bits of its seconds",
  ),
  vectorCase("arcrtp/ext-transport-sequence", "ARC-RTP-ext-transport-sequence", OP, "Element 2 is a u16"),
  vectorCase("arcrtp/ext-unknown-skipped", "ARC-RTP-ext-unknown-skipped", OP, "Elements of other ids are skipped"),
  {
    id: "arcrtp/ext-unknown-ids",
    requirements: ["ARC-RTP-ext-unknown-skipped"],
    title: "Each of the ids 3 to 14 in front of elements 1 and 2 hides neither",
    needs: "ops",
    checks: () =>
      Array.from({ length: 12 }, (_, i) => i + 3).map((id) => ({
        name: `id ${id}`,
        request: { op: OP, hex: packetWith(`${(id << 4).toString(16).padStart(2, "0")}ff12aabbcc211234`) },
        ...answers({
          send_time: 0xaabbcc,
          transport_sequence: 0x1234,
          elements: [{ id, data: "ff" }, { id: 1, data: "aabbcc" }, { id: 2, data: "1234" }],
        }),
      })),
  },
  vectorCase("arcrtp/ext-bad-element", "ARC-RTP-ext-bad-element", OP, "A bad element is ignored, the packet is valid"),
];

/** A packet without payload whose extension of 0xBEDE holds these elements, filled up to words. */
function packetWith(elements: string): string {
  const words = Math.ceil(elements.length / 8);
  const data = elements.padEnd(8 * words, "0");
  return `906000010000000100000001bede${words.toString(16).padStart(4, "0")}${data}00000000`;
}
