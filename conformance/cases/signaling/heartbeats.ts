/** SPEC clauses 5.2.6 and 5.3: heartbeats, and what is measured with them. */
import type { Case, Check } from "../../case.ts";
import { said } from "../messages.ts";
import {
  ANNA,
  at,
  BEN,
  callee,
  calleeWith,
  command,
  connectedCaller,
  type Due,
  due,
  type Input,
  messagesOf,
  script,
  scriptThen,
  sent,
  T,
} from "./script.ts";

const CHALLENGE = "00112233aabbccdd";
const NIL = "00000000-0000-0000-0000-000000000000";

export const CASES: readonly Case[] = [
  {
    id: "signaling/heartbeat-answer",
    requirements: ["ARC-SIG-heartbeat-answer"],
    title: "A HEARTBEAT is answered at once with its own sequence, challenge and timestamp",
    needs: "ops",
    checks: () => [
      callee(
        "with a challenge",
        [at(123, said("HEARTBEAT", ANNA, 77, { sequence: 9, challenge: CHALLENGE }))],
        sent("HEARTBEAT_ACK", {
          session_id: ANNA.sessionId,
          sequence: 9,
          challenge: CHALLENGE,
          original_timestamp: 77,
        }),
        due("at 123 ms", (run) => messagesOf(run, "HEARTBEAT_ACK")[0].at_ms === 123 ? undefined : "it came later"),
      ),
      callee(
        "the seed's own form, without challenge and peer_id",
        [at(50, { type: "HEARTBEAT", session_id: ANNA.sessionId, sequence: 12_345, timestamp: T })],
        sent("HEARTBEAT_ACK", { sequence: 12_345, original_timestamp: T }),
        due(
          "no challenge that nobody sent",
          (run) => "challenge" in messagesOf(run, "HEARTBEAT_ACK")[0].message ? "there is one" : undefined,
        ),
      ),
      connectedCaller(
        "twice the same is answered twice",
        [50, 60].map((ms) => at(ms, said("HEARTBEAT", BEN, T, { sequence: 1 }))),
        due("two answers", (run) => {
          const count = messagesOf(run, "HEARTBEAT_ACK").length;
          return count === 2 ? undefined : `there are ${count}`;
        }),
      ),
    ],
  },
  {
    id: "signaling/heartbeat-latency-computed",
    requirements: ["ARC-SIG-heartbeat-latency"],
    title: "latency_ms is the response's time less the original's, below 0 too",
    needs: "ops",
    checks: () =>
      [-1_000_000, -1, 0, 1, 5000].map((latencyMs) =>
        callee(
          `${latencyMs} ms`,
          [at(100, said("HEARTBEAT", ANNA, T + 100 - latencyMs, { sequence: 1 }))],
          sent("HEARTBEAT_ACK", { response_timestamp: T + 100, latency_ms: latencyMs }),
        )
      ),
  },
  {
    id: "signaling/heartbeat-latency-server",
    requirements: ["ARC-SIG-heartbeat-latency", "ARC-TRANSPORT-server-nil-heartbeat"],
    title: "A server's own answers compute it alike",
    needs: "ops",
    checks: () => [
      script(
        "from the future",
        {
          role: "server",
          inputs: [at(100, { type: "HEARTBEAT", session_id: NIL, sequence: 3, timestamp: T + 350 }, "a")],
        },
        sent("HEARTBEAT_ACK", { session_id: NIL, sequence: 3, response_timestamp: T + 100, latency_ms: -250 }),
      ),
    ],
  },
  {
    id: "signaling/heartbeat-sender-fields",
    requirements: ["ARC-SIG-heartbeat-sender-fields"],
    title: "A peer's HEARTBEATs have its peer_id and a challenge of 16 hexadecimal digits, new each time",
    needs: "ops",
    checks: () => [
      connectedCaller(
        "twenty HEARTBEATs",
        Array.from({ length: 20 }, (_, i) => command(100 + i, "heartbeat")),
        due("peer_id and distinct challenges", (run) => {
          const beats = messagesOf(run, "HEARTBEAT").map(({ message }) => message);
          const wrong = beats.find(({ peer_id, challenge }) =>
            peer_id !== ANNA.peerId || !/^[0-9a-f]{16}$/.test(String(challenge))
          );
          if (wrong !== undefined) return `one is ${JSON.stringify(wrong)}`;
          const distinct = new Set(beats.map(({ challenge }) => challenge)).size;
          return beats.length >= 20 && distinct === beats.length
            ? undefined
            : `${distinct} challenges in ${beats.length}`;
        }),
      ),
    ],
  },
  {
    id: "signaling/heartbeat-token",
    requirements: ["ARC-SIG-heartbeat-token"],
    title: "A callee's token is in the HEARTBEAT that joins and in none after it",
    needs: "ops",
    checks: () => [
      calleeWith(
        "for two minutes",
        { token: "a.b.c", until_ms: 120_000 },
        [command(0, "up")],
        sent("HEARTBEAT", { token: "a.b.c", session_id: BEN.sessionId, peer_id: BEN.peerId }),
        due("one HEARTBEAT with it", (run) => {
          const beats = messagesOf(run, "HEARTBEAT");
          const count = beats.filter(({ message }) => "token" in message).length;
          return count === 1 && beats.length > 1 ? undefined : `${count} of ${beats.length}`;
        }),
      ),
    ],
  },
  {
    id: "signaling/heartbeat-rtt",
    requirements: ["ARC-SIG-heartbeat-rtt"],
    title: "A round trip is measured from HEARTBEAT to answer on the sender's own clock, whatever the timestamps say",
    needs: "ops",
    checks: () => [
      ...[0, 3_600_000, -3_600_000].map((aheadMs) =>
        measured(`a clock that is ahead by ${aheadMs} ms`, [100], ([challenge]) => [
          beatAnswered(137, challenge, { aheadMs }),
        ], [137, 37])
      ),
      measured("an original_timestamp of another time", [100], ([challenge]) => [
        beatAnswered(350, challenge, { original_timestamp: T - 5000 }),
      ], [350, 250]),
      measured(
        "answers that overtake one another",
        [100, 110],
        ([first, second]) => [
          beatAnswered(150, second),
          beatAnswered(190, first),
        ],
        [150, 40],
        [190, 90],
      ),
      measured("an answer to nobody's HEARTBEAT", [100], () => [beatAnswered(150, CHALLENGE)]),
    ],
  },
];

