/** Testees whose messages, or whose behaviour in a session, are broken. */
import { parseHex } from "../../lib/base/bytes.ts";
import { unwrap } from "../../lib/base/parsed.ts";
import { isJson, type Json } from "../testee/answer.ts";
import { opFault, opOk } from "../testee/testee.ts";
import { eachOf, type Mutant, opsMutant } from "./mutant.ts";
import { answering, asJson, asking, reading, running, saying } from "./signaling_mutant.ts";

/** Behind the text of a sealed unit: a zero byte, counter and tag. */
const SEAL_TAIL_HEX = 2 * (1 + 6 + 16);

const READING: readonly Mutant[] = [
  reading({
    id: "signaling/last-key-wins",
    broken: "takes the last of two equal keys",
    breaks: ["ARC-SIG-json-duplicate-key"],
  }, asJson((value) => value)),
  reading({
    id: "signaling/null-is-absent",
    broken: "takes null for an absent field",
    breaks: ["ARC-SIG-json-null"],
  }, asJson((value) => Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null)))),
  reading({
    id: "signaling/any-case",
    broken: "takes types in lower case",
    breaks: ["ARC-SIG-json-field-case"],
  }, asJson((value) => typeof value.type === "string" ? { ...value, type: value.type.toUpperCase() } : value)),
  reading({
    id: "signaling/any-uuid",
    broken: "takes UUIDs in capitals",
    breaks: ["ARC-SIG-json-uuid"],
  }, (text) => text.replace(/[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}/g, (uuid) => uuid.toLowerCase())),
  reading({
    id: "signaling/any-version",
    broken: "takes version 2 for version 1",
    breaks: ["ARC-SIG-json-version"],
  }, (text) => text.replace('"version":"2.', '"version":"1.')),
  reading({
    id: "signaling/rounds",
    broken: "rounds fractions where integers are due",
    breaks: ["ARC-SIG-json-integer", "ARC-SIG-json-time"],
  }, (text) => text.replace(/"(sequence|timestamp)":(\d+)\.\d+/g, '"$1":$2')),
  reading({
    id: "signaling/ends-at-brace",
    broken: "reads nothing behind the last brace",
    breaks: ["ARC-SIG-json-trailing"],
  }, (text) => text.slice(0, text.lastIndexOf("}") + 1)),
  reading({
    id: "signaling/cuts-long-pad",
    broken: "cuts a pad that is too long",
    breaks: ["ARC-SIG-heartbeat-fields"],
  }, asJson((value) => typeof value.pad === "string" ? { ...value, pad: value.pad.slice(0, 1024) } : value)),
  answering(
    {
      id: "signaling/no-path",
      broken: "does not tell where a message is faulty",
      breaks: ["ARC-SIG-json-missing-field"],
    },
    "signaling.parse",
    (result) => {
      if (result.kind !== "fault") return result;
      const { path: _path, ...fault } = result.fault;
      return opFault(fault);
    },
  ),
  answering(
    {
      id: "signaling/seconds",
      broken: "reads timestamps in seconds",
      breaks: ["ARC-SIG-json-time"],
    },
    "signaling.parse",
    (result) => {
      const message = result.kind === "ok" && "message" in result.value ? result.value.message : undefined;
      return isJson(message) && typeof message.timestamp === "number"
        ? opOk({ message: { ...message, timestamp: Math.floor(message.timestamp / 1000) } })
        : result;
    },
  ),
  answering(
    {
      id: "signaling/writes-nulls",
      broken: "writes null for an absent timestamp",
      breaks: ["ARC-SIG-message-round-trip", "ARC-SIG-heartbeat-fields"],
    },
    "signaling.write",
    (result) =>
      result.kind === "ok" && "json" in result.value
        ? opOk({ json: String(result.value.json).replace(/}$/, ',"token":null}') })
        : result,
  ),
];

