/**
 * The key log: the secrets of a session as lines of text, in the manner of TLS's `SSLKEYLOGFILE`. Whoever has it can read
 * the session's media. Fields are separated by one space; lines with other first words are to be skipped.
 *
 * ```
 * ARCRTC_MASTER  session_id  epoch  master_key                 64 hex digits; one line for each epoch, SPEC clause 3.3
 * ARCRTC_SUITE   session_id  suite  authentication             what was agreed on
 * ARCRTC_STREAM  session_id  sender's peer_id  JSON            of its STREAM_START: stream_id, SSRCs, codecs, contexts
 * ```
 *
 * The first line is the secret; the others are what the keys are derived with and what tells whose packet it is, so that a
 * capture can be read without the signaling beside it. Media may overtake its STREAM_START: a reader takes all lines in
 * before it opens packets.
 */
import { toHex } from "../../lib/base/bytes.ts";
import type { Authentication, SuiteName } from "../../lib/crypto/suites.ts";
import type { StreamStart } from "../../lib/signaling/messages/stream_start.ts";
import type { StreamOffer } from "../../lib/signaling/stream_exchange.ts";

export function masterKeyLine(sessionId: string, epoch: number, master: Uint8Array): string {
  return `ARCRTC_MASTER ${sessionId} ${epoch} ${toHex(master)}\n`;
}

export function suiteLine(sessionId: string, suite: SuiteName, authentication: Authentication): string {
  return `ARCRTC_SUITE ${sessionId} ${suite} ${authentication}\n`;
}

/** A STREAM_START serves as well as the offer that becomes one: what says nothing of the packets is left out. */
export function streamLine(sessionId: string, senderPeerId: string, stream: StreamOffer | StreamStart): string {
  const { stream_id, stream_type, codec, ssrc, reduced_header, quality_ladder, rtcp_ssrc, rtx, fec } = stream;
  const json = { stream_id, stream_type, codec, ssrc, reduced_header, quality_ladder, rtcp_ssrc, rtx, fec };
  return `ARCRTC_STREAM ${sessionId} ${senderPeerId} ${JSON.stringify(json)}\n`;
}
