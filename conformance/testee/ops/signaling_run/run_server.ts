/**
 * A server in `signaling.run`: the hub of the library, one channel for each `from`.
 *
 * ```
 * config  {unix_start_ms?, until_ms?, max_sessions?, messages_per_second?, idle_ms?}
 * ok      {outputs: [{at_ms, to, message}], closed: [{at_ms, to}], state}
 * ```
 */
import { replyContext } from "../../../../lib/signaling/error_reply.ts";
import { SignalingHub } from "../../../../lib/signaling/hub.ts";
import { DEFAULT_HUB_LIMITS } from "../../../../lib/signaling/hub_limits.ts";
import { isJsonObject } from "../../../../lib/signaling/json_value.ts";
import { messageToJson, parseMessageWithJson } from "../../../../lib/signaling/parse_message.ts";
import type { Fields } from "../../request.ts";
import { opOk, type OpResult } from "../../testee.ts";
import { type Sent, textOf, unixStartOf, untilOf } from "./run_time.ts";

export function runServer(config: Fields, inputs: readonly Fields[]): OpResult {
  const hub = new SignalingHub(unixStartOf(config), {
    maxSessions: config.integerOr("max_sessions", 1, 1_000_000, DEFAULT_HUB_LIMITS.maxSessions),
    messagesPerSecond: config.numberOr("messages_per_second", DEFAULT_HUB_LIMITS.messagesPerSecond),
    idleMs: config.numberOr("idle_ms", DEFAULT_HUB_LIMITS.idleMs),
  });
  const channels: string[] = [];
  const outputs: Sent[] = [];
  const closed: { at_ms: number; to: string }[] = [];
  const drain = (nowMs: number) => {
    for (let out = hub.poll(); out !== undefined; out = hub.poll()) {
      if (out.kind === "send") outputs.push({ at_ms: nowMs, to: channels[out.to], message: out.json });
      else if (out.kind === "close") closed.push({ at_ms: nowMs, to: channels[out.to] });
    }
  };
  for (const input of inputs) {
    const nowMs = input.number("at_ms");
    const from = input.textOr("from", "");
    if (!channels.includes(from)) {
      hub.open(channels.length, nowMs);
      channels.push(from);
    }
    const id = channels.indexOf(from);
    const refuse = (error: ReturnType<SignalingHub["message"]>) => {
      if (error !== undefined) outputs.push({ at_ms: nowMs, to: from, message: messageToJson(error) });
    };
    if (input.has("command")) {
      input.oneOf("command", ["close"] as const);
      hub.closed(id);
    } else {
      const parsed = parseMessageWithJson(textOf(input));
      if (!parsed.ok) {
        refuse(hub.fault(id, parsed.fault, replyContext(parsed.json), nowMs));
      } else {
        const { session_id, peer_id } = isJsonObject(parsed.value.json) ? parsed.value.json : {};
        const peerId = input.has("peer_id") ? input.text("peer_id") : peer_id;
        const joins = !hub.isJoined(id) && typeof session_id === "string" && typeof peerId === "string";
        const refused = joins ? hub.join(id, session_id, peerId, nowMs) : undefined;
        refuse(refused ?? hub.message(id, parsed.value, nowMs));
      }
    }
    hub.timeout(nowMs);
    drain(nowMs);
  }
  const untilMs = untilOf(config, inputs);
  for (let dueMs = hub.nextTimeoutMs(); dueMs !== undefined && dueMs <= untilMs; dueMs = hub.nextTimeoutMs()) {
    hub.timeout(dueMs);
    drain(dueMs);
    for (const { to } of closed) hub.closed(channels.indexOf(to));
  }
  return opOk({ outputs, closed, state: `${hub.stats.sessions} sessions` });
}
