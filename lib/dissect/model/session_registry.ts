/**
 * What the signaling of a capture says about its sessions: who the peers are, what they agreed on, and which SSRC is
 * which stream's. This is what joins media to sessions.
 *
 * Bounded: the oldest session makes room for a new one, and with it what it announced.
 */
import { NIL_UUID } from "../../base/uuid.ts";
import type { Authentication, SuiteName } from "../../crypto/suites.ts";
import { findCodec, type MediaKind } from "../../media/codec.ts";
import type { ReducedContext } from "../../packet/reduced.ts";
import { mediaSsrcs, type StreamStart } from "../../signaling/messages/stream_start.ts";
import type { Message } from "../../signaling/messages/registry.ts";
import type { Direction } from "../network/conversation_table.ts";
import { BoundedMap } from "./bounded_map.ts";

/** Sessions of a capture that are remembered at a time. */
const MAX_SESSIONS = 4096;
/** Streams of one session. */
const MAX_STREAMS = 256;

export type SsrcRole = "audio" | "video" | "rtx" | "fec" | "rtcp";

/** What is known of an SSRC. */
export interface SsrcEntry {
  readonly ssrc: number;
  readonly role: SsrcRole;
  readonly stream: StreamEntry;
  /** Of its RTP clock; undefined for RTCP, and where the codec does not tell. */
  readonly clockHz: number | undefined;
}

/** A stream as its STREAM_START announced it. */
export interface StreamEntry {
  readonly id: string;
  readonly session: SessionEntry;
  /** Peer that sends it; undefined where nothing tells. */
  readonly sender: string | undefined;
  readonly start: StreamStart;
  readonly ssrcs: readonly SsrcEntry[];
  readonly contexts: readonly ReducedContext[];
  /** Number of the packet that announced it first; 0 for one out of a key log. */
  readonly packet: number;
}

export class SessionEntry {
  readonly id: string;
  /** The peers seen, two at most. */
  readonly peers: string[] = [];
  /** Who sent the CONNECT that made it; undefined where that is not in the capture. */
  caller: string | undefined = undefined;
  suite: SuiteName | undefined = undefined;
  authentication: Authentication | undefined = undefined;
  readonly streams = new Map<string, StreamEntry>();

  constructor(id: string) {
    this.id = id;
  }

  get callee(): string | undefined {
    return this.caller === undefined ? undefined : this.otherPeer(this.caller);
  }

  /** The other peer of the two, where both are known. */
  otherPeer(peerId: string): string | undefined {
    return this.peers.includes(peerId) ? this.peers.find((other) => other !== peerId) : undefined;
  }
}

/** Where a message was seen. */
export interface MessagePlace {
  readonly packet: number;
  readonly conversation: number;
  readonly direction: Direction;
}

export class SessionRegistry {
  readonly #sessions = new BoundedMap<string, SessionEntry>(MAX_SESSIONS);
  readonly #ssrcs = new Map<number, SsrcEntry>();
  /** Who speaks in a direction of a conversation, for a session: `session conversation direction`. */
  readonly #speakers = new BoundedMap<string, string>(8 * MAX_SESSIONS);
  #hasContexts = false;

  /** In the order in which they appeared. */
  get sessions(): Iterable<SessionEntry> {
    return this.#sessions.values();
  }

  /** False while no stream has announced reduced headers. */
  get hasContexts(): boolean {
    return this.#hasContexts;
  }

  session(id: string): SessionEntry | undefined {
    return this.#sessions.get(id);
  }

  /** What was announced of an SSRC; where several sessions use it, by the last of them. */
  ssrc(ssrc: number): SsrcEntry | undefined {
    return this.#ssrcs.get(ssrc);
  }

  /** The peer that speaks in this direction of a conversation, by what it has said there before. */
  speaker(sessionId: string, place: MessagePlace): string | undefined {
    return this.#speakers.get(speakerKey(sessionId, place));
  }

  /** Notes that a peer speaks there: from a Phoenix join, which is no message. */
  hears(sessionId: string, peerId: string, place: MessagePlace): void {
    this.#open(sessionId);
    this.#setSpeaker(sessionId, peerId, place);
  }

  /** Takes a message of arcrtc-1.0 in the order of the capture. */
  handle(message: Message, place: MessagePlace): void {
    switch (message.type) {
      case "CONNECT": {
        const session = this.#open(message.session_id);
        this.#setSpeaker(session.id, message.peer_id, place);
        // Of two CONNECTs that cross, the lower peer_id's counts (SPEC ARC-SIG-state-crossing-connect).
        const isFirst = session.caller === undefined || message.peer_id < session.caller;
        if (message.resume !== true && isFirst) session.caller = message.peer_id;
        return;
      }
      case "CONNECT_ACK": {
        const session = this.#open(message.session_id);
        this.#setSpeaker(session.id, message.peer_id, place);
        if (!message.accepted) return;
        this.agreed(session.id, message.encryption.algorithm, message.encryption.authentication ?? "hmac-sha256-80");
        return;
      }
      case "HEARTBEAT":
      case "KEY_ROTATE":
      case "KEY_ROTATE_ACK":
      case "METRICS":
      case "DISCONNECT":
        if (message.session_id === NIL_UUID) return;
        this.#open(message.session_id);
        if (message.peer_id !== undefined) this.#setSpeaker(message.session_id, message.peer_id, place);
        return;
      case "STREAM_START":
        this.announced(message, this.speaker(message.session_id, place), place.packet);
        return;
      default:
        return;
    }
  }

