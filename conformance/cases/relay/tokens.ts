/** SPEC clause 8.1: tokens and proofs. */
import { concatBytes, toBase64Url, utf8 } from "../../../lib/base/bytes.ts";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Case } from "../../case.ts";
import type { Line } from "../../drive/line.ts";
import { Breach } from "../../drive/outcome.ts";
import type { RelayWorld } from "../../drive/relay_world.ts";
import { vectorCase } from "../../vector_case.ts";
import { fullUnit } from "../opaque_units.ts";

/** What a forger makes of a request that is right but for its proof. */
type Forgery = (request: ReturnType<RelayWorld["bindRequest"]>, nonce: string, world: RelayWorld) => string;

/** Tags over something else than clause 8.1 says; each makes a proof that must be wrong. */
const WRONG_TAGS: Readonly<Record<string, (expires: Uint8Array, session: string, peer: string) => Uint8Array>> = {
  "without-label": (expires, session, peer) => concatBytes(utf8(session + peer), expires),
  "peer-first": (expires, session, peer) => concatBytes(utf8(`arcrtc-relay${peer}${session}`), expires),
  "separated": (expires, session, peer) => concatBytes(utf8(`arcrtc-relay|${session}|${peer}|`), expires),
  "expiry-as-text": (expires, session, peer) =>
    utf8(`arcrtc-relay${session}${peer}${new DataView(expires.buffer).getBigUint64(0)}`),
  "expiry-little-endian": (expires, session, peer) =>
    concatBytes(utf8(`arcrtc-relay${session}${peer}`), expires.slice().reverse()),
  "expiry-first": (expires, session, peer) => concatBytes(utf8("arcrtc-relay"), expires, utf8(session + peer)),
};

/** Within this even a busy host has bound two peers. */
const LONGEST_S = 16;

