/** SPEC clauses 5.2 and 5.2.1 to 5.2.3: what every message has, CONNECT, CONNECT_ACK, and the relays in them. */
import type { Case } from "../../case.ts";
import { vectorCase } from "../../vector_case.ts";
import { boundsCase, writtenCase } from "./message_cases.ts";

const OP = "signaling.parse";
const LONG = "a".repeat(33);
const KEY = "BGD-1LolWp0xyWHrdMY1bWjASbiSO2H6bOZpYi5g8p-2eQP-EAi4vJmkGunpVii8ZPLxsgwtfp9Rd6PClNRGIpk";
const ADDRESS = { ip: "192.0.2.1", port: 1 };
const RELAY = { id: "r", address: "192.0.2.1", port: 3478, priority: 0 };
const TOKEN = "GB8mLTQ7QklQV15lbHN6gYiPlp2kq7K5";
/** Of network_info: what its addresses and NAT may be, in either message. */
const NETWORK = [
  {
    field: "network_info.nat_type",
    good: ["cone", "symmetric", "restricted", "open", "unknown"],
    bad: ["Cone", "full-cone", "", 1],
  },
  {
    field: "network_info.public_ip",
    good: ["0.0.0.0", "255.255.255.255", "::1", "2001:db8::7"],
    bad: ["256.1.1.1", "1.2.3", "01.2.3.4", "host.example", "", "2001:db8::7::1"],
  },
  { field: "network_info.public_port", good: [1, 65_535], bad: [0, 65_536, 1.5, "80"] },
  {
    field: "network_info.local",
    good: [[], Array(8).fill(ADDRESS)],
    bad: [Array(9).fill(ADDRESS), {}, [{ ip: "::1" }]],
  },
  { field: "network_info.local.0.port", good: [1, 65_535], bad: [0, 65_536] },
] as const;

