/** Messages that the suite says as a peer, with the fields that the tables require; a case changes what it is about. */
import type { Voice } from "../drive/world.ts";
import { isJson, type Json } from "../testee/answer.ts";
import { epochs, keyText, STREAM } from "../vectors/party.ts";

/** Public keys of the two, for epoch 0: good ones, and nobody's secret. */
export const CALLER_KEY = keyText(epochs()[0].caller);
export const CALLEE_KEY = keyText(epochs()[0].callee);

export const SSRC = 1_000;

export function connect({ sessionId, peerId }: Voice, timestamp: number, fields: Json = {}): Json {
  return {
    type: "CONNECT",
    version: "1.0",
    session_id: sessionId,
    peer_id: peerId,
    capabilities: { codecs: ["opus", "vp9"], resolutions: [], encryption: ["aes-128-gcm"], transport: ["udp"] },
    network_info: { nat_type: "unknown" },
    encryption: { key_exchange: "ecdh-p256", public_key: CALLER_KEY },
    timestamp,
    ...fields,
  };
}

/** An acceptance. */
export function connectAck({ sessionId, peerId }: Voice, timestamp: number, fields: Json = {}): Json {
  return {
    type: "CONNECT_ACK",
    version: "1.0",
    session_id: sessionId,
    peer_id: peerId,
    accepted: true,
    selected_codecs: { audio: "opus" },
    network_info: {},
    encryption: { algorithm: "aes-128-gcm", key_exchange: "ecdh-p256", public_key: CALLEE_KEY },
    timestamp,
    ...fields,
  };
}

/** HEARTBEAT and what else names its sender: `fields` hold what the type has besides. */
export function said(type: string, { sessionId, peerId }: Voice, timestamp: number, fields: Json = {}): Json {
  return { type, session_id: sessionId, peer_id: peerId, timestamp, ...fields };
}

export function streamStart({ sessionId }: Voice, timestamp: number, fields: Json = {}): Json {
  return {
    type: "STREAM_START",
    session_id: sessionId,
    stream_id: STREAM,
    stream_type: "audio",
    codec: { audio: { name: "opus", bitrate: 64_000, sample_rate: 48_000, channels: 2 } },
    ssrc: SSRC,
    encryption: { key_id: fields.stream_id ?? STREAM, algorithm: "aes-128-gcm" },
    timestamp,
    ...fields,
  };
}

export function streamStop({ sessionId }: Voice, timestamp: number, fields: Json = {}): Json {
  return {
    type: "STREAM_STOP",
    session_id: sessionId,
    stream_id: STREAM,
    reason: "user_request",
    timestamp,
    ...fields,
  };
}

export function qualityAdapt({ sessionId }: Voice, timestamp: number, fields: Json = {}): Json {
  return {
    type: "QUALITY_ADAPT",
    session_id: sessionId,
    stream_id: STREAM,
    quality: { bitrate: 32_000 },
    reason: "network",
    timestamp,
    ...fields,
  };
}

export function errorMessage(code: string, timestamp: number, fields: Json = {}): Json {
  return { type: "ERROR", code, message: "for a test", timestamp, ...fields };
}

/** The `relay_servers` of CONNECT or CONNECT_ACK; none where there are none. */
export function relaysOf({ network_info }: Json): readonly Json[] {
  const list = isJson(network_info) ? network_info.relay_servers : undefined;
  return Array.isArray(list) ? list.filter(isJson) : [];
}
