/** From private keys to the keys of streams, RTCP and proofs: SPEC clauses 3.1, 3.2, 3.3 and 3.6. */
import { concatBytes, toBase64Url, toHex, utf8, writeU16 } from "../../lib/base/bytes.ts";
import { masterKey, proofKey, rtcpKeys, streamKeys } from "../../lib/crypto/key_schedule.ts";
import { makeProof, type ProvenEpoch } from "../../lib/crypto/proof.ts";
import type { SuiteName } from "../../lib/crypto/suites.ts";
import { type Transcript, transcriptHash, transcriptItems } from "../../lib/crypto/transcript.ts";
import { unwrapBase64Url, unwrapHex } from "./bytes.ts";
import { Group, type Json, type VectorFile, vectorFile } from "./case.ts";
import { agreement, agreementInvalid } from "./ecdh.ts";
import { CALLEE, CALLER, epochs, keysJson, keyText, OTHER_STREAM, pairOf, prk, SESSION, STREAM } from "./party.ts";
import { countingHex } from "./wire.ts";

export function keyVectors(): VectorFile {
  return vectorFile(
    "keys",
    "ECDH on P-256, transcript hash, key schedule and epoch proofs, with every value between. The cases with chain in their name are one session over three epochs, each using what the one before gave.",
    {
      "RespelledText": {
        meaning: "The same bytes in a spelling of base64url other than the one that an encoder writes.",
        requirements: ["ARC-KEY-ecdh-public-key-form"],
      },
      "InvalidPoint": {
        meaning: "Computing with such a point can leak the private key.",
        requirements: ["ARC-KEY-ecdh-invalid-point"],
      },
    },
    [
      agreement(),
      agreementInvalid(),
      transcripts(),
      transcriptsInvalid(),
      schedule(),
      rtcpSchedule(),
      proofs(),
      proofChecks(),
    ],
  );
}

const BASE_TRANSCRIPT = () => epochs()[0].transcript;

function transcriptJson(t: Transcript): Json {
  return {
    session_id: t.sessionId,
    epoch: t.epoch,
    caller_peer_id: t.callerPeerId,
    callee_peer_id: t.calleePeerId,
    caller_key: toBase64Url(t.callerKey),
    callee_key: toBase64Url(t.calleeKey),
    caller_certificate: base64(t.callerCertificate),
    callee_certificate: base64(t.calleeCertificate),
    offered_encryption: t.offeredEncryption,
    ...(t.offeredAuthentication === undefined ? {} : { offered_authentication: t.offeredAuthentication }),
    suite: t.suite,
    authentication: t.authentication,
    previous_master_key: t.previousMasterKey === undefined ? "" : toHex(t.previousMasterKey),
  };
}

function base64(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? "" : btoa(String.fromCharCode(...bytes));
}

/** What is hashed is long, and shown where it looks different from the others. */
const TRACED: ReadonlySet<string> = new Set([
  "chain-0",
  "chain-1",
  "both-certificates",
  "authentication-absent",
  "offers-unknown",
]);

