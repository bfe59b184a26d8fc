/** Protection of single media packets: SPEC clause 4.1. Sequences of packets are in `replay.ts`. */
import { toHex } from "../../lib/base/bytes.ts";
import { SUITE_NAMES, type SuiteName } from "../../lib/crypto/suites.ts";
import { type CaseFault, Group, type Json, type VectorFile, vectorFile } from "./case.ts";
import { mediaProtection, protect, type Protection, protectionJson, protectTrace } from "./sealing.ts";
import { countingHex, cut, flip, packet, type PacketFields, randomHex, sizeOf } from "./wire.ts";

export function srtpVectors(): VectorFile {
  const protections = SUITE_NAMES.flatMap((suite) => [
    mediaProtection(suite, "hmac-sha256-80"),
    mediaProtection(suite, "none"),
  ]);
  return vectorFile(
    "srtp",
    "ArcSRTP: single packets protected and received, for each suite with and without the HMAC tag.",
    {
      "FlippedBit": {
        meaning:
          "One bit of a good packet is changed; the comment names its field. Another reason than the one shown is as good, accepting is not.",
        requirements: ["ARC-SRTP-aad", "ARC-SRTP-hmac-tag"],
      },
      "WrongKey": {
        meaning: "The packet is good, and the receiver holds something else than the sender.",
        requirements: ["ARC-SRTP-payload-encrypted"],
      },
    },
    protections.flatMap((protection) => [sizes(protection), received(protection)]),
  );
}

/** The name of suite and authentication in ids. */
function tagOf({ suite, authentication }: Protection): string {
  return `${SHORT[suite]}${authentication === "none" ? "" : "-hmac"}`;
}

const SHORT: Readonly<Record<SuiteName, string>> = {
  "aes-128-gcm": "aes128",
  "aes-256-gcm": "aes256",
  "chacha20-poly1305": "chacha20",
};

function requirementsOf({ authentication }: Protection): string {
  return `ARC-SRTP-nonce ARC-SRTP-payload-encrypted ${
    authentication === "none" ? "ARC-SRTP-authentication-none" : "ARC-SRTP-hmac-tag"
  }`;
}

/** A packet that has every part that a header can have. */
const RICH: PacketFields = {
  marker: true,
  payloadType: 98,
  sequence: 5000,
  timestamp: 0x00112233,
  ssrc: 0xcafebabe,
  csrc: [0x01020000],
  extension: { profile: 0xbede, data: "12abcdef" },
  arc: { quality: 1, priority: 2, keyPhase: 0, flags: 3, bandwidth: 1500, loss: 7 },
  payload: countingHex(24),
};

