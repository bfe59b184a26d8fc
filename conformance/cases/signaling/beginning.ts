/** SPEC clauses 5.2.1, 5.2.2 and 5.5: how a session begins, between whom, and what is agreed on. */
import type { Case } from "../../case.ts";
import { brief } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import { connect, connectAck, said, streamStart, streamStop } from "../messages.ts";
import { resumption } from "./epoch_messages.ts";
import {
  ANNA,
  annasConnect,
  at,
  BEN,
  callee,
  calleeWith,
  caller,
  CARL,
  due,
  messagesOf,
  OFFER,
  script,
  sent,
  sentAt,
  silent,
  stateIs,
  T,
} from "./script.ts";

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export const CASES: readonly Case[] = [
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
