/**
 * One peer in `signaling.run`: an endpoint of the library, what is given to it, and what it comes to.
 *
 * ```
 * config  {session_id?, peer_id?, seed?, private_keys?[hex], suites?[], authentications?[], codecs?[], rotation_ms?,
 *          rotation_packets?, start_index?, token?, datagrams?, identity?, unix_start_ms?, until_ms?};
 *         identity: see `identity.ts`
 * ok      {outputs: [{at_ms, message}], state, states: [{at_ms, state}], events[], identity_verified?,
 *          round_trips: [{at_ms, rtt_ms}], protected: [{at_ms, ssrc, epoch, packets}]}
 * ```
 *
 * `states` are those that the machine tells its application as it comes to them. `identity_verified` is there once the
 * session is connected. `round_trips` are those that HEARTBEATs have measured, `protected` is what became of each
 * "protect": the epoch, and how many of the packets were protected. `start_index` is the packet index that each SSRC
 * begins at, and how many packets the first epoch has protected before.
 */
import { SeededRng } from "../../../../lib/base/rng.ts";
import { uuidV4 } from "../../../../lib/base/uuid.ts";
import type { CryptoBackend } from "../../../../lib/crypto/backend.ts";
import { identityStanding, isIdentityVerified } from "../../../../lib/crypto/identity.ts";
import { MAX_PACKET_INDEX } from "../../../../lib/crypto/packet_index.ts";
import { AUTHENTICATIONS, SUITE_NAMES } from "../../../../lib/crypto/suites.ts";
import { findCodec } from "../../../../lib/media/codec.ts";
import { SignalingEndpoint } from "../../../../lib/signaling/endpoint.ts";
import { messageToJson } from "../../../../lib/signaling/parse_message.ts";
import { KNOWN_CODECS } from "../../../../lib/signaling/selection.ts";
import { type Fields, RequestError } from "../../request.ts";
import { opOk, type OpResult } from "../../testee.ts";
import { readIdentity } from "./identity.ts";
import { PacketMaker } from "./packet_maker.ts";
import { type Sent, textOf, unixStartOf, untilOf } from "./run_time.ts";

const SESSION = "11111111-1111-4111-8111-111111111111";
const PEERS = {
  caller: "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa",
  callee: "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb",
} as const;

export function runPeer(
  role: "caller" | "callee",
  config: Fields,
  inputs: readonly Fields[],
  crypto: CryptoBackend,
): OpResult {
  const identity = readIdentity(config);
  const endpoint = makeEndpoint(role, config, identity, crypto);
  const packets = new PacketMaker(endpoint, crypto, config.integerOr("start_index", 0, MAX_PACKET_INDEX, 0));
  const outputs: Sent[] = [];
  const events: string[] = [];
  const states: object[] = [];
  const roundTrips: object[] = [];
  const protectedRuns: object[] = [];
  const drain = (nowMs: number) => {
    for (let out = endpoint.poll(); out !== undefined; out = endpoint.poll()) {
      if (out.kind === "send") outputs.push({ at_ms: nowMs, message: messageToJson(out.message) });
      else events.push(out.kind);
      if (out.kind === "state") states.push({ at_ms: nowMs, state: out.state });
      if (out.kind === "heartbeat_ack") roundTrips.push({ at_ms: nowMs, rtt_ms: out.rttMs });
    }
  };
  const runTo = (untilMs: number) => {
    for (
      let dueMs = endpoint.nextTimeoutMs();
      dueMs !== undefined && dueMs <= untilMs;
      dueMs = endpoint.nextTimeoutMs()
    ) {
      endpoint.timeout(dueMs);
      drain(dueMs);
    }
  };
  if (!(inputs[0]?.has("command") && inputs[0].text("command") === "up")) {
    endpoint.up(0);
    drain(0);
  }
  for (const input of inputs) {
    const nowMs = input.number("at_ms");
    runTo(nowMs);
    if (!input.has("command")) endpoint.receive(textOf(input), nowMs);
    else if (input.text("command") === "protect") {
      protectedRuns.push({ at_ms: nowMs, ...packets.protect(input) });
      endpoint.checkBudget(nowMs);
    } else command(endpoint, input, nowMs);
    drain(nowMs);
  }
  runTo(untilOf(config, inputs));
  const { agreement } = endpoint;
  return opOk({
    outputs,
    state: endpoint.state,
    states,
    events,
    ...(agreement && {
      identity_verified: isIdentityVerified(
        identityStanding(agreement.remote.certificate, identity.identityPolicy.kind),
      ),
    }),
    round_trips: roundTrips,
    protected: protectedRuns,
  });
}

