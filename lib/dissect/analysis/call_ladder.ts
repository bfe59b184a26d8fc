/**
 * The calls of a capture: each session with what its peers said to one another and to servers, in order, and the media
 * that belongs to it. Bounded: a session keeps so many steps and the capture so many sessions, what is more is counted.
 */
import { NIL_UUID } from "../../base/uuid.ts";
import type { Message } from "../../signaling/messages/registry.ts";
import { BoundedMap } from "../model/bounded_map.ts";
import type { SessionEntry, SessionRegistry } from "../model/session_registry.ts";
import type { UnitModel } from "../model/unit_model.ts";
import type { StreamStats } from "./stream_stats.ts";
import { StreamTable } from "./stream_table.ts";

const MAX_CALLS = 1024;
const MAX_STEPS = 2000;
/** Of all calls together. */
const MAX_ALL_STEPS = 100_000;
const MAX_ENDPOINTS = 64;

/** One arrow of the ladder, or several of the same, one behind the other. */
export interface LadderStep {
  /** Seconds since the capture's first unit, of the first and the last of them. */
  readonly timeS: number;
  lastS: number;
  readonly packet: number;
  lastPacket: number;
  /** `address:port`. */
  readonly source: string;
  readonly destination: string;
  readonly transport: string;
  /** Message type, or `phx_join` and the like. */
  readonly what: string;
  /** What tells it from others of its type: a stream, a reason. */
  readonly about: string;
  readonly kind: "message" | "media";
  count: number;
}

/** One session of the capture. */
export interface Call {
  readonly sessionId: string;
  /** What signaling said of it; undefined where none of that is in the capture. */
  readonly session: SessionEntry | undefined;
  readonly steps: readonly LadderStep[];
  /** Steps beyond those that are kept. */
  readonly furtherSteps: number;
  /** Peers by the endpoints that speak for them alone: their own addresses, not a server's. */
  readonly endpoints: ReadonlyMap<string, string>;
  /** Its streams, in the order in which they appeared. */
  readonly media: readonly StreamStats[];
}

class CallRecord {
  readonly steps: LadderStep[] = [];
  furtherSteps = 0;
  /** Peers that an endpoint has spoken for; a server speaks for both. */
  readonly speakers = new Map<string, Set<string>>();
  readonly media: StreamStats[] = [];
}

export class CallLadder {
  readonly table: StreamTable;
  /** Calls that were forgotten to make room. */
  forgotten = 0;
  readonly #calls = new BoundedMap<string, CallRecord>(MAX_CALLS);
  readonly #order: string[] = [];
  /** Streams whose first packet has been put into a ladder. */
  readonly #placed = new Set<StreamStats>();
  #stepCount = 0;

  constructor(table: StreamTable = new StreamTable()) {
    this.table = table;
  }

  /** Takes the next unit, whatever it is; answers its stream. */
  handle(unit: UnitModel): StreamStats | undefined {
    const stream = this.table.handle(unit);
    if (stream === undefined) this.#takeMessage(unit);
    else if (!this.#placed.has(stream)) this.#beginMedia(unit, stream);
    return stream;
  }

  #takeMessage(unit: UnitModel): void {
    const step = stepOf(unit);
    const { sessionId } = unit;
    if (step === undefined || sessionId === undefined || sessionId === NIL_UUID) return;
    const call = this.#callOf(sessionId);
    noteSpeaker(call, unit);
    this.#add(call, unit, "message", step.what, step.about);
  }

