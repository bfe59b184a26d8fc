/** How the other peer and the peer under test come to have keys: CONNECT and CONNECT_ACK, from either side. */
import { formatHostPort } from "../../../lib/base/address_table.ts";
import { unwrap } from "../../../lib/base/parsed.ts";
import { defaultBackend } from "../../../lib/crypto/backend_choice.ts";
import { generateKeyPair, writePublicKey } from "../../../lib/crypto/ecdh.ts";
import type { Authentication, SuiteName } from "../../../lib/crypto/suites.ts";
import { findCodec } from "../../../lib/media/codec.ts";
import { SystemRng } from "../../../lib/net/system_rng.ts";
import { type Negotiated, SessionKeys } from "../../../lib/signaling/session_keys.ts";
import { brief } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import { type Line, messageOf } from "../line.ts";
import type { PeerRole } from "../peer_source.ts";
import type { PeerWay } from "../peer_way.ts";
import type { PeerWorld } from "../peer_world.ts";
import type { FarPath } from "./far_path.ts";
import { FarPeer } from "./far_peer.ts";
import { HeardLog } from "./heard_log.ts";
import type { PlayedRelay, RelayWish } from "./played_relay.ts";
import { Stage } from "./stage.ts";

/** How the other peer is, where it is not as usual. */
export interface CallWish {
  /** How the peer speaks to its server, where it matters. */
  readonly over?: PeerWay;
  /** By preference, when we are the caller; else the first of them that the peer offers is picked. */
  readonly suites?: readonly string[];
  /** The same; `absent` leaves the list out of our offer. */
  readonly authentications?: readonly string[] | "absent";
  readonly reducedHeader?: boolean;
  readonly rtx?: boolean;
  readonly fec?: boolean;
  /** Sockets that are named in `network_info.local`; one as a rule. */
  readonly paths?: number;
  /**
   * The callee can be reached by TCP on its port number: our first path is a listener too, or the number that the peer
   * has named is free for it to listen on.
   */
  readonly tcp?: boolean;
  /** Nothing answers a HEARTBEAT of the peer's until its `isAnswering` is set, straight or through relays. */
  readonly pathsAreSilent?: boolean;
  /** Relays that the suite plays; a number is the priority of one over UDP. */
  readonly relays?: readonly (number | RelayWish)[];
  /** They answer no RELAY_BIND until their `isAnswering` is set. */
  readonly relaysAreSilent?: boolean;
  /** Changes our `network_info`, made for these sockets. */
  readonly network?: (info: Json, paths: readonly FarPath[]) => Json;
}

export const SUITES: readonly SuiteName[] = ["aes-128-gcm", "aes-256-gcm", "chacha20-poly1305"];
const AUTHENTICATIONS: readonly Authentication[] = ["hmac-sha256-80", "none"];
const CODECS = ["opus", "vp9", "h264", "av1", "h265", "aac", "g722", "pcm"];

/** Peers that are started one after the other where the port number of one is not free for TCP. */
const PORT_TRIES = 8;

/** Starts the peer under test in its role and comes to have keys with it. */
export async function meet(world: PeerWorld, role: PeerRole, wish: CallWish = {}): Promise<FarPeer> {
  for (let tries = 1;; tries++) {
    const far = await meetOne(world, role, wish);
    const isListener = wish.tcp === true && role === "callee";
    if (!isListener || tries === PORT_TRIES || await world.canListen(far.listensAt)) return far;
    world.note(`${formatHostPort(far.listensAt)} is taken for TCP on this host: another peer is started`);
    await world.dismiss();
  }
}

