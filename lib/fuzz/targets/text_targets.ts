/** Parsers of text: JSON, messages, Phoenix frames, and the small languages of the tools. */
import { decodeUtf8, utf8 } from "../../base/bytes.ts";
import { parseFilter } from "../../dissect/filter/filter_parser.ts";
import { compileFilter } from "../../dissect/filter/filter_compiler.ts";
import { parseKeyLogLine } from "../../dissect/keys/key_log.ts";
import { parseImpairment } from "../../relay/impairment.ts";
import { parseRelayReport } from "../../relay/relay_report.ts";
import { parseArmoricoreMessage, writeArmoricoreMessage } from "../../signaling/armoricore_messages.ts";
import { dissectMessage } from "../../signaling/dissect_message.ts";
import { errorReply } from "../../signaling/error_reply.ts";
import { EXAMPLES, STATUS_EXAMPLES } from "../../signaling/examples.ts";
import { parseJson } from "../../signaling/json.ts";
import { isJsonList, isJsonObject, jsonDepth, type JsonValue } from "../../signaling/json_value.ts";
import { MESSAGE_TYPES, type MessageType } from "../../signaling/messages/registry.ts";
import { parseMessage, parseMessageWithJson, parseStatus, writeMessage } from "../../signaling/parse_message.ts";
import {
  parsePhoenixFrame,
  readJoin,
  readPhoenixPush,
  readReply,
  writePhoenixFrame,
} from "../../signaling/phoenix_frame.ts";
import { generateMessage } from "../generate_message.ts";
import { demand, type FuzzTarget } from "../target.ts";
import { demandStable, demandWithin, parserTarget, refusal } from "./parser_target.ts";

const json = (value: unknown) => utf8(JSON.stringify(value));

export function messageSeeds(type: MessageType): readonly Uint8Array[] {
  const { minimal, full } = EXAMPLES[type];
  return [json(minimal), json(full)];
}

const allMessageSeeds = () => MESSAGE_TYPES.flatMap(messageSeeds);

/** A message, and the ERROR that a refused one gets: it must be a message itself, and never for an ERROR. */
export function messageBehaviour(bytes: Uint8Array): string {
  const parsed = parseMessageWithJson(bytes);
  if (!parsed.ok) {
    const reply = errorReply(parsed.json, parsed.fault, 1_700_000_000_000);
    if (reply !== undefined) {
      const text = writeMessage(reply);
      demand(parseMessage(text).ok, "response", "the ERROR for a refused message is itself refused");
      const isError = isJsonObject(parsed.json) && parsed.json.type === "ERROR";
      demand(!isError, "response", "an ERROR is answered with an ERROR", "ARC-SIG-error-not-for-error");
    }
    return refusal(parsed.fault, bytes.length);
  }
  const text = writeMessage(parsed.value.message);
  const again = parseMessage(text);
  demand(again.ok, "round_trip", "a message that was written is refused");
  demandStable(text, writeMessage(again.value), "message");
  return `ok ${parsed.value.message.type}`;
}

/** The fields of a message lie within it, whatever it is. */
function messageTreeBehaviour(bytes: Uint8Array): string {
  const nodes = dissectMessage(bytes);
  demandWithin(nodes, bytes.length);
  return `${Math.min(nodes.length, 20)} ${nodes[0]?.name ?? ""}`;
}

/** One of each kind of token; in what is so small most mutations hit one. */
const JSON_SEEDS = [
  '{"a":[1,-0.5e+3,20E-1,0],"b":{"":null,"c":[true,false,[]]},"d":{}}',
  String.raw`["\u00e9\n\"\\\/\ud83d\ude00","é😀", "" ]`,
  ' { "n" : 9007199254740993 ,\t"m":[ [ ] , { } ] }\r\n',
  "1e308",
  "[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]",
];

