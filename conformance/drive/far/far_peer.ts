/**
 * The other peer of a call, played honestly by the suite: it has the keys, answers what has to be answered, and hears
 * everything. A case does the rest by hand, and goes wrong where it wants to.
 *
 * ```ts
 * const far = await world.call("callee");          // the peer under test is the callee; keys are agreed on
 * await far.validate();                            // its path to us is valid, and so is ours to it
 * const stream = await far.startAudio();           // announced, and acknowledged by the peer
 * await far.path.send(stream.packet());
 * const block = await far.report(stream);          // what the peer says that it has received
 * ```
 */
import type { HostPort } from "../../../lib/base/address_table.ts";
import { toHex } from "../../../lib/base/bytes.ts";
import { SystemRng } from "../../../lib/net/system_rng.ts";
import { uuidV4 } from "../../../lib/base/uuid.ts";
import type { RtcpPacket } from "../../../lib/packet/rtcp/compound.ts";
import type { ReportBlock } from "../../../lib/packet/rtcp/report_block.ts";
import type { Negotiated, SessionKeys } from "../../../lib/signaling/session_keys.ts";
import { brief } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import { type Line, messageOf } from "../line.ts";
import type { PeerRole } from "../peer_source.ts";
import type { PeerWorld } from "../peer_world.ts";
import { FarEar } from "./far_ear.ts";
import { FarEpochs } from "./far_epochs.ts";
import { FarKeys } from "./far_keys.ts";
import type { FarPath } from "./far_path.ts";
import type { FarSocket } from "./far_socket.ts";
import { FarStream } from "./far_stream.ts";
import type { HeardLog, HeardPacket } from "./heard_log.ts";
import type { PlayedRelay } from "./played_relay.ts";
import type { RemoteStreams } from "./remote_streams.ts";
import type { Stage } from "./stage.ts";

/** Requests that are acknowledged as they come, unless a case keeps silent. */
const ACKNOWLEDGED = ["STREAM_START", "STREAM_STOP", "QUALITY_ADAPT", "DISCONNECT"];

/** An answer on a quiet host takes a few milliseconds. */
const FENCE_AGAIN_MS = 1000;

const NOWHERE = { host: "127.0.0.1", port: 9 };

export interface FarParts {
  readonly world: PeerWorld;
  readonly log: HeardLog;
  readonly signal: Line;
  readonly stage: Stage;
  readonly agreement: SessionKeys;
  readonly negotiated: Negotiated;
  /** Of the peer under test. */
  readonly role: PeerRole;
  /** The CONNECT of ours; empty where the peer under test is the caller. */
  readonly hello: Json;
  /** The peer's CONNECT or CONNECT_ACK. */
  readonly heard: Json;
  /** Of ours. */
  readonly networkInfo: Json;
}

export class FarPeer {
  readonly log: HeardLog;
  /** Where the peer can reach us, and relays that we play. */
  readonly stage: Stage;
  readonly keys: FarKeys;
  readonly epochs: FarEpochs;
  readonly rtcpSsrc: number;
  /** Types of requests that get no answer. */
  readonly unanswered = new Set<string>();
  /** Sees each unit as it was on the wire; it is borrowed. */
  onUnit: ((unit: Uint8Array) => void) | undefined;
  readonly #parts: FarParts;
  readonly #rng = new SystemRng();
  readonly #ear: FarEar;
  #signal: Line;
  #sequence = 0;
  #unnamed = 0;

  constructor(parts: FarParts) {
    const { world, log, signal, stage, agreement, negotiated, role, networkInfo } = parts;
    this.#parts = parts;
    this.log = log;
    this.#signal = signal;
    const { peerId, remotePeerId } = this;
    const keys = new FarKeys(negotiated.suite, negotiated.authentication, peerId, remotePeerId);
    keys.epochMade(0, agreement.master(0) ?? new Uint8Array(32));
    this.keys = keys;
    this.#ear = new FarEar(keys, log);
    const ask = (message: Json & { readonly type: string }) => this.ask(message);
    this.epochs = new FarEpochs({ world, agreement, negotiated, role, keys, peerId, remotePeerId, networkInfo, ask });
    this.stage = stage;
    this.rtcpSsrc = this.#rng.u32();
  }

