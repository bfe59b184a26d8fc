/** A strict reading of Phoenix V2 frames: `[join_ref, ref, topic, event, payload]` in a text frame (SPEC 6.1). */
import { brief } from "../expect.ts";
import { isJson, type Json } from "../testee/answer.ts";
import { Breach } from "./outcome.ts";

export interface Frame {
  readonly joinRef: string | null;
  readonly ref: string | null;
  readonly topic: string;
  readonly event: string;
  readonly payload: Json;
}

/** The topic of the connection itself. */
export const SOCKET_TOPIC = "phoenix";

export function topicOf(sessionId: string): string {
  return `arcrtc:${sessionId}`;
}

/** @throws Breach for a unit that is no frame */
export function frameOf(unit: Uint8Array): Frame {
  const text = new TextDecoder().decode(unit);
  const value = parsed(text);
  if (!Array.isArray(value) || value.length !== 5) throw new Breach("a Phoenix frame, an array of 5", brief(text));
  const [joinRef, ref, topic, event, payload] = value;
  if (!isRef(joinRef) || !isRef(ref) || typeof topic !== "string" || typeof event !== "string" || !isJson(payload)) {
    throw new Breach("references, topic, event and payload", brief(text));
  }
  return { joinRef, ref, topic, event, payload };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRef(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}
