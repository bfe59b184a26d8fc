/**
 * Certificates of the suite's own making: X.509 on P-256, with whatever is wrong with them that a case is about. Made of
 * an rng, so that a seed makes the same again. DER is written here, not by the library that is under test.
 */
import { p256 } from "@noble/curves/nist.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, toHex, utf8 } from "../../lib/base/bytes.ts";
import type { Rng } from "../../lib/base/rng.ts";
import { generateKeyPair, type KeyPair } from "../../lib/crypto/ecdh.ts";

export interface CertificateWish {
  /** Common name, for people. */
  readonly name: string;
  /** `uniformResourceIdentifier`s of the subject alternative name. */
  readonly uris?: readonly string[];
  /** `dNSName`s of it. */
  readonly dnsNames?: readonly string[];
  /** Kept to the second. */
  readonly notBeforeUnixMs: number;
  readonly notAfterUnixMs: number;
  readonly isCa?: boolean;
  /** Who signs; absent: self-signed. */
  readonly issuer?: MadeCertificate;
  /** Absent: a new one. */
  readonly key?: KeyPair;
}

export interface MadeCertificate {
  readonly name: string;
  readonly key: KeyPair;
  readonly der: Uint8Array;
  /** As messages carry it. */
  readonly base64: string;
  /** SHA-256 of the DER, in hex. */
  readonly fingerprint: string;
}

export function makeCertificate(rng: Rng, wish: CertificateWish): MadeCertificate {
  const { name, issuer, notBeforeUnixMs, notAfterUnixMs } = wish;
  const key = wish.key ?? generateKeyPair(rng);
  const toSign = sequence(
    element(0xa0, integer(2)),
    element(INTEGER, concatBytes(Uint8Array.of(0x40), rng.fill(new Uint8Array(15)))),
    ECDSA_WITH_SHA256,
    nameOf(issuer?.name ?? name),
    sequence(timeOf(notBeforeUnixMs), timeOf(notAfterUnixMs)),
    nameOf(name),
    sequence(EC_P256, bitString(key.publicKey)),
    element(0xa3, sequence(...extensions(wish))),
  );
  const signer = (issuer?.key ?? key).privateKey;
  const signature = p256.sign(toSign, signer, { prehash: true, lowS: false, format: "der" });
  const der = sequence(toSign, ECDSA_WITH_SHA256, bitString(signature));
  return { name, key, der, base64: der.toBase64(), fingerprint: toHex(sha256(der)) };
}

const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_ID = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const SEQUENCE = 0x30;
const SET = 0x31;
/** Of GeneralName. */
const DNS_NAME = 0x82;
const URI = 0x86;

const TRUE = element(BOOLEAN, Uint8Array.of(0xff));
const ECDSA_WITH_SHA256 = sequence(objectId(1, 2, 840, 10045, 4, 3, 2));
const EC_P256 = sequence(objectId(1, 2, 840, 10045, 2, 1), objectId(1, 2, 840, 10045, 3, 1, 7));
const COMMON_NAME = objectId(2, 5, 4, 3);
const KEY_USAGE = objectId(2, 5, 29, 15);
const SUBJECT_ALTERNATIVE_NAME = objectId(2, 5, 29, 17);
const BASIC_CONSTRAINTS = objectId(2, 5, 29, 19);
/** With the count of unused bits in front. */
const SIGNS_CERTIFICATES = Uint8Array.of(BIT_STRING, 2, 2, 0x04);
const SIGNS = Uint8Array.of(BIT_STRING, 2, 7, 0x80);

function extensions({ isCa = false, uris = [], dnsNames = [] }: CertificateWish): readonly Uint8Array[] {
  const names = [
    ...uris.map((uri) => element(URI, utf8(uri))),
    ...dnsNames.map((name) => element(DNS_NAME, utf8(name))),
  ];
  const critical = (id: Uint8Array, value: Uint8Array) => sequence(id, TRUE, element(OCTET_STRING, value));
  return [
    critical(BASIC_CONSTRAINTS, sequence(...(isCa ? [TRUE] : []))),
    critical(KEY_USAGE, isCa ? SIGNS_CERTIFICATES : SIGNS),
    ...(names.length === 0 ? [] : [sequence(SUBJECT_ALTERNATIVE_NAME, element(OCTET_STRING, sequence(...names)))]),
  ];
}

function nameOf(commonName: string): Uint8Array {
  return sequence(element(SET, sequence(COMMON_NAME, element(UTF8_STRING, utf8(commonName)))));
}

/** UTCTime, which RFC 5280 section 4.1.2.5 wants for the years until 2049. */
function timeOf(unixMs: number): Uint8Array {
  const digits = new Date(unixMs).toISOString().replace(/\.\d+|[-:T]/g, "");
  return element(UTC_TIME, utf8(digits.slice(2)));
}

function objectId(first: number, second: number, ...rest: readonly number[]): Uint8Array {
  const bytes = rest.flatMap((arc) => {
    const digits = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) digits.unshift(0x80 | left & 0x7f);
    return digits;
  });
  return element(OBJECT_ID, Uint8Array.of(40 * first + second, ...bytes));
}

function integer(value: number): Uint8Array {
  return element(INTEGER, Uint8Array.of(value));
}

function bitString(bytes: Uint8Array): Uint8Array {
  return element(BIT_STRING, concatBytes(Uint8Array.of(0), bytes));
}

function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return element(SEQUENCE, concatBytes(...parts));
}

/** Tag, length and value. */
function element(tag: number, value: Uint8Array): Uint8Array {
  const { length } = value;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return concatBytes(Uint8Array.of(tag, ...size), value);
}
