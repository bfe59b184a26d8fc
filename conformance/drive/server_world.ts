/** A signaling server under test; the suite plays its peers. */
import { NIL_UUID } from "../../lib/base/uuid.ts";
import { PHOENIX_PATH } from "../../lib/net/signaling_routes.ts";
import type { HostPort } from "../../lib/base/address_table.ts";
import { fetchText } from "../../lib/net/fetch_text.ts";
import type { TlsTrust } from "../../lib/net/open_stream.ts";
import type { BusPlace } from "./bus_member.ts";
import { bytesChannel } from "./bytes_channel.ts";
import type { Desk, Driver } from "./desk.ts";
import { type Line, messageOf } from "./line.ts";
import type { Json } from "../testee/answer.ts";
import { joinToken, type TokenWish } from "./join_token.ts";
import { topicOf } from "./phoenix_frame.ts";
import { PhoenixLine } from "./phoenix_line.ts";
import type { PlayedSite } from "./played_sites.ts";
import { reachAll, streamChannel, tlsRefusal } from "./stream_channel.ts";
import { udpChannel } from "./udp_channel.ts";
import { webSocketChannel } from "./websocket_channel.ts";
import { type Voice, World } from "./world.ts";

/** Where the server listens, of `--target`; what is not given cannot be tested. */
export interface ServerTarget {
  /** WebSocket in the Phoenix form. */
  readonly phoenix?: URL;
  /** WebSocket with one message a frame. */
  readonly plain?: URL;
  /** TCP, or TLS where `streamTls` says so. */
  readonly stream?: HostPort;
  readonly streamTls?: boolean;
  /** HEARTBEATs over UDP. */
  readonly udp?: HostPort;
  /** The secret that it verifies tokens with, of `--auth-secret`; without one anybody may join. */
  readonly authSecret?: string;
  /** The secret that it issues its relays' tokens with, of `--relay-secret`. */
  readonly relaySecret?: Uint8Array;
  /** Relays that it is set to hand out and that the suite plays, of `--play-relay`. */
  readonly sites?: readonly PlayedSite[];
  /** The bus that it shares sessions on, of `--nats`. */
  readonly bus?: BusPlace;
  readonly trust: TlsTrust;
}

/** Ways to a server on which a message is a unit by itself. */
export const PLAIN_WAYS = ["plain", "stream"] as const;
export type PlainWay = (typeof PLAIN_WAYS)[number];

/** Listeners that take connections. */
export const BARE_LISTENERS = ["stream", "plain", "phoenix"] as const;
export type BareListener = (typeof BARE_LISTENERS)[number];

/** Questions of {@link ServerWorld.untilAlone}, and the time between: three seconds in all. */
const MAX_QUESTIONS = 60;
const QUESTION_PAUSE_MS = 50;

const MAX_PAGE_BYTES = 1024 * 1024;

/** How long tokens let in. */
const TOKEN_LIFETIME_S = 3600;

export class ServerWorld extends World {
  readonly target: ServerTarget;

  constructor(desk: Desk, target: ServerTarget) {
    super(desk);
    this.target = target;
  }

  /** A connection that has not joined; over the first way that the target has, or the named one. */
  connect(name: string, way: PlainWay | undefined = PLAIN_WAYS.find((one) => this.target[one])): Promise<Line> {
    if (way === undefined) this.skip("needs --target ws://HOST:PORT/plain or tcp://HOST:PORT");
    return way === "plain" ? this.webSocket(name, "plain") : this.stream(name);
  }

  /** The ways to it on which a message is a unit by itself, each for a session of its own. @throws Skip where there are none */
  *plainWays(): Generator<PlainWay> {
    const ways = PLAIN_WAYS.filter((way) => this.target[way] !== undefined);
    if (ways.length === 0) this.skip("needs --target ws://HOST:PORT/plain or tcp://HOST:PORT");
    for (const way of ways) {
      this.newSession();
      yield way;
    }
  }

  /** A WebSocket, frames as they are; `token` goes into the query. */
  webSocket(
    name: string,
    format: "plain" | "phoenix",
    { binary = false, token }: { readonly binary?: boolean; readonly token?: string } = {},
  ): Promise<Line> {
    const given = this.target[format];
    if (given === undefined) this.skip(`needs --target ws://HOST:PORT${format === "plain" ? "/plain" : PHOENIX_PATH}`);
    const url = new URL(given);
    if (token !== undefined) url.searchParams.set("token", token);
    const wish = { url, format, trust: this.target.trust, binary };
    return this.line(name, (line) => webSocketChannel(line, wish, this.desk.patienceMs));
  }