function jsonBehaviour(bytes: Uint8Array): string {
  const parsed = parseJson(bytes);
  if (!parsed.ok) return refusal(parsed.fault, bytes.length);
  const text = decodeUtf8(bytes);
  demand(text.ok, "divergence", "bytes that are no UTF-8 were accepted", "ARC-SIG-json-utf8");
  const platform = platformJson(text.value);
  demand(platform !== undefined, "divergence", "text was accepted that JSON.parse refuses", "ARC-SIG-json-utf8");
  demand(isSameJson(parsed.value, platform), "divergence", "a value differs from that of JSON.parse");
  return `ok ${typeof parsed.value} ${Math.min(8, jsonDepth(parsed.value))}`;
}

/** The text as the runtime reads it; undefined where that refuses. */
function platformJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The same values at the same places, members in the same order; 0 and -0 are one number. */
function isSameJson(a: JsonValue, b: JsonValue): boolean {
  if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) return a === b;
  if (isJsonList(a) || isJsonList(b)) {
    return isJsonList(a) && isJsonList(b) && a.length === b.length && a.every((item, i) => isSameJson(item, b[i]));
  }
  const names = Object.keys(a);
  const others = Object.keys(b);
  return names.length === others.length &&
    names.every((name, i) => name === others[i] && isSameJson(a[name], b[name]));
}

function phoenixSeeds(): readonly Uint8Array[] {
  const topic = "arcrtc:550e8400-e29b-41d4-a716-446655440000";
  const push = EXAMPLES.HEARTBEAT.full;
  return [
    json(["1", "1", topic, "phx_join", { peer_id: "6ba7b810-9dad-41d1-80b4-00c04fd430c8" }]),
    json(["1", "2", topic, "HEARTBEAT", push]),
    json(["1", "2", topic, "phx_reply", { status: "ok", response: {} }]),
    json(["1", "2", topic, "phx_reply", { status: "error", response: EXAMPLES.ERROR.full }]),
    json([null, "9", "phoenix", "heartbeat", {}]),
  ];
}

