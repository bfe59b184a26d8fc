/** Whole captures read for tests, with copies of everything that is only borrowed. */
import { EMPTY_BYTES } from "../../base/bytes.ts";
import { UNIT_KIND_NAMES } from "../../packet/demux.ts";
import { CaptureReader } from "../capture/capture_reader.ts";
import { CapturedFrame } from "../capture/captured_frame.ts";
import type { Envelope } from "../units/envelope.ts";
import { type DissectorLimits, PacketDissector } from "../units/packet_dissector.ts";

export interface ReadFrame {
  readonly number: number;
  readonly timeS: number;
  readonly timeNs: number;
  readonly bytes: Uint8Array;
  readonly originalBytes: number;
  readonly linkType: number;
  readonly interfaceIndex: number;
  readonly hasTime: boolean;
}

export interface ReadFile {
  readonly frames: ReadFrame[];
  readonly notes: string[];
  readonly secrets: { readonly type: number; readonly bytes: Uint8Array }[];
  readonly reader: CaptureReader;
}

/** Reads a file in pieces of the given sizes, over and over; in one piece without. */
export function readFile(file: Uint8Array, pieces: readonly number[] = [file.length || 1]): ReadFile {
  const reader = new CaptureReader();
  const read: ReadFile = { frames: [], notes: [], secrets: [], reader };
  const drain = () => {
    for (let event = reader.next(); event !== undefined; event = reader.next()) {
      const { frame, secrets, note } = reader;
      if (event === "frame") {
        const { bytes, start, end, number, timeS, timeNs, originalBytes, linkType, interfaceIndex, hasTime } = frame;
        const copy = bytes.slice(start, end);
        read.frames.push({ number, timeS, timeNs, bytes: copy, originalBytes, linkType, interfaceIndex, hasTime });
      } else if (event === "note") read.notes.push(note?.message ?? "");
      else if (secrets !== undefined) read.secrets.push({ type: secrets.type, bytes: secrets.bytes.slice() });
    }
  };
  for (let at = 0, i = 0; at < file.length; i++) {
    const size = Math.max(1, pieces[i % pieces.length]);
    reader.feed(file.slice(at, at + size));
    at += size;
    drain();
  }
  reader.end();
  drain();
  return read;
}

export interface ReadUnit {
  readonly number: number;
  readonly packet: number;
  readonly way: string;
  readonly transport: string;
  readonly kind: string;
  readonly bytes: Uint8Array;
  readonly cutBytes: number;
  readonly envelope: Envelope | undefined;
  readonly conversation: number;
  readonly direction: number;
}

/** Collects what a dissector makes of packets. */
export class Collector {
  readonly units: ReadUnit[] = [];
  readonly notes: string[] = [];
  readonly dissector: PacketDissector;
  #number = 0;

  constructor(limits?: DissectorLimits) {
    this.dissector = new PacketDissector({
      unit: (unit) => {
        const { number, packet, transport, cutBytes, envelope, conversation, direction } = unit;
        const way = `${unit.source.text} > ${unit.destination.text}`;
        const kind = UNIT_KIND_NAMES[unit.kind];
        const bytes = unit.view().slice();
        this.units.push({ number, packet, way, transport, kind, bytes, cutBytes, envelope, conversation, direction });
      },
      note: ({ between, message }) => this.notes.push(between === undefined ? message : `${between}: ${message}`),
    }, limits);
  }

  /** Takes a packet as an interface of `linkType` saw it; raw IP unless told otherwise. */
  packet(bytes: Uint8Array, linkType = 101, timeS = 0, end = bytes.length): this {
    const frame = new CapturedFrame();
    frame.number = ++this.#number;
    frame.timeS = timeS;
    frame.linkType = linkType;
    frame.bytes = bytes;
    frame.end = end;
    frame.originalBytes = bytes.length;
    this.dissector.handle(frame);
    frame.bytes = EMPTY_BYTES;
    return this;
  }

  end(): this {
    this.dissector.end();
    return this;
  }
}
