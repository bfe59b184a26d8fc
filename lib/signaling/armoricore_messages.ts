/**
 * Messages of the `armoricore` dialect: what the public engine's code writes and reads (SPEC §12.1,
 * fixtures/armoricore/signaling_*.json). SPEC ARC-DIALECT-names, ARC-DIALECT-level.
 *
 * The engine's reader is loose where arcrtc-1.0 is strict, and the other way round: white space may come first, UUIDs
 * come in any usual spelling, an object may be written as the list of its fields, a word as `{"WORD": null}`; but `1.0`
 * is no integer. Its writer has one form: fields in declared order, absent options as null.
 */
import { fault, ok, type Parsed } from "../base/parsed.ts";
import { MAX_JSON_BYTES, parseJsonDocument } from "./json.ts";
import { formatPath, type PathSegment } from "./json_path.ts";
import { isJsonList, isJsonObject, type JsonSpan, type JsonValue } from "./json_value.ts";
import { unreachable } from "../base/unreachable.ts";

/** What a field may be; a table in place of a schema, since no schema library reads lists as objects. */
type Kind =
  | { readonly kind: "string" | "uuid" | "boolean" | "strings" }
  | { readonly kind: "integer"; readonly max: number }
  | { readonly kind: "word"; readonly words: readonly string[] }
  | { readonly kind: "struct"; readonly fields: Fields }
  | { readonly kind: "structs"; readonly fields: Fields }
  | { readonly kind: "option"; readonly of: Kind };

interface Fields {
  readonly [name: string]: Kind;
}

const string = { kind: "string" } as const;
const uuid = { kind: "uuid" } as const;
const boolean = { kind: "boolean" } as const;
const strings = { kind: "strings" } as const;
const u8 = { kind: "integer", max: 0xff } as const;
const u16 = { kind: "integer", max: 0xffff } as const;
const u32 = { kind: "integer", max: 0xffff_ffff } as const;
const word = <const W extends readonly string[]>(...words: W) => ({ kind: "word", words }) as const;
const struct = <const F extends Fields>(fields: F) => ({ kind: "struct", fields }) as const;
const structs = <const F extends Fields>(fields: F) => ({ kind: "structs", fields }) as const;
const option = <const K extends Kind>(of: K) => ({ kind: "option", of }) as const;

const relay = { id: string, address: string, port: u16, priority: u8 } as const;

const capabilities = struct({
  audio_codecs: strings,
  video_codecs: strings,
  resolutions: strings,
  max_bitrate: u32,
  encryption_supported: boolean,
});

const picture = { resolution: option(string), frame_rate: option(u32) } as const;

/** Fields behind `type`, in the engine's order. */
const MESSAGES = {
  CONNECT: {
    version: string,
    session_id: uuid,
    peer_id: uuid,
    capabilities,
    relay_servers: option(structs(relay)),
  },
  CONNECT_ACK: {
    session_id: uuid,
    version: string,
    capabilities,
    relay_server: option(struct(relay)),
    connection_params: struct({
      initial_bitrate: u32,
      initial_resolution: string,
      encryption_enabled: boolean,
      key_exchange_method: string,
    }),
  },
  STREAM_NEGOTIATE: {
    stream_id: uuid,
    media_type: word("AUDIO", "VIDEO"),
    codec: string,
    bitrate: u32,
    ...picture,
  },
  STREAM_ACK: { stream_id: uuid, codec: string, bitrate: u32, ...picture, ssrc: u32, payload_type: u8 },
  QUALITY_UPDATE: {
    stream_id: uuid,
    bitrate: option(u32),
    ...picture,
    reason: word(
      "NETWORK_IMPROVED",
      "NETWORK_DEGRADED",
      "BANDWIDTH_AVAILABLE",
      "BANDWIDTH_LIMITED",
      "USER_REQUESTED",
    ),
  },
  DISCONNECT: {
    session_id: uuid,
    reason: word("USER_DISCONNECT", "TIMEOUT", "NETWORK_ERROR", "PROTOCOL_ERROR", "SERVER_SHUTDOWN"),
    message: option(string),
  },
} as const satisfies Record<string, Fields>;

