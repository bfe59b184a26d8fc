/** The types of SPEC clause 5.2's tables: what breaks each, and what is just within it. */

/** A type of the tables: what breaks it, and what is just within it. */
export interface Kind {
  /** A value of another JSON type. */
  readonly wrong: unknown;
  /** Values of the right type that are refused. */
  readonly bad: readonly (readonly [id: string, value: unknown, why: string])[];
  /** Values at the bounds. */
  readonly lowest?: unknown;
  readonly highest?: unknown;
  /** All words of an enumeration. */
  readonly words?: readonly string[];
}

export const MAX = Number.MAX_SAFE_INTEGER;
export const U32 = 0xffffffff;
export const NIL = "00000000-0000-0000-0000-000000000000";

export function int(lowest: number, highest: number): Kind {
  return {
    wrong: String(highest),
    bad: [
      ["low", lowest - 1, `${lowest - 1} is below the lowest value, ${lowest}`],
      ["high", highest + 1, `${highest + 1} is above the highest value, ${highest}`],
    ],
    lowest,
    highest,
  };
}

export const ms = int(0, MAX);
export const u32 = int(0, U32);
export const port = int(1, 65535);

/** Payload types: the range with its hole. */
export const pt: Kind = {
  wrong: "111",
  bad: [
    ["low", -1, "-1 is below 0"],
    ["64", 64, "64 is the first of the excluded range"],
    ["95", 95, "95 is the last of the excluded range"],
    ["high", 128, "128 does not fit the field"],
  ],
  lowest: 0,
  highest: 127,
};

/** All spellings of a UUID are tried in HEARTBEAT. */
export const uuid: Kind = { wrong: 5, bad: [] };
export const firstUuid: Kind = {
  wrong: 5,
  bad: [["upper-case", "6BA7B810-9DAD-41D1-80B4-00C04FD430C8", "a UUID in upper case"]],
};
export const sessionId: Kind = {
  wrong: {},
  bad: [["nil", NIL, "the nil UUID addresses a server or relay, and only in heartbeats"]],
};

export function text(length: number, least = 0): Kind {
  return {
    wrong: 7,
    bad: [
      ["long", "x".repeat(length + 1), `a text of ${length + 1} code units, one more than the most`],
      ...(least > 0 ? [["empty", "", "an empty text"] as const] : []),
    ],
    highest: "x".repeat(length),
  };
}

/** An entry of a list whose unknown entries are skipped: what is at its bound would not be shown. */
export const skipped: Kind = { ...text(16), highest: undefined };

/** base64url of `bytes` bytes. */
export function b64u(bytes: number): Kind {
  const characters = Math.ceil(bytes * 8 / 6);
  return {
    wrong: null,
    bad: [
      ["short", "A".repeat(characters - 2), `one byte less than ${bytes}`],
      ["long", "A".repeat(characters + 2), `more than ${bytes} bytes`],
      ["alphabet", `+${"A".repeat(characters - 1)}`, "the alphabet of plain base64"],
    ],
    lowest: "A".repeat(characters),
  };
}

export function words(...list: readonly string[]): Kind {
  return {
    wrong: true,
    bad: [["other-word", "something-else", "a word outside of the enumeration"]],
    words: list,
  };
}

export const flag: Kind = { wrong: 1, bad: [] };
export const object: Kind = { wrong: [], bad: [] };

export function list(most?: number, least = 0): Kind {
  return {
    wrong: {},
    bad: least > 0 ? [["empty", [], "an empty list"]] : [],
    ...(most === undefined ? {} : { highest: undefined }),
  };
}

export const ip: Kind = {
  wrong: 16909060,
  bad: [["not-an-address", "1.2.3", "no IP address"]],
};

export const codec: Kind = {
  wrong: null,
  bad: [
    ["upper-case", "OPUS", "a name in upper case"],
    ["long", "x".repeat(33), "a name of 33 characters"],
    ["empty", "", "an empty name"],
    ["space", "my codec", "a name with a space"],
  ],
};

export const natType = words("cone", "symmetric", "restricted", "open", "unknown");
export const suite = words("aes-128-gcm", "aes-256-gcm", "chacha20-poly1305");
export const proof = b64u(16);
