/** SPEC clause 5.4: codes, and when an error is sent. */
import { NIL_UUID } from "../../../lib/base/uuid.ts";
import { EXAMPLES } from "../../../lib/signaling/examples.ts";
import { ERROR_CODES } from "../../../lib/signaling/error_codes.ts";
import type { Case } from "../../case.ts";
import type { ServerWorld } from "../../drive/server_world.ts";
import { vectorCase } from "../../vector_case.ts";
import { connect, connectAck, errorMessage, said, streamStop } from "../messages.ts";
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
  type Input,
  messagesOf,
  OFFER,
  OTHER_SESSION,
  type Run,
  script,
  sent,
  silent,
  stateIs,
  T,
} from "./script.ts";

const CODES: ReadonlySet<unknown> = new Set(ERROR_CODES.map(({ code }) => code));

/** Texts that are refused, each with the code that is due and the path that a `bad_message` names. */
const BAD_TEXTS: readonly { readonly json: string; readonly code: string; readonly path?: string }[] = [
  { json: "{", code: "bad_json" },
  { json: '{"type":"HEARTBEAT","type":"HEARTBEAT"}', code: "bad_json" },
  { json: "[]", code: "bad_message", path: "$" },
  { json: "{}", code: "bad_message", path: "$.type" },
  { json: '{"type":"HELLO"}', code: "unknown_type" },
  { json: `{"type":"STREAM_STOP","x":"${"a".repeat(70_000)}"}`, code: "too_large" },
  { json: `{"type":"STREAM_STOP","x":${"[".repeat(20)}${"]".repeat(20)}}`, code: "too_large" },
  { json: JSON.stringify({ ...EXAMPLES.CONNECT.minimal, version: "2.0" }), code: "unsupported_version" },
  { json: JSON.stringify(annasConnect({ version: "one" })), code: "bad_message", path: "$.version" },
  {
    json: JSON.stringify(annasConnect({ capabilities: { ...OFFER, encryption: [7] } })),
    code: "bad_message",
    path: "$.capabilities.encryption[0]",
  },
  {
    json: JSON.stringify(annasConnect({ network_info: { nat_type: "cone", local: [{ ip: "::1", port: 0 }] } })),
    code: "bad_message",
    path: "$.network_info.local[0].port",
  },
  { json: JSON.stringify(streamStop(ANNA, T, { reason: "bored" })), code: "bad_message", path: "$.reason" },
];

/** ERRORs that are fine, and some that are not: nobody may answer any of them. */
const ERRORS = [
  JSON.stringify(errorMessage("busy", T)),
  JSON.stringify(errorMessage("teapot", T, { session_id: OTHER_SESSION })),
  JSON.stringify(errorMessage("internal", T, { in_reply_to: { type: "CONNECT", timestamp: 1 } })),
  '{"type":"ERROR"}',
  JSON.stringify(errorMessage("", T, { message: 7 })),
  JSON.stringify(errorMessage("busy", T, { session_id: NIL_UUID })),
];

