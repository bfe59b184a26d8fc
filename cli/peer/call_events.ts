/** What happens in a call, once as a sentence for people and once as a JSON object for programs. */
import { unreachable } from "../../lib/base/unreachable.ts";
import { parseFingerprint, writeFingerprint } from "../../lib/crypto/certificate.ts";
import {
  type IdentityPolicy,
  type IdentityStanding,
  identityStanding,
  isIdentityVerified,
} from "../../lib/crypto/identity.ts";
import type { SignalingEvent } from "../../lib/net/pump.ts";
import type { FrameEvent, MediaEvent } from "../../lib/session/media_events.ts";
import type { SessionEvent } from "../../lib/session/session_events.ts";
import { describePath, describeRelay, type PathSetting } from "./path_text.ts";
import { announcedMedia } from "./stream_offer.ts";

export interface CallEvent {
  /** With `event`, its name. */
  readonly json: Readonly<Record<string, unknown>> & { readonly event: string };
  readonly text: string;
  /** What those who ask why are told behind the text. */
  readonly more?: string;
  /** The rule of the specification that it follows; such events are steps on the way to a path. */
  readonly rule?: string;
  /** `detail` is shown to those who ask why; `warning` stands out. */
  readonly level: "plain" | "detail" | "warning";
}

export interface SessionSetting extends PathSetting {
  /** What is asked of the other side's identity. */
  readonly policy: IdentityPolicy["kind"];
}

/** Undefined for what concerns nobody outside (keys, states). */
export function describeSession(event: SessionEvent, setting: SessionSetting): CallEvent | undefined {
  switch (event.kind) {
    case "state":
    case "keys":
      return undefined;
    case "connected": {
      const { remote, negotiated, codecs } = event.agreement;
      const fingerprint = remote.certificate === null ? null : writeFingerprint(remote.certificate.fingerprint);
      const standing = identityStanding(remote.certificate, setting.policy);
      const { suite, authentication } = negotiated;
      return {
        json: {
          event: "connected",
          remote_peer_id: remote.peerId,
          cipher: suite,
          authentication,
          codecs,
          identity: standing,
          identity_verified: isIdentityVerified(standing),
          remote_certificate_sha256: fingerprint,
        },
        text: `connected to peer ${remote.peerId}, ${suite}, ${authentication}\n${standingText(standing, fingerprint)}`,
        level: "plain",
      };
    }
    case "resumed":
      return plain({ event: "resumed", epoch: event.epoch }, `session resumed, epoch ${event.epoch}`);
    case "rotated":
      // The first keys are no rotation.
      if (event.epoch === 0) return undefined;
      return plain({ event: "rotated", epoch: event.epoch }, `new keys: sending under epoch ${event.epoch}`);
    case "stream_offered": {
      const { start } = event;
      const media = announcedMedia(start).map(({ kind, codec }) => `${kind} ${codec}`).join(" and ");
      return plain(
        { event: "stream_offered", stream_id: start.stream_id, stream_type: start.stream_type, codec: start.codec },
        `receiving ${media || "a custom codec"}`,
      );
    }
    case "stream_accepted":
      return plain(
        { event: "stream_accepted", stream_id: event.streamId },
        "the peer accepts a stream of ours",
        "detail",
      );
    case "stream_refused":
      return plain(
        { event: "stream_refused", stream_id: event.streamId, message: event.message },
        `the peer refuses a stream of ours: ${event.message}`,
        "warning",
      );
    case "stream_stopped":
      return plain(
        { event: "stream_stopped", stream_id: event.streamId, reason: event.reason },
        `the peer has ended a stream: ${event.reason}`,
        "detail",
      );
    case "path":
      return describePath(event.event, setting);
    case "relay":
      return describeRelay(event.event);
    case "warning":
      return plain({ event: "warning", code: event.code, message: event.message }, warningText(event), "warning");
    case "closed": {
      const { why, byPeer, message, code } = event;
      return plain({ event: "closed", why, by_peer: byPeer, message, ...(code && { code }) }, `closed: ${message}`);
    }
    default:
      return unreachable(event);
  }
}

function standingText(standing: IdentityStanding, fingerprint: string | null): string {
  switch (standing) {
    case "none":
      return "the peer's identity is NOT verified: the signaling server is trusted (see --pin, --identity-ca)";
    case "shown":
      return `the peer shows a certificate that nothing here vouches for: the signaling server is trusted\n` +
        `to be sure, compare its SHA-256 with the peer's own and use --pin ${fingerprint}`;
    case "pinned":
    case "issued":
      return `the peer's identity is verified: certificate ${standing}, SHA-256 ${fingerprint}`;
    default:
      return unreachable(standing);
  }
}

export function describeMedia(event: Exclude<MediaEvent, FrameEvent>): CallEvent | undefined {
  switch (event.kind) {
    case "rung":
      return plain(
        { event: "rung", stream_id: event.streamId, rung: event.rung, because: event.because },
        `quality: rung ${event.rung} from the next key frame on (${event.because})`,
      );
    case "keyframe_request":
      return plain({ event: "keyframe_request", stream_id: event.streamId }, "the peer asks for a key frame", "detail");
    case "stream_active":
      return plain({ event: "stream_active", stream_id: event.streamId }, "packets of a stream come", "detail");
    case "stream_silent":
      return plain(
        { event: "stream_silent", stream_id: event.streamId, silent_ms: event.silentMs },
        `nothing has come of a stream for ${Math.round(event.silentMs)} ms`,
        "warning",
      );
    case "security_event":
      return plain(
        { event: "security_event", stream_id: event.streamId },
        "many packets fail to authenticate: changing the keys",
        "warning",
      );
    case "stop":
      return plain(
        { event: "keys_spent", epoch: event.epoch },
        `the keys of epoch ${event.epoch} are used up`,
        "warning",
      );
    case "epoch_authenticated":
      return undefined;
    default:
      return unreachable(event);
  }
}

export function describeSignaling(event: SignalingEvent): CallEvent {
  if (event.kind === "up") {
    const { name, peerCertificateSha256 } = event.link;
    const certificate = peerCertificateSha256 === undefined ? undefined : parseFingerprint(peerCertificateSha256);
    return plain(
      {
        event: "signaling_up",
        server: name,
        server_certificate_sha256: certificate?.ok ? writeFingerprint(certificate.value) : null,
      },
      `signaling: ${name}`,
    );
  }
  const { why, retryInMs } = event;
  const next = retryInMs === undefined ? "giving up" : `next try in ${Math.round(retryInMs)} ms`;
  return plain(
    { event: "signaling_down", why, retry_in_ms: retryInMs ?? null },
    `signaling lost: ${why}; ${next}`,
    "warning",
  );
}

function plain(json: CallEvent["json"], text: string, level: CallEvent["level"] = "plain"): CallEvent {
  return { json, text, level };
}

function warningText({ code, message, byPeer }: Extract<SessionEvent, { kind: "warning" }>): string {
  if (code === undefined) return message;
  return byPeer === true ? `the other side refuses (${code}): ${message}` : `${code}: ${message}`;
}