function sizes(protection: Protection): Group {
  const group = new Group("srtp.protect", protectionJson(protection));
  const tag = tagOf(protection);
  const isDefault = protection.suite === "aes-128-gcm";
  const suite = isDefault ? "ARC-SRTP-default-suite" : "ARC-SRTP-suites";
  const add = (id: string, comment: string, requirements: string, plain: string, roc = 0) => {
    const wire = protect(protection, plain, roc);
    group.valid(`${tag}-${id}`, comment, requirements, { roc, hex: plain }, { hex: wire }, {
      trace: protectTrace(protection, plain, wire, roc),
    });
  };
  // 1232 bytes are the most that a media unit has, so the largest payload depends on the tags.
  const largest = protection.authentication === "none" ? 1200 : 1190;
  for (const bytes of [0, 1, 15, 16, 17, 160, largest]) {
    add(
      `payload-${bytes}`,
      `${bytes} bytes of payload${bytes === largest ? ": a unit of 1232 bytes" : ""}.`,
      `${requirementsOf(protection)} ${suite}`,
      packet({ sequence: 100 + bytes, payload: randomHex(400 + bytes, bytes) }),
    );
  }
  add(
    "rich",
    "CSRC, extension, bandwidth and loss byte are in the clear and authenticated.",
    "ARC-SRTP-aad",
    packet(RICH),
  );
  add(
    "padding",
    "Padding and its count are encrypted with the payload.",
    "ARC-RTP-padding-inside-ciphertext ARC-SRTP-payload-encrypted",
    packet({ padding: true, payload: "aabbcc000003" }),
  );
  if (isDefault) {
    add(
      "sequence-0-ssrc-0",
      "A nonce that is the salt itself.",
      "ARC-SRTP-nonce",
      packet({ sequence: 0, ssrc: 0, payload: "00" }),
    );
    add(
      "all-ones",
      "SSRC, ROC and sequence number with all bits set.",
      "ARC-SRTP-nonce",
      packet({ sequence: 65535, ssrc: 0xffffffff, payload: "00" }),
      0xffffffff,
    );
    add(
      "key-phase-3",
      "K takes part in the associated data.",
      "ARC-SRTP-aad",
      packet({ arc: { keyPhase: 3 }, payload: "00" }),
    );
  }
  add(
    "roc-1",
    "ROC 1: another nonce and, with an HMAC tag, four bytes more under it.",
    "ARC-SRTP-nonce ARC-SRTP-roc-start",
    packet({ sequence: 0, payload: "0102" }),
    1,
  );
  if (tag === "aes128-hmac") {
    const refuse = (id: string, comment: string, requirements: string, hex: string, fault: CaseFault) =>
      group.invalid(`protect-${id}`, comment, requirements, { roc: 0, hex }, { fault });
    refuse("cut", "What does not parse is not protected.", "ARC-RTP-own-fields-length", packet({ arc: { flags: 2 } }), {
      reason: "truncated",
      offset: 16,
      need: 17,
    });
    refuse(
      "payload-type-72",
      "A packet must not carry this payload type.",
      "ARC-RTP-payload-types-excluded",
      packet({ payloadType: 72 }),
      { reason: "bad_value", offset: 1 },
    );
  }
  return group;
}

/**
 * Bits of {@link RICH}, by the byte that they are in. CSRC and extension are such that the packet still parses when CC, X
 * or the extension's length is changed: what follows them is then read as something else.
 */
const HEADER_BITS: readonly [id: string, field: string, at: number, mask: number][] = [
  ["padding", "P", 0, 0x20],
  ["extension", "X", 0, 0x10],
  ["csrc-count", "CC", 0, 0x01],
  ["marker", "the marker", 1, 0x80],
  ["payload-type", "the payload type", 1, 0x01],
  ["sequence-high", "the high byte of the sequence number", 2, 0x01],
  ["sequence-low", "the low byte of the sequence number", 3, 0x01],
  ["timestamp", "the timestamp", 7, 0x01],
  ["ssrc", "the SSRC", 11, 0x01],
  ["csrc", "the CSRC", 12, 0x80],
  ["extension-profile", "the extension's profile", 17, 0x01],
  ["extension-length", "the extension's length", 19, 0x01],
  ["extension-data", "the extension's data", 22, 0x01],
  ["quality", "Q", 24, 0x40],
  ["priority", "PR", 24, 0x10],
  ["key-phase", "K", 24, 0x04],
  ["reserved", "a reserved bit, which means nothing and is authenticated", 24, 0x01],
  ["flag-bandwidth", "the bandwidth flag", 25, 0x01],
  ["flag-loss", "the loss flag, so that the loss byte reads as ciphertext", 25, 0x02],
  ["flag-undefined", "an undefined flag", 25, 0x80],
  ["bandwidth", "the bandwidth", 27, 0x01],
  ["loss", "the loss byte", 28, 0x01],
];

/** What every suite is shown to notice. */
const ESSENTIAL: ReadonlySet<string> = new Set(["sequence-low", "quality", "loss"]);

