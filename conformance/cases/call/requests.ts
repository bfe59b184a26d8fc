/** SPEC clauses 3.4, 4.5, 5.3 and 5.5 on the wire: what a connected peer answers, and what it repeats. */
import type { Case } from "../../case.ts";
import type { FarPeer } from "../../drive/far/far_peer.ts";
import type { PeerWorld } from "../../drive/peer_world.ts";
import { brief } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import { metricsAfter } from "./measuring.ts";

type Request = Json & { readonly type: string };

export const CASES: readonly Case[] = [
  {
    id: "call/stream-acknowledged",
    requirements: ["ARC-SIG-ack-requests", "ARC-SIG-ack-fields"],
    title: "STREAM_START and STREAM_STOP are answered with ACKs that name type, timestamp and stream",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      const stream = far.makeAudio();
      for (const request of [far.announcement(stream), stopOf(far, stream.streamId)]) {
        const { in_reply_to: reply, session_id: sessionId } = await far.ask(request);
        const due = brief({ type: request.type, timestamp: request.timestamp, stream_id: stream.streamId });
        world.require(brief(reply) === due, `in_reply_to ${due}`, brief(reply));
        world.require(sessionId === far.sessionId, "the session's id", brief(sessionId));
      }
    },
  },
  ...Object.entries(
    {
      "stream-start": (far: FarPeer) => far.announcement(far.makeAudio()),
      "stream-refused": (far: FarPeer) => ({ ...far.announcement(far.makeAudio()), encryption: OTHER_SUITE }),
      "unknown-stream": (far: FarPeer) => stopOf(far, "55555555-5555-4555-8555-555555555555"),
    } satisfies Record<string, (far: FarPeer) => Request>,
  ).map(([words, make]): Case => ({
    id: `call/repeated-${words}`,
    requirements: ["ARC-SIG-repeat-same-answer"],
    title: `A repetition gets the answer that the request got: ${words.replaceAll("-", " ")}`,
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      const request = make(far);
      const first = brief(await far.ask(request));
      const second = brief(await far.ask(request));
      world.require(first === second, first, second);
    },
  })),
  {
    id: "call/disconnect-repeated",
    requirements: ["ARC-SIG-repeat-same-answer", "ARC-SIG-state-disconnect"],
    title: "DISCONNECT is acknowledged, and ends the media",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      await far.hears("media", 0);
      const bye: Request = { type: "DISCONNECT", ...far.head, peer_id: far.peerId, reason: "user_request" };
      const answer = await far.ask(bye);
      world.require(answer.type === "ACK", "an ACK", brief(answer));
      await world.pass(150);
      const { mark } = far.log;
      await world.pass(200);
      const late = far.log.all(mark, (heard) => heard.kind === "media" || undefined).length;
      world.require(late === 0, "no more media", `${late} packets`);
    },
  },
  {
    id: "call/stream-id-once",
    requirements: ["ARC-KEY-stream-id-once", "ARC-SIG-state-stop"],
    title: "A stream_id is refused with another SSRC, and after its stream has stopped",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      const stream = await far.startAudio();
      await far.refused({ ...far.announcement(stream), ssrc: (stream.ssrc ^ 1) >>> 0 }, "bad_state");
      await far.ask(stopOf(far, stream.streamId));
      await far.refused(far.announcement(stream), "bad_state");
    },
  },
  {
    id: "call/ssrc-once",
    requirements: ["ARC-KEY-ssrc-once"],
    title: "An SSRC that is used already, be it for media, RTX or RTCP, be it the peer's own, is refused",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee", { rtx: true });
      await far.validate();
      const rtx = [{ ssrc: 4_000_000_001, protects: 0 }];
      const stream = far.makeAudio();
      const ack = await far.ask({
        ...far.announcement(stream),
        rtx: rtx.map((entry) => ({ ...entry, protects: stream.ssrc })),
      });
      world.require(ack.type === "ACK", "an ACK", brief(ack));
      const { ssrc: theirs } = await far.signals("STREAM_START", 0);
      for (const ssrc of [stream.ssrc, 4_000_000_001, theirs]) {
        await far.refused({ ...far.announcement(far.makeAudio()), ssrc }, "bad_state");
      }
    },
  },
  {
    id: "call/stream-announced-again",
    requirements: ["ARC-KEY-stream-announced-again"],
    title: "The same stream is accepted when it is announced again",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      const stream = await far.startAudio();
      const again = await far.ask(far.announcement(stream));
      world.require(again.type === "ACK", "an ACK", brief(again));
    },
  },
  {
    id: "call/stream-suite",
    requirements: ["ARC-SRTP-choice-stream-equal"],
    title: "A stream under another suite than the session's is refused with bad_state",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee", { suites: ["aes-128-gcm"] });
      const stream = far.makeAudio();
      await far.refused({
        ...far.announcement(stream),
        encryption: { key_id: stream.streamId, algorithm: "chacha20-poly1305" },
      }, "bad_state");
    },
  },
  {
    id: "call/stream-key",
    requirements: ["ARC-SRTP-choice-key-id"],
    title: "A stream under a stored key that nobody holds is refused with bad_key",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      const key = { key_id: "a key that nobody has stored", algorithm: far.keys.suite };
      await far.refused({ ...far.announcement(far.makeAudio()), encryption: key }, "bad_key");
    },
  },
  {
    id: "call/stream-payload-type",
    requirements: ["ARC-RTP-stream-payload-type-range", "ARC-SIG-error-path"],
    title: "A payload type of 64 to 95 in STREAM_START is bad_message, with its path",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      for (const payload_type of [64, 77, 95, 128]) {
        const audio = { name: "opus", bitrate: 64_000, sample_rate: 48_000, channels: 2, payload_type };
        const answer = await far.ask({ ...far.announcement(far.makeAudio()), codec: { audio } });
        const isRight = answer.code === "bad_message" && String(answer.message).includes("$.codec.audio.payload_type");
        world.require(isRight, "bad_message with $.codec.audio.payload_type", brief(answer));
      }
    },
  },
  {
    id: "call/context-once",
    requirements: ["ARC-RTP-reduced-context-unique"],
    title: "A reduced-header context that is defined already is refused with bad_state",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee", { reducedHeader: true });
      const contextOf = (ssrc: number) => [{ context_id: 3, ssrc, payload_type: 111, quality: 0 }];
      const first = far.makeAudio();
      await far.ask({ ...far.announcement(first), reduced_header: contextOf(first.ssrc) });
      const second = far.makeAudio();
      await far.refused({ ...far.announcement(second), reduced_header: contextOf(second.ssrc) }, "bad_state");
    },
  },
  {
    id: "call/quality-adapt",
    requirements: ["ARC-QUALITY-adapt-direction", "ARC-SIG-ack-requests"],
    title: "QUALITY_ADAPT for a stream of the peer's is acknowledged, for one of ours it is bad_state",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      const theirs = await far.signals("STREAM_START", 0);
      const answer = await far.ask(adaptOf(far, theirs.stream_id));
      world.require(answer.type === "ACK", "an ACK", brief(answer));
      const own = await far.startAudio();
      await far.refused(adaptOf(far, own.streamId), "bad_state");
    },
  },
  {
    id: "call/unknown-stream",
    requirements: ["ARC-SIG-state-unknown-stream"],
    title: "STREAM_STOP and QUALITY_ADAPT for no stream of the session are answered with unknown_stream",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.refused(stopOf(far, world.otherId), "unknown_stream");
      await far.refused(adaptOf(far, world.otherId), "unknown_stream");
    },
  },
  {
    id: "call/unknown-session",
    requirements: ["ARC-SIG-state-unknown-session"],
    title: "A message of another session is answered with unknown_session",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.refused({ ...stopOf(far, world.otherId), session_id: world.otherId }, "unknown_session");
    },
  },
  {
    id: "call/unknown-type",
    requirements: ["ARC-SIG-json-unknown-type"],
    title: "A message of no known type is answered with unknown_type",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.refused({ type: "LATER", ...far.head }, "unknown_type");
    },
  },
  {
    id: "call/second-connect",
    requirements: ["ARC-SIG-state-second-connect"],
    title: "A second CONNECT with other content is bad_state, and the session goes on",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      await far.refused({ ...far.hello, ...far.head }, "bad_state");
      await far.fence();
    },
  },
  {
    id: "call/third-peer",
    requirements: ["ARC-SIG-state-two-peers"],
    title: "The CONNECT of a third peer is refused with busy",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      const answer = await far.ask({ ...far.hello, ...far.head, peer_id: world.otherId });
      const reason = answer.type === "CONNECT_ACK" ? answer.reason : answer.code;
      world.require(reason === "busy", "a refusal with busy", brief(answer));
    },
  },
  {
    id: "call/error-not-answered",
    requirements: ["ARC-SIG-error-not-for-error", "ARC-SIG-error-unknown-code", "ARC-SIG-repeat-never"],
    title: "ERRORs, be they malformed, of no known code or about nothing, and stray ACKs get no answer",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      const { mark } = far.log;
      const { head } = far;
      const nothing = { type: "STREAM_STOP", timestamp: 1 };
      await far.signal.say({ type: "ERROR", code: "bad_state", message: "", ...head, in_reply_to: nothing });
      await far.signal.say({ type: "ERROR", code: "made_up", message: "", ...head });
      await far.signal.say({ type: "ERROR", code: 7, ...head });
      await far.signal.say({ type: "ERROR" });
      await far.signal.say({ type: "ACK", ...head, in_reply_to: nothing });
      await isSilent(world, far, mark);
    },
  },
  {
    id: "call/heartbeat-by-signaling",
    requirements: ["ARC-SIG-heartbeat-answer", "ARC-SIG-heartbeat-ack-fields", "ARC-SIG-heartbeat-latency"],
    title: "A HEARTBEAT by signaling is answered with its sequence, challenge and timestamp, with the latency",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      const { mark } = far.log;
      const heartbeat = far.heartbeat();
      await far.signal.say(heartbeat);
      const { sequence, challenge, timestamp } = heartbeat;
      const ack = await far.signals("HEARTBEAT_ACK", mark, { sequence, challenge, original_timestamp: timestamp });
      const due = Number(ack.response_timestamp) - Number(timestamp);
      world.require(ack.latency_ms === due, `a latency_ms of ${due}`, brief(ack.latency_ms));
    },
  },
  {
    id: "call/stream-start-repeated",
    requirements: ["ARC-SIG-repeat-first-interval", "ARC-SIG-repeat-identical", "ARC-SIG-stream-start-owner"],
    title: "A STREAM_START that nobody answers is sent again as it was, about 2 s later",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      far.unanswered.add("STREAM_START");
      await far.validate();
      const first = await far.log.find(
        "STREAM_START",
        0,
        (heard) => heard.kind === "signal" && heard.message.type === "STREAM_START" ? heard : undefined,
      );
      const start = first.kind === "signal" ? first.message : {};
      const mark = far.log.entries.indexOf(first) + 1;
      const again = await far.log.find(
        "the same STREAM_START again",
        mark,
        (heard) => heard.kind === "signal" && heard.message.stream_id === start.stream_id ? heard : undefined,
        6000,
      );
      const text = again.kind === "signal" ? brief(again.message) : "";
      world.require(text === brief(start), brief(start), text);
      const waitedMs = again.atMs - first.atMs;
      world.require(waitedMs > 1500, "about 2 s", `${Math.round(waitedMs)} ms`);
    },
  },
  {
    id: "call/timestamps-grow",
    requirements: ["ARC-SIG-repeat-timestamps-grow"],
    title: "No two different requests of a type and stream have the same timestamp",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      await far.hears("media", 0);
      const seen = new Map<string, string>();
      for (const heard of far.log.entries) {
        if (heard.kind !== "signal" || heard.message.type === "HEARTBEAT_ACK") continue;
        const { type, timestamp, stream_id } = heard.message;
        const key = brief([type, timestamp, stream_id]);
        const text = brief(heard.message);
        const before = seen.get(key) ?? text;
        world.require(text === before, `other timestamps than ${before}`, text);
        seen.set(key, text);
      }
    },
  },
  {
    id: "call/metrics",
    requirements: ["ARC-METRICS-interval", "ARC-METRICS-channels", "ARC-SIG-metrics-fields"],
    title: "METRICS come by signaling within 5 s",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      const metrics = await metricsAfter(far, 0);
      const { peer_id, latency, quality, performance, network } = metrics;
      const isWhole = [latency, quality, performance, network].every((part) => typeof part === "object");
      world.require(isWhole && peer_id === far.remotePeerId, "the four groups of figures", brief(metrics));
    },
  },
];

const OTHER_SUITE = { key_id: "x", algorithm: "no-suite" };

function stopOf(far: FarPeer, streamId: string): Request {
  return { type: "STREAM_STOP", ...far.head, stream_id: streamId, reason: "user_request" };
}

function adaptOf(far: FarPeer, streamId: unknown): Request {
  return {
    type: "QUALITY_ADAPT",
    ...far.head,
    stream_id: streamId,
    quality: { bitrate: 20_000 },
    reason: "bandwidth",
  };
}

/** The next thing that answers anything is the answer to a HEARTBEAT. */
async function isSilent(world: PeerWorld, far: FarPeer, mark: number): Promise<void> {
  await far.signal.say(far.heartbeat());
  await far.signals("HEARTBEAT_ACK", mark);
  const answers = far.log.all(
    mark,
    (heard) =>
      heard.kind === "signal" && ["ERROR", "ACK"].includes(String(heard.message.type)) ? heard.message : undefined,
  );
  world.require(answers.length === 0, "no answer", answers.map(brief).join(", "));
}
