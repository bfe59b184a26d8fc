/**
 * Every message type: each required field left out, each field with a value of the wrong type and beyond its bounds, each
 * enumerated word, and what fields owe one another. SPEC clause 5.2.
 */
import { Group, type Json, type VectorFile, vectorFile } from "./case.ts";
import { grown, valueAt, without, withValue } from "./edit.ts";
import { ACCEPTANCE, example, idOf, parsing, TABLE_RULE } from "./message_cases.ts";
import { ackRules, connectRules } from "./message_rules_connect.ts";
import { pathRules } from "./message_rules_path.ts";
import { streamStartRules } from "./message_rules_stream.ts";
import { type MessageTable, TABLES } from "./message_tables.ts";

type MessageType = MessageTable["type"];

/** Which file a message type belongs in: one file of all of them would be too long to look at. */
const PARTS: Readonly<
  Record<
    string,
    { readonly about: string; readonly types: readonly MessageType[]; readonly rules: (group: Group) => void }
  >
> = {
  messages_session: {
    about: "CONNECT, CONNECT_ACK, KEY_ROTATE, KEY_ROTATE_ACK and DISCONNECT.",
    types: ["CONNECT", "CONNECT_ACK", "KEY_ROTATE", "KEY_ROTATE_ACK", "DISCONNECT"],
    rules: (group) => {
      connectRules(group);
      ackRules(group);
    },
  },
  messages_stream: {
    about: "STREAM_START, STREAM_STOP, QUALITY_ADAPT and METRICS.",
    types: ["STREAM_START", "STREAM_STOP", "QUALITY_ADAPT", "METRICS"],
    rules: streamStartRules,
  },
  messages_path: {
    about: "HEARTBEAT, HEARTBEAT_ACK, ACK, ERROR and the messages of relays.",
    types: [
      "HEARTBEAT",
      "HEARTBEAT_ACK",
      "ACK",
      "ERROR",
      "RELAY_BIND",
      "RELAY_UNBIND",
      "RELAY_CHALLENGE",
      "RELAY_BOUND",
      "RELAY_KEYS",
    ],
    rules: pathRules,
  },
};

const ABOUT_ANSWER =
  " `message` shows the fields that the tables know; whether an implementation also keeps others is its own business.";

export function messageVectors(): readonly VectorFile[] {
  return Object.entries(PARTS).map(([area, { about, types, rules }]) => {
    const groups = TABLES.filter(({ type }) => types.includes(type)).map(tableCases);
    const more = new Group("signaling.parse");
    rules(more);
    const all = [...groups, more, written(types)];
    return { ...vectorFile(area, about + ABOUT_ANSWER, {}, all), generator: "conformance/vectors/messages.ts" };
  });
}

function tableCases({ type, rule, fields }: MessageTable): Group {
  const group = new Group("signaling.parse");
  const { full } = example(type);
  // An acceptance is the form that has the fields.
  const minimal = type === "CONNECT_ACK" ? ACCEPTANCE : example(type).minimal;
  const good = (id: string, comment: string, message: Json, requirements = rule) =>
    group.valid(id, comment, requirements, parsing(message), { message });
  const bad = (id: string, comment: string, message: Json, reason: string, path: string, requirements = rule) =>
    group.invalid(id, comment, requirements, parsing(message), { fault: { reason, path: `$.${path}` } });

  good(idOf(type, "", "minimal"), "The required fields and nothing else.", minimal, `${rule} ${TABLE_RULE}`);
  if (JSON.stringify(minimal) !== JSON.stringify(full)) {
    good(idOf(type, "", "full"), "Every field of the table.", full, `${rule} ARC-SIG-message-round-trip`);
  }
  group.valid(
    idOf(type, "", "unknown-fields"),
    "Fields that the table does not have are ignored, whatever is in them.",
    "ARC-SIG-json-unknown-field",
    parsing({ "x-first": [{ type: 7 }], ...minimal, extra: null }),
    { message: minimal },
  );
  for (const bound of ["lowest", "highest"] as const) {
    const bounded = fields.filter(([, , kind]) => kind[bound] !== undefined && String(kind[bound]).length <= 128);
    if (bounded.length === 0) continue;
    const message = bounded.reduce(
      (sofar, [path, , kind]) => withValue(grown(sofar, full, path), path, kind[bound]),
      minimal,
    );
    good(
      idOf(type, "", bound),
      `Every field that has bounds is at its ${bound} value.`,
      consistent(message),
      `${rule} ${TABLE_RULE}`,
    );
  }
  for (const [path, presence, kind] of fields) {
    const base = grown(minimal, full, path);
    const at = (value: unknown) => withValue(base, path, value);
    if (presence === "R") {
      bad(
        idOf(type, path, "missing"),
        `${path} is required.`,
        without(base, path),
        "missing_field",
        path,
        `ARC-SIG-json-missing-field ${rule}`,
      );
    }
    const wrongRules = kind.wrong === null ? `ARC-SIG-json-null ${rule}` : rule;
    bad(
      idOf(type, path, "wrong-type"),
      `${path} is ${described(kind.wrong)}.`,
      at(kind.wrong),
      "bad_type",
      path,
      wrongRules,
    );
    for (const [id, value, why] of kind.bad) {
      bad(idOf(type, path, id), `${path}: ${why}.`, at(value), "bad_value", path, ruleOfValue(id, path, rule));
    }
    const usual = valueAt(base, path);
    for (const word of kind.words ?? []) {
      if (word === usual) continue;
      const nat = path.endsWith("nat_type") ? `ARC-SIG-connect-nat-type ${rule}` : rule;
      good(idOf(type, path, word), `${path} may be ${word}.`, at(word), nat);
    }
  }
  return group;
}

/** STREAM_START's contexts must name SSRCs of the stream, so that they follow where its own is put to a bound. */
function consistent(message: Json): Json {
  const context = valueAt(message, "reduced_header[0]") as Json | undefined;
  if (message.type !== "STREAM_START" || context === undefined) return message;
  return withValue(message, "reduced_header", [{ ...context, ssrc: message.ssrc }]);
}

function described(value: unknown): string {
  if (value === null) return "null, which is no value but one of the wrong type";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function ruleOfValue(id: string, path: string, rule: string): string {
  if (id === "nil") return "ARC-SIG-message-session-id";
  if (id === "upper-case" && path.endsWith("_id")) return `ARC-SIG-json-uuid ${rule}`;
  if (id === "unknown" || id === "other-word") return `ARC-SIG-json-unknown-enum ${rule}`;
  if (path === "timestamp") return `ARC-SIG-json-time ${rule}`;
  if (path.endsWith("payload_type") && /^(64|72|95|high)$/.test(id)) {
    return `ARC-RTP-stream-payload-type-range ${rule}`;
  }
  return rule;
}

/** The library's own text of a message, compared as JSON. */
function written(types: readonly MessageType[]): Group {
  const group = new Group("signaling.write");
  for (const type of types) {
    const { full } = example(type);
    group.valid(
      idOf(type, "", "write"),
      `${type} with every field of its table, written. Texts are compared as JSON values.`,
      "ARC-SIG-message-round-trip",
      { message: full },
      { json: JSON.stringify(full) },
    );
  }
  return group;
}
