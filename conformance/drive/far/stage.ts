/**
 * Everything that the peer under test can reach in a call: sockets and listeners of the other peer and of the relays that it
 * plays. They are open before the peer under test is started; relays answer from the first moment on, and what is for the
 * other peer waits until that has its keys.
 */
import { isSealed } from "../../../lib/crypto/seal.ts";
import { classifyUnit, UnitKind } from "../../../lib/packet/demux.ts";
import { ListenError } from "../../../lib/net/listen.ts";
import { NetError } from "../../../lib/net/net_error.ts";
import { openStream } from "../../../lib/net/open_stream.ts";
import { formatHostPort, type HostPort } from "../../../lib/base/address_table.ts";
import type { Json } from "../../testee/answer.ts";
import { messageOf } from "../line.ts";
import { Breach } from "../outcome.ts";
import type { PeerWorld } from "../peer_world.ts";
import { FarConnection, FarListener } from "./far_connection.ts";
import type { FarPath, FarPlace, PathEvents } from "./far_path.ts";
import { FarSocket } from "./far_socket.ts";
import type { HeardLog } from "./heard_log.ts";
import { PlayedRelay, type RelayGrant, type RelayWish } from "./played_relay.ts";

/** A number that is free for UDP and taken for TCP is rare, one after the other rarer. */
const PORT_TRIES = 8;
/** Nobody listens yet. */
const DIAL_AGAIN_MS = 50;

export interface StageWish {
  /** Sockets that are named in `network_info.local`. */
  readonly paths: number;
  /** The other peer listens on the port number of its first socket too. */
  readonly tcp: boolean;
  readonly relays: readonly RelayWish[];
}

export interface Arrival {
  readonly path: FarPath;
  readonly place: FarPlace;
  readonly atMs: number;
}

/** The other peer: takes units, which are borrowed, and when they came. */
type Take = (path: FarPath, unit: Uint8Array, atMs: number) => void;

export class Stage implements PathEvents {
  readonly paths: FarSocket[] = [];
  readonly relays: PlayedRelay[] = [];
  #direct: FarListener | undefined;
  readonly #world: PeerWorld;
  readonly #log: HeardLog;
  readonly #early: { readonly path: FarPath; readonly unit: Uint8Array; readonly atMs: number }[] = [];
  #take: Take | undefined;
  #dialled = 0;

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

  /** Listens on the port number of the first socket; for calls that wished for TCP. */
  get direct(): FarListener {
    if (this.#direct === undefined) throw new Error("this call has no TCP listener");
    return this.#direct;
  }

  /** Everything that HEARTBEATs can come to. */
  get places(): readonly FarPlace[] {
    const direct = this.#direct === undefined ? [] : [this.#direct];
    return [...this.paths, ...this.relays.map(({ place }) => place), ...direct];
  }

  /** The next connection of the peer's to one of the places, and when it came. */
  arrival(places: readonly FarPlace[], mark = 0): Promise<Arrival> {
    return this.#log.find(`a connection to ${places.map(({ name }) => name).join(" or ")}`, mark, (heard) => {
      const { kind, path, atMs } = heard;
      const place = places.find((one) => path !== undefined && one.owns(path));
      return kind === "opened" && path !== undefined && place !== undefined ? { path, place, atMs } : undefined;
    });
  }

  /** A connection of ours to the peer, as soon as it listens. */
  async dial(to: HostPort): Promise<FarConnection> {
    const { patienceMs, clock } = this.#world.desk;
    const deadlineMs = clock.nowMs() + patienceMs;
    for (;;) {
      try {
        const socket = await openStream(to.host, to.port, undefined, patienceMs);
        const line = this.#world.openLine(`connection ${++this.#dialled}`);
        const connection = new FarConnection(line, socket, true, this);
        this.opened(connection);
        return connection;
      } catch (error) {
        if (!(error instanceof NetError)) throw error;
        if (clock.nowMs() > deadlineMs) throw new Breach(`a listener on ${formatHostPort(to)}`, error.message);
        await this.#world.pass(DIAL_AGAIN_MS);
      }
    }
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
        this.#direct = await this.#listener(`${name} over TCP`, socket.local.port, false);
        this.paths.push(socket);
        return;
      } catch (error) {
        socket.line.close();
        if (!(error instanceof ListenError) || error.kind !== "in_use" || tries === PORT_TRIES) throw error;
      }
    }
  }
}
