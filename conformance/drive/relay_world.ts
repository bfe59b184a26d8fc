/** A relay under test; the suite plays bound peers, strangers and forgers. */
import { unwrap } from "../../lib/base/parsed.ts";
import { NIL_UUID } from "../../lib/base/uuid.ts";
import type { HostPort } from "../../lib/base/address_table.ts";
import { issueRelayToken, makeRelayProof, parseRelayToken } from "../../lib/crypto/relay_token.ts";
import type { TlsTrust } from "../../lib/net/open_stream.ts";
import type { Json } from "../testee/answer.ts";
import { StartWait } from "../testee/start_wait.ts";
import type { BusPlace } from "./bus_member.ts";
import { bytesChannel } from "./bytes_channel.ts";
import type { Desk, Driver } from "./desk.ts";
import { isMessage, type Line, type LineChannel } from "./line.ts";
import { Pace } from "./pace.ts";
import type { RelaySource } from "./relay_source.ts";
import { ownSourceHost } from "./source_host.ts";
import { reachAll, streamChannel } from "./stream_channel.ts";
import { udpChannel } from "./udp_channel.ts";
import { World } from "./world.ts";

/** Where the relay listens, of `--relay`; what is not given cannot be tested. */
export interface RelayTarget {
  readonly udp?: HostPort;
  readonly tcp?: HostPort;
  readonly tls?: HostPort;
  /** relay_secret: without it nobody can bind. */
  readonly secret?: Uint8Array;
  /** Its metrics endpoint, of `--relay-metrics`. */
  readonly metrics?: string;
  /** Where relays come from that are a case's alone, of `--relay-command`. */
  readonly source?: RelaySource;
  /** The bus that it publishes its status on, of `--nats`. */
  readonly bus?: BusPlace;
  readonly trust: TlsTrust;
}

export const RELAY_WAYS = ["udp", "tcp", "tls"] as const;
export type RelayWay = (typeof RELAY_WAYS)[number];

const TOKEN_LIFETIME_S = 60;

/** What a case changes about a RELAY_BIND. */
export interface BindWish {
  readonly sessionId?: string;
  readonly expiresS?: number;
  readonly type?: "RELAY_BIND" | "RELAY_UNBIND";
}

type BindRequest = ReturnType<RelayWorld["bindRequest"]>;

/** Messages a second that a relay has to take from one address, and how many at once; ours takes 50, and twice that. */
const MESSAGES_PER_SECOND = 40;
const MESSAGE_BURST = 60;
const BRACE = 0x7b;

/** How a line to the relay is opened. */
export interface LineWish {
  /** Sends without framing. */
  readonly raw?: boolean;
  /** Sends messages as fast as it can, to meet limits. */
  readonly flood?: boolean;
}

export class RelayWorld extends World {
  readonly target: RelayTarget;
  /** Of the relays that are one case's alone. */
  readonly starts: StartWait;
  readonly #pace: Pace;
  readonly #sourceHost: string | undefined;
  /** What takes back each binding: relays bound those of one address. */
  readonly #unbinds: { readonly line: Line; readonly request: object }[] = [];

  constructor(desk: Desk, target: RelayTarget, pace: Pace = ownPace(), starts = new StartWait()) {
    super(desk);
    this.target = target;
    this.starts = starts;
    this.#sourceHost = ownSourceHost((target.udp ?? target.tcp ?? target.tls)?.host ?? "");
    this.#pace = this.#sourceHost === undefined ? pace : ownPace();
  }

