/** SPEC clauses 3.6 and 3.7 on the wire: rotations, asked for by either side. */
import type { Case } from "../../case.ts";
import type { FarPeer } from "../../drive/far/far_peer.ts";
import type { FarStream } from "../../drive/far/far_stream.ts";
import type { Heard } from "../../drive/far/heard_log.ts";
import type { PeerWorld } from "../../drive/peer_world.ts";
import { brief } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import { requireContinues } from "../path/keeping.ts";
import { listening, sends, tookUpTo } from "./media_received.ts";

/** SPEC ARC-KEY-rotation-old-epoch-end, ARC-KEY-rotation-responder-switch: a second, and a little. */
const OVER_MS = 1300;
/** SPEC ARC-KEY-rotation-security-event. */
const FAILURES = 32;
/** The last byte of the AEAD tag, where no HMAC tag follows. */
const FAKE_BYTES = 16 + 3 + 16;

export const CASES: readonly Case[] = [
  {
    id: "call/rotation-answered",
    requirements: ["ARC-KEY-epoch-proof", "ARC-SIG-key-rotate-ack-fields", "ARC-KEY-ecdh-fresh-pair"],
    title: "A KEY_ROTATE is answered with a KEY_ROTATE_ACK that proves the previous epoch and has a fresh key",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      const keys = new Set<unknown>();
      for (let epoch = 1; epoch <= 3; epoch++) {
        const ack = await far.ask(far.epochs.rotation(epoch));
        world.require(ack.type === "KEY_ROTATE_ACK" && ack.epoch === epoch, `a KEY_ROTATE_ACK of ${epoch}`, brief(ack));
        far.epochs.takeRotationAck(ack);
        far.keys.current = epoch;
        const { public_key: key } = ack.encryption as Json;
        world.require(!keys.has(key), "a key that was not used before", brief(key));
        keys.add(key);
        await far.fence();
      }
    },
  },
  {
    id: "call/rotation-responder-waits",
    requirements: ["ARC-KEY-rotation-responder-switch"],
    title: "The answering peer goes on with the old epoch until it hears the new one, or a second has passed",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      await far.hears("media", 0);
      const ack = await far.ask(far.epochs.rotation());
      far.epochs.takeRotationAck(ack);
      const { mark } = far.log;
      await far.hears("media of epoch 0", mark, ({ epoch }) => epoch === 0);
      await far.hears("media of epoch 1, a second later", mark, ({ epoch }) => epoch === 1);
      const [last] = far.log.all(
        mark,
        (heard) => heard.kind === "media" && heard.packet.epoch === 1 ? heard : undefined,
      );
      const waitedMs = last.atMs - atOf(far, ack);
      world.require(waitedMs > 500, "epoch 1 about a second after KEY_ROTATE_ACK", `${Math.round(waitedMs)} ms`);
    },
  },
  {
    id: "call/rotation-responder-switches",
    requirements: ["ARC-KEY-rotation-responder-switch"],
    title: "The answering peer sends with the new epoch once it has heard a unit under it",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      await far.epochs.rotate();
      const { mark } = far.log;
      await far.fence();
      const at = far.log.mark;
      const packet = await far.hears("media", at);
      await far.hears("media of epoch 1", mark, ({ epoch }) => epoch === 1);
      world.require(packet.epoch === 1, "media of epoch 1 behind the answer under it", `epoch ${packet.epoch}`);
    },
  },
  {
    id: "call/rotation-sealed-switches",
    requirements: ["ARC-KEY-rotation-responder-switch", "ARC-KEY-epoch-trial", "ARC-SEAL-counter"],
    title: "A HEARTBEAT under the new epoch is answered under it, with a counter that begins anew",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("caller");
      await far.validate();
      await far.epochs.rotate();
      await far.fence();
      const answers = far.log.all(
        0,
        (heard) => heard.kind === "sealed" && heard.epoch === 1 ? heard.counter : undefined,
      );
      world.require(answers[0] === 0, "a first counter of 0 in epoch 1", `${answers[0]}`);
    },
  },
  {
    id: "call/rotation-overlap",
    requirements: ["ARC-KEY-rotation-old-epoch-end", "ARC-KEY-epoch-phase-lookup"],
    title: "Packets of the old epoch are taken beside those of the new one at first",
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await listening(world);
      await sends(far, stream, 4);
      await far.epochs.rotate();
      for (let i = 0; i < 6; i++) await far.path.send(stream.packet({ epoch: 1 - (i % 2) }));
      await tookUpTo(world, far, stream, stream.lastSequence, 0);
    },
  },
  {
    id: "call/rotation-old-epoch-ends",
    requirements: ["ARC-KEY-rotation-old-epoch-end"],
    title: "A second after the first packet of the new epoch those of the old one are dropped",
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await listening(world);
      await sends(far, stream, 4);
      await far.epochs.rotate();
      await sends(far, stream, 4);
      await world.pass(OVER_MS);
      await sends(far, stream, 2);
      const due = stream.lastSequence;
      for (let i = 0; i < 3; i++) await far.path.send(stream.packet({ epoch: 0 }));
      await tookUpTo(world, far, stream, due);
    },
  },
  {
    id: "call/rotation-old-seal-ends",
    requirements: ["ARC-KEY-rotation-old-epoch-end", "ARC-KEY-epoch-trial"],
    title: "A HEARTBEAT sealed under the old epoch is answered at first, and not after a second",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      await far.epochs.rotate();
      const early = far.heartbeat();
      // Both at once: a second is soon over on a busy host.
      await far.path.send(far.seal(far.heartbeat()));
      await far.path.send(far.seal(early, 0));
      await far.log.find("an answer under the old epoch's key", 0, (heard) => isAnswerTo(heard, early) || undefined);
      await world.pass(OVER_MS);
      const heartbeat = far.heartbeat();
      await far.path.send(far.seal(heartbeat, 0));
      await far.fence();
      const answered = far.log.all(0, (heard) => isAnswerTo(heard, heartbeat) || undefined).length;
      world.require(answered === 0, "no answer under an epoch that is over", `${answered}`);
    },
  },
  {
    id: "call/rotation-numbers-go-on",
    requirements: ["ARC-KEY-index-continues"],
    title: "Sequence numbers of media and the index of RTCP go on across a rotation",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      await far.hears("media", 0);
      await far.epochs.rotate();
      await far.fence();
      const { ssrc } = await far.hears("media of epoch 1", 0, ({ epoch }) => epoch === 1);
      await far.log.find("RTCP of epoch 1", 0, (heard) => heard.kind === "rtcp" && heard.epoch === 1 || undefined);
      const packets = far.log.all(
        0,
        (heard) => heard.kind === "media" && heard.packet.ssrc === ssrc ? heard.packet : undefined,
      );
      requireContinues(world, packets);
      const indexes = far.log.all(0, (heard) => heard.kind === "rtcp" ? heard.index : undefined);
      world.require(
        indexes.every((index, i) => i === 0 || index > indexes[i - 1]),
        "rising indexes",
        indexes.join(" "),
      );
    },
  },
  {
    id: "call/rotation-repeated",
    requirements: ["ARC-SIG-repeat-same-answer"],
    title: "A repeated KEY_ROTATE gets the same KEY_ROTATE_ACK: no new key is made",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      const rotate = far.epochs.rotation();
      const first = brief(await far.ask(rotate));
      const second = brief(await far.ask(rotate));
      world.require(first === second, first, second);
    },
  },
  ...Object.entries(
    {
      "wrong": (rotate: Json) => ({ ...rotate, proof: flipped(String(rotate.proof)) }),
      "of-other-epoch": (_rotate: Json, far: FarPeer) => ({
        ...far.epochs.rotation(1),
        epoch: 1,
        proof: "A".repeat(22),
      }),
      "of-other-key": (rotate: Json, far: FarPeer) => ({ ...rotate, proof: far.epochs.rotation(1).proof }),
    } satisfies Record<string, (rotate: Json, far: FarPeer) => Json>,
  ).map(([words, spoil]): Case => ({
    id: `call/rotation-proof-${words}`,
    requirements: ["ARC-KEY-epoch-wrong-proof"],
    title: `A KEY_ROTATE whose proof is ${words.replaceAll("-", " ")} is unauthorized and changes nothing`,
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      await far.refused({ type: "KEY_ROTATE", ...spoil(far.epochs.rotation(), far) }, "unauthorized");
      await far.epochs.rotate();
      await far.fence();
    },
  })),
  {
    id: "call/rotation-number",
    requirements: ["ARC-KEY-epoch-numbers"],
    title: "A KEY_ROTATE for another epoch than the next is refused with bad_state",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      for (const epoch of [0, 2, 5]) {
        const rotate = { ...far.epochs.rotation(1), epoch, timestamp: world.freshTimestamp() };
        await far.refused(rotate, "bad_state");
      }
      await far.epochs.rotate();
      await far.fence();
    },
  },
  {
    id: "call/rotation-reused-key",
    requirements: ["ARC-KEY-ecdh-reused-key"],
    title: "A KEY_ROTATE with a public key that was used in an earlier epoch is refused with bad_key",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      const first = far.epochs.rotation();
      const ack = await far.ask(first);
      far.epochs.takeRotationAck(ack);
      far.keys.current = 1;
      await far.fence();
      const again = far.epochs.rotationWith(first.encryption as Json, 2);
      await far.refused(again, "bad_key");
      const theirs = far.epochs.rotationWith(ack.encryption as Json, 2);
      await far.refused(theirs, "bad_key");
    },
  },
  {
    id: "call/security-event",
    requirements: ["ARC-KEY-rotation-security-event", "ARC-SIG-key-rotate-fields"],
    title: `${FAILURES} packets of a stream that fail authentication make a peer ask for new keys`,
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await listening(world, { authentications: ["none"] });
      await sends(far, stream, 3);
      await fails(far, stream, FAILURES - 2);
      await far.fence();
      const { mark } = far.log;
      await fails(far, stream, FAILURES);
      const rotate = await far.signals("KEY_ROTATE", mark, { reason: "security_event", epoch: 1 });
      world.require(far.epochs.verifiesRotation(rotate), "a proof of epoch 0", brief(rotate));
    },
  },
  {
    id: "call/security-event-hmac",
    requirements: ["ARC-KEY-rotation-hmac-failures-free"],
    title: "Packets that fail the HMAC tag drive no rotation, however many",
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await listening(world, { authentications: ["hmac-sha256-80"] });
      await sends(far, stream, 3);
      const { mark } = far.log;
      await fails(far, stream, 3 * FAILURES);
      await far.fence();
      await world.pass(200);
      const asked = far.log.all(mark, (heard) => isRotate(heard)).length;
      world.require(asked === 0, "no KEY_ROTATE", `${asked}`);
    },
  },
  {
    id: "call/rotation-rate",
    requirements: ["ARC-KEY-rotation-rate"],
    title: "A second security event within a minute brings no second rotation",
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await asked(world);
      const { mark } = far.log;
      await fails(far, stream, 3 * FAILURES);
      await far.fence();
      await world.pass(300);
      const again = far.log.all(mark, (heard) => isRotate(heard)).length;
      world.require(again === 0, "no second KEY_ROTATE", `${again}`);
    },
  },
  {
    id: "call/rotation-initiator-switches",
    requirements: ["ARC-KEY-rotation-initiator-switch"],
    title: "The peer that asked keeps the old epoch until the answer, and sends everything with the new one behind it",
    needs: "peer",
    run: async (world) => {
      const { far, rotate } = await askedFor(world);
      const { mark } = far.log;
      await far.hears("media", mark);
      const early = far.log.all(mark, (heard) => heard.kind === "media" && heard.packet.keyPhase !== 0 || undefined);
      world.require(early.length === 0, "media of epoch 0 before the answer", `${early.length} of another`);
      await far.signal.say(far.epochs.rotationAck(rotate));
      await far.hears("media of epoch 1", mark, ({ epoch }) => epoch === 1);
      const after = far.log.mark;
      await far.hears("media", after);
      await far.hears("more media", after + 1);
      const old = far.log.all(after, (heard) => heard.kind === "media" && heard.packet.epoch === 0 || undefined);
      world.require(old.length === 0, "no media of epoch 0 behind that", `${old.length} packets`);
    },
  },
  {
    id: "call/rotation-answer-proof",
    requirements: ["ARC-KEY-epoch-wrong-proof"],
    title: "A KEY_ROTATE_ACK with a wrong proof changes nothing, and the right one is still taken",
    needs: "peer",
    run: async (world) => {
      const { far, rotate } = await askedFor(world);
      const ack = far.epochs.rotationAck(rotate);
      await far.signal.say({ ...ack, proof: flipped(String(ack.proof)) });
      const { mark } = far.log;
      await far.hears("media", mark, ({ epoch }) => epoch === 0);
      await far.signal.say({ ...ack, timestamp: world.freshTimestamp() });
      await far.hears("media of epoch 1", mark, ({ epoch }) => epoch === 1);
    },
  },
  {
    id: "call/rotation-unanswered",
    requirements: ["ARC-SIG-repeat-first-interval", "ARC-SIG-repeat-identical"],
    title: "A KEY_ROTATE that nobody answers is sent again as it was, about 2 s later",
    needs: "peer",
    run: async (world) => {
      const { far, rotate } = await askedFor(world);
      const mark = far.log.entries.findIndex((heard) => heard.kind === "signal" && heard.message === rotate) + 1;
      const at = await far.log.find("KEY_ROTATE again", mark, (heard) => isRotate(heard) && heard || undefined, 6000);
      const again = at.kind === "signal" ? brief(at.message) : "";
      world.require(again === brief(rotate), brief(rotate), again);
      const waitedMs = at.atMs - far.log.entries[mark - 1].atMs;
      world.require(waitedMs > 1500, "about 2 s", `${Math.round(waitedMs)} ms`);
    },
  },
  {
    id: "call/rotation-crossing",
    requirements: ["ARC-KEY-rotation-crossing"],
    title: "Of two KEY_ROTATEs that cross that of the lower peer_id counts, and the other gets no answer",
    needs: "peer",
    run: async (world) => {
      const { far, rotate } = await askedFor(world);
      const { mark } = far.log;
      const ours = far.epochs.rotation(1);
      await far.signal.say(ours);
      if (far.peerId < far.remotePeerId) {
        far.epochs.takeRotationAck(await far.signals("KEY_ROTATE_ACK", mark, { epoch: 1 }));
        far.keys.current = 1;
        await far.fence();
      } else {
        await far.signal.say(far.heartbeat());
        await far.signals("HEARTBEAT_ACK", mark);
        const answer = far.log.all(
          mark,
          (heard) =>
            heard.kind === "signal" && ["ERROR", "KEY_ROTATE_ACK"].includes(String(heard.message.type))
              ? heard
              : undefined,
        );
        world.require(answer.length === 0, "no answer to ours", answer.map(brief).join(", "));
        await far.signal.say(far.epochs.rotationAck(rotate));
        await far.hears("media of epoch 1", mark, ({ epoch }) => epoch === 1);
      }
    },
  },
];

