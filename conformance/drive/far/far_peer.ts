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
import { toHex } from "../../../lib/base/bytes.ts";
import { unwrap } from "../../../lib/base/parsed.ts";
import { SystemRng } from "../../../lib/net/system_rng.ts";
import { uuidV4 } from "../../../lib/base/uuid.ts";
import { parsePublicKey, writePublicKey } from "../../../lib/crypto/ecdh.ts";
import { isSealed } from "../../../lib/crypto/seal.ts";
import { classifyUnit, UnitKind } from "../../../lib/packet/demux.ts";
import type { RtcpPacket } from "../../../lib/packet/rtcp/compound.ts";
import type { ReportBlock } from "../../../lib/packet/rtcp/report_block.ts";
import type { Negotiated, SessionKeys } from "../../../lib/signaling/session_keys.ts";
import { brief } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import { type Line, messageOf } from "../line.ts";
import type { PeerRole } from "../peer_source.ts";
import type { PeerWorld } from "../peer_world.ts";
import { FarKeys } from "./far_keys.ts";
import type { FarPath } from "./far_path.ts";
import { FarStream } from "./far_stream.ts";
import type { HeardLog, HeardPacket, HeardThing } from "./heard_log.ts";
import type { PlayedRelay } from "./played_relay.ts";
import { RemoteStreams, UNKNOWN_SSRC } from "./remote_streams.ts";

/** Requests that are acknowledged as they come, unless a case keeps silent. */
const ACKNOWLEDGED = ["STREAM_START", "STREAM_STOP", "QUALITY_ADAPT", "DISCONNECT"];

const NOWHERE = { host: "127.0.0.1", port: 9 };

export interface FarParts {
  readonly world: PeerWorld;
  readonly log: HeardLog;
  readonly signal: Line;
  readonly paths: readonly FarPath[];
  readonly relays: readonly PlayedRelay[];
  readonly keys: SessionKeys;
  readonly negotiated: Negotiated;
  /** Of the peer under test. */
  readonly role: PeerRole;
  /** The CONNECT of ours; empty where the peer under test is the caller. */
  readonly hello: Json;
  /** The peer's CONNECT or CONNECT_ACK. */
  readonly heard: Json;
}

export class FarPeer {
  readonly log: HeardLog;
  readonly paths: readonly FarPath[];
  readonly relays: readonly PlayedRelay[];
  readonly keys: FarKeys;
  readonly remote: RemoteStreams;
  /** Types of requests that get no answer. */
  readonly unanswered = new Set<string>();
  /** Sees each unit as it was on the wire; it is borrowed. */
  onUnit: ((unit: Uint8Array) => void) | undefined;
  readonly #parts: FarParts;
  readonly #rng = new SystemRng();
  #signal: Line;
  /** What came before its STREAM_START. */
  #early: { readonly unit: Uint8Array; readonly path: FarPath; readonly atMs: number }[] = [];
  #sequence = 0;
  #unnamed = 0;
  #rtcpSsrc: number;

  constructor(parts: FarParts) {
    const { log, signal, paths, relays, keys, negotiated } = parts;
    this.#parts = parts;
    this.log = log;
    this.#signal = signal;
    this.paths = paths;
    this.relays = relays;
    this.keys = new FarKeys(negotiated.suite, negotiated.authentication, this.peerId, this.remotePeerId);
    this.keys.epochMade(0, keys.master(0) ?? new Uint8Array(32));
    this.remote = new RemoteStreams(this.keys);
    this.#rtcpSsrc = this.#rng.u32();
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
    return this.#early.length;
  }

  /** The first path. */
  get path(): FarPath {
    return this.paths[0];
  }

  // ---- what comes

  tookSignal(unit: Uint8Array): void {
    const message = messageOf(unit);
    this.log.push({ kind: "signal", message });
    this.#request(message, (answer) => this.signal.say(answer));
  }

  /** `atMs` is when it came. */
  tookUnit(path: FarPath, unit: Uint8Array, atMs = this.#world.desk.clock.nowMs()): void {
    this.onUnit?.(unit);
    const kind = classifyUnit(unit);
    if (kind === UnitKind.json) return this.#tookJson(path, unit, atMs);
    if (kind !== UnitKind.arcrtp && kind !== UnitKind.reduced && kind !== UnitKind.rtcp) {
      return this.log.push({ kind: "unreadable", why: "a unit of no class", unit: unit.slice() }, path, atMs);
    }
    const opened = kind === UnitKind.rtcp ? this.#openRtcp(unit) : this.#openMedia(unit, atMs);
    if (opened === UNKNOWN_SSRC) {
      const kept = unit.slice();
      this.#early.push({ unit: kept, path, atMs });
      this.log.push({ kind: "early", unit: kept }, path, atMs);
    } else if (typeof opened === "string") {
      this.log.push({ kind: "unreadable", why: opened, unit: unit.slice() }, path, atMs);
    } else this.log.push(opened, path, atMs);
  }

