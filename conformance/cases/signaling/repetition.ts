/** SPEC clause 5.3, the sender's side and the receiver's memory: what is repeated when, and answered alike. */
import type { Case } from "../../case.ts";
import { brief } from "../../expect.ts";
import { OTHER_STREAM, STREAM } from "../../vectors/party.ts";
import { connectAck, SSRC, streamStart, streamStop } from "../messages.ts";
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
  connectedCaller,
  type Due,
  due,
  messagesOf,
  sent,
  sentAt,
  silent,
  stateIs,
  T,
} from "./script.ts";

/** When a request that nobody answers is sent: first interval doubled five times. */
const OVER_DATAGRAMS = [0, 200, 600, 1400, 3000, 6200];
const OVER_STREAMS = [0, 2000, 6000, 14_000, 30_000, 62_000];
const FAILED_DATAGRAMS_MS = 12_600;
const FAILED_STREAMS_MS = 126_000;
const MEMORY_MS = 30_000;

export const CASES: readonly Case[] = [
  {
    id: "signaling/repeat-first-interval",
    requirements: ["ARC-SIG-repeat-first-interval"],
    title: "An unanswered CONNECT is sent again after 2 s, over datagrams after 200 ms, and not before",
    needs: "ops",
    checks: () => [
      caller("streams, until 1999 ms", { until_ms: 1999 }, [], sentAt("CONNECT", 0)),
      caller("streams, until 2000 ms", { until_ms: 2000 }, [], sentAt("CONNECT", 0, 2000)),
      caller("datagrams, until 199 ms", { datagrams: true, until_ms: 199 }, [], sentAt("CONNECT", 0)),
      caller("datagrams, until 200 ms", { datagrams: true, until_ms: 200 }, [], sentAt("CONNECT", 0, 200)),
    ],
  },
  {
    id: "signaling/repeat-first-interval-requests",
    requirements: ["ARC-SIG-repeat-first-interval"],
    title: "Each other request of a peer is sent again after 2 s too",
    needs: "ops",
    checks: () => [
      callee("KEY_ROTATE", [command(1000, "rotate"), command(3500, "metrics")], sentAt("KEY_ROTATE", 1000, 3000)),
      callee("DISCONNECT", [command(1000, "disconnect"), command(3500, "metrics")], sentAt("DISCONNECT", 1000, 3000)),
      callee(
        "STREAM_START and STREAM_STOP",
        [started(1000, STREAM, SSRC), command(1500, "stop_stream", { stream_id: STREAM }), command(4000, "metrics")],
        sentAt("STREAM_START", 1000, 3000),
        sentAt("STREAM_STOP", 1500, 3500),
      ),
      callee(
        "QUALITY_ADAPT",
        [at(500, streamStart(ANNA, T)), command(1000, "adapt", { stream_id: STREAM }), command(3500, "metrics")],
        sentAt("QUALITY_ADAPT", 1000, 3000),
      ),
    ],
  },
  {
    id: "signaling/repeat-doubling",
    requirements: ["ARC-SIG-repeat-doubling"],
    title: "A request is sent six times, each interval twice the one before, and has then failed",
    needs: "ops",
    checks: () => [
      caller(
        "datagrams",
        { datagrams: true, until_ms: FAILED_DATAGRAMS_MS - 1 },
        [],
        sentAt("CONNECT", ...OVER_DATAGRAMS),
      ),
      caller("streams", { until_ms: FAILED_STREAMS_MS - 1 }, [], sentAt("CONNECT", ...OVER_STREAMS)),
      caller(
        "datagrams, not failed yet",
        { datagrams: true, until_ms: FAILED_DATAGRAMS_MS - 1 },
        [],
        stateIs("connecting"),
      ),
      caller("datagrams, failed", { datagrams: true, until_ms: FAILED_DATAGRAMS_MS }, [], stateIs("closed")),
      caller("streams, not failed yet", { until_ms: FAILED_STREAMS_MS - 1 }, [], stateIs("connecting")),
      caller("streams, failed", { until_ms: FAILED_STREAMS_MS }, [], stateIs("closed")),
      caller("never again", { datagrams: true, until_ms: 600_000 }, [], sentAt("CONNECT", ...OVER_DATAGRAMS)),
    ],
  },
  {
    id: "signaling/repeat-ends-with-answer",
    requirements: ["ARC-SIG-repeat-doubling"],
    title: "A request that was answered is not sent again",
    needs: "ops",
    checks: () => [
      caller("a CONNECT, answered", { until_ms: 60_000 }, [at(10, connectAck(BEN, T + 10))], sentAt("CONNECT", 0)),
      caller(
        "a CONNECT, answered after its first repetition",
        { until_ms: 60_000 },
        [at(2500, connectAck(BEN, T + 10))],
        sentAt("CONNECT", 0, 2000),
        stateIs("connected"),
      ),
      callee(
        "a STREAM_START, acknowledged",
        [started(100, STREAM, SSRC), at(110, ack("STREAM_START", T + 100, STREAM)), command(60_000, "metrics")],
        sentAt("STREAM_START", 100),
      ),
    ],
  },
  {
    id: "signaling/repeat-answer-named",
    requirements: ["ARC-SIG-ack-fields", "ARC-SIG-repeat-doubling"],
    title: "An ACK counts for the request that it names by type, timestamp and stream, and for no other",
    needs: "ops",
    checks: () =>
      [
        { name: "another type", answer: ack("STREAM_STOP", T + 100, STREAM) },
        { name: "another timestamp", answer: ack("STREAM_START", T + 101, STREAM) },
        { name: "another stream", answer: ack("STREAM_START", T + 100, OTHER_STREAM) },
        { name: "no stream", answer: ack("STREAM_START", T + 100) },
      ].map(({ name, answer }) =>
        callee(
          name,
          [started(100, STREAM, SSRC), at(110, answer), command(2500, "metrics")],
          sentAt("STREAM_START", 100, 2100),
        )
      ),
  },
  {
    id: "signaling/repeat-identical",
    requirements: ["ARC-SIG-repeat-identical"],
    title: "A repetition is the same message, timestamp, key and proof included",
    needs: "ops",
    checks: () => [
      caller("CONNECT", { until_ms: 70_000 }, [], allEqual("CONNECT", 6)),
      callee("KEY_ROTATE", [command(1000, "rotate"), command(9000, "metrics")], allEqual("KEY_ROTATE", 3)),
      callee("STREAM_START", [started(1000, STREAM, SSRC), command(9000, "metrics")], allEqual("STREAM_START", 3)),
      calleeWith(
        "DISCONNECT",
        { until_ms: 9000 },
        [at(0, annasConnect()), command(1000, "disconnect")],
        allEqual("DISCONNECT", 3),
      ),
    ],
  },
  {
    id: "signaling/repeat-timestamps-grow",
    requirements: ["ARC-SIG-repeat-timestamps-grow"],
    title: "Requests of one type and stream within one millisecond have different timestamps",
    needs: "ops",
    checks: () => [
      callee(
        "three QUALITY_ADAPT at once",
        [at(500, streamStart(ANNA, T)), ...[1, 2, 3].map(() => command(1000, "adapt", { stream_id: STREAM }))],
        due("three different timestamps", (run) => {
          const times = messagesOf(run, "QUALITY_ADAPT").map(({ message }) => message.timestamp);
          return new Set(times).size === 3 ? undefined : `they are ${times.join(", ")}`;
        }),
      ),
    ],
  },
  {
    id: "signaling/repeat-same-answer",
    requirements: ["ARC-SIG-repeat-same-answer"],
    title: "A repeated request gets the same answer again, for 30 seconds, and is not acted on twice",
    needs: "ops",
    checks: () => [
      callee(
        "CONNECT",
        [100, 2000, MEMORY_MS - 1].map((ms) => at(ms, annasConnect())),
        allEqual("CONNECT_ACK", 4),
      ),
      callee(
        "KEY_ROTATE",
        [100, 200, 2000, MEMORY_MS].map((ms) => at(ms, rotation(1, 100))),
        allEqual("KEY_ROTATE_ACK", 4),
      ),
      callee(
        "STREAM_START",
        [100, 101, MEMORY_MS].map((ms) => at(ms, streamStart(ANNA, T + 100))),
        allEqual("ACK", 3),
      ),
      callee(
        "STREAM_STOP, whose repetition finds the stream gone",
        [at(50, streamStart(ANNA, T)), ...[100, 101].map((ms) => at(ms, streamStop(ANNA, T + 100)))],
        due("ACK both times", (run) => {
          const acks = messagesOf(run, "ACK", { fromMs: 100 });
          return acks.length === 2 ? undefined : `there are ${acks.length}`;
        }),
      ),
    ],
  },
  {
    id: "signaling/repeat-same-refusal",
    requirements: ["ARC-SIG-repeat-same-answer"],
    title: "A repeated request that was refused gets the same ERROR or refusal",
    needs: "ops",
    checks: () => [
      callee("STREAM_STOP", [100, 200, 300].map((ms) => at(ms, streamStop(ANNA, T + 100))), allEqual("ERROR", 3)),
      calleeWith(
        "CONNECT without a common codec",
        {},
        [0, 100, 200].map((ms) => at(ms, annasConnect({ capabilities: { ...offerOf(["x-none"]) } }))),
        allEqual("CONNECT_ACK", 3),
      ),
    ],
  },
  {
    id: "signaling/repeat-same-answer-closed",
    requirements: ["ARC-SIG-repeat-same-answer", "ARC-SIG-state-table"],
    title: "A repeated DISCONNECT is acknowledged again after it has closed the session",
    needs: "ops",
    checks: () => [
      callee(
        "DISCONNECT three times",
        [100, 300, 700].map((ms) => at(ms, { ...disconnect(), timestamp: T + 100 })),
        allEqual("ACK", 3),
        silent({ fromMs: 100 }, "ERROR"),
        stateIs("closed"),
      ),
    ],
  },
  {
    id: "signaling/repeat-same-answer-forgotten",
    requirements: ["ARC-SIG-repeat-same-answer", "ARC-SIG-state-second-connect"],
    title: "After more than 30 seconds a request is judged anew",
    needs: "ops",
    checks: () => [
      callee(
        "the first CONNECT once more",
        [at(MEMORY_MS + 1, annasConnect())],
        sent("ERROR", { code: "bad_state" }, { fromMs: MEMORY_MS + 1 }),
        stateIs("connected"),
      ),
    ],
  },
  {
    id: "signaling/repeat-never",
    requirements: ["ARC-SIG-repeat-never"],
    title: "HEARTBEAT, METRICS, ERROR and ACK are sent once",
    needs: "ops",
    checks: () => [
      callee("METRICS", [command(100, "metrics"), command(15_000, "up")], sentAt("METRICS", 100)),
      callee(
        "ERROR and ACK",
        [
          at(100, streamStart(ANNA, T)),
          at(200, streamStop(ANNA, T, { stream_id: OTHER_STREAM })),
          command(15_000, "up"),
        ],
        sentAt("ACK", 100),
        sentAt("ERROR", 200),
      ),
      connectedCaller(
        "HEARTBEAT",
        [command(100, "heartbeat"), command(60_000, "metrics")],
        due("no challenge twice", (run) => {
          const challenges = messagesOf(run, "HEARTBEAT").map(({ message }) => message.challenge);
          return new Set(challenges).size === challenges.length ? undefined : `they are ${challenges.join(", ")}`;
        }),
      ),
    ],
  },
];

function started(at_ms: number, stream_id: string, ssrc: number) {
  return command(at_ms, "start_stream", { stream_id, ssrc });
}

function ack(type: string, timestamp: number, stream_id?: string) {
  const in_reply_to = { type, timestamp, ...(stream_id === undefined ? {} : { stream_id }) };
  return { type: "ACK", session_id: ANNA.sessionId, in_reply_to, timestamp: T };
}

function disconnect() {
  return { type: "DISCONNECT", session_id: ANNA.sessionId, peer_id: ANNA.peerId, reason: "user_request" };
}

function offerOf(codecs: readonly string[]) {
  return { codecs, resolutions: [], encryption: ["aes-128-gcm"], transport: ["udp"] };
}

/** So many messages of the type, all the same: repetitions, or the answers to them. */
function allEqual(type: string, count: number): Due {
  return due(`${count} times the same ${type}`, (run) => {
    const texts = messagesOf(run, type).map(({ message }) => JSON.stringify(message));
    if (texts.length !== count) return `it was sent ${texts.length} times`;
    const other = texts.find((text) => text !== texts[0]);
    return other === undefined ? undefined : `${brief(JSON.parse(texts[0]))} and ${brief(JSON.parse(other))}`;
  });
}
