/**
 * `signaling.run`: a signaling machine on virtual time. It gets inputs at their times, and everything that it sends is
 * answered with its own time, repetitions included.
 *
 * ```
 * role    "caller" | "callee": one peer's endpoint      "server": the hub, one channel for each `from`
 * config  {session_id?, peer_id?, seed?, private_keys?[hex], suites?[], authentications?[], codecs?[], rotation_ms?,
 *          rotation_packets?, token?, datagrams?, until_ms?; server: max_sessions?, messages_per_second?, idle_ms?}
 * inputs  [{at_ms, from?, message | json | command}]
 *         command (peers): "up" "down" "rotate" "disconnect" "heartbeat" "metrics"; with stream_id and ssrc
 *                          "start_stream" (Opus), with stream_id "stop_stream" and "adapt"
 *         command (server): "close"
 * ok      {outputs: [{at_ms, to?, message}], state, closed?: [{at_ms, to}] of the server,
 *          states?: [{at_ms, state}], each state that a peer's machine tells its application when it comes to it}
 * ```
 *
 * A peer's transport is up from 0 on unless the first input is the command "up". A caller without a `session_id` makes
 * one. In the server's outputs `to` names the
 * channel; a message of a `from` that is new joins it first, as the message's `peer_id`, or `peer_id` of the input.
 */
import { SeededRng } from "../../../lib/base/rng.ts";
import { uuidV4 } from "../../../lib/base/uuid.ts";
import { AUTHENTICATIONS, SUITE_NAMES } from "../../../lib/crypto/suites.ts";
import { SignalingEndpoint } from "../../../lib/signaling/endpoint.ts";
import { SignalingHub } from "../../../lib/signaling/hub.ts";
import { DEFAULT_HUB_LIMITS } from "../../../lib/signaling/hub_limits.ts";
import { isJsonObject, type JsonValue } from "../../../lib/signaling/json_value.ts";
import { parseJson } from "../../../lib/signaling/json.ts";
import { replyContext } from "../../../lib/signaling/error_reply.ts";
import { messageToJson, parseMessageWithJson } from "../../../lib/signaling/parse_message.ts";
import { KNOWN_CODECS } from "../../../lib/signaling/selection.ts";
import { findCodec } from "../../../lib/media/codec.ts";
import { type Fields, RequestError } from "../request.ts";
import { opOk, type OpResult, type Ops } from "../testee.ts";

/** Virtual Unix time at 0, unless the config says otherwise. */
const UNIX_START_MS = 1_700_000_000_000;
const SESSION = "11111111-1111-4111-8111-111111111111";
const PEERS = {
  caller: "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa",
  callee: "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb",
} as const;
/** A run ends here at the latest: virtual time is cheap, not free. */
const MAX_INPUTS = 10_000;
const MAX_UNTIL_MS = 7 * 24 * 3_600_000;

interface Sent {
  readonly at_ms: number;
  readonly to?: string;
  readonly message: JsonValue;
}

export const signalingRunOps: Ops = {
  "signaling.run": (request) => {
    const role = request.oneOf("role", ["caller", "callee", "server"] as const);
    const inputs = request.objects("inputs");
    if (inputs.length > MAX_INPUTS) {
      throw new RequestError(`${request.pathOf("inputs")} must have at most ${MAX_INPUTS}`);
    }
    let lastMs = 0;
    for (const input of inputs) {
      if (input.number("at_ms") < lastMs) throw new RequestError(`${input.pathOf("at_ms")} must not go back`);
      lastMs = input.number("at_ms");
    }
    return role === "server" ? runServer(request, inputs) : runPeer(role, request, inputs);
  },
};

function configOf(request: Fields): Fields {
  return request.has("config") ? request.object("config") : request.without("config");
}

function untilOf(config: Fields, inputs: readonly Fields[]): number {
  const lastMs = inputs.at(-1)?.number("at_ms") ?? 0;
  return Math.min(MAX_UNTIL_MS, Math.max(lastMs, config.numberOr("until_ms", lastMs)));
}

/** The text of an input: `json` as it is, or `message` written out. */
function textOf(input: Fields): string {
  return input.has("json") ? input.text("json") : JSON.stringify(input.value("message"));
}

