/** SPEC clause 4.1: the form of a protected packet. */
import type { Case } from "../../case.ts";
import { answersWith, refuses } from "../../expect.ts";
import { vectorCase } from "../../vector_case.ts";

const PROTECT = "srtp.protect";
const RECEIVE = "srtp.receive";

export const CASES: readonly Case[] = [
  vectorCase("srtp/suites", "ARC-SRTP-suites", PROTECT, "Each of the three suites protects"),
  vectorCase("srtp/suites-received", "ARC-SRTP-suites", RECEIVE, "Each of the three suites opens"),
  vectorCase("srtp/default-suite", "ARC-SRTP-default-suite", PROTECT, "aes-128-gcm is supported"),
  {
    id: "srtp/default-suite-named",
    requirements: ["ARC-SRTP-default-suite", "ARC-SRTP-suites"],
    title: "hello lists aes-128-gcm, and no suite that nobody has defined",
    needs: "ops",
    checks: () => [{
      name: "suites of hello",
      request: { op: "hello" },
      ...answersWith("aes-128-gcm among the suites", ({ suites }) => {
        const names = Array.isArray(suites) ? suites.map(String) : [];
        const strange = names.find((name) => !SUITES.includes(name));
        if (strange !== undefined) return `${strange} is no suite of this protocol`;
        return names.includes("aes-128-gcm") ? undefined : `the suites are ${names}`;
      }),
    }],
  },
  vectorCase("srtp/nonce", "ARC-SRTP-nonce", PROTECT, "The nonce is SSRC, ROC and sequence number over the salt"),
  vectorCase("srtp/nonce-received", "ARC-SRTP-nonce", RECEIVE, "A receiver makes the same nonce"),
  vectorCase("srtp/aad", "ARC-SRTP-aad", PROTECT, "The header through the Arc block is associated data"),
  vectorCase("srtp/aad-received", "ARC-SRTP-aad", RECEIVE, "A change of any header bit is refused"),
  vectorCase("srtp/aad-key-phase", "ARC-SRTP-aad", "rotation.receive", "So is a change of the key phase"),
  vectorCase("srtp/payload-encrypted", "ARC-SRTP-payload-encrypted", PROTECT, "Everything behind the block is sealed"),
  vectorCase("srtp/payload-received", "ARC-SRTP-payload-encrypted", RECEIVE, "A change of a sealed byte is refused"),
  vectorCase("srtp/hmac-tag", "ARC-SRTP-hmac-tag", PROTECT, "The HMAC tag covers packet and ROC"),
  vectorCase("srtp/hmac-tag-received", "ARC-SRTP-hmac-tag", RECEIVE, "A wrong HMAC tag is refused"),
  vectorCase("srtp/authentication-none", "ARC-SRTP-authentication-none", PROTECT, "With none the AEAD tag is the end"),
  vectorCase("srtp/authentication-none-received", "ARC-SRTP-authentication-none", RECEIVE, "And it is read so"),
  vectorCase(
    "srtp/authentication-none-rtcp",
    "ARC-SRTP-authentication-none",
    "srtcp.protect",
    "RTCP has no tag either",
  ),
  vectorCase("srtp/short-packet", "ARC-SRTP-short-packet", RECEIVE, "What is too short for its tags is truncated", {
    reasons: true,
  }),
  {
    id: "srtp/key-length",
    requirements: ["ARC-SRTP-suites"],
    title: "A suite takes no key of another length",
    needs: "ops",
    checks: () =>
      [["aes-128-gcm", 32], ["aes-256-gcm", 16], ["chacha20-poly1305", 16]].map(([suite, bytes]) => ({
        name: `${suite} with ${bytes} bytes`,
        request: {
          op: PROTECT,
          suite,
          authentication: "none",
          keys: { encryption_key: "11".repeat(Number(bytes)), auth_key: "22".repeat(32), salt: "33".repeat(12) },
          roc: 0,
          hex: `80600001000000010000000100000000`,
        },
        ...refusesInput(),
      })),
  },
];

const SUITES = ["aes-128-gcm", "aes-256-gcm", "chacha20-poly1305"];

/** A fault, or an error of an interface that cannot say it. */
function refusesInput() {
  const refused = refuses();
  return {
    ...refused,
    judge: (answer: Parameters<typeof refused.judge>[0]) => answer.kind === "error" ? undefined : refused.judge(answer),
  };
}
