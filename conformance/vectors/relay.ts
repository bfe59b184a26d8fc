/** Relay tokens and the proofs of them: SPEC clause 8.1. */
import { toBase64Url, toHex } from "../../lib/base/bytes.ts";
import { unwrap } from "../../lib/base/parsed.ts";
import { issueRelayToken, makeRelayProof, parseRelayToken, type RelayGrant } from "../../lib/crypto/relay_token.ts";
import { unwrapBase64Url, unwrapHex } from "./bytes.ts";
import { type CaseFault, Group, type Json, type VectorFile, vectorFile } from "./case.ts";
import { CALLEE, CALLER, OTHER_STREAM, SESSION } from "./party.ts";
import { be, countingHex, hexOf, randomHex } from "./wire.ts";

export function relayVectors(): VectorFile {
  return vectorFile(
    "relay",
    "Tokens that a server issues for a relay, proofs that a peer makes of them, and the relay's check.",
    {
      "RespelledText": {
        meaning: "The right bytes in another spelling than base64url without padding.",
        requirements: ["ARC-RELAY-proof", "ARC-RELAY-token"],
      },
      "HolderCannotJudge": {
        meaning: "A peer holds a token as an opaque text with a length; only the relay can tell that it is wrong.",
        requirements: ["ARC-RELAY-token"],
      },
    },
    [tokens(), proofs(), proofsInvalid(), checks()],
  );
}

const SECRET = randomHex(900, 32);
const EXPIRES = 1_790_000_000;
const NONCE = "q83vEjRWeJCrze8SNFZ4kA";
const GRANT: RelayGrant = { sessionId: SESSION, peerId: CALLER, expiresS: EXPIRES };

function tokenOf(changes: Partial<RelayGrant> = {}, secret = SECRET): string {
  return issueRelayToken(unwrapHex(secret), { ...GRANT, ...changes });
}

function tagOf(token: string): Uint8Array {
  return unwrap(parseRelayToken(token)).tag;
}

function tokens(): Group {
  const group = new Group("relay.token", {}, "token-");
  const add = (id: string, comment: string, changes: Partial<RelayGrant> = {}, secret = SECRET) => {
    const grant = { ...GRANT, ...changes };
    group.valid(
      id,
      comment,
      "ARC-RELAY-token ARC-RELAY-token-inputs",
      {
        relay_secret: secret,
        session_id: grant.sessionId,
        peer_id: grant.peerId,
        expires: grant.expiresS,
      },
      { token: tokenOf(changes, secret) },
      {
        trace: {
          covered: hexOf(`arcrtc-relay${grant.sessionId}${grant.peerId}`) + be(grant.expiresS, 8),
          tag: toHex(tagOf(tokenOf(changes, secret))),
        },
      },
    );
  };
  add("caller", "The caller's token.");
  add("callee", "The callee's: the peer_id is covered.", { peerId: CALLEE });
  add("other-session", "Another session.", { sessionId: OTHER_STREAM });
  add("expires-0", "An expiry of 0 seconds.", { expiresS: 0 });
  add("expires-above-32-bits", "An expiry above 32 bits: the field has 8 bytes.", { expiresS: 2 ** 32 + 1 });
  add("expires-max", "The last expiry that a message can carry.", { expiresS: Number.MAX_SAFE_INTEGER });
  add("short-secret", "A secret of one byte.", {}, "01");
  add("long-secret", "A secret longer than HMAC's block of 64 bytes, which HMAC hashes first.", {}, countingHex(100));
  return group;
}

function proofs(): Group {
  const group = new Group("relay.proof", { session_id: SESSION, peer_id: CALLER }, "proof-");
  const token = tokenOf();
  const add = (id: string, comment: string, nonce: string, changes: Json = {}, tokenText = token) => {
    const sessionId = (changes.session_id ?? SESSION) as string;
    const peerId = (changes.peer_id ?? CALLER) as string;
    group.valid(id, comment, "ARC-RELAY-proof", { token: tokenText, nonce, ...changes }, {
      proof: makeRelayProof(tagOf(tokenText), nonce, sessionId, peerId),
    }, { trace: { key: toHex(tagOf(tokenText)), covered: hexOf(`${nonce}${sessionId}${peerId}`) } });
  };
  add("usual", "A nonce of 22 characters.", NONCE);
  add("other-nonce", "Another nonce.", NONCE.replace("q", "r"));
  add("nonce-not-base64", "The nonce is a text; what it looks like is the relay's business.", "nonce one! =+/");
  add("nonce-utf8", "A nonce outside of ASCII enters as its UTF-8.", "n\u00f6nce\u20ac");
  add("nonce-64", "The longest nonce.", "0123456789abcdef".repeat(4));
  add("callee", "The callee's proof with its own token.", NONCE, { peer_id: CALLEE }, tokenOf({ peerId: CALLEE }));
  return group;
}

