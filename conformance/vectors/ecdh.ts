/** Key agreement, with the points and texts that are no public keys: SPEC clause 3.1. Part of the area `keys`. */
import { toBase64Url, toHex } from "../../lib/base/bytes.ts";
import { unwrap } from "../../lib/base/parsed.ts";
import { agree, type KeyPair, keyPairFromPrivate } from "../../lib/crypto/ecdh.ts";
import { unwrapHex } from "./bytes.ts";
import { Group } from "./case.ts";
import { epochs, keyText, pairOf } from "./party.ts";
import { be, randomHex } from "./wire.ts";

const P = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

const CURVE = "ARC-KEY-ecdh-curve ARC-KEY-ecdh-public-key-form";

function ownPair(privateKey: string): KeyPair {
  return unwrap(keyPairFromPrivate(unwrapHex(privateKey)));
}

export function agreement(): Group {
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

export function agreementInvalid(): Group {
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
