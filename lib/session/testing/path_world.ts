/** A scenario as it runs: what happens, whether a path can be there at all, and what must hold whatever happens. */
import { readU16, readU32 } from "../../base/bytes.ts";
import { distance16 } from "../../base/serial.ts";
import { defaultBackend } from "../../crypto/backend_choice.ts";
import { classifyUnit, UnitKind } from "../../packet/demux.ts";
import type { Host } from "../../sim/network.ts";
import type { NatKind } from "../../sim/nat.ts";
import type { TraceEvent } from "../../sim/trace.ts";
import type { PathCandidate } from "../path_candidate.ts";
import type { PeerName, Scenario, ScenarioEvent } from "./path_scenario.ts";
import { SessionPair } from "./session_pair.ts";
import { AUDIO_SSRC, heard, talk } from "./talk.ts";

/** Enough to see whether media flows. */
const FRAME_EVERY_MS = 60;
const LOOK_EVERY_MS = 200;
/** What was under way when something happened still arrives. */
const DRAIN_MS = 300;

const CALL_MS = 200_000;
const MAX_PATHS = 32;

export class PathWorld {
  readonly pair: SessionPair;
  /** What did not hold, a sentence each. */
  readonly broken: string[] = [];
  readonly #scenario: Scenario;
  readonly #moved = new Set<PeerName>();
  #moves = 0;
  #lastSequence: number | undefined;
  readonly #backend = defaultBackend();

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    const { seed, nats, relays, relaysKnown, delayMs, lossRate } = scenario;
    const config = { backend: this.#backend, authentications: ["none"] } as const;
    const link = { delayMs, lossRate };
    this.pair = new SessionPair({ seed, nats, relays, relaysKnown, link, anna: config, ben: config });
    for (const name of scenario.udpBlocked) this.pair[name].host.blocksUdp = true;
    for (const i of scenario.relaysDead) this.pair.relays[i].kill();
    this.pair.network.tap = (event) => this.#onWire(event);
  }

  /** Connects and begins to talk. */
  begin(): void {
    this.pair.signalingUp();
    this.pair.run(1000);
    talk(this.pair, CALL_MS, FRAME_EVERY_MS);
  }

  /** Lets it happen; a cut is over when this returns. */
  happen(event: ScenarioEvent): void {
    const { relays, network } = this.pair;
    switch (event.kind) {
      case "relay_dies":
        return relays[event.relay].kill();
      case "udp":
        this.pair[event.peer].host.blocksUdp = event.isBlocked;
        return;
      case "move": {
        const { host } = this.pair[event.peer];
        this.#moved.add(event.peer);
        const last = 100 + this.#moves++;
        if (host.site === undefined) host.moveTo(`10.0.0.${last}`);
        else network.rebind(host.site, `198.51.100.${last}`);
        return;
      }
      case "cut": {
        const from = this.pair[event.from].host;
        const to = event.to === "ben" ? this.pair.ben.host : relays[event.to].host;
        network.cut(from, to);
        this.pair.run(event.forMs);
        network.cut(from, to, false);
        return;
      }
    }
  }

  /** How long it takes until frames come again, in ms of virtual time; undefined when not within `boundMs`. */
  untilHeard(boundMs: number): number | undefined {
    const startMs = this.pair.nowMs;
    this.pair.run(DRAIN_MS);
    while (this.pair.nowMs - startMs <= boundMs + LOOK_EVERY_MS) {
      const before = heard(this.pair.ben);
      this.pair.run(LOOK_EVERY_MS);
      if (heard(this.pair.ben) > before) return this.pair.nowMs - startMs;
    }
    return undefined;
  }

