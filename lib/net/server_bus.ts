/** A signaling server on the bus: says whether it is there, and publishes its own state (SPEC ARC-TRANSPORT-nats-status). */
import { utf8 } from "../base/bytes.ts";
import type { ServerStatus } from "../signaling/messages/status.ts";
import { writeMessage } from "../signaling/parse_message.ts";
import type { Bus, OpenBus } from "./bus.ts";
import type { ServerLog } from "./signaling_events.ts";

export interface ServerBusOptions {
  readonly open: OpenBus;
  /** Where the bus is, for logs; without a password. */
  readonly name: string;
  /** Unique among the servers of the bus: letters, digits, `_` and `-`, 1 to 64. */
  readonly serverId: string;
}

export type ServerState = Pick<ServerStatus, "healthy" | "load" | "sessions" | "peers" | "timestamp">;

/** The 5 s of SPEC ARC-TRANSPORT-nats-status-server, less what a sweep may be late. */
const STATUS_MS = 4000;

export class ServerBus {
  readonly bus: Bus;
  readonly #options: ServerBusOptions;
  readonly #state: () => ServerState;
  #isUp = false;
  #publishedMs = -Infinity;

  /** `changed` is called when the bus has come or gone, not before this turn is over. */
  constructor(
    options: ServerBusOptions,
    state: () => ServerState,
    log: ServerLog,
    changed: (isUp: boolean) => void,
  ) {
    const { name } = options;
    this.#options = options;
    this.#state = state;
    const turn = (isUp: boolean) => {
      this.#isUp = isUp;
      this.#publishedMs = -Infinity;
      changed(isUp);
    };
    this.bus = options.open({
      up: () => {
        log({ event: "bus_up", bus: name });
        turn(true);
      },
      down: (why) => {
        log({ event: "bus_down", bus: name, why });
        turn(false);
      },
    });
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Publishes the state when it is time to. */
  sweep(nowMs: number): void {
    if (!this.#isUp || nowMs < this.#publishedMs + STATUS_MS) return;
    this.#publishedMs = nowMs;
    this.publish();
  }

  publish(): void {
    const { serverId } = this.#options;
    const { healthy, load, sessions, peers, timestamp } = this.#state();
    const status: ServerStatus = {
      type: "SERVER_STATUS",
      server_id: serverId,
      version: "1.0",
      healthy,
      load,
      sessions,
      peers,
      timestamp,
    };
    this.bus.publish(serverStatusSubject(serverId), utf8(writeMessage(status)));
  }
}

export function serverStatusSubject(serverId: string): string {
  return `arcrtc.server.${serverId}.status`;
}