function transcripts(): Group {
  const group = new Group("keys.transcript", {}, "transcript-");
  const base = BASE_TRANSCRIPT();
  const add = (id: string, comment: string, requirements: string, changes: Partial<Transcript>) => {
    const transcript = { ...base, ...changes };
    const hashed = concatBytes(
      ...transcriptItems(transcript).flatMap((item) => {
        const length = new Uint8Array(2);
        writeU16(length, 0, item.length);
        return [length, item];
      }),
    );
    group.valid(id, comment, requirements, transcriptJson(transcript), {
      transcript: toHex(transcriptHash(transcript)),
    }, TRACED.has(id) ? { trace: { hashed: toHex(hashed) } } : {});
  };
  const ITEMS = "ARC-KEY-transcript-items";
  const OFFERS = "ARC-KEY-transcript-offers-verbatim";
  const CHAIN = "ARC-KEY-transcript-chain ARC-KEY-transcript-roles";
  const [, second, third] = epochs();
  add(
    "chain-0",
    "Epoch 0 without identities: four items are empty.",
    `${ITEMS} ARC-KEY-transcript-empty-item`,
    {},
  );
  add("chain-1", "Epoch 1: new keys, and the master_key of epoch 0 at the end.", CHAIN, second.transcript);
  add("chain-2", "Epoch 2 hangs on epoch 1 alone.", CHAIN, third.transcript);
  add("session", "Another session.", ITEMS, { sessionId: "00000000-0000-4000-8000-000000000001" });
  add(
    "peers-swapped",
    "Caller and callee change places, their keys do not.",
    "ARC-KEY-transcript-roles ARC-KEY-transcript-items",
    {
      callerPeerId: CALLEE,
      calleePeerId: CALLER,
    },
  );
  add(
    "keys-swapped",
    "The keys change places, the peers do not.",
    "ARC-KEY-transcript-roles ARC-KEY-transcript-items",
    {
      callerKey: base.calleeKey,
      calleeKey: base.callerKey,
    },
  );
  add("epoch-10", "An epoch of two decimal digits.", ITEMS, { epoch: 10, previousMasterKey: second.master });
  add("epoch-max", "The last epoch that a message can name.", ITEMS, {
    epoch: 4294967295,
    previousMasterKey: second.master,
  });
  const certificate = utf8("a certificate's DER, whatever is in it");
  const other = utf8("another certificate's DER");
  add("caller-certificate", "The caller has a certificate.", "ARC-KEY-transcript-empty-item ARC-KEY-transcript-items", {
    callerCertificate: certificate,
  });
  add(
    "callee-certificate",
    "The same certificate at the callee: another item, another hash.",
    "ARC-KEY-transcript-empty-item ARC-KEY-transcript-items",
    { calleeCertificate: certificate },
  );
  add("both-certificates", "Both have one.", ITEMS, { callerCertificate: certificate, calleeCertificate: other });
  add("offers-reordered", "The same suites in another order.", OFFERS, {
    offeredEncryption: ["aes-256-gcm", "aes-128-gcm", "chacha20-poly1305"],
  });
  add("offers-one", "A single suite, as after an attacker has struck out the others.", OFFERS, {
    offeredEncryption: ["aes-128-gcm"],
  });
  add("offers-unknown", "Names that the callee does not know take part as they were written.", OFFERS, {
    offeredEncryption: ["x-rot13", "aes-128-gcm", "AES-128-GCM", ""],
  });
  add("offers-repeated", "A name twice.", OFFERS, { offeredEncryption: ["aes-128-gcm", "aes-128-gcm"] });
  add("authentication-absent", "No list of authentications: it enters as hmac-sha256-80.", OFFERS, {
    offeredAuthentication: undefined,
  });
  add("authentication-default", "The default written out: the same hash as without the list.", OFFERS, {
    offeredAuthentication: ["hmac-sha256-80"],
  });
  add("authentication-none-first", "The caller would rather have none.", OFFERS, {
    offeredAuthentication: ["none", "hmac-sha256-80"],
  });
  add("suite", "Another suite was chosen.", ITEMS, { suite: "chacha20-poly1305" });
  add("authentication", "Another authentication was chosen.", ITEMS, { authentication: "none" });
  add(
    "shifted-boundary",
    "A text moved from the end of one item to the start of the next: the lengths keep them apart.",
    ITEMS,
    {
      suite: "aes-128-gcmh",
      authentication: "mac-sha256-80",
    },
  );
  return group;
}

function transcriptsInvalid(): Group {
  const group = new Group("keys.transcript", transcriptJson(BASE_TRANSCRIPT()), "transcript-");
  const bad = keyText(pairOf(9)).slice(0, -1);
  for (const side of ["caller", "callee"]) {
    group.invalid(
      `${side}-key-short`,
      `The ${side}'s key is not a point: there is no hash over it.`,
      "ARC-KEY-ecdh-invalid-point",
      {
        [`${side}_key`]: bad,
      },
      { fault: { reason: "bad_key", offset: 0, path: `$.${side}_key` } },
    );
  }
  return group;
}

