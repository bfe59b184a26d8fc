/**
 * One minimal and one full example of every message: the same values in tests, vectors and documentation. Where the seed
 * has an example, the full one has the seed's values.
 */
import type { MessageByType, MessageType, StatusByType } from "./messages/registry.ts";

export const EXAMPLE_SESSION = "550e8400-e29b-41d4-a716-446655440000";
export const EXAMPLE_CALLER = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
export const EXAMPLE_CALLEE = "6ba7b811-9dad-41d1-80b4-00c04fd430c8";
export const EXAMPLE_STREAM = "123e4567-e89b-42d3-a456-426614174000";
const NIL = "00000000-0000-0000-0000-000000000000";

/** Public points of RFC 6979 §A.2.5 and RFC 5903 §8.1: on the curve, and nobody's secret. */
const CALLER_KEY = "BGD-1LolWp0xyWHrdMY1bWjASbiSO2H6bOZpYi5g8p-2eQP-EAi4vJmkGunpVii8ZPLxsgwtfp9Rd6PClNRGIpk";
const CALLEE_KEY = "BNrQtlOUIhz5sFHh_spXh9CY3-Y3_JC575RdDDdyWBGAUnGgRhzbglLWHxxFb6PlmrH0WzOsz19YOJ4Fd7iZC7M";

const PROOF = "EBceJSwzOkFIT1ZdZGtyeQ";
const RELAY_TOKEN = "GB8mLTQ7QklQV15lbHN6gYiPlp2kq7K5";
const AUTH_KEY = "ICcuNTxDSlFYX2ZtdHuCiZCXnqWss7rByM_W3eTr8vk";
const IDENTITY = {
  certificate: "MAA=",
  signature: "QEdOVVxjanF4f4aNlJuiqbC3vsXM09rh6O_2_QQLEhkgJy41PENKUVhfZm10e4KJkJeepayzusHIz9bd5Ovy-Q",
};
const NONCE = "bm9uY2UtZm9yLTEyMw";
const TIME = 1234567890;

export interface Example<M> {
  /** Required fields alone. */
  readonly minimal: M;
  /** Every field that can stand beside the others. */
  readonly full: M;
}

