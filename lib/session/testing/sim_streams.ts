/** TCP for sessions and relays of the simulated network: units framed on simulated streams. */
import type { HostPort } from "../../base/address_table.ts";
import { unreachable } from "../../base/unreachable.ts";
import { FRAME_HEADER_BYTES, FrameReader, writeFrame } from "../../packet/framing.ts";
import type { Host, Network } from "../../sim/network.ts";
import type { SimStream, StreamListener, StreamStack } from "../../sim/stream.ts";
import type { TransportEvent, TransportWant } from "../stream_connections.ts";

export function sendFramed(stream: SimStream, unit: Uint8Array): void {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + unit.length);
  writeFrame(unit, frame, 0);
  stream.write(frame);
}

/** Hands over units, and the end. */
export function framedListener(on: {
  readonly opened?: () => void;
  readonly unit: (unit: Uint8Array, nowMs: number) => void;
  readonly ended: (why: string) => void;
}): StreamListener {
  const reader = new FrameReader();
  return {
    onOpen: on.opened,
    onData(bytes, nowMs) {
      reader.feed(bytes);
      while (reader.next()) on.unit(reader.bytes.slice(reader.start, reader.end), nowMs);
    },
    onEnd: (reason) => on.ended(reason),
  };
}

export interface SimStreamEvents {
  event(event: TransportEvent): void;
  accepted(from: HostPort): number | undefined;
  unit(unit: Uint8Array, address: number, nowMs: number): void;
}

/** What `net/session_streams.ts` is with real sockets. */
export class SimSessionStreams {
  readonly #network: Network;
  readonly #stack: StreamStack;
  readonly #host: Host;
  readonly #events: SimStreamEvents;
  readonly #streams = new Map<number, SimStream>();
  readonly #names: Readonly<Record<string, string>>;
  #ports: readonly number[] = [];

  /** `names` is what DNS knows. */
  constructor(
    network: Network,
    stack: StreamStack,
    host: Host,
    names: Readonly<Record<string, string>>,
    events: SimStreamEvents,
  ) {
    this.#network = network;
    this.#stack = stack;
    this.#host = host;
    this.#names = names;
    this.#events = events;
  }

  send(address: number, unit: Uint8Array): void {
    const stream = this.#streams.get(address);
    if (stream !== undefined) sendFramed(stream, unit);
  }

  carryOut(want: TransportWant): void {
    switch (want.kind) {
      case "connect": {
        const { address, to } = want;
        const remote = this.#network.endpoints.of(this.#names[to.host] ?? to.host, to.port);
        const listener = framedListener({
          opened: () => this.#events.event({ kind: "opened", address }),
          ...this.#listenerOf(address),
        });
        this.#streams.set(address, this.#stack.connect(this.#host, remote, listener));
        return;
      }
      case "close": {
        const stream = this.#streams.get(want.address);
        this.#streams.delete(want.address);
        return stream?.abort();
      }
      case "listen":
        for (const port of this.#ports) this.#stack.unlisten(this.#host, port);
        this.#ports = want.ports;
        for (const port of this.#ports) this.#stack.listen(this.#host, port, (stream) => this.#accept(stream));
        return;
      case "lookup": {
        const ip = this.#names[want.host];
        const message = ip === undefined ? "no such name" : "";
        this.#network.clock.after(5, () => {
          this.#events.event({ kind: "looked_up", host: want.host, ip, message });
        });
        return;
      }
      default:
        return unreachable(want);
    }
  }

  #listenerOf(address: number) {
    return {
      unit: (unit: Uint8Array, nowMs: number) => this.#events.unit(unit, address, nowMs),
      ended: (why: string) => {
        if (this.#streams.delete(address)) this.#events.event({ kind: "closed", address, message: why });
      },
    };
  }

  #accept(stream: SimStream): StreamListener {
    const address = this.#events.accepted({ host: stream.remote.ip, port: stream.remote.port });
    if (address === undefined) {
      this.#network.clock.after(0, () => stream.abort());
      return {};
    }
    this.#streams.set(address, stream);
    return framedListener(this.#listenerOf(address));
  }
}
