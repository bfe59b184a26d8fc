/** SPEC clause 5.3: who answers what. */
import type { Case } from "../../case.ts";
import { STREAM } from "../../vectors/party.ts";
import { connect, qualityAdapt, said, SSRC, streamStart, streamStop } from "../messages.ts";
import { ANNA, at, BEN, callee, command, script, sent, silent, stateIs, T } from "./script.ts";

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