export const EXAMPLES: { readonly [T in MessageType]: Example<MessageByType[T]> } = {
  CONNECT: {
    minimal: {
      type: "CONNECT",
      version: "1.0",
      session_id: EXAMPLE_SESSION,
      peer_id: EXAMPLE_CALLER,
      capabilities: { codecs: ["opus"], resolutions: [], encryption: ["aes-128-gcm"], transport: ["udp"] },
      network_info: { nat_type: "unknown" },
      encryption: { key_exchange: "ecdh-p256", public_key: CALLER_KEY },
      timestamp: TIME,
    },
    full: {
      type: "CONNECT",
      version: "1.0",
      session_id: EXAMPLE_SESSION,
      peer_id: EXAMPLE_CALLER,
      capabilities: {
        codecs: ["opus", "vp9", "h264", "x-lidar.v2"],
        resolutions: ["1080p", "720p", "480p"],
        encryption: ["aes-128-gcm", "aes-256-gcm"],
        transport: ["udp", "tcp"],
        authentication: ["hmac-sha256-80", "none"],
        reduced_header: true,
        fec: true,
        rtx: true,
        supports_webrtc: false,
        native_platform: true,
      },
      network_info: {
        public_ip: "1.2.3.4",
        public_port: 50000,
        nat_type: "cone",
        local: [{ ip: "192.168.1.7", port: 50000 }, { ip: "2001:db8::7", port: 50000 }],
        relay_servers: [{
          id: "relay-1",
          address: "relay.example.com",
          port: 3478,
          priority: 1,
          transport: "udp",
          token: RELAY_TOKEN,
          expires: 1234571490,
        }],
      },
      encryption: { key_exchange: "ecdh-p256", public_key: CALLER_KEY },
      identity: IDENTITY,
      token: "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl",
      resume: true,
      epoch: 1,
      proof: PROOF,
      timestamp: TIME,
    },
  },
  CONNECT_ACK: {
    minimal: {
      type: "CONNECT_ACK",
      version: "1.0",
      session_id: EXAMPLE_SESSION,
      peer_id: EXAMPLE_CALLEE,
      accepted: false,
      reason: "no_common_codec",
      timestamp: TIME + 1,
    },
    full: {
      type: "CONNECT_ACK",
      version: "1.0",
      session_id: EXAMPLE_SESSION,
      peer_id: EXAMPLE_CALLEE,
      accepted: true,
      selected_codecs: { audio: "opus", video: "vp9" },
      capabilities: { reduced_header: true, fec: true, rtx: true, supports_webrtc: false, native_platform: true },
      network_info: {
        public_ip: "5.6.7.8",
        public_port: 50001,
        nat_type: "restricted",
        local: [{ ip: "10.0.0.2", port: 50001 }],
        relay_servers: [{ id: "relay-1", address: "relay.example.com", port: 3478, priority: 1 }],
      },
      encryption: {
        algorithm: "aes-128-gcm",
        authentication: "hmac-sha256-80",
        key_exchange: "ecdh-p256",
        public_key: CALLEE_KEY,
      },
      identity: IDENTITY,
      epoch: 1,
      proof: PROOF,
      timestamp: TIME + 1,
    },
  },
  STREAM_START: {
    minimal: {
      type: "STREAM_START",
      session_id: EXAMPLE_SESSION,
      stream_id: EXAMPLE_STREAM,
      stream_type: "audio",
      codec: { audio: { name: "opus", bitrate: 128000, sample_rate: 48000, channels: 2 } },
      ssrc: 12345678,
      encryption: { key_id: EXAMPLE_STREAM, algorithm: "aes-128-gcm" },
      timestamp: TIME + 2,
    },
    full: {
      type: "STREAM_START",
      session_id: EXAMPLE_SESSION,
      stream_id: EXAMPLE_STREAM,
      stream_type: "both",
      codec: {
        audio: {
          name: "opus",
          bitrate: 128000,
          sample_rate: 48000,
          channels: 2,
          payload_type: 111,
          clock_rate: 48000,
        },
        video: {
          name: "vp9",
          bitrate: 2000000,
          width: 1920,
          height: 1080,
          fps: 30,
          payload_type: 98,
          clock_rate: 90000,
        },
      },
      ssrc: 12345678,
      encryption: { key_id: EXAMPLE_STREAM, algorithm: "aes-128-gcm" },
      reduced_header: [
        { context_id: 0, ssrc: 12345678, payload_type: 111, quality: 0 },
        { context_id: 1, ssrc: 12345679, payload_type: 98, quality: 0 },
      ],
      quality_ladder: ["ultra", "high", "medium", "low"],
      roc: [{ ssrc: 12345679, roc: 3 }],
      rtcp_ssrc: 87654321,
      rtx: [{ ssrc: 22345679, payload_type: 97, protects: 12345679 }],
      fec: [{ ssrc: 32345679, payload_type: 115, protects: 12345679 }],
      timestamp: TIME + 2,
    },
  },
  STREAM_STOP: same({
    type: "STREAM_STOP",
    session_id: EXAMPLE_SESSION,
    stream_id: EXAMPLE_STREAM,
    reason: "user_request",
    timestamp: TIME + 3,
  }),
  QUALITY_ADAPT: {
    minimal: {
      type: "QUALITY_ADAPT",
      session_id: EXAMPLE_SESSION,
      stream_id: EXAMPLE_STREAM,
      quality: { bitrate: 64000 },
      reason: "cpu",
      timestamp: TIME + 4,
    },
    full: {
      type: "QUALITY_ADAPT",
      session_id: EXAMPLE_SESSION,
      stream_id: EXAMPLE_STREAM,
      quality: { bitrate: 1000000, resolution: "720p", fps: 30 },
      reason: "bandwidth",
      timestamp: TIME + 4,
    },
  },
  HEARTBEAT: {
    minimal: { type: "HEARTBEAT", session_id: NIL, sequence: 0, timestamp: TIME + 5 },
    full: {
      type: "HEARTBEAT",
      session_id: EXAMPLE_SESSION,
      sequence: 12345,
      challenge: "0123456789abcdef",
      peer_id: EXAMPLE_CALLER,
      token: "eyJhbGciOiJIUzI1NiJ9.e30.AAAA",
      pad: "................",
      timestamp: TIME + 5,
    },
  },
  HEARTBEAT_ACK: {
    minimal: {
      type: "HEARTBEAT_ACK",
      session_id: NIL,
      sequence: 0,
      original_timestamp: TIME + 5,
      response_timestamp: TIME,
      latency_ms: -5,
    },
    full: {
      type: "HEARTBEAT_ACK",
      session_id: EXAMPLE_SESSION,
      sequence: 12345,
      challenge: "0123456789abcdef",
      original_timestamp: TIME + 5,
      response_timestamp: TIME + 6,
      latency_ms: 1,
      observed: { ip: "1.2.3.4", port: 50000 },
    },
  },
  KEY_ROTATE: same({
    type: "KEY_ROTATE",
    session_id: EXAMPLE_SESSION,
    peer_id: EXAMPLE_CALLER,
    epoch: 1,
    encryption: { key_exchange: "ecdh-p256", public_key: CALLER_KEY },
    reason: "interval",
    proof: PROOF,
    timestamp: TIME + 7,
  }),
  KEY_ROTATE_ACK: same({
    type: "KEY_ROTATE_ACK",
    session_id: EXAMPLE_SESSION,
    peer_id: EXAMPLE_CALLEE,
    epoch: 1,
    encryption: { key_exchange: "ecdh-p256", public_key: CALLEE_KEY },
    proof: PROOF,
    timestamp: TIME + 8,
  }),
  METRICS: {
    minimal: {
      type: "METRICS",
      session_id: EXAMPLE_SESSION,
      peer_id: EXAMPLE_CALLER,
      latency: {},
      quality: {},
      performance: {},
      network: {},
      timestamp: TIME + 9,
    },
    full: {
      type: "METRICS",
      session_id: EXAMPLE_SESSION,
      peer_id: EXAMPLE_CALLER,
      latency: { e2e: { p50: 31.5, p95: 42, p99: 48.25 }, one_way: 18.5, jitter: 1.75 },
      quality: { loss: 0.004, bitrate: 1950000, resolution: "1080p", fps: 29.97, rung: 1, codec_efficiency: 0.031 },
      performance: { pps: 310, bps: 262000, cpu: 0.12, rss: 73400320 },
      network: { rtt: 37.2, bandwidth: 4200000, path: "direct", nat_type: "cone", score: 93 },
      timestamp: TIME + 9,
    },
  },
  DISCONNECT: same({
    type: "DISCONNECT",
    session_id: EXAMPLE_SESSION,
    peer_id: EXAMPLE_CALLER,
    reason: "user_request",
    timestamp: TIME + 10,
  }),
  ACK: {
    minimal: {
      type: "ACK",
      session_id: EXAMPLE_SESSION,
      in_reply_to: { type: "DISCONNECT", timestamp: TIME + 10 },
      timestamp: TIME + 11,
    },
    full: {
      type: "ACK",
      session_id: EXAMPLE_SESSION,
      in_reply_to: { type: "STREAM_START", timestamp: TIME + 2, stream_id: EXAMPLE_STREAM },
      timestamp: TIME + 11,
    },
  },
  ERROR: {
    minimal: { type: "ERROR", code: "bad_json", message: "", timestamp: TIME + 12 },
    full: {
      type: "ERROR",
      code: "bad_message",
      message: "Cannot accept STREAM_STOP: $.reason: expected one of user_request, error, timeout",
      session_id: EXAMPLE_SESSION,
      in_reply_to: { type: "STREAM_STOP", timestamp: TIME + 3, stream_id: EXAMPLE_STREAM },
      timestamp: TIME + 12,
    },
  },
  RELAY_BIND: {
    minimal: {
      type: "RELAY_BIND",
      session_id: EXAMPLE_SESSION,
      peer_id: EXAMPLE_CALLER,
      expires: 1234571490,
      timestamp: TIME + 13,
    },
    full: {
      type: "RELAY_BIND",
      session_id: EXAMPLE_SESSION,
      peer_id: EXAMPLE_CALLER,
      expires: 1234571490,
      nonce: NONCE,
      proof: PROOF,
      timestamp: TIME + 13,
    },
  },
  RELAY_CHALLENGE: same({ type: "RELAY_CHALLENGE", nonce: NONCE }),
  RELAY_BOUND: same({
    type: "RELAY_BOUND",
    relay_id: "relay-1",
    session_id: EXAMPLE_SESSION,
    peer_id: EXAMPLE_CALLER,
    observed: { ip: "1.2.3.4", port: 50000 },
    lifetime_s: 30,
  }),
  RELAY_UNBIND: {
    minimal: {
      type: "RELAY_UNBIND",
      session_id: EXAMPLE_SESSION,
      peer_id: EXAMPLE_CALLER,
      expires: 1234571490,
      timestamp: TIME + 14,
    },
    full: {
      type: "RELAY_UNBIND",
      session_id: EXAMPLE_SESSION,
      peer_id: EXAMPLE_CALLER,
      expires: 1234571490,
      nonce: NONCE,
      proof: PROOF,
      timestamp: TIME + 14,
    },
  },
  RELAY_KEYS: {
    minimal: {
      type: "RELAY_KEYS",
      session_id: EXAMPLE_SESSION,
      stream_id: EXAMPLE_STREAM,
      ssrc: 12345678,
      auth_key: AUTH_KEY,
      rtcp_auth_key: AUTH_KEY,
      epoch: 0,
      roc: 0,
      timestamp: TIME + 15,
    },
    full: {
      type: "RELAY_KEYS",
      session_id: EXAMPLE_SESSION,
      stream_id: EXAMPLE_STREAM,
      ssrc: 12345678,
      auth_key: AUTH_KEY,
      rtcp_auth_key: AUTH_KEY,
      epoch: 1,
      roc: 2,
      reduced_header: [{ context_id: 0, ssrc: 12345678, payload_type: 111, quality: 0 }],
      timestamp: TIME + 15,
    },
  },
};

/** The same for the status messages of relays and servers. */
export const STATUS_EXAMPLES: { readonly [T in keyof StatusByType]: Example<StatusByType[T]> } = {
  RELAY_STATUS: same({
    type: "RELAY_STATUS",
    relay_id: "relay-1",
    healthy: true,
    load: 0.25,
    sessions: 120,
    bindings: 240,
    packets_per_s: 60000,
    bits_per_s: 480000000,
    endpoints: [{ address: "relay.example.com", port: 3478, transport: "udp" }],
    timestamp: TIME + 16,
  }),
  SERVER_STATUS: same({
    type: "SERVER_STATUS",
    server_id: "server-1",
    version: "1.0",
    healthy: true,
    load: 0.1,
    sessions: 120,
    peers: 240,
    timestamp: TIME + 17,
  }),
};

/** For messages without optional fields. */
function same<const M>(message: M): Example<M> {
  return { minimal: message, full: message };
}
