/** SPEC clauses 3.1, 3.2 and 4.5 on the wire: how keys are agreed on, and when they are not. */
import type { Case } from "../../case.ts";
import type { CallWish } from "../../drive/far/handshake.ts";
import { sayConnect } from "../../drive/far/handshake.ts";
import type { PeerWorld } from "../../drive/peer_world.ts";
import { brief } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import { messageOf } from "../../drive/line.ts";

/** Points that are no keys, as text. */
const BAD_KEYS: Readonly<Record<string, (good: string) => string>> = {
  "off-curve": (good) => good.slice(0, 60) + (good[60] === "A" ? "B" : "A") + good.slice(61),
  "compressed": (good) => `Ag${good.slice(2, 44)}`,
  "other-form": (good) => `Bg${good.slice(2)}`,
  "cut": (good) => good.slice(0, -2),
  "infinity": () => "AA",
  "zeros": () => `BA${"A".repeat(85)}`,
};

export const CASES: readonly Case[] = [
  {
    id: "call/choice-order",
    requirements: ["ARC-SRTP-choice-suite", "ARC-SRTP-default-suite"],
    title: "Of the offered suites the callee picks the caller's first, here the one that everybody has",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee", { suites: ["aes-128-gcm", "chacha20-poly1305", "aes-256-gcm"] });
      world.require(far.keys.suite === "aes-128-gcm", "aes-128-gcm", far.keys.suite);
    },
  },
  {
    id: "call/choice-unknown-skipped",
    requirements: ["ARC-SIG-json-unknown-capability", "ARC-KEY-transcript-offers-verbatim"],
    title: "Suites and tags that the callee does not know are passed over, and enter the transcript all the same",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee", {
        suites: ["kyber-9000", "aes-128-gcm", "later"],
        authentications: ["hmac-sha512-256", "hmac-sha256-80"],
      });
      world.require(far.keys.suite === "aes-128-gcm", "aes-128-gcm", far.keys.suite);
      await far.validate();
    },
  },
  {
    id: "call/choice-authentication-absent",
    requirements: ["ARC-SRTP-choice-authentication", "ARC-KEY-transcript-offers-verbatim"],
    title: "Without `authentication` in the offer the HMAC tag is chosen, and enters the transcript by its name",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee", { authentications: "absent" });
      world.require(far.keys.authentication === "hmac-sha256-80", "hmac-sha256-80", far.keys.authentication);
      await far.validate();
    },
  },
  ...(["none", "hmac-sha256-80"] as const).map((first): Case => ({
    id: `call/choice-authentication-${first === "none" ? "none" : "hmac"}`,
    requirements: ["ARC-SRTP-choice-authentication"],
    title: `Where ${first} is the only tag that is offered, it is chosen or refused, and never another`,
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee", { authentications: [first] });
      world.require(far.keys.authentication === first, first, far.keys.authentication);
      await far.validate();
    },
  })),
  ...Object.entries(
    {
      "suite": { suites: ["kyber-9000"] },
      "authentication": { authentications: ["hmac-sha512-256"] },
    } satisfies Record<string, CallWish>,
  ).map(([words, wish]): Case => ({
    id: `call/choice-no-common-${words}`,
    requirements: ["ARC-SRTP-choice-none-common", "ARC-SIG-error-refusal-or-error"],
    title: `An offer without a known ${words} is refused by CONNECT_ACK with no_common_cipher`,
    needs: "peer",
    run: (world) => isRefused(world, wish, (connect) => connect, "no_common_cipher"),
  })),
  {
    id: "call/choice-no-common-codec",
    requirements: ["ARC-SIG-error-no-common-codec", "ARC-SIG-error-refusal-or-error"],
    title: "An offer of codecs that nobody knows is refused by CONNECT_ACK with no_common_codec",
    needs: "peer",
    run: (world) =>
      isRefused(world, {}, (connect) => ({
        ...connect,
        capabilities: { ...connect.capabilities as Json, codecs: ["morse-code"] },
      }), "no_common_codec"),
  },
  ...Object.entries(BAD_KEYS).map(([words, spoil]): Case => ({
    id: `call/key-${words}`,
    requirements: ["ARC-KEY-ecdh-invalid-point", "ARC-KEY-ecdh-public-key-form", "ARC-SIG-error-refusal-or-error"],
    title: `A CONNECT whose public key is ${words.replaceAll("-", " ")} is refused with bad_key`,
    needs: "peer",
    run: (world) =>
      isRefused(world, {}, (connect) => {
        const encryption = connect.encryption as Json;
        return { ...connect, encryption: { ...encryption, public_key: spoil(String(encryption.public_key)) } };
      }, "bad_key"),
  })),
  {
    id: "call/key-reflected",
    requirements: ["ARC-KEY-ecdh-own-key"],
    title: "A caller whose own public key comes back in CONNECT_ACK ends the session with bad_key",
    needs: "peer",
    run: async (world) => {
      const line = await world.start("caller");
      const connect = await line.nextMessage("CONNECT") as { [name: string]: Json };
      await line.say(ackOf(world, connect, connect.encryption.public_key));
      await line.eventualMessage("ERROR", { code: "bad_key" });
    },
  },
  {
    id: "call/key-bad-in-answer",
    requirements: ["ARC-KEY-ecdh-invalid-point"],
    title: "A caller that gets an invalid point in CONNECT_ACK ends the session with bad_key",
    needs: "peer",
    run: async (world) => {
      const line = await world.start("caller");
      const connect = await line.nextMessage("CONNECT") as { [name: string]: Json };
      const key = BAD_KEYS["off-curve"](String(connect.encryption.public_key));
      await line.say(ackOf(world, connect, key));
      await line.eventualMessage("ERROR", { code: "bad_key" });
    },
  },
  {
    id: "call/refusal-ends",
    requirements: ["ARC-SIG-connect-ack-refusal", "ARC-SIG-repeat-doubling"],
    title: "A caller that is refused does not ask again",
    needs: "peer",
    run: async (world) => {
      const line = await world.start("caller");
      await line.nextMessage("CONNECT");
      await line.say({
        type: "CONNECT_ACK",
        version: "1.0",
        session_id: world.sessionId,
        peer_id: world.calleeId,
        accepted: false,
        reason: "busy",
        timestamp: world.timestamp,
      });
      // The first repetition of an unanswered one would come after 2 s.
      await world.pass(2500);
      const more = (await line.settled(50)).map(messageOf).filter(({ type }) => type === "CONNECT");
      world.require(more.length === 0, "no CONNECT again", more.map(brief).join(", "));
    },
  },
  {
    id: "call/connect-repeated",
    requirements: ["ARC-SIG-repeat-first-interval", "ARC-SIG-repeat-identical"],
    title: "A CONNECT that nobody answers is sent again as it was, about 2 s later",
    needs: "peer",
    run: async (world) => {
      const line = await world.start("caller");
      const beganMs = world.desk.clock.nowMs();
      const first = await line.nextMessage("CONNECT");
      await world.pass(1500);
      const early = (await line.settled(50)).length;
      world.require(early === 0, "nothing within 1.5 s", `${early} messages`);
      const again = await line.nextMessage("CONNECT");
      world.require(brief(again) === brief(first), brief(first), brief(again));
      const waitedMs = world.desk.clock.nowMs() - beganMs;
      world.require(waitedMs > 1500, "about 2 s", `${Math.round(waitedMs)} ms`);
    },
  },
  {
    id: "call/connect-answered-again",
    requirements: ["ARC-SIG-repeat-same-answer"],
    title: "A repeated CONNECT gets the same CONNECT_ACK: no second key is made",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      const { mark } = far.log;
      await far.signal.say(far.hello);
      await far.signal.say(far.hello);
      const first = await far.signals("CONNECT_ACK", mark);
      const again = await far.log.find(
        "a second CONNECT_ACK",
        mark,
        (heard) =>
          heard.kind === "signal" && heard.message !== first && heard.message.type === "CONNECT_ACK"
            ? heard.message
            : undefined,
      );
      world.require(brief(again) === brief(first), brief(first), brief(again));
      const { public_key: key } = first.encryption as Json;
      world.require(key === far.remoteKey, "the key of the first answer", brief(key));
    },
  },
];

