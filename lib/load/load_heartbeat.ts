/**
 * What a load generator sends through a signaling server: HEARTBEATs from one peer of a session to the other. A heartbeat
 * has room for a mark: its `challenge` is the moment of sending, its `pad` begins with the moment when it was due.
 */
import { toHex } from "../base/bytes.ts";
import type { HeartbeatSender } from "../probe/heartbeat_text.ts";
import { parseMessage, writeMessage } from "../signaling/parse_message.ts";

/** Most characters of `pad` (SPEC §5.2.6). */
const MOST_PAD = 1024;

export interface LoadHeartbeat {
  readonly sequence: number;
  /** Monotonic ms of the one process that is both ends. */
  readonly sentMs: number;
  readonly dueMs: number;
}

const float = new DataView(new ArrayBuffer(8));

/** A HEARTBEAT, padded to `sizeBytes` as far as `pad` can hold it. */
export function writeLoadHeartbeat(
  { sequence, sentMs, dueMs }: LoadHeartbeat,
  { sessionId, peerId }: HeartbeatSender,
  timestampMs: number,
  sizeBytes: number,
): string {
  float.setFloat64(0, sentMs);
  const heartbeat = {
    type: "HEARTBEAT",
    session_id: sessionId,
    peer_id: peerId,
    sequence,
    challenge: toHex(new Uint8Array(float.buffer)),
    pad: `${dueMs} `,
    timestamp: timestampMs,
  } as const;
  const room = sizeBytes - writeMessage(heartbeat).length;
  if (room <= 0) return writeMessage(heartbeat);
  return writeMessage({
    ...heartbeat,
    pad: heartbeat.pad.padEnd(Math.min(MOST_PAD, heartbeat.pad.length + room), "0"),
  });
}

/** Undefined for what is no such HEARTBEAT. */
export function readLoadHeartbeat(unit: string | Uint8Array): LoadHeartbeat | undefined {
  const parsed = parseMessage(unit);
  if (!parsed.ok || parsed.value.type !== "HEARTBEAT") return undefined;
  const { sequence, challenge, pad } = parsed.value;
  const dueMs = Number(pad?.split(" ")[0]);
  if (challenge === undefined || pad === undefined || Number.isNaN(dueMs)) return undefined;
  float.setBigUint64(0, BigInt(`0x${challenge}`));
  return { sequence, sentMs: float.getFloat64(0), dueMs };
}
