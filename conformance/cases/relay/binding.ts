/** SPEC clause 8.2: binding. */
import { NIL_UUID } from "../../../lib/base/uuid.ts";
import type { Case } from "../../case.ts";
import { brief } from "../../expect.ts";
import { describeUnit, type Line, messageOf } from "../../drive/line.ts";
import { RELAY_WAYS, type RelayWorld } from "../../drive/relay_world.ts";
import { fullUnit, plainUnit } from "../opaque_units.ts";

/** SPEC ARC-RELAY-idle. */
const IDLE_S = 30;

export const CASES: readonly Case[] = [
  ...RELAY_WAYS.map((way): Case => ({
    id: `relay/challenge-${way}`,
    requirements: ["ARC-RELAY-challenge", "ARC-SIG-relay-answer-fields"],
    title: `A RELAY_BIND without proof is answered with RELAY_CHALLENGE over ${way.toUpperCase()}`,
    needs: "relay",
    run: async (world) => {
      const nonce = await world.nonce(await world.stranger("stranger", way));
      world.require(nonce.length > 0 && nonce.length <= 64, "a nonce of 1 to 64 characters", brief(nonce));
    },
  })),
  {
    id: "relay/challenge-unbind",
    requirements: ["ARC-RELAY-challenge"],
    title: "A RELAY_UNBIND without proof is answered with RELAY_CHALLENGE too, and ends nothing",
    needs: "relay",
    run: async (world) => {
      const { caller, callee } = await world.pair();
      await world.nonce(caller, world.bindRequest(world.callerId, { type: "RELAY_UNBIND" }));
      await delivers(caller, callee);
    },
  },
  {
    id: "relay/challenge-binds-nobody",
    requirements: ["ARC-RELAY-challenge", "ARC-RELAY-unbound-dropped"],
    title: "Whoever was challenged is not bound yet: its units go nowhere",
    needs: "relay",
    run: async (world) => {
      const callee = await world.bound("callee", world.calleeId);
      const stranger = await world.stranger("stranger");
      await world.nonce(stranger);
      await reachesNobody(world, stranger, callee);
    },
  },
  {
    id: "relay/challenge-again",
    requirements: ["ARC-RELAY-challenge"],
    title: "Requests of many sessions from one address are challenged alike: the relay keeps nothing of them",
    needs: "relay",
    run: async (world) => {
      const line = await world.stranger("stranger");
      for (let i = 0; i < 12; i++) {
        await world.nonce(
          line,
          world.bindRequest(world.calleeId, { sessionId: `88888888-8888-4888-8888-8888888888${10 + i}` }),
        );
      }
      // The nonce of any of them will do: it is the address's.
      await world.bind(line, world.callerId);
    },
  },
  {
    id: "relay/challenge-size",
    requirements: ["ARC-RELAY-challenge-size"],
    title: "RELAY_CHALLENGE is not larger than what it answers, be it the shortest RELAY_BIND",
    needs: "relay",
    run: async (world) => {
      const line = await world.stranger("stranger", "udp");
      for (const type of ["RELAY_BIND", "RELAY_UNBIND"] as const) {
        const request = plainUnit({ ...world.bindRequest(world.callerId, { type }), expires: 0, timestamp: 0 });
        await line.send(request);
        await line.next(
          `a RELAY_CHALLENGE of at most ${request.length} bytes`,
          (unit) => messageOf(unit).type === "RELAY_CHALLENGE" && unit.length <= request.length,
        );
      }
    },
  },
  {
    id: "relay/nonce-other-address",
    requirements: ["ARC-RELAY-nonce", "ARC-RELAY-nonce-stale"],
    title: "A nonce is good from its own address only: from another it earns a new challenge",
    needs: "relay",
    run: async (world) => {
      const caller = await world.stranger("caller", "udp");
      const thief = await world.stranger("thief", "udp");
      const request = await world.provenRequest(caller, world.callerId);
      await thief.say(request);
      const { nonce } = await thief.nextMessage("RELAY_CHALLENGE");
      world.require(nonce !== request.nonce, "a nonce of the thief's own address", brief(nonce));
      await caller.say(request);
      await caller.nextMessage("RELAY_BOUND");
    },
  },
  {
    id: "relay/nonce-lasts",
    requirements: ["ARC-RELAY-nonce"],
    title: "A nonce is good for more than one request of its address",
    needs: "relay",
    run: async (world) => {
      const line = await world.stranger("caller");
      const { nonce } = await world.provenRequest(line, world.callerId);
      for (const peerId of [world.callerId, world.calleeId]) {
        const request = world.bindRequest(peerId);
        await line.say({ ...request, ...world.proofFor(request, nonce) });
        await line.nextMessage("RELAY_BOUND", { peer_id: peerId });
      }
    },
  },
  ...Object.entries(
    {
      "made-up": () => "AAAAAAAAAAAAAAAAAAAAAA",
      "changed": (nonce: string) => nonce.slice(0, -1) + (nonce.endsWith("A") ? "B" : "A"),
      "cut": (nonce: string) => nonce.slice(0, -2),
      "longer": (nonce: string) => `${nonce}AA`,
    } satisfies Record<string, (nonce: string) => string>,
  ).map(([words, change]): Case => ({
    id: `relay/nonce-stale-${words}`,
    requirements: ["ARC-RELAY-nonce-stale"],
    title: `A right proof over a nonce that is ${words} is answered with a new RELAY_CHALLENGE, not with an ERROR`,
    needs: "relay",
    run: async (world) => {
      const line = await world.stranger("caller");
      const request = world.bindRequest(world.callerId);
      const nonce = change(await world.nonce(line, request));
      await line.say({ ...request, ...world.proofFor(request, nonce) });
      await line.nextMessage("RELAY_CHALLENGE");
      await world.fence(line);
    },
  })),
  {
    id: "relay/nonce-stale-and-wrong",
    requirements: ["ARC-RELAY-nonce-stale", "ARC-SIG-error-not-to-strangers"],
    title: "With a nonce that is not valid even a wrong proof earns a challenge only: the address is not proven",
    needs: "relay",
    run: async (world) => {
      const line = await world.stranger("stranger", "udp");
      await line.say({ ...world.bindRequest(world.callerId), nonce: "no-nonce", proof: "A".repeat(21) + "A" });
      await line.nextMessage("RELAY_CHALLENGE");
      await world.fence(line);
    },
  },
  {
    id: "relay/bad-proof",
    requirements: ["ARC-RELAY-bad-proof", "ARC-SIG-error-fields"],
    title: "A wrong proof with a valid nonce is answered with `unauthorized`, naming the request",
    needs: "relay",
    run: async (world) => {
      const line = await world.stranger("caller");
      const request = await world.provenRequest(line, world.callerId);
      await line.say({ ...request, proof: otherProof(request.proof) });
      const { in_reply_to: reply } = await line.nextMessage("ERROR", { code: "unauthorized" });
      const due = JSON.stringify({ type: "RELAY_BIND", timestamp: request.timestamp });
      world.require(JSON.stringify(reply) === due, `in_reply_to ${due}`, brief(reply));
    },
  },
  {
    id: "relay/bad-proof-moves-nothing",
    requirements: ["ARC-RELAY-bad-proof"],
    title: "A wrong proof does not move the binding that a peer has",
    needs: "relay",
    run: async (world) => {
      const { caller, callee } = await world.pair();
      const thief = await world.stranger("thief");
      const request = await world.provenRequest(thief, world.calleeId);
      await thief.say({ ...request, proof: otherProof(request.proof) });
      await thief.nextMessage("ERROR", { code: "unauthorized" });
      await delivers(caller, callee);
      await world.fence(thief);
    },
  },
  ...RELAY_WAYS.map((way): Case => ({
    id: `relay/bound-${way}`,
    requirements: ["ARC-RELAY-bound", "ARC-SIG-relay-answer-fields"],
    title: `RELAY_BOUND over ${way.toUpperCase()} tells the source address that the relay saw`,
    needs: "relay",
    run: async (world) => {
      const line = await world.stranger("caller", way);
      const { relay_id: relayId, observed } = await world.bind(line, world.callerId);
      const isName = typeof relayId === "string" && relayId.length >= 1 && relayId.length <= 64;
      world.require(isName, "a relay_id of 1 to 64 characters", brief(relayId));
      await line.say(world.nilHeartbeat());
      const ack = await line.nextMessage("HEARTBEAT_ACK", { session_id: NIL_UUID });
      world.require(brief(ack.observed) === brief(observed), `observed ${brief(observed)} again`, brief(ack.observed));
      const { local } = line;
      if (local === undefined || !local.host.startsWith("127.")) return;
      const due = brief({ ip: local.host, port: local.port });
      world.require(brief(observed) === due, `observed ${due}`, brief(observed));
    },
  })),
  {
    id: "relay/idle-told",
    requirements: ["ARC-RELAY-idle"],
    title: `RELAY_BOUND says that ${IDLE_S} s of silence end the binding`,
    needs: "relay",
    run: async (world) => {
      const { lifetime_s: lifetimeS } = await world.bind(await world.stranger("caller"), world.callerId);
      world.require(lifetimeS === IDLE_S, `a lifetime_s of ${IDLE_S}`, brief(lifetimeS));
    },
  },
  {
    id: "relay/bind-repeated",
    requirements: ["ARC-SIG-repeat-same-answer", "ARC-RELAY-bound"],
    title: "A repeated RELAY_BIND gets the same RELAY_BOUND",
    needs: "relay",
    run: async (world) => {
      const line = await world.stranger("caller");
      const request = await world.provenRequest(line, world.callerId);
      await line.say(request);
      const first = brief(await line.nextMessage("RELAY_BOUND"));
      await line.say(request);
      const second = brief(await line.nextMessage("RELAY_BOUND"));
      world.require(first === second, first, second);
    },
  },
  {
    id: "relay/rebind",
    requirements: ["ARC-RELAY-rebind"],
    title: "A RELAY_BIND from a new address moves the binding: units go there, and come from there only",
    needs: "relay",
    run: async (world) => {
      const { caller, callee } = await world.pair();
      const moved = await world.bound("callee, moved", world.calleeId);
      await delivers(caller, moved);
      await delivers(moved, caller);
      await reachesNobody(world, callee, caller);
    },
  },
  {
    id: "relay/rebind-other-transport",
    requirements: ["ARC-RELAY-rebind", "ARC-RELAY-cross-transport"],
    title: "A peer moves from UDP to TCP and back",
    needs: "relay",
    run: async (world) => {
      const { caller } = await world.pair("udp");
      const moved = await world.bound("callee over TCP", world.calleeId, "tcp");
      await delivers(caller, moved);
      await delivers(caller, await world.bound("callee back on UDP", world.calleeId, "udp"));
    },
  },
  {
    id: "relay/rebind-late-copy",
    requirements: ["ARC-SIG-repeat-same-answer", "ARC-RELAY-rebind"],
    title: "A late copy of the former RELAY_BIND is answered as before and does not move the binding back",
    needs: "relay",
    run: async (world) => {
      const caller = await world.bound("caller", world.callerId);
      const former = await world.stranger("callee");
      const request = await world.provenRequest(former, world.calleeId);
      await former.say(request);
      await former.nextMessage("RELAY_BOUND");
      const moved = await world.bound("callee, moved", world.calleeId);
      await former.say(request);
      await former.nextMessage("RELAY_BOUND");
      await delivers(caller, moved);
    },
  },
  {
    id: "relay/one-session",
    requirements: ["ARC-RELAY-one-session"],
    title: "An address that binds to another session leaves the one before",
    needs: "relay",
    run: async (world) => {
      const { caller, callee } = await world.pair();
      await world.bind(callee, world.calleeId, { sessionId: world.otherId });
      await reachesNobody(world, caller, callee);
      await reachesNobody(world, callee, caller);
    },
  },
  {
    id: "relay/two-peers",
    requirements: ["ARC-RELAY-two-peers"],
    title: "A third peer is refused with `busy`, and the two go on",
    needs: "relay",
    run: async (world) => {
      const { caller, callee } = await world.pair();
      const third = await world.stranger("third");
      await third.say(await world.provenRequest(third, world.otherId));
      await third.nextMessage("ERROR", { code: "busy" });
      await third.send(fullUnit(4));
      await world.fence(third);
      await delivers(caller, callee);
      await delivers(callee, caller);
    },
  },
  {
    id: "relay/unbind",
    requirements: ["ARC-RELAY-unbind", "ARC-SIG-ack-fields"],
    title: "RELAY_UNBIND is answered with an ACK that names it, and ends the binding both ways",
    needs: "relay",
    run: async (world) => {
      const { caller, callee } = await world.pair();
      const request = await world.provenRequest(caller, world.callerId, { type: "RELAY_UNBIND" });
      await caller.say(request);
      const in_reply_to = { type: "RELAY_UNBIND", timestamp: request.timestamp };
      await caller.nextMessage("ACK", { session_id: world.sessionId, in_reply_to });
      await reachesNobody(world, caller, callee);
      await reachesNobody(world, callee, caller);
    },
  },
  {
    id: "relay/unbind-from-elsewhere",
    requirements: ["ARC-RELAY-unbind"],
    title: "A peer that has moved unbinds its former address with nonce and proof of the new one",
    needs: "relay",
    run: async (world) => {
      const { caller, callee } = await world.pair();
      const elsewhere = await world.stranger("callee elsewhere");
      await elsewhere.say(await world.provenRequest(elsewhere, world.calleeId, { type: "RELAY_UNBIND" }));
      await elsewhere.nextMessage("ACK", { session_id: world.sessionId });
      await reachesNobody(world, caller, callee);
    },
  },
  {
    id: "relay/unbind-bad-proof",
    requirements: ["ARC-RELAY-unbind", "ARC-RELAY-bad-proof"],
    title: "RELAY_UNBIND with the other peer's proof is `unauthorized` and ends nothing",
    needs: "relay",
    run: async (world) => {
      const { caller, callee } = await world.pair();
      const request = world.bindRequest(world.calleeId, { type: "RELAY_UNBIND" });
      const nonce = await world.nonce(caller, request);
      await caller.say({ ...request, ...world.proofFor({ ...request, peer_id: world.callerId }, nonce) });
      await caller.nextMessage("ERROR", { code: "unauthorized" });
      await delivers(caller, callee);
    },
  },
  {
    id: "relay/unbind-repeated",
    requirements: ["ARC-SIG-repeat-same-answer", "ARC-RELAY-unbind"],
    title: "A repeated RELAY_UNBIND gets its ACK again",
    needs: "relay",
    run: async (world) => {
      const caller = await world.bound("caller", world.callerId);
      const request = await world.provenRequest(caller, world.callerId, { type: "RELAY_UNBIND" });
      for (let i = 0; i < 2; i++) {
        await caller.say(request);
        const in_reply_to = { type: "RELAY_UNBIND", timestamp: request.timestamp };
        await caller.nextMessage("ACK", { in_reply_to });
      }
    },
  },
  {
    id: "relay/bind-malformed",
    requirements: ["ARC-SIG-relay-bind-fields", "ARC-SIG-error-path"],
    title: "From a bound address a RELAY_BIND with a nonce and no proof is `bad_message` with the path",
    needs: "relay",
    run: async (world) => {
      const caller = await world.bound("caller", world.callerId);
      await caller.say({ ...world.bindRequest(world.callerId), nonce: "only-a-nonce" });
      const { message } = await caller.nextMessage("ERROR", { code: "bad_message" });
      world.require(String(message).includes("$."), "a message with a JSON path", brief(message));
    },
  },
  {
    id: "relay/bind-malformed-stranger",
    requirements: ["ARC-SIG-error-not-to-strangers"],
    title: "Over UDP a malformed message of the relay's own earns a stranger no ERROR",
    needs: "relay",
    run: async (world) => {
      const stranger = await world.stranger("stranger", "udp");
      const request = world.bindRequest(world.callerId);
      for (const bad of [{ ...request, expires: -1 }, { ...request, peer_id: "x" }, { type: "RELAY_BIND" }]) {
        const answers = await world.answersTo(stranger, plainUnit(bad));
        world.require(answers.length === 0, "no answer", answers.map(describeUnit).join(", "));
      }
    },
  },
];

/** A unit from one line comes out of the other. */
export async function delivers(from: Line, to: Line, unit: Uint8Array = fullUnit(1)): Promise<void> {
  await from.send(unit);
  await to.nextBytes(unit);
}

/** A unit from the line is neither answered nor passed on to the other. */
export async function reachesNobody(
  world: RelayWorld,
  from: Line,
  other: Line,
  unit: Uint8Array = fullUnit(2),
): Promise<void> {
  await from.send(unit);
  await world.fence(from);
  await world.fence(other);
}

/** The proof with its first character changed: 16 bytes still. */
function otherProof(proof: string): string {
  return (proof.startsWith("A") ? "B" : "A") + proof.slice(1);
}