/** The callee's answer to our CONNECT, changed, is a refusal with the code. */
async function isRefused(
  world: PeerWorld,
  wish: CallWish,
  change: (connect: Json) => Json,
  code: string,
): Promise<void> {
  const line = await world.start("callee");
  await line.say(change(sayConnect(world, wish)));
  const unit = await line.eventually(
    "an answer to CONNECT",
    (one) => ["CONNECT_ACK", "ERROR"].includes(String(messageOf(one).type)),
  );
  const { type, accepted, reason } = messageOf(unit);
  const isRight = type === "CONNECT_ACK" && accepted === false && reason === code;
  world.require(isRight, `a refusal by CONNECT_ACK with ${code}`, brief(messageOf(unit)));
}

function ackOf(world: PeerWorld, { capabilities }: { [name: string]: Json }, publicKey: unknown): Json {
  const [codec] = capabilities.codecs as readonly string[];
  const [algorithm] = capabilities.encryption as readonly string[];
  const isVideo = ["vp9", "h264", "av1", "h265"].includes(codec);
  return {
    type: "CONNECT_ACK",
    version: "1.0",
    session_id: world.sessionId,
    peer_id: world.calleeId,
    accepted: true,
    selected_codecs: isVideo ? { video: codec } : { audio: codec },
    network_info: { nat_type: "unknown" },
    encryption: { algorithm, key_exchange: "ecdh-p256", public_key: publicKey },
    timestamp: world.timestamp,
  };
}
