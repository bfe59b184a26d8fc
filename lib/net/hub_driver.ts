/** The signaling hub with its ways out: numbers channels, and carries what the hub wants to where it belongs. */
import type { Fault } from "../base/parsed.ts";
import { unreachable } from "../base/unreachable.ts";
import type { ErrorCode } from "../signaling/error_codes.ts";
import type { ReplyContext } from "../signaling/error_reply.ts";
import { type HubOutput, type RateVerdict, type RelayDirectory, SignalingHub } from "../signaling/hub.ts";
import type { HubLimits } from "../signaling/hub_limits.ts";
import type { JsonObject } from "../signaling/json_value.ts";
import type { Metrics } from "../signaling/messages/metrics.ts";
import type { ErrorMessage } from "../signaling/messages/outcome.ts";
import type { ParsedMessage } from "../signaling/parse_message.ts";
import type { Bus } from "./bus.ts";
import type { Clock } from "./clock.ts";

/** Where a channel's messages go, in the transport's own form. */
export interface ChannelOutlet {
  send(json: JsonObject): void;
  /** The hub wants the channel ended; {@link HubDriver.close} is still to be called. */
  end(why: string): void;
}

export interface HubDriverEvents {
  /** A peer has reported. */
  metrics(metrics: Metrics): void;
  /** A channel is gone, and perhaps its session with it. */
  channelClosed(): void;
}

/**
 * Calls go to the hub with the time; what it wants done in return waits for {@link flush}, so that an answer of the
 * transport's own, such as a Phoenix reply, can go out first.
 */
export class HubDriver {
  readonly hub: SignalingHub;
  readonly clock: Clock;
  readonly #outlets = new Map<number, ChannelOutlet>();
  readonly #events: HubDriverEvents;
  readonly #bus: Bus | undefined;
  /** Ends a subscription, by its subject. */
  readonly #subscribed = new Map<string, () => void>();
  #nextId = 1;

  constructor(
    clock: Clock,
    limits: HubLimits,
    events: HubDriverEvents,
    relaysFor?: RelayDirectory,
    Hub: typeof SignalingHub = SignalingHub,
    bus?: Bus,
  ) {
    this.clock = clock;
    this.hub = new Hub(clock.unixOffsetMs, limits, relaysFor, bus !== undefined);
    this.#events = events;
    this.#bus = bus;
  }

  open(outlet: ChannelOutlet): number {
    const id = this.#nextId++;
    this.#outlets.set(id, outlet);
    this.hub.open(id, this.clock.nowMs());
    return id;
  }

  /** Forgets a channel; does nothing for one that is not there. */
  close(id: number): void {
    this.#outlets.delete(id);
    this.hub.closed(id);
    this.#events.channelClosed();
  }

  join(id: number, sessionId: string, peerId: string, context: ReplyContext): ErrorMessage | undefined {
    return this.hub.join(id, sessionId, peerId, this.clock.nowMs(), context);
  }

  refuseJoin(code: ErrorCode, message: string, context: ReplyContext): ErrorMessage {
    return this.hub.refuseJoin(code, message, context, this.clock.nowMs());
  }

  admit(id: number, context: ReplyContext): RateVerdict {
    return this.hub.admit(id, context, this.clock.nowMs());
  }

  message(id: number, parsed: ParsedMessage): ErrorMessage | undefined {
    return this.hub.message(id, parsed, this.clock.nowMs());
  }

  fault(id: number, fault: Fault, context: ReplyContext): ErrorMessage | undefined {
    return this.hub.fault(id, fault, context, this.clock.nowMs());
  }

  refuse(fault: Fault, context: ReplyContext): ErrorMessage | undefined {
    return this.hub.refuse(fault, context, this.clock.nowMs());
  }

  heard(id: number): void {
    this.hub.heard(id, this.clock.nowMs());
  }

  busChanged(isUp: boolean): void {
    this.hub.busChanged(isUp);
    this.flush();
  }

  /** Carries out what the hub wants. */
  flush(): void {
    for (let out = this.hub.poll(); out !== undefined; out = this.hub.poll()) this.#carryOut(out);
  }

  #carryOut(out: HubOutput): void {
    switch (out.kind) {
      case "send":
        return this.#outlets.get(out.to)?.send(out.json);
      case "close":
        return this.#outlets.get(out.to)?.end(out.why);
      case "metrics":
        return this.#events.metrics(out.metrics);
      case "publish":
        return this.#bus?.publish(out.subject, out.bytes);
      case "subscribe":
        return this.#subscribe(out.subject);
      case "unsubscribe":
        this.#subscribed.get(out.subject)?.();
        this.#subscribed.delete(out.subject);
        return;
      default:
        unreachable(out);
    }
  }

  #subscribe(wanted: string): void {
    const end = this.#bus?.subscribe(wanted, (subject, bytes) => {
      this.hub.heardOnBus(subject, bytes, this.clock.nowMs());
      this.flush();
    });
    if (end !== undefined) this.#subscribed.set(wanted, end);
  }
}
