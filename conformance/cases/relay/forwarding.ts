/** SPEC clause 8.3: forwarding, and what is for the relay itself. */
import { NIL_UUID } from "../../../lib/base/uuid.ts";
import type { Case } from "../../case.ts";
import { describeUnit, messageOf } from "../../drive/line.ts";
import { RELAY_WAYS, type RelayWorld } from "../../drive/relay_world.ts";
import { brief } from "../../expect.ts";
import { fullUnit, plainUnit, reducedUnit, rtcpUnit, sealedUnit } from "../opaque_units.ts";
import { delivers, reachesNobody } from "./binding.ts";

/** One of each kind that goes to the other peer. */
function forwardedUnits(world: RelayWorld): Readonly<Record<string, Uint8Array>> {
  const { sessionId: session_id, callerId: peer_id, timestamp } = world;
  return {
    "full packet": fullUnit(1),
    "shortest packet": fullUnit(2, { bytes: 16 }),
    "reduced packet": reducedUnit(3),
    "shortest reduced packet": reducedUnit(4, { bytes: 4 }),
    "RTCP": rtcpUnit(),
    "sealed HEARTBEAT": sealedUnit({ type: "HEARTBEAT", session_id, sequence: 1, timestamp }),
    "plain message between the peers": plainUnit({ type: "STREAM_STOP", session_id, reason: "error", timestamp }),
    "plain HEARTBEAT of the session": plainUnit({ type: "HEARTBEAT", session_id, sequence: 2, peer_id, timestamp }),
    "plain message of no known type": plainUnit({ type: "LATER", session_id }),
    "text that is no JSON": new TextEncoder().encode("{not json"),
  };
}

/** What is the relay's own, and so never goes on. */
function relaysOwnUnits(world: RelayWorld): Readonly<Record<string, Uint8Array>> {
  const { sessionId: session_id, callerId: peer_id, timestamp } = world;
  const heartbeat = { type: "HEARTBEAT", session_id: NIL_UUID, sequence: 5, timestamp, pad: "0".repeat(300) };
  return {
    "RELAY_BIND": plainUnit(world.bindRequest(peer_id)),
    "RELAY_UNBIND": plainUnit(world.bindRequest(peer_id, { type: "RELAY_UNBIND" })),
    "RELAY_CHALLENGE": plainUnit({ type: "RELAY_CHALLENGE", nonce: "n" }),
    "RELAY_BOUND": plainUnit({ type: "RELAY_BOUND", relay_id: "x", session_id, peer_id, lifetime_s: 30 }),
    "RELAY_KEYS": plainUnit({ type: "RELAY_KEYS", session_id }),
    "RELAY_ of no known kind": plainUnit({ type: "RELAY_LATER", session_id }),
    "HEARTBEAT to the relay": plainUnit(heartbeat),
    "DTLS record": Uint8Array.of(0x16, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0),
  };
}