  /** A Phoenix socket that has joined nothing; `token` goes into its query. */
  async phoenix(name: string, token?: string): Promise<PhoenixLine> {
    return new PhoenixLine(await this.webSocket(name, "phoenix", token === undefined ? {} : { token }));
  }

  /** A Phoenix socket that has joined the session as the peer. */
  async phoenixPeer(name: string, voice: Voice): Promise<PhoenixLine> {
    const line = await this.phoenix(name, this.credentials(voice).token);
    await line.agreed(topicOf(voice.sessionId), "phx_join", { peer_id: voice.peerId });
    return line;
  }

  /** What a join has to hold: a token where the server wants one. `wish` changes it. */
  credentials(voice: Voice, wish: Partial<TokenWish> = {}): { readonly token?: string } {
    const { authSecret } = this.target;
    if (authSecret === undefined) return {};
    const { sessionId: session, peerId: peer } = voice;
    const exp = this.nowS + TOKEN_LIFETIME_S;
    return { token: joinToken(authSecret, { session, peer, exp, ...wish }) };
  }

  /** Unix time in seconds, as tokens have it. */
  get nowS(): number {
    return Math.floor(this.timestamp / 1000);
  }

  /** A TCP or TLS connection; `raw` sends without framing. */
  stream(name: string, { raw = false } = {}): Promise<Line> {
    const { stream, streamTls, trust } = this.target;
    if (stream === undefined) this.skip("needs --target tcp://HOST:PORT or tls://HOST:PORT");
    const target = streamTls ? { ...stream, tls: trust } : stream;
    return this.line(name, (line) => streamChannel(line, target, this.desk.patienceMs, { raw }));
  }

  /** A bare connection to a listener, for bytes that are no frames or requests; `belowTls` leaves TLS to the case. */
  bytes(name: string, listener: BareListener, { belowTls = false } = {}): Promise<Line> {
    const { stream, trust } = this.target;
    const place = listener === "stream" ? stream : placeOf(this.target[listener]);
    if (place === undefined) this.skip(`needs a --target that is its ${listener} listener`);
    const tls = this.isTls(listener) && !belowTls ? trust : undefined;
    return this.line(name, (line) => bytesChannel(line, place, tls, this.desk.patienceMs));
  }

  /** True for a listener that is there and speaks TLS. */
  isTls(listener: BareListener): boolean {
    const { stream, streamTls } = this.target;
    return listener === "stream"
      ? stream !== undefined && streamTls === true
      : this.target[listener]?.protocol === "wss:";
  }

  /** A UDP socket towards the server's port for HEARTBEATs. */
  udp(name: string): Promise<Line> {
    const { udp } = this.target;
    if (udp === undefined) this.skip("needs --target udp://HOST:PORT");
    return this.line(name, (line) => Promise.resolve(udpChannel(line, udp)));
  }

