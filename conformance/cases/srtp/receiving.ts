/** SPEC clause 4.2: the order of receiving, the index and the replay window. */
import type { Case } from "../../case.ts";
import { answersWith } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import { vectorCase } from "../../vector_case.ts";

const OP = "srtp.receive";

export const CASES: readonly Case[] = [
  vectorCase("srtp/receive-order", "ARC-SRTP-receive-order", OP, "A packet that fails at any step changes nothing"),
  vectorCase("srtp/replay-before-auth", "ARC-SRTP-replay-before-auth", OP, "A replay is one, forged or not", {
    reasons: true,
  }),
  vectorCase("srtp/commit-after-auth", "ARC-SRTP-commit-after-auth", OP, "A forgery marks nothing in the window"),
  vectorCase("srtp/index-estimate", "ARC-SRTP-index-estimate", OP, "The index is the nearest to the highest"),
  vectorCase("srtp/roc-start", "ARC-SRTP-roc-start", OP, "The ROC begins at 0 and grows with each wrap"),
  vectorCase("srtp/roc-protected", "ARC-SRTP-roc-start", "srtp.protect", "A sender's ROC is part of the protection"),
  vectorCase("srtp/roc-resync", "ARC-SRTP-roc-resync", OP, "After a second of silence two wraps more are tried"),
  vectorCase("srtp/replay-window", "ARC-SRTP-replay-window", OP, "The window spans 64 indexes"),
  {
    id: "srtp/replay-window-each",
    requirements: ["ARC-SRTP-replay-window", "ARC-SRTP-replay-before-auth"],
    title: "Of a hundred packets behind the highest the first 63 are opened, each once",
    needs: "ops",
    checks: () =>
      Array.from({ length: 100 }, (_, i) => i + 1).map((behind) => ({
        name: `protect the packet ${behind} behind`,
        request: { op: "srtp.protect", ...KEYS, roc: 0, hex: packet(HIGHEST - behind) },
        ...answersWith("a packet", () => undefined),
        then: ({ hex: late }) => [{
          name: `protect the highest for ${behind}`,
          request: { op: "srtp.protect", ...KEYS, roc: 0, hex: packet(HIGHEST) },
          ...answersWith("a packet", () => undefined),
          then: ({ hex: highest }) => [{
            name: `receive ${behind} behind, twice`,
            request: { op: OP, ...KEYS, packets: [highest, late, late] },
            ...answersWith(behind < 64 ? "it opens once" : "two replays", ({ results }) => {
              const reasons = (results as readonly Json[]).slice(1).map(({ fault }) => (fault as Json)?.reason ?? "ok");
              const due = [behind < 64 ? "ok" : "replay", "replay"];
              return reasons.join() === due.join() ? undefined : `the results are ${reasons}, not ${due}`;
            }),
          }],
        }],
      })),
  },
  vectorCase("srtp/replay-window-size", "ARC-SRTP-replay-window-size", OP, "Multiples of 64 up to 4096 are windows"),
  vectorCase("srtp/replay-always-on", "ARC-SRTP-replay-always-on", OP, "A window of 0 or 1 is refused"),
];

const HIGHEST = 1000;
const KEYS = {
  suite: "aes-128-gcm",
  authentication: "hmac-sha256-80",
  keys: { encryption_key: "11".repeat(16), auth_key: "22".repeat(32), salt: "33".repeat(12) },
};

function packet(sequence: number): string {
  return `8060${sequence.toString(16).padStart(4, "0")}000000010000000100000000aa`;
}
