/** SPEC clause 5.5: the states of a session, what each accepts, and how streams and sessions end. */
import type { Case } from "../../case.ts";
import type { Json } from "../../testee/answer.ts";
import { OTHER_STREAM } from "../../vectors/party.ts";
import { connectAck, qualityAdapt, said, SSRC, streamStart, streamStop } from "../messages.ts";
import { rotation } from "./epoch_messages.ts";
import {
  ANNA,
  annasConnect,
  at,
  BEN,
  callee,
  calleeWith,
  caller,
  command,
  due,
  messagesOf,
  OTHER_SESSION,
  refused,
  sent,
  silent,
  stateIs,
  T,
} from "./script.ts";

const CLOSED_MEMORY_MS = 30_000;

export const CASES: readonly Case[] = [
  {
    id: "signaling/state-idle",
    requirements: ["ARC-SIG-state-table"],
    title: "Before a CONNECT a callee refuses what belongs to a connected session, and then accepts the CONNECT",
    needs: "ops",
    checks: () =>
      connectedMessages().map((message) =>
        calleeWith(
          String(message.type),
          {},
          [at(10, message), at(20, annasConnect())],
          due("ERROR bad_state or unknown_session", (run) => {
            const codes = messagesOf(run, "ERROR", { fromMs: 10 }).map(({ message: { code } }) => code);
            const isRight = codes.length === 1 && (codes[0] === "bad_state" || codes[0] === "unknown_session");
            return isRight ? undefined : `the codes are ${codes.join(", ")}`;
          }),
          stateIs("connected"),
        )
      ),
  },
  {
    id: "signaling/state-connecting",
    requirements: ["ARC-SIG-state-table"],
    title: "A caller that waits for its answer refuses what belongs to a connected session, and goes on",
    needs: "ops",
    checks: () =>
      connectedMessages().map((message) =>
        caller(
          String(message.type),
          {},
          [
            at(10, { ...message, ...("peer_id" in message ? { peer_id: BEN.peerId } : {}) }),
            at(20, connectAck(BEN, T)),
          ],
          refused("bad_state", String(message.type), { fromMs: 10 }),
          stateIs("connected"),
        )
      ),
  },
  {
    id: "signaling/state-connecting-accepts",
    requirements: ["ARC-SIG-state-table"],
    title: "While connecting a HEARTBEAT is answered and a DISCONNECT ends it",
    needs: "ops",
    checks: () => [
      caller(
        "HEARTBEAT",
        {},
        [at(10, said("HEARTBEAT", BEN, T, { sequence: 4 }))],
        sent("HEARTBEAT_ACK", { sequence: 4 }),
      ),
      caller(
        "DISCONNECT",
        { until_ms: 9000 },
        [at(10, said("DISCONNECT", BEN, T, { reason: "error" }))],
        stateIs("closed"),
        silent({ fromMs: 10 }, "CONNECT"),
      ),
    ],
  },
  {
    id: "signaling/state-connected-refuses",
    requirements: ["ARC-SIG-state-table"],
    title: "A connected session refuses a relay's messages and goes on",
    needs: "ops",
    checks: () =>
      [
        said("RELAY_BIND", ANNA, T, { expires: 1 }),
        said("RELAY_UNBIND", ANNA, T, { expires: 1 }),
        said("RELAY_BOUND", ANNA, T, { relay_id: "r", observed: { ip: "::1", port: 1 }, lifetime_s: 30 }),
      ].map((message) =>
        callee(String(message.type), [at(20, message)], sent("ERROR", { code: "bad_state" }), stateIs("connected"))
      ),
  },
  {
    id: "signaling/state-reconnecting",
    requirements: ["ARC-SIG-state-table"],
    title: "A session that lost its signaling takes all that a connected one takes",
    needs: "ops",
    checks: () => [
      callee(
        "a stream and a heartbeat",
        [
          command(50, "down"),
          at(100, streamStart(ANNA, T + 100)),
          at(110, said("HEARTBEAT", ANNA, T, { sequence: 8 })),
        ],
        sent("ACK", { in_reply_to: { type: "STREAM_START" } }),
        sent("HEARTBEAT_ACK", { sequence: 8 }),
        stateIs("reconnecting"),
      ),
    ],
  },
  {
    id: "signaling/state-closed",
    requirements: ["ARC-SIG-state-table"],
    title: "For 30 seconds after its end a session answers with bad_state, and nothing opens it again",
    needs: "ops",
    checks: () =>
      [...connectedMessages(), annasConnect({ timestamp: T + 200 })].map((message) =>
        callee(
          String(message.type),
          [at(100, said("DISCONNECT", ANNA, T + 100, { reason: "timeout" })), at(200, message)],
          refused("bad_state", String(message.type), { fromMs: 200 }),
          stateIs("closed"),
        )
      ),
  },
  {
    id: "signaling/state-unknown-session",
    requirements: ["ARC-SIG-state-unknown-session"],
    title:
      "A message for another session, or one that closed more than 30 seconds ago, is answered with unknown_session",
    needs: "ops",
    checks: () => [
      ...connectedMessages().map((message) =>
        callee(
          `${message.type} for another session`,
          [at(100, { ...message, session_id: OTHER_SESSION })],
          refused("unknown_session", String(message.type)),
          stateIs("connected"),
        )
      ),
      callee(
        "after the end",
        [
          at(100, said("DISCONNECT", ANNA, T + 100, { reason: "timeout" })),
          at(101 + CLOSED_MEMORY_MS, streamStop(ANNA, T + 500)),
        ],
        refused("unknown_session", "STREAM_STOP"),
      ),
    ],
  },
  {
    id: "signaling/state-unknown-stream",
    requirements: ["ARC-SIG-state-unknown-stream"],
    title: "STREAM_STOP and QUALITY_ADAPT for a stream that the session does not have, or has stopped",
    needs: "ops",
    checks: () => [
      callee("STREAM_STOP", [at(100, streamStop(ANNA, T))], refused("unknown_stream", "STREAM_STOP")),
      callee("QUALITY_ADAPT", [at(100, qualityAdapt(ANNA, T))], refused("unknown_stream", "QUALITY_ADAPT")),
      callee(
        "one stream beside another",
        [at(50, streamStart(ANNA, T)), at(100, streamStop(ANNA, T, { stream_id: OTHER_STREAM }))],
        refused("unknown_stream", "STREAM_STOP"),
      ),
      callee(
        "stopped twice",
        [at(50, streamStart(ANNA, T)), at(60, streamStop(ANNA, T + 60)), at(100, streamStop(ANNA, T + 100))],
        refused("unknown_stream", "STREAM_STOP", { fromMs: 100 }),
      ),
    ],
  },
  {
    id: "signaling/state-disconnect",
    requirements: ["ARC-SIG-state-disconnect"],
    title: "DISCONNECT closes the session where it comes, and where it is sent from once it is answered",
    needs: "ops",
    checks: () => [
      callee("received", [at(50, said("DISCONNECT", ANNA, T, { reason: "error" }))], stateIs("closed")),
      callee(
        "sent",
        [
          command(50, "disconnect"),
          at(60, {
            type: "ACK",
            session_id: ANNA.sessionId,
            in_reply_to: { type: "DISCONNECT", timestamp: T + 50 },
            timestamp: T + 60,
          }),
        ],
        sent("DISCONNECT", { session_id: BEN.sessionId, peer_id: BEN.peerId, reason: "user_request" }),
        stateIs("closed"),
      ),
      callee(
        "streams end with it",
        [
          at(20, streamStart(ANNA, T)),
          at(50, said("DISCONNECT", ANNA, T, { reason: "error" })),
          at(60, streamStop(ANNA, T + 60)),
        ],
        sent("ERROR", {}, { fromMs: 60 }),
        silent({ fromMs: 60 }, "ACK"),
      ),
    ],
  },
  {
    id: "signaling/state-stop",
    requirements: ["ARC-SIG-state-stop"],
    title: "After STREAM_STOP the stream_id and the SSRC stay used up",
    needs: "ops",
    checks: () => {
      const stopped = [at(20, streamStart(ANNA, T)), at(50, streamStop(ANNA, T + 50))];
      const again = (fields: Json) => at(100, streamStart(ANNA, T + 100, fields));
      return [
        callee(
          "the stream",
          [...stopped, again({ ssrc: SSRC + 1 })],
          refused("bad_state", "STREAM_START", { fromMs: 100 }),
        ),
        callee(
          "the SSRC",
          [...stopped, again({ stream_id: OTHER_STREAM })],
          refused("bad_state", "STREAM_START", { fromMs: 100 }),
        ),
        callee(
          "both are new",
          [...stopped, again({ stream_id: OTHER_STREAM, ssrc: SSRC + 1 })],
          sent("ACK", { in_reply_to: { type: "STREAM_START", stream_id: OTHER_STREAM } }),
        ),
      ];
    },
  },
];

/** What only a connected session takes, said by Anna. */
function connectedMessages(): readonly Json[] {
  return [
    streamStart(ANNA, T + 10),
    streamStop(ANNA, T + 10),
    qualityAdapt(ANNA, T + 10),
    rotation(1, 10),
    said("METRICS", ANNA, T + 10, { latency: {}, quality: {}, performance: {}, network: {} }),
  ];
}
