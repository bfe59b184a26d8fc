/**
 * A peer under test; the suite plays the signaling server that it connects to, the other peer behind it, and the path
 * of their media.
 */
import type { Socket } from "node:net";
import type { HostPort } from "../../lib/base/address_table.ts";
import { uuidV4 } from "../../lib/base/uuid.ts";
import { openStream } from "../../lib/net/open_stream.ts";
import { SystemRng } from "../../lib/net/system_rng.ts";
import { PLAIN_SUBPROTOCOL } from "../../lib/net/websocket_link.ts";
import { brief } from "../expect.ts";
import { type Authority, makeAuthority } from "./authority.ts";
import type { Desk, Driver } from "./desk.ts";
import type { FarPeer } from "./far/far_peer.ts";
import { type CallWish, meet } from "./far/handshake.ts";
import { joinToken } from "./join_token.ts";
import type { Line } from "./line.ts";
import { Listener } from "./listener.ts";
import { Breach } from "./outcome.ts";
import {
  type KnownRelay,
  MISSING,
  type PeerMeeting,
  type PeerRole,
  type PeerSource,
  signalUrl,
} from "./peer_source.ts";
import type { PeerWay } from "./peer_way.ts";
import { PhoenixHost } from "./phoenix_host.ts";
import type { RunningProgram } from "./program.ts";
import { StartWait } from "../testee/start_wait.ts";
import { Transcript } from "../transcript.ts";
import { socketChannel } from "./socket_channel.ts";
import { udpChannel } from "./udp_channel.ts";
import { servedChannel } from "./websocket_channel.ts";
import { World } from "./world.ts";

const LOOPBACK = "127.0.0.1";
const TOKEN_LIFETIME_S = 3600;

export interface StartWish {
  /** How the peer speaks to its server, where it matters; skips where it does not speak so. */
  readonly over?: PeerWay;
  /** What is said to it goes over TCP without frames. */
  readonly raw?: boolean;
  /** What is said to it over WebSocket goes in binary frames. */
  readonly binary?: boolean;
  /** A relay that the peer binds at before the call; skips where it cannot be told of one. */
  readonly relay?: KnownRelay;
  /** The peer trusts our relays over TLS; skips where it cannot be told to. */
  readonly trustsRelays?: boolean;
  /** The peer has the world's token for its server; skips where it cannot be told of one. */
  readonly hasToken?: boolean;
}

/** The peer's connection to its server. */
interface Connection {
  /** Of what is on the wire: messages, or Phoenix frames. */
  readonly wire: Line;
  /** Over Phoenix. */
  readonly host?: PhoenixHost;
}

export class PeerWorld extends World {
  /** What the peer shows its server, where it was started with a token. Nobody verifies it: any secret will do. */
  token = "";
  readonly #source: PeerSource;
  readonly #authority: () => Promise<Authority>;
  readonly #starts: StartWait;
  #peer: RunningProgram | undefined;
  #peerId = "";
  #way: PeerWay = "tcp";
  /** Of its latest connection over Phoenix. */
  #host: PhoenixHost | undefined;
  /** Of signaling. */
  #server: Listener | undefined;
  /** Signaling connections that nobody has asked for yet. */
  readonly #waiting: Socket[] = [];
  #onSocket: () => void = () => {};
  #connections = 0;
  readonly #listeners: Listener[] = [];

  constructor(desk: Desk, source: PeerSource, authority: () => Promise<Authority>, starts: StartWait) {
    super(desk);
    this.#source = source;
    this.#authority = authority;
    this.#starts = starts;
  }

  /**
   * Starts the peer under test in a role and waits until it speaks; once in a case. The line has the messages of its
   * signaling connection as its server sees it: the caller's CONNECT, or the HEARTBEAT by which a callee joins, comes
   * first; over Phoenix that is behind its join. What the other peer says is said here.
   */
  async start(role: PeerRole, wish: StartWish = {}): Promise<Line> {
    return await this.#messages(role, await this.#begin(role, wish));
  }

