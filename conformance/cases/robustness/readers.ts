/**
 * The ops that read what comes from a network: which fields of a request hold it, and how they are broken. Whole requests
 * come from the published vectors, so that what is broken was right but for one thing.
 */
import { toHex } from "../../../lib/base/bytes.ts";
import { isJson, type Json } from "../../testee/answer.ts";
import type { Dialect } from "../../testee/rtp_json.ts";
import { entryForEach, type Form, having, hexList } from "./verdict.ts";
import { bytesOf, type Malformed } from "./malformed.ts";

export interface Reader {
  readonly op: string;
  /** `area/words` of its case, without the area. */
  readonly words: string;
  /** For people: what it reads. */
  readonly what: string;
  readonly dialects?: readonly Dialect[];
  /** The fields that take the place of a good request's. */
  readonly spoil: (fields: Json, malformed: Malformed) => Json;
  readonly form: Form;
}

const BOTH: readonly Dialect[] = ["arcrtc-1.0", "armoricore"];

export const READERS: readonly Reader[] = [
  { op: "unit.classify", words: "unit-kinds", what: "the kind of a unit", spoil: oneUnit, form: having("kind") },
  {
    op: "frame.read",
    words: "stream-frames",
    what: "frames of a stream",
    spoil: units("chunks"),
    form: hexList("units"),
  },
  {
    op: "rtp.parse",
    words: "media-headers",
    what: "ArcRTP",
    dialects: BOTH,
    spoil: oneUnit,
    form: having("header", "arc", "payload"),
  },
  {
    op: "rtp.extensions",
    words: "header-extensions",
    what: "header extensions",
    spoil: oneUnit,
    form: () => undefined,
  },
  {
    op: "reduced.receive",
    words: "reduced-headers",
    what: "reduced headers",
    spoil: units("units"),
    form: entryForEach("results", "units"),
  },
  { op: "rtcp.parse", words: "rtcp", what: "RTCP", spoil: oneUnit, form: having("packets") },
  {
    op: "srtp.receive",
    words: "protected-media",
    what: "protected media",
    dialects: BOTH,
    spoil: units("packets"),
    form: entryForEach("results", "packets"),
  },
  {
    op: "srtcp.receive",
    words: "protected-rtcp",
    what: "protected RTCP",
    spoil: units("packets"),
    form: entryForEach("results", "packets"),
  },
  {
    op: "rotation.receive",
    words: "epochs",
    what: "media of several epochs",
    spoil: units("units"),
    form: entryForEach("results", "units"),
  },
  {
    op: "seal.receive",
    words: "sealed-units",
    what: "sealed JSON",
    spoil: units("units"),
    form: entryForEach("results", "units"),
  },
  {
    op: "signaling.parse",
    words: "messages",
    what: "messages",
    dialects: BOTH,
    spoil: ({ json, hex }, malformed) =>
      typeof json === "string"
        // As bytes: what is broken need not be UTF-8 any more.
        ? { json: undefined, hex: toHex(malformed.mutatedJson(json)) }
        : { hex: toHex(malformed.mutated(bytesOf(hex))) },
    form: having("message"),
  },
  {
    op: "ecdh.agree",
    words: "public-keys",
    what: "public keys",
    spoil: text("public_key"),
    form: having("shared_secret"),
  },
  {
    op: "identity.verify",
    words: "certificates",
    what: "certificates and signatures",
    spoil: ({ identity }, malformed) => ({
      identity: {
        ...identity as Json,
        ...text(malformed.random.pick(["certificate", "signature"]))(identity as Json, malformed),
      },
    }),
    form: () => undefined,
  },
];

function oneUnit({ hex }: Json, malformed: Malformed): Json {
  const { random } = malformed;
  return { hex: toHex(random.oneIn(6) ? malformed.packet() : malformed.mutated(bytesOf(hex))) };
}

/** Some of the units of a list, which are hex or have it with them, are broken, doubled, or behind a stranger. */
function units(name: string): (fields: Json, malformed: Malformed) => Json {
  return (fields, malformed) => {
    const { random } = malformed;
    const list: readonly unknown[] = Array.isArray(fields[name]) ? fields[name] : [];
    const spoilt = list.flatMap((entry) => {
      const as = (unit: Uint8Array) => isJson(entry) ? { ...entry, hex: toHex(unit) } : toHex(unit);
      switch (random.below(6)) {
        case 0:
          return [entry];
        case 1:
          return [entry, entry];
        case 2:
          return [as(malformed.packet()), entry];
        default:
          return [as(malformed.mutated(bytesOf(isJson(entry) ? entry.hex : entry)))];
      }
    });
    return { [name]: spoilt };
  };
}

function text(name: string): (fields: Json, malformed: Malformed) => Json {
  return (fields, malformed) => {
    const bytes = new TextEncoder().encode(String(fields[name]));
    return { [name]: new TextDecoder().decode(malformed.mutated(bytes, 20_000)) };
  };
}