function received(protection: Protection): Group {
  const tag = tagOf(protection);
  const group = new Group("srtp.receive", protectionJson(protection));
  const hasMac = protection.authentication !== "none";
  const isDefault = protection.suite === "aes-128-gcm";
  const plain = packet(RICH);
  const wire = protect(protection, plain);
  const good = (id: string, comment: string, requirements: string, plain: string, roc = 0) =>
    group.valid(`${tag}-receive-${id}`, comment, requirements, {
      packets: [protect(protection, plain, roc)],
      ...(roc === 0 ? {} : { start_roc: roc }),
    }, { results: [{ hex: plain }] });
  const bad = (
    id: string,
    comment: string,
    requirements: string,
    hex: string,
    fault: CaseFault,
    changes: Json = {},
    flags: readonly string[] = [],
  ) =>
    group.invalid(`${tag}-${id}`, comment, requirements, { ...changes, packets: [hex] }, {
      expected: { results: [{ fault }] },
    }, { flags });
  const forged: CaseFault = { reason: hasMac ? "auth" : "decrypt" };

  good("rich", "Everything that a header can have.", requirementsOf(protection), plain);
  good("empty", "Header and tags, no payload.", "ARC-SRTP-short-packet", packet());
  good(
    "padding",
    "Padding is judged after decryption and stays in the packet.",
    "ARC-RTP-padding-inside-ciphertext",
    packet({ padding: true, payload: "aa02" + "0102" }),
  );
  if (isDefault) {
    good("roc-7", "A receiver that was told ROC 7.", "ARC-SRTP-roc-start ARC-SRTP-nonce", packet({ payload: "aa" }), 7);
    good("roc-max", "The last ROC there is.", "ARC-SRTP-nonce", packet({ sequence: 65535, payload: "aa" }), 0xffffffff);
  }

  for (const [id, field, at, mask] of HEADER_BITS) {
    if (!isDefault && !ESSENTIAL.has(id)) continue;
    bad(`flip-${id}`, `A bit of ${field}.`, "ARC-SRTP-aad", flip(wire, at, mask), forged, {}, ["FlippedBit"]);
  }
  if (isDefault) {
    bad(
      "flip-version",
      "A bit of the version.",
      "ARC-RTP-version",
      flip(wire, 0, 0x40),
      { reason: "bad_version", offset: 0 },
      {},
      ["FlippedBit"],
    );
  }
  const textStart = sizeOf(plain) - 24;
  const tags = hasMac ? 26 : 16;
  const payloadRule = "ARC-SRTP-payload-encrypted";
  bad(
    "flip-ciphertext-first",
    "The first bit of the ciphertext.",
    payloadRule,
    flip(wire, textStart, 0x80),
    forged,
    {},
    ["FlippedBit"],
  );
  if (isDefault) {
    bad("flip-ciphertext-last", "The last bit of the ciphertext.", payloadRule, flip(wire, -tags - 1), forged, {}, [
      "FlippedBit",
    ]);
    bad("flip-aead-tag-first", "The first bit of the AEAD tag.", payloadRule, flip(wire, -tags, 0x80), forged, {}, [
      "FlippedBit",
    ]);
  }
  bad("flip-aead-tag-last", "The last bit of the AEAD tag.", payloadRule, flip(wire, -tags + 15), forged, {}, [
    "FlippedBit",
  ]);
  if (hasMac) {
    if (isDefault) {
      bad("flip-hmac-first", "The first bit of the HMAC tag.", "ARC-SRTP-hmac-tag", flip(wire, -10, 0x80), forged, {}, [
        "FlippedBit",
      ]);
    }
    bad(
      "flip-hmac-last",
      "The last bit of the HMAC tag: all ten bytes are compared.",
      "ARC-SRTP-hmac-tag",
      flip(wire, -1),
      forged,
      {},
      ["FlippedBit"],
    );
  }

  const { encryptionKey, authKey, salt } = protection.material;
  const keys = (changes: Json): Json => ({
    keys: { encryption_key: toHex(encryptionKey), auth_key: toHex(authKey), salt: toHex(salt), ...changes },
  });
  const decrypt: CaseFault = { reason: "decrypt" };
  bad(
    "wrong-key",
    "Another encryption_key: only the AEAD notices.",
    payloadRule,
    wire,
    decrypt,
    keys({ encryption_key: flip(toHex(encryptionKey), 0) }),
    ["WrongKey"],
  );
  bad(
    "wrong-salt",
    "Another salt makes another nonce: only the AEAD notices.",
    "ARC-SRTP-nonce",
    wire,
    decrypt,
    keys({ salt: flip(toHex(salt), 0) }),
    ["WrongKey"],
  );
  if (hasMac) {
    bad(
      "wrong-auth-key",
      "Another auth_key: the AEAD would have been content.",
      "ARC-SRTP-hmac-tag",
      wire,
      forged,
      keys({ auth_key: flip(toHex(authKey), -1) }),
      ["WrongKey"],
    );
  }
  bad(
    "wrong-roc",
    "The receiver believes in ROC 1, the packet was sent under 0.",
    "ARC-SRTP-nonce ARC-SRTP-hmac-tag".replace(hasMac ? "" : " ARC-SRTP-hmac-tag", ""),
    wire,
    forged,
    { start_roc: 1 },
    ["WrongKey"],
  );

  const SHORT_PACKET = "ARC-SRTP-short-packet";
  bad(
    "cut-last-byte",
    "The last byte is missing: the tags are read one byte too early.",
    SHORT_PACKET,
    cut(wire, sizeOf(wire) - 1),
    forged,
  );
  if (isDefault) {
    const empty = protect(protection, packet());
    bad("one-byte-more", "A byte behind the tags.", SHORT_PACKET, wire + "00", forged);
    bad("no-room-for-tags", "One byte less than header and tags.", SHORT_PACKET, cut(empty, sizeOf(empty) - 1), {
      reason: "truncated",
    });
    bad("header-only", "A header without tags, as an unprotected packet without payload.", SHORT_PACKET, packet(), {
      reason: "truncated",
    });
    bad("cut-within-header", "Cut within the Arc block.", SHORT_PACKET, cut(empty, 15), {
      reason: "truncated",
      offset: 15,
      need: 16,
    });
    bad("no-bytes", "No bytes at all.", SHORT_PACKET, "", { reason: "truncated", offset: 0, need: 16 });
    bad(
      "unprotected",
      "A packet that was never protected, long enough to hold tags.",
      payloadRule,
      packet({ payload: countingHex(60) }),
      forged,
    );
    const other = mediaProtection(protection.suite, hasMac ? "none" : "hmac-sha256-80");
    bad(
      hasMac ? "sender-without-hmac" : "sender-with-hmac",
      hasMac
        ? "The sender appends no HMAC tag, the receiver expects one."
        : "The sender appends an HMAC tag, the receiver expects none.",
      hasMac ? "ARC-SRTP-hmac-tag" : "ARC-SRTP-authentication-none",
      protect(other, plain),
      forged,
      {},
      ["WrongKey"],
    );
    const padding = (id: string, comment: string, payload: string, offset: number) =>
      bad(
        id,
        comment,
        "ARC-RTP-padding-inside-ciphertext ARC-RTP-padding-count",
        protect(protection, packet({ padding: true, payload })),
        { reason: "bad_padding", offset },
      );
    padding("padding-0", "Authentic, and its padding count is 0.", "aabb00", 18);
    padding("padding-too-large", "Authentic, and its padding count is beyond the payload.", "aabb04", 18);
    padding("padding-no-payload", "Authentic, with P set and nothing to count: the AEAD tag is no padding.", "", 16);
    bad(
      "payload-type-72",
      "A payload type that no packet may carry, refused before any key is used.",
      "ARC-RTP-payload-types-excluded",
      flip(packet({ payloadType: 8, payload: countingHex(60) }), 1, 0x40),
      { reason: "bad_value", offset: 1 },
    );
  } else {
    const borrowed = mediaProtection("aes-128-gcm", protection.authentication);
    bad("sender-aes128", "The sender uses aes-128-gcm.", "ARC-SRTP-suites", protect(borrowed, plain), decrypt, {}, [
      "WrongKey",
    ]);
  }
  return group;
}