export const CASES: readonly Case[] = [
  vectorCase("signaling/error-codes-read", "ARC-SIG-error-codes", "signaling.parse", "The codes are read"),
  {
    id: "signaling/error-codes",
    requirements: ["ARC-SIG-error-codes"],
    title: "Each refused text is answered with the code of the clause, by a peer and by a server",
    needs: "ops",
    checks: () =>
      BAD_TEXTS.flatMap(({ json, code }) => [
        callee(brief(json), [{ at_ms: 100, json }], sent("ERROR", { code }), onlyKnownCodes()),
        script(
          `${brief(json)}, at a server`,
          served({ at_ms: 100, from: "a", json }),
          sent("ERROR", { code }, { to: "a" }),
        ),
      ]),
  },
  {
    id: "signaling/error-path",
    requirements: ["ARC-SIG-error-path"],
    title: "The message of a bad_message contains the JSON path of the first fault",
    needs: "ops",
    checks: () =>
      BAD_TEXTS.flatMap(({ json, path }) =>
        path === undefined ? [] : [
          callee(brief(json), [{ at_ms: 100, json }], tells(path)),
          script(`${brief(json)}, at a server`, served({ at_ms: 100, from: "a", json }), tells(path)),
        ]
      ),
  },
  {
    id: "signaling/error-in-reply-to",
    requirements: ["ARC-SIG-error-fields"],
    title: "An ERROR names session, type, timestamp and stream of what it refuses, as far as that had them",
    needs: "ops",
    checks: () => {
      const { session_id, stream_id } = streamStop(ANNA, T);
      const bad = { type: "STREAM_STOP", session_id, stream_id, timestamp: T + 5 };
      const in_reply_to = { type: "STREAM_STOP", timestamp: T + 5, stream_id };
      return [
        callee("all", [at(10, bad)], sent("ERROR", { session_id, in_reply_to })),
        callee(
          "what is malformed in itself is left out",
          [at(10, { ...bad, timestamp: -1, stream_id: "x" })],
          due("the type alone", (run) => {
            const { in_reply_to } = messagesOf(run, "ERROR")[0]?.message ?? {};
            const text = JSON.stringify(in_reply_to);
            return text === '{"type":"STREAM_STOP"}' ? undefined : `it is ${text}`;
          }),
        ),
      ];
    },
  },
  {
    id: "signaling/error-not-for-error",
    requirements: ["ARC-SIG-error-not-for-error"],
    title: "No ERROR is answered with an ERROR: good, malformed, or of another session",
    needs: "ops",
    checks: () =>
      ERRORS.flatMap((json) => [
        callee(json, [{ at_ms: 100, json }], silent({ fromMs: 100 }), stateIs("connected")),
        calleeWith(`${json}, while waiting`, {}, [{ at_ms: 100, json }], silent({ fromMs: 100 })),
        script(`${json}, at a server`, served({ at_ms: 100, from: "a", json }), silent({ fromMs: 100, to: "a" })),
      ]),
  },
  {
    id: "signaling/error-not-for-error-served",
    requirements: ["ARC-SIG-error-not-for-error"],
    title: "A server answers no ERROR with an ERROR",
    needs: "server",
    run: async (world) => {
      const line = await joined(world);
      for (const text of ERRORS) await line.send(new TextEncoder().encode(text));
      await line.say(world.heartbeat(world.callerId, 99));
      await line.nextMessage("HEARTBEAT_ACK", { sequence: 99 });
    },
  },
  {
    id: "signaling/error-not-to-strangers",
    requirements: ["ARC-SIG-error-not-to-strangers"],
    title: "A relay sends no ERROR to a datagram address that it has not validated",
    needs: "relay",
    run: async (world) => {
      const stranger = await world.stranger("stranger", "udp");
      for (const { json } of BAD_TEXTS) {
        if (json.length < 1200) await stranger.send(new TextEncoder().encode(json));
      }
      await world.fence(stranger);
    },
  },
  {
    id: "signaling/error-not-to-strangers-served",
    requirements: ["ARC-SIG-error-not-to-strangers", "ARC-TRANSPORT-server-udp-heartbeat"],
    title: "A server's UDP port answers what it refuses with nothing",
    needs: "server",
    run: async (world) => {
      const stranger = await world.udp("stranger");
      for (const { json } of BAD_TEXTS) {
        if (json.length < 1200) await stranger.send(new TextEncoder().encode(json));
      }
      await world.nilHeartbeat(stranger, 5);
    },
  },
  vectorCase("signaling/error-unknown-code", "ARC-SIG-error-unknown-code", "signaling.parse", "Any code is read"),
  {
    id: "signaling/error-unknown-code-acted",
    requirements: ["ARC-SIG-error-unknown-code"],
    title: "A caller whose CONNECT is answered with an ERROR of an unknown code gives up, as for internal",
    needs: "ops",
    checks: () =>
      ["internal", "teapot", "x"].map((code) =>
        caller(
          code,
          { until_ms: 10_000 },
          [at(20, errorMessage(code, T + 20, { in_reply_to: { type: "CONNECT", timestamp: T } }))],
          stateIs("closed"),
          silent({ fromMs: 20 }, "CONNECT"),
        )
      ),
  },
  {
    id: "signaling/error-refusal-or-error",
    requirements: ["ARC-SIG-error-refusal-or-error", "ARC-SIG-connect-ack-refusal"],
    title: "A CONNECT that is well formed is refused with CONNECT_ACK for a decision, and with ERROR for a fault",
    needs: "ops",
    checks: () => [
      ...[
        { reason: "no_common_codec", fields: { capabilities: { ...OFFER, codecs: ["x-none"] } } },
        { reason: "no_common_cipher", fields: { capabilities: { ...OFFER, encryption: ["x-none"] } } },
        { reason: "no_common_cipher", fields: { capabilities: { ...OFFER, authentication: ["x-none"] } } },
        { reason: "bad_key", fields: { encryption: { key_exchange: "ecdh-p256", public_key: "AAAA" } } },
        { reason: "bad_key", fields: { encryption: { key_exchange: "ecdh-p256", public_key: `BA${"A".repeat(85)}` } } },
        { reason: "bad_identity", fields: { identity: { certificate: "MAA=", signature: "A".repeat(86) } } },
      ].map(({ reason, fields }) =>
        calleeWith(
          `${reason} for ${JSON.stringify(Object.values(fields)[0])}`,
          {},
          [at(10, annasConnect(fields))],
          sent("CONNECT_ACK", { accepted: false, reason, peer_id: BEN.peerId, session_id: BEN.sessionId }),
          silent({}, "ERROR"),
        )
      ),
      callee(
        "busy",
        [at(20, connect(CARL, T))],
        sent("CONNECT_ACK", { accepted: false, reason: "busy" }),
        stateIs("connected"),
      ),
      callee(
        "unauthorized",
        [at(20, resumption(20, { proof: "A".repeat(22) }))],
        sent("CONNECT_ACK", { accepted: false, reason: "unauthorized" }),
        stateIs("connected"),
      ),
      ...[
        { code: "bad_message", message: annasConnect({ peer_id: "x" }) },
        { code: "unsupported_version", message: annasConnect({ version: "2.0" }) },
        { code: "unknown_session", message: connect({ ...ANNA, sessionId: OTHER_SESSION }, T) },
      ].map(({ code, message }) =>
        calleeWith(`ERROR ${code}`, {}, [at(10, message)], sent("ERROR", { code }), silent({}, "CONNECT_ACK"))
      ),
      callee("ERROR bad_state", [at(20, annasConnect({ timestamp: T + 20 }))], sent("ERROR", { code: "bad_state" })),
    ],
  },
  {
    id: "signaling/error-connect-either",
    requirements: ["ARC-SIG-error-connect-either"],
    title: "A caller gives up on a refusal and on an ERROR that names its CONNECT, and on no ERROR that does not",
    needs: "ops",
    checks: () => {
      const error = (in_reply_to: object) => at(20, errorMessage("busy", T + 20, { in_reply_to }));
      const refusal = connectAck(BEN, T, { accepted: false, reason: "busy" });
      return [
        caller(
          "CONNECT_ACK",
          { until_ms: 9000 },
          [at(20, refusal)],
          stateIs("closed"),
          silent({ fromMs: 20 }, "CONNECT"),
        ),
        caller(
          "ERROR",
          { until_ms: 9000 },
          [error({ type: "CONNECT", timestamp: T })],
          stateIs("closed"),
          silent({ fromMs: 20 }, "CONNECT"),
        ),
        caller(
          "ERROR for another",
          { until_ms: 9000 },
          [error({ type: "CONNECT", timestamp: T - 1 })],
          stateIs("connecting"),
        ),
        caller("ERROR for nothing", { until_ms: 9000 }, [at(20, errorMessage("busy", T))], stateIs("connecting")),
      ];
    },
  },
  {
    id: "signaling/error-no-common-codec",
    requirements: ["ARC-SIG-error-no-common-codec"],
    title: "A callee refuses an offer without a codec of its own, and takes one with any",
    needs: "ops",
    checks: () => {
      const offer = (codecs: readonly string[]) => [at(10, annasConnect({ capabilities: { ...OFFER, codecs } }))];
      const config = { codecs: ["opus", "av1"] };
      return [
        calleeWith("none", config, offer(["vp9", "h264"]), sent("CONNECT_ACK", { reason: "no_common_codec" })),
        calleeWith(
          "the last of three",
          config,
          offer(["x-new", "vp9", "av1"]),
          sent("CONNECT_ACK", { accepted: true, selected_codecs: { video: "av1" } }),
        ),
        calleeWith(
          "another CONNECT after a refusal",
          config,
          [...offer(["vp9"]), at(500, annasConnect({ timestamp: T + 500 }))],
          sent("CONNECT_ACK", { accepted: true }, { fromMs: 500 }),
          stateIs("connected"),
        ),
      ];
    },
  },
];

