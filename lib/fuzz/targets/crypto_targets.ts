/** Receivers of protected packets, sealed messages, keys and certificates: forgeries must never pass. */
import { toHex, utf8 } from "../../base/bytes.ts";
import { SeededRng } from "../../base/rng.ts";
import { ArmoricoreSrtp } from "../../crypto/armoricore_srtp.ts";
import { nobleBackend } from "../../crypto/backend_noble.ts";
import { parseCertificate, parseFingerprint, parseTrustAnchors } from "../../crypto/certificate.ts";
import { parseDerElements } from "../../crypto/der.ts";
import { parsePublicKey } from "../../crypto/ecdh.ts";
import { parsePrivateKeyPem } from "../../crypto/identity.ts";
import { keyFileStem, openKeyFile, parseKeyMeta, sealKeyFile } from "../../crypto/keystore.ts";
import { issueRelayToken, parseRelayToken } from "../../crypto/relay_token.ts";
import { Sealer, SealReceiver } from "../../crypto/seal.ts";
import { srtcpOverheadBytes, SrtcpReceiver, SrtcpSender } from "../../crypto/srtcp.ts";
import { SrtpStreamKeys } from "../../crypto/srtp_keys.ts";
import { SrtpSender } from "../../crypto/srtp_protect.ts";
import { SrtpReceiver } from "../../crypto/srtp_unprotect.ts";
import { parseSubjectUris } from "../../crypto/subject_uris.ts";
import { unwrap } from "../../base/parsed.ts";
import { ArcRtpView } from "../../packet/arcrtp.ts";
import { CA, ISSUED, P384, SELF_SIGNED_NAMED } from "../../crypto/testing/certificates.ts";
import { demand, type FuzzCase, type FuzzTarget } from "../target.ts";
import { arcRtpBytes } from "./packet_targets.ts";
import { parsedBehaviour, parserTarget } from "./parser_target.ts";

const SSRC = 0x89abcdef;

const material = {
  encryptionKey: new SeededRng(1).fill(new Uint8Array(16)),
  authKey: new SeededRng(2).fill(new Uint8Array(32)),
  salt: new SeededRng(3).fill(new Uint8Array(12)),
};

const makeKeys = () => new SrtpStreamKeys(nobleBackend, "aes-128-gcm", "hmac-sha256-80", material);

/** Imported once: receivers only read them. */
let keys: SrtpStreamKeys | undefined;
const sharedKeys = () => keys ??= makeKeys();

let genuinePackets: readonly Uint8Array[] | undefined;

/** Packets that a sender really protected, around the first rollover. */
function genuineRtp(): readonly Uint8Array[] {
  if (genuinePackets !== undefined) return genuinePackets;
  const sender = new SrtpSender(SSRC);
  const view = new ArcRtpView();
  genuinePackets = [65_530, 65_531, 65_533, 65_535, 0, 1, 2, 70].map((sequenceNumber, i) => {
    const plain = arcRtpBytes({
      payloadType: 111,
      sequenceNumber,
      timestamp: 960 * i,
      ssrc: SSRC,
      quality: 1,
      priority: 0,
      keyPhase: 0,
      ...(i % 2 === 0 ? { extension: { profile: 0xbede, data: new Uint8Array(8) } } : { lossTenths: 3 }),
      payload: new SeededRng(i).fill(new Uint8Array(20 + i)),
    });
    const room = new Uint8Array(plain.length + sharedKeys().overheadBytes);
    room.set(plain);
    view.parse(room, 0, plain.length);
    demand(sender.protect(sharedKeys(), view) === "ok", "state", "a packet of ours cannot be protected");
    return room;
  });
  return genuinePackets;
}

/** What authenticated was really sent, and never passes twice. SPEC ARC-SRTP-replay-before-auth, ARC-SRTP-hmac-tag. */
class ForgeryJudge {
  readonly #genuine: ReadonlySet<string>;
  readonly #seen = new Set<string>();

  constructor(genuine: readonly Uint8Array[]) {
    this.#genuine = new Set(genuine.map(toHex));
  }