type ValueOf<K> = K extends { kind: "option"; of: infer Inner } ? ValueOf<Inner> | null
  : K extends { kind: "integer" } ? number
  : K extends { kind: "boolean" } ? boolean
  : K extends { kind: "strings" } ? readonly string[]
  : K extends { kind: "word"; words: readonly (infer Word)[] } ? Word
  : K extends { kind: "struct"; fields: infer F } ? ObjectOf<F>
  : K extends { kind: "structs"; fields: infer F } ? readonly ObjectOf<F>[]
  : string;

type ObjectOf<F> = { readonly [Name in keyof F]: ValueOf<F[Name]> };

export type ArmoricoreType = keyof typeof MESSAGES;

/** A message of the engine, told apart by `type`; absent options are null. */
export type ArmoricoreMessage = {
  readonly [T in ArmoricoreType]: { readonly type: T } & ObjectOf<(typeof MESSAGES)[T]>;
}[ArmoricoreType];

export const ARMORICORE_TYPES: readonly ArmoricoreType[] = Object.keys(MESSAGES) as ArmoricoreType[];

/** Every word that a field of its own in these messages may have, types included. */
export const ARMORICORE_WORDS: readonly string[] = [...ARMORICORE_TYPES, ...Object.values(MESSAGES).flatMap(wordsOf)];

function wordsOf(fields: Fields): string[] {
  return Object.values(fields).flatMap((kind) => {
    if (kind.kind === "word") return [...kind.words];
    return kind.kind === "struct" || kind.kind === "structs" ? wordsOf(kind.fields) : [];
  });
}

/** The engine's JSON reader stops at a depth of 128; ours has to stop somewhere. */
const MAX_DEPTH = 127;

/**
 * A message as the engine would read it, normalised: fields in its order, UUIDs canonical, absent options null. Accepts
 * and refuses what the engine does, save that its reader has no limit on size.
 */
export function parseArmoricoreMessage(input: string | Uint8Array): Parsed<ArmoricoreMessage> {
  const parsed = parseJsonDocument(input, { maxBytes: MAX_JSON_BYTES, maxDepth: MAX_DEPTH });
  if (!parsed.ok) return parsed;
  const { value, span } = parsed.value;
  const type = readType(value);
  if (!type.ok) return type;
  const fields: Fields = MESSAGES[type.value];
  const message = readStruct(fields, value, span, [], isJsonList(value) ? 1 : 0);
  // The table that readStruct went by is the one that the type is made of.
  return message.ok ? ok({ type: type.value, ...message.value } as ArmoricoreMessage) : message;
}

/** The engine's own text: compact, fields in declared order, absent options as null. Any order of fields will do. */
export function writeArmoricoreMessage(message: ArmoricoreMessage): string {
  return JSON.stringify({ type: message.type, ...inOrder(MESSAGES[message.type], message) });
}

type Plain = Readonly<Record<string, unknown>>;

function inOrder(fields: Fields, values: Plain): Plain {
  return Object.fromEntries(Object.entries(fields).map(([name, kind]) => [name, ordered(kind, values[name])]));
}

function ordered(kind: Kind, value: unknown): unknown {
  if (kind.kind === "option") return value === null || value === undefined ? null : ordered(kind.of, value);
  if (kind.kind === "struct") return inOrder(kind.fields, value as Plain);
  if (kind.kind === "structs") return (value as readonly Plain[]).map((each) => inOrder(kind.fields, each));
  return value;
}

function readType(json: JsonValue): Parsed<ArmoricoreType> {
  const type = isJsonList(json) ? json[0] : isJsonObject(json) ? json.type : undefined;
  if (typeof json !== "object" || json === null) return refuse("bad_type", [], "an object");
  if (type === undefined) return refuse("missing_field", ["type"], "a type");
  if (typeof type !== "string") return refuse("bad_type", ["type"], "a string");
  const known = ARMORICORE_TYPES.find((each) => each === type);
  return known === undefined ? refuse("unknown_type", ["type"], ARMORICORE_TYPES.join(", ")) : ok(known);
}