/** Anna has joined at a server, and then says this. */
function served(...inputs: readonly Input[]) {
  return { role: "server", inputs: [at(0, said("HEARTBEAT", ANNA, T, { sequence: 0 }), "a"), ...inputs] } as const;
}

function onlyKnownCodes() {
  return due("codes of the clause alone", (run: Run) => {
    const other = messagesOf(run, "ERROR").find(({ message }) => !CODES.has(message.code));
    return other && `one is ${other.message.code}`;
  });
}

function tells(path: string) {
  return due(`a bad_message that contains ${path}`, (run: Run) => {
    const errors = messagesOf(run, "ERROR").map(({ message }) => message);
    const isTold = errors.some(({ code, message }) => code === "bad_message" && contains(String(message), path));
    return isTold ? undefined : `they say ${JSON.stringify(errors.map(({ message }) => message))}`;
  });
}

/** `$` alone is in every other path too. */
function contains(text: string, path: string): boolean {
  const at = text.indexOf(path);
  return at >= 0 && !/^[.[\w]/.test(text.slice(at + path.length)) ||
    path.length > 1 && text.includes(path);
}

async function joined(world: ServerWorld) {
  const line = await world.connect("caller");
  await line.say(world.heartbeat(world.callerId, 1));
  await line.nextMessage("HEARTBEAT_ACK", { sequence: 1 });
  return line;
}

const MAX_NAME = 70;

function brief(json: string): string {
  return json.length <= MAX_NAME ? json : `${json.slice(0, MAX_NAME)}... (${json.length} characters)`;
}