function schedule(): Group {
  const group = new Group("keys.derive", {}, "derive-");
  const add = (
    id: string,
    comment: string,
    requirements: string,
    secret: Uint8Array,
    suite: SuiteName,
    streamId = STREAM,
    sessionId = SESSION,
  ) => {
    const master = masterKey(secret, sessionId);
    group.valid(id, comment, requirements, {
      shared_secret: toHex(secret),
      session_id: sessionId,
      stream_id: streamId,
      suite,
    }, {
      master_key: toHex(master),
      ...keysJson(streamKeys(master, streamId, suite)),
    }, {
      trace: {
        prk_master: prk(secret, "arcrtc-media-key"),
        prk_enc: prk(master, "arcrtc-enc"),
        prk_auth: prk(master, "arcrtc-auth"),
        prk_salt: prk(master, "arcrtc-salt"),
      },
    });
  };
  const MASTER = "ARC-KEY-schedule-shared-secret ARC-KEY-schedule-master";
  const STREAM_KEYS = "ARC-KEY-schedule-stream-keys ARC-KEY-schedule-text-inputs";
  const LENGTHS = "ARC-KEY-schedule-lengths ARC-KEY-schedule-stream-keys";
  const all = epochs();
  for (const { epoch, secret } of all) {
    add(
      `chain-${epoch}`,
      `Epoch ${epoch}: x and T make the master_key, and that the stream's keys.`,
      `${MASTER} ${STREAM_KEYS}`,
      secret,
      "aes-128-gcm",
    );
  }
  add(
    "aes-256-gcm",
    "A key of 32 bytes; its first 16 are those of aes-128-gcm, since HKDF's output is a prefix.",
    LENGTHS,
    all[0].secret,
    "aes-256-gcm",
  );
  add(
    "chacha20-poly1305",
    "The same lengths, and the same bytes: the suite is no input.",
    LENGTHS,
    all[0].secret,
    "chacha20-poly1305",
  );
  add(
    "other-stream",
    "Another stream of the session: the same master_key, other keys.",
    "ARC-KEY-schedule-ssrc-share ARC-KEY-schedule-stream-keys",
    all[0].secret,
    "aes-128-gcm",
    OTHER_STREAM,
  );
  add(
    "other-session",
    "The same secret under another session_id: another master_key.",
    MASTER,
    all[0].secret,
    "aes-128-gcm",
    STREAM,
    OTHER_STREAM,
  );
  add("secret-zero", "A secret of 64 zero bytes.", MASTER, new Uint8Array(64), "aes-128-gcm");
  add(
    "secret-swapped",
    "x and T change places in the secret.",
    "ARC-KEY-schedule-shared-secret",
    concatBytes(all[0].secret.subarray(32), all[0].secret.subarray(0, 32)),
    "aes-128-gcm",
  );
  add(
    "stored-key",
    "A stored key takes the place of x; T stays.",
    "ARC-KEY-schedule-stored-key ARC-KEY-schedule-shared-secret",
    concatBytes(unwrapHex(countingHex(32)), all[0].secret.subarray(32)),
    "aes-128-gcm",
  );
  return group;
}

function rtcpSchedule(): Group {
  const group = new Group("keys.rtcp", {}, "rtcp-");
  const add = (id: string, comment: string, master: Uint8Array, peerId: string, suite: SuiteName) =>
    group.valid(
      id,
      comment,
      "ARC-KEY-schedule-rtcp-keys ARC-KEY-schedule-lengths",
      { master_key: toHex(master), peer_id: peerId, suite },
      keysJson(rtcpKeys(master, peerId, suite)),
      {
        trace: {
          prk_enc: prk(master, "arcrtc-rtcp-enc"),
          prk_auth: prk(master, "arcrtc-rtcp-auth"),
          prk_salt: prk(master, "arcrtc-rtcp-salt"),
        },
      },
    );
  const [first, second] = epochs();
  add("chain-0-caller", "What the caller protects its RTCP with in epoch 0.", first.master, CALLER, "aes-128-gcm");
  add("chain-0-callee", "The callee's: a key for each direction.", first.master, CALLEE, "aes-128-gcm");
  add("chain-1-caller", "The caller's in epoch 1.", second.master, CALLER, "aes-128-gcm");
  add("aes-256-gcm", "A key of 32 bytes.", first.master, CALLER, "aes-256-gcm");
  add("chacha20-poly1305", "The same bytes for ChaCha20.", first.master, CALLER, "chacha20-poly1305");
  return group;
}

function proofJson({ sessionId, type, peerId, epoch, publicKey }: ProvenEpoch): Json {
  return { session_id: sessionId, type, peer_id: peerId, epoch, public_key: publicKey };
}

