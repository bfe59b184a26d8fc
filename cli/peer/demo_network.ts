/** What lies between the two peers of a demo: loopback as it is or made bad, and a relay where one is wanted. */
import { issueRelayToken } from "../../lib/crypto/relay_token.ts";
import type { CryptoBackend } from "../../lib/crypto/backend.ts";
import type { Clock } from "../../lib/net/clock.ts";
import type { DatagramTransport } from "../../lib/net/datagram.ts";
import { ImpairedTransport } from "../../lib/net/impaired_transport.ts";
import { RelayServer } from "../../lib/net/relay_server.ts";
import { SystemRng } from "../../lib/net/system_rng.ts";
import { openUdp } from "../../lib/net/udp_deno.ts";
import type { Impairer } from "../../lib/relay/impairer.ts";
import type { Impairment } from "../../lib/relay/impairment.ts";
import type { PathPolicy } from "../../lib/session/path_candidate.ts";
import type { RelayServers } from "../../lib/session/session_relays.ts";

const HOST = "127.0.0.1";
const RELAY_ID = "demo";
const SECRET_BYTES = 32;
const TOKEN_LIFETIME_S = 24 * 3600;

/** As it was asked for: `text` is for the report. */
export interface DemoImpairment {
  readonly text: string;
  readonly impairment: Impairment;
  readonly seed: number;
}

export interface DemoNetworkOptions {
  readonly relay: boolean;
  readonly impair: DemoImpairment | undefined;
  readonly backend: CryptoBackend;
  readonly clock: Clock;
}

/** What the impairment did to the units of both directions, media and all others. */
export type Injected = Impairer["counts"];

export class DemoNetwork {
  /** Where there is a relay, media may go through it alone: straight would be better, and on one machine always works. */
  readonly pathPolicy: PathPolicy;
  readonly #options: DemoNetworkOptions;
  readonly #secret: Uint8Array;
  readonly #relay: RelayServer | undefined;
  readonly #impairers: Impairer[] = [];

  private constructor(options: DemoNetworkOptions, secret: Uint8Array, relay: RelayServer | undefined) {
    this.#options = options;
    this.#secret = secret;
    this.#relay = relay;
    this.pathPolicy = relay === undefined ? "auto" : "relay";
  }

  /** @throws ListenError */
  static async open(options: DemoNetworkOptions): Promise<DemoNetwork> {
    const secret = new Uint8Array(SECRET_BYTES);
    new SystemRng().fill(secret);
    if (!options.relay) return new DemoNetwork(options, secret, undefined);
    const relay = await RelayServer.start({
      relayId: RELAY_ID,
      secret,
      crypto: options.backend,
      udp: [{ host: HOST, port: 0 }],
      clock: options.clock,
      ...(options.impair === undefined ? {} : { impairment: options.impair }),
    });
    return new DemoNetwork(options, secret, relay);
  }

  /** The media socket of a peer: the caller's is made first, so that a seed means the same in each run. */
  openTransport(): DatagramTransport {
    const socket = openUdp({ host: HOST, port: 0 });
    const { impair, clock } = this.#options;
    if (impair === undefined || this.#relay !== undefined) return socket;
    const seed = impair.seed + this.#impairers.length;
    const impaired = new ImpairedTransport(socket, { impairment: impair.impairment, seed, clock });
    this.#impairers.push(impaired.impairer);
    return impaired;
  }

  /** What a server would hand out to this peer. */
  relaysFor(sessionId: string, peerId: string): RelayServers {
    const { clock } = this.#options;
    const expires = Math.floor((clock.nowMs() + clock.unixOffsetMs) / 1000) + TOKEN_LIFETIME_S;
    const token = issueRelayToken(this.#secret, { sessionId, peerId, expiresS: expires });
    return (this.#relay?.listening.udp ?? []).map(({ host, port }) => (
      { id: RELAY_ID, address: host, port, priority: 1, transport: "udp", token, expires }
    ));
  }

  /** Units of media that went through the relay, both ways; undefined where there is none. */
  get relayedUnits(): number | undefined {
    return this.#relay?.state.counters.forwardedUnits.reduce((sum, units) => sum + units);
  }

  /** Undefined where the network is left as it is. */
  get injected(): Injected | undefined {
    const inRelay = this.#relay?.impaired();
    const counted = [...this.#impairers.map(({ counts }) => counts), ...(inRelay === undefined ? [] : [inRelay])];
    const [first, ...others] = counted.map((counts) => ({ ...counts }));
    for (const counts of others) {
      for (const effect of Object.keys(first) as (keyof Injected)[]) first[effect] += counts[effect];
    }
    return first;
  }

  async close(): Promise<void> {
    await this.#relay?.stop();
  }
}