function phoenixBehaviour(bytes: Uint8Array): string {
  const parsed = parsePhoenixFrame(bytes);
  if (!parsed.ok) return refusal(parsed.fault, bytes.length);
  const written = writePhoenixFrame(parsed.value);
  const again = parsePhoenixFrame(written);
  demand(again.ok, "round_trip", "a Phoenix frame that was written is refused");
  demandStable(written, writePhoenixFrame(again.value), "Phoenix frame");
  const readings = [readPhoenixPush(parsed.value), readJoin(parsed.value), readReply(parsed.value)];
  return readings.map((reading) => reading.ok ? "ok" : reading.fault.reason).join(" ");
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

const FILTERS = [
  "arcrtp.seq == 7 and not rtcp",
  'arcrtp.ssrc in {0x1234, 5} or message.type == "CONNECT"',
  '(unit.kind != "arcrtp") && frame.number >= 3',
  "!(arcrtp.payload contains 01:02)",
];

const SESSION = "550e8400-e29b-41d4-a716-446655440000";

const KEY_LINES = [
  `ARCRTC_MASTER ${SESSION} 0 ${"ab".repeat(32)}`,
  `ARCRTC_SUITE ${SESSION} aes-128-gcm hmac-sha256-80`,
  `ARCRTC_STREAM ${SESSION} 6ba7b810-9dad-41d1-80b4-00c04fd430c8 ${JSON.stringify(EXAMPLES.STREAM_START.full)}`,
  "# a comment",
];

const RELAY_PAGE = "# HELP arcrtc_relay_load share\n# TYPE arcrtc_relay_load gauge\narcrtc_relay_load 0.25\n";

export const TEXT_TARGETS: readonly FuzzTarget[] = [
  parserTarget({
    name: "text.json",
    summary: "JSON, against what the runtime reads",
    shape: "json",
    seeds: () => [...JSON_SEEDS.map(utf8), ...allMessageSeeds()],
    vectorOps: ["signaling.parse"],
    parse: jsonBehaviour,
  }),
  ...MESSAGE_TYPES.map((type) =>
    parserTarget({
      name: `message.${type.toLowerCase()}`,
      summary: `${type} made from its schema, and the answers to malformed ones`,
      shape: "json",
      seeds: () => messageSeeds(type),
      generate: (random) => generateMessage(type, random),
      parse: messageBehaviour,
    })
  ),
  parserTarget({
    name: "message.any",
    summary: "messages of all kinds mixed",
    shape: "json",
    seeds: allMessageSeeds,
    vectorOps: ["signaling.parse"],
    parse: messageBehaviour,
  }),
  parserTarget({
    name: "message.dissect",
    summary: "messages of all kinds as a field tree",
    shape: "json",
    seeds: allMessageSeeds,
    generate: (random) => generateMessage(random.pick(MESSAGE_TYPES), random),
    parse: messageTreeBehaviour,
  }),
  parserTarget({
    name: "message.status",
    summary: "RELAY_STATUS and SERVER_STATUS",
    shape: "json",
    seeds: () => Object.values(STATUS_EXAMPLES).flatMap(({ minimal, full }) => [json(minimal), json(full)]),
    generate: (random) => generateMessage(random.pick(["RELAY_STATUS", "SERVER_STATUS"]), random),
    parse: (bytes) => {
      const parsed = parseStatus(bytes);
      return parsed.ok ? `ok ${parsed.value.type}` : refusal(parsed.fault, bytes.length);
    },
  }),
  parserTarget({
    name: "message.armoricore",
    summary: "messages of the armoricore dialect",
    shape: "json",
    seeds: () => [
      utf8(`{"message":"bye","reason":"TIMEOUT","session_id":"${SESSION}","type":"DISCONNECT"}`),
      ...allMessageSeeds(),
    ],
    vectorOps: ["signaling.parse"],
    parse: (bytes) => {
      const parsed = parseArmoricoreMessage(bytes);
      if (!parsed.ok) return refusal(parsed.fault, bytes.length);
      const written = writeArmoricoreMessage(parsed.value);
      const again = parseArmoricoreMessage(written);
      demand(again.ok, "round_trip", "an armoricore message that was written is refused");
      demandStable(written, writeArmoricoreMessage(again.value), "armoricore message");
      return `ok ${parsed.value.type}`;
    },
  }),
  parserTarget({
    name: "text.phoenix",
    summary: "Phoenix frames: joins, pushes, replies",
    shape: "json",
    seeds: phoenixSeeds,
    parse: phoenixBehaviour,
  }),
  parserTarget({
    name: "text.filter",
    summary: "the display filters of dump",
    shape: "text",
    seeds: () => FILTERS.map(utf8),
    parse: (bytes) => {
      const parsed = parseFilter(text(bytes));
      if (!parsed.ok) return "no filter";
      const compiled = compileFilter(text(bytes));
      return compiled.ok ? `ok ${[...compiled.value.fields].sort().join(" ").slice(0, 80)}` : "does not compile";
    },
  }),
  parserTarget({
    name: "text.key_log",
    summary: "lines of key logs",
    shape: "text",
    seeds: () => KEY_LINES.map(utf8),
    parse: (bytes) => {
      const parsed = parseKeyLogLine(text(bytes));
      return parsed.ok ? `ok ${parsed.value?.kind}` : parsed.fault.reason;
    },
  }),
  parserTarget({
    name: "text.impairment",
    summary: "the wishes of relay --impair",
    shape: "text",
    seeds: () => [utf8("loss=2%,delay=30ms±10,reorder=1%,dup=0.1%,rebind=20s"), utf8("burst=4,loss=1%")],
    parse: (bytes) => {
      const parsed = parseImpairment(text(bytes));
      return parsed.ok ? "ok" : parsed.fault.reason;
    },
  }),
  parserTarget({
    name: "text.relay_report",
    summary: "the metrics page of a relay",
    shape: "text",
    seeds: () => [utf8(RELAY_PAGE)],
    parse: (bytes) => {
      const parsed = parseRelayReport(text(bytes));
      return parsed.ok ? "ok" : parsed.fault.reason;
    },
  }),
];
