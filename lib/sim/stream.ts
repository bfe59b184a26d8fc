/**
 * Reliable ordered byte streams over the simulated links: what TCP gives its user, without being TCP.
 *
 * A stream is cut into segments; a lost one is sent again after a doubling timeout and holds back those behind it, as
 * on a real connection (head-of-line blocking). At most {@link WINDOW_SEGMENTS} are under way at once, which is what
 * makes a narrow link slow instead of lossy. There is no congestion control.
 */
import { EMPTY_BYTES } from "../base/bytes.ts";
import type { Endpoint } from "./endpoint.ts";
import { headerBytes, type Host, type Network } from "./network.ts";

export type StreamEnd = "closed" | "reset" | "refused" | "timeout";

export interface StreamListener {
  /** The connection stands. */
  readonly onOpen?: (nowMs: number) => void;
  /** The next bytes, in order; they belong to the receiver. */
  readonly onData?: (bytes: Uint8Array<ArrayBuffer>, nowMs: number) => void;
  /** The last call: one side closed and all its data has arrived, or the connection failed. */
  readonly onEnd?: (reason: StreamEnd, nowMs: number) => void;
}

/** Makes the listener of each connection that comes in. */
export type AcceptStream = (stream: SimStream) => StreamListener;

const SEGMENT_BYTES = 1200;
export const WINDOW_SEGMENTS = 48;
/** What may wait for the window: 64 MiB; more is a program that never looks at {@link SimStream.queuedBytes}. */
const MAX_QUEUED_BYTES = 64 * 1024 * 1024;
const FIRST_RETRY_MS = 200;
const MAX_TRIES = 7;

type Segment =
  | { readonly kind: "open"; readonly index: number }
  | { readonly kind: "accept"; readonly index: number }
  | { readonly kind: "data"; readonly index: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "close"; readonly index: number };

/** One end of a connection. */
export class SimStream {
  readonly local: Endpoint;
  /** The other end as seen from here: behind a NAT, its outside endpoint. */
  readonly remote: Endpoint;
  readonly #stack: StreamStack;
  readonly #host: Host;
  #listener: StreamListener = {};
  #peer: SimStream | undefined;
  /** What the network shows of this end; another one later means that a NAT forgot the connection. */
  #source: Endpoint | undefined;
  /** Segments for the window, from {@link #queueHead} on; what is before it has gone. */
  #queue: Segment[] = [];
  #queueHead = 0;
  #queuedBytes = 0;
  #underWay = 0;
  #nextIndex = 0;
  #expectedIndex = 0;
  readonly #held = new Map<number, Segment>();
  #isClosing = false;
  #isEnded = false;

