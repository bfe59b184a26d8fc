/**
 * Our own peer, which looks for paths in a way of its own: over TCP, through relays, at addresses that it is told of; and
 * what a testee gets wrong of clocks and reconnecting.
 */
import { isStreamAddress } from "../../lib/base/address_table.ts";
import { readU32, utf8 } from "../../lib/base/bytes.ts";
import { isSealed, SEAL_OVERHEAD_BYTES } from "../../lib/crypto/seal.ts";
import { classifyUnit, UnitKind } from "../../lib/packet/demux.ts";
import type { PeerSession } from "../../lib/session/session.ts";
import type { SessionOutput } from "../../lib/session/session_events.ts";
import type { StreamTarget, TransportWant } from "../../lib/session/stream_connections.ts";
import { messageOf } from "../drive/line.ts";
import type { OwnPeerChanges } from "../drive/own_peer.ts";
import type { Json } from "../testee/answer.ts";
import { asking, eachOf, type Mutant, opsMutant } from "./mutant.ts";
import { overStreams, peerMutant, type RewriteStream } from "./peer_mutant.ts";

/** Of a connection that the session knows nothing of: far from those that it counts itself. */
const UNKNOWN_ADDRESS = 0x7fff_0000;
const LATE_MS = 1000;

/** Some of what the session wants of its sockets is not carried out. */
function without(isLeftOut: (want: TransportWant) => boolean): OwnPeerChanges {
  return {
    session(session) {
      const poll = session.poll.bind(session);
      session.poll = () => {
        let out = poll();
        while (out?.kind === "transport" && isLeftOut(out.want)) out = poll();
        return out;
      };
    },
  };
}

/** Beside a want for which `place` answers something, somebody connects there and says nothing. */
function knocking(
  place: (out: SessionOutput, session: PeerSession) => Omit<StreamTarget, "transport"> | undefined,
): OwnPeerChanges {
  return {
    session(session) {
      const poll = session.poll.bind(session);
      const knocks: SessionOutput[] = [];
      let address = UNKNOWN_ADDRESS;
      session.poll = () => {
        const knock = knocks.shift();
        if (knock !== undefined) return knock;
        const out = poll();
        const to = out && place(out, session);
        if (to !== undefined) {
          const want = { kind: "connect", address: address++, to: { ...to, transport: "tcp" } } as const;
          knocks.push({ kind: "transport", want });
        }
        return out;
      };
    },
  };
}

/** Entries of `relay_servers` are read as `change` has them. */
function readingRelays(change: (entry: Json, i: number) => Json): OwnPeerChanges {
  return {
    session(session) {
      const take = session.signalingMessage.bind(session);
      session.signalingMessage = (input, nowMs) => {
        const message = messageOf(typeof input === "string" ? utf8(input) : input);
        const info = message.network_info as Json | undefined;
        const servers = info?.relay_servers;
        if (!Array.isArray(servers)) return take(input, nowMs);
        const changed = { ...message, network_info: { ...info, relay_servers: servers.map(change) } };
        take(JSON.stringify(changed), nowMs);
      };
    },
  };
}

/** RELAY_KEYS for each SSRC, behind its first packet. */
function keysBehind(): RewriteStream {
  const named = new Set<number>();
  return (unit) => {
    if (classifyUnit(unit) !== UnitKind.arcrtp) return [unit];
    const ssrc = readU32(unit, 8);
    if (named.has(ssrc)) return [unit];
    named.add(ssrc);
    return [unit, utf8(JSON.stringify({ type: "RELAY_KEYS", ssrc, epoch: 0 }))];
  };
}

