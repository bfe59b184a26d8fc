/** A relay over UDP, TCP or TLS: as a stranger, and as a peer that is bound. */
import { equalBytes, toHex, utf8 } from "../../../lib/base/bytes.ts";
import { unwrap } from "../../../lib/base/parsed.ts";
import { NIL_UUID, uuidV4 } from "../../../lib/base/uuid.ts";
import { issueRelayToken, makeRelayProof, parseRelayToken } from "../../../lib/crypto/relay_token.ts";
import { generateArcRtp, generateReduced, generateRtcp } from "../../../lib/fuzz/generate_packet.ts";
import { strayMessage } from "../../../lib/fuzz/message_mutation.ts";
import { claimedType, judgeAmplification, judgeAnswerToStranger } from "../../../lib/fuzz/response_rules.ts";
import { Breach, type CaseRandom, demand, type FuzzCase } from "../../../lib/fuzz/target.ts";
import { arcRtpSeeds } from "../../../lib/fuzz/targets/packet_targets.ts";
import { SystemRng } from "../../../lib/net/system_rng.ts";
import { MAX_UNIT_BYTES } from "../../../lib/packet/demux.ts";
import { EXAMPLES } from "../../../lib/signaling/examples.ts";
import { writeMessage } from "../../../lib/signaling/parse_message.ts";
import { CliError } from "../../ui/cli_error.ts";
import { Exchange } from "./exchange.ts";
import { Liveness } from "./liveness.ts";
import type { RemoteTarget } from "./remote_target.ts";
import { type RelayAddress, type UnitLine, unitLine } from "./unit_line.ts";

/** How long answers are waited for: on the way back they are as fast as the canary's. */
const ANSWER_MS = 15;
const CANARY_MS = 2000;
const BIND_ATTEMPTS = 3;
const MAX_RECENT = 64;
const TOKEN_LIFETIME_S = 3600;

/** `host:port` for UDP, or `tcp://host:port`, `tls://host:port`; IPv6 in brackets. */
export function parseRelayAddress(text: string, insecure: boolean): RelayAddress {
  const match = /^(?:(udp|tcp|tls):\/\/)?(?:\[([^\]]+)\]|([^:/]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[4]);
  if (match === null || port < 1 || port > 65_535) {
    throw new CliError("usage", `--relay '${text}': need host:port`, "such as 127.0.0.1:3478 or tls://127.0.0.1:5349");
  }
  const transport = (match[1] ?? "udp") as RelayAddress["transport"];
  return { transport, host: match[2] ?? match[3], port, insecure };
}

function nameOf({ transport, host, port }: RelayAddress): string {
  const place = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  return transport === "udp" ? place : `${transport}://${place}`;
}

export function relayTargets(address: RelayAddress, secret: Uint8Array | undefined): readonly RemoteTarget[] {
  return [strangerTarget(address), ...(secret === undefined ? [] : [boundTarget(address, secret)])];
}

const text = (message: object) => utf8(JSON.stringify(message));

function nilHeartbeat(challenge: string): Uint8Array {
  return text({
    type: "HEARTBEAT",
    session_id: NIL_UUID,
    sequence: 0,
    challenge,
    pad: "x".repeat(300),
    timestamp: Date.now(),
  });
}

/** What the challenges of canaries begin with: their late answers are no answers to a case. */
const CANARY_MARK = "c0ffee00";

/** What has come, but for late answers to canaries. */
function answersIn(units: readonly Uint8Array[]): readonly Uint8Array[] {
  return units.filter((unit) => !new TextDecoder().decode(unit).includes(CANARY_MARK));
}

/** Asks the relay for a sign of life; how long it took. */
async function canary(line: UnitLine): Promise<number | undefined> {
  const challenge = CANARY_MARK + toHex(new SystemRng().fill(new Uint8Array(4)));
  const startMs = performance.now();
  for (let attempt = 0; attempt < 3; attempt++) {
    await line.send(nilHeartbeat(challenge));
    const answer = await line.receive((unit) => new TextDecoder().decode(unit).includes(challenge), CANARY_MS / 3);
    if (answer !== undefined) return performance.now() - startMs;
  }
  return undefined;
}

function generateUnit(random: CaseRandom): FuzzCase {
  const setting = { sessionId: NIL_UUID, peerId: NIL_UUID, unixMs: 1_700_000_000_000 };
  const make = random.pick([
    generateArcRtp,
    generateReduced,
    generateRtcp,
    (r: CaseRandom) => strayMessage(setting, r),
  ]);
  return [make(random).subarray(0, MAX_UNIT_BYTES)];
}

const unitSeeds = (): readonly FuzzCase[] => [
  ...arcRtpSeeds().map((unit) => [unit]),
  ...[EXAMPLES.RELAY_BIND, EXAMPLES.RELAY_UNBIND, EXAMPLES.RELAY_KEYS, EXAMPLES.HEARTBEAT].map((
    { full },
  ) => [text(full)]),
  [nilHeartbeat("0123456789abcdef")],
];

/** As captures know it: what is in TLS is a stream. */
function transportOf({ transport }: RelayAddress): "udp" | "tcp" {
  return transport === "udp" ? "udp" : "tcp";
}