  /** Notes what a session's peers agreed on, from a message or a key log. */
  agreed(sessionId: string, suite: SuiteName, authentication: Authentication): void {
    const session = this.#open(sessionId);
    session.suite = suite;
    session.authentication = authentication;
  }

  /**
   * Notes a stream, from a message or (`packet` 0) from a key log. The first announcement in a message counts; later ones add
   * a sender that was not known.
   */
  announced(start: StreamStart, sender: string | undefined, packet: number): void {
    const session = this.#open(start.session_id);
    const known = session.streams.get(start.stream_id);
    const tellsSender = known?.sender === undefined && sender !== undefined;
    const isSignaled = known?.packet === 0 && packet > 0;
    if (known !== undefined && !tellsSender && !isSignaled) return;
    if (known === undefined && session.streams.size >= MAX_STREAMS) return;
    this.#note(session, isSignaled ? start : known?.start ?? start, known?.sender ?? sender, known?.packet || packet);
    if (sender !== undefined) this.#addPeer(session, sender);
  }

  #note(session: SessionEntry, start: StreamStart, sender: string | undefined, packet: number): void {
    const ssrcs: SsrcEntry[] = [];
    const contexts = (start.reduced_header ?? []).map((context) => ({
      contextId: context.context_id,
      ssrc: context.ssrc,
      payloadType: context.payload_type,
      quality: context.quality,
    }));
    const stream: StreamEntry = {
      id: start.stream_id,
      session,
      sender,
      start,
      ssrcs,
      contexts,
      packet,
    };
    ssrcs.push(...ssrcsOf(stream));
    session.streams.set(stream.id, stream);
    for (const entry of ssrcs) this.#ssrcs.set(entry.ssrc, entry);
    this.#hasContexts ||= contexts.length > 0;
  }

  #open(sessionId: string): SessionEntry {
    const known = this.#sessions.get(sessionId);
    if (known !== undefined) return known;
    const session = new SessionEntry(sessionId);
    const forgotten = this.#sessions.set(sessionId, session);
    for (const stream of forgotten?.streams.values() ?? []) {
      for (const { ssrc } of stream.ssrcs) {
        if (this.#ssrcs.get(ssrc)?.stream === stream) this.#ssrcs.delete(ssrc);
      }
    }
    return session;
  }

  #setSpeaker(sessionId: string, peerId: string, place: MessagePlace): void {
    this.#speakers.set(speakerKey(sessionId, place), peerId);
    const session = this.#sessions.get(sessionId);
    if (session !== undefined) this.#addPeer(session, peerId);
  }

  #addPeer({ peers }: SessionEntry, peerId: string): void {
    if (peers.length < 2 && !peers.includes(peerId)) peers.push(peerId);
  }
}

function speakerKey(sessionId: string, { conversation, direction }: MessagePlace): string {
  return `${sessionId} ${conversation} ${direction}`;
}

function ssrcsOf(stream: StreamEntry): SsrcEntry[] {
  const { start } = stream;
  const kinds: MediaKind[] = start.stream_type === "both" ? ["audio", "video"] : [start.stream_type];
  const media = mediaSsrcs(start).map((ssrc, i): SsrcEntry => {
    const role = kinds[i];
    return { ssrc, role, stream, clockHz: clockHzOf(start, role) };
  });
  const repairs = (["rtx", "fec"] as const).flatMap((role) =>
    (start[role] ?? []).map(({ ssrc, protects }): SsrcEntry => ({
      ssrc,
      role,
      stream,
      clockHz: media.find((entry) => entry.ssrc === protects)?.clockHz,
    }))
  );
  const all = [...media, ...repairs];
  const rtcp = start.rtcp_ssrc;
  if (rtcp !== undefined && !all.some(({ ssrc }) => ssrc === rtcp)) {
    all.push({ ssrc: rtcp, role: "rtcp", stream, clockHz: undefined });
  }
  return all;
}

/** SPEC ARC-RTP-clock-rate. */
function clockHzOf(start: StreamStart, kind: MediaKind): number | undefined {
  const block = start.codec[kind];
  if (block === undefined) return undefined;
  if (block.clock_rate !== undefined) return block.clock_rate;
  const clock = findCodec(block.name)?.clock;
  if (clock !== "sampling") return clock;
  return "sample_rate" in block ? block.sample_rate : undefined;
}
