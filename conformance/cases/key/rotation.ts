/** SPEC clauses 3.1, 3.6 and 3.7 as signaling shows them: who may make an epoch, and which one counts. */
import type { Case, Check } from "../../case.ts";
import { answersWith, brief } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import { ANNA, BEN, type Input } from "../signaling/script.ts";
import {
  connected,
  refusalsOf,
  refusedWith,
  sends,
  sentOf,
  signalingRun,
  SUITE,
  SuiteCaller,
} from "../signaling/suite_caller.ts";

const DAY_MS = 24 * 3_600_000;

export const CASES: readonly Case[] = [
  {
    id: "key/rotation-answered",
    requirements: ["ARC-KEY-epoch-proof"],
    title: "A rotation is answered with a proof under the epoch before it",
    needs: "ops",
    checks: ({ rng }) => {
      const caller = new SuiteCaller(rng);
      return connected(caller, (said) => [{
        name: "the first",
        request: signalingRun([...said, { at_ms: 2000, message: caller.rotate(1, 2000) }]),
        ...proves(caller, 1),
      }]);
    },
  },
  {
    id: "key/ecdh-reused-key",
    requirements: ["ARC-KEY-ecdh-reused-key"],
    title: "A public key of an earlier epoch, of either peer, is refused with bad_key",
    needs: "ops",
    checks: ({ rng }) => {
      const caller = new SuiteCaller(rng);
      return connected(
        caller,
        (said, ack) =>
          [caller.publicKey, String((ack.encryption as Json).public_key)].map((key, i) => ({
            name: i === 0 ? "the caller's own" : "the callee's",
            request: signalingRun([...said, { at_ms: 2000, message: caller.rotateTo(1, 2000, key) }]),
            ...refusedWith("bad_key"),
          })),
      );
    },
  },
  {
    id: "key/ecdh-fresh-pair",
    requirements: ["ARC-KEY-ecdh-fresh-pair"],
    title: "The key of a rotation is not that of the session's begin",
    needs: "ops",
    checks: ({ rng }) => {
      const message = new SuiteCaller(rng).connect();
      return [1, 2].map((seed) => ({
        name: `seed ${seed}`,
        request: signalingRun([{ at_ms: 0, message }, { at_ms: 2000, command: "rotate" }], {
          config: { private_keys: null, seed },
        }),
        ...answersWith("a KEY_ROTATE with another key than the CONNECT_ACK", (value) => {
          const keys = ["CONNECT_ACK", "KEY_ROTATE"].map((type) =>
            (sentOf(value, type)[0]?.encryption as Json)?.public_key
          );
          if (keys.includes(undefined)) return `the keys are ${keys}`;
          return keys[0] === keys[1] ? "both have the same key" : undefined;
        }),
      }));
    },
  },
  {
    id: "key/epoch-numbers",
    requirements: ["ARC-KEY-epoch-numbers"],
    title: "A rotation to any epoch but the next is refused with bad_state",
    needs: "ops",
    checks: ({ rng }) => {
      const caller = new SuiteCaller(rng);
      return connected(caller, (said) =>
        [0, 2, 3, 5, 0xffffffff].map((epoch) => ({
          name: `epoch ${epoch}`,
          request: signalingRun([...said, { at_ms: 2000, message: caller.rotate(epoch, 2000) }]),
          ...refusedWith("bad_state"),
        })));
    },
  },
  {
    id: "key/epoch-numbers-resumed",
    requirements: ["ARC-KEY-epoch-numbers"],
    title: "A resumption to any epoch but the next is refused with bad_state",
    needs: "ops",
    checks: ({ rng }) => {
      const caller = new SuiteCaller(rng);
      return connected(caller, (said) =>
        [2, 4].map((epoch) => ({
          name: `epoch ${epoch}`,
          request: signalingRun([...said, { at_ms: 2000, message: caller.resume(epoch, 2000) }]),
          ...refusedWith("bad_state"),
        })));
    },
  },
  {
    id: "key/epoch-wrong-proof-answered",
    requirements: ["ARC-KEY-epoch-wrong-proof"],
    title: "A wrong proof is refused with unauthorized and changes nothing: the right one is accepted after it",
    needs: "ops",
    checks: ({ rng }) => {
      const caller = new SuiteCaller(rng);
      return connected(caller, (said) => {
        const wrong = { at_ms: 2000, message: caller.rotate(1, 2000, { proof: "A".repeat(22) }) };
        const resumed = { at_ms: 2000, message: caller.resume(1, 2000, {}, { proof: "A".repeat(22) }) };
        const right = { at_ms: 3000, message: caller.rotate(1, 3000) };
        return [
          { name: "KEY_ROTATE", request: signalingRun([...said, wrong]), ...refusedWith("unauthorized") },
          { name: "a resumption", request: signalingRun([...said, resumed]), ...refusedWith("unauthorized") },
          {
            name: "then the right one",
            request: signalingRun([...said, wrong, right]),
            ...answersWith("unauthorized, then KEY_ROTATE_ACK", (value) => {
              const acks = sentOf(value, "KEY_ROTATE_ACK").length;
              if (acks !== 1) return `${acks} KEY_ROTATE_ACK are sent`;
              return refusalsOf(value).join() === "unauthorized" ? undefined : `refusals are [${refusalsOf(value)}]`;
            }),
          },
        ];
      });
    },
  },
  {
    id: "key/resumption-answered",
    requirements: ["ARC-KEY-epoch-proof"],
    title: "A resumption is answered with a CONNECT_ACK that carries epoch and proof",
    needs: "ops",
    checks: ({ rng }) => {
      const caller = new SuiteCaller(rng);
      return connected(caller, (said) => [{
        name: "resume",
        request: signalingRun([...said, { at_ms: 2000, message: caller.resume(1, 2000) }]),
        ...answersWith("epoch 1 and its proof", (value) => {
          const ack = sentOf(value, "CONNECT_ACK")[1];
          if (ack?.accepted !== true || ack.epoch !== 1) return `the answer is ${JSON.stringify(ack)}`;
          return ack.proof === caller.proofOf("CONNECT_ACK", 1, ack) ? undefined : `the proof is ${ack.proof}`;
        }),
      }]);
    },
  },
  {
    id: "key/rotation-manual",
    requirements: ["ARC-KEY-rotation-manual", "ARC-METRICS-knobs"],
    title: "An application's rotation is asked for at once, with the reason manual",
    needs: "ops",
    checks: ({ rng }) => [{
      name: "rotate",
      request: signalingRun([{ at_ms: 0, message: new SuiteCaller(rng).connect() }, {
        at_ms: 2000,
        command: "rotate",
      }]),
      ...asksWith("manual", 2000),
    }],
  },
  {
    id: "key/rotation-interval",
    requirements: ["ARC-KEY-rotation-interval", "ARC-METRICS-knobs"],
    title: "A rotation begins 24 hours after the epoch, or as soon as the knob says",
    needs: "ops",
    checks: ({ rng }) => {
      const inputs = [{ at_ms: 0, message: new SuiteCaller(rng).connect() }];
      return [
        {
          name: "one hour by the knob",
          request: signalingRun(inputs, { config: { rotation_ms: 3_600_000, until_ms: 3_600_100 } }),
          ...asksWith("interval", 3_600_000),
        },
        {
          name: "24 hours",
          request: signalingRun(inputs, { config: { until_ms: DAY_MS + 100 } }),
          ...asksWith("interval", DAY_MS),
        },
        {
          name: "not before",
          request: signalingRun(inputs, { config: { until_ms: DAY_MS - 1 } }),
          ...sends("KEY_ROTATE", 0),
        },
      ];
    },
  },
  {
    id: "key/rotation-previous-master",
    requirements: ["ARC-KEY-rotation-previous-master"],
    title: "A later request for an epoch that nothing has confirmed replaces it: the next epoch is proven with its key",
    needs: "ops",
    checks: ({ rng }) => {
      const caller = new SuiteCaller(rng);
      return connected(caller, (said) => {
        const twice = [...said, rotation(caller, 1, 2000), rotation(caller, 1, 4000)];
        return [{
          name: "two requests, the second one later",
          request: signalingRun(twice),
          ...proves(caller, 1, 1),
          then: (value) => [goesOn("the next epoch", caller, twice, value, 2)],
        }];
      });
    },
  },
  {
    id: "key/rotation-overtaken",
    requirements: ["ARC-KEY-rotation-overtaken"],
    title: "A request that is not later than the one that made the epoch is dropped for 30 seconds, and counts then",
    needs: "ops",
    checks: ({ rng }) =>
      ([["a second", 6000, [1]], ["31 seconds", 36_000, [1, 1]]] as const).flatMap(([name, at_ms, epochs]) => {
        const caller = new SuiteCaller(rng);
        return connected(caller, (said) => {
          // The request that counts is made last: its pair is the one that the suite holds.
          const isDropped = epochs.length === 1;
          const overtaken = isDropped ? caller.rotate(1, 4000) : undefined;
          const made = rotation(caller, 1, 5000);
          const all = [...said, made, { at_ms, message: overtaken ?? caller.rotate(1, 4000) }];
          return [{
            name: `an earlier one, ${name} after`,
            request: signalingRun(all),
            ...proves(caller, ...epochs),
            then: (value) => [goesOn(`the next epoch, ${name} after`, caller, all, value, 2)],
          }];
        }).map((check) => ({ ...check, name: `${check.name} before ${name}` }));
      }),
  },
  {
    id: "key/rotation-values",
    requirements: ["ARC-KEY-transcript-rotation-values", "ARC-KEY-transcript-chain"],
    title: "Epochs of rotations are made with the offers of the last accepted CONNECT, each upon the one before",
    needs: "ops",
    checks: ({ rng }) => {
      const [caller, resuming] = [new SuiteCaller(rng), new SuiteCaller(rng)];
      const offers = ["chacha20-poly1305", SUITE, "aes-256-gcm"];
      return [
        ...connected(caller, (said) => {
          const once = [...said, rotation(caller, 1, 2000)];
          return [{
            name: "a rotation",
            request: signalingRun(once),
            ...proves(caller, 1),
            then: (value) => [goesOn("a rotation after it", caller, once, value, 2)],
          }];
        }),
        ...connected(resuming, (said) => {
          const resumption = { at_ms: 2000, message: resuming.resume(1, 2000, { encryption: offers }) };
          const once = [...said, resumption];
          return [{
            name: "a resumption with other offers",
            request: signalingRun(once),
            ...sends("CONNECT_ACK", 2),
            then: (value) => {
              resuming.took(1, sentOf(value, "CONNECT_ACK")[1], offers);
              const rotated = [...once, rotation(resuming, 2, 6000)];
              return [{
                name: "a rotation after it",
                request: signalingRun(rotated),
                ...proves(resuming, 2),
                then: (value) => [goesOn("and another", resuming, rotated, value, 3, offers)],
              }];
            },
          }];
        }).map((check) => ({ ...check, name: `${check.name} that is resumed` })),
      ];
    },
  },
  {
    id: "key/rotation-lost-state",
    requirements: ["ARC-KEY-rotation-lost-state"],
    title: "Who has no keys does not resume, and refuses to be resumed",
    needs: "ops",
    checks: ({ rng }) => {
      const caller = new SuiteCaller(rng);
      const fresh = signalingRun([], { role: "caller" });
      return [
        {
          name: "a caller that begins",
          request: fresh,
          ...answersWith("a CONNECT that does not resume", (value) => {
            const [connect] = sentOf(value, "CONNECT");
            if (connect === undefined) return "there is no CONNECT";
            return connect.resume === true || "proof" in connect ? "it resumes" : undefined;
          }),
        },
        ...connected(caller, () => [{
          name: "a callee that knows nothing",
          request: signalingRun([{ at_ms: 0, message: caller.resume(1, 0) }]),
          ...answersWith("a refusal", (value) => refusalsOf(value).length === 1 ? undefined : "there is none"),
        }]),
      ];
    },
  },
  {
    id: "key/rotation-crossing",
    requirements: ["ARC-KEY-rotation-crossing"],
    title: "Of two crossing rotations that of the lower peer_id is answered, the other one is not",
    needs: "ops",
    checks: ({ rng }) => {
      const [lower, higher] = [new SuiteCaller(rng, ANNA), new SuiteCaller(rng, BEN)];
      return [[lower, 1] as const, [higher, 0] as const].flatMap(([caller, answers]) =>
        connected(caller, (said) => [{
          name: `the suite is ${caller.peerId}`,
          request: signalingRun([
            ...said,
            { at_ms: 2000, command: "rotate" },
            { at_ms: 2010, message: caller.rotate(1, 2005) },
          ], { config: { peer_id: caller.calleeId } }),
          ...sends("KEY_ROTATE_ACK", answers),
        }]).map((check) => ({ ...check, name: `${check.name} of ${caller.peerId}` }))
      );
    },
  },
  {
    id: "key/rotation-resume-first",
    requirements: ["ARC-KEY-rotation-resume-first"],
    title: "A resumption that crosses the testee's rotation is accepted, whichever peer_id is lower",
    needs: "ops",
    checks: ({ rng }) =>
      [ANNA, BEN].flatMap((voice) => {
        const caller = new SuiteCaller(rng, voice);
        const { peerId } = caller;
        return connected(caller, (said) => [{
          name: `the suite is ${peerId}`,
          request: signalingRun([
            ...said,
            { at_ms: 2000, command: "rotate" },
            { at_ms: 2010, message: caller.resume(1, 2005) },
          ], { config: { peer_id: caller.calleeId } }),
          ...sends("CONNECT_ACK", 2),
        }]).map((check) => ({ ...check, name: `${check.name} of ${peerId}` }));
      }),
  },
];

