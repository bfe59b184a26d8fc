/** CONNECTs that found the other peer absent, the last one of each session. SPEC ARC-TRANSPORT-server-hold-connect. */
import { type JsonObject, writeJson } from "./json_value.ts";

/** Those of all sessions together, in UTF-16 code units: beyond it the caller's repetitions have to do. */
const MAX_TEXT = 16 * 1024 * 1024;

export class HeldConnects {
  readonly #bySession = new Map<string, { readonly json: JsonObject; readonly textLength: number }>();
  #textLength = 0;

  /** In place of the one that is held for the session. */
  hold(sessionId: string, json: JsonObject): void {
    this.drop(sessionId);
    const textLength = writeJson(json).length;
    if (this.#textLength + textLength > MAX_TEXT) return;
    this.#bySession.set(sessionId, { json, textLength });
    this.#textLength += textLength;
  }

  /** The one that waits for the peer, which is not its sender; it waits no longer. */
  take(sessionId: string, peerId: string): JsonObject | undefined {
    const json = this.#bySession.get(sessionId)?.json;
    if (json === undefined || json.peer_id === peerId) return undefined;
    this.drop(sessionId);
    return json;
  }

  drop(sessionId: string): void {
    this.#textLength -= this.#bySession.get(sessionId)?.textLength ?? 0;
    this.#bySession.delete(sessionId);
  }
}