  /** The same over Phoenix, frame by frame: even its join is not answered yet. */
  async startPhoenix(role: PeerRole, wish: Omit<StartWish, "over" | "raw"> = {}): Promise<PhoenixHost> {
    await this.#begin(role, { ...wish, over: "phoenix" });
    return this.host;
  }

  async #begin(role: PeerRole, wish: StartWish): Promise<Connection> {
    const { raw = false, relay, trustsRelays = false, hasToken = false } = wish;
    const { sessionId } = this;
    const { roles, ways } = this.#source;
    const { over = raw ? "tcp" : ways[0] } = wish;
    this.#needs(role, roles.includes(role), role);
    if (!ways.includes(over)) this.skip(`needs a peer that speaks it: --peer-transport ${over}`);
    if (relay !== undefined) this.#needs(role, this.#source.takes(role, "relay"), "relay");
    if (trustsRelays) this.#needs(role, this.#source.takes(role, "ca"), "ca");
    if (hasToken) this.#needs(role, this.#source.takes(role, "token"), "token");
    this.#way = over;
    const place = await this.#listenForPeer(0);
    const peerId = this.#peerId = role === "caller" ? this.callerId : this.calleeId;
    const caPem = trustsRelays ? (await this.#authority()).caPem : undefined;
    const exp = Math.floor(this.timestamp / 1000) + TOKEN_LIFETIME_S;
    const token = hasToken ? joinToken(uuidV4(new SystemRng()), { session: sessionId, peer: peerId, exp }) : undefined;
    this.token = token ?? "";
    this.#peer = this.#spawn({ role, signalUrl: signalUrl(over, place), sessionId, peerId, relay, caPem, token });
    const { clock, patienceMs } = this.desk;
    const waitMs = this.#starts.nextMs(patienceMs);
    const deadlineMs = clock.nowMs() + waitMs;
    let hasSpoken = false;
    try {
      const connection = await this.#connection(role, this.#peer, wish, waitMs);
      // Who says nothing is told by what the case expects.
      hasSpoken = await connection.wire.hasSpoken(deadlineMs);
      return connection;
    } finally {
      this.#starts.ended(hasSpoken);
    }
  }

