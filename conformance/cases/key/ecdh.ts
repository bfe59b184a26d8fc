/** SPEC clause 3.1: key agreement on P-256. */
import type { Case } from "../../case.ts";
import { answers, answersWith, refuses } from "../../expect.ts";
import { vectorCase } from "../../vector_case.ts";

export const CASES: readonly Case[] = [
  vectorCase("key/ecdh-curve", "ARC-KEY-ecdh-curve", "ecdh.agree", "The shared value is the x coordinate on P-256"),
  {
    id: "key/ecdh-both-agree",
    requirements: ["ARC-KEY-ecdh-curve"],
    title: "Both sides of twenty random pairs find the same value",
    needs: "ops",
    checks: ({ rng }) =>
      Array.from({ length: 20 }, (_, i) => {
        const [ours, theirs] = [0, 1].map(() =>
          // A first byte of 1 to 127 keeps the number between 0 and the order of the curve.
          `01${Array.from({ length: 31 }, () => (rng.u32() & 0xff).toString(16).padStart(2, "0")).join("")}`
        );
        const agree = (private_key: string, public_key: string) => ({ op: "ecdh.agree", private_key, public_key });
        return {
          name: `pair ${i}: our public key`,
          request: agree(ours, GENERATOR),
          ...answersWith("a public key", () => undefined),
          then: (own) => [{
            name: `pair ${i}: their side`,
            request: agree(theirs, String(own.public_key)),
            ...answersWith("a shared value", () => undefined),
            then: ({ shared_secret, public_key }) => [{
              name: `pair ${i}: our side`,
              request: agree(ours, String(public_key)),
              ...answers({ shared_secret, public_key: own.public_key }),
            }],
          }],
        };
      }),
  },
  vectorCase(
    "key/ecdh-public-key-form",
    "ARC-KEY-ecdh-public-key-form",
    "ecdh.agree",
    "Only the uncompressed point in base64url is a public key",
    { reasons: true },
  ),
  vectorCase(
    "key/ecdh-invalid-point",
    "ARC-KEY-ecdh-invalid-point",
    "ecdh.agree",
    "A key that is no point of the curve is refused with bad_key",
    { reasons: true },
  ),
  vectorCase(
    "key/ecdh-invalid-point-transcript",
    "ARC-KEY-ecdh-invalid-point",
    "keys.transcript",
    "No such key enters a transcript",
    { reasons: true },
  ),
  {
    id: "key/ecdh-bad-key-length",
    requirements: ["ARC-KEY-ecdh-invalid-point"],
    title: "A key of any length but 65 bytes is refused with bad_key",
    needs: "ops",
    checks: () =>
      [0, 1, 32, 33, 64, 66, 130].map((bytes) => ({
        name: `${bytes} bytes`,
        request: {
          op: "ecdh.agree",
          private_key: "01".repeat(32),
          public_key: "BA".padEnd(Math.ceil(bytes * 8 / 6), "A").slice(0, Math.ceil(bytes * 8 / 6)),
        },
        ...refuses("bad_key"),
      })),
  },
  vectorCase(
    "key/ecdh-own-key",
    "ARC-KEY-ecdh-own-key",
    "ecdh.agree",
    "One's own key, and its negation, are refused with bad_key",
    { reasons: true },
  ),
];

/** The public key of the private key 1. */
const GENERATOR = "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU";