const REPEATING: readonly Mutant[] = [
  asking(
    {
      id: "signaling/always-datagrams",
      broken: "repeats after 200 ms on every transport",
      breaks: ["ARC-SIG-repeat-first-interval"],
    },
    "signaling.run",
    (request) => ({ ...request, config: { ...request.config as Json, datagrams: true } }),
  ),
  saying(
    {
      id: "signaling/gives-up-early",
      broken: "sends a CONNECT five times",
      breaks: ["ARC-SIG-repeat-doubling"],
    },
    "CONNECT",
    (message, _sent, index) => index < 5 ? message : undefined,
  ),
  saying(
    {
      id: "signaling/repeats-with-new-time",
      broken: "gives a repetition a timestamp of its own",
      breaks: ["ARC-SIG-repeat-identical"],
    },
    "CONNECT",
    (message, { at_ms }) => ({ ...message, timestamp: Number(message.timestamp) + at_ms }),
  ),
  saying(
    {
      id: "signaling/same-time-twice",
      broken: "gives requests of one millisecond the same timestamp",
      breaks: ["ARC-SIG-repeat-timestamps-grow"],
    },
    "QUALITY_ADAPT",
    (message, { at_ms }) => ({ ...message, timestamp: 1_700_000_000_000 + at_ms }),
  ),
  saying(
    {
      id: "signaling/answers-anew",
      broken: "answers a repeated CONNECT with a new time",
      breaks: ["ARC-SIG-repeat-same-answer"],
    },
    "CONNECT_ACK",
    (message, { at_ms }) => ({ ...message, timestamp: 1_700_000_000_000 + at_ms }),
  ),
  running({
    id: "signaling/repeats-metrics",
    broken: "sends METRICS twice",
    breaks: ["ARC-SIG-repeat-never"],
  }, ({ outputs }) => ({
    outputs: outputs.flatMap((sent) =>
      sent.message.type === "METRICS" ? [sent, { ...sent, at_ms: sent.at_ms + 1 }] : [sent]
    ),
  })),
];

const SESSION: readonly Mutant[] = [
  running({
    id: "signaling/error-for-error",
    broken: "answers ERROR with ERROR",
    breaks: ["ARC-SIG-error-not-for-error"],
  }, ({ outputs }, { inputs }) => {
    const errors = (inputs as readonly Json[]).filter(({ message, json }) =>
      JSON.stringify(message ?? json).includes("ERROR")
    );
    const message = { type: "ERROR", code: "bad_state", message: "no error is due", timestamp: 1 };
    return {
      outputs: [...outputs, ...errors.map(({ at_ms, from }) => ({ at_ms: Number(at_ms), to: String(from), message }))],
    };
  }),
  saying(
    {
      id: "signaling/code-of-its-own",
      broken: "has a code wrong_state",
      breaks: ["ARC-SIG-error-codes", "ARC-SIG-state-table"],
    },
    "ERROR",
    (message) => ({ ...message, code: message.code === "bad_state" ? "wrong_state" : message.code }),
  ),
  saying(
    {
      id: "signaling/tells-no-path",
      broken: "leaves the path out of its errors",
      breaks: ["ARC-SIG-error-path"],
    },
    "ERROR",
    (message) => ({ ...message, message: String(message.message).replace(/\$[.[\]\w]*/, "a field") }),
  ),
  saying(
    {
      id: "signaling/refuses-with-error",
      broken: "refuses a CONNECT with ERROR",
      breaks: ["ARC-SIG-error-refusal-or-error"],
    },
    "CONNECT_ACK",
    (message) =>
      message.accepted === true
        ? message
        : { type: "ERROR", code: message.reason, message: "", timestamp: message.timestamp },
  ),
  saying(
    {
      id: "signaling/no-challenge-back",
      broken: "does not echo the challenge",
      breaks: ["ARC-SIG-heartbeat-answer"],
    },
    "HEARTBEAT_ACK",
    ({ challenge: _challenge, ...message }) => message,
  ),
  saying(
    {
      id: "signaling/positive-latency",
      broken: "has no latency below 0",
      breaks: ["ARC-SIG-heartbeat-latency"],
    },
    "HEARTBEAT_ACK",
    (message) => ({ ...message, latency_ms: Math.max(0, Number(message.latency_ms)) }),
  ),
  saying(
    {
      id: "signaling/same-challenge",
      broken: "has one challenge for all HEARTBEATs",
      breaks: ["ARC-SIG-heartbeat-sender-fields"],
    },
    "HEARTBEAT",
    (message) => ({ ...message, challenge: "0123456789abcdef" }),
  ),
  running({
    id: "signaling/token-in-every-heartbeat",
    broken: "puts the token into every HEARTBEAT",
    breaks: ["ARC-SIG-heartbeat-token"],
  }, ({ outputs }, { config }) => ({
    outputs: outputs.map((sent) => {
      const { token } = config as Json;
      const isBeat = sent.message.type === "HEARTBEAT" && token !== undefined;
      return isBeat ? { ...sent, message: { ...sent.message, token } } : sent;
    }),
  })),
  saying(
    {
      id: "signaling/names-the-caller",
      broken: "has the caller's id in its CONNECT_ACK",
      breaks: ["ARC-SIG-connect-ack-peer"],
    },
    "CONNECT_ACK",
    (message) => ({ ...message, peer_id: "6ba7b810-9dad-41d1-80b4-00c04fd430c8" }),
  ),
  saying(
    {
      id: "signaling/higher-version",
      broken: "answers with version 1.1",
      breaks: ["ARC-SIG-connect-ack-minor-version"],
    },
    "CONNECT_ACK",
    (message) => ({ ...message, version: "1.1" }),
  ),
  saying(
    {
      id: "signaling/silent-ack",
      broken: "acknowledges no STREAM_STOP",
      breaks: ["ARC-SIG-ack-requests"],
    },
    "ACK",
    (message) => isJson(message.in_reply_to) && message.in_reply_to.type === "STREAM_STOP" ? undefined : message,
  ),
  running({
    id: "signaling/never-ends",
    broken: "stays connected whatever is said",
    breaks: ["ARC-SIG-state-disconnect"],
  }, ({ state }) => ({ state: state === "closed" ? "connected" : state })),
  saying(
    {
      id: "signaling/no-unknown-stream",
      broken: "says bad_state of a stream that is not there",
      breaks: ["ARC-SIG-state-unknown-stream"],
    },
    "ERROR",
    (message) => message.code === "unknown_stream" ? { ...message, code: "bad_state" } : message,
  ),
  running(
    {
      id: "signaling/both-answer-crossing",
      broken: "gives way to a crossing CONNECT of a higher peer_id",
      breaks: ["ARC-SIG-state-crossing-connect"],
    },
    ({ outputs, state }, { role }) =>
      role === "caller"
        ? { outputs: outputs.filter(({ at_ms }) => at_ms < 10), state: "connected" }
        : { outputs, state },
  ),
  saying(
    {
      id: "signaling/proves-nothing",
      broken: "answers a resumption without a right proof",
      breaks: ["ARC-SIG-state-resume"],
    },
    "CONNECT_ACK",
    (message) => "proof" in message ? { ...message, proof: "A".repeat(22) } : message,
  ),
  running(
    {
      id: "signaling/round-trip-of-timestamps",
      broken: "takes twice the latency of an answer for the round trip",
      breaks: ["ARC-SIG-heartbeat-rtt"],
    },
    ({ round_trips }, { inputs }) => ({
      round_trips: round_trips.map(({ at_ms }) => {
        const answer = (inputs as readonly Json[]).find((input) => input.at_ms === at_ms)?.message as Json;
        return { at_ms, rtt_ms: 2 * Number(answer.latency_ms) };
      }),
    }),
  ),
  asking(
    {
      id: "signaling/one-session-for-all",
      broken: "has the same session in each call",
      breaks: ["ARC-SIG-connect-session-uuid"],
    },
    "signaling.run",
    (request) => ({
      ...request,
      config: { session_id: "11111111-1111-4111-8111-111111111111", ...request.config as Json },
    }),
  ),
];

