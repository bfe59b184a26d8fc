/**
 * Bytes or text to typed message and back, judging in the order of SPEC §5.1: size, JSON, root and type, version, fields.
 */
import { type Fault, fault, ok, type Parsed } from "../base/parsed.ts";
import { parseJson } from "./json.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "./json_value.ts";
import { shorten } from "./json_path.ts";
import {
  isMessageType,
  isStatusType,
  type Message,
  MESSAGE_SCHEMAS,
  type MessageType,
  STATUS_SCHEMAS,
  type StatusMessage,
} from "./messages/registry.ts";
import { checkStreamStart } from "./messages/stream_start.ts";
import { version as versionField } from "./messages/fields.ts";
import { validate } from "./messages/validate.ts";
import { commonVersion } from "./version.ts";
import * as v from "valibot";

/** A message with the JSON that it was read from, unknown fields included: what a server forwards. */
export interface ParsedMessage {
  readonly message: Message;
  readonly json: JsonObject;
}

/** What was read of an input: of a refused one the JSON, where it was JSON, since an answer says which message it is to. */
export type MessageReading =
  | { readonly ok: true; readonly value: ParsedMessage }
  | { readonly ok: false; readonly fault: Fault; readonly json?: JsonValue };

/**
 * One plain message. Unknown fields are dropped, and so are unknown `resolutions` and `transport` of `capabilities`;
 * `encryption` and `authentication` stay verbatim, since the transcript hashes them so.
 *
 * Faults, first one only (SPEC ARC-SIG-json-order): `too_large`, `bad_json`, `duplicate_key`, `missing_field`,
 * `bad_type`, `bad_value`, `unknown_type`, `bad_version`, and `bad_state` where a STREAM_START uses an id twice. Those of
 * `parseJson` have an offset, those of fields a path.
 */
export function parseMessage(input: string | Uint8Array): Parsed<Message> {
  const parsed = parseMessageWithJson(input);
  return parsed.ok ? ok(parsed.value.message) : { ok: false, fault: parsed.fault };
}

/** As {@link parseMessage}, with the JSON beside the message or the fault. */
export function parseMessageWithJson(input: string | Uint8Array): MessageReading {
  const parsed = parseJson(input);
  if (!parsed.ok) return parsed;
  const json = parsed.value;
  const message = startsWithSpace(input)
    ? fault("bad_json", 'Cannot parse message: expected "{" as its first byte', { offset: 0 })
    : readMessage(json);
  if (!message.ok) return { ok: false, fault: message.fault, json };
  // readMessage accepts objects only.
  return ok({ message: message.value, json: json as JsonObject });
}

/** SPEC ARC-UNIT-json-first-byte. A byte order mark has already been refused as no JSON. */
function startsWithSpace(input: string | Uint8Array): boolean {
  const first = typeof input === "string" ? input.charCodeAt(0) : input[0];
  return first <= 0x20;
}

/** The message in a JSON value that was read by `parseJson`. */
export function readMessage(json: JsonValue): Parsed<Message> {
  const type = readType(json);
  if (!type.ok) return type;
  if (!isMessageType(type.value)) return unknownType(type.value);
  const refusal = checkVersion(type.value, json);
  if (refusal !== undefined) return { ok: false, fault: refusal };
  const message: Parsed<Message> = validate(MESSAGE_SCHEMAS[type.value], json, type.value);
  if (message.ok && message.value.type === "STREAM_START") {
    const breach = checkStreamStart(message.value);
    if (breach !== undefined) return { ok: false, fault: breach };
  }
  return message;
}

/** A status message of a relay or server, off its NATS subject. Faults as {@link parseMessage}. */
export function parseStatus(input: string | Uint8Array): Parsed<StatusMessage> {
  const parsed = parseJson(input);
  if (!parsed.ok) return parsed;
  const type = readType(parsed.value);
  if (!type.ok) return type;
  if (!isStatusType(type.value)) return unknownType(type.value);
  return validate(STATUS_SCHEMAS[type.value], parsed.value, type.value);
}

/**
 * The message as JSON: `type` first, then the fields in the order of SPEC §5.2, at every level. Fields outside of the
 * schema are left out.
 *
 * @throws Error where the message breaks its schema: a programmer's mistake.
 */
export function messageToJson(message: Message | StatusMessage): JsonObject {
  const schema = isStatusType(message.type) ? STATUS_SCHEMAS[message.type] : MESSAGE_SCHEMAS[message.type];
  const normal = validate<v.GenericSchema>(schema, withoutUndefined(message), message.type);
  if (!normal.ok) throw new Error(normal.fault.message);
  return normal.value as JsonObject;
}

/** Optional fields that a program sets to undefined are absent, as `JSON.stringify` has it. */
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== "object" || value === null) return value;
  const members: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    if (member !== undefined) members[name] = withoutUndefined(member);
  }
  return members;
}

/** Compact text of {@link messageToJson}. */
export function writeMessage(message: Message | StatusMessage): string {
  return JSON.stringify(messageToJson(message));
}

function readType(json: JsonValue): Parsed<string> {
  if (!isJsonObject(json)) {
    return fault("bad_type", "Cannot accept message: $: expected an object", { path: "$" });
  }
  if (!Object.hasOwn(json, "type")) {
    return fault("missing_field", "Cannot accept message: $.type is missing", { path: "$.type" });
  }
  if (typeof json.type !== "string") {
    return fault("bad_type", "Cannot accept message: $.type: expected a string", { path: "$.type" });
  }
  return ok(json.type);
}

function unknownType(type: string): { readonly ok: false; readonly fault: Fault } {
  const message = `Cannot accept message: unknown type ${JSON.stringify(shorten(type, 32))}`;
  return fault("unknown_type", message, { path: "$.type" });
}

const VersionSchema = v.object({ version: versionField });

/** Before all fields: a message of another major version may look different in every one of them. */
function checkVersion(type: MessageType, json: JsonValue): Fault | undefined {
  if (type !== "CONNECT" && type !== "CONNECT_ACK") return undefined;
  const field = validate(VersionSchema, json, type);
  if (!field.ok) return field.fault;
  const common = commonVersion(field.value.version);
  return common.ok ? undefined : common.fault;
}
