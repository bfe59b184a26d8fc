/** How the other peer and the peer under test come to have keys: CONNECT and CONNECT_ACK, from either side. */
import { unwrap } from "../../../lib/base/parsed.ts";
import { generateKeyPair, writePublicKey } from "../../../lib/crypto/ecdh.ts";
import type { Authentication, SuiteName } from "../../../lib/crypto/suites.ts";
import { findCodec } from "../../../lib/media/codec.ts";
import { SystemRng } from "../../../lib/net/system_rng.ts";
import { type Negotiated, SessionKeys } from "../../../lib/signaling/session_keys.ts";
import { brief } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import { type Line, messageOf } from "../line.ts";
import type { PeerRole } from "../peer_source.ts";
import type { PeerWorld } from "../peer_world.ts";
import type { FarPath } from "./far_path.ts";
import { FarPeer } from "./far_peer.ts";
import { HeardLog } from "./heard_log.ts";
import { PlayedRelay } from "./played_relay.ts";

/** How the other peer is, where it is not as usual. */
export interface CallWish {
  /** By preference, when we are the caller; else the first of them that the peer offers is picked. */
  readonly suites?: readonly string[];
  /** The same; `absent` leaves the list out of our offer. */
  readonly authentications?: readonly string[] | "absent";
  readonly reducedHeader?: boolean;
  readonly rtx?: boolean;
  readonly fec?: boolean;
  /** Sockets that are named in `network_info.local`; one as a rule. */
  readonly paths?: number;
  /** They answer no HEARTBEAT until their `isAnswering` is set: from the very first one on. */
  readonly pathsAreSilent?: boolean;
  /** Relays that the suite plays, offered with these priorities; each has a socket in front of those of `paths`. */
  readonly relays?: readonly number[];
  /** They answer nothing. */
  readonly relaysAreSilent?: boolean;
  /** Changes our `network_info`, made for these sockets. */
  readonly network?: (info: Json, paths: readonly FarPath[]) => Json;
}

export const SUITES: readonly SuiteName[] = ["aes-128-gcm", "aes-256-gcm", "chacha20-poly1305"];
const AUTHENTICATIONS: readonly Authentication[] = ["hmac-sha256-80", "none"];
const CODECS = ["opus", "vp9", "h264", "av1", "h265", "aac", "g722", "pcm"];

/** Starts the peer under test in its role and comes to have keys with it. */
export async function meet(world: PeerWorld, role: PeerRole, wish: CallWish = {}): Promise<FarPeer> {
  const log = new HeardLog(world.desk);
  const met: { far?: FarPeer } = {};
  const early: { readonly path: FarPath; readonly unit: Uint8Array; readonly atMs: number }[] = [];
  const { relays: priorities = [] } = wish;
  const relayCount = priorities.length;
  const sockets = await Promise.all(
    Array.from(
      { length: relayCount + (wish.paths ?? 1) },
      (_, i) =>
        world.socket(i < relayCount ? `relay ${i + 1}` : `path ${i + 1 - relayCount}`, (path, unit) => {
          if (met.far === undefined) early.push({ path, unit: unit.slice(), atMs: world.desk.clock.nowMs() });
          else met.far.tookUnit(path, unit);
        }),
    ),
  );
  const grant = { sessionId: world.sessionId, peerId: role === "caller" ? world.callerId : world.calleeId };
  const relays = sockets.slice(0, relayCount).map((path) =>
    new PlayedRelay(path, grant, world.timestamp, wish.relaysAreSilent !== true)
  );
  const paths = sockets.slice(relayCount);
  for (const path of paths) path.isAnswering = wish.pathsAreSilent !== true;
  const signal = await world.start(role);
  const keys = new SessionKeys(world.sessionId, new SystemRng());
  const publicKey = writePublicKey(keys.offer(0));
  const hello: Hello = { world, signal, keys, publicKey, wish, networkInfo: networkInfo(paths, relays, wish) };
  const said = role === "caller" ? {} : connectOf(hello);
  const { heard, negotiated } = role === "caller" ? await answerConnect(hello) : await sendConnect(hello, said);
  const far = new FarPeer({ world, log, signal, paths, relays, keys, negotiated, role, hello: said, heard });
  for (const { path, unit, atMs } of early) far.tookUnit(path, unit, atMs);
  met.far = far;
  signal.divert((unit) => far.tookSignal(unit));
  return far;
}

/** A CONNECT of ours that nobody will hold us to: no socket is behind it. */
export function sayConnect(world: PeerWorld, wish: CallWish = {}): Json {
  const publicKey = writePublicKey(generateKeyPair(new SystemRng()).publicKey);
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
}

function networkInfo(paths: readonly FarPath[], relays: readonly PlayedRelay[], wish: CallWish): Json {
  const { network, relays: priorities = [] } = wish;
  const local = paths.map(({ local: { host, port } }) => ({ ip: host, port }));
  const relay_servers = relays.map((relay, i) => relay.entry(priorities[i]));
  const info = { nat_type: "open", local, ...(relays.length === 0 ? {} : { relay_servers }) };
  return network?.(info, paths) ?? info;
}

/** The peer under test is the caller: the first that it offers of what we want is picked. */
async function answerConnect({ world, signal, keys, publicKey, wish, networkInfo }: Hello): Promise<Met> {
  const connect = await signal.nextMessage("CONNECT", { session_id: world.sessionId });
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
function connectOf({ world, publicKey, wish, networkInfo }: Omit<Hello, "signal" | "keys">): Json {
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
async function sendConnect({ world, signal, keys, wish }: Hello, connect: Json): Promise<Met> {
  const { suites = SUITES, authentications } = wish;
  await signal.say(connect);
  const unit = await signal.eventually("a CONNECT_ACK", (one) => messageOf(one).type === "CONNECT_ACK");
  const ack = messageOf(unit) as { [name: string]: Json };
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
