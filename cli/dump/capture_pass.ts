/** One pass over a capture: pieces to packets to units to models, with what is noticed on the way. */
import { CaptureReader } from "../../lib/dissect/capture/capture_reader.ts";
import { UnitModeller } from "../../lib/dissect/model/unit_modeller.ts";
import { SessionRegistry } from "../../lib/dissect/model/session_registry.ts";
import type { UnitModel } from "../../lib/dissect/model/unit_model.ts";
import { PacketDissector } from "../../lib/dissect/units/packet_dissector.ts";
import type { CaptureSource } from "./capture_source.ts";
import type { DumpKeys } from "./dump_keys.ts";
import type { Progress } from "./progress.ts";

export interface PassEvents {
  /** The model is good for the call. */
  unit(model: UnitModel): void;
  note?(text: string): void;
  /** A piece has been read to its end. */
  chunk?(): void;
}

export interface PassOptions {
  readonly keys: DumpKeys;
  /** What an earlier pass has learned. */
  readonly registry?: SessionRegistry;
  /** Units are not opened, whatever keys there are. */
  readonly staysClosed?: boolean;
}

export class CapturePass {
  readonly modeller: UnitModeller;
  readonly reader = new CaptureReader();
  readonly dissector: PacketDissector;
  #isStopped = false;
  readonly #events: PassEvents;
  readonly #keys: DumpKeys;

  constructor(events: PassEvents, { keys, registry = new SessionRegistry(), staysClosed = false }: PassOptions) {
    this.#events = events;
    this.#keys = keys;
    keys.tell(registry);
    this.modeller = new UnitModeller(registry, staysClosed ? undefined : keys.opener());
    this.dissector = new PacketDissector({
      unit: (unit) => {
        if (!this.#isStopped) events.unit(this.modeller.handle(unit));
      },
      note: ({ packet, between, message }) =>
        events.note?.(`packet ${packet}: ${between === undefined ? "" : `${between}: `}${message}`),
    });
  }

  /** Takes no further unit. */
  stop(): void {
    this.#isStopped = true;
  }

  async run(source: CaptureSource, progress?: Progress): Promise<void> {
    for await (const chunk of source.chunks()) {
      this.reader.feed(chunk);
      this.#drain();
      this.#events.chunk?.();
      progress?.at(this.reader.offset, this.dissector.packets);
      if (this.#isStopped || this.reader.fault !== undefined) break;
    }
    this.reader.end();
    this.#drain();
    this.dissector.end();
    progress?.clear();
  }

  #drain(): void {
    const { reader, dissector } = this;
    for (let event = reader.next(); event !== undefined; event = reader.next()) {
      if (event === "frame") {
        dissector.handle(reader.frame);
        if (this.#isStopped) return;
      } else if (event === "note") {
        this.#events.note?.(`byte ${reader.note?.offset}: ${reader.note?.message}`);
      } else if (reader.secrets !== undefined) {
        this.#keys.secretsOf(reader.secrets, this.modeller.registry, (text) => this.#events.note?.(text));
      }
    }
  }
}
