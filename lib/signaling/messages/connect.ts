/** CONNECT: the caller's offer, which makes a session or resumes one (SPEC §5.2.1). */
import * as v from "valibot";
import {
  codecName,
  epoch,
  identity,
  keyOffer,
  natType,
  networkInfo,
  peerId,
  proof,
  RESOLUTION_PATTERN,
  sessionId,
  timestamp,
  version,
} from "./fields.ts";
import { choice, type DeepReadonly, flag, integer, list, struct, text } from "./schema.ts";

export const TRANSPORTS = ["udp", "tcp"] as const;

export type Transport = (typeof TRANSPORTS)[number];

/** Capabilities that are said with a word; absent means false. */
export const capabilityFlags = {
  reduced_header: v.optional(flag("Can receive reduced headers")),
  fec: v.optional(flag("Can use forward error correction")),
  rtx: v.optional(flag("Can use retransmission")),
  supports_webrtc: v.optional(flag("Speaks WebRTC as well (hybrid mode)")),
  native_platform: v.optional(flag("Runs outside of a browser (hybrid mode)")),
};

/**
 * A list from which entries that this version does not know are left out (SPEC ARC-SIG-json-unknown-capability). A list
 * that must not be empty stays as it came where nothing in it is known: what was read can always be written.
 */
function known(item: ReturnType<typeof text>, description: string, min: 0 | 1, is: (word: string) => boolean) {
  const skipUnknown = (words: string[]) => {
    const left = words.filter(is);
    return left.length >= min ? left : words;
  };
  return v.pipe(list(item, description, min), v.transform(skipUnknown));
}

/**
 * A list that stays as it came: the transcript takes it verbatim (SPEC ARC-KEY-transcript-offers-verbatim), joined with
 * commas. So an entry with a comma is refused, else two lists could have one transcript and a suite be hidden in a
 * name that nobody knows. Whoever chooses from the list passes over what it does not know.
 */
function verbatim(description: string) {
  const expected = "a string of at most 32 characters without a comma";
  const entry = v.pipe(v.string(expected), v.maxLength(32, expected), v.regex(/^[^,]*$/, expected));
  return list(entry, description, 1);
}

const isResolution = (word: string) => RESOLUTION_PATTERN.test(word);
const isTransport = (word: string) => (TRANSPORTS as readonly string[]).includes(word);

const capabilities = v.pipe(
  struct({
    codecs: list(codecName, "Audio and video codecs by preference", 1),
    resolutions: known(text(0, 16, "Height of the picture and p"), "Resolutions by preference", 0, isResolution),
    encryption: verbatim("Suites by preference"),
    transport: known(text(0, 16, "udp or tcp"), "Transports for media", 1, isTransport),
    authentication: v.optional(verbatim("Packet authentications by preference; hmac-sha256-80 alone where absent")),
    ...capabilityFlags,
  }),
  v.description("What the caller offers"),
);

/** The table's fields from `resume` on differ between a first CONNECT and a resumption. */
const common = {
  type: v.literal("CONNECT"),
  version,
  session_id: sessionId,
  peer_id: peerId,
  capabilities,
  network_info: networkInfo(natType),
  encryption: keyOffer,
  identity: v.optional(identity),
  token: v.optional(text(0, 4096, "JWT for the server")),
};

const RESUME_WORDS = "true or false";

const FirstConnect = struct({
  ...common,
  resume: v.optional(v.literal(false, RESUME_WORDS)),
  epoch: v.optional(integer(0, 0, "The first epoch")),
  timestamp,
});

const ResumingConnect = struct({
  ...common,
  resume: v.literal(true, RESUME_WORDS),
  epoch,
  proof,
  timestamp,
});

export const ConnectSchema = v.pipe(
  choice("resume", [FirstConnect, ResumingConnect]),
  v.description(
    "Asks a peer for a session. With resume true it makes a new epoch of an old one and needs epoch and proof.",
  ),
);

/** `resume` true tells a resumption; `epoch` and `proof` can be asked for without asking for it first. */
export type Connect = DeepReadonly<v.InferOutput<typeof ConnectSchema>> & {
  readonly epoch?: number;
  readonly proof?: string;
};

export type Capabilities = Connect["capabilities"];
