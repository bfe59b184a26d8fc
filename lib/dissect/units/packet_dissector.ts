/**
 * From captured packets to units: link layer, IP with its fragments, UDP, TCP put in order, and what runs over it.
 *
 * ```
 * frame -> link -> IP -> fragments -+-> UDP ------------------------------------> unit
 *                                   '-> TCP -> framed | WebSocket (Phoenix) | NATS -> units
 * ```
 */
import { readU16 } from "../../base/bytes.ts";
import { classifyUnit, UnitKind } from "../../packet/demux.ts";
import type { CapturedFrame } from "../capture/captured_frame.ts";
import { type Conversation, ConversationTable, type Direction } from "../network/conversation_table.ts";
import { DEFAULT_FRAGMENT_LIMITS, type FragmentLimits, FragmentTable } from "../network/fragments.ts";
import { IpView, PROTOCOL_TCP, PROTOCOL_UDP } from "../network/ip_view.ts";
import { isSupportedLinkType, LinkView } from "../network/link_layer.ts";
import { MemoryBudget } from "../network/memory_budget.ts";
import { TCP_MIN_HEADER_BYTES, TcpConnection } from "../network/tcp_connection.ts";
import type { StreamKind } from "../stream/stream_guess.ts";
import { StreamSession } from "../stream/stream_session.ts";
import { CapturedUnit, type PacketNote, type Transport } from "./captured_unit.ts";
import type { Envelope } from "./envelope.ts";

const UDP_HEADER_BYTES = 8;
/** Notes of one conversation; more of the same tell nothing new. */
const MAX_NOTES_EACH = 8;

/** Takes what a dissector finds. */
export interface UnitSink {
  /** The unit is the dissector's own object, borrowed for the call. */
  unit(unit: CapturedUnit): void;
  note(note: PacketNote): void;
}

export interface DissectorLimits {
  readonly fragments: FragmentLimits;
  /** What all TCP connections together may hold of what is not whole. */
  readonly streamBytes: number;
  /** A quarter of the conversations that are remembered; a power of two. */
  readonly conversationSets: number;
}

export const DEFAULT_DISSECTOR_LIMITS: DissectorLimits = {
  fragments: DEFAULT_FRAGMENT_LIMITS,
  streamBytes: 64 * 1024 * 1024,
  conversationSets: 4096,
};

/** Packets that carry no unit, by why. */
export interface PassedOver {
  /** Link types that are not known, with their number of packets. */
  readonly linkTypes: ReadonlyMap<number, number>;
  /** No IP inside, such as ARP. */
  readonly notIp: number;
  /** IP that carries neither UDP nor TCP. */
  readonly otherProtocols: number;
  /** Headers that contradict themselves. */
  readonly malformed: number;
  /** Packets that the capture cut before their headers end. */
  readonly cut: number;
  /** Fragments whose other parts never came. */
  readonly incompletePackets: number;
  /** Fragments that contradict one another. */
  readonly contradictoryPackets: number;
  /** TCP connections by what they carry that is none of ours. */
  readonly tlsConnections: number;
  readonly otherConnections: number;
  /** Conversations that had to make room for others. */
  readonly evictedConversations: number;
  /** Notes beyond the first few of a conversation. */
  readonly suppressedNotes: number;
}

interface ConversationState {
  tcp: TcpConnection | undefined;
  session: StreamSession | undefined;
  notes: number;
}

export class PacketDissector {
  /** Packets taken. */
  packets = 0;

  readonly #sink: UnitSink;
  readonly #link = new LinkView();
  readonly #ip = new IpView();
  readonly #unit = new CapturedUnit();
  readonly #fragments: FragmentTable;
  readonly #budget: MemoryBudget;
  readonly #conversations: ConversationTable<ConversationState>;
  readonly #linkTypes = new Map<number, number>();
  #notIp = 0;
  #otherProtocols = 0;
  #malformed = 0;
  #cut = 0;
  #tlsConnections = 0;
  #otherConnections = 0;
  #suppressedNotes = 0;