/** The first KEY_ROTATE has this reason and comes at this time. */
function asksWith(reason: string, atMs: number) {
  return answersWith(`a KEY_ROTATE with the reason ${reason} at ${atMs} ms`, ({ outputs }) => {
    const list: readonly unknown[] = Array.isArray(outputs) ? outputs : [];
    const rotate = (list as readonly { readonly at_ms: number; readonly message: Json }[])
      .find(({ message }) => message.type === "KEY_ROTATE");
    if (rotate === undefined) return "there is none";
    if (rotate.message.reason !== reason) return `the reason is ${rotate.message.reason}`;
    return rotate.at_ms === atMs ? undefined : `it comes at ${rotate.at_ms} ms`;
  });
}

/** KEY_ROTATE of the suite in a run. */
function rotation(caller: SuiteCaller, epoch: number, atMs: number): Input {
  return { at_ms: atMs, message: caller.rotate(epoch, atMs) };
}

/** A KEY_ROTATE_ACK for each of these epochs, in turn, with a key of its own and a proof that is right; no refusal. */
function proves(caller: SuiteCaller, ...epochs: readonly number[]) {
  return answersWith(`KEY_ROTATE_ACK of epoch ${epochs.join(", ")} with proofs`, (value) => {
    if (refusalsOf(value).length > 0) return `the refusals are [${refusalsOf(value)}]`;
    const acks = sentOf(value, "KEY_ROTATE_ACK");
    if (acks.map(({ epoch }) => epoch).join() !== epochs.join()) return `sent are ${brief(acks)}`;
    const keys = new Set(acks.map(({ encryption }) => (encryption as Json).public_key));
    if (keys.size !== acks.length) return "two of them have the same key";
    const wrong = acks.find((ack) => ack.proof !== caller.proofOf("KEY_ROTATE_ACK", Number(ack.epoch), ack));
    return wrong === undefined ? undefined : `the proof of epoch ${wrong.epoch} is ${wrong.proof}`;
  });
}

/** Takes the last KEY_ROTATE_ACK, and asks for the next epoch with a proof that only its key can make. */
function goesOn(
  name: string,
  caller: SuiteCaller,
  said: readonly Input[],
  value: Json,
  epoch: number,
  offers?: readonly string[],
): Check {
  const acks = sentOf(value, "KEY_ROTATE_ACK");
  caller.took(epoch - 1, acks[acks.length - 1], offers);
  const request = signalingRun([...said, rotation(caller, epoch, 60_000)]);
  return { name, request, ...proves(caller, ...acks.map((ack) => Number(ack.epoch)), epoch) };
}