async function meetOne(world: PeerWorld, role: PeerRole, wish: CallWish): Promise<FarPeer> {
  const log = new HeardLog(world.desk);
  const stage = new Stage(world, log);
  const { paths: count = 1 } = wish;
  const tcp = wish.tcp === true && role === "caller";
  const relayWishes = (wish.relays ?? []).map((one) => typeof one === "number" ? { priority: one } : one);
  const grant = { sessionId: world.sessionId, peerId: role === "caller" ? world.callerId : world.calleeId };
  await stage.open({ paths: count, tcp, relays: relayWishes }, grant);
  const { paths, relays, places } = stage;
  for (const relay of relays) relay.isAnswering = wish.relaysAreSilent !== true;
  for (const place of places) place.isAnswering = wish.pathsAreSilent !== true;

  const trustsRelays = relayWishes.some(({ transport }) => transport === "tls");
  const relay = relays.find(({ isKnown }) => isKnown)?.known;
  const signal = await world.start(role, { over: wish.over, relay, trustsRelays });
  const agreement = new SessionKeys(world.sessionId, new SystemRng(), defaultBackend().p256);
  const publicKey = writePublicKey(agreement.offer(0));
  const info = networkInfo(paths, relays, wish);
  const hello: Hello = { world, signal, keys: agreement, publicKey, wish, networkInfo: info, log };
  const said = role === "caller" ? {} : connectOf(hello);
  const { heard, negotiated } = role === "caller" ? await answerConnect(hello) : await sendConnect(hello, said);
  const far = new FarPeer({
    world,
    log,
    signal,
    stage,
    agreement,
    negotiated,
    role,
    hello: said,
    heard,
    networkInfo: info,
  });
  stage.enter((path, unit, atMs) => far.tookUnit(path, unit, atMs));
  signal.divert((unit) => far.tookSignal(unit));
  return far;
}

/** A CONNECT of ours that nobody will hold us to: no socket is behind it. */
export function sayConnect(world: PeerWorld, wish: CallWish = {}): Json {
  const publicKey = writePublicKey(generateKeyPair(new SystemRng(), defaultBackend().p256).publicKey);
  return connectOf({ world, publicKey, wish, networkInfo: { nat_type: "unknown" } });
}

/** What was agreed on, and the peer's half of it as it came. */
interface Met {
  readonly heard: Json;
  readonly negotiated: Negotiated;
}

interface Hello {
  readonly world: PeerWorld;
  readonly signal: Line;
  readonly keys: SessionKeys;
  readonly publicKey: string;
  readonly wish: CallWish;
  readonly networkInfo: Json;
  /** The peer's half of the handshake is written down there. */
  readonly log: HeardLog;
}

function networkInfo(paths: readonly FarPath[], relays: readonly PlayedRelay[], { network }: CallWish): Json {
  const local = paths.map(({ local: { host, port } }) => ({ ip: host, port }));
  const relay_servers = relays.filter(({ isKnown }) => !isKnown).map(({ entry }) => entry);
  const info = { nat_type: "open", local, ...(relay_servers.length === 0 ? {} : { relay_servers }) };
  return network?.(info, paths) ?? info;
}

/** The peer under test is the caller: the first that it offers of what we want is picked. */
async function answerConnect({ world, signal, keys, publicKey, wish, networkInfo, log }: Hello): Promise<Met> {
  const connect = await signal.nextMessage("CONNECT", { session_id: world.sessionId });
  log.push({ kind: "signal", message: connect });
  const { capabilities, encryption, peer_id: callerPeerId } = connect as { [name: string]: Json };
  const offeredEncryption = capabilities.encryption as string[];
  const offeredAuthentication = capabilities.authentication as string[] | undefined;
  const suite = SUITES.filter((one) => (wish.suites ?? SUITES).includes(one))
    .find((one) => offeredEncryption.includes(one));
  const offers = offeredAuthentication ?? [AUTHENTICATIONS[0]];
  const authentication = AUTHENTICATIONS.filter((one) => authenticationsOf(wish).includes(one))
    .find((one) => offers.includes(one));
  if (suite === undefined || authentication === undefined) {
    return world.skip(`the peer does not offer ${brief(wish)}`);
  }
  const codecs = capabilities.codecs as string[];
  const audio = codecs.find((codec) => findCodec(codec)?.kind === "audio");
  const video = codecs.find((codec) => findCodec(codec)?.kind === "video");
  await signal.say({
    type: "CONNECT_ACK",
    version: "1.0",
    session_id: world.sessionId,
    peer_id: world.calleeId,
    accepted: true,
    selected_codecs: { ...(audio === undefined ? {} : { audio }), ...(video === undefined ? {} : { video }) },
    capabilities: extras(wish),
    network_info: networkInfo,
    encryption: { algorithm: suite, authentication, key_exchange: "ecdh-p256", public_key: publicKey },
    timestamp: world.freshTimestamp(),
  });
  const negotiated = {
    callerPeerId: String(callerPeerId),
    calleePeerId: world.calleeId,
    offeredEncryption,
    ...(offeredAuthentication === undefined ? {} : { offeredAuthentication }),
    suite,
    authentication,
  };
  derive(keys, encryption, false, negotiated);
  return { heard: connect, negotiated };
}

