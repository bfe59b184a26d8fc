/**
 * Load through a relay: each session has two bound peers of ours, one sends and the other receives.
 *
 * ```
 * caller --ArcRTP--> relay --ArcRTP--> callee          measured
 *        <----------       <---RTCP---                 every few seconds, as a receiver does: it keeps the binding
 * ```
 */
import type { HostPort } from "../base/address_table.ts";
import { EMPTY_BYTES } from "../base/bytes.ts";
import { uuidV4 } from "../base/uuid.ts";
import { RECEIVER_REPORT_FIXED_BYTES, writeReceiverReport } from "../packet/rtcp/receiver_report.ts";
import { isLoopback } from "./address_key.ts";
import type { DatagramTransport } from "./datagram.ts";
import { LoadMedia } from "./load_media.ts";
import { type LoadTarget, type LoadTargetContext, Troubles } from "./load_target.ts";
import { RelayEnd, type RelayEndEvents } from "./relay_end.ts";

/** A binding ends after 30 s of silence (SPEC ARC-RELAY-idle), and a report may be lost. */
const REPORT_EVERY_S = 8;

/** Ends that take their leave at a time, and how long that may take in all: a relay may be slow, or gone. */
const UNBINDING = 16;
const MOST_CLOSING_MS = 3000;

/** SSRCs of the receivers, which send no media. */
const RECEIVER_SSRC = 0x8000_0000;

export interface LoadRelayOptions {
  readonly relay: HostPort;
  /** Issues the tokens of all peers. Secret. */
  readonly secret: Uint8Array;
  readonly protocol: "udp" | "tcp" | "tls";
  /** Opens a peer's socket or connection. */
  readonly openTransport: () => Promise<DatagramTransport>;
}

interface Session {
  readonly caller: RelayEnd;
  readonly callee: RelayEnd;
}

export class LoadRelay implements LoadTarget {
  readonly label: string;
  readonly sinkPorts = new Set<number>();
  readonly targetPorts: ReadonlySet<number>;
  readonly troubles = new Troubles();
  readonly #options: LoadRelayOptions;
  readonly #context: LoadTargetContext;
  readonly #media: LoadMedia;
  readonly #sessions: (Session | undefined)[] = [];
  readonly #reporter: ReturnType<typeof setInterval>;
  #reportSecond = 0;

  constructor(options: LoadRelayOptions, context: LoadTargetContext) {
    this.label = `relay over ${options.protocol}`;
    const { relay, protocol } = options;
    this.targetPorts = new Set(protocol === "udp" && isLoopback(relay.host) ? [relay.port] : []);
    this.#options = options;
    this.#context = context;
    this.#media = new LoadMedia(context);
    this.#reporter = setInterval(() => this.#report(), 1000);
  }

  get sendErrors(): number {
    return this.#media.sendErrors;
  }

  async open(number: number): Promise<void> {
    const { clock, rng, timeoutMs } = this.#context;
    const { relay, secret, openTransport, protocol } = this.#options;
    const sessionId = uuidV4(rng);
    const ends: RelayEnd[] = [];
    const over = (why: string) => this.troubles.add(`an end was lost: ${why}`);
    const openEnd = async (unit: RelayEndEvents["unit"]) => {
      const transport = await openTransport();
      const options = {
        transport,
        ip: relay.host,
        port: relay.port,
        secret,
        sessionId,
        peerId: uuidV4(rng),
        timeoutMs,
        renews: false,
      };
      const end = new RelayEnd(options, clock, { unit, over });
      ends.push(end);
      return end;
    };
    try {
      const caller = await openEnd(() => {});
      const callee = await openEnd((...unit) => this.#media.received(...unit));
      await Promise.all([caller.bind(), callee.bind()]);
      if (protocol === "udp") this.sinkPorts.add(callee.transport.local.port);
      this.#media.add(number, caller.transport, caller.address);
      this.#sessions[number] = { caller, callee };
    } catch (error) {
      for (const end of ends) end.close();
      throw error;
    }
  }

  queue(session: number, priority: number, dueMs: number): boolean {
    return this.#media.queue(session, priority, dueMs);
  }

  flush(): void {
    this.#media.flush();
  }

  async close(): Promise<void> {
    this.#media.close();
    clearInterval(this.#reporter);
    const ends = this.#sessions.flatMap((session) => session === undefined ? [] : [session.caller, session.callee]);
    const giveUpMs = this.#context.clock.nowMs() + MOST_CLOSING_MS;
    let next = 0;
    const unbindSome = async () => {
      while (next < ends.length && this.#context.clock.nowMs() < giveUpMs) await ends[next++].unbind();
    };
    await Promise.all(Array.from({ length: UNBINDING }, unbindSome));
    for (const end of ends) end.close();
  }

  /** Each receiver's report, one in so many in each second. */
  #report(): void {
    this.#reportSecond = (this.#reportSecond + 1) % REPORT_EVERY_S;
    for (let number = this.#reportSecond; number < this.#sessions.length; number += REPORT_EVERY_S) {
      this.#sessions[number]?.callee.send(receiverReport(number));
    }
  }
}

/** One that reports on nobody, which RFC 3550 §6.4.2 allows: what counts is that it comes. */
function receiverReport(session: number): Uint8Array {
  const unit = new Uint8Array(RECEIVER_REPORT_FIXED_BYTES);
  writeReceiverReport({ kind: "rr", ssrc: RECEIVER_SSRC + session, reports: [], extension: EMPTY_BYTES }, unit, 0);
  return unit;
}
