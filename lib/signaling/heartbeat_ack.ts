import type { Heartbeat, HeartbeatAck } from "./messages/heartbeat.ts";

/**
 * The answer to a HEARTBEAT, made at `unixMs` (SPEC ARC-SIG-heartbeat-answer, ARC-SIG-heartbeat-latency). `observed` is
 * the address that it came from, where the answering side tells it.
 */
export function heartbeatAck(
  heartbeat: Heartbeat,
  unixMs: number,
  observed?: HeartbeatAck["observed"],
): HeartbeatAck {
  return {
    type: "HEARTBEAT_ACK",
    session_id: heartbeat.session_id,
    sequence: heartbeat.sequence,
    ...(heartbeat.challenge === undefined ? {} : { challenge: heartbeat.challenge }),
    original_timestamp: heartbeat.timestamp,
    response_timestamp: unixMs,
    latency_ms: unixMs - heartbeat.timestamp,
    ...(observed === undefined ? {} : { observed }),
  };
}
