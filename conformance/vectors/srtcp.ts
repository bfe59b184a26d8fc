/** Protection of RTCP: SPEC clause 4.3. */
import { toHex } from "../../lib/base/bytes.ts";
import { SUITE_NAMES } from "../../lib/crypto/suites.ts";
import { type CaseFault, Group, type Json, type VectorFile, vectorFile } from "./case.ts";
import { type Protection, protectionJson, protectRtcp, rtcpProtection } from "./sealing.ts";
import { countingHex, cut, flip, hexOf, sizeOf, u16, u32, u8 } from "./wire.ts";

export function srtcpVectors(): VectorFile {
  const protections = SUITE_NAMES.flatMap((suite) => [
    rtcpProtection(suite, "hmac-sha256-80"),
    rtcpProtection(suite, "none"),
  ]);
  return vectorFile(
    "srtcp",
    "SRTCP: compounds protected and received, for each suite with and without the HMAC tag, with the sender's index and the receiver's window.",
    {
      "FlippedBit": {
        meaning:
          "One bit of a good packet is changed; the comment names its field. Another reason than the one shown is as good, accepting is not.",
        requirements: ["ARC-SRTP-srtcp-layout"],
      },
      "WrongKey": {
        meaning: "The packet is good, and the receiver holds something else than the sender.",
        requirements: ["ARC-SRTP-srtcp-layout"],
      },
    },
    [...protections.flatMap((protection) => [sent(protection), received(protection)]), replayed()],
  );
}

function tagOf({ suite, authentication }: Protection): string {
  return `${suite.split("-").slice(0, suite.startsWith("aes") ? 2 : 1).join("")}${
    authentication === "none" ? "" : "-hmac"
  }`;
}

const A = 0xa1a2a3a4;
const LAST_INDEX = 0x7fffffff;

/** A receiver report of nobody: nothing but what stays in the clear. */
const SHORTEST = u8(0x80) + u8(201) + u16(1) + u32(A);
const REPORT = u8(0x81) + u8(201) + u16(7) + u32(A) + countingHex(24, 0x30);
const COMPOUND = REPORT + u8(0x81) + u8(202) + u16(3) + u32(A) + "0104" + hexOf("a@xy") + "0000" +
  u8(0x81) + u8(206) + u16(2) + u32(A) + u32(0xb1b2b3b4);

const LAYOUT = "ARC-SRTP-srtcp-layout";

function macRule({ authentication }: Protection): string {
  return authentication === "none" ? "ARC-SRTP-authentication-none ARC-SRTP-srtcp-hmac" : "ARC-SRTP-srtcp-hmac";
}

function sent(protection: Protection): Group {
  const group = new Group("srtcp.protect", protectionJson(protection));
  const tag = tagOf(protection);
  const add = (id: string, comment: string, requirements: string, hex: string, index: number) =>
    group.valid(`${tag}-${id}`, comment, requirements, { index, hex }, { hex: protectRtcp(protection, hex, index) });
  add(
    "first",
    "The first packet of an SSRC has index 0.",
    `${LAYOUT} ARC-SRTP-srtcp-index ${macRule(protection)}`,
    COMPOUND,
    0,
  );
  add(
    "shortest",
    "Eight bytes: nothing is left to encrypt, and the tags are there.",
    `${LAYOUT} ${macRule(protection)}`,
    SHORTEST,
    1,
  );
  add(
    "last-index",
    "The last index: E and index are 32 bits that are all set.",
    `${LAYOUT} ARC-SRTP-srtcp-index`,
    REPORT,
    LAST_INDEX,
  );
  if (tag === "aes128-hmac") {
    add("index-65536", "An index above 16 bits: the ROC's place in the nonce stays empty.", LAYOUT, REPORT, 65536);
    group.invalid("index-used-up", "The index behind the last would repeat a nonce.", "ARC-SRTP-srtcp-index-end", {
      index: 2 ** 31,
      hex: REPORT,
    }, {
      fault: { reason: "bad_state" },
    });
    group.invalid("protect-cut", "What has no complete header is not protected.", LAYOUT, {
      index: 0,
      hex: cut(SHORTEST, 7),
    }, {
      fault: { reason: "truncated" },
    });
  }
  return group;
}

