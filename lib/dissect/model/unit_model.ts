/**
 * A unit with what the capture before it tells about it: which session and stream it belongs to, its full header where it
 * came reduced, its dialect, its message, its fields. Displays, filters and analyses all work on this.
 */
import { readU32 } from "../../base/bytes.ts";
import type { Fault } from "../../base/parsed.ts";
import type { Authentication } from "../../crypto/suites.ts";
import type { ArcRtpView } from "../../packet/arcrtp.ts";
import { UnitKind } from "../../packet/demux.ts";
import type { FieldNode } from "../../packet/field_node.ts";
import type { RtpView } from "../../packet/rtp_view.ts";
import type { ArmoricoreMessage } from "../../signaling/armoricore_messages.ts";
import type { Message, StatusMessage } from "../../signaling/messages/registry.ts";
import { TOPIC_PREFIX } from "../../signaling/phoenix_frame.ts";
import { CapturedUnit } from "../units/captured_unit.ts";
import { ConversationMemo } from "./conversation_memo.ts";
import type { Dialect } from "./dialect_evidence.ts";
import { dissectUnit } from "./dissect_unit.ts";
import type { Opening } from "./opening.ts";
import { readRtcpUnit, type RtcpReading } from "./rtcp_reading.ts";
import type { SessionEntry, SessionRegistry, SsrcEntry } from "./session_registry.ts";

/** One object for all units: what it says is of the unit that it was moved to last. */
export class UnitModel {
  unit: CapturedUnit = new CapturedUnit();
  /** `rtp` where packets have no Arc block; undefined for units that have no dialect. */
  dialect: Dialect | undefined = undefined;
  /**
   * The RTP header, with what lies behind it in a packet that came whole; of a reduced packet the header alone, in bytes of
   * its own. Undefined for units that are no media, malformed, or reduced with a context that is not known.
   */
  rtp: RtpView | undefined = undefined;
  /** As {@link rtp}, where there is an Arc block. */
  arc: ArcRtpView | undefined = undefined;
  /** The message of a JSON unit, where it is one; without its seal. */
  message: Message | undefined = undefined;
  status: StatusMessage | undefined = undefined;
  engineMessage: ArmoricoreMessage | undefined = undefined;
  isSealed = false;
  /** Time of the capture's first unit: what relative times count from. */
  originS = 0;
  originNs = 0;
  /** What keys made of it; undefined where there are none for it, or nothing to open. */
  opening: Opening | undefined = undefined;
  /** What is wrong with the unit by itself, its plaintext included where that is known. */
  fault: Fault | undefined = undefined;

  readonly #registry: SessionRegistry;
  #memo = new ConversationMemo();
  #nodes: readonly FieldNode[] | undefined;
  #rtcp: RtcpReading | undefined;
  #entry: SsrcEntry | undefined;
  #hasEntry = false;

  constructor(registry: SessionRegistry) {
    this.#registry = registry;
  }

  /** Moves to another unit; for {@link UnitModeller}. */
  reset(unit: CapturedUnit, memo: ConversationMemo): void {
    this.unit = unit;
    this.dialect = undefined;
    this.rtp = undefined;
    this.arc = undefined;
    this.message = undefined;
    this.status = undefined;
    this.engineMessage = undefined;
    this.isSealed = false;
    this.opening = undefined;
    this.fault = undefined;
    this.#memo = memo;
    this.#nodes = undefined;
    this.#rtcp = undefined;
    this.#hasEntry = false;
  }

  /** Seconds since the capture's first unit, exact to the nanosecond for months. */
  get timeS(): number {
    const { timeS, timeNs } = this.unit;
    return timeS - this.originS + (timeNs - this.originNs) / 1e9;
  }

  /** What was announced of the unit's SSRC: of the media, or of the sender of RTCP. */
  get entry(): SsrcEntry | undefined {
    if (!this.#hasEntry) {
      const ssrc = this.ssrc;
      this.#entry = ssrc === undefined ? undefined : this.#registry.ssrc(ssrc);
      this.#hasEntry = true;
    }
    return this.#entry;
  }

  /** SSRC of the media, or of the sender of RTCP. */
  get ssrc(): number | undefined {
    if (this.rtp !== undefined) return this.rtp.ssrc;
    const { kind, bytes, start, end } = this.unit;
    return kind === UnitKind.rtcp && end - start >= 8 ? readU32(bytes, start + 4) : undefined;
  }

  /** The session: of the message, of the SSRC, or of what went before in the conversation. */
  get sessionId(): string | undefined {
    const named = this.#namedSession();
    return named ?? this.entry?.stream.session.id ?? this.#mediaSession()?.id;
  }

  get session(): SessionEntry | undefined {
    const id = this.sessionId;
    return id === undefined ? undefined : this.#registry.session(id);
  }

  /** The peer that speaks in this direction of the conversation, as far as its messages have told. */
  get speaker(): string | undefined {
    const id = this.sessionId;
    return id === undefined ? undefined : this.#registry.speaker(id, this.unit);
  }

  get streamId(): string | undefined {
    const { message } = this;
    if (message !== undefined && "stream_id" in message) return message.stream_id;
    return this.entry?.stream.id;
  }

  /** RTCP as far as it can be read; undefined for other units. */
  get rtcp(): RtcpReading | undefined {
    if (this.unit.kind !== UnitKind.rtcp) return undefined;
    return this.#rtcp ??= readRtcpUnit(this.unit.view(), this.session?.authentication, this.#plain());
  }

  #plain(): Uint8Array | undefined {
    return this.opening?.kind === "opened" ? this.opening.plain : undefined;
  }

  /** How the unit is protected, as far as that is known: by the session's CONNECT_ACK, or by the look of RTCP. */
  get authentication(): Authentication | undefined {
    const { rtcp } = this;
    if (rtcp !== undefined) return "authentication" in rtcp ? rtcp.authentication : undefined;
    return this.dialect === "arcrtc-1.0" ? this.session?.authentication : undefined;
  }

  /** Forgets what was read of it before it was opened; for {@link UnitModeller}. */
  opened(opening: Opening | undefined): void {
    this.opening = opening;
    this.#rtcp = undefined;
    this.#nodes = undefined;
  }

  /** The unit's field tree. Made when asked for; borrows its bytes. */
  get nodes(): readonly FieldNode[] {
    return this.#nodes ??= dissectUnit({
      kind: this.unit.kind,
      bytes: this.unit.view(),
      dialect: this.dialect,
      isSealed: this.isSealed,
      authentication: this.authentication,
      plain: this.#plain(),
    });
  }

  #mediaSession(): SessionEntry | undefined {
    const { kind } = this.unit;
    const isMedia = kind === UnitKind.rtcp || kind === UnitKind.reduced || kind === UnitKind.arcrtp;
    return isMedia ? this.#memo.session : undefined;
  }

  #namedSession(): string | undefined {
    const { message, unit } = this;
    if (message !== undefined) return "session_id" in message ? message.session_id : undefined;
    if (this.engineMessage !== undefined) {
      return "session_id" in this.engineMessage ? this.engineMessage.session_id : undefined;
    }
    const { envelope } = unit;
    if (envelope?.kind === "phoenix" && envelope.topic.startsWith(TOPIC_PREFIX)) {
      return envelope.topic.slice(TOPIC_PREFIX.length);
    }
    return undefined;
  }
}
