/** One packet in its two forms, full and reduced, and the contexts of the cases. */
import { packet, type PacketFields, u16, u8 } from "./wire.ts";

export const AUDIO = 0xa0a0a0a0;
export const VIDEO = 0xb0b0b0b0;
export const AUDIO_CONTEXT = { context_id: 0, ssrc: AUDIO, payload_type: 111, quality: 0 };
export const VIDEO_CONTEXT = { context_id: 7, ssrc: VIDEO, payload_type: 98, quality: 1 };

/** A full packet of the audio context unless told otherwise. */
export function full(sequence: number, timestamp: number, fields: PacketFields = {}): string {
  return packet({ ssrc: AUDIO, payloadType: 111, sequence, timestamp, payload: u16(sequence), ...fields });
}

interface ReducedFields {
  readonly marker?: boolean;
  readonly priority?: number;
  readonly context?: number;
  readonly payload?: string;
}

/** A unit with a reduced header: low bits only. */
export function reduced(seq8: number, ts16: number, fields: ReducedFields = {}): string {
  const { marker = false, priority = 0, context = 0, payload = "cafe" } = fields;
  return u8(0xc0 | (marker ? 0x20 : 0) | (priority << 3) | context) + u8(seq8) + u16(ts16) + payload;
}