  constructor(sink: UnitSink, limits: DissectorLimits = DEFAULT_DISSECTOR_LIMITS) {
    this.#sink = sink;
    this.#fragments = new FragmentTable(limits.fragments);
    this.#budget = new MemoryBudget(limits.streamBytes);
    this.#conversations = new ConversationTable<ConversationState>(
      () => ({ tcp: undefined, session: undefined, notes: 0 }),
      (conversation) => this.#closeStream(conversation),
      limits.conversationSets,
    );
  }

  get passedOver(): PassedOver {
    return {
      linkTypes: this.#linkTypes,
      notIp: this.#notIp,
      otherProtocols: this.#otherProtocols,
      malformed: this.#malformed,
      cut: this.#cut,
      incompletePackets: this.#fragments.incomplete + this.#fragments.waiting,
      contradictoryPackets: this.#fragments.contradictory,
      tlsConnections: this.#tlsConnections,
      otherConnections: this.#otherConnections,
      evictedConversations: this.#conversations.evicted,
      suppressedNotes: this.#suppressedNotes,
    };
  }

  /** Bytes held for streams and fragments that are not whole. */
  get heldBytes(): number {
    return this.#budget.usedBytes + this.#fragments.heldBytes;
  }

  /** Takes the next packet; its units are handed to the sink before this returns. */
  handle(frame: CapturedFrame): void {
    this.packets++;
    const unit = this.#unit;
    unit.packet = frame.number;
    unit.timeS = frame.timeS;
    unit.timeNs = frame.timeNs;
    if (!this.#link.parse(frame.linkType, frame.bytes, frame.start, frame.end)) return this.#countNoIp(frame);
    const ip = this.#ip;
    if (!ip.parse(frame.bytes, this.#link.ipStart, frame.end)) return this.#countBadIp();
    if (ip.isFragment) {
      const before = this.#fragments.contradictory;
      if (!this.#fragments.handle(ip, frame.timeS)) {
        if (this.#fragments.contradictory > before) this.#note(undefined, "IP fragments contradict one another");
        return;
      }
    }
    if (ip.protocol === PROTOCOL_UDP) this.#takeUdp(ip);
    else if (ip.protocol === PROTOCOL_TCP) this.#takeTcp(ip);
    else this.#otherProtocols++;
  }

  /** Tells that the capture has ended: what streams still hold is handed out. */
  end(): void {
    for (const conversation of this.#conversations.held()) this.#closeStream(conversation);
    this.#fragments.end();
  }

  #takeUdp(ip: IpView): void {
    const { bytes, payloadStart: start, payloadEnd: end } = ip;
    if (end - start < UDP_HEADER_BYTES) return this.#countShort(ip);
    const announced = readU16(bytes, start + 4);
    if (announced !== 0 && announced < UDP_HEADER_BYTES) {
      this.#malformed++;
      return;
    }
    const unitStart = start + UDP_HEADER_BYTES;
    const fullEnd = announced === 0 ? end + ip.missingBytes : start + announced;
    const conversation = this.#conversations.find(ip, PROTOCOL_UDP, readU16(bytes, start), readU16(bytes, start + 2));
    this.#emit(
      conversation,
      this.#conversations.direction,
      "udp",
      bytes,
      unitStart,
      Math.min(end, fullEnd),
      Math.max(0, fullEnd - end),
      undefined,
    );
  }

  #takeTcp(ip: IpView): void {
    const { bytes, payloadStart: start, payloadEnd: end } = ip;
    if (end - start < TCP_MIN_HEADER_BYTES) return this.#countShort(ip);
    const conversation = this.#conversations.find(ip, PROTOCOL_TCP, readU16(bytes, start), readU16(bytes, start + 2));
    const { direction } = this.#conversations;
    const { state } = conversation;
    const tcp = state.tcp ?? this.#openStream(conversation);
    if (tcp.handle(direction, bytes, start, end, ip.missingBytes)) return;
    this.#closeStream(conversation);
    this.#openStream(conversation).handle(direction, bytes, start, end, ip.missingBytes);
  }

  #openStream(conversation: Conversation<ConversationState>): TcpConnection {
    const session = new StreamSession({
      unit: (direction, kind, bytes, start, end, envelope) =>
        this.#emit(conversation, direction, transportOf(kind), bytes, start, end, 0, envelope),
      note: (direction, message) => this.#note(conversation, message, direction),
    }, this.#budget);
    const tcp = new TcpConnection(session, this.#budget);
    conversation.state.tcp = tcp;
    conversation.state.session = session;
    return tcp;
  }

  #closeStream(conversation: Conversation<ConversationState>): void {
    const { tcp, session } = conversation.state;
    if (tcp === undefined) return;
    tcp.close();
    for (const direction of session?.directions ?? []) direction.end();
    if (session?.kind === "tls") this.#tlsConnections++;
    else if (session?.kind === "other" || session?.kind === "http") this.#otherConnections++;
    if (tcp.missingBytes > 0) {
      this.#note(conversation, `${tcp.missingBytes} bytes of the connection are not in the capture`);
    }
    conversation.state.tcp = undefined;
    conversation.state.session = undefined;
  }

  #emit(
    conversation: Conversation<ConversationState>,
    direction: Direction,
    transport: Transport,
    bytes: Uint8Array,
    start: number,
    end: number,
    cutBytes: number,
    envelope: Envelope | undefined,
  ): void {
    const unit = this.#unit;
    unit.number++;
    unit.transport = transport;
    unit.conversation = conversation.number;
    unit.direction = direction;
    unit.source = direction === 0 ? conversation.a : conversation.b;
    unit.destination = direction === 0 ? conversation.b : conversation.a;
    unit.bytes = bytes;
    unit.start = start;
    unit.end = end;
    unit.cutBytes = cutBytes;
    unit.envelope = envelope;
    const isFrameItself = envelope !== undefined && envelope.kind === "phoenix" && !envelope.hasMessage;
    unit.kind = isFrameItself ? UnitKind.unknown : classifyUnit(bytes, start, end);
    this.#sink.unit(unit);
  }

  #note(conversation: Conversation<ConversationState> | undefined, message: string, direction?: Direction): void {
    if (conversation !== undefined && ++conversation.state.notes > MAX_NOTES_EACH) {
      this.#suppressedNotes++;
      return;
    }
    const from = conversation?.from(direction ?? 0).text;
    const to = conversation?.to(direction ?? 0).text;
    const between = conversation === undefined ? undefined : `${from} ${direction === undefined ? "<>" : ">"} ${to}`;
    this.#sink.note({ packet: this.#unit.packet, between, message });
  }

  #countNoIp(frame: CapturedFrame): void {
    if (isSupportedLinkType(frame.linkType)) this.#notIp++;
    else this.#linkTypes.set(frame.linkType, (this.#linkTypes.get(frame.linkType) ?? 0) + 1);
  }

  #countBadIp(): void {
    if (this.#ip.problem === "truncated") this.#cut++;
    else this.#malformed++;
  }

  #countShort(ip: IpView): void {
    if (ip.missingBytes > 0) this.#cut++;
    else this.#malformed++;
  }
}

function transportOf(kind: StreamKind): Transport {
  return kind === "websocket" ? "ws" : kind === "nats" ? "nats" : "tcp";
}