  #needs(role: PeerRole, isThere: boolean, what: keyof typeof MISSING): void {
    if (!isThere) this.skip(MISSING[what](role));
  }

  /** Ends the peer under test, so that another can be started in its place. */
  async dismiss(): Promise<void> {
    this.#server?.close();
    this.#waiting.length = 0;
    await this.#peer?.stop();
    this.#peer = undefined;
  }

  /** Whether a peer on this host can listen there: somebody does already, or the number is free. */
  async canListen(at: HostPort): Promise<boolean> {
    try {
      (await Listener.open(at, () => {})).close();
      return true;
    } catch {
      // Taken by a listener, or by what is left of a connection of somebody's.
      return await openStream(at.host, at.port, undefined, this.desk.patienceMs).then(
        (socket) => socket.destroy() !== undefined,
        () => false,
      );
    }
  }

  /** The peer's next signaling connection, after one was lost; for `awayMs` nobody listens. */
  async connectionAgain(awayMs = 0): Promise<Line> {
    if (this.#peer === undefined || this.#server === undefined) throw new Error("no peer was started");
    if (awayMs > 0) {
      const { port } = this.#server.local;
      this.#server.close();
      await this.pass(awayMs);
      await this.#listenForPeer(port);
    }
    const name = `connection ${++this.#connections + 1}`;
    return await this.#messages(name, await this.#connection(name, this.#peer, {}, this.desk.patienceMs));
  }

  /** The server's side of the peer's latest connection over Phoenix. */
  get host(): PhoenixHost {
    if (this.#host === undefined) throw new Error("the peer was not started over Phoenix");
    return this.#host;
  }

  /** The peer's channel on a Phoenix server breaks down, and it joins again, by its socket or over a new connection. */
  async breakChannel(): Promise<void> {
    const { rejoined } = this.host;
    await this.host.push("phx_error", {});
    const again = this.connectionAgain();
    // In vain where it comes back by its socket.
    again.catch(() => {});
    await Promise.race([rejoined, again]);
  }

  async #connection(
    name: string,
    peer: RunningProgram,
    { raw = false, binary = false }: StartWish,
    waitMs: number,
  ): Promise<Connection> {
    const socket = await this.#orNothing(peer, waitMs);
    if (this.#way === "tcp") {
      const channel = (line: Line) => Promise.resolve(socketChannel(line, socket, "the peer under test", raw));
      return { wire: await this.line(name, channel) };
    }
    const wire = this.openLine(name);
    const channel = await servedChannel(wire, socket, this.desk.patienceMs, binary);
    wire.opened(channel);
    if (this.#way === "phoenix") {
      const { sessionId } = this;
      return { wire, host: this.#host = new PhoenixHost(wire, channel.path, { sessionId, peerId: this.#peerId }) };
    }
    const { protocols } = channel;
    this.require(protocols.includes(PLAIN_SUBPROTOCOL), `the subprotocol ${PLAIN_SUBPROTOCOL}`, brief(protocols));
    return { wire };
  }

  /** The line of a connection's messages, once it has joined. */
  async #messages(name: string, { wire, host }: Connection): Promise<Line> {
    if (host === undefined) return wire;
    await host.reply(await host.join());
    // The frames around them are in the transcript already.
    const line = this.openLine(name, { ...this.desk, transcript: new Transcript(() => 0) });
    line.opened(host.messages(line));
    return line;
  }

  /** The peer under test in a role, and the other peer, played by the suite, that has agreed on keys with it. */
  call(role: PeerRole, wish?: CallWish): Promise<FarPeer> {
    return meet(this, role, wish);
  }

  /** A port of ours, 0 for any, until the case is over; over TLS with a certificate that the peer can be told to trust. */
  async listen(port: number, tls: boolean, take: (socket: Socket) => void): Promise<Listener> {
    const identity = tls ? (await this.#authority()).relay : undefined;
    const listener = await Listener.open({ host: LOOPBACK, port }, take, identity);
    this.#listeners.push(listener);
    return listener;
  }

  /** A UDP socket of the other peer's; `at` is the address of the peer under test, from its `network_info`. */
  media(name: string, at: HostPort): Promise<Line> {
    return this.line(name, (line) => Promise.resolve(udpChannel(line, at)));
  }

  override async close(): Promise<void> {
    await super.close();
    for (const listener of this.#listeners) listener.close();
    await this.#peer?.stop();
  }

  #spawn(meeting: PeerMeeting): RunningProgram {
    try {
      return this.#source.start(meeting);
    } catch (error) {
      throw new Breach("a peer that starts", error instanceof Error ? error.message : String(error));
    }
  }

  /** Listens for the one peer that knows the port. */
  async #listenForPeer(port: number): Promise<HostPort> {
    this.#server = await this.listen(port, false, (socket) => {
      this.#waiting.push(socket);
      this.#onSocket();
    });
    return this.#server.local;
  }

  /** The peer's connection; a breach where it ends, or its time does, before. */
  async #orNothing({ ended }: RunningProgram, waitMs: number): Promise<Socket> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const first = new Promise<Socket>((resolve) => {
      this.#onSocket = () => {
        const socket = this.#waiting.shift();
        if (socket !== undefined) resolve(socket);
      };
      this.#onSocket();
    });
    const never = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve(`nothing within ${waitMs} ms`), waitMs);
    });
    const came = await Promise.race([first, never, ended.then((how) => `the end of the peer: ${how}`)]);
    this.#onSocket = () => {};
    clearTimeout(timer);
    if (typeof came === "string") throw new Breach("a connection of the peer to its signaling server", came);
    return came;
  }
}

export function peerDriver(source: PeerSource): Driver<PeerWorld> {
  let authority: Promise<Authority> | undefined;
  const starts = new StartWait();
  return {
    description: source.description,
    // A peer listens nowhere: it comes to us.
    reach: () => Promise.resolve(),
    open: (desk) => new PeerWorld(desk, source, () => authority ??= makeAuthority(Date.now()), starts),
  };
}
