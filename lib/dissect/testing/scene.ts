/** Units given to a modeller as a capture would have them: for tests of what is made of them. */
import { SEAL_OVERHEAD_BYTES } from "../../crypto/seal.ts";
import { classifyUnit, UnitKind } from "../../packet/demux.ts";
import type { Message, StatusMessage } from "../../signaling/messages/registry.ts";
import { writeMessage } from "../../signaling/parse_message.ts";
import { UnitModeller } from "../model/unit_modeller.ts";
import type { UnitModel } from "../model/unit_model.ts";
import type { Direction } from "../network/conversation_table.ts";
import { CapturedUnit, type Transport } from "../units/captured_unit.ts";
import type { Envelope } from "../units/envelope.ts";
import { text } from "./streams.ts";

export interface Place {
  readonly conversation?: number;
  readonly direction?: Direction;
  readonly transport?: Transport;
  readonly envelope?: Envelope;
  /** Time on the capture's clock. */
  readonly ms?: number;
}

export class Scene {
  readonly modeller: UnitModeller;
  #number = 0;

  constructor(modeller: UnitModeller = new UnitModeller()) {
    this.modeller = modeller;
  }

  /** The model of the next unit, good until the call after. */
  unit(bytes: Uint8Array, place: Place = {}): UnitModel {
    const unit = new CapturedUnit();
    const { conversation = 1, direction = 0, transport = "udp", envelope, ms = 0 } = place;
    unit.number = ++this.#number;
    unit.packet = unit.number;
    unit.timeS = Math.floor(ms / 1000);
    unit.timeNs = Math.round((ms - unit.timeS * 1000) * 1_000_000);
    unit.transport = transport;
    unit.conversation = conversation;
    unit.direction = direction;
    const ends = [`10.0.${conversation}.1`, `10.0.${conversation}.2`].map((host, i) => {
      const port = 5000 + 1000 * i;
      return { host, port, text: `${host}:${port}` };
    });
    [unit.source, unit.destination] = direction === 0 ? ends : ends.toReversed();
    // In the middle of a larger buffer, as in a packet.
    unit.bytes = new Uint8Array(bytes.length + 20).fill(0xee);
    unit.bytes.set(bytes, 11);
    unit.start = 11;
    unit.end = 11 + bytes.length;
    unit.envelope = envelope;
    const isFrameItself = envelope?.kind === "phoenix" && !envelope.hasMessage;
    unit.kind = isFrameItself ? UnitKind.unknown : classifyUnit(unit.bytes, unit.start, unit.end);
    return this.modeller.handle(unit);
  }

  say(message: Message | StatusMessage, place: Place = { transport: "ws", conversation: 9 }): UnitModel {
    return this.unit(text(writeMessage(message)), place);
  }
}

/** A message with a seal that no key has made. */
export function sealedText(message: Message, counter = 0): Uint8Array {
  const json = text(writeMessage(message));
  const bytes = new Uint8Array(json.length + SEAL_OVERHEAD_BYTES).fill(0xab);
  bytes.set(json);
  bytes[json.length] = 0;
  bytes.set([0, 0, 0, 0, 0, counter], json.length + 1);
  return bytes;
}