export const PATH_MUTANTS: readonly Mutant[] = [
  peerMutant(
    {
      id: "peer/tcp-beside-udp",
      broken: "tries TCP as soon as it is connected",
      breaks: ["ARC-PATH-tcp-after"],
    },
    knocking((out, { agreement }) => {
      if (out.kind !== "event" || out.event.kind !== "connected") return undefined;
      const [first] = agreement?.remote.networkInfo.local ?? [];
      return first && { kind: "tcp", host: first.ip, port: first.port };
    }),
  ),
  peerMutant({
    id: "peer/never-over-tcp",
    broken: "connects nowhere over TCP",
    breaks: ["ARC-PATH-tcp-after"],
  }, without(({ kind }) => kind === "connect")),
  peerMutant({
    id: "peer/tcp-after-another-second",
    broken: "waits a second before it tries TCP, too, when the last path over UDP has gone down",
    breaks: ["ARC-PATH-tcp-at-once"],
  }, {
    session(session) {
      const poll = session.poll.bind(session);
      const held: SessionOutput[] = [];
      let dueMs = Infinity;
      session.poll = () => {
        const out = performance.now() >= dueMs ? held.shift() ?? poll() : poll();
        if (out?.kind !== "transport" || out.want.kind !== "connect" || performance.now() >= dueMs) return out;
        if (dueMs === Infinity) dueMs = performance.now() + LATE_MS;
        held.push(out);
        return session.poll();
      };
    },
  }),
  peerMutant({
    id: "peer/stays-on-tcp",
    broken: "hears nothing more over UDP once it hears something over TCP",
    breaks: ["ARC-PATH-first-valid"],
  }, {
    session(session) {
      const packets = session.packets.bind(session);
      let isOverTcp = false;
      session.packets = (batch, nowMs) => {
        const [address] = batch.addresses;
        isOverTcp ||= isStreamAddress(address);
        if (!isOverTcp || isStreamAddress(address)) packets(batch, nowMs);
      };
    },
  }),
  peerMutant({
    id: "peer/introduces-itself-in-the-clear",
    broken: "says its first HEARTBEAT on a connection without a seal",
    breaks: ["ARC-PATH-tcp-direct"],
  }, overStreams(() => (unit, nth) => [nth === 0 ? unit.slice(0, -SEAL_OVERHEAD_BYTES) : unit])),
  peerMutant({
    id: "peer/listens-nowhere",
    broken: "takes no connections as a callee",
    breaks: ["ARC-PATH-tcp-direct"],
  }, without(({ kind }) => kind === "listen")),
  peerMutant({
    id: "peer/suffers-strangers",
    broken: "keeps connections whose first unit is something else than a sealed HEARTBEAT",
    breaks: ["ARC-PATH-tcp-first-unit"],
  }, without(({ kind }) => kind === "close")),
  peerMutant({
    id: "peer/worst-relay-first",
    broken: "tries relays over TCP the other way round",
    breaks: ["ARC-PATH-tcp-relay"],
  }, readingRelays((entry) => ({ ...entry, priority: 100 - Number(entry.priority) }))),
  peerMutant({
    id: "peer/no-relay-over-tls",
    broken: "does not connect to relays over TLS",
    breaks: ["ARC-PATH-tcp-relay"],
  }, without((want) => want.kind === "connect" && want.to.transport === "tls")),
  peerMutant(
    {
      id: "peer/relays-without-delay",
      broken: "connects to relays together with the direct attempt",
      breaks: ["ARC-PATH-tcp-head-start"],
    },
    knocking((out, { agreement }) => {
      if (out.kind !== "transport" || out.want.kind !== "connect" || out.want.to.kind !== "tcp") return undefined;
      const [relay] = agreement?.remote.networkInfo.relay_servers ?? [];
      return relay && { kind: "tcp_relay", host: relay.address, port: relay.port };
    }),
  ),
  peerMutant({
    id: "peer/gives-direct-tcp-up",
    broken: "hears nothing more on a direct connection once it tries relays",
    breaks: ["ARC-PATH-tcp-head-start"],
  }, {
    session(session) {
      const poll = session.poll.bind(session);
      const packets = session.packets.bind(session);
      const direct = new Set<number>();
      let isGivenUp = false;
      session.poll = () => {
        const out = poll();
        if (out?.kind !== "transport" || out.want.kind !== "connect") return out;
        if (out.want.to.kind === "tcp") direct.add(out.want.address);
        else isGivenUp = true;
        return out;
      };
      session.packets = (batch, nowMs) => {
        if (!isGivenUp || !direct.has(batch.addresses[0])) packets(batch, nowMs);
      };
    },
  }),
  peerMutant({
    id: "peer/binds-by-every-way",
    broken: "binds at a relay over TCP, though it is bound there over UDP",
    breaks: ["ARC-PATH-tcp-relay-once"],
  }, readingRelays((entry, i) => ({ ...entry, id: `way-${i}` }))),
  peerMutant({
    id: "peer/trusts-tls-with-heartbeats",
    broken: "says over a connection everything that it seals once more in the clear",
    breaks: ["ARC-SEAL-path-tls"],
  }, overStreams(() => (unit) => isSealed(unit) ? [unit, unit.slice(0, -SEAL_OVERHEAD_BYTES)] : [unit])),
  peerMutant({
    id: "peer/gives-keys-late",
    broken: "sends RELAY_KEYS behind the first packet",
    breaks: ["ARC-RELAY-keys-before-epoch"],
  }, overStreams(keysBehind)),
  peerMutant({
    id: "peer/connects-before-it-binds",
    broken: "takes no notice of the relays that it knows before it connects",
    breaks: ["ARC-PATH-bind-first"],
  }, { config: (config) => ({ ...config, relays: [] }) }),
  peerMutant(
    {
      id: "peer/waits-for-dead-relays",
      broken: "sends CONNECT 3 seconds after the relays were asked",
      breaks: ["ARC-PATH-bind-first"],
    },
    {
      link: (link) => ({
        ...link,
        get bufferedBytes() {
          return link.bufferedBytes;
        },
        send(text) {
          if (messageOf(utf8(text)).type === "CONNECT") setTimeout(() => link.send(text), 3 * LATE_MS);
          else link.send(text);
        },
        close: (why) => link.close(why),
      }),
    },
  ),
  peerMutant({
    id: "peer/keeps-its-address-to-itself",
    broken: "does not tell what its relays see of it",
    breaks: ["ARC-PATH-tell-address"],
  }, {
    session: ({ finder: { paths } }) => {
      Object.defineProperty(paths, "news", { get: () => undefined, set: () => {} });
    },
  }),
  peerMutant({
    id: "peer/knows-no-nat-type",
    broken: "says that it does not know its NAT type",
    breaks: ["ARC-RELAY-nat-type"],
  }, {
    session: ({ finder: { paths } }) => {
      let news = paths.news;
      Object.defineProperty(paths, "news", {
        get: () => news,
        set: (told: typeof news) => news = told && { ...told, nat_type: "unknown" },
      });
    },
  }),
  peerMutant({
    id: "peer/deaf-to-addresses",
    broken: "does not probe addresses that it is told of",
    breaks: ["ARC-PATH-told-address"],
  }, {
    session: ({ finder: { paths } }) => {
      paths.told = () => {};
    },
  }),
  peerMutant({
    id: "peer/scans-for-anybody",
    broken: "probes all addresses that it is told of",
    breaks: ["ARC-PATH-told-address"],
  }, {
    session: ({ finder: { paths } }) => {
      paths.told = (candidate, nowMs) => paths.offer(candidate, nowMs);
    },
  }),
  opsMutant(
    {
      id: "path/last-offset",
      broken: "takes the clock offset of the last HEARTBEAT, however long it took",
      breaks: ["ARC-PATH-clock-offset"],
    },
    "path.clock_offset",
    (op) => (request, context) => {
      const last = (request.raw.exchanges as readonly Json[]).slice(-1);
      return op(asking(request, { exchanges: last }), context);
    },
  ),
  opsMutant(
    {
      id: "path/offset-without-the-way",
      broken: "takes the clock offset as if a HEARTBEAT took no time on its way",
      breaks: ["ARC-PATH-clock-offset"],
    },
    "path.clock_offset",
    (op) => (request, context) => {
      const exchanges = request.raw.exchanges as readonly Json[];
      return op(
        asking(request, { exchanges: exchanges.map((one) => ({ ...one, received_ms: one.sent_ms })) }),
        context,
      );
    },
  ),
  opsMutant(
    {
      id: "path/reconnects-silently",
      broken: "does not tell the application that it reconnects",
      breaks: ["ARC-PATH-reconnect-told"],
    },
    "signaling.run",
    (op) => (request, context) =>
      eachOf(op(request, context), "states", (told) => told.state === "reconnecting" ? [] : [told]),
  ),
  opsMutant(
    {
      id: "path/never-tells-of-the-end",
      broken: "tells the application that it is connected once, and not again when it is resumed",
      breaks: ["ARC-PATH-reconnect-told"],
    },
    "signaling.run",
    (op) => (request, context) => {
      let isConnected = false;
      return eachOf(op(request, context), "states", (told) => {
        const isAgain = told.state === "connected" && isConnected;
        isConnected ||= told.state === "connected";
        return isAgain ? [] : [told];
      });
    },
  ),
];
