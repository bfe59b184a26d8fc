/**
 * The server's end of a Phoenix socket (SPEC 6.1): every topic that it joins is a channel of the hub, and each push is
 * answered by a reply. The socket's own channel of the hub carries the rate limit of the whole connection.
 */
import type { Fault } from "../base/parsed.ts";
import { type ReplyContext, replyContext } from "../signaling/error_reply.ts";
import type { JsonObject } from "../signaling/json_value.ts";
import type { ErrorMessage } from "../signaling/messages/outcome.ts";
import { messageToJson } from "../signaling/parse_message.ts";
import {
  closeFrame,
  HEARTBEAT_TOPIC,
  isChannelEvent,
  parsePhoenixFrame,
  parseTopic,
  type PhoenixFrame,
  readJoin,
  readPhoenixPush,
  replyFrame,
  topicOf,
  writePhoenixFrame,
} from "../signaling/phoenix_frame.ts";
import { judgeLength, ServerConnection } from "./server_connection.ts";

/** What a frame adds to its message, at most. */
const FRAME_BYTES = 1024;

/** Topics of one socket: a peer needs one for each of its sessions. */
const MAX_TOPICS = 16;

type Item =
  | { readonly kind: "frame"; readonly frame: PhoenixFrame }
  | { readonly kind: "fault"; readonly fault: Fault };

/** A topic that has been joined, or is being. */
interface Topic {
  readonly sessionId: string;
  readonly channel: number;
  /** Of the latest join: a client that rejoins counts on. */
  joinRef: string | null;
}

export class PhoenixConnection extends ServerConnection<Item> {
  readonly #topics = new Map<string, Topic>();

  get isJoined(): boolean {
    return this.#topics.size > 0;
  }

  protected read(unit: string | Uint8Array): Item {
    const tooLong = judgeLength(unit, this.context.limits.maxMessageBytes + FRAME_BYTES);
    if (tooLong !== undefined) return { kind: "fault", fault: tooLong };
    const parsed = parsePhoenixFrame(unit);
    return parsed.ok ? { kind: "frame", frame: parsed.value } : { kind: "fault", fault: parsed.fault };
  }

  protected take(item: Item): Promise<void> | undefined {
    const { driver } = this.context;
    if (item.kind === "fault") {
      const error = driver.fault(this.id, item.fault, {});
      if (error !== undefined) this.deliver(messageToJson(error));
      return undefined;
    }
    const { frame } = item;
    const context = replyContext(frame.payload);
    const rate = driver.admit(this.id, context);
    if (rate.kind === "drop") {
      if (rate.error !== undefined) this.#reply(frame, rate.error);
      return undefined;
    }
    if (frame.topic === HEARTBEAT_TOPIC) this.#onConnectionFrame(frame);
    else if (frame.event === "phx_join") return this.#onJoin(frame, context);
    else if (frame.event === "phx_leave") this.#onLeave(frame);
    else if (isChannelEvent(frame.event)) this.#refuse(frame, badEvent(frame.event), context);
    else this.#onPush(frame, context);
    return undefined;
  }

  /** SPEC ARC-TRANSPORT-phoenix-heartbeat. It keeps every topic of the socket alive. */
  #onConnectionFrame(frame: PhoenixFrame): void {
    if (frame.event !== "heartbeat") return this.#refuse(frame, badEvent(frame.event), {});
    for (const { channel } of this.#topics.values()) this.context.driver.heard(channel);
    this.#reply(frame);
  }

