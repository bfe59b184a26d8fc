/**
 * The key log of `arcrtc peer --keylog`, as a file beside a capture or as secrets inside it: lines of text, fields separated
 * by one space, lines with other first words passed over.
 *
 * ```
 * ARCRTC_MASTER  session_id  epoch  master_key                 64 hex digits; one line for each epoch, SPEC clause 3.3
 * ARCRTC_SUITE   session_id  suite  authentication             what was agreed on
 * ARCRTC_STREAM  session_id  sender's peer_id  STREAM_START    as JSON: stream_id, SSRCs, payload types, contexts
 * ```
 *
 * No message of a fault here repeats what a line says: it may be a key.
 */
import { parseHex } from "../../base/bytes.ts";
import { fault, ok, type Parsed } from "../../base/parsed.ts";
import { isUuid } from "../../base/uuid.ts";
import { MASTER_KEY_BYTES } from "../../crypto/key_schedule.ts";
import { type Authentication, AUTHENTICATIONS, SUITE_NAMES, type SuiteName } from "../../crypto/suites.ts";
import { parseJson } from "../../signaling/json.ts";
import { isJsonObject } from "../../signaling/json_value.ts";
import type { StreamStart } from "../../signaling/messages/stream_start.ts";
import { readMessage } from "../../signaling/parse_message.ts";

export type KeyLogEntry =
  | { readonly kind: "master"; readonly sessionId: string; readonly epoch: number; readonly master: Uint8Array }
  | {
    readonly kind: "suite";
    readonly sessionId: string;
    readonly suite: SuiteName;
    readonly authentication: Authentication;
  }
  | { readonly kind: "stream"; readonly sessionId: string; readonly sender: string; readonly start: StreamStart };

const MAX_EPOCH = 0xffff_ffff;

/** One line without its end; undefined for an empty one, a comment or one of others. */
export function parseKeyLogLine(line: string): Parsed<KeyLogEntry | undefined> {
  const [word, sessionId = "", third = "", ...rest] = line.trim().split(" ");
  const isOurs = word === "ARCRTC_MASTER" || word === "ARCRTC_SUITE" || word === "ARCRTC_STREAM";
  if (!isOurs) return ok(undefined);
  if (!isUuid(sessionId)) return refuse(word, "a session's UUID behind it");
  const value = rest.join(" ");
  switch (word) {
    case "ARCRTC_MASTER":
      return parseMaster(sessionId, third, value);
    case "ARCRTC_SUITE": {
      const suite = SUITE_NAMES.find((name) => name === third);
      const authentication = AUTHENTICATIONS.find((name) => name === value);
      if (suite === undefined || authentication === undefined) return refuse(word, "a suite and an authentication");
      return ok({ kind: "suite", sessionId, suite, authentication });
    }
    case "ARCRTC_STREAM":
      return parseStream(sessionId, third, value);
  }
}

function parseMaster(sessionId: string, epochText: string, hexText: string): Parsed<KeyLogEntry> {
  const epoch = /^\d{1,10}$/.test(epochText) ? Number(epochText) : -1;
  if (epoch < 0 || epoch > MAX_EPOCH) return refuse("ARCRTC_MASTER", "an epoch behind the session");
  const master = parseHex(hexText);
  if (!master.ok || master.value.length !== MASTER_KEY_BYTES) {
    return refuse("ARCRTC_MASTER", `${2 * MASTER_KEY_BYTES} hex digits behind the epoch`);
  }
  return ok({ kind: "master", sessionId, epoch, master: master.value });
}

/** What the log leaves out of a STREAM_START is not needed to read packets, and is filled in. */
function parseStream(sessionId: string, sender: string, jsonText: string): Parsed<KeyLogEntry> {
  const json = parseJson(jsonText);
  if (!isUuid(sender) || !json.ok || !isJsonObject(json.value)) {
    return refuse("ARCRTC_STREAM", "a peer's UUID and a JSON object");
  }
  const { stream_id } = json.value;
  const filled = {
    encryption: { key_id: typeof stream_id === "string" ? stream_id : "", algorithm: "aes-128-gcm" },
    timestamp: 0,
    ...json.value,
    type: "STREAM_START",
    session_id: sessionId,
  };
  const message = readMessage(filled);
  if (!message.ok || message.value.type !== "STREAM_START") {
    return refuse("ARCRTC_STREAM", "the fields of a STREAM_START");
  }
  return ok({ kind: "stream", sessionId, sender, start: message.value });
}

function refuse(
  word: string,
  expected: string,
): { readonly ok: false; readonly fault: ReturnType<typeof fault>["fault"] } {
  return fault("bad_value", `Cannot read key log: ${word} needs ${expected}`);
}