  /** What a plain GET of the path gives where the server has WebSockets; undefined where that is no page. */
  async page(path: string): Promise<string | undefined> {
    const socket = this.target.plain ?? this.target.phoenix;
    if (socket?.protocol !== "ws:") this.skip("needs --target ws://HOST:PORT");
    const url = `http://${socket.host}${path}`;
    const limits = { maxBytes: MAX_PAGE_BYTES, timeoutMs: this.desk.patienceMs };
    const page = await fetchText(url, limits).catch((error: unknown) => {
      this.note(`GET ${url}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    });
    if (page !== undefined) this.note(`GET ${url}: ${page}`);
    return page;
  }

  /** The HEARTBEAT of a peer of this session, with which it joins where no channel does. */
  heartbeat(peerId: string, sequence: number, sessionId: string = this.sessionId): Json {
    const { timestamp } = this;
    const credentials = this.credentials({ sessionId, peerId });
    return { type: "HEARTBEAT", session_id: sessionId, sequence, peer_id: peerId, ...credentials, timestamp };
  }

  /** A connection that has joined, alone so far, with a HEARTBEAT. */
  async joined(name: string, { sessionId, peerId }: Voice, way?: PlainWay): Promise<Line> {
    const line = await this.connect(name, way);
    await line.say(this.heartbeat(peerId, 1, sessionId));
    await line.nextMessage("HEARTBEAT_ACK", { session_id: sessionId, sequence: 1 });
    return line;
  }

  /**
   * The HEARTBEAT that needs no session, and its answer, which must be the very next thing that comes: all that was
   * sent before it has been dealt with. Its pad is for ports over UDP, which answer with no more than they got.
   */
  async nilHeartbeat(line: Line, sequence: number): Promise<void> {
    const beat = this.#nilBeat(sequence);
    await line.say(beat);
    await line.nextMessage("HEARTBEAT_ACK", { session_id: NIL_UUID, sequence, original_timestamp: beat.timestamp });
  }

  #nilBeat(sequence: number): Json {
    return { type: "HEARTBEAT", session_id: NIL_UUID, sequence, timestamp: this.timestamp, pad: "0".repeat(300) };
  }

  /** A line on a subject of the bus, as another server has it. */
  onBus(name: string, subject: string): Promise<Line> {
    return this.busLine(name, this.target.bus, subject);
  }

  /** Asks until the server itself answers for the session: it may take it a moment to see that the other is gone. */
  async untilAlone(line: Line, { sessionId, peerId }: Voice): Promise<void> {
    for (let sequence = 1000; sequence < 1000 + MAX_QUESTIONS; sequence++) {
      await line.say(this.heartbeat(peerId, sequence, sessionId));
      await line.say(this.#nilBeat(sequence));
      let isAnswered = false;
      await line.eventually(`the HEARTBEAT_ACK of ${sequence}`, (unit) => {
        const message = messageOf(unit);
        if (message.type !== "HEARTBEAT_ACK" || message.sequence !== sequence) return false;
        isAnswered ||= message.session_id === sessionId;
        return message.session_id === NIL_UUID;
      });
      if (isAnswered) return;
      await new Promise((resolve) => setTimeout(resolve, QUESTION_PAUSE_MS));
    }
    this.breach(`HEARTBEATs of ${line.name} answered by the server`, "none, though the other peer is gone");
  }

  /** Why a TLS client that has this version and none newer is not let in; undefined where it is. */
  async tlsRefusal(maxVersion: "TLSv1.2"): Promise<string | undefined> {
    const { stream, streamTls } = this.target;
    if (stream === undefined || streamTls !== true) this.skip("needs --target tls://HOST:PORT");
    const refusal = await tlsRefusal(stream, maxVersion, this.desk.patienceMs);
    this.note(`a client of ${maxVersion}: ${refusal ?? "is let in"}`);
    return refusal;
  }

  /** Caller and callee, both joined: their HEARTBEATs tell when. */
  async pair(way?: PlainWay): Promise<{ readonly caller: Line; readonly callee: Line }> {
    const caller = await this.joined("caller", this.caller, way);
    const callee = await this.connect("callee", way);
    await callee.say(this.heartbeat(this.calleeId, 1));
    await caller.nextMessage("HEARTBEAT", { session_id: this.sessionId, peer_id: this.calleeId });
    return { caller, callee };
  }
}

export function serverDriver(target: ServerTarget): Driver<ServerWorld> {
  const { phoenix, plain, stream, streamTls, udp } = target;
  const places = [
    phoenix && `${phoenix.origin}${phoenix.pathname}`,
    plain && `${plain.origin}${plain.pathname}`,
    stream && `${streamTls ? "tls" : "tcp"}://${stream.host}:${stream.port}`,
    udp && `udp://${udp.host}:${udp.port}`,
  ];
  return {
    description: places.filter((place) => place !== undefined).join(" "),
    reach: (timeoutMs) => reachAll([placeOf(phoenix), placeOf(plain), stream], timeoutMs),
    open: (desk) => new ServerWorld(desk, target),
    close: async () => {
      await Promise.all(target.sites?.map((site) => site.close()) ?? []);
    },
  };
}

function placeOf(url: URL | undefined): HostPort | undefined {
  if (url === undefined) return undefined;
  const host = url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname;
  return { host, port: Number(url.port) || (url.protocol === "wss:" ? 443 : 80) };
}
