/** SPEC clause 5.5: how a session goes on over another connection. */
import type { Case } from "../../case.ts";
import { brief } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import { OTHER_STREAM } from "../../vectors/party.ts";
import { streamStart, streamStop } from "../messages.ts";
import { isProven, resumption } from "./epoch_messages.ts";
import {
  ANNA,
  annasConnect,
  at,
  BEN,
  callee,
  calleeWith,
  command,
  due,
  messagesOf,
  refused,
  sent,
  stateIs,
  T,
} from "./script.ts";

export const CASES: readonly Case[] = [
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
];