  accepted(hex: string): void {
    demand(this.#genuine.has(hex), "response", "a forged packet was accepted", "ARC-SRTP-hmac-tag");
    demand(!this.#seen.has(hex), "response", "a replayed packet was accepted", "ARC-SRTP-receive-order");
    this.#seen.add(hex);
  }
}

function receiveRtp(units: FuzzCase): string {
  const receiver = new SrtpReceiver(SSRC, 0);
  const judge = new ForgeryJudge(genuineRtp());
  const view = new ArcRtpView();
  const outcomes = new Set<string>();
  units.forEach((unit, i) => {
    const bytes = unit.slice();
    if (!view.parse(bytes)) return outcomes.add(view.faultReason ?? "");
    const outcome = receiver.unprotect(sharedKeys(), view, 300 * i);
    if (outcome === "ok") judge.accepted(toHex(unit));
    else demand(toHex(bytes) === toHex(unit), "state", "a refused packet was changed", "ARC-SRTP-receive-order");
    return outcomes.add(outcome);
  });
  return [...outcomes].join(" ");
}

let genuineReports: readonly Uint8Array[] | undefined;

function genuineRtcp(): readonly Uint8Array[] {
  if (genuineReports !== undefined) return genuineReports;
  const sender = new SrtcpSender(SSRC);
  genuineReports = [8, 32, 60].map((bytes) => {
    const room = new Uint8Array(bytes + srtcpOverheadBytes(sharedKeys()));
    room.set([0x80, 201, 0, bytes / 4 - 1, 0x89, 0xab, 0xcd, 0xef]);
    demand(sender.protect(sharedKeys(), room, 0, bytes) === "ok", "state", "a report of ours cannot be protected");
    return room;
  });
  return genuineReports;
}

function receiveRtcp(units: FuzzCase): string {
  const receiver = new SrtcpReceiver(SSRC);
  const judge = new ForgeryJudge(genuineRtcp());
  const outcomes = new Set<string>();
  for (const unit of units) {
    const bytes = unit.slice();
    const outcome = receiver.unprotect(sharedKeys(), bytes, 0, bytes.length);
    if (outcome === "ok") judge.accepted(toHex(unit));
    else demand(toHex(bytes) === toHex(unit), "state", "a refused report was changed", "ARC-SRTP-srtcp-replay");
    outcomes.add(outcome);
  }
  return [...outcomes].join(" ");
}

const sealingMac = () => nobleBackend.importMac(material.authKey);
let genuineSealed: readonly Uint8Array[] | undefined;

function sealedUnits(): readonly Uint8Array[] {
  if (genuineSealed !== undefined) return genuineSealed;
  const sealer = new Sealer(sealingMac(), 60);
  genuineSealed = [1, 2, 3, 4].map((n) => {
    const json = utf8(`{"type":"HEARTBEAT","sequence":${n}}`);
    const room = new Uint8Array(json.length + 40);
    return room.slice(0, unwrap(sealer.seal(json, (room.set(json), room))));
  });
  return genuineSealed;
}

function receiveSealed(units: FuzzCase): string {
  const receiver = new SealReceiver(sealingMac());
  const judge = new ForgeryJudge(sealedUnits());
  const outcomes = new Set<string>();
  for (const unit of units) {
    const opened = receiver.open(unit);
    if (opened.ok) judge.accepted(toHex(unit));
    outcomes.add(opened.ok ? "ok" : opened.fault.reason);
  }
  return [...outcomes].join(" ");
}

const MASTER = new SeededRng(9).fill(new Uint8Array(32));
const KEY_META = {
  id: "srtp:master_key:550e8400-e29b-41d4-a716-446655440000",
  key_type: "SrtpMasterKey",
  current_version: 1,
  versions: [{ version: 1, created_at: 1_700_000_000, expires_at: null, is_active: true, metadata: {} }],
  created_at: 1_700_000_000,
  updated_at: 1_700_000_000,
  metadata: {},
};

let keyFile: Uint8Array | undefined;
const genuineKeyFile = () => keyFile ??= sealKeyFile(material.encryptionKey, MASTER, new SeededRng(4));

const der = (base64: string) => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));

/** The DER inside of the tests' certificates. */
const certificateSeeds = () =>
  [CA, ISSUED, P384, SELF_SIGNED_NAMED].map(({ certificatePem }) => der(pemBody(certificatePem)));

function pemBody(pem: string): string {
  return pem.replace(/-----[^-]+-----|\s/g, "");
}

const ascii = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes);

const TOKEN = issueRelayToken(MASTER, {
  sessionId: KEY_META.id.slice(-36),
  peerId: KEY_META.id.slice(-36),
  expiresS: 1_700_000_000,
});