  #openRtcp(unit: Uint8Array): HeardThing | string {
    const opened = this.keys.openRtcp(unit.slice());
    return typeof opened === "string" ? opened : { kind: "rtcp", ...opened };
  }

  #openMedia(unit: Uint8Array, atMs: number): HeardThing | string {
    const packet = this.remote.open(unit, atMs);
    return typeof packet === "string" ? packet : { kind: "media", packet };
  }

  #tookJson(path: FarPath, unit: Uint8Array, atMs: number): void {
    if (!isSealed(unit)) return this.#tookPlain(path, messageOf(unit), atMs);
    const opened = this.keys.open(unit);
    if (typeof opened === "string") {
      return this.log.push({ kind: "unreadable", why: opened, unit: unit.slice() }, path, atMs);
    }
    const message = messageOf(new TextEncoder().encode(opened.text));
    this.log.push({ kind: "sealed", message, epoch: opened.epoch, counter: opened.counter }, path, atMs);
    if (message.type === "HEARTBEAT") {
      if (path.isAnswering) this.#later(path.send(this.seal(this.heartbeatAck(message))));
    } else this.#request(message, (answer) => path.send(this.seal(answer)));
  }

  #tookPlain(path: FarPath, message: Json, atMs: number): void {
    this.log.push({ kind: "plain", message }, path, atMs);
    const answer = this.relays.find((relay) => relay.path === path)?.answer(message);
    if (answer !== undefined) this.#later(path.line.say(answer));
  }

  #request(message: Json, answer: (message: object) => Promise<void>): void {
    const type = String(message.type);
    if (type === "STREAM_START") this.#learn(message);
    if (ACKNOWLEDGED.includes(type) && !this.unanswered.has(type)) this.#later(answer(this.ackOf(message)));
  }

  #learn(start: Json): void {
    if (!this.remote.add(start, this.#world.desk.clock.nowMs())) return;
    const early = this.#early;
    this.#early = [];
    for (const one of early) {
      const opened = this.#openMedia(one.unit, one.atMs);
      if (opened === UNKNOWN_SSRC) this.#early.push(one);
      else if (typeof opened === "string") {
        this.log.push({ kind: "unreadable", why: opened, unit: one.unit }, one.path, one.atMs);
      } else this.log.push(opened, one.path, one.atMs);
    }
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

  // ---- resumption

  /** Cuts the signaling connection; resolves with the CONNECT by which the peer resumes over a new one. */
  async cutSignaling(awayMs = 0): Promise<Json> {
    const { mark } = this.log;
    this.#signal.close();
    this.#signal = await this.#world.connectionAgain(awayMs);
    this.#signal.divert((unit) => this.tookSignal(unit));
    return await this.signals("CONNECT", mark);
  }

  verifiesResumption({ epoch, encryption, proof }: Json): boolean {
    const { public_key: publicKey } = encryption as Json;
    return this.#parts.keys.verify("CONNECT", this.remotePeerId, Number(epoch), String(publicKey), String(proof));
  }

  /** The acceptance of a resumption, whose epoch we hold and use from then on. */
  resumptionAck(connect: Json): Json {
    const { keys, negotiated, role } = this.#parts;
    const epoch = Number(connect.epoch);
    const { encryption: offered, authentication } = connect.capabilities as { [name: string]: string[] };
    const publicKey = keys.offer(epoch);
    const proof = keys.prove("CONNECT_ACK", this.peerId, epoch, publicKey);
    const remoteKey = unwrap(keys.judgePeerKey(epoch, String((connect.encryption as Json).public_key)));
    const agreed = { ...negotiated, offeredEncryption: offered, offeredAuthentication: authentication };
    this.keys.epochMade(epoch, keys.derive(epoch, remoteKey, role === "callee", agreed));
    this.keys.current = epoch;
    return {
      type: "CONNECT_ACK",
      version: "1.0",
      session_id: this.sessionId,
      peer_id: this.peerId,
      accepted: true,
      selected_codecs: { audio: "opus" },
      network_info: { nat_type: "open", local: this.paths.map(({ local }) => ({ ip: local.host, port: local.port })) },
      encryption: {
        algorithm: negotiated.suite,
        authentication: negotiated.authentication,
        key_exchange: "ecdh-p256",
        public_key: writePublicKey(publicKey),
      },
      epoch,
      proof,
      timestamp: this.#world.freshTimestamp(),
    };
  }

  // ---- paths

  /** A socket that nobody has named, whose units we hear as those of the others. */
  async unnamedPath(): Promise<FarPath> {
    const path = await this.#world.socket(`unnamed ${++this.#unnamed}`, (one, unit) => this.tookUnit(one, unit));
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

  /** A HEARTBEAT that the peer has to answer: by then it has dealt with all that was sent there before. */
  async fence(path: FarPath = this.path, epoch?: number): Promise<Json> {
    const { mark } = this.log;
    const heartbeat = this.heartbeat();
    await path.send(this.seal(heartbeat, epoch));
    return await this.log.find(
      "a sealed HEARTBEAT_ACK with the challenge",
      mark,
      (heard) =>
        heard.kind === "sealed"
          ? matching(heard.message, "HEARTBEAT_ACK", { challenge: heartbeat.challenge })
          : undefined,
    );
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
      rtcp_ssrc: this.#rtcpSsrc,
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

  get rtcpSsrc(): number {
    return this.#rtcpSsrc;
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

  // ---- keys

  /** KEY_ROTATE of ours for the next epoch; `prove` makes the proof. */
  rotation(epoch = this.keys.current + 1, reason = "manual"): Json & { readonly type: string } {
    const { keys } = this.#parts;
    const publicKey = keys.offer(epoch);
    return {
      type: "KEY_ROTATE",
      ...this.head,
      peer_id: this.peerId,
      epoch,
      encryption: { key_exchange: "ecdh-p256", public_key: writePublicKey(publicKey) },
      reason,
      proof: keys.prove("KEY_ROTATE", this.peerId, epoch, publicKey),
    };
  }

  /** KEY_ROTATE with a key of the case's choice, proven all the same. */
  rotationWith(encryption: Json, epoch: number): Json & { readonly type: string } {
    const publicKey = unwrap(parsePublicKey(String(encryption.public_key)));
    const proof = this.#parts.keys.prove("KEY_ROTATE", this.peerId, epoch, publicKey);
    return { ...this.rotation(epoch), encryption, proof };
  }

  /** The answer to the peer's KEY_ROTATE, whose epoch we hold from then on. */
  rotationAck({ epoch, encryption }: Json): Json {
    const { keys } = this.#parts;
    const number = Number(epoch);
    const publicKey = keys.offer(number);
    const ack = {
      type: "KEY_ROTATE_ACK",
      ...this.head,
      peer_id: this.peerId,
      epoch,
      encryption: { key_exchange: "ecdh-p256", public_key: writePublicKey(publicKey) },
      proof: keys.prove("KEY_ROTATE_ACK", this.peerId, number, publicKey),
    };
    this.#make(number, (encryption as Json).public_key);
    return ack;
  }

  /** Takes the peer's answer to our KEY_ROTATE: proof and key must be right; the epoch is held, not yet used. */
  takeRotationAck(ack: Json): void {
    const { keys } = this.#parts;
    const epoch = Number(ack.epoch);
    const { public_key: publicKey } = ack.encryption as Json;
    const isProven = keys.verify("KEY_ROTATE_ACK", this.remotePeerId, epoch, String(publicKey), String(ack.proof));
    this.#world.require(isProven, "a proof of the previous epoch in KEY_ROTATE_ACK", brief(ack));
    this.#make(epoch, publicKey);
  }

  verifiesRotation({ epoch, encryption, proof }: Json): boolean {
    const { public_key: publicKey } = encryption as Json;
    return this.#parts.keys.verify("KEY_ROTATE", this.remotePeerId, Number(epoch), String(publicKey), String(proof));
  }

  /** A whole rotation that we ask for; we send with the new epoch from then on. */
  async rotate(): Promise<void> {
    const ack = await this.ask(this.rotation());
    this.#world.require(ack.type === "KEY_ROTATE_ACK", "a KEY_ROTATE_ACK", brief(ack));
    this.takeRotationAck(ack);
    this.keys.current++;
  }

  #make(epoch: number, publicKeyText: unknown): void {
    const { keys, negotiated, role } = this.#parts;
    const publicKey = unwrap(keys.judgePeerKey(epoch, String(publicKeyText)));
    this.keys.epochMade(epoch, keys.derive(epoch, publicKey, role === "callee", negotiated));
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