  /** True when there is a path that peers must find. False says nothing: they may still find one. */
  get hasPath(): boolean {
    const { relays } = this.pair;
    return relays.some((_, i) => this.#reaches("anna", i) && this.#reaches("ben", i)) || this.#isDirect ||
      this.#isDirectTcp;
  }

  /** True when Anna holds a valid path that is still good, and Ben can be reached by it. */
  get hasStandby(): boolean {
    const { finder } = this.pair.anna.session;
    return finder.paths.all.some(({ path, isValid }) => isValid && this.#isGood(path));
  }

  /** What must be so at the end. */
  check(): void {
    const { anna, ben, relays, nowMs } = this.pair;
    for (const [name, peer] of [["anna", anna], ["ben", ben]] as const) {
      const keys = peer.events.filter(({ event }) => event.kind === "keys").length;
      if (keys !== 1) this.broken.push(`${name} has made keys ${keys} times`);
      const { replay } = peer.session.stats(nowMs)?.drops ?? {};
      if (replay !== undefined) this.broken.push(`${name} has dropped ${replay} packets as replayed`);
      const paths = peer.session.finder.paths.all.length;
      if (paths > MAX_PATHS) this.broken.push(`${name} keeps ${paths} paths`);
    }
    for (const { relay, options } of relays) {
      if (relay.bindings.bound > 2) this.broken.push(`${options.id} keeps ${relay.bindings.bound} bindings`);
    }
  }

  #isGood(path: PathCandidate): boolean {
    const { relays } = this.pair;
    if (path.relayId !== undefined) {
      const i = relays.findIndex(({ options }) => options.id === path.relayId);
      return this.#moves === 0 && this.#reachesBy("anna", i, path.kind === "relay") &&
        this.#isBoundAndReached("ben", i);
    }
    return this.#moves === 0 && (path.kind === "tcp" || this.#isDirect);
  }

  #isBoundAndReached(name: PeerName, i: number): boolean {
    const id = this.pair.relays[i].options.id;
    return this.pair[name].session.finder.paths.all.some(({ path, isValid }) =>
      isValid && path.relayId === id && this.#reachesBy(name, i, path.kind === "relay")
    );
  }

  #reaches(name: PeerName, i: number): boolean {
    return this.#reachesBy(name, i, true) || this.#reachesBy(name, i, false);
  }

  #reachesBy(name: PeerName, i: number, byUdp: boolean): boolean {
    const { isDead, options: { transports = ["udp"] } } = this.pair.relays[i];
    if (isDead) return false;
    if (byUdp) return transports.includes("udp") && !this.pair[name].host.blocksUdp;
    return transports.some((transport) => transport !== "udp");
  }

  get #isDirect(): boolean {
    const { anna, ben } = this.pair;
    if (anna.host.blocksUdp || ben.host.blocksUdp || this.#moves > 1) return false;
    const kinds: Readonly<Record<PeerName, NatKind | undefined>> = {
      anna: undefined,
      ben: undefined,
      ...this.#scenario.nats,
    };
    const others = { anna: kinds.ben, ben: kinds.anna };
    // Whoever has moved must get through to the other, who does not know where to send to; the address that a NAT gave to
    // the other may never have been seen.
    for (const name of this.#moved) if (others[name] !== undefined) return false;
    return kinds.anna === undefined || kinds.ben === undefined;
  }

  /** Ben listens where he has said that he is. */
  get #isDirectTcp(): boolean {
    return this.#scenario.nats.ben === undefined && !this.#moved.has("ben");
  }

  /** Media goes to validated paths alone, under one SSRC, its numbers ascending, whatever path it takes. */
  #onWire({ kind, protocol, from, to, data }: TraceEvent): void {
    if (kind !== "sent" || protocol !== "udp" || !isFrom(from.ip, this.pair.anna.host)) return;
    if (classifyUnit(data, 0, data.length) !== UnitKind.arcrtp) return;
    const { finder } = this.pair.anna.session;
    const isValid = finder.paths.all.some(({ path, isValid }) => {
      const address = finder.describe(path.address);
      return isValid && address?.host === to.ip && address.port === to.port;
    });
    if (!isValid) this.broken.push(`media went to ${to.ip}:${to.port} at ${this.pair.nowMs} ms, which is not valid`);
    if (readU32(data, 8) !== AUDIO_SSRC) return;
    const sequence = readU16(data, 2);
    if (this.#lastSequence !== undefined && distance16(this.#lastSequence, sequence) <= 0) {
      this.broken.push(`sequence number ${sequence} came after ${this.#lastSequence}`);
    }
    this.#lastSequence = sequence;
  }
}

function isFrom(ip: string, host: Host): boolean {
  return ip === host.ip || ip === host.site?.nats.udp.options.publicIp;
}