function makeEndpoint(
  role: "caller" | "callee",
  config: Fields,
  identity: ReturnType<typeof readIdentity>,
  backend: CryptoBackend,
): SignalingEndpoint {
  const codecs = config.has("codecs")
    ? config.texts("codecs").map((name) => ({ name, kind: findCodec(name)?.kind ?? "video" as const }))
    : KNOWN_CODECS;
  const rng = new SeededRng(config.integerOr("seed", 0, 0xffff_ffff, 1));
  return new SignalingEndpoint({
    role,
    sessionId: config.textOr("session_id", role === "caller" ? uuidV4(rng) : SESSION),
    peerId: config.textOr("peer_id", PEERS[role]),
    rng,
    backend,
    unixOffsetMs: unixStartOf(config),
    codecs,
    suites: SUITE_NAMES.filter((suite) => !config.has("suites") || config.texts("suites").includes(suite)),
    authentications: AUTHENTICATIONS.filter((name) =>
      !config.has("authentications") || config.texts("authentications").includes(name)
    ),
    resolutions: [],
    reducedHeader: true,
    rtx: true,
    fec: true,
    networkInfo: () => ({ nat_type: "unknown" }),
    ...identity,
    epochLimits: {
      ...(config.has("rotation_ms") ? { intervalMs: config.number("rotation_ms") } : {}),
      ...(config.has("rotation_packets") ? { packetLimit: config.integer("rotation_packets", 1, 2 ** 31) } : {}),
    },
    ...(config.has("token") ? { token: config.text("token") } : {}),
    overDatagrams: config.flag("datagrams"),
    privateKeys: config.has("private_keys") ? config.hexList("private_keys") : [],
  });
}

const COMMANDS = [
  "up",
  "down",
  "rotate",
  "disconnect",
  "heartbeat",
  "metrics",
  "start_stream",
  "stop_stream",
  "adapt",
] as const;

function command(endpoint: SignalingEndpoint, input: Fields, nowMs: number): void {
  switch (input.oneOf("command", COMMANDS)) {
    case "up":
      return endpoint.up(nowMs);
    case "down":
      return endpoint.down();
    case "rotate":
      return endpoint.rotate("manual", nowMs);
    case "disconnect":
      return endpoint.disconnect("user_request", nowMs);
    case "heartbeat":
      return endpoint.heartbeat(nowMs);
    case "metrics":
      return endpoint.metrics({ latency: {}, quality: {}, performance: {}, network: {} }, nowMs);
    case "start_stream":
      return startStream(endpoint, input, nowMs);
    case "stop_stream":
      return endpoint.stopStream(input.text("stream_id"), "user_request", nowMs);
    case "adapt":
      return endpoint.adaptQuality(input.text("stream_id"), { bitrate: 64_000 }, "bandwidth", nowMs);
  }
}

function startStream(endpoint: SignalingEndpoint, input: Fields, nowMs: number): void {
  if (endpoint.agreement === undefined) throw new RequestError(`${input.pathOf("command")} needs a connected session`);
  const audio = { name: "opus", bitrate: 128_000, sample_rate: 48_000, channels: 2 };
  endpoint.startStream(
    { stream_id: input.text("stream_id"), stream_type: "audio", codec: { audio }, ssrc: input.u32("ssrc") },
    nowMs,
  );
}