function strangerTarget(address: RelayAddress): RemoteTarget {
  const line = unitLine(address);
  const liveness = new Liveness();
  return {
    name: "relay.stranger",
    area: "network",
    summary: "a relay from an address that it does not know",
    shape: "bytes",
    maxUnits: 4,
    seeds: unitSeeds,
    generate: generateUnit,
    where: { address: nameOf(address) },
    close: () => line.close(),
    run: async (units) => {
      const kinds = new Set<string>();
      const exchange = new Exchange(transportOf(address));
      const sent: Uint8Array[] = [];
      // Over the whole case: an answer may come so late that another unit has been sent meanwhile.
      let [sentBytes, receivedBytes] = [0, 0];
      await line.gather(0);
      for (const unit of units) {
        if (unit.length > MAX_UNIT_BYTES) continue;
        await line.send(unit);
        exchange.sent(unit);
        sent.push(unit);
        sentBytes += unit.length;
        const answers = answersIn(await line.gather(ANSWER_MS));
        for (const answer of answers) {
          exchange.received(answer);
          receivedBytes += answer.length;
          kinds.add(claimedType(answer) ?? "?");
          // A connection is proven by its handshake: only datagrams come from strangers.
          if (address.transport === "udp") judgeAnswerToStranger(sent, answer);
        }
        judgeAmplification(sentBytes, receivedBytes, "ARC-RELAY-challenge-size");
        exchange.judge();
      }
      liveness.canary(await canary(line), "a HEARTBEAT");
      return [...kinds].sort().join(" ");
    },
  };
}

/** Two peers of one session, bound anew when the relay has let go of them. */
function boundTarget(address: RelayAddress, secret: Uint8Array): RemoteTarget {
  const rng = new SystemRng();
  const [caller, callee] = [unitLine(address), unitLine(address)];
  const [sessionId, callerId, calleeId] = [uuidV4(rng), uuidV4(rng), uuidV4(rng)];
  const liveness = new Liveness();
  const bindBoth = async () => {
    await bind(caller, secret, sessionId, callerId);
    await bind(callee, secret, sessionId, calleeId);
  };
  /** What may still be under way to the other peer: what comes late is not changed for that. */
  const recent: Uint8Array[] = [];
  const remember = (unit: Uint8Array) => {
    recent.push(unit);
    if (recent.length > MAX_RECENT) recent.shift();
  };
  let sequence = 0;
  let isBound = false;
  /** A packet that must come through. */
  const forwards = async (): Promise<number | undefined> => {
    const startMs = performance.now();
    for (let attempt = 0; attempt < 3; attempt++) {
      const probe = new Uint8Array(40);
      probe.set([0x80, 111, sequence >>> 8, sequence++ & 255]);
      rng.fill(probe.subarray(16));
      remember(probe);
      await caller.send(probe);
      const got = await callee.receive((unit) => equalBytes(unit, probe), CANARY_MS / 3);
      if (got !== undefined) return performance.now() - startMs;
      await bindBoth();
    }
    return undefined;
  };
  return {
    name: "relay.bound",
    area: "network",
    summary: "a relay from a peer that is bound: what it forwards comes out unchanged",
    shape: "bytes",
    maxUnits: 4,
    seeds: unitSeeds,
    generate: generateUnit,
    where: { address: nameOf(address) },
    close: async () => {
      await caller.close();
      await callee.close();
    },
    run: async (units) => {
      if (!isBound) await bindBoth();
      isBound = true;
      await callee.gather(0);
      await caller.gather(0);
      const exchange = new Exchange(transportOf(address));
      let forwarded = 0;
      for (const unit of units) {
        if (unit.length > MAX_UNIT_BYTES) continue;
        await caller.send(unit);
        exchange.sent(unit);
        remember(unit);
        for (const answer of await caller.gather(ANSWER_MS)) exchange.received(answer);
        exchange.judge();
        for (const out of await callee.gather(0)) {
          const isOurs = recent.some((one) => equalBytes(out, one));
          demand(isOurs, "response", "a forwarded unit was changed", "ARC-RELAY-forward");
          forwarded++;
        }
      }
      liveness.canary(await forwards(), "a packet through the relay");
      return `${forwarded}`;
    },
  };
}

async function bind(line: UnitLine, secret: Uint8Array, sessionId: string, peerId: string): Promise<void> {
  const expires = Math.floor(Date.now() / 1000) + TOKEN_LIFETIME_S;
  const { tag } = unwrap(parseRelayToken(issueRelayToken(secret, { sessionId, peerId, expiresS: expires })));
  const ask = async (due: "RELAY_CHALLENGE" | "RELAY_BOUND", fields: object) => {
    const message = {
      type: "RELAY_BIND" as const,
      session_id: sessionId,
      peer_id: peerId,
      expires,
      timestamp: Date.now(),
    };
    // A datagram may be lost: the same RELAY_BIND is sent again, as a peer does (SPEC ARC-SIG-repeat-doubling).
    for (let attempt = 0; attempt < BIND_ATTEMPTS; attempt++) {
      await line.send(utf8(writeMessage({ ...message, ...fields })));
      // A second challenge, to what was sent again, says nothing new.
      const answer = await line.receive((unit) => ["ERROR", due].includes(claimedType(unit) ?? ""), CANARY_MS);
      if (answer !== undefined) return JSON.parse(new TextDecoder().decode(answer));
    }
    throw new Breach("silence", `a RELAY_BIND is not answered, sent ${BIND_ATTEMPTS} times`);
  };
  await line.gather(0);
  const challenge = await ask("RELAY_CHALLENGE", {});
  const proof = makeRelayProof(tag, challenge.nonce ?? "", sessionId, peerId);
  const bound = await ask("RELAY_BOUND", { nonce: challenge.nonce, proof });
  if (bound.type !== "RELAY_BOUND") {
    throw new CliError(
      "refused",
      `the relay does not bind: ${bound.message ?? `it answers ${bound.type}`}`,
      "is --relay-secret its own?",
    );
  }
}
