/** Testees that choose suites, take streams or remember requests as they should not. */
import { isJson, type Json } from "../testee/answer.ts";
import { opFault } from "../testee/testee.ts";
import { type Mutant, type MutantHead, opsMutant } from "./mutant.ts";
import { acknowledging, asking, hearing, hearingMessages, running } from "./signaling_mutant.ts";

const SUITES = ["aes-128-gcm", "aes-256-gcm", "chacha20-poly1305"];
/** Of a run, where its config does not say. */
const UNIX_START_MS = 1_700_000_000_000;

/** A callee that is offered something else. */
function offered(head: MutantHead, change: (capabilities: Json) => Json): Mutant {
  return hearingMessages(head, "CONNECT", (message) => {
    const capabilities = message.capabilities as Json;
    return { ...message, capabilities: { ...capabilities, ...change(capabilities) } };
  });
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

const CHOOSING: readonly Mutant[] = [
  offered(
    {
      id: "srtp/chooses-the-last",
      broken: "chooses the last suite that is offered",
      breaks: ["ARC-SRTP-choice-suite"],
    },
    ({ encryption }) => ({ encryption: textsOf(encryption).toReversed() }),
  ),
  offered(
    {
      id: "srtp/chooses-what-it-likes",
      broken: "chooses an HMAC wherever one is offered",
      breaks: ["ARC-SRTP-choice-authentication"],
    },
    ({ authentication }) => authentication === undefined ? {} : { authentication: textsOf(authentication).toSorted() },
  ),
  offered(
    {
      id: "srtp/falls-back",
      broken: "falls back to its default suite where none is in common",
      breaks: ["ARC-SRTP-choice-none-common"],
    },
    ({ encryption }) => ({ encryption: [...textsOf(encryption), SUITES[0]] }),
  ),
  hearingMessages(
    {
      id: "srtp/chooses-anew-on-resuming",
      broken: "takes a resumption that offers its suite no more",
      breaks: ["ARC-SRTP-choice-resume-equal"],
    },
    "CONNECT",
    (message) =>
      message.resume === true
        ? { ...message, capabilities: { ...message.capabilities as Json, encryption: SUITES } }
        : message,
  ),
  running(
    {
      id: "srtp/takes-what-it-did-not-offer",
      broken: "stays with a callee that chose what it did not offer",
      breaks: ["ARC-SRTP-choice-not-offered"],
    },
    ({ state }) => ({ state: state === "closed" ? "connected" : state }),
  ),
  hearingMessages(
    {
      id: "srtp/a-suite-for-each-stream",
      broken: "takes a stream with another suite than the session's",
      breaks: ["ARC-SRTP-choice-stream-equal"],
    },
    "STREAM_START",
    (message) => ({ ...message, encryption: { ...message.encryption as Json, algorithm: SUITES[0] } }),
  ),
  hearingMessages(
    {
      id: "srtp/any-stored-key",
      broken: "takes a stored key that it does not hold for the stream's own",
      breaks: ["ARC-SRTP-choice-key-id"],
    },
    "STREAM_START",
    (message) => ({ ...message, encryption: { ...message.encryption as Json, key_id: message.stream_id } }),
  ),
];

const STREAMS: readonly Mutant[] = [
  acknowledging(
    {
      id: "key/stream-id-again",
      broken: "takes a stream_id or an SSRC that was used before",
      breaks: ["ARC-KEY-stream-id-once", "ARC-KEY-ssrc-once"],
    },
    "bad_state",
    "STREAM_START",
  ),
  hearingMessages(
    {
      id: "key/ssrc-of-repair-again",
      broken: "remembers SSRCs of media, not those of RTX, FEC and RTCP",
      breaks: ["ARC-KEY-ssrc-once"],
    },
    "STREAM_START",
    ({ rtx: _rtx, fec: _fec, rtcp_ssrc: _rtcp, ...message }) => message,
  ),
  acknowledging(
    {
      id: "signaling/stops-what-is-not-there",
      broken: "acknowledges the stop of a stream that it does not have",
      breaks: ["ARC-SIG-state-unknown-stream"],
    },
    "unknown_stream",
    "STREAM_STOP",
  ),
];

const REMEMBERING: readonly Mutant[] = [
  hearingMessages(
    {
      id: "signaling/acts-on-duplicates",
      broken: "takes a repeated request for a new one",
      breaks: ["ARC-SIG-repeat-same-answer"],
    },
    "CONNECT",
    (message, input, all) => ({ ...message, timestamp: Number(message.timestamp) + all.indexOf(input) }),
  ),
  hearing(
    {
      id: "signaling/any-session",
      broken: "takes each message for one of its session",
      breaks: ["ARC-SIG-state-unknown-session"],
    },
    (input, all) => {
      const first = all.map(({ message }) => message).find(isJson);
      return isJson(input.message) && first !== undefined
        ? { ...input, message: { ...input.message, session_id: first.session_id } }
        : input;
    },
  ),
  asking(
    {
      id: "signaling/any-answer-will-do",
      broken: "takes an ACK for its last request, whatever time it names",
      breaks: ["ARC-SIG-ack-fields"],
    },
    "signaling.run",
    (request) => {
      let requestedMs = 0;
      const inputs = (request.inputs as readonly Json[]).map((input) => {
        if (input.command !== undefined) requestedMs = Number(input.at_ms);
        const { message } = input;
        if (!isJson(message) || message.type !== "ACK") return input;
        const in_reply_to = { ...message.in_reply_to as Json, timestamp: UNIX_START_MS + requestedMs };
        return { ...input, message: { ...message, in_reply_to } };
      });
      return { ...request, inputs };
    },
  ),
  opsMutant(
    {
      id: "signaling/refuses-the-unknown",
      broken: "refuses a message with a field that it does not know",
      breaks: ["ARC-SIG-json-unknown-field"],
    },
    "signaling.parse",
    (op) => (request, context) => {
      const result = op(request, context);
      if (result.kind !== "ok" || !("message" in result.value)) return result;
      const known = new Set(Object.keys(result.value.message as Json));
      const unknown = Object.keys(JSON.parse(request.text("json"))).find((name) => !known.has(name));
      return unknown === undefined ? result : opFault({ reason: "bad_value", message: `${unknown} is unknown` });
    },
  ),
];

export const CHOICE_MUTANTS: readonly Mutant[] = [...CHOOSING, ...STREAMS, ...REMEMBERING];