function proofsInvalid(): Group {
  const group = new Group("relay.proof", { nonce: NONCE, session_id: SESSION, peer_id: CALLER }, "proof-");
  const token = tokenOf();
  const bytes = unwrapBase64Url(token);
  const refuse = (id: string, comment: string, text: string, fault: CaseFault, flags: readonly string[] = []) =>
    group.invalid(id, comment, "ARC-RELAY-token", { token: text }, { fault }, { flags });
  refuse("token-23-bytes", "A token that lacks a byte.", toBase64Url(bytes.subarray(0, 23)), {
    reason: "truncated",
    offset: 23,
    need: 24,
  });
  refuse("token-25-bytes", "A token with a byte more.", `${token}AA`, { reason: "bad_length", offset: 24 });
  refuse("token-empty", "No token.", "", { reason: "truncated", offset: 0, need: 24 });
  refuse("token-31-characters", "31 characters hold 23 bytes and bits that must be 0.", `${token.slice(0, 30)}B`, {
    reason: "bad_value",
    offset: 30,
  });
  refuse("token-33-characters", "No byte string has 33 characters.", `${token}A`, { reason: "bad_length", offset: 33 });
  refuse("token-plus", "The alphabet of plain base64.", `+${token.slice(1)}`, { reason: "bad_value", offset: 0 }, [
    "RespelledText",
  ]);
  refuse("token-padded", "Padding.", `${toBase64Url(bytes.subarray(0, 23))}=`, { reason: "bad_value", offset: 31 }, [
    "RespelledText",
  ]);
  group.acceptable(
    "token-expiry-above-2-53",
    "An expiry of more than 2^53 seconds, which no message can name.",
    "ARC-RELAY-token",
    {
      token: toBase64Url(unwrapHex("ffffffffffffffff" + "00".repeat(16))),
    },
    { fault: { reason: "bad_value", offset: 0 } },
    { flags: ["HolderCannotJudge"] },
  );
  return group;
}

function checks(): Group {
  const token = tokenOf();
  const proof = makeRelayProof(tagOf(token), NONCE, SESSION, CALLER);
  const group = new Group("relay.check_proof", {
    relay_secret: SECRET,
    session_id: SESSION,
    peer_id: CALLER,
    expires: EXPIRES,
    nonce: NONCE,
    proof,
  }, "check-");
  group.valid(
    "good",
    "The relay makes the tag again from the message and finds the same proof.",
    "ARC-RELAY-proof-check",
    {},
    {},
  );
  const other = tokenOf({ expiresS: EXPIRES + 86_400 });
  group.valid("longer-token", "A token that lasts longer proves itself with its own expiry.", "ARC-RELAY-proof-check", {
    expires: EXPIRES + 86_400,
    proof: makeRelayProof(tagOf(other), NONCE, SESSION, CALLER),
  }, {});
  const wrong = (id: string, comment: string, input: Json, flags: readonly string[] = []) =>
    group.invalid(id, comment, "ARC-RELAY-proof-check", input, { fault: { reason: "auth" } }, { flags });
  wrong("other-secret", "The relay shares another secret with its server.", { relay_secret: randomHex(901, 32) });
  wrong("other-session", "The proof of one session in the message of another.", { session_id: OTHER_STREAM });
  wrong("other-peer", "The other peer shows it.", { peer_id: CALLEE });
  wrong("other-expires", "The message claims a longer life than the token has.", { expires: EXPIRES + 1 });
  wrong("other-nonce", "A proof for an earlier nonce.", { nonce: NONCE.replace("q", "r") });
  wrong("nonce-empty", "The nonce is left out of the proof's input.", { nonce: "" });
  const flippedFirst = (proof[0] === "A" ? "B" : "A") + proof.slice(1);
  wrong("first-byte", "The first byte of the proof is wrong.", { proof: flippedFirst });
  wrong("last-byte", "The last byte is wrong.", { proof: proof.slice(0, 21) + (proof[21] === "A" ? "Q" : "A") });
  wrong("cut", "15 bytes.", { proof: proof.slice(0, 20) });
  wrong("empty", "No proof.", { proof: "" });
  wrong("token-as-proof", "The token itself is shown: it must stay at home.", { proof: token });
  wrong("tag-as-proof", "The token's tag is shown.", { proof: toBase64Url(tagOf(token)) });
  wrong("padded", "With the padding of plain base64.", { proof: `${proof}==` }, ["RespelledText"]);
  return group;
}