  override async close(): Promise<void> {
    for (const { line, request } of this.#unbinds) await line.say(request).catch(() => {});
    await super.close();
  }

  /**
   * Somebody who is not bound; over the first way that the target has, or the named one. Messages are paced, so that no
   * limit is met by accident: over this case alone where it has an address of its own, else over all.
   */
  stranger(
    name: string,
    way = RELAY_WAYS.find((one) => this.target[one]),
    { raw = false, flood = false }: LineWish = {},
  ): Promise<Line> {
    if (flood && this.#sourceHost === undefined) this.skip("needs a relay on this host, where no other case is slowed");
    const target = way === undefined ? undefined : this.target[way];
    if (target === undefined) this.skip(`needs --relay ${way ?? "udp"}://HOST:PORT`);
    const { patienceMs } = this.desk;
    return this.line(name, async (line) => {
      const channel = way === "udp"
        ? udpChannel(line, target, this.#sourceHost)
        : await streamChannel(line, way === "tls" ? { ...target, tls: this.target.trust } : target, patienceMs, {
          raw,
          from: this.#sourceHost,
        });
      return flood ? channel : this.#paced(channel);
    });
  }

  /** A bare connection to the TLS listener, whose handshake is left to the case. */
  belowTls(name: string): Promise<Line> {
    const { tls } = this.target;
    if (tls === undefined) this.skip("needs --relay tls://HOST:PORT");
    return this.line(name, (line) => bytesChannel(line, tls, undefined, this.desk.patienceMs));
  }

  #paced(channel: LineChannel): LineChannel {
    return {
      ...channel,
      send: async (unit) => {
        if (unit[0] === BRACE) await this.#pace.turn(this.desk.clock);
        await channel.send(unit);
      },
    };
  }

  /** A line on a subject of the bus, as a server has it. */
  onBus(name: string, subject: string): Promise<Line> {
    return this.busLine(name, this.target.bus, subject);
  }

  /** A peer of the session, bound. */
  async bound(
    name: string,
    peerId: string,
    way?: RelayWay,
    wish: BindWish = {},
    lineWish: LineWish = {},
  ): Promise<Line> {
    const line = await this.stranger(name, way, lineWish);
    await this.bind(line, peerId, wish);
    return line;
  }

  /** Caller and callee of the session, both bound. */
  async pair(way?: RelayWay): Promise<{ readonly caller: Line; readonly callee: Line }> {
    const caller = await this.bound("caller", this.callerId, way);
    return { caller, callee: await this.bound("callee", this.calleeId, way) };
  }

  /** Both steps of a binding; answers RELAY_BOUND. */
  async bind(line: Line, peerId: string, wish: BindWish = {}): Promise<Json> {
    const request = await this.provenRequest(line, peerId, wish);
    await line.say(request);
    const bound = await line.nextMessage("RELAY_BOUND", { session_id: request.session_id, peer_id: peerId });
    this.#unbinds.push({ line, request: { ...request, type: "RELAY_UNBIND" } });
    return bound;
  }

  /** A RELAY_BIND, or RELAY_UNBIND, that is right, to be sent on this line; it has asked the relay for the nonce. */
  async provenRequest(line: Line, peerId: string, wish: BindWish = {}) {
    const request = this.bindRequest(peerId, wish);
    return { ...request, ...this.proofFor(request, await this.nonce(line, request)) };
  }

  /** The nonce with which the relay answers a request that has none. */
  async nonce(line: Line, request: object = this.bindRequest(this.callerId)): Promise<string> {
    await line.say(request);
    return String((await line.nextMessage("RELAY_CHALLENGE")).nonce);
  }

  /** A RELAY_BIND, or RELAY_UNBIND, without nonce and proof. */
  bindRequest(peerId: string, { sessionId = this.sessionId, expiresS, type = "RELAY_BIND" }: BindWish = {}) {
    const expires = expiresS ?? Math.floor(this.timestamp / 1000) + TOKEN_LIFETIME_S;
    return { type, session_id: sessionId, peer_id: peerId, expires, timestamp: this.freshTimestamp() };
  }

  /** The relay's own; a relay whose secret was not given cannot be bound to. */
  get secret(): Uint8Array {
    return this.target.secret ?? this.skip("needs --relay-secret");
  }

  /** What the relay can be reached over. */
  get ways(): readonly RelayWay[] {
    return RELAY_WAYS.filter((way) => this.target[way] !== undefined);
  }

  /** The tag inside of the token that a request stands for. */
  tagFor({ session_id: sessionId, peer_id: peerId, expires }: BindRequest, secret = this.secret): Uint8Array {
    return unwrap(parseRelayToken(issueRelayToken(secret, { sessionId, peerId, expiresS: expires }))).tag;
  }

  /** Nonce and proof that belong to a request; `secret` is the relay's own unless a forger has another. */
  proofFor(
    request: BindRequest,
    nonce: string,
    secret: Uint8Array = this.secret,
  ): { readonly nonce: string; readonly proof: string } {
    return { nonce, proof: makeRelayProof(this.tagFor(request, secret), nonce, request.session_id, request.peer_id) };
  }

  /**
   * A HEARTBEAT to the relay itself and its answer. What was sent on the line before has been dealt with by then, so the
   * answer, which must be the very next unit, proves that nothing else was answered.
   */
  async fence(line: Line): Promise<void> {
    const heartbeat = this.nilHeartbeat();
    await line.say(heartbeat);
    await line.nextMessage("HEARTBEAT_ACK", { sequence: heartbeat.sequence });
  }

  /** Sends a unit; all that the relay answers to it, which is over once it has answered a later HEARTBEAT. */
  async answersTo(line: Line, unit: Uint8Array): Promise<readonly Uint8Array[]> {
    await line.send(unit);
    return await this.beforeFence(line);
  }

  /** What comes before the answer to a HEARTBEAT that is sent now. */
  async beforeFence(line: Line): Promise<readonly Uint8Array[]> {
    const heartbeat = this.nilHeartbeat();
    await line.say(heartbeat);
    const { sequence } = heartbeat;
    return await line.before(`HEARTBEAT_ACK ${sequence}`, isMessage("HEARTBEAT_ACK", { sequence }));
  }

  /** To the relay itself; padded, because the answer must not be larger (SPEC ARC-RELAY-nil-heartbeat-size). */
  nilHeartbeat(padCharacters = FENCE_PAD) {
    const sequence = this.rng.u32() % 1_000_000;
    const pad = "0".repeat(padCharacters);
    return { type: "HEARTBEAT", session_id: NIL_UUID, sequence, timestamp: this.timestamp, pad };
  }
}

const FENCE_PAD = 300;

function ownPace(): Pace {
  return new Pace(MESSAGES_PER_SECOND, MESSAGE_BURST);
}

export function relayDriver(target: RelayTarget): Driver<RelayWorld> {
  const places = RELAY_WAYS.flatMap((way) => {
    const place = target[way];
    return place === undefined ? [] : [`${way}://${place.host}:${place.port}`];
  });
  if (target.source !== undefined) places.push(target.source.description);
  const pace = ownPace();
  const starts = new StartWait();
  return {
    description: places.join(" "),
    reach: (timeoutMs) => reachAll([target.tcp, target.tls], timeoutMs),
    open: (desk) => new RelayWorld(desk, target, pace, starts),
  };
}