function received(protection: Protection): Group {
  const tag = tagOf(protection);
  const group = new Group("srtcp.receive", protectionJson(protection));
  const hasMac = protection.authentication !== "none";
  const isDefault = protection.suite === "aes-128-gcm";
  const wire = protectRtcp(protection, REPORT, 5);
  const end = hasMac ? 10 : 0;
  const forged: CaseFault = { reason: hasMac ? "auth" : "decrypt" };
  const good = (id: string, comment: string, requirements: string, hex: string, index: number) =>
    group.valid(`${tag}-receive-${id}`, comment, requirements, { packets: [protectRtcp(protection, hex, index)] }, {
      results: [{ hex }],
    });
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
  const flipped = (id: string, comment: string, requirements: string, at: number, mask: number, fault = forged) =>
    bad(`flip-${id}`, comment, requirements, flip(wire, at, mask), fault, {}, ["FlippedBit"]);

  good("compound", "A compound of three packets under one tag.", `${LAYOUT} ${macRule(protection)}`, COMPOUND, 0);
  if (isDefault) {
    good("shortest", "Nothing but the clear header.", LAYOUT, SHORTEST, 0);
    good("last-index", "The first packet that comes may have any index.", "ARC-SRTP-srtcp-index", REPORT, LAST_INDEX);
    flipped("count", "The count in the first byte.", LAYOUT, 0, 0x01);
    flipped("packet-type", "The packet type.", LAYOUT, 1, 0x01);
    flipped("length", "The length of the first packet.", LAYOUT, 3, 0x01);
    flipped("ssrc", "The sender's SSRC.", LAYOUT, 7, 0x01);
    flipped("version", "The version.", LAYOUT, 0, 0x40, { reason: "bad_version" });
    flipped("ciphertext-last", "The last bit of the ciphertext.", LAYOUT, -end - 21, 0x01);
    flipped("aead-tag-first", "The first bit of the AEAD tag.", LAYOUT, -end - 20, 0x80);
    flipped("index-high", "The second-highest bit of index and E.", LAYOUT, -end - 4, 0x40);
    bad(
      "cut-last-byte",
      "The last byte is missing: E is read from the tag, where it happens to be 0.",
      LAYOUT,
      cut(wire, sizeOf(wire) - 1),
      { reason: "bad_value" },
    );
    bad("one-byte-more", "A byte behind the packet: E is read from the index, where it is 0.", LAYOUT, wire + "80", {
      reason: "bad_value",
    });
    bad(
      "no-room-for-tags",
      "One byte less than header, tags and index.",
      LAYOUT,
      cut(protectRtcp(protection, SHORTEST), sizeOf(SHORTEST) + 19 + end),
      { reason: "truncated" },
    );
    bad("no-bytes", "No bytes at all.", LAYOUT, "", { reason: "truncated" });
    bad(
      "unprotected",
      "Plain RTCP, whose bytes where E should be have it 0 or 1 by chance.",
      "ARC-SRTP-srtcp-encrypted-only",
      COMPOUND,
      { reason: hasMac ? "bad_value" : "decrypt" },
    );
  }
  flipped("ciphertext-first", "The first bit of the ciphertext.", LAYOUT, 8, 0x80);
  flipped("aead-tag-last", "The last bit of the AEAD tag.", LAYOUT, -end - 5, 0x01);
  flipped(
    "index-low",
    "The lowest bit of the index: another nonce, and other associated data.",
    LAYOUT,
    -end - 1,
    0x01,
  );
  flipped("e-bit", "The E bit: an unencrypted form is a downgrade.", "ARC-SRTP-srtcp-encrypted-only", -end - 4, 0x80, {
    reason: "bad_value",
  });
  if (hasMac) flipped("hmac-last", "The last bit of the HMAC tag.", "ARC-SRTP-srtcp-hmac", -1, 0x01);
  const { encryptionKey, authKey, salt } = protection.material;
  const keys = (changes: Json): Json => ({
    keys: { encryption_key: toHex(encryptionKey), auth_key: toHex(authKey), salt: toHex(salt), ...changes },
  });
  bad(
    "wrong-key",
    "Another encryption_key.",
    LAYOUT,
    wire,
    { reason: "decrypt" },
    keys({ encryption_key: flip(toHex(encryptionKey), 3) }),
    ["WrongKey"],
  );
  if (isDefault) {
    bad("wrong-salt", "Another salt.", LAYOUT, wire, { reason: "decrypt" }, keys({ salt: flip(toHex(salt), 11) }), [
      "WrongKey",
    ]);
    if (hasMac) {
      bad(
        "wrong-auth-key",
        "Another auth_key.",
        "ARC-SRTP-srtcp-hmac",
        wire,
        forged,
        keys({ auth_key: flip(toHex(authKey), 0) }),
        ["WrongKey"],
      );
    }
  }
  return group;
}

