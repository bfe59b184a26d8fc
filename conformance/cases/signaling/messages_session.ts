/** SPEC clauses 5.2.6 to 5.2.10: heartbeats, key rotation, outcomes, relay messages and metrics. */
import type { Case } from "../../case.ts";
import { vectorCase } from "../../vector_case.ts";
import { boundsCase, writtenCase } from "./message_cases.ts";

const OP = "signaling.parse";
const MAX = 2 ** 53 - 1;
const U32 = 4_294_967_295;
const KEY_32 = "A".repeat(43);

export const CASES: readonly Case[] = [
  vectorCase("signaling/heartbeat-fields", "ARC-SIG-heartbeat-fields", OP, "HEARTBEAT is read as its table says"),
  writtenCase("signaling/heartbeat-written", "ARC-SIG-heartbeat-fields", "HEARTBEAT"),
  boundsCase("signaling/heartbeat-bounds", "ARC-SIG-heartbeat-fields", "Each bound of HEARTBEAT holds", "HEARTBEAT", [
    { field: "sequence", good: [0, MAX], bad: [-1, 2 ** 53, 1.5, "1", undefined] },
    {
      field: "challenge",
      good: ["0123456789abcdef", undefined],
      bad: ["0123456789ABCDEF", "0".repeat(15), "0".repeat(17), ""],
    },
    { field: "peer_id", good: [undefined], bad: ["", 7] },
    { field: "token", good: ["", "t".repeat(4096), undefined], bad: ["t".repeat(4097), 1] },
    { field: "pad", good: ["", "p".repeat(1024), undefined], bad: ["p".repeat(1025), 1] },
    {
      field: "network_info",
      good: [{ public_ip: "192.0.2.1", public_port: 1, nat_type: "cone" }],
      bad: [{}, { public_ip: "192.0.2.1", nat_type: "cone" }, { public_ip: "192.0.2.1", public_port: 1 }, []],
    },
  ]),
  vectorCase("signaling/heartbeat-ack-fields", "ARC-SIG-heartbeat-ack-fields", OP, "HEARTBEAT_ACK as its table says"),
  writtenCase("signaling/heartbeat-ack-written", "ARC-SIG-heartbeat-ack-fields", "HEARTBEAT_ACK"),
  boundsCase(
    "signaling/heartbeat-ack-bounds",
    "ARC-SIG-heartbeat-ack-fields",
    "Each bound of HEARTBEAT_ACK holds on both sides",
    "HEARTBEAT_ACK",
    [
      { field: "sequence", good: [0, MAX], bad: [-1, 2 ** 53, undefined] },
      { field: "challenge", good: [undefined], bad: ["xyz", "0".repeat(17)] },
      { field: "latency_ms", good: [-5, 0, MAX, -MAX], bad: [0.5, "1", undefined] },
      {
        field: "observed",
        good: [undefined, { ip: "::1", port: 1 }],
        bad: [{}, { ip: "::1" }, { ip: "host", port: 1 }],
      },
    ],
  ),
  vectorCase("signaling/heartbeat-latency", "ARC-SIG-heartbeat-latency", OP, "latency_ms may be negative"),

  vectorCase("signaling/key-rotate-fields", "ARC-SIG-key-rotate-fields", OP, "KEY_ROTATE is read as its table says"),
  writtenCase("signaling/key-rotate-written", "ARC-SIG-key-rotate-fields", "KEY_ROTATE"),
  boundsCase(
    "signaling/key-rotate-bounds",
    "ARC-SIG-key-rotate-fields",
    "Each bound of KEY_ROTATE holds",
    "KEY_ROTATE",
    [
      { field: "epoch", good: [0, U32], bad: [-1, U32 + 1, 0.5, undefined] },
      { field: "reason", good: ["interval", "packet_limit", "security_event", "manual"], bad: ["other", undefined] },
      { field: "proof", good: ["A".repeat(22)], bad: ["A".repeat(21), "A".repeat(23), undefined] },
      { field: "encryption.key_exchange", good: [], bad: ["x25519", undefined] },
    ],
  ),
  vectorCase(
    "signaling/key-rotate-ack-fields",
    "ARC-SIG-key-rotate-ack-fields",
    OP,
    "KEY_ROTATE_ACK as its table says",
  ),
  writtenCase("signaling/key-rotate-ack-written", "ARC-SIG-key-rotate-ack-fields", "KEY_ROTATE_ACK"),

  vectorCase("signaling/disconnect-fields", "ARC-SIG-disconnect-fields", OP, "DISCONNECT is read as its table says"),
  writtenCase("signaling/disconnect-written", "ARC-SIG-disconnect-fields", "DISCONNECT"),
  boundsCase("signaling/disconnect-bounds", "ARC-SIG-disconnect-fields", "It has one of four reasons", "DISCONNECT", [
    { field: "reason", good: ["user_request", "error", "timeout", "shutdown"], bad: ["bored", "", undefined] },
  ]),
  vectorCase("signaling/ack-fields", "ARC-SIG-ack-fields", OP, "ACK is read as its table says"),
  writtenCase("signaling/ack-written", "ARC-SIG-ack-fields", "ACK"),
  boundsCase("signaling/ack-bounds", "ARC-SIG-ack-fields", "What it answers has type and timestamp", "ACK", [
    { field: "in_reply_to.type", good: ["", "T".repeat(32)], bad: ["T".repeat(33), undefined] },
    { field: "in_reply_to.timestamp", good: [0, MAX], bad: [-1, undefined, "0"] },
    { field: "in_reply_to.stream_id", good: [undefined], bad: ["", "x"] },
  ]),
  vectorCase("signaling/error-fields", "ARC-SIG-error-fields", OP, "ERROR is read as its table says"),
  writtenCase("signaling/error-written", "ARC-SIG-error-fields", "ERROR"),
  boundsCase("signaling/error-bounds", "ARC-SIG-error-fields", "Each bound of ERROR holds on both sides", "ERROR", [
    { field: "code", good: ["busy", "x", "c".repeat(32)], bad: ["", "c".repeat(33), 1, undefined] },
    { field: "message", good: ["", "m".repeat(1024)], bad: ["m".repeat(1025), undefined] },
    { field: "in_reply_to", good: [undefined, {}, { type: "X" }], bad: [[], { timestamp: -1 }, { stream_id: "x" }] },
    { field: "session_id", good: [undefined], bad: ["x"] },
  ]),

  vectorCase("signaling/relay-bind-fields", "ARC-SIG-relay-bind-fields", OP, "RELAY_BIND and RELAY_UNBIND are as told"),
  writtenCase("signaling/relay-bind-written", "ARC-SIG-relay-bind-fields", "RELAY_BIND"),
  writtenCase("signaling/relay-unbind-written", "ARC-SIG-relay-bind-fields", "RELAY_UNBIND"),
  boundsCase(
    "signaling/relay-bind-bounds",
    "ARC-SIG-relay-bind-fields",
    "Nonce and proof: both or neither",
    "RELAY_BIND",
    [
      { field: "nonce", good: ["", "n".repeat(64)], bad: ["n".repeat(65), 1, undefined] },
      { field: "proof", good: ["A".repeat(22)], bad: ["A".repeat(21), undefined] },
      { field: "expires", good: [0, MAX], bad: [-1, 1.5, undefined] },
    ],
  ),
  vectorCase("signaling/relay-answer-fields", "ARC-SIG-relay-answer-fields", OP, "A relay's answers are as told"),
  writtenCase("signaling/relay-challenge-written", "ARC-SIG-relay-answer-fields", "RELAY_CHALLENGE"),
  writtenCase("signaling/relay-bound-written", "ARC-SIG-relay-answer-fields", "RELAY_BOUND"),
  boundsCase("signaling/relay-bound-bounds", "ARC-SIG-relay-answer-fields", "A lifetime has bounds", "RELAY_BOUND", [
    { field: "lifetime_s", good: [1, 86_400], bad: [0, 86_401, 1.5, undefined] },
    { field: "observed.port", good: [1, 65_535], bad: [0, 65_536, undefined] },
  ]),
  vectorCase("signaling/relay-keys-fields", "ARC-SIG-relay-keys-fields", OP, "RELAY_KEYS is read as its table says"),
  writtenCase("signaling/relay-keys-written", "ARC-SIG-relay-keys-fields", "RELAY_KEYS"),
  boundsCase(
    "signaling/relay-keys-bounds",
    "ARC-SIG-relay-keys-fields",
    "Each bound of RELAY_KEYS holds",
    "RELAY_KEYS",
    [
      { field: "auth_key", good: [KEY_32], bad: [KEY_32.slice(1), `${KEY_32}A`, undefined] },
      { field: "rtcp_auth_key", good: [KEY_32], bad: ["", undefined] },
      { field: "roc", good: [0, U32], bad: [-1, U32 + 1, undefined] },
      { field: "epoch", good: [0, U32], bad: [-1, U32 + 1] },
    ],
  ),

  vectorCase("signaling/metrics-fields", "ARC-SIG-metrics-fields", OP, "METRICS is read as its table says"),
  writtenCase("signaling/metrics-written", "ARC-SIG-metrics-fields", "METRICS"),
  boundsCase(
    "signaling/metrics-bounds",
    "ARC-SIG-metrics-fields",
    "Each bound of METRICS holds on both sides",
    "METRICS",
    [
      { field: "quality.loss", good: [0, 1, 0.5, undefined], bad: [-0.1, 1.1, "0"] },
      { field: "performance.cpu", good: [0, 1], bad: [1.01, -1] },
      { field: "quality.rung", good: [0, 3], bad: [4, 0.5] },
      { field: "network.score", good: [0, 100], bad: [101, -1, 50.5] },
      { field: "network.path", good: ["", "p".repeat(16)], bad: ["p".repeat(17), 1] },
      { field: "network", good: [{}], bad: [undefined, []] },
      { field: "latency", good: [{}], bad: [undefined, 1] },
    ],
  ),
];