/** What we say to a callee. */
function connectOf({ world, publicKey, wish, networkInfo }: Omit<Hello, "signal" | "keys" | "log">): Json {
  const { suites = SUITES, authentications } = wish;
  return {
    type: "CONNECT",
    version: "1.0",
    session_id: world.sessionId,
    peer_id: world.callerId,
    capabilities: {
      codecs: CODECS,
      resolutions: ["720p"],
      encryption: suites,
      transport: ["udp"],
      ...(authentications === "absent" ? {} : { authentication: authenticationsOf(wish) }),
      ...extras(wish),
    },
    network_info: networkInfo,
    encryption: { key_exchange: "ecdh-p256", public_key: publicKey },
    timestamp: world.freshTimestamp(),
  };
}

/** The peer under test is the callee. */
async function sendConnect({ world, signal, keys, wish, log }: Hello, connect: Json): Promise<Met> {
  const { suites = SUITES, authentications } = wish;
  await signal.say(connect);
  const unit = await signal.eventually("a CONNECT_ACK", (one) => messageOf(one).type === "CONNECT_ACK");
  const ack = messageOf(unit) as { [name: string]: Json };
  log.push({ kind: "signal", message: ack });
  // Nobody but the default has to be there.
  const isOptional = !suites.includes(SUITES[0]) || !authenticationsOf(wish).includes(AUTHENTICATIONS[0]);
  if (isOptional && String(ack.reason) === "no_common_cipher") world.skip(`the peer has no ${brief(wish)}`);
  world.require(Boolean(ack.accepted), "an acceptance", brief(ack));
  const { algorithm: suite, authentication = AUTHENTICATIONS[0] } = ack.encryption;
  const isOffered = suites.includes(suite as SuiteName) &&
    authenticationsOf(wish).includes(authentication as Authentication);
  world.require(isOffered, "suite and authentication out of the offers", brief(ack.encryption));
  const negotiated = {
    callerPeerId: world.callerId,
    calleePeerId: String(ack.peer_id),
    offeredEncryption: suites,
    ...(authentications === "absent" ? {} : { offeredAuthentication: authenticationsOf(wish) }),
    suite: suite as SuiteName,
    authentication: authentication as Authentication,
  };
  derive(keys, ack.encryption, true, negotiated);
  return { heard: ack, negotiated };
}

/** An absent list means the HMAC tag alone (SPEC ARC-SRTP-choice-authentication). */
function authenticationsOf({ authentications = AUTHENTICATIONS }: CallWish): readonly string[] {
  return authentications === "absent" ? [AUTHENTICATIONS[0]] : authentications;
}

function extras({ reducedHeader = false, rtx = false, fec = false }: CallWish): Json {
  return { reduced_header: reducedHeader, rtx, fec, native_platform: true };
}

function derive(keys: SessionKeys, encryption: Json, weAreCaller: boolean, negotiated: Negotiated): void {
  keys.derive(0, unwrap(keys.judgePeerKey(0, String(encryption.public_key))), weAreCaller, negotiated);
}
