/** The media of a load: writes each session's packets into batches, sends them, and knows them again when they arrive. */
import { PacketBatch } from "../base/batch.ts";
import { dueMsOf, LoadPacketReader, LoadPacketWriter, priorityOf, stampSent } from "../load/load_packet.ts";
import type { DatagramTransport } from "./datagram.ts";
import type { LoadTargetContext } from "./load_target.ts";

interface Sender {
  readonly transport: DatagramTransport;
  readonly address: number;
  /** Takes packets in while the other one is being sent. */
  filling: PacketBatch;
  sending: PacketBatch;
  isSending: boolean;
  isDirty: boolean;
}

export class LoadMedia {
  readonly #context: LoadTargetContext;
  readonly #prefix: Uint8Array;
  readonly #writer: LoadPacketWriter;
  readonly #reader: LoadPacketReader;
  readonly #senders: (Sender | undefined)[] = [];
  readonly #dirty: Sender[] = [];
  readonly #place = { session: 0, priority: 0, sequence: 0 };
  readonly #filling: Uint8Array;
  #isClosed = false;

  /** `prefix` goes in front of each packet: what a server that is no relay of ours wants there. */
  constructor(context: LoadTargetContext, prefix: Uint8Array = new Uint8Array(0)) {
    const { rng, packetBytes } = context;
    const runId = rng.u32();
    this.#context = context;
    this.#prefix = prefix;
    this.#writer = new LoadPacketWriter(runId);
    this.#reader = new LoadPacketReader(runId);
    // What is encrypted looks like noise.
    this.#filling = rng.fill(new Uint8Array(packetBytes));
  }

  /** Packets of a session leave through `transport`, which stays its owner's. */
  add(session: number, transport: DatagramTransport, address: number): void {
    const { queuePackets, packetBytes } = this.#context;
    const prefixBytes = this.#prefix.length;
    const newBatch = () => {
      const batch = new PacketBatch(queuePackets, prefixBytes + packetBytes);
      for (let i = 0; i < batch.capacity; i++) {
        batch.bytes.set(this.#prefix, batch.offset(i));
        batch.bytes.set(this.#filling, batch.offset(i) + prefixBytes);
      }
      return batch;
    };
    const batches = { filling: newBatch(), sending: newBatch() };
    this.#senders[session] = { transport, address, ...batches, isSending: false, isDirty: false };
  }

  /** Packets that the system would not take. */
  get sendErrors(): number {
    let errors = 0;
    for (const sender of this.#senders) errors += sender?.transport.counters.sendErrors ?? 0;
    return errors;
  }

  /** False where there is no room: those before have not left yet. */
  queue(session: number, priority: number, dueMs: number): boolean {
    const sender = this.#senders[session];
    if (sender === undefined) return false;
    const { filling } = sender;
    const { run, packetBytes } = this.#context;
    const i = filling.size;
    if (i === filling.capacity) return false;
    const place = this.#place;
    place.session = session;
    place.priority = priority;
    place.sequence = run.nextSequence(session, priority);
    this.#writer.write(filling.bytes, filling.offset(i) + this.#prefix.length, place, dueMs);
    filling.lengths[i] = this.#prefix.length + packetBytes;
    filling.addresses[i] = sender.address;
    filling.size++;
    if (!sender.isDirty) {
      sender.isDirty = true;
      this.#dirty.push(sender);
    }
    return true;
  }

  /** Sends what was queued. */
  flush(): void {
    for (const sender of this.#dirty) {
      sender.isDirty = false;
      if (!sender.isSending) this.#send(sender);
    }
    this.#dirty.length = 0;
  }

  /** A unit has arrived at `bytes[start..end)`. */
  received(bytes: Uint8Array, start: number, end: number, receivedMs: number): void {
    const { run } = this.#context;
    const reader = this.#reader;
    if (reader.parse(bytes, start, end)) run.received(reader, reader.dueMs, reader.sentMs, receivedMs);
    else run.strays++;
  }

  /** Sends nothing any more. */
  close(): void {
    this.#isClosed = true;
  }

  /** One batch of a session is under way at a time: two together would leave in any order. */
  #send(sender: Sender): void {
    const { run, clock, packetBytes } = this.#context;
    const batch = sender.filling;
    sender.filling = sender.sending;
    sender.sending = batch;
    sender.isSending = true;
    const sentMs = clock.nowMs();
    for (let i = 0; i < batch.size; i++) {
      const at = batch.offset(i) + this.#prefix.length;
      stampSent(batch.bytes, at, sentMs);
      run.sent(priorityOf(batch.bytes, at), packetBytes, dueMsOf(batch.bytes, at), sentMs);
    }
    sender.transport.send(batch).then(() => {
      batch.clear();
      sender.isSending = false;
      if (sender.filling.size > 0 && !this.#isClosed) this.#send(sender);
    });
  }
}
