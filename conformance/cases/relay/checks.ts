/** SPEC clause 8.4: what a relay does with RELAY_KEYS. */
import { uuidV4 } from "../../../lib/base/uuid.ts";
import { SystemRng } from "../../../lib/net/system_rng.ts";
import type { Case } from "../../case.ts";
import { describeUnit, type Line } from "../../drive/line.ts";
import { KeyedStream } from "../../drive/keyed_stream.ts";
import type { RelayWay, RelayWorld } from "../../drive/relay_world.ts";
import { brief } from "../../expect.ts";
import { delivers } from "./binding.ts";

/** SPEC ARC-RELAY-keys-previous. */
const PREVIOUS_MS = 1000;

export const CASES: readonly Case[] = [
  {
    id: "relay/keys-taken",
    requirements: ["ARC-SIG-relay-keys-fields", "ARC-RELAY-keys-secure"],
    title: "RELAY_KEYS over TLS is answered with an ACK that names it and its stream",
    needs: "relay",
    run: async (world) => {
      const { caller, stream } = await keyedPair(world);
      const { timestamp } = world;
      await caller.say({ ...stream.relayKeys(), session_id: world.sessionId, timestamp });
      const in_reply_to = { type: "RELAY_KEYS", timestamp, stream_id: stream.streamId };
      await caller.nextMessage("ACK", { session_id: world.sessionId, in_reply_to });
    },
  },
  ...(["udp", "tcp"] as const).map((way): Case => ({
    id: `relay/keys-secure-${way}`,
    requirements: ["ARC-RELAY-keys-secure"],
    title: `RELAY_KEYS over ${way.toUpperCase()} is dropped: no answer, and nothing is checked with it`,
    needs: "relay",
    run: async (world) => {
      const { caller, callee, stream } = await keyedPair(world, way);
      const keys = { ...stream.relayKeys(), session_id: world.sessionId, timestamp: world.timestamp };
      await caller.say(keys);
      await world.fence(caller);
      await world.fence(callee);
      await delivers(caller, callee, forged(stream.full(1)));
    },
  })),
  {
    id: "relay/keys-unbound",
    requirements: ["ARC-RELAY-keys-owner"],
    title: "Keys from a connection that is not bound earn no ACK and check nothing",
    needs: "relay",
    run: async (world) => {
      const { caller, callee, stream } = await keyedPair(world, "udp");
      const stranger = await world.stranger("stranger", "tls");
      const keys = { ...stream.relayKeys(), session_id: world.sessionId, timestamp: world.timestamp };
      await stranger.say(keys);
      await stranger.say(world.nilHeartbeat());
      const before = await stranger.before("HEARTBEAT_ACK", (unit) => describeUnit(unit).includes("HEARTBEAT_ACK"));
      const got = before.map(describeUnit).join(", ");
      world.require(!got.includes('"type":"ACK"'), "no ACK", got);
      await delivers(caller, callee, forged(stream.full(1)));
    },
  },
  {
    id: "relay/keys-owner",
    requirements: ["ARC-RELAY-keys-owner"],
    title: "Keys for an SSRC that the other peer has are refused with `bad_state`, and its packets go on",
    needs: "relay",
    run: async (world) => {
      const { caller, callee, stream } = await keyedPair(world);
      await give(world, caller, stream.relayKeys());
      const others = new KeyedStream(uuidV4(new SystemRng()), stream.ssrc);
      await callee.say({ ...others.relayKeys(), session_id: world.sessionId, timestamp: world.freshTimestamp() });
      await callee.nextMessage("ERROR", { code: "bad_state" });
      await delivers(caller, callee, stream.full(1));
    },
  },
  {
    id: "relay/keys-other-session",
    requirements: ["ARC-RELAY-keys-owner"],
    title: "Keys for a session that the connection is not bound to are refused",
    needs: "relay",
    run: async (world) => {
      const { caller, stream } = await keyedPair(world);
      await caller.say({ ...stream.relayKeys(), session_id: world.otherId, timestamp: world.timestamp });
      await caller.nextMessage("ERROR");
    },
  },
  {
    id: "relay/keys-malformed",
    requirements: ["ARC-SIG-relay-keys-fields"],
    title: "Keys of another length than 32 bytes are `bad_message`",
    needs: "relay",
    run: async (world) => {
      const { caller, stream } = await keyedPair(world);
      for (const bad of [{ auth_key: "AAAA" }, { rtcp_auth_key: 7 }, { roc: -1 }, { ssrc: 2 ** 32 }]) {
        const timestamp = world.freshTimestamp();
        await caller.say({ ...stream.relayKeys(), session_id: world.sessionId, timestamp, ...bad });
        await caller.nextMessage("ERROR", { code: "bad_message" });
      }
    },
  },
  {
    id: "relay/keys-check-good",
    requirements: ["ARC-RELAY-keys-check", "ARC-RELAY-forward"],
    title: "Packets, reduced ones and RTCP that are right pass unchanged",
    needs: "relay",
    run: async (world) => {
      const { caller, callee, stream } = await checkedPair(world);
      for (let i = 1; i <= 3; i++) await delivers(caller, callee, stream.full(i));
      for (let i = 4; i <= 8; i++) await delivers(caller, callee, stream.reduced(i));
      for (let i = 0; i < 3; i++) await delivers(caller, callee, stream.rtcp());
    },
  },
  {
    id: "relay/keys-check-forged",
    requirements: ["ARC-RELAY-keys-check"],
    title: "A packet whose HMAC is wrong, be it in its last bit or over a changed header, is dropped",
    needs: "relay",
    run: async (world) => {
      const { caller, callee, stream } = await checkedPair(world);
      await caller.send(forged(stream.full(1)));
      await caller.send(forged(stream.full(2), 5));
      await caller.send(forged(stream.full(3), 20));
      await delivers(caller, callee, stream.full(4));
    },
  },
  {
    id: "relay/keys-check-replay",
    requirements: ["ARC-RELAY-keys-check"],
    title: "A packet that has passed does not pass again; one that is late passes once",
    needs: "relay",
    run: async (world) => {
      const { caller, callee, stream } = await checkedPair(world);
      const [first, late, third] = [1, 2, 3].map((i) => stream.full(i));
      await delivers(caller, callee, first);
      await delivers(caller, callee, third);
      await caller.send(first);
      await delivers(caller, callee, late);
      await caller.send(late);
      await caller.send(third);
      await delivers(caller, callee, stream.full(4));
    },
  },
  {
    id: "relay/keys-check-too-old",
    requirements: ["ARC-RELAY-keys-check"],
    title: "A packet below the replay window is dropped",
    needs: "relay",
    run: async (world) => {
      const { caller, callee, stream } = await checkedPair(world);
      const old = stream.full(1);
      await delivers(caller, callee, stream.full(2));
      await delivers(caller, callee, stream.full(6000));
      await caller.send(old);
      await delivers(caller, callee, stream.full(6001));
    },
  },
  {
    id: "relay/keys-check-reduced",
    requirements: ["ARC-RELAY-keys-check"],
    title: "Packets with reduced headers are checked: forged and repeated ones are dropped",
    needs: "relay",
    run: async (world) => {
      const { caller, callee, stream } = await checkedPair(world);
      for (let i = 1; i <= 3; i++) await delivers(caller, callee, stream.full(i));
      const good = stream.reduced(4);
      await delivers(caller, callee, good);
      await caller.send(good);
      await caller.send(forged(stream.reduced(5)));
      await caller.send(forged(stream.reduced(6), 2));
      await delivers(caller, callee, stream.reduced(7));
    },
  },
  {
    id: "relay/keys-check-rtcp",
    requirements: ["ARC-RELAY-keys-check"],
    title: "RTCP is checked with rtcp_auth_key: forged and repeated packets are dropped",
    needs: "relay",
    run: async (world) => {
      const { caller, callee, stream } = await checkedPair(world);
      const good = stream.rtcp();
      await delivers(caller, callee, good);
      await caller.send(good);
      await caller.send(forged(stream.rtcp()));
      await delivers(caller, callee, stream.rtcp());
    },
  },
  {
    id: "relay/keys-check-others-pass",
    requirements: ["ARC-RELAY-keys-check"],
    title: "Only SSRCs with keys are checked: packets of others pass as before",
    needs: "relay",
    run: async (world) => {
      const { caller, callee, stream } = await checkedPair(world);
      const other = new KeyedStream(uuidV4(new SystemRng()), (stream.ssrc ^ 1) >>> 0);
      await delivers(caller, callee, forged(other.full(1)));
      await delivers(callee, caller, forged(other.full(2)));
    },
  },
  {
    id: "relay/keys-check-wrap",
    requirements: ["ARC-RELAY-keys-check", "ARC-SRTP-index-estimate"],
    title: "The relay counts the wrap of the sequence numbers: the HMAC covers the ROC",
    needs: "relay",
    run: async (world) => {
      const { caller, callee, stream } = await checkedPair(world);
      for (const i of [65534, 65535, 65536, 65537]) await delivers(caller, callee, stream.full(i));
    },
  },
  {
    id: "relay/keys-check-roc",
    requirements: ["ARC-RELAY-keys-check", "ARC-SIG-relay-keys-fields"],
    title: "The ROC of RELAY_KEYS is where the relay begins to count",
    needs: "relay",
    run: async (world) => {
      const { caller, callee, stream } = await keyedPair(world, "tls", 3);
      await give(world, caller, stream.relayKeys(0, 3));
      await delivers(caller, callee, stream.full(100));
      const other = new KeyedStream(uuidV4(new SystemRng()), (stream.ssrc ^ 1) >>> 0, 3);
      await give(world, caller, { ...other.relayKeys(0, 0), reduced_header: [] });
      await caller.send(other.full(100));
      await delivers(caller, callee, stream.full(101));
    },
  },
  {
    id: "relay/keys-check-epoch",
    requirements: ["ARC-RELAY-keys-check", "ARC-RELAY-keys-previous"],
    title: "K picks the key: packets of both epochs pass around a rotation, one of an epoch without keys does not",
    needs: "relay",
    run: async (world) => {
      const { caller, callee, stream } = await checkedPair(world);
      await delivers(caller, callee, stream.full(1));
      await give(world, caller, stream.relayKeys(1));
      await delivers(caller, callee, stream.full(2));
      await delivers(caller, callee, stream.full(3, 1));
      await delivers(caller, callee, stream.full(4));
      await caller.send(stream.full(5, 2));
      await delivers(caller, callee, stream.full(6, 1));
    },
  },
  {
    id: "relay/keys-previous",
    requirements: ["ARC-RELAY-keys-previous"],
    title: "One second after the first packet of the new epoch those of the old one are dropped",
    needs: "relay",
    run: async (world) => {
      const { caller, callee, stream } = await checkedPair(world);
      await give(world, caller, stream.relayKeys(1));
      await delivers(caller, callee, stream.full(1));
      await delivers(caller, callee, stream.full(2, 1));
      await world.pass(PREVIOUS_MS + 200);
      await caller.send(stream.full(3));
      await delivers(caller, callee, stream.full(4, 1));
    },
  },
];

/** Caller and callee, bound, and a stream of the caller's. Keys are taken over TLS only, so that is the usual way. */
async function keyedPair(world: RelayWorld, way: RelayWay = "tls", startRoc = 0) {
  const { caller, callee } = await world.pair(way);
  const stream = new KeyedStream(uuidV4(new SystemRng()), world.rng.u32(), startRoc);
  return { caller, callee, stream };
}

/** The same with the keys given. */
async function checkedPair(world: RelayWorld) {
  const pair = await keyedPair(world);
  await give(world, pair.caller, pair.stream.relayKeys());
  return pair;
}

async function give(world: RelayWorld, line: Line, keys: object): Promise<void> {
  await line.say({ ...keys, session_id: world.sessionId, timestamp: world.freshTimestamp() });
  const answer = await line.next("an ACK of RELAY_KEYS", (unit) => describeUnit(unit).includes('"ACK"'));
  world.note(brief(describeUnit(answer)));
}

/** With one bit turned: in the last byte, or in the one at `at`. */
function forged(unit: Uint8Array, at = unit.length - 1): Uint8Array {
  const changed = unit.slice();
  changed[at] ^= 1;
  return changed;
}