  get remote(): RemoteStreams {
    return this.#ear.remote;
  }

  get #world(): PeerWorld {
    return this.#parts.world;
  }

  /** The CONNECT of ours. */
  get hello(): Json & { readonly type: string } {
    return { type: "CONNECT", ...this.#parts.hello };
  }

  /** The signaling connection of the peer under test. */
  get signal(): Line {
    return this.#signal;
  }

  /** The public key that the peer began with, as text. */
  get remoteKey(): unknown {
    return (this.#parts.heard.encryption as Json).public_key;
  }

  /** Skips where the peer has not said that it can (SPEC ARC-LOSS-rtx-agreed). */
  needs(capability: "reduced_header" | "rtx" | "fec"): void {
    const { [capability]: can } = (this.#parts.heard.capabilities ?? {}) as Json;
    if (can !== true) this.#world.skip(`the peer does not offer ${capability}`);
  }

  get sessionId(): string {
    return this.#world.sessionId;
  }

  get peerId(): string {
    return this.#parts.role === "caller" ? this.#world.calleeId : this.#world.callerId;
  }

  get remotePeerId(): string {
    return this.#parts.role === "caller" ? this.#world.callerId : this.#world.calleeId;
  }

  /** Units of SSRCs that no STREAM_START has named yet. */
  get unknownUnits(): number {
    return this.#ear.earlyUnits;
  }

  get paths(): readonly FarSocket[] {
    return this.stage.paths;
  }

  get relays(): readonly PlayedRelay[] {
    return this.stage.relays;
  }

  /** Where the peer listens for TCP when it is the callee: on the port number that it has named for UDP. */
  get listensAt(): HostPort {
    const { public_ip, public_port, local = [] } = this.#parts.heard.network_info as {
      readonly public_ip?: string;
      readonly public_port?: number;
      readonly local?: readonly { readonly ip: string; readonly port: number }[];
    };
    const [own] = local;
    return own === undefined
      ? { host: public_ip ?? NOWHERE.host, port: public_port ?? NOWHERE.port }
      : { host: own.ip, port: own.port };
  }

  /** The first path. */
  get path(): FarSocket {
    return this.paths[0];
  }

  // ---- what comes

  tookSignal(unit: Uint8Array): void {
    const message = messageOf(unit);
    this.log.push({ kind: "signal", message });
    this.#request(message, (answer) => this.signal.say(answer));
  }

  /** A unit, which is borrowed, and when it came. */
  tookUnit(path: FarPath, unit: Uint8Array, atMs: number): void {
    this.onUnit?.(unit);
    const message = this.#ear.took(path, unit, atMs);
    if (message === undefined) return;
    if (message.type === "HEARTBEAT") {
      if (path.isAnswering) this.#later(path.send(this.seal(this.heartbeatAck(message))));
    } else this.#request(message, (answer) => path.send(this.seal(answer)));
  }

  #request(message: Json, answer: (message: object) => Promise<void>): void {
    const type = String(message.type);
    if (type === "STREAM_START") this.#ear.learn(message, this.#world.desk.clock.nowMs());
    if (ACKNOWLEDGED.includes(type) && !this.unanswered.has(type)) this.#later(answer(this.ackOf(message)));
  }

  /** What is under way when the case ends is nobody's loss. */
  #later(sending: Promise<void>): void {
    sending.catch(() => {});
  }

  // ---- messages

  /** Fields that every message of a session has. */
  get head(): { readonly session_id: string; readonly timestamp: number } {
    return { session_id: this.sessionId, timestamp: this.#world.freshTimestamp() };
  }

  heartbeat(): Json & { readonly challenge: string; readonly sequence: number } {
    const challenge = toHex(this.#rng.fill(new Uint8Array(8)));
    return { type: "HEARTBEAT", ...this.head, sequence: this.#sequence++, challenge, peer_id: this.peerId };
  }

  heartbeatAck({ sequence, challenge, timestamp: original_timestamp }: Json): Json {
    const { timestamp: response_timestamp } = this.#world;
    return {
      type: "HEARTBEAT_ACK",
      session_id: this.sessionId,
      sequence,
      challenge,
      original_timestamp,
      response_timestamp,
      latency_ms: response_timestamp - Number(original_timestamp),
    };
  }

  ackOf({ type, timestamp, stream_id }: Json): Json {
    const in_reply_to = { type, timestamp, ...(stream_id === undefined ? {} : { stream_id }) };
    return { type: "ACK", session_id: this.sessionId, in_reply_to, timestamp: this.#world.timestamp };
  }

  seal(message: object, epoch?: number): Uint8Array {
    return this.keys.seal(JSON.stringify(message), epoch);
  }

  /** The next message of the type on signaling, with what it answers where that is said. */
  signals(type: string, mark: number, fields: Json = {}): Promise<Json> {
    const expected = `a message ${type}${
      Object.keys(fields).length === 0 ? "" : ` with ${brief(fields)}`
    } by signaling`;
    return this.log.find(
      expected,
      mark,
      (heard) => heard.kind === "signal" ? matching(heard.message, type, fields) : undefined,
    );
  }

  /** The next sealed message of the type. */
  seals(type: string, mark: number, fields: Json = {}): Promise<Json> {
    const expected = `a sealed ${type}${Object.keys(fields).length === 0 ? "" : ` with ${brief(fields)}`}`;
    return this.log.find(
      expected,
      mark,
      (heard) => heard.kind === "sealed" ? matching(heard.message, type, fields) : undefined,
    );
  }

  /** Sends a request by signaling; its ACK, ERROR, or other answer. */
  async ask(message: Json & { readonly type: string }): Promise<Json> {
    const { mark } = this.log;
    await this.signal.say(message);
    return await this.log.find(`an answer to ${message.type}`, mark, (heard) => {
      if (heard.kind !== "signal") return undefined;
      const { type, in_reply_to: reply } = heard.message as { type?: unknown; in_reply_to?: Json };
      if (type === `${message.type}_ACK`) return heard.message;
      const isAnswer = (type === "ACK" || type === "ERROR") && reply?.type === message.type &&
        reply?.timestamp === message.timestamp;
      return isAnswer ? heard.message : undefined;
    });
  }

  /** A message that breaks a rule: it must be refused with the code. */
  async refused(message: Json & { readonly type: string }, code: string): Promise<void> {
    const answer = await this.ask(message);
    this.#world.require(answer.type === "ERROR" && answer.code === code, `an ERROR ${code}`, brief(answer));
  }

  /** Cuts the signaling connection; resolves with the CONNECT by which the peer resumes over a new one. */
  async cutSignaling(awayMs = 0): Promise<Json> {
    const { mark } = this.log;
    this.#signal.close();
    this.#signal = await this.#world.connectionAgain(awayMs);
    this.#signal.divert((unit) => this.tookSignal(unit));
    return await this.signals("CONNECT", mark);
  }

  // ---- paths

  /** A socket that nobody has named, whose units we hear as those of the others. */
  unnamedPath(): FarSocket {
    const path = this.stage.socket(`unnamed ${++this.#unnamed}`);
    path.aim(this.path.remote ?? this.paths.find(({ remote }) => remote !== undefined)?.remote ?? NOWHERE);
    return path;
  }

  /** Both directions are proven: the peer has our answer, and we have its. */
  async validate(path: FarPath = this.path): Promise<void> {
    await this.probed(path, 0);
    await this.fence(path);
  }

  /** The next HEARTBEAT of the peer's on the path. */
  probed(path: FarPath, mark = this.log.mark): Promise<Json> {
    return this.log.find(
      `a sealed HEARTBEAT on ${path.line.name}`,
      mark,
      (heard) =>
        heard.kind === "sealed" && heard.path === path && heard.message.type === "HEARTBEAT"
          ? heard.message
          : undefined,
    );
  }

  /**
   * A HEARTBEAT that the peer has to answer: by then it has dealt with all that was sent there before. It is said again, in
   * a packet of its own, while no answer comes: what a busy host has lost is not the peer's fault.
   */
  async fence(path: FarPath = this.path, { epoch, ...more }: Json & { readonly epoch?: number } = {}): Promise<Json> {
    const { mark } = this.log;
    const heartbeat = { ...this.heartbeat(), ...more };
    await path.send(this.seal(heartbeat, epoch));
    const again = setInterval(() => this.#later(path.send(this.seal(heartbeat, epoch))), FENCE_AGAIN_MS);
    try {
      return await this.log.find(
        "a sealed HEARTBEAT_ACK with the challenge",
        mark,
        (heard) =>
          heard.kind === "sealed"
            ? matching(heard.message, "HEARTBEAT_ACK", { challenge: heartbeat.challenge })
            : undefined,
      );
    } finally {
      clearInterval(again);
    }
  }

  // ---- media

  /** Announces an audio stream and has the peer's ACK. `more` goes into its STREAM_START. */
  async startAudio(more: Json = {}, { firstSequence = 1000, startRoc = 0 } = {}): Promise<FarStream> {
    const stream = this.makeAudio({ firstSequence, startRoc });
    const answer = await this.ask(this.announcement(stream, more));
    this.#world.require(answer.type === "ACK", "an ACK of STREAM_START", brief(answer));
    return stream;
  }

  /** A stream that nobody has been told of. */
  makeAudio({ firstSequence = 1000, startRoc = 0 } = {}): FarStream {
    return new FarStream(this.keys, uuidV4(this.#rng), this.#rng.u32(), firstSequence, startRoc);
  }

  announcement({ streamId, ssrc }: FarStream, more: Json = {}): Json & { readonly type: string } {
    return {
      type: "STREAM_START",
      ...this.head,
      stream_id: streamId,
      stream_type: "audio",
      codec: { audio: { name: "opus", bitrate: 64_000, sample_rate: 48_000, channels: 2 } },
      ssrc,
      encryption: { key_id: streamId, algorithm: this.keys.suite },
      rtcp_ssrc: this.rtcpSsrc,
      ...more,
    };
  }

  /** What the next report says of the stream: one that was made after all that the peer has dealt with by now. */
  async report(stream: { readonly ssrc: number }, path: FarPath = this.path): Promise<ReportBlock> {
    await this.fence(path);
    return await this.log.find(
      `a report on SSRC ${stream.ssrc}`,
      this.log.mark,
      (heard) => heard.kind === "rtcp" ? blockOf(heard.packets, stream.ssrc) : undefined,
    );
  }

  /** RTCP of ours, in a compound behind an empty receiver report. */
  rtcp(packets: readonly RtcpPacket[], epoch?: number): Uint8Array {
    const report: RtcpPacket = { kind: "rr", ssrc: this.rtcpSsrc, reports: [], extension: new Uint8Array(0) };
    return this.keys.protectRtcp([report, ...packets], epoch);
  }

  /** The next media packet of the peer's for which `isRight` holds. */
  hears(expected: string, mark: number, isRight: (packet: HeardPacket) => boolean = () => true): Promise<HeardPacket> {
    return this.log.find(
      expected,
      mark,
      (heard) => heard.kind === "media" && isRight(heard.packet) ? heard.packet : undefined,
    );
  }

  /** The peer's STREAM_START of a stream with this medium; skips where it sends none. */
  async remoteStream(medium: "audio" | "video"): Promise<Json> {
    const isOf = ({ stream_type: type }: Json) => type === medium || type === "both";
    const first = await this.signals("STREAM_START", 0);
    if (isOf(first)) return first;
    await this.hears("media of the peer's", 0);
    const found = [...this.remote.starts.values()].find(isOf);
    return found ?? this.#world.skip(`the peer sends no ${medium}`);
  }
}

function matching(message: Json, type: string, fields: Json): Json | undefined {
  if (message.type !== type) return undefined;
  const isSame = (name: string) => JSON.stringify(message[name]) === JSON.stringify(fields[name]);
  return Object.keys(fields).every(isSame) ? message : undefined;
}

export function blockOf(packets: readonly RtcpPacket[], ssrc: number): ReportBlock | undefined {
  return packets.flatMap((packet) => "reports" in packet ? packet.reports : []).find((block) => block.ssrc === ssrc);
}