export const CASES: readonly Case[] = [
  vectorCase("signaling/message-tables", "ARC-SIG-message-tables", OP, "Each message is read as its table says"),
  vectorCase(
    "signaling/message-session-id",
    "ARC-SIG-message-session-id",
    OP,
    "The nil session is for heartbeats only",
  ),
  vectorCase(
    "signaling/message-round-trip",
    "ARC-SIG-message-round-trip",
    "signaling.write",
    "What is written is whole",
  ),
  vectorCase("signaling/message-round-trip-read", "ARC-SIG-message-round-trip", OP, "What is read is whole"),

  vectorCase("signaling/connect-fields", "ARC-SIG-connect-fields", OP, "CONNECT is read as its table says"),
  writtenCase("signaling/connect-written", "ARC-SIG-connect-fields", "CONNECT"),
  boundsCase(
    "signaling/connect-bounds",
    "ARC-SIG-connect-fields",
    "Each bound of CONNECT holds on both sides",
    "CONNECT",
    [
      {
        field: "capabilities.codecs",
        good: [["opus"], ["a".repeat(32)]],
        bad: [[], [LONG], ["Opus"], ["a b"], [""], "opus"],
      },
      { field: "capabilities.resolutions", good: [[], ["a".repeat(16)]], bad: [["a".repeat(17)], [720], undefined] },
      { field: "capabilities.encryption", good: [["a".repeat(32)]], bad: [[], [LONG], undefined] },
      { field: "capabilities.transport", good: [["udp"], ["tcp", "udp"]], bad: [[], ["a".repeat(17)]] },
      { field: "capabilities.authentication", good: [["none"], undefined], bad: [[], [LONG]] },
      { field: "capabilities.reduced_header", good: [true, false, undefined], bad: [0, "true", null] },
      { field: "capabilities.supports_webrtc", good: [true, undefined], bad: [1] },
      ...NETWORK,
      { field: "encryption.key_exchange", good: ["ecdh-p256"], bad: ["ecdh-p384", "", undefined] },
      { field: "encryption.public_key", good: [KEY], bad: ["a".repeat(129), 1, undefined] },
      { field: "identity", good: [undefined], bad: [{}, { certificate: "MAA=" }, []] },
      { field: "identity.signature", good: ["A".repeat(86)], bad: ["A".repeat(129), undefined] },
      { field: "token", good: ["", "a".repeat(4096), undefined], bad: ["a".repeat(4097), 1] },
      { field: "epoch", good: [0, 4_294_967_295], bad: [-1, 4_294_967_296, 1.5] },
      { field: "proof", good: ["A".repeat(22)], bad: ["A".repeat(21), "A".repeat(23), "+".repeat(22)] },
      { field: "timestamp", good: [0, 2 ** 53 - 1], bad: [-1, 2 ** 53, 0.5, "0"] },
    ],
  ),
  vectorCase("signaling/connect-codecs", "ARC-SIG-connect-codecs", OP, "One list of codecs, in order"),
  vectorCase("signaling/connect-offer-comma", "ARC-SIG-connect-offer-comma", OP, "No comma in an offered suite"),
  vectorCase("signaling/connect-opaque-codec", "ARC-SIG-connect-opaque-codec", OP, "Any codec of the pattern is taken"),
  vectorCase("signaling/connect-nat-type", "ARC-SIG-connect-nat-type", OP, "A nat_type is one of five"),
  vectorCase("signaling/connect-address-pair", "ARC-SIG-connect-address-pair", OP, "Public address: both or neither"),
  vectorCase(
    "signaling/connect-resume-fields",
    "ARC-SIG-connect-resume-fields",
    OP,
    "A resumption has epoch and proof",
  ),

  vectorCase("signaling/connect-ack-fields", "ARC-SIG-connect-ack-fields", OP, "CONNECT_ACK is read as its table says"),
  writtenCase("signaling/connect-ack-written", "ARC-SIG-connect-ack-fields", "CONNECT_ACK"),
  boundsCase(
    "signaling/connect-ack-bounds",
    "ARC-SIG-connect-ack-fields",
    "Each bound of CONNECT_ACK holds on both sides",
    "CONNECT_ACK",
    [
      { field: "accepted", good: [true], bad: [1, "true", null, undefined] },
      {
        field: "encryption.algorithm",
        good: ["aes-256-gcm", "chacha20-poly1305"],
        bad: ["AES-128-GCM", "des", undefined],
      },
      { field: "encryption.authentication", good: ["none", undefined], bad: ["hmac", ""] },
      { field: "encryption", good: [], bad: [undefined, "aes-128-gcm"] },
      {
        field: "selected_codecs",
        good: [{ audio: "opus" }, { video: "x-lidar.v2" }],
        bad: [{}, undefined, { audio: "Opus" }],
      },
      { field: "capabilities", good: [undefined, {}], bad: [[], { fec: "yes" }] },
      { field: "network_info", good: [{}], bad: [undefined, []] },
      ...NETWORK.filter(({ field }) => field !== "network_info.nat_type"),
    ],
  ),
  vectorCase("signaling/connect-ack-refusal", "ARC-SIG-connect-ack-refusal", OP, "A refusal has a code as its reason"),
  vectorCase("signaling/connect-ack-codec-kinds", "ARC-SIG-connect-ack-codec-kinds", OP, "Codecs stand in their kind"),

  vectorCase(
    "signaling/relay-servers-fields",
    "ARC-SIG-relay-servers-fields",
    OP,
    "Relays are read as their table says",
  ),
  boundsCase(
    "signaling/relay-servers-bounds",
    "ARC-SIG-relay-servers-fields",
    "Each bound of a relay entry holds on both sides",
    "CONNECT",
    [
      { field: "network_info.relay_servers", good: [[], Array(8).fill(RELAY)], bad: [Array(9).fill(RELAY), RELAY] },
      { field: "network_info.relay_servers.0.id", good: ["a", "a".repeat(64)], bad: ["", "a".repeat(65), undefined] },
      {
        field: "network_info.relay_servers.0.address",
        good: ["::1", "10.0.0.1", "relay", `${"a".repeat(60)}.example`],
        bad: ["", "a".repeat(254), "a b", "999.1.1.1", undefined],
      },
      { field: "network_info.relay_servers.0.port", good: [1, 65_535], bad: [0, 65_536, undefined] },
      { field: "network_info.relay_servers.0.priority", good: [0, 65_535], bad: [-1, 65_536, undefined] },
      { field: "network_info.relay_servers.0.transport", good: ["tcp", "tls", undefined], bad: ["quic", "UDP"] },
      { field: "network_info.relay_servers.0.token", good: [TOKEN], bad: [TOKEN.slice(1), `${TOKEN}AA`, `${TOKEN}=`] },
      { field: "network_info.relay_servers.0.expires", good: [0, 2 ** 53 - 1], bad: [undefined, -1, 1.5] },
    ],
  ),
  vectorCase("signaling/relay-servers-expires", "ARC-SIG-relay-servers-expires", OP, "expires is read as seconds"),
];
