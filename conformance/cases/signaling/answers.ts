/** SPEC clauses 5.2.6 and 5.3: who answers what, and heartbeats. */
import type { Case } from "../../case.ts";
import { STREAM } from "../../vectors/party.ts";
import { connect, qualityAdapt, said, SSRC, streamStart, streamStop } from "../messages.ts";
import {
  ANNA,
  at,
  BEN,
  callee,
  calleeWith,
  command,
  connectedCaller,
  due,
  messagesOf,
  script,
  sent,
  silent,
  stateIs,
  T,
} from "./script.ts";

const CHALLENGE = "00112233aabbccdd";
const NIL = "00000000-0000-0000-0000-000000000000";

export const CASES: readonly Case[] = [
  {
    id: "signaling/ack-requests",
    requirements: ["ARC-SIG-ack-requests", "ARC-SIG-ack-fields"],
    title: "STREAM_START, QUALITY_ADAPT, STREAM_STOP and DISCONNECT are answered with an ACK that names them",
    needs: "ops",
    checks: () => [
      callee(
        "a stream of the other peer",
        [at(100, streamStart(ANNA, T + 100)), at(200, streamStop(ANNA, T + 200))],
        sent("ACK", { in_reply_to: { type: "STREAM_START", timestamp: T + 100, stream_id: STREAM } }),
        sent("ACK", { in_reply_to: { type: "STREAM_STOP", timestamp: T + 200, stream_id: STREAM } }),
        silent({}, "ERROR"),
      ),
      callee(
        "a wish for one's own stream",
        [started(100), at(200, qualityAdapt(ANNA, T + 200))],
        sent("ACK", { in_reply_to: { type: "QUALITY_ADAPT", timestamp: T + 200, stream_id: STREAM } }),
      ),
      callee(
        "the end",
        [at(100, said("DISCONNECT", ANNA, T + 100, { reason: "shutdown" }))],
        sent("ACK", { session_id: ANNA.sessionId, in_reply_to: { type: "DISCONNECT", timestamp: T + 100 } }),
      ),
    ],
  },
  {
    id: "signaling/ack-requests-refused",
    requirements: ["ARC-SIG-ack-requests"],
    title: "A request that is not acted on is answered with ERROR and no ACK",
    needs: "ops",
    checks: () => [
      callee("a stop of no stream", [at(100, streamStop(ANNA, T))], sent("ERROR"), silent({}, "ACK")),
      callee(
        "a start with another suite than the session's",
        [at(100, streamStart(ANNA, T, { encryption: { key_id: STREAM, algorithm: "aes-256-gcm" } }))],
        sent("ERROR"),
        silent({}, "ACK"),
      ),
    ],
  },
  {
    id: "signaling/ack-requests-server",
    requirements: ["ARC-SIG-ack-requests", "ARC-TRANSPORT-server-forward"],
    title: "A server passes requests on and answers none in the peer's place, whether the peer is there or not",
    needs: "ops",
    checks: () => {
      const stop = at(100, streamStop(ANNA, T), "a");
      const alone = [at(0, connect(ANNA, T), "a"), stop, at(110, streamStart(ANNA, T), "a")];
      const both = [at(0, connect(ANNA, T), "a"), at(10, said("HEARTBEAT", BEN, T, { sequence: 1 }), "b"), stop];
      return [
        script("alone", { role: "server", inputs: alone }, silent({}, "ACK", "ERROR", "CONNECT_ACK")),
        script(
          "both",
          { role: "server", inputs: both },
          sent("STREAM_STOP", {}, { to: "b" }),
          silent({}, "ACK", "ERROR"),
        ),
      ];
    },
  },
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
    id: "signaling/stream-start-owner",
    requirements: ["ARC-SIG-stream-start-owner"],
    title: "A stream belongs to the peer that announced it: the other cannot stop it, and its sender cannot adapt it",
    needs: "ops",
    checks: () => [
      callee(
        "the other peer stops ours",
        [started(100), at(200, streamStop(ANNA, T))],
        sent("ERROR", {}, { fromMs: 200 }),
        silent({ fromMs: 200 }, "ACK"),
      ),
      callee(
        "the other peer announces ours",
        [started(100), at(200, streamStart(ANNA, T))],
        sent("ERROR", {}, { fromMs: 200 }),
        silent({ fromMs: 200 }, "ACK"),
      ),
      callee(
        "the sender of a stream wants it adapted",
        [at(100, streamStart(ANNA, T)), at(200, qualityAdapt(ANNA, T))],
        sent("ERROR", {}, { fromMs: 200 }),
      ),
      callee("we announce ours", [started(100)], sent("STREAM_START", { stream_id: STREAM, ssrc: SSRC })),
    ],
  },
  {
    id: "signaling/sender-from-connection",
    requirements: ["ARC-SIG-sender-from-connection"],
    title: "A message without peer_id counts as the other peer's, whoever's stream it names",
    needs: "ops",
    checks: () => [
      callee(
        "a start and a stop name no peer",
        [at(100, streamStart(ANNA, T)), at(200, streamStop(ANNA, T))],
        sent("ACK", { in_reply_to: { type: "STREAM_STOP" } }),
        stateIs("connected"),
      ),
      script(
        "a server hands it to the other peer",
        {
          role: "server",
          inputs: [
            at(0, connect(ANNA, T), "a"),
            at(10, said("HEARTBEAT", BEN, T, { sequence: 1 }), "b"),
            at(20, streamStop(BEN, T), "b"),
          ],
        },
        sent("STREAM_STOP", {}, { to: "a" }),
        silent({ fromMs: 20, to: "b" }, "STREAM_STOP"),
      ),
    ],
  },
];

function started(at_ms: number) {
  return command(at_ms, "start_stream", { stream_id: STREAM, ssrc: SSRC });
}
