/** One unit of a capture with all that is known of its way: what every display, filter and analysis works on. */
import { EMPTY_BYTES } from "../../base/bytes.ts";
import { UnitKind } from "../../packet/demux.ts";
import type { Direction, Endpoint } from "../network/conversation_table.ts";
import type { Envelope } from "./envelope.ts";

/** What carried a unit. `ws` is a WebSocket, with Phoenix frames or without. */
export type Transport = "udp" | "tcp" | "ws" | "nats";

const NOBODY: Endpoint = { host: "", port: 0, text: "" };

/**
 * A dissector keeps one object and moves it on; whoever wants to keep something of it copies. Bytes are borrowed for the
 * call that hands the unit over.
 */
export class CapturedUnit {
  /** Counts the units of the capture, from 1 on. */
  number = 0;
  /** Number of the packet with which it was complete and next in its stream, as Wireshark counts. */
  packet = 0;
  /** Time of that packet, as `CapturedFrame` has it. */
  timeS = 0;
  timeNs = 0;
  transport: Transport = "udp";
  /** Counts the conversations of the capture; with {@link direction} it tells who sends to whom. */
  conversation = 0;
  direction: Direction = 0;
  source: Endpoint = NOBODY;
  destination: Endpoint = NOBODY;
  /** By its first byte (SPEC ARC-UNIT-first-byte); `unknown` for a Phoenix frame without a message. */
  kind: UnitKind = UnitKind.unknown;
  bytes: Uint8Array = EMPTY_BYTES;
  start = 0;
  end = 0;
  /** Bytes at its end that the capture cut off. */
  cutBytes = 0;
  envelope: Envelope | undefined = undefined;

  get length(): number {
    return this.end - this.start;
  }

  /** The unit's bytes, borrowed. Allocates the view object. */
  view(): Uint8Array {
    return this.bytes.subarray(this.start, this.end);
  }
}

/** What a capture says besides its units. */
export interface PacketNote {
  /** Number of the packet at which it was noticed. */
  readonly packet: number;
  /** `a > b` of the conversation that it is about. */
  readonly between: string | undefined;
  readonly message: string;
}