export const CASES: readonly Case[] = [
  ...RELAY_WAYS.map((way): Case => ({
    id: `relay/forward-${way}`,
    requirements: ["ARC-RELAY-forward"],
    title: `Units of every kind go to the other peer byte for byte, both ways, over ${way.toUpperCase()}`,
    needs: "relay",
    run: async (world) => {
      const { caller, callee } = await world.pair(way);
      for (const [what, unit] of Object.entries(forwardedUnits(world))) {
        world.note(what);
        await delivers(caller, callee, unit);
        await delivers(callee, caller, unit);
      }
    },
  })),
  {
    id: "relay/forward-session-only",
    requirements: ["ARC-RELAY-forward", "ARC-RELAY-one-session"],
    title: "A unit goes to the peer of its own session, whatever session it names",
    needs: "relay",
    run: async (world) => {
      const { caller, callee } = await world.pair();
      const others = { sessionId: world.otherId };
      const other = await world.bound("other session", world.callerId, undefined, others);
      const { timestamp } = world;
      const unit = plainUnit({ type: "HEARTBEAT", session_id: others.sessionId, sequence: 1, timestamp });
      await delivers(caller, callee, unit);
      await world.fence(other);
    },
  },
  {
    id: "relay/own-units",
    requirements: ["ARC-RELAY-own-units"],
    title: "What is for the relay itself does not go to the other peer",
    needs: "relay",
    run: async (world) => {
      const { caller, callee } = await world.pair();
      for (const [what, unit] of Object.entries(relaysOwnUnits(world))) {
        world.note(what);
        await world.answersTo(caller, unit);
        await world.fence(callee);
      }
      await delivers(caller, callee);
    },
  },
  {
    id: "relay/own-units-sealed",
    requirements: ["ARC-RELAY-own-units"],
    title: "A sealed unit is never the relay's, be it a RELAY_BIND or a HEARTBEAT with the nil session_id",
    needs: "relay",
    run: async (world) => {
      const { caller, callee } = await world.pair();
      await delivers(caller, callee, sealedUnit(world.bindRequest(world.callerId)));
      await delivers(caller, callee, sealedUnit(world.nilHeartbeat()));
      await world.fence(caller);
    },
  },
  {
    id: "relay/unbound-dropped",
    requirements: ["ARC-RELAY-unbound-dropped"],
    title: "Units of every kind from an unbound address are neither passed on nor answered",
    needs: "relay",
    run: async (world) => {
      const { caller, callee } = await world.pair();
      const stranger = await world.stranger("stranger", "udp");
      for (const unit of Object.values(forwardedUnits(world))) await stranger.send(unit);
      await world.fence(stranger);
      await world.fence(caller);
      await world.fence(callee);
    },
  },
  {
    id: "relay/unbound-dropped-stream",
    requirements: ["ARC-RELAY-unbound-dropped"],
    title: "An unbound connection's units go nowhere either",
    needs: "relay",
    run: async (world) => {
      const callee = await world.bound("callee", world.calleeId);
      const stranger = await world.stranger("stranger", "tcp");
      await reachesNobody(world, stranger, callee);
      await reachesNobody(world, stranger, callee, rtcpUnit());
    },
  },
  {
    id: "relay/unbound-says-session",
    requirements: ["ARC-RELAY-unbound-dropped"],
    title: "Naming session and peer does not bind: the address alone decides",
    needs: "relay",
    run: async (world) => {
      const callee = await world.bound("callee", world.calleeId);
      const stranger = await world.stranger("stranger");
      const { sessionId: session_id, callerId: peer_id, timestamp } = world;
      const heartbeat = { type: "HEARTBEAT", session_id, peer_id, sequence: 1, timestamp };
      await reachesNobody(world, stranger, callee, plainUnit(heartbeat));
      await reachesNobody(world, stranger, callee, sealedUnit(heartbeat));
    },
  },
  {
    id: "relay/no-peer",
    requirements: ["ARC-RELAY-no-peer"],
    title: "What comes before the other peer is bound is lost: a relay is no mailbox",
    needs: "relay",
    run: async (world) => {
      const caller = await world.bound("caller", world.callerId);
      for (let i = 0; i < 5; i++) await caller.send(fullUnit(i));
      await caller.send(sealedUnit({ type: "HEARTBEAT" }));
      await world.fence(caller);
      const callee = await world.bound("callee", world.calleeId);
      await world.fence(callee);
      await delivers(caller, callee, fullUnit(77));
    },
  },
  ...RELAY_WAYS.map((way): Case => ({
    id: `relay/nil-heartbeat-${way}`,
    requirements: ["ARC-RELAY-nil-heartbeat", "ARC-SIG-heartbeat-answer", "ARC-SIG-heartbeat-latency"],
    title: `A relay answers anybody's HEARTBEAT with the nil session_id over ${way.toUpperCase()}`,
    needs: "relay",
    run: async (world) => {
      const stranger = await world.stranger("stranger", way);
      const heartbeat = { ...world.nilHeartbeat(), challenge: "00ff11ee22dd33cc" };
      await stranger.say(heartbeat);
      const { sequence, challenge, timestamp } = heartbeat;
      const ack = await stranger.nextMessage("HEARTBEAT_ACK", {
        session_id: NIL_UUID,
        sequence,
        challenge,
        original_timestamp: timestamp,
      });
      const { observed, response_timestamp: response, latency_ms: latencyMs } = ack;
      const isObserved = typeof observed === "object" && observed !== null && "ip" in observed && "port" in observed;
      world.require(isObserved, "observed with ip and port", brief(observed));
      const due = Number(response) - timestamp;
      world.require(latencyMs === due, `a latency_ms of ${due}`, brief(latencyMs));
    },
  })),
  {
    id: "relay/nil-heartbeat-bound",
    requirements: ["ARC-RELAY-nil-heartbeat"],
    title: "A bound peer's HEARTBEAT with the nil session_id is answered and not passed on",
    needs: "relay",
    run: async (world) => {
      const { caller, callee } = await world.pair();
      await world.fence(caller);
      await world.fence(callee);
    },
  },
  {
    id: "relay/nil-heartbeat-size",
    requirements: ["ARC-RELAY-nil-heartbeat-size"],
    title: "No answer is larger than its HEARTBEAT, whatever the length of `pad`",
    needs: "relay",
    run: async (world) => {
      const stranger = await world.stranger("stranger", "udp");
      let answered = 0;
      for (let pad = 0; pad <= 160; pad += 10) {
        const heartbeat = plainUnit(world.nilHeartbeat(pad));
        for (const answer of await world.answersTo(stranger, heartbeat)) {
          answered++;
          const got = `${answer.length} bytes for ${heartbeat.length}`;
          world.require(answer.length <= heartbeat.length, "an answer that is not larger than its question", got);
        }
      }
      world.require(answered > 0, "an answer to a HEARTBEAT of 250 bytes", "none");
    },
  },
  {
    id: "relay/nil-heartbeat-rate",
    requirements: ["ARC-RELAY-nil-heartbeat"],
    title: "One address cannot have as many answers as it wants",
    needs: "relay",
    run: async (world) => {
      const flooder = await world.stranger("flooder", "udp", { flood: true });
      let answers = 0;
      for (let i = 0; i < FLOOD / FLOOD_ROUND; i++) {
        for (let j = 0; j < FLOOD_ROUND; j++) await flooder.say(world.nilHeartbeat());
        answers += (await flooder.settled(FLOOD_PAUSE_MS)).length;
      }
      world.require(answers > 0 && answers < FLOOD, `some answers, and fewer than ${FLOOD}`, `${answers}`);
    },
  },
  {
    id: "relay/flood-harms-nobody-else",
    requirements: ["ARC-RELAY-limits", "ARC-RELAY-nil-heartbeat"],
    title: "While one address floods, a bound pair's media passes",
    needs: "relay",
    run: async (world) => {
      const { caller, callee } = await world.pair();
      const flooder = await world.stranger("flooder", "udp", { flood: true });
      for (let i = 0; i < FLOOD; i++) await flooder.say(world.nilHeartbeat());
      await delivers(caller, callee);
    },
  },
  {
    id: "relay/no-amplification",
    requirements: ["ARC-RELAY-challenge-size", "ARC-RELAY-nil-heartbeat-size", "ARC-SIG-error-not-to-strangers"],
    title: "No message of any type earns a stranger more bytes than it has sent",
    needs: "relay",
    run: async (world) => {
      const stranger = await world.stranger("stranger", "udp");
      const { sessionId: session_id, timestamp } = world;
      const nil = { type: "HEARTBEAT", session_id: NIL_UUID, sequence: 1, timestamp };
      const others = OTHER_TYPES.map((type) => plainUnit({ type, session_id, timestamp }));
      const own = [...Object.values(relaysOwnUnits(world)), ...Object.values(forwardedUnits(world)), plainUnit(nil)];
      for (const unit of [...own, ...others, plainUnit([]), plainUnit({}), Uint8Array.of(0x7b)]) {
        const answers = await world.answersTo(stranger, unit);
        const bytes = answers.reduce((sum, { length }) => sum + length, 0);
        const got = `${bytes} bytes: ${answers.map(describeUnit).join(", ")}`;
        world.require(bytes <= unit.length, `at most ${unit.length} bytes for ${describeUnit(unit)}`, got);
      }
    },
  },
  {
    id: "relay/answers-no-answers",
    requirements: ["ARC-SIG-error-not-for-error", "ARC-SIG-repeat-never"],
    title: "ERROR, ACK, RELAY_CHALLENGE and RELAY_BOUND are never answered, not even to a bound peer",
    needs: "relay",
    run: async (world) => {
      const caller = await world.bound("caller", world.callerId);
      const { sessionId: session_id, callerId: peer_id, timestamp } = world;
      const answers = [
        { type: "ERROR", code: "bad_message", message: "", session_id, timestamp },
        { type: "ERROR" },
        { type: "ACK", session_id, in_reply_to: { type: "RELAY_UNBIND", timestamp }, timestamp },
        { type: "RELAY_CHALLENGE", nonce: "n" },
        { type: "RELAY_BOUND", relay_id: "x", session_id, peer_id, observed: { ip: "::1", port: 1 }, lifetime_s: 1 },
        { type: "HEARTBEAT_ACK", session_id: NIL_UUID, sequence: 1 },
      ];
      for (const answer of answers) {
        const got = await world.answersTo(caller, plainUnit(answer));
        const types = got.map((unit) => messageOf(unit).type);
        world.require(got.length === 0, `no answer to ${answer.type}`, types.join(", "));
      }
    },
  },
  ...RELAY_WAYS.flatMap((from, i) =>
    RELAY_WAYS.slice(i + 1).map((to): Case => ({
      id: `relay/cross-${from}-${to}`,
      requirements: ["ARC-RELAY-cross-transport"],
      title: `Peers that are bound over ${from.toUpperCase()} and ${to.toUpperCase()} reach one another`,
      needs: "relay",
      run: async (world) => {
        const caller = await world.bound("caller", world.callerId, from);
        const callee = await world.bound("callee", world.calleeId, to);
        for (const unit of [fullUnit(1, { bytes: 1232 }), reducedUnit(2), rtcpUnit()]) {
          await delivers(caller, callee, unit);
          await delivers(callee, caller, unit);
        }
      },
    }))
  ),
];

/** More at once than any relay should answer to one address. */
const FLOOD = 600;
/** So many at a time, that no socket's buffer decides. */
const FLOOD_ROUND = 100;
const FLOOD_PAUSE_MS = 50;

const OTHER_TYPES = [
  "CONNECT",
  "CONNECT_ACK",
  "STREAM_START",
  "STREAM_STOP",
  "QUALITY_ADAPT",
  "HEARTBEAT",
  "HEARTBEAT_ACK",
  "KEY_ROTATE",
  "KEY_ROTATE_ACK",
  "DISCONNECT",
  "ACK",
  "ERROR",
  "METRICS",
  "RELAY_STATUS",
];
