/** One pass over a capture: pieces to packets to units to models, with what is noticed on the way. */
import type { CapturedFrame, CaptureSecrets } from "../../lib/dissect/capture/captured_frame.ts";
import { type CaptureEvent, CaptureReader } from "../../lib/dissect/capture/capture_reader.ts";
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
  /** A packet, borrowed for the call, whose units have been handed over. */
  frame?(frame: CapturedFrame): void;
  /** Keys that the capture carries, borrowed for the call. */
  secrets?(secrets: CaptureSecrets): void;
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
    const chunk = () => {
      this.#events.chunk?.();
      progress?.at(this.reader.offset, this.dissector.packets);
    };
    await readSource(source, this.reader, (event) => this.#take(event), chunk);
    this.dissector.end();
    progress?.clear();
  }

  /** False when no more is wanted. */
  #take(event: CaptureEvent): boolean {
    const { reader, dissector } = this;
    if (event === "frame") {
      dissector.handle(reader.frame);
      this.#events.frame?.(reader.frame);
    } else if (event === "note") {
      this.#events.note?.(`byte ${reader.note?.offset}: ${reader.note?.message}`);
    } else if (reader.secrets !== undefined) {
      this.#keys.secretsOf(reader.secrets, this.modeller.registry, (text) => this.#events.note?.(text));
      this.#events.secrets?.(reader.secrets);
    }
    return !this.#isStopped;
  }
}

/** Reads a source to its end, to a fault, or until `take` answers false. */
export async function readSource(
  source: CaptureSource,
  reader: CaptureReader,
  take: (event: CaptureEvent) => boolean,
  chunk?: () => void,
): Promise<void> {
  const drain = () => {
    for (let event = reader.next(); event !== undefined; event = reader.next()) if (!take(event)) return false;
    return true;
  };
  for await (const piece of source.chunks()) {
    reader.feed(piece);
    const wantsMore = drain();
    chunk?.();
    if (!wantsMore || reader.fault !== undefined) return;
  }
  reader.end();
  drain();
}