function runPeer(role: "caller" | "callee", request: Fields, inputs: readonly Fields[]): OpResult {
  const config = configOf(request);
  const codecs = config.has("codecs")
    ? config.texts("codecs").map((name) => ({ name, kind: findCodec(name)?.kind ?? "video" as const }))
    : KNOWN_CODECS;
  const rng = new SeededRng(config.integerOr("seed", 0, 0xffff_ffff, 1));
  const endpoint = new SignalingEndpoint({
    role,
    sessionId: config.textOr("session_id", role === "caller" ? uuidV4(rng) : SESSION),
    peerId: config.textOr("peer_id", PEERS[role]),
    rng,
    unixOffsetMs: config.numberOr("unix_start_ms", UNIX_START_MS),
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
    identityPolicy: { kind: "optional" },
    epochLimits: {
      ...(config.has("rotation_ms") ? { intervalMs: config.number("rotation_ms") } : {}),
      ...(config.has("rotation_packets") ? { packetLimit: config.integer("rotation_packets", 1, 2 ** 31) } : {}),
    },
    ...(config.has("token") ? { token: config.text("token") } : {}),
    overDatagrams: config.flag("datagrams"),
    privateKeys: config.has("private_keys") ? config.hexList("private_keys") : [],
  });
  const outputs: Sent[] = [];
  const events: string[] = [];
  const states: { readonly at_ms: number; readonly state: string }[] = [];
  const drain = (nowMs: number) => {
    for (let out = endpoint.poll(); out !== undefined; out = endpoint.poll()) {
      if (out.kind === "send") outputs.push({ at_ms: nowMs, message: messageToJson(out.message) });
      else events.push(out.kind);
      if (out.kind === "state") states.push({ at_ms: nowMs, state: out.state });
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
    if (input.has("command")) command(endpoint, input, nowMs);
    else endpoint.receive(textOf(input), nowMs);
    drain(nowMs);
  }
  runTo(untilOf(config, inputs));
  return opOk({ outputs, state: endpoint.state, states, events });
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

function runServer(request: Fields, inputs: readonly Fields[]): OpResult {
  const config = configOf(request);
  const hub = new SignalingHub(config.numberOr("unix_start_ms", UNIX_START_MS), {
    maxSessions: config.integerOr("max_sessions", 1, 1_000_000, DEFAULT_HUB_LIMITS.maxSessions),
    messagesPerSecond: config.numberOr("messages_per_second", DEFAULT_HUB_LIMITS.messagesPerSecond),
    idleMs: config.numberOr("idle_ms", DEFAULT_HUB_LIMITS.idleMs),
  });
  const channels: string[] = [];
  const outputs: Sent[] = [];
  const closed: { at_ms: number; to: string }[] = [];
  const drain = (nowMs: number) => {
    for (let out = hub.poll(); out !== undefined; out = hub.poll()) {
      if (out.kind === "send") outputs.push({ at_ms: nowMs, to: channels[out.to], message: out.json });
      else if (out.kind === "close") closed.push({ at_ms: nowMs, to: channels[out.to] });
    }
  };
  for (const input of inputs) {
    const nowMs = input.number("at_ms");
    const from = input.textOr("from", "");
    if (!channels.includes(from)) {
      hub.open(channels.length, nowMs);
      channels.push(from);
    }
    const id = channels.indexOf(from);
    const refuse = (error: ReturnType<SignalingHub["message"]>) => {
      if (error !== undefined) outputs.push({ at_ms: nowMs, to: from, message: messageToJson(error) });
    };
    if (input.has("command")) {
      input.oneOf("command", ["close"] as const);
      hub.closed(id);
    } else {
      const text = textOf(input);
      const parsed = parseMessageWithJson(text);
      if (!parsed.ok) {
        const json = parseJson(text);
        refuse(hub.fault(id, parsed.fault, json.ok ? replyContext(json.value) : {}, nowMs));
      } else {
        const { session_id, peer_id } = isJsonObject(parsed.value.json) ? parsed.value.json : {};
        const peerId = input.has("peer_id") ? input.text("peer_id") : peer_id;
        const joins = !hub.isJoined(id) && typeof session_id === "string" && typeof peerId === "string";
        const refused = joins ? hub.join(id, session_id, peerId, nowMs) : undefined;
        refuse(refused ?? hub.message(id, parsed.value, nowMs));
      }
    }
    hub.timeout(nowMs);
    drain(nowMs);
  }
  const untilMs = untilOf(config, inputs);
  for (let dueMs = hub.nextTimeoutMs(); dueMs !== undefined && dueMs <= untilMs; dueMs = hub.nextTimeoutMs()) {
    hub.timeout(dueMs);
    drain(dueMs);
    for (const { to } of closed) hub.closed(channels.indexOf(to));
  }
  return opOk({ outputs, closed, state: `${hub.stats.sessions} sessions` });
}