  #onJoin(frame: PhoenixFrame, context: ReplyContext): Promise<void> | undefined {
    const sessionId = parseTopic(frame.topic);
    if (!sessionId.ok) return void this.#refuse(frame, sessionId.fault, context);
    const peerId = readJoin(frame);
    if (!peerId.ok) return void this.#refuse(frame, peerId.fault, context);
    const known = this.#topics.get(frame.topic);
    if (known === undefined && this.#topics.size >= MAX_TOPICS) {
      const error = this.context.driver.refuseJoin("busy", `a socket has at most ${MAX_TOPICS} topics`, context);
      return void this.#reply(frame, error);
    }
    const topic = known ?? this.#openTopic(frame, sessionId.value);
    const { token: ownToken } = frame.payload;
    const token = typeof ownToken === "string" ? ownToken : this.token;
    const request = { sessionId: sessionId.value, peerId: peerId.value, token };
    const outcome = this.join(topic.channel, request, { ...context, session_id: sessionId.value });
    if (outcome instanceof Promise) return outcome.then((error) => this.#joined(frame, topic, error));
    this.#joined(frame, topic, outcome);
    return undefined;
  }

  /** The hub's channel is there before the join is decided; the topic only when it has been joined. */
  #openTopic(frame: PhoenixFrame, sessionId: string): Topic {
    const topic: Topic = {
      sessionId,
      joinRef: frame.joinRef,
      channel: this.context.driver.open({
        send: (json) => this.#push(topic, json),
        end: () => this.#endTopic(topic),
      }),
    };
    return topic;
  }

  #joined(frame: PhoenixFrame, topic: Topic, error: ErrorMessage | undefined): void {
    if (this.isClosed) return this.context.driver.close(topic.channel);
    if (error === undefined) {
      topic.joinRef = frame.joinRef;
      this.#topics.set(frame.topic, topic);
    } else if (!this.#topics.has(frame.topic)) {
      this.context.driver.close(topic.channel);
    }
    this.#reply(frame, error);
  }

  #onLeave(frame: PhoenixFrame): void {
    const topic = this.#topics.get(frame.topic);
    this.#reply(frame);
    if (topic !== undefined) this.#endTopic(topic);
  }

  /** The client learns that the channel is over; the other topics of its socket go on. */
  #endTopic(topic: Topic): void {
    const { driver } = this.context;
    driver.close(topic.channel);
    this.#topics.delete(topicOf(topic.sessionId));
    if (!this.isJoined) this.startUnjoined();
    this.#sendFrame(closeFrame(topic.joinRef, topic.sessionId));
  }

  #onPush(frame: PhoenixFrame, context: ReplyContext): void {
    const message = readPhoenixPush(frame);
    if (!message.ok) return this.#refuse(frame, message.fault, context);
    // Without a topic the message goes through the socket's own channel, which has joined nothing.
    const channel = this.#topics.get(frame.topic)?.channel ?? this.id;
    this.#reply(frame, this.hand(channel, { message: message.value, json: frame.payload }));
  }

  #refuse(frame: PhoenixFrame, fault: Fault, context: ReplyContext): void {
    this.#reply(frame, this.context.driver.refuse(fault, context));
  }

  #reply(frame: PhoenixFrame, error?: ErrorMessage): void {
    this.#sendFrame(replyFrame(frame, error));
  }

  /** Unchanged, as the other peer wrote it (SPEC ARC-TRANSPORT-phoenix-push). */
  #push(topic: Topic, json: JsonObject): void {
    this.#sendFrame({
      joinRef: topic.joinRef,
      ref: null,
      topic: topicOf(topic.sessionId),
      event: String(json.type),
      payload: json,
    });
  }

  /** What belongs to no topic is a push on the connection's own. */
  protected deliver(json: JsonObject): void {
    this.#sendFrame({ joinRef: null, ref: null, topic: HEARTBEAT_TOPIC, event: String(json.type), payload: json });
  }

  #sendFrame(frame: PhoenixFrame): void {
    this.send(writePhoenixFrame(frame));
  }

  protected override ended(): void {
    for (const { channel } of this.#topics.values()) this.context.driver.close(channel);
    this.#topics.clear();
  }
}

function badEvent(event: string): Fault {
  return { reason: "bad_value", path: "$[3]", message: `Cannot accept frame: '${event}' has no meaning here` };
}