export const CRYPTO_TARGETS: readonly FuzzTarget[] = [
  {
    name: "crypto.srtp",
    area: "parser",
    summary: "a receiver of ArcSRTP: forgeries and replays of packets that were really sent",
    shape: "bytes",
    maxUnits: 12,
    seeds: () => [genuineRtp(), [...genuineRtp()].reverse(), ...genuineRtp().map((unit) => [unit, unit])],
    run: receiveRtp,
  },
  {
    name: "crypto.srtcp",
    area: "parser",
    summary: "a receiver of ArcSRTCP: forgeries and replays",
    shape: "bytes",
    maxUnits: 8,
    seeds: () => [genuineRtcp(), ...genuineRtcp().map((unit) => [unit, unit])],
    run: receiveRtcp,
  },
  {
    name: "crypto.sealed",
    area: "parser",
    summary: "a receiver of sealed messages: forgeries and replays",
    shape: "bytes",
    maxUnits: 8,
    seeds: () => [sealedUnits(), [...sealedUnits()].reverse()],
    run: receiveSealed,
  },
  parserTarget({
    name: "crypto.armoricore_srtp",
    summary: "the armoricore dialect's protection",
    seeds: () => genuineRtp(),
    vectorOps: ["srtp.receive"],
    parse: (bytes) => {
      const config = { masterKey: MASTER.subarray(0, 16), masterSalt: MASTER.subarray(16, 30), ssrc: SSRC, roc: 0 };
      const receiver = unwrap(ArmoricoreSrtp.create(nobleBackend, config));
      const view = new ArcRtpView();
      if (!view.parse(bytes.slice())) return view.faultReason ?? "";
      const outcome = receiver.unprotect(view);
      demand(outcome !== "ok", "response", "a forged packet was accepted");
      return outcome;
    },
  }),
  parserTarget({
    name: "crypto.der",
    summary: "DER elements and the names in certificates",
    seeds: certificateSeeds,
    parse: (bytes) => {
      const elements = parsedBehaviour(
        parseDerElements(bytes, 0, bytes.length),
        bytes.length,
        // Exact counts would keep a case for each of them, ever longer ones.
        (list) => `${32 - Math.clz32(list.length)}`,
      );
      // A fault within an element counts from where that ends, not from the end of the input.
      const uris = parseSubjectUris(bytes);
      return `${elements}, ${uris.ok ? `${uris.value.length} URIs` : uris.fault.reason}`;
    },
  }),
  parserTarget({
    name: "crypto.certificate",
    summary: "X.509 certificates",
    seeds: certificateSeeds,
    parse: (bytes) => parsedBehaviour(parseCertificate(bytes), bytes.length, () => "ok"),
  }),
  parserTarget({
    name: "crypto.pem",
    summary: "trust anchors, private keys, fingerprints and public keys as text",
    shape: "text",
    seeds: () => [utf8(CA.certificatePem), utf8(CA.privateKeyPem), utf8("AB:CD:EF"), utf8(TOKEN)],
    parse: (bytes) => {
      const text = ascii(bytes);
      const readings = [
        parseTrustAnchors(text),
        parsePrivateKeyPem(text),
        parseFingerprint(text),
        parsePublicKey(text),
      ];
      return readings.map((reading) => reading.ok ? "ok" : reading.fault.reason).join(" ");
    },
  }),
  parserTarget({
    name: "crypto.key_file",
    summary: "the engine's key files",
    seeds: () => [genuineKeyFile()],
    parse: (bytes) => {
      const opened = openKeyFile(bytes, MASTER);
      demand(!opened.ok || toHex(bytes) === toHex(genuineKeyFile()), "response", "a forged key file was opened");
      return opened.ok ? "ok" : opened.fault.reason;
    },
  }),
  parserTarget({
    name: "crypto.key_meta",
    summary: "the engine's key meta files and key ids",
    shape: "json",
    seeds: () => [utf8(JSON.stringify(KEY_META))],
    parse: (bytes) => {
      const text = new TextDecoder().decode(bytes);
      const meta = parseKeyMeta(text);
      const stem = keyFileStem(text);
      demand(!stem.ok || !/[/\\]/.test(stem.value), "response", "a key id leads out of its directory");
      return meta.ok ? "ok" : `${meta.fault.reason} ${meta.fault.path ?? ""}`;
    },
  }),
  parserTarget({
    name: "crypto.relay_token",
    summary: "relay tokens",
    shape: "text",
    seeds: () => [utf8(TOKEN)],
    parse: (bytes) => {
      const parsed = parseRelayToken(ascii(bytes));
      return parsed.ok ? "ok" : parsed.fault.reason;
    },
  }),
];