function readStruct(
  fields: Fields,
  value: JsonValue,
  span: JsonSpan | undefined,
  path: readonly PathSegment[],
  /** Items in front of the fields, where the struct is a list: the message's tag. */
  skip = 0,
): Parsed<Plain> {
  const names = Object.keys(fields);
  const asList = isJsonList(value);
  if (!asList && !isJsonObject(value)) return refuse("bad_type", path, "an object");
  if (asList && value.length !== skip + names.length) {
    return refuse("bad_type", path, `a list of ${skip + names.length}`);
  }
  const read: Record<string, unknown> = {};
  for (const [i, name] of names.entries()) {
    const part = asList ? value[skip + i] : Object.hasOwn(value, name) ? value[name] : undefined;
    const partSpan = asList ? span?.items?.[skip + i] : span?.members?.get(name);
    const field = readField(fields[name], part, partSpan, [...path, asList ? skip + i : name]);
    if (!field.ok) return field;
    read[name] = field.value;
  }
  return ok(read);
}

function readField(
  kind: Kind,
  value: JsonValue | undefined,
  span: JsonSpan | undefined,
  path: readonly PathSegment[],
): Parsed<unknown> {
  if (kind.kind === "option") {
    return value === undefined || value === null ? ok(null) : readField(kind.of, value, span, path);
  }
  if (value === undefined) return refuse("missing_field", path, "a value");
  switch (kind.kind) {
    case "string":
      return typeof value === "string" ? ok(value) : refuse("bad_type", path, "a string");
    case "boolean":
      return typeof value === "boolean" ? ok(value) : refuse("bad_type", path, "true or false");
    case "uuid":
      return readUuid(value, path);
    case "integer":
      if (typeof value !== "number") return refuse("bad_type", path, "an integer");
      if (span?.digitsOnly !== true) return refuse("bad_type", path, "an integer in digits alone");
      return value <= kind.max ? ok(value) : refuse("bad_value", path, `an integer 0..${kind.max}`);
    case "word":
      return readWord(kind.words, value, path);
    case "strings":
      return readList(
        value,
        path,
        (item, i) => typeof item === "string" ? ok(item) : refuse("bad_type", [...path, i], "a string"),
      );
    case "struct":
      return readStruct(kind.fields, value, span, path);
    case "structs":
      return readList(value, path, (item, i) => readStruct(kind.fields, item, span?.items?.[i], [...path, i]));
    default:
      return unreachable(kind);
  }
}

function readList(
  value: JsonValue,
  path: readonly PathSegment[],
  readItem: (item: JsonValue, i: number) => Parsed<unknown>,
): Parsed<unknown> {
  if (!isJsonList(value)) return refuse("bad_type", path, "a list");
  const items: unknown[] = [];
  for (const [i, item] of value.entries()) {
    const read = readItem(item, i);
    if (!read.ok) return read;
    items.push(read.value);
  }
  return ok(items);
}

/** A word stands alone or as the one name of an object with null behind it. */
function readWord(words: readonly string[], value: JsonValue, path: readonly PathSegment[]): Parsed<string> {
  const names = isJsonObject(value) ? Object.keys(value) : [];
  const text = names.length === 1 && isJsonObject(value) && value[names[0]] === null ? names[0] : value;
  if (typeof text !== "string") return refuse("bad_type", path, `one of ${words.join(", ")}`);
  return words.includes(text) ? ok(text) : refuse("bad_value", path, `one of ${words.join(", ")}`);
}

const HYPHENATED = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const SIMPLE = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/i;
const WRAPPED = /^(?:urn:uuid:(.{36})|\{(.{36})\})$/;

/** Hyphenated, bare, in braces or as a URN, in either case. */
function readUuid(value: JsonValue, path: readonly PathSegment[]): Parsed<string> {
  if (typeof value !== "string") return refuse("bad_type", path, "a UUID");
  const wrapped = WRAPPED.exec(value);
  const bare = wrapped?.[1] ?? wrapped?.[2] ?? value;
  const text = wrapped === null ? bare.replace(SIMPLE, "$1-$2-$3-$4-$5") : bare;
  return HYPHENATED.test(text) ? ok(text.toLowerCase()) : refuse("bad_value", path, "a UUID");
}

function refuse(
  reason: "missing_field" | "bad_type" | "bad_value" | "unknown_type",
  segments: readonly PathSegment[],
  expected: string,
) {
  const path = formatPath(segments);
  return fault(reason, `Cannot parse Armoricore message: ${path}: expected ${expected}`, { path });
}
