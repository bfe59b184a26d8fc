/** What all depacketizers do alike, whatever their payloads mean: refuse stale packets, keep finished frames, count. */
import { type Fault, fault } from "../../base/parsed.ts";
import type { MediaFrame } from "../frame.ts";
import { FrameQueue } from "./frame_queue.ts";
import { PacketOrder, type PacketPlace } from "./packet_order.ts";
import type { Depacketizer, DepacketizerStats } from "./payload_format.ts";

export abstract class OrderedDepacketizer implements Depacketizer {
  /** Finished frames go here. */
  protected readonly queue = new FrameQueue();
  protected framesIncomplete = 0;
  readonly #order = new PacketOrder();
  #packetsRefused = 0;

  /** Takes a payload, which may be empty, as {@link push} does; `place` is what it follows. A fault counts it as refused. */
  protected abstract take(
    payload: Uint8Array,
    marker: boolean,
    timestampTicks: number,
    place: PacketPlace,
  ): Fault | undefined;

  push(payload: Uint8Array, marker: boolean, timestampTicks: number, seqIndex: number): Fault | undefined {
    const place = this.#order.accept(seqIndex);
    if (place === "stale") {
      this.#packetsRefused++;
      return fault("bad_state", `Cannot depacketize: need a ${this.#order.expected}, got ${seqIndex}`).fault;
    }
    this.queue.forget();
    const refused = this.take(payload, marker, timestampTicks, place);
    if (refused !== undefined) this.#packetsRefused++;
    return refused;
  }

  poll(): MediaFrame | undefined {
    return this.queue.poll();
  }

  get stats(): DepacketizerStats {
    return {
      frames: this.queue.frames,
      framesIncomplete: this.framesIncomplete,
      framesUnread: this.queue.framesUnread,
      packetsMissing: this.#order.packetsMissing,
      packetsRefused: this.#packetsRefused,
    };
  }
}
