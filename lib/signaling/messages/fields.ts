/** Fields that several messages share, with the types of SPEC §5.2. */
import * as v from "valibot";
import { NIL_UUID } from "../../base/uuid.ts";
import { CODEC_NAME_PATTERN, CODECS, findCodec, type MediaKind } from "../../media/codec.ts";
import { isHost, isIp } from "./address.ts";
import {
  base64Url,
  bothOrNeither,
  bothOrNeitherInJsonSchema,
  integer,
  list,
  oneOf,
  pattern,
  struct,
  text,
} from "./schema.ts";

export const U32_MAX = 0xffff_ffff;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const UUID_WORDS = "a canonical lower-case UUID";

/** SPEC ARC-SIG-json-uuid: UUIDs enter key derivation as text, so there is one spelling. */
export function uuid(description: string) {
  return pattern(UUID, UUID_WORDS, description);
}

/** SPEC ARC-SIG-message-session-id: nil addresses a server or relay itself, and only heartbeats do. */
export const sessionId = v.pipe(uuid("The session"), v.notValue(NIL_UUID, "a UUID other than nil"));

export const sessionIdOrNil = uuid("The session; nil addresses the server or relay itself");

export const peerId = uuid("The peer that sends the message");

export const streamId = uuid("The stream");

/** SPEC ARC-SIG-json-time. */
export const timestamp = unixMs("When the message was made");

export function unixMs(description: string) {
  return integer(0, Number.MAX_SAFE_INTEGER, `${description}, milliseconds since the Unix epoch`);
}

/** SPEC ARC-SIG-relay-servers-expires: the one time in seconds, since the token holds it so. */
export const expires = integer(0, Number.MAX_SAFE_INTEGER, "When the relay token ends, seconds since the Unix epoch");

export function u32(description: string) {
  return integer(0, U32_MAX, description);
}

export const epoch = u32("The epoch whose keys this message makes");

/** A wrong proof is `unauthorized`; this is its form only. */
export const proof = base64Url(16, "Proof of the previous epoch's keys");

/** SPEC ARC-SIG-json-version. */
export const version = pattern(/^[0-9]+\.[0-9]+$/, "a version such as 1.0", "Protocol version, major.minor");

/** The key itself is judged with the session's other keys: whatever is wrong with it is `bad_key`. */
export const publicKey = text(0, 128, "Uncompressed P-256 point, base64url of 65 bytes");

export const keyExchange = oneOf(["ecdh-p256"], "Key agreement");

export const keyOffer = v.pipe(
  struct({ key_exchange: keyExchange, public_key: publicKey }),
  v.description("The sender's half of the key agreement"),
);

export const identity = v.pipe(
  struct({
    certificate: text(0, 16_384, "X.509 certificate, base64 of its DER bytes"),
    signature: text(0, 128, "ECDSA signature over the key, base64url of r and s, 64 bytes"),
  }),
  v.description("Who the sender is, bound to its key"),
);

/** SPEC ARC-RTP-stream-payload-type-range: 64..95 with the marker set would read as RTCP. */
export const payloadType = v.pipe(
  integer(0, 127, "RTP payload type"),
  v.check((value) => value < 64 || value > 95, "a payload type 0..63 or 96..127"),
  v.metadata({ not: { minimum: 64, maximum: 95 } }),
);

/** One of the eight, or any name of their form (SPEC ARC-SIG-connect-opaque-codec). */
export const codecName = pattern(CODEC_NAME_PATTERN, "a codec name", "Codec");

/** A codec that can serve `kind`: one of that kind, or one that the library does not know. */
export function codecFor(kind: MediaKind) {
  const fits = (name: string) => (findCodec(name)?.kind ?? kind) === kind;
  const others = CODECS.filter((codec) => codec.kind !== kind).map((codec) => codec.name);
  return v.pipe(codecName, v.check(fits, `a codec for ${kind}`), v.metadata({ not: { enum: others } }));
}

/** Height of the picture and `p`. */
export const RESOLUTION_PATTERN = /^[1-9][0-9]{0,4}p$/;

export const resolution = pattern(RESOLUTION_PATTERN, "a resolution such as 720p", "Height of the picture and p");

export const fps = integer(1, 1000, "Frames per second");

export const bitrate = integer(1, U32_MAX, "Bits per second");

export const port = integer(1, 65_535, "UDP or TCP port");

export const ip = v.pipe(
  v.string("an IP address"),
  v.check(isIp, "an IP address"),
  v.metadata({ description: "IPv4 or IPv6 address", maxLength: 45, anyOf: [{ format: "ipv4" }, { format: "ipv6" }] }),
);

export const endpoint = v.pipe(struct({ ip, port }), v.description("Address and port"));

/** SPEC ARC-SIG-connect-nat-type. */
export const NAT_TYPES = ["cone", "symmetric", "restricted", "open", "unknown"] as const;

export type NatType = (typeof NAT_TYPES)[number];

export const natType = oneOf(NAT_TYPES, "The NAT in front of the sender");

export const RELAY_TRANSPORTS = ["udp", "tcp", "tls"] as const;

/** SPEC ARC-SIG-relay-servers-fields. */
export const relayServer = v.pipe(
  struct({
    id: text(1, 64, "The relay's name"),
    address: v.pipe(
      v.string("a host name or IP address"),
      v.check(isHost, "a host name or IP address"),
      v.metadata({ description: "IP address or DNS name", minLength: 1, maxLength: 253 }),
    ),
    port,
    priority: integer(0, 65_535, "Preference, lower first"),
    transport: v.optional(oneOf(RELAY_TRANSPORTS, "How to reach the relay; udp where absent")),
    token: v.optional(base64Url(24, "The recipient's token for this relay")),
    expires: v.optional(expires),
  }, { keys: ["expires"], when: (input) => "token" in input }),
  v.metadata({ description: "A relay that the recipient may use", dependentRequired: { token: ["expires"] } }),
);

/** What of `network_info` CONNECT and CONNECT_ACK share; `public_ip` and `public_port` come both or neither. */
export function networkInfo<const N extends v.GenericSchema>(natTypeField: N) {
  return v.pipe(
    struct({
      public_ip: v.optional(ip),
      public_port: v.optional(port),
      nat_type: natTypeField,
      local: v.optional(list(endpoint, "Addresses of the sender's own interfaces", 0, 8)),
      relay_servers: v.optional(list(relayServer, "Relays, put in by the server", 0, 8)),
    }, bothOrNeither("public_ip", "public_port")),
    v.metadata({
      description: "Where the sender can be reached",
      ...bothOrNeitherInJsonSchema("public_ip", "public_port"),
    }),
  );
}
