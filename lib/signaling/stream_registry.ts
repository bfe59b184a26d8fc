/**
 * Every stream_id, SSRC and reduced-header context that a session has used, by either peer: each serves once (SPEC 3.4),
 * because a repeated SSRC under one key repeats nonces.
 */
import type { Fault } from "../base/parsed.ts";
import type { SuiteName } from "../crypto/suites.ts";
import { mediaSsrcs, type StreamStart } from "./messages/stream_start.ts";

export type StreamOwner = "own" | "remote";

interface KnownStream {
  readonly owner: StreamOwner;
  readonly start: StreamStart;
  running: boolean;
}

/** Streams that a session may ever have had: bounded, because a peer must not fill our memory with announcements. */
const MAX_STREAMS = 256;
/** Streams of one peer at a time: each costs buffers from its announcement on. */
const MAX_RUNNING = 32;

/** All SSRCs that a STREAM_START claims: media, RTX, FEC, and that of the sender's RTCP. */
export function claimedSsrcs(start: StreamStart): readonly number[] {
  return [
    ...mediaSsrcs(start),
    ...(start.rtx ?? []).map((entry) => entry.ssrc),
    ...(start.fec ?? []).map((entry) => entry.ssrc),
  ];
}

export class StreamRegistry {
  readonly #suite: SuiteName;
  readonly #streams = new Map<string, KnownStream>();
  readonly #ssrcs = new Map<number, string>();
  /** SSRCs of RTCP senders: one per peer, shared by its streams. */
  readonly #rtcpSsrcs = new Map<number, StreamOwner>();
  readonly #contexts = { own: new Map<number, string>(), remote: new Map<number, string>() };

  constructor(suite: SuiteName) {
    this.#suite = suite;
  }

  /**
   * Judges a STREAM_START: undefined when it is a new stream or the same one announced again (after a resumption, or
   * because the first announcement was lost); otherwise the `bad_state` or `bad_key` fault. Changes nothing. SPEC
   * ARC-KEY-stream-id-once, ARC-KEY-ssrc-once, ARC-RTP-reduced-context-unique, ARC-SRTP-choice-stream-equal.
   */
  judge(owner: StreamOwner, start: StreamStart): Fault | undefined {
    if (start.encryption.algorithm !== this.#suite) {
      return badState(
        "$.encryption.algorithm",
        `the session's suite ${this.#suite}, got ${start.encryption.algorithm}`,
      );
    }
    // We hold no stored keys: SPEC ARC-SRTP-choice-key-id.
    if (start.encryption.key_id !== start.stream_id) {
      const path = "$.encryption.key_id";
      return { reason: "bad_key", path, message: `Cannot accept STREAM_START: ${path}: no such stored key is held` };
    }
    const known = this.#streams.get(start.stream_id);
    if (known !== undefined) {
      const same = known.owner === owner && known.running && sameClaims(known.start, start);
      return same ? undefined : badState("$.stream_id", "a new stream_id: this one is used up");
    }
    if (this.#streams.size >= MAX_STREAMS) return badState("$.stream_id", `at most ${MAX_STREAMS} streams a session`);
    if (this.running(owner).length >= MAX_RUNNING) {
      return badState("$.stream_id", `at most ${MAX_RUNNING} streams at a time`);
    }
    for (const ssrc of claimedSsrcs(start)) {
      if (this.#ssrcs.has(ssrc) || this.#rtcpSsrcs.has(ssrc)) return badState("$.ssrc", `a new SSRC: ${ssrc} is used`);
    }
    const rtcp = start.rtcp_ssrc;
    if (rtcp !== undefined) {
      const owned = this.#rtcpSsrcs.get(rtcp) ?? this.#ownerOf(rtcp);
      if (owned !== undefined && owned !== owner) return badState("$.rtcp_ssrc", `an SSRC of the sender's own`);
    }
    for (const { context_id } of start.reduced_header ?? []) {
      if (this.#contexts[owner].has(context_id)) {
        return badState("$.reduced_header", `a new context id: ${context_id} is defined`);
      }
    }
    return undefined;
  }

  /** Enters a stream that {@link judge} had nothing against; true when it is new. */
  add(owner: StreamOwner, start: StreamStart): boolean {
    const known = this.#streams.get(start.stream_id);
    if (known !== undefined) return false;
    this.#streams.set(start.stream_id, { owner, start, running: true });
    for (const ssrc of claimedSsrcs(start)) this.#ssrcs.set(ssrc, start.stream_id);
    if (start.rtcp_ssrc !== undefined) this.#rtcpSsrcs.set(start.rtcp_ssrc, owner);
    for (const { context_id } of start.reduced_header ?? []) this.#contexts[owner].set(context_id, start.stream_id);
    return true;
  }

  /** True when the stream exists, is the owner's and runs. */
  isRunning(owner: StreamOwner, streamId: string): boolean {
    const known = this.#streams.get(streamId);
    return known !== undefined && known.owner === owner && known.running;
  }

  /** Ends a running stream; its ids stay used up (SPEC ARC-SIG-state-stop). */
  stop(owner: StreamOwner, streamId: string): boolean {
    const known = this.#streams.get(streamId);
    if (known === undefined || known.owner !== owner || !known.running) return false;
    known.running = false;
    return true;
  }

  /** The owner's running streams as they were announced. */
  running(owner: StreamOwner): readonly StreamStart[] {
    return [...this.#streams.values()].filter((known) => known.owner === owner && known.running)
      .map((known) => known.start);
  }

  #ownerOf(ssrc: number): StreamOwner | undefined {
    const streamId = this.#ssrcs.get(ssrc);
    return streamId === undefined ? undefined : this.#streams.get(streamId)?.owner;
  }
}

function sameClaims(a: StreamStart, b: StreamStart): boolean {
  const claims = (start: StreamStart) =>
    JSON.stringify([start.stream_type, claimedSsrcs(start), start.rtcp_ssrc ?? null, start.reduced_header ?? []]);
  return claims(a) === claims(b);
}

function badState(path: string, expected: string): Fault {
  return { reason: "bad_state", path, message: `Cannot accept STREAM_START: ${path}: expected ${expected}` };
}