function provenBase(): ProvenEpoch {
  const [, second] = epochs();
  return { sessionId: SESSION, type: "KEY_ROTATE", peerId: CALLER, epoch: 1, publicKey: keyText(second.caller) };
}

function proofs(): Group {
  const group = new Group("keys.proof", {}, "proof-");
  const base = provenBase();
  const [first, second, third] = epochs();
  const add = (id: string, comment: string, master: Uint8Array, changes: Partial<ProvenEpoch>) => {
    const proven = { ...base, ...changes };
    group.valid(id, comment, "ARC-KEY-epoch-proof", { master_key: toHex(master), ...proofJson(proven) }, {
      proof: makeProof(master, proven),
    }, {
      trace: {
        proof_key: toHex(proofKey(master, proven.sessionId)),
        covered: `${proven.type}${proven.peerId}${proven.epoch}${proven.publicKey}`,
      },
    });
  };
  add("chain-1-rotate", "The caller asks for epoch 1, proven with the master_key of epoch 0.", first.master, {});
  add("chain-1-rotate-ack", "The callee agrees.", first.master, {
    type: "KEY_ROTATE_ACK",
    peerId: CALLEE,
    publicKey: keyText(second.callee),
  });
  add("chain-2-rotate", "The callee asks for epoch 2; the roles of the session stay.", second.master, {
    peerId: CALLEE,
    epoch: 2,
    publicKey: keyText(third.callee),
  });
  add("chain-2-rotate-ack", "The caller agrees.", second.master, {
    type: "KEY_ROTATE_ACK",
    epoch: 2,
    publicKey: keyText(third.caller),
  });
  add("resume", "A CONNECT with resume is proven in the same way.", first.master, { type: "CONNECT" });
  add("resume-ack", "And its CONNECT_ACK.", first.master, {
    type: "CONNECT_ACK",
    peerId: CALLEE,
    publicKey: keyText(second.callee),
  });
  add("epoch-two-digits", "An epoch of two digits, without separator before the key.", first.master, { epoch: 12 });
  add("epoch-max", "The last epoch.", first.master, { epoch: 4294967295 });
  return group;
}

function proofChecks(): Group {
  const [first, second] = epochs();
  const base = provenBase();
  const proof = makeProof(first.master, base);
  const group = new Group("keys.check_proof", { master_key: toHex(first.master), ...proofJson(base), proof }, "check-");
  group.valid("good", "The proof of the message that carries it.", "ARC-KEY-epoch-proof", {}, {});
  const wrong = (id: string, comment: string, input: Json) =>
    group.invalid(id, comment, "ARC-KEY-epoch-wrong-proof ARC-KEY-epoch-proof", input, { fault: { reason: "auth" } });
  wrong("other-master", "Made with the key of another epoch.", { master_key: toHex(second.master) });
  wrong("other-session", "For another session under the same key.", { session_id: OTHER_STREAM });
  wrong("other-type", "A request's proof does not serve for its answer.", { type: "KEY_ROTATE_ACK" });
  wrong("as-resume", "A rotation's proof does not serve for a resumption.", { type: "CONNECT" });
  wrong("other-peer", "The other peer shows it.", { peer_id: CALLEE });
  wrong("other-epoch", "For another epoch.", { epoch: 2 });
  wrong("epoch-digit", "The epoch gains a digit.", { epoch: 11 });
  wrong("other-key", "For another public key.", { public_key: keyText(second.callee) });
  const flipped = (proof[0] === "A" ? "B" : "A") + proof.slice(1);
  wrong("first-byte", "The first byte is wrong.", { proof: flipped });
  wrong("last-byte", "The last byte is wrong.", { proof: proof.slice(0, 21) + (proof[21] === "A" ? "Q" : "A") });
  wrong("cut", "One byte is missing.", { proof: toBase64Url(unwrapHex(toHex(unwrapBase64Url(proof)).slice(0, 30))) });
  wrong("full-mac", "All 32 bytes of a MAC, of which a proof has 16.", {
    proof: toBase64Url(concatBytes(unwrapBase64Url(proof), new Uint8Array(16))),
  });
  wrong("empty", "An empty text.", { proof: "" });
  wrong("hex", "The right bytes in hex.", { proof: toHex(unwrapBase64Url(proof)) });
  wrong("padded", "With the padding of plain base64.", { proof: `${proof}==` });
  return group;
}
