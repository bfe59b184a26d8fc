/** A relay under test; the suite plays bound peers, strangers and forgers. */
import { unwrap } from "../../lib/base/parsed.ts";
import { NIL_UUID } from "../../lib/base/uuid.ts";
import type { HostPort } from "../../lib/base/address_table.ts";
import { issueRelayToken, makeRelayProof, parseRelayToken } from "../../lib/crypto/relay_token.ts";
import type { TlsTrust } from "../../lib/net/open_stream.ts";
import type { Json } from "../testee/answer.ts";
import type { Desk, Driver } from "./desk.ts";
import type { Line, LineChannel } from "./line.ts";
import { Pace } from "./pace.ts";
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

/** Messages a second that a relay has to take from one address, and how many at once; ours takes 50, and twice that. */
const MESSAGES_PER_SECOND = 40;
const MESSAGE_BURST = 60;
const BRACE = 0x7b;

export class RelayWorld extends World {
  readonly target: RelayTarget;
  readonly #pace: Pace;
  /** What takes back each binding: relays bound those of one address. */
  readonly #unbinds: { readonly line: Line; readonly request: object }[] = [];

  constructor(desk: Desk, target: RelayTarget, pace: Pace) {
    super(desk);
    this.target = target;
    this.#pace = pace;
  }

  override async close(): Promise<void> {
    for (const { line, request } of this.#unbinds) await line.say(request).catch(() => {});
    await super.close();
  }

  /**
   * Somebody who is not bound; over the first way that the target has, or the named one. `raw` sends without framing.
   * Messages are paced over all cases, so that no limit is met by accident; `flood` is for cases that want to meet it.
   */
  stranger(
    name: string,
    way = RELAY_WAYS.find((one) => this.target[one]),
    { raw = false, flood = false } = {},
  ): Promise<Line> {
    const target = way === undefined ? undefined : this.target[way];
    if (target === undefined) this.skip(`needs --relay ${way ?? "udp"}://HOST:PORT`);
    const { patienceMs } = this.desk;
    return this.line(name, async (line) => {
      const channel = way === "udp"
        ? udpChannel(line, target)
        : await streamChannel(line, way === "tls" ? { ...target, tls: this.target.trust } : target, patienceMs, {
          raw,
        });
      return flood ? channel : this.#paced(channel);
    });
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

  /** A peer of the session, bound. */
  async bound(name: string, peerId: string, way?: RelayWay, wish: BindWish = {}): Promise<Line> {
    const line = await this.stranger(name, way);
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
    const request = this.bindRequest(peerId, wish);
    await line.say(request);
    const challenge = await line.nextMessage("RELAY_CHALLENGE");
    const proof = this.proofFor(request, String(challenge.nonce));
    await line.say({ ...request, ...proof });
    const bound = await line.nextMessage("RELAY_BOUND", { session_id: request.session_id, peer_id: peerId });
    this.#unbinds.push({ line, request: { ...request, ...proof, type: "RELAY_UNBIND" } });
    return bound;
  }

  /** A RELAY_BIND, or RELAY_UNBIND, without nonce and proof. */
  bindRequest(peerId: string, { sessionId = this.sessionId, expiresS, type = "RELAY_BIND" }: BindWish = {}) {
    const expires = expiresS ?? Math.floor(this.timestamp / 1000) + TOKEN_LIFETIME_S;
    return { type, session_id: sessionId, peer_id: peerId, expires, timestamp: this.timestamp };
  }

  /** Nonce and proof that belong to a request; `secret` is the relay's own unless a forger has another. */
  proofFor(
    { session_id: sessionId, peer_id: peerId, expires }: ReturnType<RelayWorld["bindRequest"]>,
    nonce: string,
    secret: Uint8Array | undefined = this.target.secret,
  ): { readonly nonce: string; readonly proof: string } {
    if (secret === undefined) this.skip("needs --relay-secret");
    const { tag } = unwrap(parseRelayToken(issueRelayToken(secret, { sessionId, peerId, expiresS: expires })));
    return { nonce, proof: makeRelayProof(tag, nonce, sessionId, peerId) };
  }

  /**
   * A HEARTBEAT to the relay itself and its answer. What was sent on the line before has been dealt with by then, so the
   * answer, which must be the very next unit, proves that nothing else was answered.
   */
  async fence(line: Line): Promise<void> {
    const sequence = this.rng.u32() % 1_000_000;
    const heartbeat = { type: "HEARTBEAT", session_id: NIL_UUID, sequence, timestamp: this.timestamp };
    // The answer must not be larger than the question (SPEC ARC-RELAY-nil-heartbeat-size).
    await line.say({ ...heartbeat, pad: "0".repeat(FENCE_PAD) });
    await line.nextMessage("HEARTBEAT_ACK", { sequence });
  }
}

const FENCE_PAD = 300;

export function relayDriver(target: RelayTarget): Driver<RelayWorld> {
  const places = RELAY_WAYS.flatMap((way) => {
    const place = target[way];
    return place === undefined ? [] : [`${way}://${place.host}:${place.port}`];
  });
  const pace = new Pace(MESSAGES_PER_SECOND, MESSAGE_BURST);
  return {
    description: places.join(" "),
    reach: (timeoutMs) => reachAll([target.tcp, target.tls], timeoutMs),
    open: (desk) => new RelayWorld(desk, target, pace),
  };
}
