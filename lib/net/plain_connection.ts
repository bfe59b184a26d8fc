/**
 * The server's end of a connection without channels: plain WebSocket, TCP or TLS. It joins with its first message that
 * names session and peer (SPEC ARC-TRANSPORT-plain-join).
 */
import type { Fault } from "../base/parsed.ts";
import { NIL_UUID } from "../base/uuid.ts";
import { type ReplyContext, replyContext } from "../signaling/error_reply.ts";
import { type JsonObject, writeJson } from "../signaling/json_value.ts";
import type { ErrorMessage } from "../signaling/messages/outcome.ts";
import type { Message } from "../signaling/messages/registry.ts";
import { type ParsedMessage, parseMessageWithJson, writeMessage } from "../signaling/parse_message.ts";
import type { JoinRequest } from "./join_auth.ts";
import { judgeLength, ServerConnection } from "./server_connection.ts";

type Item =
  | { readonly kind: "message"; readonly parsed: ParsedMessage }
  | { readonly kind: "fault"; readonly fault: Fault; readonly context: ReplyContext };

export class PlainConnection extends ServerConnection<Item> {
  get isJoined(): boolean {
    return this.context.driver.hub.isJoined(this.id);
  }

  protected read(unit: string | Uint8Array): Item {
    const tooLong = judgeLength(unit, this.context.limits.maxMessageBytes);
    if (tooLong !== undefined) return { kind: "fault", fault: tooLong, context: {} };
    const parsed = parseMessageWithJson(unit);
    return parsed.ok
      ? { kind: "message", parsed: parsed.value }
      : { kind: "fault", fault: parsed.fault, context: replyContext(parsed.json) };
  }

  protected take(item: Item): Promise<void> | undefined {
    const { driver } = this.context;
    if (item.kind === "fault") {
      this.#answer(driver.fault(this.id, item.fault, item.context));
      return undefined;
    }
    const { message, json } = item.parsed;
    const request = this.isJoined ? undefined : joinRequest(message, this.token);
    if (request === undefined) {
      this.#answer(this.hand(this.id, item.parsed));
      return undefined;
    }
    const context = replyContext(json);
    const rate = driver.admit(this.id, context);
    if (rate.kind === "drop") {
      this.#answer(rate.error);
      return undefined;
    }
    const outcome = this.join(this.id, request, context);
    if (outcome instanceof Promise) return outcome.then((error) => this.#joined(error, item.parsed));
    this.#joined(outcome, item.parsed);
    return undefined;
  }

  /** The message that joined is a message like any other, too. */
  #joined(error: ErrorMessage | undefined, parsed: ParsedMessage): void {
    this.#answer(error ?? this.hand(this.id, parsed));
  }

  protected deliver(json: JsonObject): void {
    this.send(writeJson(json));
  }

  #answer(error: ErrorMessage | undefined): void {
    if (error !== undefined) this.send(writeMessage(error));
  }
}

/** What a message joins, if it is one that can. */
function joinRequest(message: Message, queryToken: string | undefined): JoinRequest | undefined {
  if (message.type === "CONNECT" || (message.type === "HEARTBEAT" && message.session_id !== NIL_UUID)) {
    const { session_id: sessionId, peer_id: peerId, token = queryToken } = message;
    return peerId === undefined ? undefined : { sessionId, peerId, token };
  }
  return undefined;
}
