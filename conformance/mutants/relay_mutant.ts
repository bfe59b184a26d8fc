/** Makes broken relays: our own, started on loopback, with one thing changed while it runs. */
import { nobleBackend } from "../../lib/crypto/backend_noble.ts";
import { MemoryBus } from "../../lib/net/testing/memory_bus.ts";
import { RelayServer, type RelayServerOptions } from "../../lib/net/relay_server.ts";
import type { TlsIdentity } from "../../lib/net/tls_identity.ts";
import { Relay } from "../../lib/relay/relay.ts";
import { relayDriver } from "../drive/relay_world.ts";
import { publisherOn, relaySourceOf } from "../drive/testing.ts";
import { messageOf } from "../drive/line.ts";
import type { Json } from "../testee/answer.ts";
import type { Mutant, MutantHead } from "./mutant.ts";
import { mutantIdentity } from "./mutant_identity.ts";
import { TcpProxy, type Weakness } from "./tcp_proxy.ts";

const SECRET = new Uint8Array(32).fill(0x61);
const ANY_PORT = { host: "127.0.0.1", port: 0 };
/** So that cases about limits meet one. */
const SESSION_BPS = 5_000_000;

export interface RelayChange {
  readonly options?: Partial<RelayServerOptions>;
  /** Breaks the running relay. */
  readonly breaks?: (relay: Relay) => void;
  /** What stands in front of its TCP listener. */
  readonly before?: (relay: Relay) => Weakness;
  /** The same of its TLS listener, which sees what is encrypted. */
  readonly beforeTls?: () => Weakness;
  /** What it publishes instead of its status; undefined for nothing. */
  readonly publishes?: (status: Json) => Json | undefined;
}

export function relayMutant(head: MutantHead, change: RelayChange): Mutant {
  const { breaks, before, beforeTls, publishes = (status) => status } = change;
  return {
    ...head,
    async start() {
      const tlsIdentity = await mutantIdentity();
      const { open } = new MemoryBus();
      const publish = publisherOn(open);
      const publishStatus = (subject: string, message: string) => {
        const status = publishes(JSON.parse(message));
        if (status !== undefined) publish(subject, JSON.stringify(status));
      };
      const options = { publishStatus, ...change.options };
      const start = () => startBroken(head, tlsIdentity, { options, breaks });
      const server = await start();
      const { udp: [udp], tcp: [tcp], tls: [tls], http } = server.listening;
      const proxy = before && await TcpProxy.start(tcp, before(relayIn(server, head)));
      const tlsProxy = beforeTls && await TcpProxy.start(tls, beforeTls());
      const places = { udp, tcp: proxy?.local ?? tcp, tls: tlsProxy?.local ?? tls };
      const trust = { pinSha256: tlsIdentity.fingerprintSha256 };
      const metrics = http && `http://${http.host}:${http.port}/metrics`;
      const source = relaySourceOf(start, SECRET);
      const bus = { description: "a bus in memory", open };
      return {
        subjects: {
          relay: relayDriver({ ...places, secret: SECRET, trust, source, bus, ...(metrics ? { metrics } : {}) }),
        },
        async stop() {
          await Promise.all([proxy?.stop(), tlsProxy?.stop()]);
          await server.stop();
        },
      };
    },
  };
}

async function startBroken(
  head: MutantHead,
  tlsIdentity: TlsIdentity,
  { options, breaks }: RelayChange,
): Promise<RelayServer> {
  const server = await RelayServer.start({
    relayId: "mutant",
    secret: SECRET,
    crypto: nobleBackend,
    udp: [ANY_PORT],
    tcp: [ANY_PORT],
    tls: [ANY_PORT],
    http: ANY_PORT,
    tlsIdentity,
    limits: { sessionBps: SESSION_BPS },
    ...options,
  });
  breaks?.(relayIn(server, head));
  return server;
}

/** Without workers the state that it shows is the relay itself. */
function relayIn({ state }: RelayServer, { id }: MutantHead): Relay {
  if (!(state instanceof Relay)) throw new Error(`${id}: the relay is not in this thread`);
  return state;
}

/** Before the relay sees it, each unit passes here; it may be changed in place, but not grow. */
export function receiving(
  relay: Relay,
  look: (unit: Uint8Array, address: number, nowMs: number) => void,
): void {
  const packets = relay.packets.bind(relay);
  relay.packets = (batch, nowMs) => {
    for (let i = 0; i < batch.size; i++) look(batch.packet(i), batch.addresses[i], nowMs);
    packets(batch, nowMs);
  };
}

/** The relay's own messages pass here on their way out; what is answered goes out instead. */
export function answering(relay: Relay, change: (message: Json) => Json): void {
  const pollAnswers = relay.pollAnswers.bind(relay);
  relay.pollAnswers = (out) => {
    const before = out.size;
    const count = pollAnswers(out);
    for (let i = before; i < out.size; i++) {
      const unit = new TextEncoder().encode(JSON.stringify(change(messageOf(out.packet(i)))));
      out.bytes.set(unit, out.offset(i));
      out.lengths[i] = unit.length;
    }
    return count;
  };
}

/**
 * What the relay does not pass on is shown here with the peer that it came from, -1 for a stranger; where `judge` says so,
 * it goes to the other peer all the same.
 */
export function passing(relay: Relay, judge: (unit: Uint8Array, peer: number) => boolean): void {
  const packets = relay.packets.bind(relay);
  relay.packets = (batch, nowMs) => {
    const came = Array.from({ length: batch.size }, (_, i) => ({
      unit: batch.packet(i).slice(),
      peer: relay.bindings.peerAt(batch.addresses[i], nowMs),
    }));
    packets(batch, nowMs);
    const kept = new Set(Array.from({ length: batch.size }, (_, i) => batch.packet(i).join()));
    for (const { unit, peer } of came) {
      if (kept.has(unit.join()) || !judge(unit, peer)) continue;
      const to = relay.bindings.addressOf(peer < 0 ? 0 : peer ^ 1, nowMs);
      if (to >= 0 && batch.push(unit, to)) relay.priorities[batch.size - 1] = 0;
    }
  };
}
