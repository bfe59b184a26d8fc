/** SPEC clause 7.3, and what of clauses 3 and 5.5 a resumption shows. */
import type { Case } from "../../case.ts";
import type { PeerRole } from "../../drive/peer_source.ts";
import { answersWith, brief } from "../../expect.ts";
import { isJson } from "../../testee/answer.ts";
import { connected, signalingRun, SuiteCaller } from "../signaling/suite_caller.ts";
import { requireContinues } from "./keeping.ts";

const ROLES: readonly PeerRole[] = ["caller", "callee"];
/** The server is away for so long. */
const AWAY_MS = 900;
/** On virtual time. */
const LOST_MS = 1000;
const RESUMED_MS = 2500;
/** By then retries are at most 1 s apart, two of which may fall into the gap. */
const BACK_MS = 3500;

export const CASES: readonly Case[] = [
  ...ROLES.map((role): Case => ({
    id: `path/reconnect-${role}`,
    requirements: [
      "ARC-PATH-reconnect",
      "ARC-SIG-connect-resume-fields",
      "ARC-KEY-epoch-proof",
      "ARC-KEY-epoch-numbers",
    ],
    title: `A ${role} that has lost its signaling connects again and asks to resume, proving the epoch before`,
    needs: "peer",
    run: async (world) => {
      const far = await world.call(role);
      await far.validate();
      const connect = await far.cutSignaling();
      const { resume, epoch, peer_id: peerId } = connect;
      world.require(resume === true && epoch === 1, "a CONNECT with resume, for epoch 1", brief({ resume, epoch }));
      world.require(peerId === far.remotePeerId, "its own peer_id", brief(peerId));
      world.require(far.epochs.verifiesResumption(connect), "a proof of epoch 0", brief(connect.proof));
    },
  })),
  {
    id: "path/resume-continues",
    requirements: ["ARC-SIG-state-resume", "ARC-KEY-index-continues", "ARC-KEY-transcript-rotation-values"],
    title: "A resumption makes a new epoch; streams, SSRCs and sequence numbers go on",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("caller");
      await far.validate();
      const before = await far.hears("media", 0);
      const connect = await far.cutSignaling();
      await far.signal.say(far.epochs.resumptionAck(connect));
      await far.hears("media of epoch 1", 0, ({ ssrc, epoch }) => ssrc === before.ssrc && epoch === 1);
      const packets = far.log.all(
        0,
        (heard) => heard.kind === "media" && heard.packet.ssrc === before.ssrc ? heard.packet : undefined,
      );
      requireContinues(world, packets);
    },
  },
  {
    id: "path/resume-announces",
    requirements: ["ARC-KEY-stream-announced-again", "ARC-SIG-state-resume"],
    title: "After a resumption the running streams are announced again, with the same ids and SSRCs",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      await far.hears("media", 0);
      const { mark } = far.log;
      const connect = await far.cutSignaling();
      await far.signal.say(far.epochs.resumptionAck(connect));
      const again = await far.signals("STREAM_START", mark);
      const first = far.remote.starts.get(String(again.stream_id));
      world.require(first?.ssrc === again.ssrc, "a stream that was there before", brief(again));
    },
  },
  {
    id: "path/resume-media-goes-on",
    requirements: ["ARC-PATH-reconnect", "ARC-SIG-state-resume"],
    title: "While signaling is away media goes on over its path",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      await far.hears("media", 0);
      const { mark } = far.log;
      await far.cutSignaling();
      await far.hears("media meanwhile", mark);
      await far.fence();
    },
  },
  {
    id: "path/resume-wrong-proof",
    requirements: ["ARC-KEY-epoch-wrong-proof"],
    title: "An answer to a resumption with a wrong proof changes nothing: the epoch before stays in use",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      const connect = await far.cutSignaling();
      const ack = far.epochs.resumptionAck(connect);
      far.keys.current = 0;
      const { mark } = far.log;
      await far.signal.say({ ...ack, proof: "A".repeat(22) });
      await far.signals("ERROR", mark, { code: "unauthorized" });
      await far.fence();
      await far.hears("media of epoch 0", far.log.mark, ({ epoch }) => epoch === 0);
    },
  },
  {
    id: "path/reconnect-told",
    requirements: ["ARC-PATH-reconnect-told"],
    title: "The application is told when reconnecting begins, and when the session is resumed",
    needs: "ops",
    checks: ({ rng }) => {
      const caller = new SuiteCaller(rng);
      return connected(caller, (said) => [{
        name: "signaling is lost, and comes back",
        request: signalingRun([
          ...said,
          { at_ms: LOST_MS, command: "down" },
          { at_ms: LOST_MS + AWAY_MS, command: "up" },
          { at_ms: RESUMED_MS, message: caller.resume(1, RESUMED_MS) },
        ]),
        ...answersWith(`states: reconnecting at ${LOST_MS} ms, connected again at ${RESUMED_MS} ms`, ({ states }) => {
          const told = (Array.isArray(states) ? states : []).filter(isJson);
          const due = [{ at_ms: LOST_MS, state: "reconnecting" }, { at_ms: RESUMED_MS, state: "connected" }];
          const isTold = due.every((one) =>
            told.some(({ at_ms, state }) => at_ms === one.at_ms && state === one.state)
          );
          return isTold ? undefined : `told was ${brief(told)}`;
        }),
      }]);
    },
  },
  {
    id: "path/backoff",
    requirements: ["ARC-PATH-backoff", "ARC-PATH-reconnect"],
    title: "A server that is away for a while is found again soon after it is back",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("caller");
      await far.validate();
      const beganMs = world.desk.clock.nowMs();
      await far.cutSignaling(AWAY_MS);
      const tookMs = world.desk.clock.nowMs() - beganMs - AWAY_MS;
      world.require(tookMs < BACK_MS, `a connection within ${BACK_MS} ms`, `${Math.round(tookMs)} ms`);
    },
  },
];
