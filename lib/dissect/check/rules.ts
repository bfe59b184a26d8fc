/**
 * The rules of SPEC.md that traffic between others can show, and what has to be in a capture for each to be judged. A check
 * says of each such occasion that it was there, and of each breach which packet shows it; from both follows a verdict per rule.
 * What only asks something of a receiver (`bad_json`, `unknown_type`, ...) is not here: a sender that gives no occasion keeps
 * no such rule. Its breach by a sender is a finding all the same, under the rule that `fault_rules.ts` names.
 */

/** What shows a rule kept or broken, in words for people: one of them is one occasion. */
export interface CaptureRule {
  readonly occasion: string;
  /** Only keys show it. */
  readonly needsKeys?: true;
}

const packet = { occasion: "packet with a full header" };
const message = { occasion: "message" };
const opened = { occasion: "opened packet", needsKeys: true } as const;

export const CAPTURE_RULES = {
  // 1 Units
  "ARC-UNIT-media-size": { occasion: "media unit" },
  "ARC-UNIT-sealed-size": { occasion: "sealed unit" },
  // 2 ArcRTP
  "ARC-RTP-version": packet,
  "ARC-RTP-minimum-length": packet,
  "ARC-RTP-own-fields-length": packet,
  "ARC-RTP-payload-types-excluded": packet,
  "ARC-RTP-reserved-zero": packet,
  "ARC-RTP-bandwidth-flag": { occasion: "packet without the bandwidth flag" },
  "ARC-RTP-padding-count": { occasion: "opened packet with padding", needsKeys: true },
  "ARC-RTP-ext-bad-element": { occasion: "header extension" },
  "ARC-RTP-ext-transport-sequence-counter": { occasion: "transport-wide sequence number" },
  "ARC-RTP-priority-values": { occasion: "packet of an announced SSRC" },
  "ARC-RTP-unknown-payload-type": { occasion: "packet of an announced SSRC" },
  "ARC-RTP-initial-sequence": { occasion: "first packet of an SSRC" },
  "ARC-RTP-quality-switch": { occasion: "packet behind a change of Q" },
  "ARC-RTP-reduced-minimum-length": { occasion: "reduced packet" },
  "ARC-RTP-reduced-context": { occasion: "reduced packet" },
  "ARC-RTP-reduced-context-unique": { occasion: "context of reduced headers" },
  "ARC-RTP-reduced-first-three": { occasion: "first packets of an SSRC with contexts" },
  "ARC-RTP-reduced-refresh": { occasion: "reduced packet behind a full one" },
  "ARC-RTP-reduced-window": { occasion: "reduced packet behind a full one" },
  "ARC-RTP-reduced-epoch-pause": { occasion: "packet in the second behind a change of K" },
  // 3 Keys
  "ARC-KEY-ecdh-own-key": { occasion: "pair of public keys" },
  "ARC-KEY-ecdh-reused-key": { occasion: "public key of a later epoch" },
  "ARC-KEY-epoch-numbers": { occasion: "message that names an epoch" },
  "ARC-KEY-stream-id-once": { occasion: "STREAM_START" },
  "ARC-KEY-ssrc-once": { occasion: "announced SSRC" },
  "ARC-KEY-index-continues": { occasion: "media packet behind another" },
  "ARC-KEY-rotation-rate": { occasion: "KEY_ROTATE that is not manual" },
  "ARC-KEY-rotation-initiator-switch": { occasion: "packet of who asked, behind KEY_ROTATE_ACK" },
  "ARC-KEY-rotation-responder-switch": { occasion: "packet of who answered, 1 s behind KEY_ROTATE_ACK" },
  // 4 ArcSRTP
  "ARC-SRTP-hmac-tag": { ...opened, occasion: "opened packet with an HMAC tag" },
  "ARC-SRTP-payload-encrypted": opened,
  "ARC-SRTP-roc-start": { ...opened, occasion: "first opened packet of an SSRC" },
  "ARC-SRTP-short-packet": { occasion: "protected packet" },
  "ARC-SRTP-srtcp-layout": { occasion: "RTCP of an encrypted session" },
  "ARC-SRTP-srtcp-hmac": { ...opened, occasion: "opened SRTCP with an HMAC tag" },
  "ARC-SRTP-srtcp-index": { occasion: "SRTCP packet" },
  "ARC-SRTP-choice-suite": { occasion: "CONNECT_ACK behind its CONNECT" },
  "ARC-SRTP-choice-not-offered": { occasion: "CONNECT_ACK behind its CONNECT" },
  "ARC-SRTP-choice-resume-equal": { occasion: "CONNECT_ACK of a resumption" },
  "ARC-SRTP-choice-stream-equal": { occasion: "STREAM_START of a known session" },
  // 5 Messages
  "ARC-SIG-json-object": message,
  "ARC-SIG-message-tables": message,
  "ARC-SIG-connect-fields": { occasion: "CONNECT" },
  "ARC-SIG-connect-ack-fields": { occasion: "CONNECT_ACK" },
  "ARC-SIG-stream-start-fields": { occasion: "STREAM_START" },
  "ARC-SIG-stream-stop-fields": { occasion: "STREAM_STOP" },
  "ARC-SIG-quality-adapt-fields": { occasion: "QUALITY_ADAPT" },
  "ARC-SIG-heartbeat-fields": { occasion: "HEARTBEAT" },
  "ARC-SIG-heartbeat-ack-fields": { occasion: "HEARTBEAT_ACK" },
  "ARC-SIG-key-rotate-fields": { occasion: "KEY_ROTATE" },
  "ARC-SIG-key-rotate-ack-fields": { occasion: "KEY_ROTATE_ACK" },
  "ARC-SIG-disconnect-fields": { occasion: "DISCONNECT" },
  "ARC-SIG-ack-fields": { occasion: "ACK" },
  "ARC-SIG-error-fields": { occasion: "ERROR" },
  "ARC-SIG-relay-bind-fields": { occasion: "RELAY_BIND or RELAY_UNBIND" },
  "ARC-SIG-relay-answer-fields": { occasion: "RELAY_CHALLENGE or RELAY_BOUND" },
  "ARC-SIG-relay-keys-fields": { occasion: "RELAY_KEYS" },
  "ARC-SIG-metrics-fields": { occasion: "METRICS" },
  "ARC-SIG-connect-session-uuid": { occasion: "CONNECT" },
  "ARC-SIG-connect-ack-peer": { occasion: "CONNECT_ACK behind its CONNECT" },
  "ARC-SIG-state-ack-unoffered": { occasion: "CONNECT_ACK behind its CONNECT" },
  "ARC-SIG-state-two-peers": { occasion: "message with a peer_id" },
  "ARC-SIG-state-stop": { occasion: "packet behind a STREAM_STOP, and each stop" },
  "ARC-SIG-state-disconnect": { occasion: "packet behind a DISCONNECT, and each of these" },
  "ARC-SIG-ack-requests": { occasion: "request with its answer" },
  "ARC-SIG-repeat-first-interval": { occasion: "first repetition of a request" },
  "ARC-SIG-repeat-doubling": { occasion: "later repetition of a request" },
  "ARC-SIG-repeat-timestamps-grow": { occasion: "request" },
  "ARC-SIG-repeat-same-answer": { occasion: "second answer to a request" },
  "ARC-SIG-repeat-never": { occasion: "HEARTBEAT or METRICS on a stream" },
  "ARC-SIG-heartbeat-answer": { occasion: "HEARTBEAT_ACK behind its HEARTBEAT" },
  "ARC-SIG-heartbeat-latency": { occasion: "HEARTBEAT_ACK" },
  "ARC-SIG-heartbeat-sender-fields": { occasion: "HEARTBEAT" },
  "ARC-SIG-heartbeat-token": { occasion: "HEARTBEAT" },
  "ARC-SIG-error-codes": { occasion: "ERROR or refusal" },
  "ARC-SIG-error-path": { occasion: "ERROR with bad_message" },
  "ARC-SIG-error-not-for-error": { occasion: "ERROR" },
  "ARC-SEAL-tag": { ...opened, occasion: "sealed unit whose key is held" },
  "ARC-SEAL-counter": { occasion: "sealed unit behind another" },
  "ARC-SEAL-clear-units": { occasion: "JSON on UDP" },
  "ARC-SEAL-no-secrets": { occasion: "sealed unit" },
  // 6 Signaling transports
  "ARC-TRANSPORT-phoenix-frame": { occasion: "message in a Phoenix frame" },
  "ARC-TRANSPORT-phoenix-join": { occasion: "phx_join" },
  "ARC-TRANSPORT-phoenix-reply": { occasion: "push with its reply" },
  "ARC-TRANSPORT-phoenix-heartbeat": { occasion: "heartbeat of the channel" },
  "ARC-TRANSPORT-server-unchanged": { occasion: "message seen before and behind the server" },
  // 7 Paths
  "ARC-PATH-validated-only": { occasion: "first media of a path" },
  "ARC-PATH-keepalive": { occasion: "second of media" },
  // 8 Relay
  "ARC-RELAY-challenge": { occasion: "RELAY_BIND or RELAY_UNBIND without proof" },
  "ARC-RELAY-challenge-size": { occasion: "RELAY_CHALLENGE" },
  "ARC-RELAY-bound": { occasion: "RELAY_BOUND" },
  "ARC-RELAY-nil-heartbeat-size": { occasion: "HEARTBEAT_ACK with the nil session_id on UDP" },
  // 9 Quality
  "ARC-QUALITY-index-range": { occasion: "packet of an announced video or audio SSRC" },
  // 10 Loss, FEC, metrics
  "ARC-RTCP-reports": { occasion: "second of media" },
  "ARC-RTCP-bad-length": { occasion: "RTCP compound" },
  "ARC-RTCP-feedback": { occasion: "feedback packet in RTCP that can be read" },
  "ARC-RTCP-sender-ssrc": { occasion: "RTCP whose speaker is known" },
  "ARC-LOSS-nack-retry": { occasion: "packet asked for by NACK" },
  "ARC-LOSS-retransmit-critical": { occasion: "RTX packet" },
  "ARC-LOSS-rtx-agreed": { occasion: "STREAM_START with reduced headers, RTX or FEC" },
  "ARC-LOSS-fec-format": { occasion: "FEC packet" },
  "ARC-LOSS-fec-csrc": { occasion: "FEC packet" },
  "ARC-LOSS-fec-payload-size": { occasion: "media packet of a stream with FEC" },
  "ARC-METRICS-interval": { occasion: "METRICS behind another" },
  "ARC-METRICS-not-forwarded": { occasion: "METRICS" },
  // 12 Dialects
  "ARC-DIALECT-no-mixing": { occasion: "message of a session" },
  "ARC-DIALECT-armoricore-arc-block": { occasion: "packet of armoricore" },
  "ARC-DIALECT-armoricore-messages": { occasion: "message of armoricore" },
} as const satisfies Readonly<Record<string, CaptureRule>>;

export type RuleId = keyof typeof CAPTURE_RULES;

/** In the order of the specification. */
export const CAPTURE_RULE_IDS: readonly RuleId[] = Object.keys(CAPTURE_RULES) as RuleId[];

export function isCaptureRule(id: string): id is RuleId {
  return Object.hasOwn(CAPTURE_RULES, id);
}

/** `skipped`: nothing in the capture shows it. */
export type Verdict = "pass" | "fail" | "skipped";

/** What a capture says of one rule. */
export interface RuleVerdict {
  readonly rule: string;
  readonly verdict: Verdict;
  /** How often the capture gave occasion to keep or break it. */
  readonly occasions: number;
  readonly breaches: number;
}
