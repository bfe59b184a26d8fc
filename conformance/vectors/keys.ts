/** From private keys to the keys of streams, RTCP and proofs: SPEC clauses 3.1, 3.2, 3.3 and 3.6. */
import { concatBytes, toBase64Url, toHex, utf8, writeU16 } from "../../lib/base/bytes.ts";
import { unwrap } from "../../lib/base/parsed.ts";
import { agree, type KeyPair, keyPairFromPrivate } from "../../lib/crypto/ecdh.ts";
import { masterKey, proofKey, rtcpKeys, streamKeys } from "../../lib/crypto/key_schedule.ts";
import { makeProof, type ProvenEpoch } from "../../lib/crypto/proof.ts";
import type { SuiteName } from "../../lib/crypto/suites.ts";
import { type Transcript, transcriptHash, transcriptItems } from "../../lib/crypto/transcript.ts";
import { unwrapHex } from "./bytes.ts";
import { Group, type Json, type VectorFile, vectorFile } from "./case.ts";
import { CALLEE, CALLER, epochs, keysJson, keyText, OTHER_STREAM, pairOf, prk, SESSION, STREAM } from "./party.ts";
import { be, countingHex, randomHex } from "./wire.ts";

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

const P = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

const CURVE = "ARC-KEY-ecdh-curve ARC-KEY-ecdh-public-key-form";

function ownPair(privateKey: string): KeyPair {
  return unwrap(keyPairFromPrivate(unwrapHex(privateKey)));
}

function agreement(): Group {
  const group = new Group("ecdh.agree", {}, "ecdh-");
  const add = (id: string, comment: string, privateKey: string, peer: KeyPair, requirements = CURVE) => {
    const own = ownPair(privateKey);
    group.valid(id, comment, requirements, { private_key: privateKey, public_key: keyText(peer) }, {
      shared_secret: toHex(unwrap(agree(own, peer.publicKey))),
      public_key: keyText(own),
    }, { trace: { public_key_hex: toHex(peer.publicKey) } });
  };
  // The example of RFC 5903 section 8.1.
  const initiator = "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433";
  const responder = "c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53";
  add(
    "rfc-5903-initiator",
    "The example of RFC 5903 section 8.1, the initiator's side.",
    initiator,
    ownPair(responder),
  );
  add("rfc-5903-responder", "The same from the other side: the same x.", responder, ownPair(initiator));
  for (const { epoch, caller, callee } of epochs()) {
    add(`chain-${epoch}-caller`, `Epoch ${epoch}, the caller's side.`, toHex(caller.privateKey), callee);
    add(`chain-${epoch}-callee`, `Epoch ${epoch}, the callee's side: the same x.`, toHex(callee.privateKey), caller);
  }
  const peer = pairOf(1);
  add("private-key-1", "Private key 1: the shared value is the peer's own x.", be(1, 32), peer);
  add("private-key-2", "Private key 2: one doubling.", be(2, 32), peer);
  add("private-key-highest", "The highest private key: the peer's point negated has the same x.", be(N - 1n, 32), peer);
  add("private-key-leading-zero", "A private key whose first bytes are zero.", be(0x123456789abcdefn, 32), peer);
  add(
    "peer-is-generator",
    "The peer's private key is 1, so that its key is the generator.",
    toHex(pairOf(2).privateKey),
    ownPair(be(1, 32)),
  );
  // Found by search: one key in 256 is like that.
  add(
    "shared-leading-zero",
    "The shared x begins with a zero byte, which stays.",
    "d49d0c04d0d9b0c0f05967a9b78bf69c0a9dfb093f93a21737c0b8dce3c94f7d",
    peer,
  );
  add(
    "public-x-leading-zero",
    "The peer's x begins with a zero byte.",
    toHex(peer.privateKey),
    ownPair("6fe8ff38b64d665a85170dff18ec0b6cf0100341947d374eaaed779540cfdffa"),
  );
  add(
    "public-y-leading-zero",
    "The peer's y begins with a zero byte.",
    toHex(peer.privateKey),
    ownPair("9f5f263cd34739f2b0381586d0b0a2004c52948aa3675a4e0e815cd6423ed410"),
  );
  return group;
}

