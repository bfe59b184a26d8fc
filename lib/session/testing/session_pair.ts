/** Two whole sessions over the simulated network, with a signaling forwarder between them: for tests. */
import { AddressTable, isStreamAddress } from "../../base/address_table.ts";
import { PacketBatch } from "../../base/batch.ts";
import { SeededRng } from "../../base/rng.ts";
import { defaultBackend } from "../../crypto/backend_choice.ts";
import type { LinkOptions } from "../../base/link.ts";
import type { NatKind } from "../../sim/nat.ts";
import { Network, type UdpSocket } from "../../sim/network.ts";
import { Driver } from "../../sim/driver.ts";
import { StreamStack } from "../../sim/stream.ts";
import type { Host } from "../../sim/network.ts";
import { KNOWN_CODECS } from "../../signaling/selection.ts";
import { SimRelay, type SimRelayOptions } from "./sim_relay.ts";
import { PeerSession } from "../session.ts";
import type { SessionConfig, SessionEvent, SessionOutput } from "../session_events.ts";
import { SimSessionStreams } from "./sim_streams.ts";

export const SESSION = "11111111-1111-4111-8111-111111111111";
export const ANNA = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
export const BEN = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb";
const PORT = 5000;
const UNIX_OFFSET = 1_700_000_000_000;

export interface PairOptions {
  readonly seed?: number;
  readonly link?: Partial<LinkOptions>;
  /** One way, between a peer and the other through the server. */
  readonly signalingDelayMs?: number;
  readonly anna?: Partial<SessionConfig>;
  readonly ben?: Partial<SessionConfig>;
  /** Puts a peer behind a NAT of its own, its public address unknown to itself. */
  readonly nats?: { readonly anna?: NatKind; readonly ben?: NatKind };
  /** What the server hands out to both. */
  readonly relays?: readonly SimRelayOptions[];
  /** Both know the relays from the start, as by `--relay`. */
  readonly relaysKnown?: boolean;
}

/** One peer on its host. */
export class SimPeer {
  readonly session: PeerSession;
  readonly host: Host;
  readonly media: Extract<SessionOutput, { kind: "media" }>["event"][] = [];
  readonly events: { readonly atMs: number; readonly event: SessionEvent }[] = [];
  readonly sentUnits: { bytes: number; count: number } = { bytes: 0, count: 0 };
  other: SimPeer | undefined;
  readonly #pair: SessionPair;
  readonly #socket: UdpSocket;
  readonly #streams: SimSessionStreams;
  readonly #addresses = new AddressTable();
  readonly #inBatch = new PacketBatch(1);
  readonly #outBatch = new PacketBatch(32, 1500);
  readonly #driven: ReturnType<Driver["attach"]>;

