/** SPEC clause 5.6 on the wire: sealed JSON between peers, and what is dropped in the clear. */
import type { Case } from "../../case.ts";
import { withTurnedBit } from "../../drive/far/far_stream.ts";
import type { FarPeer } from "../../drive/far/far_peer.ts";
import type { Heard } from "../../drive/far/heard_log.ts";
import type { PeerWorld } from "../../drive/peer_world.ts";
import { brief } from "../../expect.ts";

/** SPEC ARC-SEAL-replay. */
const WINDOW = 64;

export const CASES: readonly Case[] = [
  {
    id: "call/seal-counter",
    requirements: ["ARC-SEAL-counter"],
    title: "The counter of sealed units begins at 0 and grows with each",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("caller");
      await far.validate();
      for (let i = 0; i < 3; i++) await far.fence();
      const counters = far.log.all(0, (heard) => heard.kind === "sealed" ? heard.counter : undefined);
      world.require(counters[0] === 0, "a first counter of 0", `${counters[0]}`);
      const isGrowing = counters.every((counter, i) => i === 0 || counter === counters[i - 1] + 1);
      world.require(isGrowing, "counters that grow by one", counters.join(" "));
    },
  },
  {
    id: "call/seal-replay",
    requirements: ["ARC-SEAL-replay"],
    title: "A sealed HEARTBEAT that comes twice is answered once",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      const heartbeat = far.heartbeat();
      const unit = far.seal(heartbeat);
      for (let i = 0; i < 3; i++) await far.path.send(unit);
      await far.fence();
      requireAnswers(world, far, heartbeat.challenge, 1);
    },
  },
  {
    id: "call/seal-late",
    requirements: ["ARC-SEAL-replay"],
    title: `A sealed unit that was overtaken by ${WINDOW - 2} others is taken, one that was overtaken by ${
      WINDOW + 6
    } is not`,
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      for (const [overtaking, answers] of [[WINDOW - 2, 1], [WINDOW + 6, 0]] as const) {
        const heartbeat = far.heartbeat();
        const late = far.seal(heartbeat);
        for (let i = 0; i < overtaking - 1; i++) far.seal(far.heartbeat());
        await far.fence();
        await far.path.send(late);
        await far.fence();
        requireAnswers(world, far, heartbeat.challenge, answers);
      }
    },
  },
  {
    id: "call/seal-wrong-tag",
    requirements: ["ARC-SEAL-wrong-tag", "ARC-SEAL-tag"],
    title: "A bit turned anywhere in a sealed unit, be it text, counter or tag, and there is no answer",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      const heartbeat = far.heartbeat();
      const bytes = far.seal(heartbeat).length;
      for (const at of [bytes - 1, bytes - 16, bytes - 17, bytes - 22, bytes - 25]) {
        await far.path.send(withTurnedBit(far.seal(heartbeat), at));
      }
      await far.fence();
      requireAnswers(world, far, heartbeat.challenge, 0);
    },
  },
  {
    id: "call/seal-wrong-tag-uses-no-counter",
    requirements: ["ARC-SEAL-replay"],
    title: "A forged unit does not use up its counter: the real one with the same is taken",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      const heartbeat = far.heartbeat();
      const unit = far.seal(heartbeat);
      await far.path.send(withTurnedBit(unit));
      await far.path.send(unit);
      await far.fence();
      requireAnswers(world, far, heartbeat.challenge, 1);
    },
  },
  {
    id: "call/seal-direction",
    requirements: ["ARC-SEAL-direction"],
    title: "A peer's own sealed HEARTBEAT that comes back to it is not answered",
    needs: "peer",
    run: async (world) => {
      const units: Uint8Array[] = [];
      const far = await world.call("callee", { pathsAreSilent: true });
      far.onUnit = (unit) => void units.push(unit.slice());
      await far.probed(far.path);
      for (const unit of units) await far.path.send(unit);
      await far.fence();
      const acks = far.log.all(0, (heard) => isAck(heard) || undefined).length;
      world.require(units.length > 0 && acks === 1, "one HEARTBEAT_ACK, ours", `${acks}`);
    },
  },
  ...Object.entries(
    {
      "heartbeat": (far: FarPeer) => far.heartbeat(),
      "disconnect": (far: FarPeer) => ({ type: "DISCONNECT", ...far.head, peer_id: far.peerId, reason: "error" }),
      "stream-start": (far: FarPeer) => far.announcement(far.makeAudio()),
      "key-rotate": (far: FarPeer) => far.epochs.rotation(),
      "no-json": () => "{this is no JSON" as unknown as object,
      "relay-bound": (far: FarPeer) => ({ type: "RELAY_CHALLENGE", nonce: "n", session_id: far.sessionId }),
    } satisfies Record<string, (far: FarPeer) => object>,
  ).map(([words, message]): Case => ({
    id: `call/clear-dropped-${words}`,
    requirements: ["ARC-SEAL-clear-dropped", "ARC-SEAL-clear-units"],
    title: `On UDP between peers plain JSON is dropped silently and changes nothing: ${words.replaceAll("-", " ")}`,
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      const { mark } = far.log;
      const plain = message(far);
      if (typeof plain === "string") await far.path.send(new TextEncoder().encode(plain));
      else await far.path.line.say(plain);
      await far.fence();
      const answer = far.log.all(mark, (heard) => heard.kind === "plain" || isReply(heard) ? heard : undefined)[0];
      world.require(answer === undefined, "no answer", answer === undefined ? "" : brief(answer));
      await far.hears("media as before", mark);
    },
  })),
  {
    id: "call/sealed-request",
    requirements: ["ARC-SEAL-clear-units", "ARC-SIG-ack-requests"],
    title: "A sealed request on the path is acted on and answered, as one by signaling",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      const stream = far.makeAudio();
      const start = far.announcement(stream);
      await far.path.send(far.seal(start));
      await far.log.find(
        "an ACK of STREAM_START",
        0,
        (heard) =>
          (heard.kind === "sealed" || heard.kind === "signal") && heard.message.type === "ACK" &&
            brief(heard.message).includes(stream.streamId) || undefined,
      );
    },
  },
  {
    id: "call/nothing-in-the-clear",
    requirements: ["ARC-SEAL-clear-units", "ARC-SEAL-no-secrets"],
    title: "Of its own a peer sends nothing in the clear to the other, and no token sealed",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("caller");
      await far.validate();
      await far.startAudio();
      await far.hears("media", 0);
      await world.pass(300);
      const plain = far.log.entries.find(({ kind }) => kind === "plain");
      world.require(plain === undefined, "nothing plain on the path", plain === undefined ? "" : brief(plain));
      const told =
        far.log.all(0, (heard) => heard.kind === "sealed" && "token" in heard.message ? heard : undefined)[0];
      world.require(told === undefined, "no token in a sealed message", told === undefined ? "" : brief(told));
    },
  },
];

function isAck(heard: Heard): boolean {
  return heard.kind === "sealed" && heard.message.type === "HEARTBEAT_ACK";
}

/** An answer to a message that should have had none. */
function isReply(heard: Heard): boolean {
  if (heard.kind !== "signal" && heard.kind !== "sealed") return false;
  return ["ERROR", "ACK", "KEY_ROTATE_ACK"].includes(String(heard.message.type));
}

function requireAnswers(world: PeerWorld, far: FarPeer, challenge: string, due: number): void {
  const count = far.log.all(
    0,
    (heard) => heard.kind === "sealed" && isAck(heard) && heard.message.challenge === challenge || undefined,
  ).length;
  world.require(count === due, `${due} answers to the HEARTBEAT`, `${count}`);
}