function agreementInvalid(): Group {
  const own = pairOf(3);
  const peer = pairOf(4);
  const group = new Group("ecdh.agree", { private_key: toHex(own.privateKey) }, "ecdh-");
  const text = (id: string, comment: string, requirements: string, publicKey: string, flags: readonly string[] = []) =>
    group.invalid(id, comment, requirements, { public_key: publicKey }, { fault: badKey(publicKey) }, { flags });
  const bytes = (
    id: string,
    comment: string,
    hex: string,
    requirements = "ARC-KEY-ecdh-invalid-point",
    flags: readonly string[] = [],
  ) => text(id, comment, requirements, toBase64Url(unwrapHex(hex)), flags);
  const hex = toHex(peer.publicKey);
  const x = hex.slice(2, 66);
  const y = hex.slice(66);
  const FORM = "ARC-KEY-ecdh-public-key-form ARC-KEY-ecdh-invalid-point";
  text("empty", "No key at all.", FORM, "");
  bytes("64-bytes", "The coordinates without the 0x04 in front.", x + y, FORM);
  bytes("66-bytes", "One byte more than a point.", hex + "00", FORM);
  bytes("65-bytes-without-prefix", "65 bytes of which the first is not 0x04.", "00" + x + y, FORM);
  bytes("compressed-even", "The compressed form for an even y.", "02" + x, FORM);
  bytes("compressed-odd", "The compressed form for an odd y.", "03" + x, FORM);
  bytes("compressed-prefix-65", "A compressed prefix before both coordinates.", "02" + x + y, FORM);
  bytes("hybrid-even", "The hybrid form of X9.62 for an even y.", "06" + x + y, FORM);
  bytes("hybrid-odd", "The hybrid form for an odd y.", "07" + x + y, FORM);
  bytes("infinity", "The point at infinity in its SEC1 form of one byte.", "00", FORM, ["InvalidPoint"]);
  bytes("infinity-65", "65 zero bytes.", "00".repeat(65), FORM, ["InvalidPoint"]);
  const point = (id: string, comment: string, px: bigint, py: bigint) =>
    bytes(id, comment, "04" + be(px, 32) + be(py, 32), "ARC-KEY-ecdh-invalid-point", ["InvalidPoint"]);
  const px = BigInt("0x" + x);
  const py = BigInt("0x" + y);
  point("origin", "x and y are 0: not on the curve.", 0n, 0n);
  point("off-curve-y", "y is one more than the point's.", px, py + 1n);
  point("off-curve-x", "x is one more than the point's.", px + 1n, py);
  point("swapped", "x and y are swapped.", py, px);
  point("x-is-p", "x is the field's prime: out of range.", P, py);
  point(
    "x-above-p",
    "x is 5 above the prime: a point when it is reduced, which it must not be.",
    P + 5n,
    squareRootAt(5n),
  );
  point("y-is-p", "y is the field's prime: out of range.", px, P);
  point("all-ones", "All bits of both coordinates are set.", 2n ** 256n - 1n, 2n ** 256n - 1n);
  // The generator of secp256k1.
  point(
    "other-curve",
    "A point of secp256k1.",
    0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n,
    0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8n,
  );
  bytes("p384", "A key of P-384 has 97 bytes.", "04" + randomHex(301, 96), FORM);

  const OWN = "ARC-KEY-ecdh-own-key";
  bytes("own-key", "One's own public key, reflected.", toHex(own.publicKey), OWN);
  const ownY = BigInt("0x" + toHex(own.publicKey).slice(66));
  bytes(
    "own-key-negated",
    "One's own key with y negated: it has the same x.",
    toHex(own.publicKey).slice(0, 66) + be(P - ownY, 32),
    OWN,
  );

  const good = keyText(peer);
  const FORM_TEXT = "ARC-KEY-ecdh-public-key-form";
  text("padded", "With the padding of plain base64.", FORM_TEXT, good + "=", ["RespelledText"]);
  text(
    "standard-alphabet",
    "In the alphabet of plain base64.",
    FORM_TEXT,
    good.replaceAll("-", "+").replaceAll("_", "/"),
    ["RespelledText"],
  );
  text("leading-space", "With a space in front.", FORM_TEXT, " " + good, ["RespelledText"]);
  text("line-break", "With a line break within.", FORM_TEXT, `${good.slice(0, 40)}\n${good.slice(40)}`, [
    "RespelledText",
  ]);
  text("hex", "The point in hex.", FORM_TEXT, hex);
  text("cut", "One character is missing.", FORM_TEXT, good.slice(0, -1));
  // 65 bytes leave 2 bits of the last character unused.
  const last = good.charCodeAt(86);
  const respelled = good.slice(0, 86) + String.fromCharCode(last + 1);
  group.acceptable(
    "unused-bits",
    "The unused low bits of the last character are not 0: RFC 4648 section 3.5 leaves it to the decoder.",
    FORM_TEXT,
    { public_key: respelled },
    { fault: badKey(respelled) },
    { flags: ["RespelledText"] },
  );
  return group;
}

/** The offset is a character of the text where the text is at fault, else 0. */
function badKey(text: string) {
  if (text.length !== 87) return { reason: "bad_key", offset: 0 };
  const odd = text.search(/[^A-Za-z0-9_-]/);
  if (odd >= 0) return { reason: "bad_key", offset: odd };
  // 65 bytes end in a character whose low two bits are 0.
  const unused = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".indexOf(text[86]) & 3;
  return { reason: "bad_key", offset: unused === 0 ? 0 : 86 };
}

/** A y of the curve at this x: p is 3 modulo 4. */
function squareRootAt(x: bigint): bigint {
  const b = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
  const square = (((x * x * x - 3n * x + b) % P) + P) % P;
  let root = 1n;
  let base = square;
  for (let power = (P + 1n) / 4n; power > 0n; power >>= 1n) {
    if (power & 1n) root = (root * base) % P;
    base = (base * base) % P;
  }
  return root;
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
    }, {
      trace: { hashed: toHex(hashed) },
    });
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
  wrong("cut", "One byte is missing.", { proof: toBase64Url(unwrapHex(toHex(decode(proof)).slice(0, 30))) });
  wrong("full-mac", "All 32 bytes of a MAC, of which a proof has 16.", {
    proof: toBase64Url(concatBytes(decode(proof), new Uint8Array(16))),
  });
  wrong("empty", "An empty text.", { proof: "" });
  wrong("hex", "The right bytes in hex.", { proof: toHex(decode(proof)) });
  wrong("padded", "With the padding of plain base64.", { proof: `${proof}==` });
  return group;
}

function decode(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
}
