/**
 * A peer under test; the suite plays the signaling server that it connects to, the other peer behind it, and the path
 * of their media.
 */
import type { Socket } from "node:net";
import type { HostPort } from "../../lib/base/address_table.ts";
import { openStream } from "../../lib/net/open_stream.ts";
import { type Authority, makeAuthority } from "./authority.ts";
import type { Desk, Driver } from "./desk.ts";
import type { FarPeer } from "./far/far_peer.ts";
import { type CallWish, meet } from "./far/handshake.ts";
import type { Line } from "./line.ts";
import { Listener } from "./listener.ts";
import { Breach } from "./outcome.ts";
import { type KnownRelay, MISSING, type PeerMeeting, type PeerRole, type PeerSource } from "./peer_source.ts";
import type { RunningProgram } from "./program.ts";
import { StartWait } from "../testee/start_wait.ts";
import { socketChannel } from "./socket_channel.ts";
import { udpChannel } from "./udp_channel.ts";
import { World } from "./world.ts";

const LOOPBACK = "127.0.0.1";

export interface StartWish {
  /** What is said by signaling goes without frames. */
  readonly raw?: boolean;
  /** A relay that the peer binds at before the call; skips where it cannot be told of one. */
  readonly relay?: KnownRelay;
  /** The peer trusts our relays over TLS; skips where it cannot be told to. */
  readonly trustsRelays?: boolean;
}

export class PeerWorld extends World {
  readonly #source: PeerSource;
  readonly #authority: () => Promise<Authority>;
  readonly #starts: StartWait;
  #peer: RunningProgram | undefined;
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
   * Starts the peer under test in a role and waits until it speaks; once in a case. The line is its signaling connection as
   * its server sees it: the caller's CONNECT, or the HEARTBEAT by which a callee joins, comes first. What the other peer
   * says is said here.
   */
  async start(role: PeerRole, { raw = false, relay, trustsRelays = false }: StartWish = {}): Promise<Line> {
    const { sessionId } = this;
    this.#needs(role, this.#source.roles.includes(role), role);
    if (relay !== undefined) this.#needs(role, this.#source.takes(role, "relay"), "relay");
    if (trustsRelays) this.#needs(role, this.#source.takes(role, "ca"), "ca");
    const { port } = await this.#listenForPeer(0);
    const peerId = role === "caller" ? this.callerId : this.calleeId;
    const caPem = trustsRelays ? (await this.#authority()).caPem : undefined;
    this.#peer = this.#spawn({ role, signalUrl: `tcp://${LOOPBACK}:${port}`, sessionId, peerId, relay, caPem });
    const { clock, patienceMs } = this.desk;
    const waitMs = this.#starts.nextMs(patienceMs);
    const deadlineMs = clock.nowMs() + waitMs;
    let hasSpoken = false;
    try {
      const line = await this.#connection(role, this.#peer, raw, waitMs);
      // Who says nothing is told by what the case expects.
      hasSpoken = await line.hasSpoken(deadlineMs);
      return line;
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
    return await this.#connection(`connection ${++this.#connections + 1}`, this.#peer, false, this.desk.patienceMs);
  }

  async #connection(name: string, peer: RunningProgram, raw: boolean, waitMs: number): Promise<Line> {
    const socket = await this.#orNothing(peer, waitMs);
    return await this.line(
      name,
      (line) => Promise.resolve(socketChannel(line, socket, "the peer under test", raw)),
    );
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
