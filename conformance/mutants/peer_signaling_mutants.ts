/** Our own peer, broken in how it speaks to its server over WebSocket. */
import type { Json } from "../testee/answer.ts";
import type { Mutant, MutantHead } from "./mutant.ts";
import { overWebSocket, peerMutant, saying } from "./peer_mutant.ts";
import type { FrameChange } from "./websocket_proxy.ts";

/** `[join_ref, ref, topic, event, payload]`. */
type Frame = [joinRef: string | null, ref: string | null, topic: string, event: string, payload: Json];

function mutant(head: MutantHead, make: () => FrameChange): Mutant {
  return peerMutant(head, overWebSocket(make));
}

/** Phoenix frames of the peer, or for it, are something else. */
function reframed(change: (frame: Frame) => unknown): (text: string) => readonly string[] {
  return (text) => [JSON.stringify(change(JSON.parse(text)))];
}

function isMessage(event: string): boolean {
  return /^[A-Z]/.test(event);
}

export const PEER_SIGNALING_MUTANTS: readonly Mutant[] = [
  mutant({
    id: "peer/phoenix-without-version",
    broken: "does not say which frames of Phoenix it speaks",
    breaks: ["ARC-TRANSPORT-phoenix-url"],
  }, () => ({ path: (path) => path.replace(/\?.*/, "") })),
  mutant({
    id: "peer/phoenix-without-token",
    broken: "does not show its token where it connects",
    breaks: ["ARC-TRANSPORT-phoenix-url"],
  }, () => ({ path: (path) => path.replace(/[?&]token=[^&]*/, "") })),
  peerMutant(
    {
      id: "peer/token-in-heartbeats",
      broken: "puts its token into HEARTBEATs where its URL has shown it",
      breaks: ["ARC-SIG-heartbeat-token"],
    },
    saying(() => (message) => message.type === "HEARTBEAT" ? { ...message, token: "eyJ.eyJ.x" } : message),
  ),
  peerMutant(
    {
      id: "peer/token-left-out",
      broken: "joins without the token that it has",
      breaks: ["ARC-TRANSPORT-plain-join"],
    },
    saying(() => ({ token: _token, ...message }) => message),
  ),
  mutant(
    {
      id: "peer/phoenix-joins-a-lobby",
      broken: "joins one topic for all sessions",
      breaks: ["ARC-TRANSPORT-phoenix-join"],
    },
    () => ({
      toServer: reframed(([joinRef, ref, topic, event, payload]) => [
        joinRef,
        ref,
        topic.replace(/^arcrtc:.*/, "arcrtc:lobby"),
        event,
        payload,
      ]),
    }),
  ),
  mutant(
    {
      id: "peer/phoenix-joins-nameless",
      broken: "joins without its peer_id",
      breaks: ["ARC-TRANSPORT-phoenix-join"],
    },
    () => ({
      toServer: reframed(([joinRef, ref, topic, event, payload]) => [
        joinRef,
        ref,
        topic,
        event,
        event === "phx_join" ? {} : payload,
      ]),
    }),
  ),
  mutant(
    {
      id: "peer/phoenix-pushes-early",
      broken: "pushes its messages behind its join, whether that has been answered or not",
      breaks: ["ARC-TRANSPORT-phoenix-join"],
    },
    () => ({
      toServer(text, answer) {
        const [joinRef, ref, topic, event]: Frame = JSON.parse(text);
        const ok = { status: "ok", response: {} };
        if (event === "phx_join") answer(JSON.stringify([joinRef, ref, topic, "phx_reply", ok]));
        return [text];
      },
    }),
  ),
  mutant({
    id: "peer/phoenix-first-version",
    broken: "sends frames of Phoenix V1, which are objects",
    breaks: ["ARC-TRANSPORT-phoenix-frame"],
  }, () => ({ toServer: reframed(([_joinRef, ref, topic, event, payload]) => ({ topic, event, payload, ref })) })),
  mutant(
    {
      id: "peer/phoenix-one-event",
      broken: "names the event of every push message",
      breaks: ["ARC-TRANSPORT-phoenix-frame"],
    },
    () => ({
      toServer: reframed(([joinRef, ref, topic, event, payload]) => [
        joinRef,
        ref,
        topic,
        isMessage(event) ? "message" : event,
        payload,
      ]),
    }),
  ),
  mutant(
    {
      id: "peer/phoenix-one-reference",
      broken: "gives every push the reference of its join",
      breaks: ["ARC-TRANSPORT-phoenix-frame"],
    },
    () => ({ toServer: reframed(([joinRef, _ref, ...rest]) => [joinRef, joinRef, ...rest]) }),
  ),
  mutant(
    {
      id: "peer/phoenix-deaf-to-refusals",
      broken: "takes every reply for one that is ok",
      breaks: ["ARC-TRANSPORT-phoenix-reply"],
    },
    () => ({
      toClient: reframed((frame) => {
        const [joinRef, ref, topic, event] = frame;
        return event === "phx_reply" ? [joinRef, ref, topic, event, { status: "ok", response: {} }] : frame;
      }),
    }),
  ),
  mutant(
    {
      id: "peer/phoenix-any-reply",
      broken: "takes every reply for that to its last push",
      breaks: ["ARC-TRANSPORT-phoenix-reply"],
    },
    () => {
      let last: string | null = null;
      return {
        toServer(text) {
          last = JSON.parse(text)[1];
          return [text];
        },
        toClient: reframed((frame) => {
          const [joinRef, _ref, topic, event, payload] = frame;
          return event === "phx_reply" ? [joinRef, last, topic, event, payload] : frame;
        }),
      };
    },
  ),
  mutant(
    {
      id: "peer/phoenix-any-topic",
      broken: "takes the messages of every topic for its own",
      breaks: ["ARC-TRANSPORT-phoenix-push"],
    },
    () => {
      let own = "";
      return {
        toServer(text) {
          own = JSON.parse(text)[2];
          return [text];
        },
        toClient: reframed((frame) => {
          const [joinRef, ref, _topic, event, payload] = frame;
          return isMessage(event) ? [joinRef, ref, own, event, payload] : frame;
        }),
      };
    },
  ),
  mutant(
    {
      id: "peer/phoenix-leaves-at-presence",
      broken: "leaves its channel at an event that is no message",
      breaks: ["ARC-TRANSPORT-phoenix-interop"],
    },
    () => ({
      toClient: reframed((frame) => {
        const [joinRef, ref, topic, event, payload] = frame;
        return event.startsWith("presence_") ? [joinRef, ref, topic, "phx_close", payload] : frame;
      }),
    }),
  ),
  mutant({
    id: "peer/phoenix-stays-out",
    broken: "does not join again when its channel has broken down",
    breaks: ["ARC-TRANSPORT-phoenix-interop"],
  }, () => ({ toClient: (text) => JSON.parse(text)[3] === "phx_error" ? [] : [text] })),
  mutant({
    id: "peer/plain-without-subprotocol",
    broken: "offers no subprotocol for its plain WebSocket",
    breaks: ["ARC-TRANSPORT-websocket-plain"],
  }, () => ({ offersProtocol: false })),
  mutant({
    id: "peer/plain-in-binary",
    broken: "sends its messages in binary frames",
    breaks: ["ARC-TRANSPORT-websocket-plain"],
  }, () => ({ sendsBinary: true })),
  mutant({
    id: "peer/plain-takes-binary",
    broken: "takes a binary frame for text",
    breaks: ["ARC-TRANSPORT-websocket-binary"],
  }, () => ({})),
];
