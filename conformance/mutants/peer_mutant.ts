/** Makes broken peers: our own, in this process, with a wire of its own between it and the suite. */
import { isStreamAddress } from "../../lib/base/address_table.ts";
import { PacketBatch } from "../../lib/base/batch.ts";
import type { CryptoBackend, MacKey } from "../../lib/crypto/backend.ts";
import { nobleBackend } from "../../lib/crypto/backend_noble.ts";
import type { DatagramTransport } from "../../lib/net/datagram.ts";
import { openSignaling } from "../../lib/net/open_signaling.ts";
import type { SignalingLink } from "../../lib/net/signaling_link.ts";
import { messageOf } from "../drive/line.ts";
import { ownPeer, type OwnPeerChanges } from "../drive/own_peer.ts";
import { peerDriver } from "../drive/peer_world.ts";
import type { Json } from "../testee/answer.ts";
import type { Mutant, MutantHead } from "./mutant.ts";
import { type FrameChange, startWebSocketProxy } from "./websocket_proxy.ts";

const SLOT_BYTES = 2048;

export function peerMutant(head: MutantHead, changes: OwnPeerChanges): Mutant {
  const running = { subjects: { peer: peerDriver(ownPeer(changes)) }, stop: () => Promise.resolve() };
  return { ...head, start: () => Promise.resolve(running) };
}

/** A unit on its way out: what is answered goes out instead, each with the number of its address. */
export type Rewrite = (unit: Uint8Array, address: number) => readonly (readonly [Uint8Array, number])[];

/** The peer's datagrams, rewritten as they leave; `make` is called once for each peer. */
export function sending(make: () => Rewrite): OwnPeerChanges {
  return {
    transport(transport) {
      const rewrite = make();
      return withSend(transport, async (batch) => {
        const units = Array.from({ length: batch.size }, (_, i) => rewrite(batch.packet(i), batch.addresses[i])).flat();
        const out = new PacketBatch(Math.max(1, units.length), SLOT_BYTES);
        for (const [unit, address] of units) out.push(unit, address);
        await transport.send(out);
      });
    },
  };
}

/** The nth unit on its way out by a connection: what is answered goes out instead, in this order. */
export type RewriteStream = (unit: Uint8Array, nth: number) => readonly Uint8Array[];

/** The peer's units for TCP and TLS, rewritten as they leave; `make` is called once for each peer. */
export function overStreams(make: () => RewriteStream): OwnPeerChanges {
  return {
    session(session) {
      const pollPackets = session.pollPackets.bind(session);
      const rewrite = make();
      const counts = new Map<number, number>();
      const waiting: (readonly [Uint8Array, number])[] = [];
      session.pollPackets = (batch, nowMs) => {
        const before = batch.size;
        pollPackets(batch, nowMs);
        for (let i = before; i < batch.size; i++) {
          const [unit, address] = [batch.packet(i).slice(), batch.addresses[i]];
          const nth = counts.get(address) ?? 0;
          counts.set(address, nth + 1);
          for (const one of isStreamAddress(address) ? rewrite(unit, nth) : [unit]) waiting.push([one, address]);
        }
        batch.size = before;
        // What finds no room goes first the next time.
        const room = batch.capacity - batch.size;
        for (const [unit, address] of waiting.splice(0, room)) batch.push(unit, address);
        return batch.size - before;
      };
    },
  };
}

/** The peer does not get the units for which `isLost` holds; it may answer them by the transport instead. */
export function receiving(isLost: (unit: Uint8Array, answer: (unit: Uint8Array) => void) => boolean): OwnPeerChanges {
  return {
    transport: (transport) => ({
      ...withSend(transport, (batch) => transport.send(batch)),
      async receive(batch) {
        for (;;) {
          if (!await transport.receive(batch)) return false;
          const from = batch.addresses[0];
          const answer = (unit: Uint8Array) => {
            const out = new PacketBatch(1, SLOT_BYTES);
            out.push(unit, from);
            transport.send(out).catch(() => {});
          };
          if (!isLost(batch.packet(0), answer)) return true;
        }
      },
    }),
  };
}

/** The peer's messages by signaling, rewritten as they leave; undefined leaves one out. `make`: once for each connection. */
export function saying(make: () => (message: Json) => Json | undefined): OwnPeerChanges {
  return {
    link(link): SignalingLink {
      const rewrite = make();
      return {
        name: link.name,
        peerCertificateSha256: link.peerCertificateSha256,
        get bufferedBytes() {
          return link.bufferedBytes;
        },
        send(text) {
          const message = rewrite(JSON.parse(text));
          if (message !== undefined) link.send(JSON.stringify(message));
        },
        close: (why) => link.close(why),
      };
    },
  };
}

/** What passes between the peer and its server over WebSocket, changed; `make`: once for each connection. */
export function overWebSocket(make: () => FrameChange): OwnPeerChanges {
  return {
    async open(target, events) {
      if (!target.url.startsWith("ws:")) return await openSignaling(target, events);
      const proxy = await startWebSocketProxy(target.url, make());
      try {
        return await openSignaling({ ...target, url: proxy.url }, {
          ...events,
          closed(why) {
            proxy.stop();
            events.closed(why);
          },
        });
      } catch (error) {
        await proxy.stop();
        throw error;
      }
    },
  };
}

/** The peer's ciphers and MACs, wrapped. */
export function withCrypto(change: (backend: CryptoBackend) => Partial<CryptoBackend>): OwnPeerChanges {
  const backend: CryptoBackend = {
    name: nobleBackend.name,
    p256: nobleBackend.p256,
    importAead: (suite, key) => nobleBackend.importAead(suite, key),
    importMac: (key) => nobleBackend.importMac(key),
  };
  return { config: (config) => ({ ...config, backend: { ...backend, ...change(backend) } }) };
}

export function withMac(change: (key: MacKey) => Partial<MacKey>): OwnPeerChanges {
  return withCrypto((backend) => ({
    importMac(bytes) {
      const key = backend.importMac(bytes);
      return {
        sign: (...args) => key.sign(...args),
        verify: (...args) => key.verify(...args),
        free: () => key.free(),
        ...change(key),
      };
    },
  }));
}

/** The JSON message in a unit, sealed or not; an empty object where it is none. */
export function messageIn(unit: Uint8Array): Json {
  const end = unit.indexOf(0);
  return messageOf(end < 0 ? unit : unit.subarray(0, end));
}

function withSend(transport: DatagramTransport, send: (batch: PacketBatch) => Promise<void>): DatagramTransport {
  return {
    addresses: transport.addresses,
    local: transport.local,
    counters: transport.counters,
    receive: (batch) => transport.receive(batch),
    send,
    close: () => transport.close(),
  };
}