const UNITS: readonly Mutant[] = [
  opsMutant(
    {
      id: "seal/window-of-one-more",
      broken: "takes a counter that is 64 behind",
      breaks: ["ARC-SEAL-replay"],
    },
    "seal.receive",
    (op) => (request, context) => {
      const units = request.texts("units");
      const counters = units.map((unit) => parseInt(unit.slice(-44, -32), 16));
      return eachOf(op(request, context), "results", (one, i) => {
        const isNextOld = counters[i] === Math.max(...counters.slice(0, i)) - 64;
        const text = () => unwrap(parseHex(units[i].slice(0, -SEAL_TAIL_HEX)));
        return [isNextOld && "fault" in one ? { json: new TextDecoder().decode(text()) } : one];
      });
    },
  ),
  asking(
    {
      id: "seal/one-key-for-both",
      broken: "opens with its own sealing key",
      breaks: ["ARC-SEAL-direction"],
    },
    "seal.receive",
    (request) => ({ ...request, peer_id: "6ba7b810-9dad-41d1-80b4-00c04fd430c8" }),
  ),
  answering(
    {
      id: "media/little-endian",
      broken: "sends PCM with the low byte first",
      breaks: ["ARC-MEDIA-pcm"],
    },
    "payload.packetize",
    (result) => {
      const packets = result.kind === "ok" && "packets" in result.value ? result.value.packets : undefined;
      if (!Array.isArray(packets)) return result;
      const swapped = (hex: unknown) => String(hex).replace(/(..)(..)/g, "$2$1");
      return opOk({ packets: packets.map((packet) => ({ ...packet, payload: swapped(packet.payload) })) });
    },
  ),
  asking(
    {
      id: "dialect/reads-both",
      broken: "reads the engine's messages as its own",
      breaks: ["ARC-DIALECT-no-mixing"],
    },
    "signaling.parse",
    (request) => ({
      ...request,
      dialect: /STREAM_(NEGOTIATE|ACK)|QUALITY_UPDATE|TIMEOUT/.test(String(request.json))
        ? "armoricore"
        : request.dialect,
    }),
  ),
  answering(
    {
      id: "metrics/counts-nothing",
      broken: "counts nothing that it drops",
      breaks: ["ARC-METRICS-drop-counters"],
    },
    "stats",
    () => opOk({}),
  ),
];

export const SIGNALING_MUTANTS: readonly Mutant[] = [...READING, ...REPEATING, ...SESSION, ...UNITS];
