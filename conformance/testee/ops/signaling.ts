/** `signaling.parse` and `signaling.write`: single messages in both dialects. */
import { fault, type Parsed } from "../../../lib/base/parsed.ts";
import {
  type ArmoricoreMessage,
  parseArmoricoreMessage,
  writeArmoricoreMessage,
} from "../../../lib/signaling/armoricore_messages.ts";
import { MAX_JSON_BYTES, parseJson } from "../../../lib/signaling/json.ts";
import type { JsonValue } from "../../../lib/signaling/json_value.ts";
import type { Message } from "../../../lib/signaling/messages/registry.ts";
import { messageToJson, parseMessage, readMessage } from "../../../lib/signaling/parse_message.ts";
import { utf8 } from "../../../lib/base/bytes.ts";
import type { Fields } from "../request.ts";
import { type Dialect, DIALECTS } from "../rtp_json.ts";
import { opParsed, type Ops } from "../testee.ts";

export const signalingOps: Ops = {
  "signaling.parse": (request) => {
    // Bytes as hex, for what a JSON string cannot hold: text that is not UTF-8.
    const input = request.has("hex") ? request.hex("hex") : request.text("json");
    return opParsed(parseAs(input, readDialect(request)), (message) => ({ message }));
  },

  "signaling.write": (request) =>
    opParsed(messageText(request.value("message"), readDialect(request)), (json) => ({ json })),
};

function readDialect(request: Fields): Dialect {
  return request.oneOf("dialect", DIALECTS, "arcrtc-1.0");
}

function parseAs(input: string | Uint8Array, dialect: Dialect): Parsed<Message | ArmoricoreMessage> {
  return dialect === "armoricore" ? parseArmoricoreMessage(input) : parseMessage(input);
}

/** The dialect's own text of the message that a JSON value describes: checked, fields in order, unknown ones left out. */
export function messageText(value: unknown, dialect: Dialect): Parsed<string> {
  if (dialect === "armoricore") {
    const text = jsonText(value);
    const message = text.ok ? parseArmoricoreMessage(text.value) : text;
    return message.ok ? { ok: true, value: writeArmoricoreMessage(message.value) } : message;
  }
  const message = messageOf(value);
  if (!message.ok) return message;
  const written = JSON.stringify(messageToJson(message.value));
  const bytes = utf8(written).length;
  if (bytes <= MAX_JSON_BYTES) return { ok: true, value: written };
  return fault("too_large", `Cannot write message: need at most ${MAX_JSON_BYTES} bytes, got ${bytes}`);
}

/** The message that a JSON value describes, checked; of any length, since it is no text. */
export function messageOf(value: unknown): Parsed<Message> {
  const text = jsonText(value);
  const json: Parsed<JsonValue> = text.ok ? parseJson(text.value, { maxBytes: Infinity }) : text;
  return json.ok ? readMessage(json.value) : json;
}

/** The text of a value that came out of JSON; `too_large` where it nests deeper than the runtime can write. */
function jsonText(value: unknown): Parsed<string> {
  try {
    return { ok: true, value: JSON.stringify(value) };
  } catch {
    return fault("too_large", "Cannot write message: nested too deeply");
  }
}
