/**
 * Load through a relay: each session has two bound peers of ours, one sends and the other receives.
 *
 * ```
 * caller --ArcRTP--> relay --ArcRTP--> callee          measured
 *        <----------       <---RTCP---                 every few seconds, as a receiver does: it keeps the binding
 * ```
 */
import type { HostPort } from "../base/address_table.ts";
import { PacketBatch } from "../base/batch.ts";
import { EMPTY_BYTES } from "../base/bytes.ts";
import { uuidV4 } from "../base/uuid.ts";
import { dueMsOf, LoadPacketReader, LoadPacketWriter, priorityOf, stampSent } from "../load/load_packet.ts";
import { RECEIVER_REPORT_FIXED_BYTES, writeReceiverReport } from "../packet/rtcp/receiver_report.ts";
import type { DatagramTransport } from "./datagram.ts";
import { type LoadTarget, type LoadTargetContext, Troubles } from "./load_target.ts";
import { RelayEnd } from "./relay_end.ts";

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
  /** Takes packets in while the other one is being sent. */
  filling: PacketBatch;
  sending: PacketBatch;
  isSending: boolean;
  isDirty: boolean;
}

export class LoadRelay implements LoadTarget {
  readonly label: string;
  readonly sinkPorts = new Set<number>();
  readonly troubles = new Troubles();
  readonly #options: LoadRelayOptions;
  readonly #context: LoadTargetContext;
  readonly #writer: LoadPacketWriter;
  readonly #reader: LoadPacketReader;
  readonly #sessions: (Session | undefined)[] = [];
  readonly #dirty: Session[] = [];
  readonly #place = { session: 0, priority: 0, sequence: 0 };
  readonly #filling: Uint8Array;
  readonly #reporter: ReturnType<typeof setInterval>;
  #reportSecond = 0;
  #isClosed = false;

  constructor(options: LoadRelayOptions, context: LoadTargetContext) {
    const { rng, packetBytes } = context;
    this.label = `relay over ${options.protocol}`;
    this.#options = options;
    this.#context = context;
    const runId = rng.u32();
    this.#writer = new LoadPacketWriter(runId);
    this.#reader = new LoadPacketReader(runId);
    // What is encrypted looks like noise.
    this.#filling = rng.fill(new Uint8Array(packetBytes));
    this.#reporter = setInterval(() => this.#report(), 1000);
  }

  get sendErrors(): number {
    let errors = 0;
    for (const session of this.#sessions) errors += session?.caller.transport.counters.sendErrors ?? 0;
    return errors;
  }

  async open(number: number): Promise<void> {
    const { clock, rng, run, timeoutMs, queuePackets, packetBytes } = this.#context;
    const { relay, secret, openTransport, protocol } = this.#options;
    const sessionId = uuidV4(rng);
    const ends: RelayEnd[] = [];
    const over = (why: string) => this.troubles.add(`an end was lost: ${why}`);
    const reader = this.#reader;
    const openEnd = async (unit: (bytes: Uint8Array, start: number, end: number, receivedMs: number) => void) => {
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
      const callee = await openEnd((bytes, start, end, receivedMs) => {
        if (!reader.parse(bytes, start, end)) return void run.strays++;
        run.received(reader, reader.dueMs, reader.sentMs, receivedMs);
      });
      await Promise.all([caller.bind(), callee.bind()]);
      if (protocol === "udp") this.sinkPorts.add(callee.transport.local.port);
      const newBatch = () => {
        const batch = new PacketBatch(queuePackets, packetBytes);
        for (let i = 0; i < batch.capacity; i++) batch.bytes.set(this.#filling, batch.offset(i));
        return batch;
      };
      this.#sessions[number] = {
        caller,
        callee,
        filling: newBatch(),
        sending: newBatch(),
        isSending: false,
        isDirty: false,
      };
    } catch (error) {
      for (const end of ends) end.close();
      throw error;
    }
  }

  queue(number: number, priority: number, dueMs: number): boolean {
    const session = this.#sessions[number];
    if (session === undefined) return false;
    const { filling } = session;
    const { run, packetBytes } = this.#context;
    if (filling.size === filling.capacity) return false;
    const place = this.#place;
    place.session = number;
    place.priority = priority;
    place.sequence = run.nextSequence(number, priority);
    this.#writer.write(filling.bytes, filling.offset(filling.size), place, dueMs);
    filling.lengths[filling.size] = packetBytes;
    filling.addresses[filling.size] = session.caller.address;
    filling.size++;
    if (!session.isDirty) {
      session.isDirty = true;
      this.#dirty.push(session);
    }
    return true;
  }

  flush(): void {
    for (const session of this.#dirty) {
      session.isDirty = false;
      if (!session.isSending) this.#send(session);
    }
    this.#dirty.length = 0;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
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

  /** One batch of a session is under way at a time: two together would leave in any order. */
  #send(session: Session): void {
    const { run, clock } = this.#context;
    const batch = session.filling;
    session.filling = session.sending;
    session.sending = batch;
    session.isSending = true;
    const sentMs = clock.nowMs();
    for (let i = 0; i < batch.size; i++) {
      const at = batch.offset(i);
      stampSent(batch.bytes, at, sentMs);
      run.sent(priorityOf(batch.bytes, at), batch.lengths[i], dueMsOf(batch.bytes, at), sentMs);
    }
    session.caller.transport.send(batch).then(() => {
      batch.clear();
      session.isSending = false;
      if (session.filling.size > 0 && !this.#isClosed) this.#send(session);
    });
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
