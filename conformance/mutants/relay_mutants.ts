/** Our own relay, broken. */
import { NIL_UUID } from "../../lib/base/uuid.ts";
import type { CryptoBackend, MacKey } from "../../lib/crypto/backend.ts";
import { nobleBackend } from "../../lib/crypto/backend_noble.ts";
import { systemClock } from "../../lib/net/clock.ts";
import type { Relay } from "../../lib/relay/relay.ts";
import { isSealed } from "../../lib/crypto/seal.ts";
import { messageOf } from "../drive/line.ts";
import type { Mutant } from "./mutant.ts";
import { answering, passing, receiving, relayMutant } from "./relay_mutant.ts";

const CUT_BYTES = 1200;
const BRACE = 0x7b;

function isMedia(unit: Uint8Array): boolean {
  return unit[0] >= 0x80;
}

/** The relay's message with a field changed, where it is of the type. */
function retelling(type: string, fields: object): (relay: Relay) => void {
  return (relay) => answering(relay, (message) => message.type === type ? { ...message, ...fields } : message);
}

/** A backend whose MACs are verified otherwise. */
function verifying(verify: (key: MacKey, ...args: Parameters<MacKey["verify"]>) => boolean): CryptoBackend {
  return {
    ...nobleBackend,
    importAead: (suite, key) => nobleBackend.importAead(suite, key),
    importMac(bytes) {
      const key = nobleBackend.importMac(bytes);
      return {
        sign: (...args) => key.sign(...args),
        verify: (...args) => verify(key, ...args),
        free: () => key.free(),
      };
    },
  };
}

/** For the queue all full packets are of PR 3: PR waits in the reserved bits, and comes back on the way out. */
function ignorePriority(relay: Relay): void {
  const isFull = (unit: Uint8Array) => unit.length >= 16 && unit[0] === 0x80 && unit[1] < 192;
  receiving(relay, (unit) => {
    if (isFull(unit)) unit[12] = (unit[12] & 0xcc) | 0x30 | ((unit[12] >>> 4) & 3);
  });
  const restore = (unit: Uint8Array) => {
    if (isFull(unit)) unit[12] = (unit[12] & 0xcc) | ((unit[12] & 3) << 4);
  };
  const packets = relay.packets.bind(relay);
  relay.packets = (batch, nowMs) => {
    packets(batch, nowMs);
    for (let i = 0; i < batch.size; i++) restore(batch.packet(i));
  };
  const pollPackets = relay.pollPackets.bind(relay);
  relay.pollPackets = (out, nowMs) => {
    const before = out.size;
    const count = pollPackets(out, nowMs);
    for (let i = before; i < out.size; i++) restore(out.packet(i));
    return count;
  };
}

/** Of those that leave together, the last goes first. */
function reverseOrder(relay: Relay): void {
  const pollPackets = relay.pollPackets.bind(relay);
  relay.pollPackets = (out, nowMs) => {
    const before = out.size;
    const count = pollPackets(out, nowMs);
    const polled = Array.from({ length: count }, (_, i) => ({
      unit: out.packet(before + i).slice(),
      address: out.addresses[before + i],
    }));
    out.size = before;
    for (const { unit, address } of polled.reverse()) out.push(unit, address);
    return count;
  };
}

/** Keeps what comes for a peer that is not there, and gives it over once the peer says something. */
function keepForLater(relay: Relay): void {
  const kept = new Map<number, Uint8Array[]>();
  passing(relay, (unit, peer) => {
    if (peer < 0 || !isMedia(unit) || relay.bindings.peerIdOf(peer ^ 1) !== undefined) return false;
    kept.set(peer ^ 1, [...kept.get(peer ^ 1) ?? [], unit]);
    return false;
  });
  const packets = relay.packets.bind(relay);
  relay.packets = (batch, nowMs) => {
    const from = batch.addresses[0];
    const waiting = batch.size > 0 ? kept.get(relay.bindings.peerAt(from, nowMs)) : undefined;
    packets(batch, nowMs);
    while (waiting !== undefined && waiting.length > 0 && batch.push(waiting[0], from)) {
      relay.priorities[batch.size - 1] = 0;
      waiting.shift();
    }
  };
}

