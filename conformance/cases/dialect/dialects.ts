/** SPEC clause 12.1: the names of the dialects, and that they do not mix. */
import type { Case, Check } from "../../case.ts";
import { answersWith, refuses } from "../../expect.ts";
import { DIALECTS } from "../../testee/rtp_json.ts";
import { EXAMPLES } from "../../../lib/signaling/examples.ts";
import { vectorCase } from "../../vector_case.ts";
import {
  ANNA,
  annasConnect,
  at,
  callee,
  calleeWith,
  due,
  script,
  sent,
  silent,
  stateIs,
  T,
} from "../signaling/script.ts";
import { said, streamStop } from "../messages.ts";

/** What the engine says, in its own fields. */
const ENGINE_STOP = { type: "DISCONNECT", session_id: ANNA.sessionId, reason: "TIMEOUT", message: "bye" };
const ENGINE_MESSAGES = [
  ENGINE_STOP,
  { type: "STREAM_NEGOTIATE", session_id: ANNA.sessionId, streams: [] },
  { type: "STREAM_ACK", session_id: ANNA.sessionId, accepted: true },
  { type: "QUALITY_UPDATE", session_id: ANNA.sessionId, bitrate: 1 },
];
/** Of the types that only the engine has. */
const ENGINE_TYPES = ["STREAM_NEGOTIATE", "STREAM_ACK", "QUALITY_UPDATE"];

/** RTP headers with an Arc block behind: a key phase, which one dialect has, and payload type 72, which one excludes. */
const WITH_KEY_PHASE = "806000010000000100000001" + "04000000aa";
const EXCLUDED_TYPE = "804800010000000100000001" + "00000000aa";
const PLAIN_RTP = ["0bffdead", "deadbeef", "77f31234"].map((block) => `806000010000000100000001${block}aa`);

export const CASES: readonly Case[] = [
  {
    id: "dialect/names",
    requirements: ["ARC-DIALECT-names"],
    title: "A testee names its dialects arcrtc-1.0 and armoricore, and has the first",
    needs: "ops",
    checks: () => [{
      name: "hello",
      request: { op: "hello" },
      ...answersWith("dialects by their names, arcrtc-1.0 among them", ({ dialects }) => {
        const known: readonly unknown[] = DIALECTS;
        const isRight = Array.isArray(dialects) && dialects.includes("arcrtc-1.0") &&
          dialects.every((dialect) => known.includes(dialect));
        return isRight ? undefined : `they are ${JSON.stringify(dialects)}`;
      }),
    }],
  },
  {
    id: "dialect/level",
    requirements: ["ARC-DIALECT-level"],
    title: "No session comes about in armoricore: its CONNECT connects nobody",
    needs: "ops",
    checks: () => [
      calleeWith(
        "a CONNECT of the engine",
        {},
        [at(10, engineConnect())],
        silent({}, "STREAM_ACK", "STREAM_NEGOTIATE"),
        due("no acceptance", ({ outputs }) => {
          return outputs.some(({ message }) => message.accepted === true) ? "there is one" : undefined;
        }),
        stateIs("idle"),
      ),
    ],
  },
  {
    id: "dialect/detection",
    requirements: ["ARC-DIALECT-detection"],
    title: "What only one dialect has decides which it is; without evidence there is no verdict",
    needs: "ops",
    checks: () => [
      detected("a message of arcrtc-1.0", { messages: [JSON.stringify(EXAMPLES.STREAM_STOP.full)] }, "arcrtc-1.0"),
      detected("a message of the engine", { messages: [JSON.stringify(ENGINE_STOP)] }, "armoricore"),
      detected("a key phase", { packets: [WITH_KEY_PHASE] }, "arcrtc-1.0"),
      detected("an excluded payload type", { packets: [EXCLUDED_TYPE] }, "armoricore"),
      detected("plain RTP", { packets: PLAIN_RTP }, "rtp"),
      detected("nothing", {}, null),
    ],
  },
  vectorCase("dialect/no-mixing", "ARC-DIALECT-no-mixing", "signaling.parse", "A message of the engine is refused"),
  {
    id: "dialect/no-mixing-types",
    requirements: ["ARC-DIALECT-no-mixing", "ARC-SIG-json-unknown-type"],
    title: "To a peer of arcrtc-1.0 the types that only the engine has are unknown",
    needs: "ops",
    checks: () =>
      ENGINE_TYPES.map((type) => ({
        name: type,
        request: { op: "signaling.parse", json: JSON.stringify({ ...ENGINE_STOP, type }) },
        ...refuses("unknown_type"),
      })),
  },
  {
    id: "dialect/no-mixing-session",
    requirements: ["ARC-DIALECT-no-mixing"],
    title: "Within a session messages of the engine are refused and change nothing, at a peer and at a server",
    needs: "ops",
    checks: () =>
      ENGINE_MESSAGES.flatMap((message) => [
        callee(message.type, [at(50, message)], sent("ERROR", {}, { fromMs: 50 }), stateIs("connected")),
        script(
          `${message.type} at a server`,
          {
            role: "server",
            inputs: [
              at(0, annasConnect(), "a"),
              at(
                10,
                said("HEARTBEAT", { ...ANNA, peerId: "cccccccc-cccc-4ccc-8ccc-cccccccccccc" }, T, { sequence: 1 }),
                "b",
              ),
              at(50, message, "a"),
            ],
          },
          sent("ERROR", {}, { fromMs: 50, to: "a" }),
          silent({ fromMs: 50, to: "b" }),
        ),
      ]),
  },
  {
    id: "dialect/no-mixing-served",
    requirements: ["ARC-DIALECT-no-mixing", "ARC-TRANSPORT-server-validate"],
    title: "A server of arcrtc-1.0 forwards no message of the engine",
    needs: "server",
    run: async (world) => {
      const { caller, callee } = await world.pair();
      for (const message of ENGINE_MESSAGES) {
        await caller.say({ ...message, session_id: world.sessionId });
        await caller.nextMessage("ERROR");
      }
      await caller.say(streamStop(world.caller, 5));
      await callee.nextMessage("STREAM_STOP", { timestamp: 5 });
    },
  },
  {
    id: "dialect/no-mixing-packets",
    requirements: ["ARC-DIALECT-no-mixing"],
    title: "To arcrtc-1.0 a packet with the engine's payload types is malformed",
    needs: "ops",
    checks: () => [{ name: "72", request: { op: "rtp.parse", hex: EXCLUDED_TYPE }, ...refuses() }],
  },
];

function engineConnect() {
  const capabilities = { audio_codecs: ["opus"], video_codecs: ["vp9"] };
  return { type: "CONNECT", version: "1.0", session_id: ANNA.sessionId, peer_id: ANNA.peerId, capabilities };
}

function detected(name: string, evidence: object, due: string | null): Check {
  return {
    name,
    request: { op: "dialect.detect", ...evidence },
    ...answersWith(`the dialect ${due}`, ({ dialect }) => dialect === due ? undefined : `it is ${dialect}`),
  };
}
