/** SPEC clause 4.5: the choice of suite and authentication. */
import type { Rng } from "../../../lib/base/rng.ts";
import type { Case } from "../../case.ts";
import { answersWith } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import { SESSION, STREAM } from "../../vectors/party.ts";
import type { Input } from "../signaling/script.ts";
import {
  afterConnect,
  connected,
  refusedWith,
  sentOf,
  signalingRun,
  start,
  SuiteCaller,
} from "../signaling/suite_caller.ts";

const ALL = ["aes-128-gcm", "aes-256-gcm", "chacha20-poly1305"];

export const CASES: readonly Case[] = [
  {
    id: "srtp/choice-suite",
    requirements: ["ARC-SRTP-choice-suite"],
    title: "The first offered suite that the callee supports is chosen, names that nobody knows passed over",
    needs: "ops",
    checks: ({ rng }) => {
      const choose = (encryption: readonly string[], suites: readonly string[], due: string) => ({
        name: `${encryption} to a callee of ${suites}`,
        request: signalingRun(said(rng, { encryption }), { config: { suites } }),
        ...chosen("algorithm", due),
      });
      return [
        ...ALL.map((suite) => choose([suite, "aes-128-gcm"], ALL, suite)),
        choose(["aes-512-xyz", "chacha20-poly1305", "aes-128-gcm"], ALL, "chacha20-poly1305"),
        choose(["aes-256-gcm", "aes-128-gcm"], ["aes-128-gcm"], "aes-128-gcm"),
      ];
    },
  },
  {
    id: "srtp/choice-authentication",
    requirements: ["ARC-SRTP-choice-authentication"],
    title: "The first offered authentication is chosen; without a list it is hmac-sha256-80",
    needs: "ops",
    checks: ({ rng }) =>
      ([
        [["none", "hmac-sha256-80"], "none"],
        [["hmac-sha256-80", "none"], "hmac-sha256-80"],
        [["hmac-sha3", "none"], "none"],
        [undefined, "hmac-sha256-80"],
      ] as const).map(([authentication, due]) => ({
        name: `${authentication}`,
        request: signalingRun(said(rng, authentication === undefined ? {} : { authentication })),
        ...chosen("authentication", due),
      })),
  },
  {
    id: "srtp/choice-none-common",
    requirements: ["ARC-SRTP-choice-none-common"],
    title: "Without a suite or authentication in common a CONNECT is refused with no_common_cipher",
    needs: "ops",
    checks: ({ rng }) => [
      {
        name: "no suite",
        request: signalingRun(said(rng, { encryption: ["aes-512-xyz"] })),
        ...refusedWith("no_common_cipher"),
      },
      {
        name: "no authentication",
        request: signalingRun(said(rng, { authentication: ["hmac-sha3"] })),
        ...refusedWith("no_common_cipher"),
      },
      {
        name: "none alone, offered to a callee that wants a tag",
        request: signalingRun(said(rng, { authentication: ["none"] }), {
          config: { authentications: ["hmac-sha256-80"] },
        }),
        ...refusedWith("no_common_cipher"),
      },
    ],
  },
  {
    id: "srtp/choice-resume-equal",
    requirements: ["ARC-SRTP-choice-resume-equal"],
    title: "A resumption that no longer offers the session's suite is refused with no_common_cipher",
    needs: "ops",
    checks: ({ rng }) => {
      const caller = new SuiteCaller(rng);
      return connected(caller, (before) => [
        {
          name: "another suite",
          request: signalingRun([...before, {
            at_ms: 2000,
            message: caller.resume(1, 2000, { encryption: ["aes-256-gcm"] }),
          }]),
          ...refusedWith("no_common_cipher"),
        },
        {
          name: "the session's suite behind another",
          request: signalingRun([...before, {
            at_ms: 2000,
            message: caller.resume(1, 2000, { encryption: ["aes-256-gcm", "aes-128-gcm"] }),
          }]),
          ...answersWith("aes-128-gcm again", (value) => {
            const ack = sentOf(value, "CONNECT_ACK")[1];
            const algorithm = (ack?.encryption as Json)?.algorithm;
            return algorithm === "aes-128-gcm" ? undefined : `the suite is ${algorithm}`;
          }),
        },
      ]);
    },
  },
  {
    id: "srtp/choice-not-offered",
    requirements: ["ARC-SRTP-choice-not-offered"],
    title: "A caller ends a session whose CONNECT_ACK names what it did not offer",
    needs: "ops",
    checks: ({ rng }) => {
      const callee = new SuiteCaller(rng);
      const config = { session_id: SESSION, suites: ["aes-128-gcm"], authentications: ["hmac-sha256-80"] };
      return ([
        [{ algorithm: "aes-256-gcm", authentication: "hmac-sha256-80" }, "closed"],
        [{ algorithm: "aes-128-gcm", authentication: "none" }, "closed"],
        [{ algorithm: "aes-128-gcm", authentication: "hmac-sha256-80" }, "connected"],
      ] as const).map(([choice, due]) => ({
        name: `${choice.algorithm} with ${choice.authentication}`,
        request: signalingRun([{ at_ms: 50, message: acceptance(callee, choice) }], { role: "caller", config }),
        ...answersWith(`the state ${due}`, ({ state }) => state === due ? undefined : `the state is ${state}`),
      }));
    },
  },
  {
    id: "srtp/choice-stream-equal",
    requirements: ["ARC-SRTP-choice-stream-equal"],
    title: "A stream with another suite than the session's is refused with bad_state",
    needs: "ops",
    checks: ({ rng }) =>
      afterConnect(rng, (said) => [
        {
          name: "aes-256-gcm",
          request: signalingRun([...said, start(10, { encryption: { key_id: STREAM, algorithm: "aes-256-gcm" } })]),
          ...refusedWith("bad_state"),
        },
      ]),
  },
  {
    id: "srtp/choice-key-id",
    requirements: ["ARC-SRTP-choice-key-id"],
    title: "A stream under a stored key that the receiver does not hold is refused with bad_key",
    needs: "ops",
    checks: ({ rng }) =>
      afterConnect(rng, (said) => [{
        name: "a name that nobody knows",
        request: signalingRun([...said, start(10, { encryption: { key_id: "nobody", algorithm: "aes-128-gcm" } })]),
        ...refusedWith("bad_key"),
      }]),
  },
];

function said(rng: Rng, capabilities: Json): readonly Input[] {
  return [{ at_ms: 0, message: new SuiteCaller(rng).connect(capabilities) }];
}

/** The CONNECT_ACK names this. */
function chosen(field: string, due: string) {
  return answersWith(`${field} ${due}`, (value) => {
    const [ack] = sentOf(value, "CONNECT_ACK");
    const got = (ack?.encryption as Json)?.[field] ?? (field === "authentication" ? "hmac-sha256-80" : undefined);
    return got === due ? undefined : `it is ${got}`;
  });
}

/** What a callee answers that chooses so. */
function acceptance(callee: SuiteCaller, choice: Json): Json {
  const { session_id, timestamp, encryption } = callee.connect();
  return {
    type: "CONNECT_ACK",
    version: "1.0",
    session_id,
    peer_id: callee.calleeId,
    accepted: true,
    selected_codecs: { audio: "opus" },
    network_info: {},
    encryption: { ...encryption as Json, ...choice },
    timestamp,
  };
}
