/**
 * Everything that the peer under test can reach in a call: sockets and listeners of the other peer and of the relays that it
 * plays. They are open before the peer under test is started; relays answer from the first moment on, and what is for the
 * other peer waits until that has its keys.
 */
import { isSealed } from "../../../lib/crypto/seal.ts";
import { classifyUnit, UnitKind } from "../../../lib/packet/demux.ts";
import { ListenError } from "../../../lib/net/listen.ts";
import { openStream } from "../../../lib/net/open_stream.ts";
import type { HostPort } from "../../../lib/base/address_table.ts";
import type { Json } from "../../testee/answer.ts";
import { messageOf } from "../line.ts";
import type { PeerWorld } from "../peer_world.ts";
import { FarConnection, FarListener } from "./far_connection.ts";
import type { FarPath, FarPlace, PathEvents } from "./far_path.ts";
import { FarSocket } from "./far_socket.ts";
import type { HeardLog } from "./heard_log.ts";
import { PlayedRelay, type RelayGrant, type RelayWish } from "./played_relay.ts";

/** A number that is free for UDP and taken for TCP is rare, one after the other rarer. */
const PORT_TRIES = 8;

export interface StageWish {
  /** Sockets that are named in `network_info.local`. */
  readonly paths: number;
  /** The other peer listens on the port number of its first socket too. */
  readonly tcp: boolean;
  readonly relays: readonly RelayWish[];
}

/** The other peer: takes units, which are borrowed, and when they came. */
type Take = (path: FarPath, unit: Uint8Array, atMs: number) => void;

export class Stage implements PathEvents {
  readonly paths: FarSocket[] = [];
  readonly relays: PlayedRelay[] = [];
  /** On the port number of the first socket. */
  direct: FarListener | undefined;
  readonly #world: PeerWorld;
  readonly #log: HeardLog;
  readonly #early: { readonly path: FarPath; readonly unit: Uint8Array; readonly atMs: number }[] = [];
  #take: Take | undefined;

  constructor(world: PeerWorld, log: HeardLog) {
    this.#world = world;
    this.#log = log;
  }

  async open({ paths, tcp, relays }: StageWish, grant: RelayGrant): Promise<void> {
    for (const [i, wish] of relays.entries()) {
      const place = await this.#relayPlace(`relay ${i + 1}`, wish);
      this.relays.push(new PlayedRelay(place, wish, grant, this.#world.timestamp));
    }
    while (this.paths.length < paths) {
      const name = `path ${this.paths.length + 1}`;
      if (tcp && this.paths.length === 0) await this.#openBoth(name);
      else this.paths.push(this.socket(name));
    }
  }

  /** A UDP socket whose units are heard as those of the others. */
  socket(name: string): FarSocket {
    return new FarSocket(this.#world.openLine(name), this);
  }

  /** A connection to the peer under test. @throws NetError where nobody listens. */
  async connection(name: string, to: HostPort): Promise<FarConnection> {
    const socket = await openStream(to.host, to.port, undefined, this.#world.desk.patienceMs);
    const connection = new FarConnection(this.#world.openLine(name), socket, true, this);
    this.opened(connection);
    return connection;
  }

  /** From now on units go to the other peer, those that wait first. */
  enter(take: Take): void {
    this.#take = take;
    for (const { path, unit, atMs } of this.#early.splice(0)) take(path, unit, atMs);
  }

  // ---- what happens on paths

  opened(path: FarPath): void {
    this.#log.push({ kind: "opened" }, path);
  }

  closed(path: FarPath, why: string): void {
    this.#log.push({ kind: "closed", why }, path);
  }

  took(path: FarPath, unit: Uint8Array): void {
    const atMs = this.#world.desk.clock.nowMs();
    const relay = this.relays.find(({ place }) => place.owns(path));
    if (relay !== undefined && classifyUnit(unit) === UnitKind.json && !isSealed(unit)) {
      return this.#forRelay(relay, path, messageOf(unit), atMs);
    }
    if (this.#take === undefined) this.#early.push({ path, unit: unit.slice(), atMs });
    else this.#take(path, unit, atMs);
  }

  #forRelay(relay: PlayedRelay, path: FarPath, message: Json, atMs: number): void {
    this.#log.push({ kind: "plain", message }, path, atMs);
    const answer = relay.answer(message, path);
    // What is under way when the case ends is nobody's loss.
    if (answer !== undefined) path.line.say(answer).catch(() => {});
  }

  // ---- places

  async #relayPlace(name: string, { transport = "udp" }: RelayWish): Promise<FarPlace> {
    return transport === "udp" ? this.socket(name) : await this.#listener(name, 0, transport === "tls");
  }

  #listener(name: string, port: number, tls: boolean): Promise<FarListener> {
    return FarListener.open(name, { port, tls }, this.#world, this);
  }

  async #openBoth(name: string): Promise<void> {
    for (let tries = 1;; tries++) {
      const socket = this.socket(name);
      try {
        this.direct = await this.#listener(`${name} over TCP`, socket.local.port, false);
        this.paths.push(socket);
        return;
      } catch (error) {
        socket.line.close();
        if (!(error instanceof ListenError) || error.kind !== "in_use" || tries === PORT_TRIES) throw error;
      }
    }
  }
}
