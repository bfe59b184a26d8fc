/** SPEC clause 5.5: the states of a session, and what each accepts. */
import type { Case } from "../../case.ts";
import { brief } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import { OTHER_STREAM } from "../../vectors/party.ts";
import { connect, connectAck, qualityAdapt, said, SSRC, streamStart, streamStop } from "../messages.ts";
import { isProven, resumption, rotation } from "./epoch_messages.ts";
import {
  ANNA,
  annasConnect,
  at,
  BEN,
  callee,
  calleeWith,
  caller,
  CARL,
  command,
  due,
  messagesOf,
  OFFER,
  OTHER_SESSION,
  refused,
  script,
  sent,
  sentAt,
  silent,
  stateIs,
  T,
} from "./script.ts";

const CLOSED_MEMORY_MS = 30_000;
const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

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
    id: "signaling/state-two-peers",
    requirements: ["ARC-SIG-state-two-peers"],
    title: "A third peer is refused with busy, by a peer and by a server, and the two go on",
    needs: "ops",
    checks: () => [
      callee(
        "at a peer",
        [at(100, connect(CARL, T)), at(200, streamStart(ANNA, T))],
        sent("CONNECT_ACK", { accepted: false, reason: "busy" }, { fromMs: 100 }),
        sent("ACK", {}, { fromMs: 200 }),
      ),
      script(
        "at a server, with CONNECT or HEARTBEAT",
        {
          role: "server",
          inputs: [
            at(0, connect(ANNA, T), "a"),
            at(10, said("HEARTBEAT", BEN, T, { sequence: 1 }), "b"),
            at(20, connect(CARL, T), "c"),
            at(30, said("HEARTBEAT", CARL, T, { sequence: 1 }), "d"),
            at(40, streamStop(ANNA, T), "a"),
          ],
        },
        sent("ERROR", { code: "busy" }, { to: "c" }),
        sent("ERROR", { code: "busy" }, { to: "d" }),
        sent("STREAM_STOP", {}, { to: "b" }),
        silent({ to: "c" }, "STREAM_STOP", "CONNECT_ACK"),
        silent({ to: "d" }, "STREAM_STOP", "HEARTBEAT_ACK"),
      ),
    ],
  },
  {
    id: "signaling/connect-session-uuid",
    requirements: ["ARC-SIG-connect-session-uuid"],
    title: "A caller that is told of no session makes a random UUID of version 4, another in each run",
    needs: "ops",
    checks: ({ rng }) => {
      const made = new Set<unknown>();
      return Array.from({ length: 8 }, () => rng.u32()).map((seed, i) =>
        script(
          `seed ${seed}`,
          { role: "caller", config: { seed }, inputs: [] },
          sent("CONNECT"),
          due("a UUID of version 4 that is new", (run) => {
            const { session_id } = messagesOf(run, "CONNECT")[0]?.message ?? {};
            made.add(session_id);
            return UUID_V4.test(String(session_id)) && made.size === i + 1 ? undefined : `it is ${session_id}`;
          }),
        )
      );
    },
  },
  {
    id: "signaling/connect-ack-peer",
    requirements: ["ARC-SIG-connect-ack-peer"],
    title: "CONNECT_ACK has the answering peer's id, accepted or not",
    needs: "ops",
    checks: () => [
      callee("accepted", [], sent("CONNECT_ACK", { accepted: true, peer_id: BEN.peerId })),
      calleeWith(
        "refused",
        {},
        [at(0, annasConnect({ capabilities: { ...OFFER, codecs: ["x"] } }))],
        sent("CONNECT_ACK", { accepted: false, peer_id: BEN.peerId }),
      ),
    ],
  },
  {
    id: "signaling/connect-ack-minor-version",
    requirements: ["ARC-SIG-connect-ack-minor-version"],
    title: "A callee of 1.0 answers a CONNECT of a higher minor version with 1.0",
    needs: "ops",
    checks: () =>
      ["1.0", "1.1", "1.27"].map((version) =>
        calleeWith(
          version,
          {},
          [at(0, annasConnect({ version }))],
          sent("CONNECT_ACK", { accepted: true, version: "1.0" }),
        )
      ),
  },
  {
    id: "signaling/connect-default-codecs",
    requirements: ["ARC-SIG-connect-default-codecs"],
    title: "A caller without other wishes offers Opus and VP9 first",
    needs: "ops",
    checks: () => [
      caller(
        "no wishes",
        {},
        [],
        due("opus and vp9, in either order", (run) => {
          const { codecs } = messagesOf(run, "CONNECT")[0]?.message.capabilities as Json ?? {};
          const first = Array.isArray(codecs) ? codecs.slice(0, 2).sort().join() : "";
          return first === "opus,vp9" ? undefined : `they are ${brief(codecs)}`;
        }),
      ),
    ],
  },
  {
    id: "signaling/state-crossing-connect",
    requirements: ["ARC-SIG-state-crossing-connect"],
    title: "Of two CONNECTs that cross the lower peer_id's counts: its peer waits on, the other answers",
    needs: "ops",
    checks: () => [
      caller(
        "the lower one drops the other's",
        { until_ms: 3000 },
        [at(10, connect(BEN, T))],
        silent({}, "CONNECT_ACK", "ERROR"),
        sentAt("CONNECT", 0, 2000),
        stateIs("connecting"),
      ),
      caller(
        "and is connected by the answer",
        {},
        [at(10, connect(BEN, T)), at(20, connectAck(BEN, T + 20))],
        silent({}, "ERROR"),
        stateIs("connected"),
      ),
      caller(
        "the higher one answers and repeats its own no more",
        { session_id: ANNA.sessionId, peer_id: BEN.peerId, until_ms: 10_000 },
        [at(10, annasConnect())],
        sent("CONNECT_ACK", { accepted: true, peer_id: BEN.peerId }),
        sentAt("CONNECT", 0),
        stateIs("connected"),
      ),
    ],
  },
  {
    id: "signaling/state-second-connect",
    requirements: ["ARC-SIG-state-second-connect"],
    title: "A second CONNECT with other content is refused with bad_state, and changes nothing",
    needs: "ops",
    checks: () =>
      [
        { name: "another timestamp", fields: { timestamp: T + 50 } },
        { name: "another key", fields: { timestamp: T + 50, encryption: resumption(50).encryption } },
        { name: "other offers", fields: { timestamp: T + 50, capabilities: { ...OFFER, codecs: ["av1"] } } },
      ].map(({ name, fields }) =>
        callee(
          name,
          [at(50, annasConnect(fields)), at(100, streamStart(ANNA, T))],
          sent("ERROR", { code: "bad_state", in_reply_to: { type: "CONNECT", timestamp: T + 50 } }),
          silent({ fromMs: 50 }, "CONNECT_ACK"),
          sent("ACK", {}, { fromMs: 100 }),
          stateIs("connected"),
        )
      ),
  },
  {
    id: "signaling/state-resume",
    requirements: ["ARC-SIG-state-resume"],
    title: "A resumption is answered with the same epoch and a proof, and keeps the streams",
    needs: "ops",
    checks: () => [
      callee(
        "by the other peer",
        [
          at(20, streamStart(ANNA, T)),
          at(100, resumption(100)),
          at(200, streamStop(ANNA, T + 200)),
          at(300, streamStart(ANNA, T + 300, { stream_id: OTHER_STREAM })),
        ],
        sent("CONNECT_ACK", { accepted: true, epoch: 1, peer_id: BEN.peerId }, { fromMs: 100 }),
        due("a proof under the epoch before", (run) => {
          const ack = messagesOf(run, "CONNECT_ACK", { fromMs: 100 })[0]?.message;
          return ack !== undefined && isProven(ack) ? undefined : `the answer is ${brief(ack)}`;
        }),
        sent("ACK", { in_reply_to: { type: "STREAM_STOP" } }),
        // The SSRC of before is used up still.
        refused("bad_state", "STREAM_START", { fromMs: 300 }),
        stateIs("connected"),
      ),
    ],
  },
  {
    id: "signaling/state-resume-own",
    requirements: ["ARC-SIG-state-resume", "ARC-SIG-connect-resume-fields"],
    title: "A peer whose signaling comes back asks for the next epoch, proven, with a new key",
    needs: "ops",
    checks: () => [
      callee(
        "down and up",
        [command(1000, "down"), command(2000, "up")],
        sent("CONNECT", { resume: true, epoch: 1, session_id: BEN.sessionId, peer_id: BEN.peerId }, { fromMs: 2000 }),
        due("a proof under the epoch before, for another key", (run) => {
          const again = messagesOf(run, "CONNECT")[0]?.message ?? {};
          const first = messagesOf(run, "CONNECT_ACK")[0]?.message ?? {};
          const key = ({ encryption }: Json) => (encryption as Json | undefined)?.public_key;
          return isProven(again) && key(again) !== key(first) ? undefined : `it is ${brief(again)}`;
        }),
        stateIs("reconnecting"),
      ),
    ],
  },
  {
    id: "signaling/state-resume-refused",
    requirements: ["ARC-SIG-state-second-connect", "ARC-SIG-state-resume"],
    title: "A resumption without a right proof, of a wrong epoch, or of no session, changes nothing",
    needs: "ops",
    checks: () => [
      callee(
        "a wrong proof, then a right one",
        [at(50, resumption(50, { proof: "A".repeat(22) })), at(100, resumption(100))],
        sent("CONNECT_ACK", { accepted: false, reason: "unauthorized" }, { fromMs: 50 }),
        sent("CONNECT_ACK", { accepted: true, epoch: 1 }, { fromMs: 100 }),
      ),
      callee("an epoch too far", [at(50, resumption(50, { epoch: 2 }))], refused("bad_state", "CONNECT")),
      callee("the epoch of now", [at(50, resumption(50, { epoch: 0 }))], refused("bad_state", "CONNECT")),
      calleeWith(
        "no session yet",
        {},
        [at(50, resumption(50)), at(100, annasConnect())],
        refused("unknown_session", "CONNECT"),
        sent("CONNECT_ACK", { accepted: true }, { fromMs: 100 }),
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
  {
    id: "signaling/state-ack-unoffered",
    requirements: ["ARC-SIG-state-ack-unoffered"],
    title: "A caller ends a session whose CONNECT_ACK selects what it did not offer, with DISCONNECT error",
    needs: "ops",
    checks: () =>
      [
        { name: "an audio codec", fields: { selected_codecs: { audio: "pcm" } } },
        { name: "a video codec", fields: { selected_codecs: { audio: "opus", video: "h265" } } },
      ].map(({ name, fields }) =>
        caller(
          name,
          { codecs: ["opus", "vp9"] },
          [at(20, connectAck(BEN, T + 20, fields))],
          sent("DISCONNECT", { reason: "error", session_id: ANNA.sessionId, peer_id: ANNA.peerId }),
          stateIs("closed"),
        )
      ),
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