export const RELAY_MUTANTS: readonly Mutant[] = [
  relayMutant({
    id: "relay/cuts-large-units",
    broken: `forwards no more than ${CUT_BYTES} bytes of a unit`,
    breaks: ["ARC-UNIT-media-size", "ARC-UNIT-datagram"],
  }, {
    breaks(relay) {
      const packets = relay.packets.bind(relay);
      relay.packets = (batch, nowMs) => {
        packets(batch, nowMs);
        for (let i = 0; i < batch.size; i++) batch.lengths[i] = Math.min(batch.lengths[i], CUT_BYTES);
      };
    },
  }),
  relayMutant({
    id: "relay/challenge-larger",
    broken: "answers a RELAY_BIND with a RELAY_CHALLENGE that is larger",
    breaks: ["ARC-RELAY-challenge-size"],
  }, { breaks: retelling("RELAY_CHALLENGE", { hint: "0".repeat(400) }) }),
  relayMutant({
    id: "relay/amplifies-heartbeats",
    broken: "answers a HEARTBEAT with something larger",
    breaks: ["ARC-RELAY-nil-heartbeat-size"],
  }, { breaks: retelling("HEARTBEAT_ACK", { pad: "0".repeat(400) }) }),
  relayMutant({
    id: "relay/accepts-expired-tokens",
    broken: "judges the time of tokens by a clock that is an hour slow",
    breaks: ["ARC-RELAY-token-expired"],
  }, {
    get options() {
      const clock = systemClock();
      return { clock: { nowMs: () => clock.nowMs(), unixOffsetMs: clock.unixOffsetMs - 3_600_000 } };
    },
  }),
  relayMutant({
    id: "relay/believes-any-tag",
    broken: "takes any HMAC tag for right",
    breaks: ["ARC-RELAY-keys-check"],
  }, { options: { crypto: verifying(() => true) } }),
  relayMutant({
    id: "relay/tag-without-roc",
    broken: "leaves the ROC out of the HMAC that it computes",
    breaks: ["ARC-RELAY-keys-check"],
  }, {
    options: {
      crypto: verifying((key, buffer, start, end, _roc, ...tag) => key.verify(buffer, start, end, null, ...tag)),
    },
  }),
  relayMutant({
    id: "relay/forwards-before-checking",
    broken: "passes on packets that fail the HMAC or the replay check",
    breaks: ["ARC-RELAY-keys-check"],
  }, { breaks: (relay) => passing(relay, (unit, peer) => peer >= 0 && isMedia(unit)) }),
  relayMutant({
    id: "relay/previous-key-for-ever",
    broken: "never lets go of the previous epoch's key",
    breaks: ["ARC-RELAY-keys-previous"],
  }, {
    breaks(relay) {
      // For media the time stands still; messages and what waits need the real one.
      let startMs = -1;
      const packets = relay.packets.bind(relay);
      relay.packets = (batch, nowMs) => {
        if (startMs < 0) startMs = nowMs;
        packets(batch, batch.size > 0 && isMedia(batch.packet(0)) ? startMs : nowMs);
      };
    },
  }),
  relayMutant({
    id: "relay/open-to-strangers",
    broken: "passes on what unbound addresses send, to whoever is there",
    breaks: ["ARC-RELAY-unbound-dropped"],
  }, {
    breaks(relay) {
      const packets = relay.packets.bind(relay);
      relay.packets = (batch, nowMs) => {
        const strangers = Array.from({ length: batch.size }, (_, i) => i)
          .filter((i) => isMedia(batch.packet(i)) && relay.bindings.peerAt(batch.addresses[i], nowMs) < 0)
          .map((i) => batch.packet(i).slice());
        packets(batch, nowMs);
        for (const unit of strangers) {
          for (const peer of relay.bindings.peers()) {
            const to = relay.bindings.addressOf(peer, nowMs);
            if (to >= 0 && batch.push(unit, to)) relay.priorities[batch.size - 1] = 0;
          }
        }
      };
    },
  }),
  relayMutant({
    id: "relay/mailbox",
    broken: "keeps what comes for a peer that is not bound yet",
    breaks: ["ARC-RELAY-no-peer"],
  }, { breaks: keepForLater }),
  relayMutant({
    id: "relay/passes-its-own-messages-on",
    broken: "passes messages to the relay itself on to the other peer too",
    breaks: ["ARC-RELAY-own-units"],
  }, {
    breaks: (relay) =>
      passing(relay, (unit, peer) => peer >= 0 && !isSealed(unit) && String(messageOf(unit).type).startsWith("RELAY_")),
  }),
  relayMutant({
    id: "relay/keeps-sealed-units",
    broken: "takes a sealed HEARTBEAT with the nil session_id for its own",
    breaks: ["ARC-RELAY-own-units"],
  }, {
    breaks: (relay) =>
      receiving(relay, (unit) => {
        if (isSealed(unit) && new TextDecoder().decode(unit).includes(NIL_UUID)) unit[0] = 0x04;
      }),
  }),
  relayMutant({
    id: "relay/answers-without-limit",
    broken: "answers one address as often as it asks",
    breaks: ["ARC-RELAY-nil-heartbeat"],
  }, { options: { limits: { messagesPerSource: 1_000_000, messagesOverall: 10_000_000 } } }),
  relayMutant({
    id: "relay/ignores-priority",
    broken: "lets packets wait in the order of their coming, whatever their PR",
    breaks: ["ARC-RELAY-priority"],
  }, { breaks: ignorePriority }),
  relayMutant({
    id: "relay/last-in-first-out",
    broken: "lets the last of those that waited go first",
    breaks: ["ARC-RELAY-priority-order"],
  }, { breaks: reverseOrder }),
  relayMutant({
    id: "relay/never-moves",
    broken: "answers a RELAY_BIND from a new address and leaves the binding where it was",
    breaks: ["ARC-RELAY-rebind"],
  }, {
    breaks({ bindings }) {
      const bind = bindings.bind.bind(bindings);
      bindings.bind = (wish, nowMs) => bindings.find(wish.sessionId, wish.peerId) < 0 ? bind(wish, nowMs) : "renewed";
    },
  }),
  relayMutant({
    id: "relay/unbinds-nobody",
    broken: "answers RELAY_UNBIND with an ACK and does nothing",
    breaks: ["ARC-RELAY-unbind"],
  }, {
    breaks({ bindings }) {
      const end = bindings.end.bind(bindings);
      bindings.end = (peer, reason) => {
        if (reason !== "unbind") end(peer, reason);
      };
    },
  }),
  relayMutant({
    id: "relay/third-peer-instead",
    broken: "lets a third peer take the place of the second",
    breaks: ["ARC-RELAY-two-peers"],
  }, {
    breaks({ bindings }) {
      const judge = bindings.judge.bind(bindings);
      bindings.judge = (wish, nowMs) => {
        const refusal = judge(wish, nowMs);
        if (refusal !== "third_peer") return refusal;
        const peer = [...bindings.peers()].find((one) => bindings.sessionIdOf(one) === wish.sessionId);
        if (peer !== undefined) bindings.end(peer, "unbind");
        return judge(wish, nowMs);
      };
    },
  }),
  relayMutant({
    id: "relay/tells-another-address",
    broken: "tells its peers an address that is not theirs",
    breaks: ["ARC-RELAY-bound"],
  }, { breaks: retelling("RELAY_BOUND", { observed: { ip: "127.0.0.1", port: 9 } }) }),
  relayMutant({
    id: "relay/lifetime-of-its-own",
    broken: "ends bindings after 10 seconds of silence, and says so",
    breaks: ["ARC-RELAY-idle"],
  }, { breaks: retelling("RELAY_BOUND", { lifetime_s: 10 }) }),
  relayMutant({
    id: "relay/errors-for-stale-nonces",
    broken: "answers whoever has not proven its address with an ERROR",
    breaks: ["ARC-RELAY-nonce-stale", "ARC-SIG-error-not-to-strangers"],
  }, {
    breaks: (relay) =>
      answering(
        relay,
        (message) =>
          message.type === "RELAY_CHALLENGE"
            ? { type: "ERROR", code: "unauthorized", message: "who are you?", timestamp: 0 }
            : message,
      ),
  }),
  relayMutant({
    id: "relay/answers-errors",
    broken: "answers an ERROR of the relay's own kind with an ERROR",
    breaks: ["ARC-SIG-error-not-for-error"],
  }, {
    breaks(relay) {
      // It reads one as a request that lacks all that a request needs.
      receiving(relay, (unit) => {
        if (unit[0] !== BRACE || messageOf(unit).type !== "ERROR") return;
        const text = new TextDecoder().decode(unit).replace('"ERROR"', '"RELAY_"').replace('"code"', '"cod"');
        if (text.length === unit.length) unit.set(new TextEncoder().encode(text));
      });
    },
  }),
];
