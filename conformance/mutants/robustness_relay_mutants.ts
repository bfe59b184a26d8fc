/** Relays that bad input harms: while they run, or by what stands in front of their TCP listener. */
import { NONE } from "../../lib/relay/relay_addresses.ts";
import type { Relay } from "../../lib/relay/relay.ts";
import type { Mutant } from "./mutant.ts";
import { answering, relayMutant } from "./relay_mutant.ts";
import { oneHandshakeAtATime } from "./tcp_proxy.ts";

const BRACE = 0x7b;
/** Bindings that a run of the suite has at a time, and more. */
const MAX_PEERS = 200;
/** Of one unit on a stream: what only a message can be. */
const HEAVY_BYTES = 40_000;

/** The relay with a look at each unit before it takes it; false, and nothing of the batch is taken. */
function looking(relay: Relay, look: (unit: Uint8Array) => boolean): void {
  const packets = relay.packets.bind(relay);
  relay.packets = (batch, nowMs) => {
    const verdicts = Array.from({ length: batch.size }, (_, i) => look(batch.packet(i)));
    if (verdicts.includes(false)) batch.size = 0;
    packets(batch, nowMs);
  };
}

/** A RELAY_BIND that is no JSON any more. */
function isBadBind(unit: Uint8Array): boolean {
  const text = new TextDecoder().decode(unit);
  if (unit[0] !== BRACE || !text.includes("RELAY_BIND")) return false;
  try {
    JSON.parse(text);
    return false;
  } catch {
    return true;
  }
}

function unbindAll({ bindings }: Relay): void {
  for (let peer = 0; peer < MAX_PEERS; peer++) if (bindings.peerIdOf(peer) !== undefined) bindings.end(peer, "unbind");
}

/** Noise of whoever is not bound goes back there, as often as `times` says. */
function echoing(relay: Relay, times: number): void {
  const packets = relay.packets.bind(relay);
  relay.packets = (batch, nowMs) => {
    const noise = Array.from(
      { length: batch.size },
      (_, i) => ({ unit: batch.packet(i).slice(), from: batch.addresses[i] }),
    )
      .filter(({ unit, from }) => unit[0] !== BRACE && relay.bindings.peerAt(from, nowMs) === NONE);
    packets(batch, nowMs);
    for (const { unit, from } of noise) {
      for (let i = 0; i < times; i++) if (batch.push(unit, from)) relay.priorities[batch.size - 1] = 0;
    }
  };
}

export const RELAY_ROBUSTNESS_MUTANTS: readonly Mutant[] = [
  relayMutant({
    id: "robustness/relay-stops-at-bad-binds",
    broken: "forwards nothing more once a RELAY_BIND was no JSON",
    breaks: ["ARC-ROBUST-connection"],
  }, {
    breaks(relay) {
      let isStopped = false;
      looking(relay, (unit) => !(isStopped ||= isBadBind(unit)));
    },
  }),
  relayMutant({
    id: "robustness/relay-believes-unbinds",
    broken: "ends bindings at a RELAY_UNBIND, whoever sends it",
    breaks: ["ARC-ROBUST-connection"],
  }, {
    breaks: (relay) =>
      looking(relay, (unit) => {
        if (unit[0] === BRACE && new TextDecoder().decode(unit).includes('"RELAY_UNBIND"')) unbindAll(relay);
        return true;
      }),
  }),
  relayMutant({
    id: "robustness/relay-unbinds-at-noise",
    broken: "ends a binding when a malformed packet comes from its address",
    breaks: ["ARC-ROBUST-connection"],
  }, {
    breaks(relay) {
      const packets = relay.packets.bind(relay);
      relay.packets = (batch, nowMs) => {
        const sources = Array.from({ length: batch.size }, (_, i) => ({
          isNoise: batch.packet(i)[0] >= 0x80 && batch.lengths[i] < 16,
          peer: relay.bindings.peerAt(batch.addresses[i], nowMs),
        }));
        packets(batch, nowMs);
        for (const { isNoise, peer } of sources) if (isNoise && peer !== NONE) relay.bindings.end(peer, "unbind");
      };
    },
  }),
  relayMutant({
    id: "robustness/relay-echoes-noise",
    broken: "sends back what it cannot place, twice",
    breaks: ["ARC-ROBUST-amplification"],
  }, { breaks: (relay) => echoing(relay, 2) }),
  relayMutant(
    {
      id: "robustness/relay-long-answers",
      broken: "adds a long explanation to what it says to strangers",
      breaks: ["ARC-ROBUST-amplification"],
    },
    {
      breaks: (relay) =>
        answering(
          relay,
          (message) =>
            message.type === "HEARTBEAT_ACK" || message.type === "RELAY_BOUND"
              ? message
              : { ...message, x: "0".repeat(1000) },
        ),
    },
  ),
  relayMutant({
    id: "robustness/relay-dies-of-noise",
    broken: "ends all connections when one begins with no length",
    breaks: ["ARC-ROBUST-connection"],
  }, {
    before: () => ({
      chunk(chunk, { received }, proxy) {
        // A length of more than any unit of the suite, or of none.
        if (received.length > 1 && received.length < 2000 && (received[0] > 4 || received[0] + received[1] === 0)) {
          proxy.endAll();
        }
        return chunk;
      },
    }),
  }),
  relayMutant({
    id: "robustness/relay-waits-for-halves",
    broken: "reads from no other connection while a frame has come half",
    breaks: ["ARC-ROBUST-held"],
  }, {
    before() {
      let waitsFor: object | undefined;
      return {
        async chunk(chunk, connection, proxy) {
          while (waitsFor !== undefined && waitsFor !== connection && !connection.isOver) await proxy.wait(20);
          waitsFor = chunk.length < 2 + ((chunk[0] << 8) | chunk[1]) ? connection : undefined;
          return chunk;
        },
        left(connection) {
          if (waitsFor === connection) waitsFor = undefined;
        },
      };
    },
  }),
  relayMutant({
    id: "robustness/relay-one-handshake-at-a-time",
    broken: "begins no handshake of TLS while another is half done",
    breaks: ["ARC-ROBUST-held"],
  }, { beforeTls: oneHandshakeAtATime }),
  relayMutant({
    id: "robustness/relay-busy-with-heavy-units",
    broken: "is busy for ever with a message that is as large as a frame can be",
    breaks: ["ARC-ROBUST-time"],
  }, {
    before(relay) {
      let isBusy = false;
      looking(relay, () => !isBusy);
      return {
        chunk(chunk) {
          isBusy ||= chunk.length >= 2 && ((chunk[0] << 8) | chunk[1]) > HEAVY_BYTES;
          return chunk;
        },
      };
    },
  }),
];