/** HEARTBEAT_ACK of Ben, by a clock of his own. */
function beatAnswered(at_ms: number, challenge: unknown, { aheadMs = 0, original_timestamp = T + 100 } = {}) {
  const response_timestamp = T + at_ms + aheadMs;
  const latency_ms = response_timestamp - original_timestamp;
  return at(at_ms, {
    type: "HEARTBEAT_ACK",
    session_id: BEN.sessionId,
    sequence: 1,
    challenge,
    original_timestamp,
    response_timestamp,
    latency_ms,
  });
}

/**
 * Anna, who sends HEARTBEATs at these times, hears answers that are made of their challenges, and has measured these round
 * trips in the end. A seed makes the same challenges again.
 */
function measured(
  name: string,
  beatsMs: readonly number[],
  answers: (challenges: readonly unknown[]) => readonly Input[],
  ...roundTrips: readonly (readonly [atMs: number, rttMs: number])[]
): Check {
  const beats = beatsMs.map((ms) => command(ms, "heartbeat"));
  const asked = connectedCaller(`${name}: HEARTBEAT`, beats, sentAtLeast("HEARTBEAT", beatsMs));
  return scriptThen(asked, (run) => {
    const challenges = beatsMs.map((ms) =>
      messagesOf(run, "HEARTBEAT").find(({ at_ms }) => at_ms === ms)?.message.challenge
    );
    return [connectedCaller(
      `${name}: the answer`,
      [...beats, ...answers(challenges)],
      due(`the round trips ${JSON.stringify(roundTrips)}`, ({ round_trips }) => {
        const got = round_trips.map(({ at_ms, rtt_ms }) => [at_ms, rtt_ms]);
        return JSON.stringify(got) === JSON.stringify(roundTrips) ? undefined : `measured are ${JSON.stringify(got)}`;
      }),
    )];
  });
}

function sentAtLeast(type: string, timesMs: readonly number[]): Due {
  return due(`${type} at ${timesMs}`, (run) => {
    const got = messagesOf(run, type).map(({ at_ms }) => at_ms);
    return timesMs.every((ms) => got.includes(ms)) ? undefined : `it was at ${got}`;
  });
}
