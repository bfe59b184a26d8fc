/** The client's side of a Phoenix channel: join, push, replies, heartbeat, over an open WebSocket link (SPEC 6.1). */
import type { Message } from "../signaling/messages/registry.ts";
import {
  heartbeatFrame,
  joinFrame,
  parsePhoenixFrame,
  type PhoenixFrame,
  pushFrame,
  readReply,
  topicOf,
  writePhoenixFrame,
} from "../signaling/phoenix_frame.ts";
import { parseMessage } from "../signaling/parse_message.ts";
import { writeJson } from "../signaling/json_value.ts";
import { NetError } from "./net_error.ts";
import type { SignalingLink, SignalingLinkEvents } from "./signaling_link.ts";

/** What the official client uses; servers drop a connection that is silent for 60 s. */
const HEARTBEAT_INTERVAL_MS = 30_000;

/**
 * Joins the session's topic over a WebSocket link that `open` makes with the events it is given, and answers a link that
 * speaks messages. Throws `NetError` "refused" with the server's words when the join is refused, "unreachable" when the
 * answer does not come within `timeoutMs`.
 */
export async function joinPhoenix(
  open: (events: SignalingLinkEvents) => Promise<SignalingLink>,
  session: { readonly sessionId: string; readonly peerId: string },
  timeoutMs: number,
  events: SignalingLinkEvents,
): Promise<SignalingLink> {
  const JOIN_REF = "1";
  let nextRef = 2;
  let heartbeat: ReturnType<typeof setInterval> | undefined = undefined;
  let joined = false;
  // A server may push or close right behind its answer, before whoever waits for this promise can listen.
  let early: (string | Uint8Array)[] | undefined = [];
  let ended: string | undefined;
  const deliver = (unit: string | Uint8Array) => {
    if (early === undefined) events.message(unit);
    else early.push(unit);
  };
  let settle: (error: NetError | undefined) => void = () => {};
  const answered = new Promise<NetError | undefined>((resolve) => settle = resolve);

  const onFrame = (frame: PhoenixFrame) => {
    if (frame.topic !== topicOf(session.sessionId)) return; // the answer to our heartbeat
    if (frame.event === "phx_reply") {
      const reply = readReply(frame);
      if (!reply.ok || !isOurs(frame.ref)) return;
      if (!joined) {
        joined = reply.value.status === "ok";
        if (joined) return settle(undefined);
        return settle(new NetError("refused", `the server refuses the join: ${describe(reply.value.response)}`));
      }
      // A refused push carries the ERROR that a plain link would have received by itself.
      if (reply.value.status === "error") deliver(writeJson(reply.value.response));
    } else if (frame.event === "phx_close" || frame.event === "phx_error") {
      link.close("the server closed the channel");
    } else if (joined) {
      deliver(writeJson(frame.payload));
    }
  };
  const link = await open({
    message(unit) {
      const frame = parsePhoenixFrame(unit);
      // What is no frame is handed on, so that its fault is counted and reported like that of any message.
      if (frame.ok) onFrame(frame.value);
      else if (joined) deliver(unit);
    },
    closed(why) {
      clearInterval(heartbeat);
      ended = why;
      settle(new NetError("unreachable", `the connection ended before the join was answered: ${why}`));
      if (early === undefined) events.closed(why);
    },
  });

  link.send(writePhoenixFrame(joinFrame(JOIN_REF, session.sessionId, session.peerId)));
  const timer = setTimeout(
    () => settle(new NetError("unreachable", `${link.name} does not answer the join`)),
    timeoutMs,
  );
  const failure = await answered;
  clearTimeout(timer);
  if (failure !== undefined) {
    link.close();
    throw failure;
  }
  setTimeout(() => {
    const units = early ?? [];
    early = undefined;
    for (const unit of units) events.message(unit);
    if (ended !== undefined) events.closed(ended);
  }, 0);
  if (ended === undefined) heartbeat = setInterval(beat, HEARTBEAT_INTERVAL_MS);

  return {
    name: link.name,
    peerCertificateSha256: link.peerCertificateSha256,
    get bufferedBytes() {
      return link.bufferedBytes;
    },
    send(text) {
      const message = parseMessage(text);
      if (!message.ok) throw new Error(`not a message of ours: ${message.fault.message}`);
      link.send(framed(message.value));
    },
    close: (why) => link.close(why),
  };

  /** A reply belongs to the frame whose reference it has. */
  function isOurs(ref: string | null): boolean {
    return ref !== null && String(Number(ref)) === ref && Number(ref) >= 1 && Number(ref) < nextRef;
  }

  function beat(): void {
    link.send(writePhoenixFrame(heartbeatFrame(String(nextRef++))));
  }

  function framed(message: Message): string {
    return writePhoenixFrame(pushFrame(JOIN_REF, String(nextRef++), session.sessionId, message));
  }
}

function describe(response: { readonly [key: string]: unknown }): string {
  const { code, message, reason } = response;
  if (typeof code === "string") return typeof message === "string" ? `${code}: ${message}` : code;
  return typeof reason === "string" ? reason : JSON.stringify(response);
}