  /** Made by {@link StreamStack}. */
  constructor(stack: StreamStack, host: Host, local: Endpoint, remote: Endpoint) {
    this.#stack = stack;
    this.#host = host;
    this.local = local;
    this.remote = remote;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Bytes written and not yet put on the wire. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Queues a copy of `bytes`; false, taking nothing, after {@link close} or the end, or when 64 MiB wait. */
  write(bytes: Uint8Array): boolean {
    if (this.#isClosing || this.#isEnded || this.#queuedBytes + bytes.length > MAX_QUEUED_BYTES) return false;
    for (let at = 0; at < bytes.length; at += SEGMENT_BYTES) {
      this.#enqueue({ kind: "data", index: this.#nextIndex++, bytes: bytes.slice(at, at + SEGMENT_BYTES) });
    }
    return true;
  }

  /** Ends the connection, both ways, once everything written here has arrived there. */
  close(): void {
    if (this.#isClosing || this.#isEnded) return;
    this.#isClosing = true;
    this.#enqueue({ kind: "close", index: this.#nextIndex++ });
  }

  /** Drops the connection at once; the other side is reset after one passage of the link. */
  abort(): void {
    const peer = this.#peer;
    this.#fail("reset");
    if (peer === undefined) return;
    const departure = this.#stack.network.depart("stream", this.#host, this.local, this.remote);
    if (typeof departure === "string" || departure.link.isCut) return;
    const { network } = this.#stack;
    network.clock.after(departure.link.options.delayMs, () => {
      const arrival = network.arrive("stream", departure.target, departure.source, this.remote);
      if (typeof arrival !== "string") peer.#fail("reset");
    });
  }

  /** Opens the connection: called once, by the stack. */
  start(kind: "open" | "accept", listener: StreamListener, peer: SimStream | undefined): void {
    this.#listener = listener;
    this.#peer = peer;
    this.#enqueue({ kind, index: this.#nextIndex++ });
  }

  #enqueue(segment: Segment): void {
    this.#queue.push(segment);
    if (segment.kind === "data") this.#queuedBytes += segment.bytes.length;
    this.#flush();
  }

  #flush(): void {
    while (!this.#isEnded && this.#underWay < WINDOW_SEGMENTS) {
      // Until the other side has answered there is nobody to send data to.
      const segment = this.#queue[this.#queueHead];
      if (segment === undefined || (this.#peer === undefined && segment.kind !== "open")) return;
      this.#queueHead++;
      if (this.#queueHead === this.#queue.length) {
        this.#queue = [];
        this.#queueHead = 0;
      }
      if (segment.kind === "data") this.#queuedBytes -= segment.bytes.length;
      this.#underWay++;
      this.#transmit(segment, 0);
    }
  }

  #transmit(segment: Segment, tries: number): void {
    if (this.#isEnded) return;
    const { network } = this.#stack;
    const data = segment.kind === "data" ? segment.bytes : EMPTY_BYTES;
    const departure = network.depart("stream", this.#host, this.local, this.remote);
    if (typeof departure === "string") {
      network.record("stream", "dropped", this.local, this.remote, data, departure);
      return this.#retry(segment, tries);
    }
    const { link, source, target } = departure;
    if (this.#source !== undefined && this.#source !== source) return this.#fail("reset");
    this.#source = source;
    network.record("stream", "sent", source, this.remote, data);
    const verdict = link.send(data.length + headerBytes("stream", this.remote), network.clock.nowMs);
    if (verdict !== "passed" && verdict !== "duplicated") {
      network.record("stream", "dropped", source, this.remote, data, verdict);
      return this.#retry(segment, tries);
    }
    network.clock.at(link.arrivalMs, () => {
      const arrival = network.arrive("stream", target, source, this.remote);
      if (typeof arrival === "string") {
        network.record("stream", "dropped", source, this.remote, data, arrival);
        return this.#retry(segment, tries);
      }
      network.record("stream", "delivered", source, this.remote, data);
      this.#arrived(segment, arrival.host, arrival.inside, source, link.options.delayMs);
    });
  }

  #retry(segment: Segment, tries: number): void {
    if (tries + 1 >= MAX_TRIES) return this.#fail("timeout");
    this.#stack.network.clock.after(FIRST_RETRY_MS * 2 ** tries, () => this.#transmit(segment, tries + 1));
  }

  /** A segment of this end has reached `host`; the acknowledgement is taken to come back after `delayMs`. */
  #arrived(segment: Segment, host: Host, inside: Endpoint, source: Endpoint, delayMs: number): void {
    const { clock } = this.#stack.network;
    if (segment.kind === "open") {
      const isAccepted = this.#stack.accept(this, host, inside, source);
      if (!isAccepted) clock.after(delayMs, () => this.#fail("refused"));
    } else if (this.#peer !== undefined) {
      // An end that is gone answers with a reset, as a host does that knows nothing of the connection.
      if (this.#peer.#isEnded) clock.after(delayMs, () => this.#fail("reset"));
      else this.#peer.#receive(segment);
    }
    clock.after(delayMs, () => {
      this.#underWay--;
      if (segment.kind === "close") this.#end("closed");
      else this.#flush();
    });
  }

  #receive(segment: Segment): void {
    this.#held.set(segment.index, segment);
    for (let next = this.#held.get(this.#expectedIndex); next !== undefined && !this.#isEnded;) {
      this.#held.delete(this.#expectedIndex++);
      this.#take(next);
      next = this.#held.get(this.#expectedIndex);
    }
  }

  #take(segment: Segment): void {
    const { nowMs } = this.#stack.network.clock;
    if (segment.kind === "data") {
      this.#listener.onData?.(segment.bytes, nowMs);
    } else if (segment.kind === "accept") {
      this.#listener.onOpen?.(nowMs);
      this.#flush();
    } else if (segment.kind === "close") {
      this.#end("closed");
    }
  }

  /** The accepting end, known before its answer arrives: its segments need somewhere to go. */
  meet(peer: SimStream): void {
    this.#peer = peer;
  }

  /** The first segment of the other side was its `open`. */
  expectAfterOpen(): void {
    this.#expectedIndex = 1;
  }

  #fail(reason: StreamEnd): void {
    this.#queuedBytes = 0;
    this.#queue = [];
    this.#queueHead = 0;
    this.#end(reason);
  }

  #end(reason: StreamEnd): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#held.clear();
    this.#listener.onEnd?.(reason, this.#stack.network.clock.nowMs);
  }
}

/** The streams of one network: who listens where, and how connections come to be. */
export class StreamStack {
  readonly network: Network;
  readonly #listening = new Map<Host, Map<number, AcceptStream>>();

  constructor(network: Network) {
    this.network = network;
  }

  /** Accepts connections to a port of `host`. */
  listen(host: Host, port: number, accept: AcceptStream): void {
    const ports = this.#listening.get(host);
    if (ports === undefined) this.#listening.set(host, new Map([[port, accept]]));
    else ports.set(port, accept);
  }

  unlisten(host: Host, port: number): void {
    this.#listening.get(host)?.delete(port);
  }

  /** Connects from `host` (port 0: any) to `to`; `listener.onOpen` or `onEnd` tells the outcome. */
  connect(host: Host, to: Endpoint, listener: StreamListener, port = 0): SimStream {
    const stream = new SimStream(this, host, host.endpoint(port === 0 ? host.freePort() : port), to);
    stream.start("open", listener, undefined);
    return stream;
  }

  /** A connection has arrived at `inside` on `host`, seen as coming from `source`; false when nobody listens. */
  accept(caller: SimStream, host: Host, inside: Endpoint, source: Endpoint): boolean {
    const accept = this.#listening.get(host)?.get(inside.port);
    if (accept === undefined) return false;
    const stream = new SimStream(this, host, inside, source);
    caller.meet(stream);
    stream.expectAfterOpen();
    stream.start("accept", accept(stream), caller);
    return true;
  }
}
