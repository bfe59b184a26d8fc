/**
 * A peer under test; the suite plays the signaling server that it connects to, the other peer behind it, and the path
 * of their media.
 */
import { createServer, type Server, type Socket } from "node:net";
import type { HostPort } from "../../lib/base/address_table.ts";
import type { Desk, Driver } from "./desk.ts";
import { FarPath } from "./far/far_path.ts";
import type { FarPeer } from "./far/far_peer.ts";
import { type CallWish, meet } from "./far/handshake.ts";
import type { Line } from "./line.ts";
import { Breach } from "./outcome.ts";
import type { PeerMeeting, PeerRole, PeerSource } from "./peer_source.ts";
import type { RunningProgram } from "./program.ts";
import { socketChannel } from "./socket_channel.ts";
import { udpChannel } from "./udp_channel.ts";
import { World } from "./world.ts";

const LOOPBACK = "127.0.0.1";

export class PeerWorld extends World {
  readonly #source: PeerSource;
  #peer: RunningProgram | undefined;
  #server: Server | undefined;
  readonly #sockets: Socket[] = [];
  #onSocket: () => void = () => {};
  #connections = 0;

  constructor(desk: Desk, source: PeerSource) {
    super(desk);
    this.#source = source;
  }

  /**
   * Starts the peer under test in a role and waits for it; once in a case. The line is its signaling connection as its server sees it:
   * the caller's CONNECT, or the HEARTBEAT by which a callee joins, comes first. What the other peer says is said here.
   */
  async start(role: PeerRole, { raw = false } = {}): Promise<Line> {
    const { sessionId } = this;
    if (!this.#source.roles.includes(role)) {
      this.skip(`needs ${role === "caller" ? "--peer-call" : "--peer-listen"} 'CMD'`);
    }
    const port = await this.#listen(0);
    const peerId = role === "caller" ? this.callerId : this.calleeId;
    const peer = this.#spawn({ role, signalUrl: `tcp://${LOOPBACK}:${port}`, sessionId, peerId });
    this.#peer = peer;
    return await this.#connection(role, peer, raw);
  }

  /** The peer's next signaling connection, after one was lost; for `awayMs` nobody listens. */
  async connectionAgain(awayMs = 0): Promise<Line> {
    if (this.#peer === undefined) throw new Error("no peer was started");
    if (awayMs > 0) {
      const { port } = this.#server?.address() as { readonly port: number };
      this.#server?.close();
      await this.pass(awayMs);
      await this.#listen(port);
    }
    return await this.#connection(`connection ${++this.#connections + 1}`, this.#peer, false);
  }

  async #connection(name: string, peer: RunningProgram, raw: boolean): Promise<Line> {
    const socket = await this.#orNothing(peer);
    return await this.line(name, (line) => Promise.resolve(socketChannel(line, socket, "the peer under test", raw)));
  }

  /** The peer under test in a role, and the other peer, played by the suite, that has agreed on keys with it. */
  call(role: PeerRole, wish?: CallWish): Promise<FarPeer> {
    return meet(this, role, wish);
  }

  /** A socket of the other peer's that is open before it knows of the peer under test; units go to `take`. */
  socket(name: string, take: (path: FarPath, unit: Uint8Array, from: HostPort) => void): Promise<FarPath> {
    const line = this.openLine(name);
    return Promise.resolve(
      new FarPath(line, (path, unit, from) => {
        this.desk.transcript.moved("received", name, unit);
        take(path, unit, from);
      }),
    );
  }

  /** A UDP socket of the other peer's; `at` is the address of the peer under test, from its `network_info`. */
  media(name: string, at: HostPort): Promise<Line> {
    return this.line(name, (line) => Promise.resolve(udpChannel(line, at)));
  }

  override async close(): Promise<void> {
    await super.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#server?.close();
    await this.#peer?.stop();
  }

  #spawn(meeting: PeerMeeting): RunningProgram {
    try {
      return this.#source.start(meeting);
    } catch (error) {
      throw new Breach("a peer that starts", error instanceof Error ? error.message : String(error));
    }
  }

  /** Listens for the one peer that knows the port; answers the port. */
  #listen(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const server = this.#server = createServer((socket) => {
        // Nobody may ever ask for it.
        socket.on("error", () => {});
        this.#sockets.push(socket);
        this.#onSocket();
      });
      server.once("error", reject);
      server.listen(port, LOOPBACK, () => resolve((server.address() as { readonly port: number }).port));
    });
  }

  /** The peer's connection; a breach where it ends, or its time does, before. */
  async #orNothing({ ended }: RunningProgram): Promise<Socket> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const first = new Promise<Socket>((resolve) => {
      this.#onSocket = () => {
        const socket = this.#sockets.shift();
        if (socket !== undefined) resolve(socket);
      };
      this.#onSocket();
    });
    const never = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve(`nothing within ${this.desk.patienceMs} ms`), this.desk.patienceMs);
    });
    const came = await Promise.race([first, never, ended.then((how) => `the end of the peer: ${how}`)]);
    this.#onSocket = () => {};
    clearTimeout(timer);
    if (typeof came === "string") throw new Breach("a connection of the peer to its signaling server", came);
    return came;
  }
}

export function peerDriver(source: PeerSource): Driver<PeerWorld> {
  return {
    description: source.description,
    // A peer listens nowhere: it comes to us.
    reach: () => Promise.resolve(),
    open: (desk) => new PeerWorld(desk, source),
  };
}