  /** The calls so far, in the order in which they appeared. */
  calls(registry: SessionRegistry): Call[] {
    return this.#order.flatMap((sessionId) => {
      const call = this.#calls.get(sessionId);
      if (call === undefined) return [];
      const { steps, furtherSteps, media } = call;
      return [{
        sessionId,
        session: registry.session(sessionId),
        steps,
        furtherSteps,
        endpoints: ownEndpoints(call),
        media,
      }];
    });
  }

  #beginMedia(unit: UnitModel, stream: StreamStats): void {
    const { sessionId } = unit;
    if (sessionId === undefined) return;
    this.#placed.add(stream);
    const call = this.#callOf(sessionId);
    call.media.push(stream);
    const role = unit.entry?.role ?? "media";
    this.#add(call, unit, "media", role, `ssrc ${stream.ssrc.toString(16).padStart(8, "0")}`);
  }

  #callOf(sessionId: string): CallRecord {
    const known = this.#calls.get(sessionId);
    if (known !== undefined) return known;
    const call = new CallRecord();
    const forgotten = this.#calls.set(sessionId, call);
    if (forgotten !== undefined) {
      this.forgotten++;
      this.#stepCount -= forgotten.steps.length;
    }
    this.#order.push(sessionId);
    if (this.#order.length > 2 * MAX_CALLS) this.#order.splice(0, MAX_CALLS);
    return call;
  }

  #add(call: CallRecord, { unit, timeS }: UnitModel, kind: LadderStep["kind"], what: string, about: string): void {
    const [source, destination] = [unit.source.text, unit.destination.text];
    const same = call.steps.findLast((step, i) =>
      i >= call.steps.length - 4 && step.kind === kind && step.what === what && step.about === about &&
      step.source === source && step.destination === destination
    );
    if (same !== undefined) {
      same.count++;
      same.lastS = timeS;
      same.lastPacket = unit.packet;
      return;
    }
    if (call.steps.length >= MAX_STEPS || this.#stepCount >= MAX_ALL_STEPS) {
      call.furtherSteps++;
      return;
    }
    this.#stepCount++;
    const { packet, transport } = unit;
    call.steps.push({
      timeS,
      lastS: timeS,
      packet,
      lastPacket: packet,
      source,
      destination,
      transport,
      what,
      about,
      kind,
      count: 1,
    });
  }
}

function stepOf(unit: UnitModel): { readonly what: string; readonly about: string } | undefined {
  const { message, engineMessage } = unit;
  if (message !== undefined) return { what: message.type, about: aboutOf(message) };
  if (engineMessage !== undefined) return { what: engineMessage.type, about: "armoricore" };
  const { envelope } = unit.unit;
  // Replies of the channel say nothing; who joins and leaves does.
  if (envelope?.kind !== "phoenix" || !["phx_join", "phx_leave", "phx_close", "phx_error"].includes(envelope.event)) {
    return undefined;
  }
  return { what: envelope.event, about: "" };
}

function aboutOf(message: Message): string {
  switch (message.type) {
    case "CONNECT":
      return message.resume === true ? `resume, epoch ${message.epoch}` : "";
    case "CONNECT_ACK":
      return message.accepted ? message.encryption.algorithm : `refused: ${message.reason}`;
    case "STREAM_START":
      return `stream ${message.stream_id.slice(0, 8)} ${message.stream_type}`;
    case "STREAM_STOP":
      return `stream ${message.stream_id.slice(0, 8)} ${message.reason}`;
    case "QUALITY_ADAPT":
      return `${message.quality.bitrate} bit/s ${message.reason}`;
    case "KEY_ROTATE":
      return `epoch ${message.epoch} ${message.reason}`;
    case "KEY_ROTATE_ACK":
      return `epoch ${message.epoch}`;
    case "DISCONNECT":
      return message.reason;
    case "ACK":
      return `to ${message.in_reply_to.type}`;
    case "ERROR":
      return message.code;
    default:
      return "";
  }
}

/** A message that names its sender, or a join, tells whom the endpoint speaks for. */
function noteSpeaker(call: CallRecord, unit: UnitModel): void {
  const peerId = unit.speaker;
  if (peerId === undefined) return;
  const { text } = unit.unit.source;
  const known = call.speakers.get(text);
  if (known !== undefined) known.add(peerId);
  else if (call.speakers.size < MAX_ENDPOINTS) call.speakers.set(text, new Set([peerId]));
}

function ownEndpoints({ speakers, steps }: CallRecord): ReadonlyMap<string, string> {
  const own = new Map<string, string>();
  for (const [endpoint, peers] of speakers) {
    const [peer, other] = peers;
    if (other === undefined && !isServer(endpoint, peer, steps, speakers)) own.set(endpoint, peer);
  }
  return own;
}

/**
 * A server that only ever forwarded one peer's messages looks like that peer, but what it forwards has been said to it
 * before: by an endpoint that speaks for the same peer.
 */
function isServer(
  endpoint: string,
  peer: string,
  steps: readonly LadderStep[],
  speakers: ReadonlyMap<string, ReadonlySet<string>>,
): boolean {
  return steps.some(({ source, destination, transport }) =>
    destination === endpoint && source !== endpoint && transport !== "udp" && speaksForAlone(speakers.get(source), peer)
  );
}

function speaksForAlone(peers: ReadonlySet<string> | undefined, peer: string): boolean {
  return peers?.size === 1 && peers.has(peer);
}