export const CASES: readonly Case[] = [
  vectorCase("relay/token", "ARC-RELAY-token", "relay.token", "A token is its expiry and the tag of the clause"),
  vectorCase("relay/token-form", "ARC-RELAY-token", "relay.proof", "A peer refuses what is no token of 24 bytes"),
  vectorCase("relay/token-inputs", "ARC-RELAY-token-inputs", "relay.token", "The tag covers four parts, unseparated"),
  vectorCase("relay/proof", "ARC-RELAY-proof", "relay.proof", "A proof is made of nonce, session and peer as text"),
  {
    id: "relay/token-taken",
    requirements: ["ARC-RELAY-token", "ARC-RELAY-proof", "ARC-RELAY-bound"],
    title: "A relay takes the proof of a token that anyone with relay_secret has issued, over every transport",
    needs: "relay",
    run: async (world) => {
      for (const way of world.ways) await world.bound(`over ${way}`, world.callerId, way);
    },
  },
  ...Object.entries(WRONG_TAGS).map(([words, covered]): Case => ({
    id: `relay/token-inputs-${words}`,
    requirements: ["ARC-RELAY-token-inputs"],
    title: `A relay refuses the proof of a tag over other bytes: ${words.replaceAll("-", " ")}`,
    needs: "relay",
    run: (world) =>
      refusesForgery(world, ({ session_id, peer_id, expires }, nonce) => {
        const bytes = new Uint8Array(8);
        new DataView(bytes.buffer).setBigUint64(0, BigInt(expires));
        const tag = hmac(sha256, world.secret, covered(bytes, session_id, peer_id)).subarray(0, 16);
        return proofOf(tag, nonce + session_id + peer_id);
      }),
  })),
  {
    id: "relay/token-other-secret",
    requirements: ["ARC-RELAY-token"],
    title: "A relay refuses the proof of a token that was issued with another secret",
    needs: "relay",
    run: (world) =>
      refusesForgery(world, (request, nonce) => world.proofFor(request, nonce, new Uint8Array(32).fill(0x42)).proof),
  },
  {
    id: "relay/proof-other-session",
    requirements: ["ARC-RELAY-proof-check"],
    title: "The proof of a token for another session is refused",
    needs: "relay",
    run: (world) =>
      refusesForgery(world, (request, nonce) => world.proofFor({ ...request, session_id: world.otherId }, nonce).proof),
  },
  {
    id: "relay/proof-other-peer",
    requirements: ["ARC-RELAY-proof-check"],
    title: "The other peer's proof is refused",
    needs: "relay",
    run: (world) =>
      refusesForgery(world, (request, nonce) => world.proofFor({ ...request, peer_id: world.calleeId }, nonce).proof),
  },
  {
    id: "relay/proof-other-expires",
    requirements: ["ARC-RELAY-proof-check"],
    title: "A proof does not stretch the time of its token: with a later `expires` it is refused",
    needs: "relay",
    run: (world) =>
      refusesForgery(
        world,
        (request, nonce) => world.proofFor({ ...request, expires: request.expires - 1 }, nonce).proof,
      ),
  },
  {
    id: "relay/proof-other-nonce",
    requirements: ["ARC-RELAY-proof-check", "ARC-RELAY-bad-proof"],
    title: "The proof over another nonce is refused, so that nobody who listened can use it again",
    needs: "relay",
    run: (world) => refusesForgery(world, (request, nonce) => world.proofFor(request, `${nonce}A`).proof),
  },
  {
    id: "relay/proof-last-half",
    requirements: ["ARC-RELAY-proof"],
    title: "The last 16 bytes of the HMAC are no proof",
    needs: "relay",
    run: (world) =>
      refusesForgery(world, (request, nonce) => {
        const { session_id, peer_id } = request;
        return toBase64Url(hmac(sha256, world.tagFor(request), utf8(nonce + session_id + peer_id)).subarray(16));
      }),
  },
  {
    id: "relay/proof-own-order",
    requirements: ["ARC-RELAY-proof"],
    title: "A proof over session, peer and nonce in another order is refused",
    needs: "relay",
    run: (world) =>
      refusesForgery(
        world,
        (request, nonce) => proofOf(world.tagFor(request), request.session_id + request.peer_id + nonce),
      ),
  },
  {
    id: "relay/token-expired",
    requirements: ["ARC-RELAY-token-expired"],
    title: "A token whose time has passed is refused, whatever its proof",
    needs: "relay",
    run: async (world) => {
      const line = await world.stranger("caller");
      const expiresS = Math.floor(world.timestamp / 1000) - 60;
      await line.say(await world.provenRequest(line, world.callerId, { expiresS }));
      await line.nextMessage("ERROR", { code: "unauthorized" });
    },
  },
  {
    id: "relay/token-expired-later",
    requirements: ["ARC-RELAY-token-expired"],
    title: "A binding outlives its token: the time is judged when it is made",
    needs: "relay",
    run: async (world) => {
      const { expiresS, caller, callee } = await boundBriefly(world);
      await world.pass(expiresS * 1000 - world.timestamp + 100);
      await caller.send(fullUnit(1));
      await callee.nextBytes(fullUnit(1));
      await caller.say(await world.provenRequest(caller, world.callerId, { expiresS }));
      await caller.nextMessage("ERROR", { code: "unauthorized" });
    },
  },
];

/** Both peers, bound with tokens that expire soon; a busy host, on which they have expired before, has more time. */
async function boundBriefly(world: RelayWorld) {
  for (let lifetimeS = 2;; lifetimeS *= 2) {
    const expiresS = Math.floor(world.timestamp / 1000) + lifetimeS;
    try {
      const caller = await world.bound("caller", world.callerId, undefined, { expiresS });
      const callee = await world.bound("callee", world.calleeId, undefined, { expiresS });
      return { expiresS, caller, callee };
    } catch (error) {
      const isInTime = world.timestamp < expiresS * 1000;
      if (!(error instanceof Breach) || isInTime || lifetimeS >= LONGEST_S) throw error;
    }
  }
}

/** A request with a forged proof and a nonce that is valid is `unauthorized`, and binds nobody. */
async function refusesForgery(world: RelayWorld, forge: Forgery): Promise<void> {
  const forger = await world.stranger("forger");
  const callee = await world.bound("callee", world.calleeId);
  const request = world.bindRequest(world.callerId);
  const nonce = await world.nonce(forger, request);
  await forger.say({ ...request, nonce, proof: forge(request, nonce, world) });
  await forger.nextMessage("ERROR", { code: "unauthorized" });
  await isNotBound(world, forger, callee);
}

/** What it sends does not reach the other peer. */
async function isNotBound(world: RelayWorld, line: Line, other: Line): Promise<void> {
  await line.send(fullUnit(9));
  await world.fence(line);
  await world.fence(other);
}

function proofOf(tag: Uint8Array, text: string): string {
  return toBase64Url(hmac(sha256, tag, utf8(text)).subarray(0, 16));
}
