/** Input that is malformed in a thousand ways, pure from a seed: the generators of the fuzzer, as cases need them. */
import { parseHex, utf8 } from "../../../lib/base/bytes.ts";
import type { Rng } from "../../../lib/base/rng.ts";
import { SeededCaseRandom } from "../../../lib/fuzz/case_random.ts";
import { generateArcRtp, generateReduced, generateRtcp } from "../../../lib/fuzz/generate_packet.ts";
import { type MessageSetting, strayMessage } from "../../../lib/fuzz/message_mutation.ts";
import { mutateBytes } from "../../../lib/fuzz/mutate_bytes.ts";
import { mutateJson } from "../../../lib/fuzz/mutate_json.ts";
import type { CaseRandom } from "../../../lib/fuzz/target.ts";

const MAX_UNIT_BYTES = 1232;
const MAX_TEXT_BYTES = 8192;
const FEW_BYTES = 4;
/** What would end a session or a stream, however right it is. */
const FAREWELL = /DISCONNECT|STREAM_STOP/;

export class Malformed {
  readonly random: CaseRandom;

  constructor(rng: Rng) {
    this.random = new SeededCaseRandom(rng.u32());
  }

  /** Of any length up to this one, in a third of the cases of next to none: where the first fields are missing. */
  noise(mostBytes: number): Uint8Array {
    const { random } = this;
    return random.bytes(random.below(1 + (random.oneIn(3) ? Math.min(mostBytes, FEW_BYTES) : mostBytes)));
  }

  /** ArcRTP in either form, RTCP or noise, mutated in half of the cases; a byte at least, and never JSON. */
  packet(): Uint8Array {
    const { random } = this;
    const made = random.pick([generateArcRtp, generateReduced, generateRtcp, () => random.bytes(random.below(80))])(
      random,
    );
    const unit = random.bool() ? made : mutateBytes(made, generateArcRtp(random), random, MAX_UNIT_BYTES);
    // Nothing is no unit on a stream, and noise that happens to be JSON is another generator's.
    const isOther = unit.length === 0 || unit[0] === 0x7b;
    return isOther ? Uint8Array.of(0x80, ...unit) : unit.slice(0, MAX_UNIT_BYTES);
  }

  /** A compound of RTCP, which is mutated in half of the cases; its first packet has this sender. */
  rtcp(): Uint8Array {
    const { random } = this;
    const made = generateRtcp(random);
    return random.bool() ? made : mutateBytes(made, generateRtcp(random), random, MAX_UNIT_BYTES);
  }

  /** A message that fits the session, but for what is wrong with it, if anything; a byte at least, and no farewell. */
  message(setting: MessageSetting): Uint8Array {
    for (;;) {
      const text = strayMessage(setting, this.random);
      if (text.length > 0 && !FAREWELL.test(new TextDecoder().decode(text))) return text;
    }
  }

  /** The beginning of a TLS handshake, or what is none. */
  handshake(): Uint8Array {
    const { random } = this;
    // A record with a ClientHello that says it is longer than it is, its random bytes, and more of them.
    const hello = Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, ...random.bytes(500));
    const cut = hello.slice(0, random.below(hello.length));
    return random.pick([cut, cut, this.mutated(hello), this.noise(300), new Uint8Array(0)]);
  }

  /** One to four mutations of bytes; nothing may be left of them. */
  mutated(bytes: Uint8Array, mostBytes = MAX_UNIT_BYTES): Uint8Array {
    return mutateBytes(bytes, this.noise(40), this.random, mostBytes);
  }

  /** The same of JSON, of its structure and of its characters. */
  mutatedJson(text: string): Uint8Array {
    const json = utf8(text);
    return mutateJson(json, json, this.random, MAX_TEXT_BYTES);
  }
}

/** The bytes of a text of hex; none where it is no such text. */
export function bytesOf(hex: unknown): Uint8Array {
  const parsed = parseHex(String(hex));
  return parsed.ok ? parsed.value : new Uint8Array(0);
}

/** Valid JSON or nearly so, of an allowed size, that a careless reader takes long for. */
export function heavyTexts(): Readonly<Record<string, string>> {
  const heartbeat = (more: string) =>
    `{"type":"HEARTBEAT","session_id":"00000000-0000-0000-0000-000000000000","sequence":1,"timestamp":2,${more}}`;
  const room = HEAVY_BYTES - heartbeat("").length;
  return {
    "arrays in arrays": heartbeat(`"x":${"[".repeat(room / 2 - 4)}${"]".repeat(room / 2 - 4)}`),
    "objects in objects": heartbeat(`"x":${'{"a":'.repeat(room / 8)}1${"}".repeat(room / 8)}`),
    "brackets that are never closed": "[".repeat(HEAVY_BYTES),
    "a key for each few bytes": heartbeat(
      Array.from({ length: Math.floor(room / 12) }, (_, i) => `"k${i}":${i % 10}`).join(","),
    ),
    "one key again and again": heartbeat(Array.from({ length: Math.floor(room / 6) }, () => '"k":1').join(",")),
    "keys that differ in their escapes": heartbeat(
      Array.from({ length: Math.floor(room / 24) }, (_, i) => `"\\u00${hex2(i & 0x7f)}${i}":1`).join(","),
    ),
    "a number of sixty thousand digits": heartbeat(`"x":${"9".repeat(room - 8)}`),
    "a fraction of sixty thousand digits": heartbeat(`"x":0.${"0".repeat(room - 12)}1`),
    "an exponent of sixty thousand digits": heartbeat(`"x":1e${"0".repeat(room - 12)}1`),
    "a string of backslashes": heartbeat(`"x":"${"\\\\".repeat(room / 2 - 8)}"`),
    "a string of backslashes that does not end": heartbeat(`"x":"${"\\".repeat(room - 8)}`),
    "a string of escapes": heartbeat(`"x":"${"\\u0041".repeat(room / 6 - 4)}"`),
    "a string of quotes": `"${'\\"'.repeat(HEAVY_BYTES / 2 - 4)}"`,
    "blanks": heartbeat(`"x":${" ".repeat(room - 8)}1`),
    "a list of small things": heartbeat(`"x":[${"0,".repeat(room / 2 - 8)}0]`),
    "commas": heartbeat(`"x":[${",".repeat(room - 8)}]`),
  };
}

/** SPEC ARC-SIG-json-size allows 65,535. */
const HEAVY_BYTES = 65_000;

function hex2(value: number): string {
  return value.toString(16).padStart(2, "0");
}