  constructor(
    pair: SessionPair,
    name: string,
    ip: string,
    config: Partial<SessionConfig> & Pick<SessionConfig, "role" | "peerId">,
  ) {
    this.#pair = pair;
    const nat = pair.nats[name as "anna" | "ben"];
    const publicIp = name === "anna" ? "198.51.100.1" : "198.51.100.2";
    const site = nat === undefined ? undefined : pair.network.addNat({ kind: nat, publicIp });
    this.host = pair.network.addHost(name, { ip, site });
    this.session = new PeerSession({
      sessionId: SESSION,
      rng: new SeededRng(config.peerId === ANNA ? 11 + pair.seed : 7919 + pair.seed),
      unixOffsetMs: UNIX_OFFSET,
      codecs: KNOWN_CODECS,
      suites: ["chacha20-poly1305"],
      authentications: ["hmac-sha256-80"],
      resolutions: ["720p"],
      reducedHeader: false,
      rtx: true,
      fec: true,
      networkInfo: () =>
        nat === undefined
          ? { nat_type: "open", public_ip: this.host.ip, public_port: PORT }
          : { nat_type: "unknown", local: [{ ip: this.host.ip, port: PORT }] },
      identityPolicy: { kind: "optional" },
      relays: pair.relaysKnown ? pair.relays.flatMap((relay) => relay.entriesFor(SESSION, config.peerId)) : [],
      backend: defaultBackend(),
      addresses: this.#addresses,
      ...config,
    });
    this.#socket = this.host.bindUdp(PORT, (data, from, nowMs) => {
      this.#arrived(data, this.#addresses.intern(from.ip, from.port), nowMs);
    });
    this.#streams = new SimSessionStreams(pair.network, pair.stack, this.host, pair.names, {
      event: (event) => this.act((session, nowMs) => session.transport(event, nowMs)),
      accepted: (from) => this.act((session, nowMs) => session.accepted(from, nowMs)),
      unit: (unit, address, nowMs) => this.#arrived(unit, address, nowMs),
    });
    const machine = {
      handle: () => {},
      poll: () => this.#poll(),
      nextTimeoutMs: () => this.session.nextTimeoutMs(),
    };
    this.#driven = pair.driver.attach(machine, {
      expire: (nowMs) => this.session.timeout(nowMs),
      output: (output) => this.#carryOut(output as SessionOutput),
    });
  }

  #arrived(unit: Uint8Array, address: number, nowMs: number): void {
    this.#inBatch.clear();
    this.#inBatch.push(unit, address);
    this.session.packets(this.#inBatch, nowMs);
    this.#driven.wake();
  }

  /** Runs an action on the session and carries out what follows. */
  act<T>(action: (session: PeerSession, nowMs: number) => T): T {
    const result = action(this.session, this.#pair.nowMs);
    this.#driven.wake();
    return result;
  }

  kinds(): string[] {
    return this.events.map(({ event }) => event.kind);
  }

  /** Sends what is due, then answers the next output. */
  #poll(): SessionOutput | undefined {
    for (;;) {
      this.#outBatch.clear();
      if (this.session.pollPackets(this.#outBatch, this.#pair.nowMs) === 0) break;
      for (let i = 0; i < this.#outBatch.size; i++) {
        this.sentUnits.bytes += this.#outBatch.lengths[i];
        this.sentUnits.count++;
        const address = this.#outBatch.addresses[i];
        if (isStreamAddress(address)) {
          this.#streams.send(address, this.#outBatch.packet(i));
          continue;
        }
        const to = this.#addresses.describe(address);
        if (to === undefined) continue;
        this.#socket.send(this.#outBatch.packet(i), this.#pair.network.endpoints.of(to.host, to.port));
      }
    }
    return this.session.poll();
  }

  #carryOut(output: SessionOutput): void {
    if (output.kind === "media") this.media.push(output.event);
    else if (output.kind === "event") this.events.push({ atMs: this.#pair.nowMs, event: output.event });
    else if (output.kind === "transport") this.#streams.carryOut(output.want);
    else this.#pair.forward(this, output.text);
  }
}

export class SessionPair {
  readonly network: Network;
  readonly stack: StreamStack;
  /** What DNS knows. */
  readonly names: Record<string, string>;
  readonly relaysKnown: boolean;
  readonly driver: Driver;
  readonly anna: SimPeer;
  readonly ben: SimPeer;
  readonly seed: number;
  readonly nats: NonNullable<PairOptions["nats"]>;
  readonly relays: readonly SimRelay[];
  #signalingIsUp = false;
  readonly #signalingDelayMs: number;

  constructor(
    {
      seed = 1,
      link = { delayMs: 10 },
      signalingDelayMs = 20,
      anna = {},
      ben = {},
      nats = {},
      relays = [],
      relaysKnown = false,
    }: PairOptions = {},
  ) {
    this.seed = seed;
    this.relaysKnown = relaysKnown;
    this.nats = nats;
    this.network = new Network({ seed, link });
    this.stack = new StreamStack(this.network);
    this.relays = relays.map((options) => new SimRelay(this.network, this.stack, options, UNIX_OFFSET));
    this.names = Object.fromEntries(relays.map(({ name, ip }) => [name ?? ip, ip]));
    this.driver = new Driver(this.network.clock);
    this.#signalingDelayMs = signalingDelayMs;
    this.anna = new SimPeer(this, "anna", "10.0.0.1", { role: "caller", peerId: ANNA, ...anna });
    this.ben = new SimPeer(this, "ben", "10.0.0.2", { role: "callee", peerId: BEN, ...ben });
    this.anna.other = this.ben;
    this.ben.other = this.anna;
  }

  get nowMs(): number {
    return this.network.clock.nowMs;
  }

  /** The server is there (again), for both. */
  signalingUp(): void {
    this.#signalingIsUp = true;
    for (const peer of [this.ben, this.anna]) {
      peer.act((session, nowMs) => {
        session.start(nowMs);
        session.signalingUp(nowMs);
      });
    }
  }

  /** The server dies: what is on its way is lost. */
  signalingDown(): void {
    this.#signalingIsUp = false;
    for (const peer of [this.anna, this.ben]) peer.act((session, nowMs) => session.signalingDown(nowMs));
  }

  forward(from: SimPeer, text: string): void {
    if (!this.#signalingIsUp) return;
    const forwarded = this.#withRelays(from, text);
    this.network.clock.after(this.#signalingDelayMs, () => {
      if (this.#signalingIsUp) from.other?.act((session, nowMs) => session.signalingMessage(forwarded, nowMs));
    });
  }

  /** What a server does: the recipient's own relays and tokens. */
  #withRelays(from: SimPeer, text: string): string {
    const message = JSON.parse(text);
    if (this.relays.length === 0 || message.network_info === undefined) return text;
    const recipient = from === this.anna ? BEN : ANNA;
    message.network_info.relay_servers = this.relays.flatMap((relay) => relay.entriesFor(SESSION, recipient));
    return JSON.stringify(message);
  }

  run(forMs: number): void {
    this.driver.runUntil(this.nowMs + forMs);
  }

  /** Handshake and first path. */
  connect(): void {
    this.signalingUp();
    this.run(500);
  }
}
