/** What a WebSocket message carries: a message as it is, or inside a Phoenix frame (SPEC §6.1). */
import { MAX_JSON_BYTES, MAX_JSON_DEPTH, parseJsonDocument } from "../../signaling/json.ts";
import { isJsonList, isJsonObject, type JsonValue, spanAt } from "../../signaling/json_value.ts";
import { isChannelEvent } from "../../signaling/phoenix_frame.ts";
import type { PhoenixEnvelope } from "../units/envelope.ts";
import type { StreamSink } from "./stream_reader.ts";

const OPEN_LIST = 0x5b;
/** A frame may be somewhat longer and deeper than the message in it. */
const FRAME_LIMITS = { maxBytes: MAX_JSON_BYTES + 4096, maxDepth: MAX_JSON_DEPTH + 4 };

/** Hands the unit in `bytes[start..end)` on. A frame that is none is a unit as it came. */
export function unwrapText(bytes: Uint8Array, start: number, end: number, sink: StreamSink): void {
  if (bytes[start] !== OPEN_LIST) return sink.unit(bytes, start, end, undefined);
  const text = bytes.subarray(start, end);
  const document = parseJsonDocument(text, FRAME_LIMITS);
  const frame = document.ok ? document.value.value : undefined;
  if (!document.ok || !isJsonList(frame) || frame.length !== 5) return sink.unit(bytes, start, end, undefined);
  const [joinRef, ref, topic, event, payload] = frame;
  if (typeof topic !== "string" || typeof event !== "string") return sink.unit(bytes, start, end, undefined);
  const path = pathOfMessage(event, payload);
  const span = path === undefined ? undefined : spanAt(document.value.span, path);
  const status = event === "phx_reply" && isJsonObject(payload) ? payload.status : undefined;
  const envelope: PhoenixEnvelope = {
    kind: "phoenix",
    joinRef: textOrNull(joinRef),
    ref: textOrNull(ref),
    topic,
    event,
    hasMessage: span !== undefined,
    ...(typeof status === "string" ? { status } : {}),
  };
  if (span === undefined) sink.unit(bytes, start, end, envelope);
  else sink.unit(bytes, start + span.start, start + span.end, envelope);
}

/** Where in the frame its message stands: in a push, or in a reply that refuses one. */
function pathOfMessage(event: string, payload: JsonValue): readonly (string | number)[] | undefined {
  if (!isJsonObject(payload)) return undefined;
  if (event === "phx_reply") {
    const { response } = payload;
    return isJsonObject(response) && typeof response.type === "string" ? [4, "response"] : undefined;
  }
  return isChannelEvent(event) ? undefined : [4];
}

function textOrNull(value: JsonValue): string | null {
  return typeof value === "string" ? value : null;
}