/** What fails authentication: of the stream, with a new index each time. */
async function fails(far: FarPeer, stream: FarStream, packets: number): Promise<void> {
  for (let i = 0; i < packets; i++) {
    const packet = stream.packet();
    packet[FAKE_BYTES - 1] ^= 1;
    await far.path.send(packet);
  }
}

interface Asked {
  readonly far: FarPeer;
  readonly stream: FarStream;
  /** The peer's KEY_ROTATE. */
  readonly rotate: Json;
}

/** The peer under test has asked for epoch 1, and waits for an answer. */
async function askedFor(world: PeerWorld): Promise<Asked> {
  const { far, stream } = await listening(world, { authentications: ["none"] });
  await far.hears("media", 0);
  await sends(far, stream, 3);
  const { mark } = far.log;
  await fails(far, stream, FAILURES + 4);
  return { far, stream, rotate: await far.signals("KEY_ROTATE", mark) };
}

/** The same, answered: epoch 1 is in use on both sides. */
async function asked(world: PeerWorld): Promise<Asked> {
  const made = await askedFor(world);
  await made.far.signal.say(made.far.epochs.rotationAck(made.rotate));
  made.far.keys.current = 1;
  // The path is faster than signaling: what is sent under epoch 1 before that would be lost.
  await made.far.hears("media of epoch 1", 0, ({ epoch }) => epoch === 1);
  return made;
}

function isRotate(heard: Heard): true | undefined {
  return heard.kind === "signal" && heard.message.type === "KEY_ROTATE" || undefined;
}

function isAnswerTo(heard: Heard, { challenge }: Json): boolean {
  return heard.kind === "sealed" && heard.message.type === "HEARTBEAT_ACK" && heard.message.challenge === challenge;
}

function atOf(far: FarPeer, message: Json): number {
  return far.log.entries.find((heard) => heard.kind === "signal" && heard.message === message)?.atMs ?? 0;
}

function flipped(text: string): string {
  return (text.startsWith("A") ? "B" : "A") + text.slice(1);
}