/** One receiver over several packets. */
function replayed(): Group {
  const protection = rtcpProtection("aes-128-gcm", "none");
  const group = new Group("srtcp.receive", protectionJson(protection));
  const at = (index: number) => protectRtcp(protection, SHORTEST, index);
  const REPLAY = "ARC-SRTP-srtcp-replay";
  type Step = readonly [hex: string, refused?: string];
  const results = (steps: readonly Step[]) => ({
    results: steps.map(([, reason]) => reason === undefined ? { hex: SHORTEST } : { fault: { reason } }),
  });
  const valid = (id: string, comment: string, steps: readonly Step[], changes: Json = {}) =>
    group.valid(id, comment, REPLAY, { ...changes, packets: steps.map(([hex]) => hex) }, results(steps));
  const invalid = (id: string, comment: string, steps: readonly Step[], changes: Json = {}) =>
    group.invalid(id, comment, REPLAY, { ...changes, packets: steps.map(([hex]) => hex) }, {
      expected: results(steps),
    });
  valid("in-order", "Indexes 0, 1, 2.", [[at(0)], [at(1)], [at(2)]]);
  valid("reordered", "Index 2 comes before 1.", [[at(0)], [at(2)], [at(1)]]);
  valid("window-edge", "The lowest index in a window of 64.", [[at(100)], [at(37)]]);
  invalid("duplicate", "The same packet twice.", [[at(4)], [at(4), "replay"]]);
  invalid("duplicate-forged", "A replay is refused as such before its tag is looked at.", [[at(4)], [
    flip(at(4), 10),
    "replay",
  ]]);
  invalid("below-window", "One below the lowest index of a window of 64.", [[at(100)], [at(36), "replay"]]);
  invalid("below-window-128", "One below the lowest index of a window of 128.", [[at(200)], [at(73)], [
    at(72),
    "replay",
  ]], { window: 128 });
  invalid("forged-marks-nothing", "A forged index is not marked, and does not move the window.", [
    [at(4)],
    [flip(at(5000), 10), "decrypt"],
    [flip(at(5), 10), "decrypt"],
    [at(5)],
    [at(3)],
  ]);
  const other = u8(0x80) + u8(201) + u16(1) + u32(0x0b0b0b0b);
  group.valid("ssrcs-apart", "Each sender SSRC has its own window.", REPLAY, {
    packets: [at(9), protectRtcp(protection, other, 9), at(10)],
  }, { results: [{ hex: SHORTEST }, { hex: other }, { hex: SHORTEST }] });
  return group;
}
