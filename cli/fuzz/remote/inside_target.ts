/**
 * A peer, from within its own call: we become the other peer, agree on keys with it, and send malformed plaintext that
 * is properly protected. Its heartbeats must still be answered afterwards.
 */
import { PacketBatch } from "../../../lib/base/batch.ts";
import { uuidV4 } from "../../../lib/base/uuid.ts";
import { defaultBackend } from "../../../lib/crypto/backend_choice.ts";
import { generateArcRtp, generateRtcp } from "../../../lib/fuzz/generate_packet.ts";
import { generateMessage } from "../../../lib/fuzz/generate_message.ts";
import { ProtectedInjector } from "../../../lib/fuzz/protected_injector.ts";
import { Transcript } from "../../../lib/fuzz/transcript.ts";
import { stepWith } from "../../../lib/fuzz/steps.ts";
import { Breach, type CaseRandom, type FuzzCase } from "../../../lib/fuzz/target.ts";
import { type Clock, systemClock } from "../../../lib/net/clock.ts";
import type { DatagramTransport } from "../../../lib/net/datagram.ts";
import type { SignalingLinkEvents } from "../../../lib/net/signaling_link.ts";
import { NetError } from "../../../lib/net/net_error.ts";
import { openSignaling } from "../../../lib/net/open_signaling.ts";
import { SessionPump } from "../../../lib/net/pump.ts";
import { SystemRng } from "../../../lib/net/system_rng.ts";
import { openUdp } from "../../../lib/net/udp_deno.ts";
import { PeerSession } from "../../../lib/session/session.ts";
import { MESSAGE_TYPES } from "../../../lib/signaling/messages/registry.ts";
import { KNOWN_CODECS } from "../../../lib/signaling/selection.ts";
import { CliError } from "../../ui/cli_error.ts";
import { recordedLink } from "./recorded_link.ts";
import { delay, type RemoteTarget } from "./remote_target.ts";
import type { SignalingAddress } from "./signaling_targets.ts";

const STREAM_SSRCS = [0x5f00_0000, 0x5f00_0001, 0x5f00_0002];
const CONNECT_MS = 15_000;
/** Between two tries to get into a session that is full. */
const BUSY_RETRY_MS = 100;
/** A path whose heartbeats are not answered is given up by then (SPEC ARC-PATH-down). */
const SILENCE_MS = 6000;
const MAX_PLAIN_BYTES = 1150;
/**
 * What we seal with the injector takes counters from those of our own heartbeats, which the peer then drops as replays:
 * before that shows, a fresh call is made.
 */
const FIRST_COUNTER = 32;
const MAX_SEALED_PER_CALL = 24;
const MAX_CALL_MS = 15_000;
/** Kinds of step, by the first byte modulo their number. */
const KINDS = ["rtp", "rtcp", "sealed", "clear"] as const;

export function insideTarget(signaling: SignalingAddress, sessionId: string, bind: string): RemoteTarget {
  const call = new HostileCall(signaling, sessionId, bind);
  return {
    name: "media.inside",
    area: "network",
    summary: "a peer from within its call: malformed packets, RTCP and messages under the negotiated keys",
    shape: "steps",
    maxUnits: 32,
    seeds: () => [],
    generate: generateSteps,
    where: { address: `${signaling.url} session ${sessionId}` },
    close: () => call.close(),
    run: async (units) => {
      try {
        const before = await call.ensure();
        for (const unit of units) await call.inject(unit);
        await call.demandAlive(before);
        call.judge();
        return call.heard();
      } catch (error) {
        // The next case gets a call of its own.
        await call.close();
        throw error;
      }
    },
  };
}

function generateSteps(random: CaseRandom): FuzzCase {
  // Whether the peer lives takes a second to tell: many units are asked about at once, and a finding is made small.
  return Array.from({ length: 1 + random.below(24) }, () => {
    const kind = random.below(KINDS.length);
    const body = kind === 1
      ? generateRtcp(random)
      : kind === 2
      ? generateMessage(random.pick(MESSAGE_TYPES), random)
      : mediaPacket(random);
    return stepWith(kind + KINDS.length * random.below(3), body.subarray(0, MAX_PLAIN_BYTES));
  });
}

/** Mostly of a payload type that is announced: VP9, RTX, FlexFEC. */
function mediaPacket(random: CaseRandom): Uint8Array {
  const packet = generateArcRtp(random);
  if (!random.oneIn(4)) packet[1] = (packet[1] & 0x80) | random.pick([98, 97, 115]);
  return packet;
}

/** Our end of the call. */
class HostileCall {
  readonly #signaling: SignalingAddress;
  readonly #sessionId: string;
  readonly #bind: string;
  readonly #clock: Clock = systemClock();
  readonly #batch = new PacketBatch(1, 1500);
  readonly #heard = new Set<string>();
  #transcript = new Transcript(true);
  #pump: SessionPump | undefined;
  #session: PeerSession | undefined;
  #transport: DatagramTransport | undefined;
  #injector: ProtectedInjector | undefined;
  #unitsReceived = 0;
  #pathIsDown = false;
  #closedWhy: string | undefined;
  #sealed = 0;
  #calledMs = 0;

  constructor(signaling: SignalingAddress, sessionId: string, bind: string) {
    this.#signaling = signaling;
    this.#sessionId = sessionId;
    this.#bind = bind;
  }

  /** Calls, where no call runs; answers how many units the peer has sent so far. */
  async ensure(): Promise<number> {
    const isUsedUp = this.#sealed >= MAX_SEALED_PER_CALL || performance.now() > this.#calledMs + MAX_CALL_MS;
    if (this.#pump === undefined || this.#closedWhy !== undefined || isUsedUp) await this.#call();
    return this.#unitsReceived;
  }

  /** A session is full until its server has seen the end of the call before: it is tried again for as long. */
  async #call(): Promise<void> {
    const endMs = performance.now() + CONNECT_MS;
    for (;;) {
      try {
        return await this.#tryCall(endMs);
      } catch (error) {
        if (!(error instanceof SessionIsFull) || performance.now() > endMs) throw error;
        await delay(BUSY_RETRY_MS);
      }
    }
  }

  /** @throws Breach where no call comes about until `endMs`, SessionIsFull where the server has no place for us. */
  async #tryCall(endMs: number): Promise<void> {
    await this.close();
    this.#closedWhy = undefined;
    this.#transcript = new Transcript(true);
    this.#pathIsDown = false;
    this.#sealed = 0;
    this.#calledMs = performance.now();
    const rng = new SystemRng();
    const peerId = uuidV4(rng);
    const streamId = uuidV4(rng);
    const transport = openUdp({ host: this.#bind, port: 0 });
    const backend = defaultBackend();
    const session = new PeerSession({
      role: "caller",
      sessionId: this.#sessionId,
      peerId,
      rng,
      unixOffsetMs: this.#clock.unixOffsetMs,
      backend,
      codecs: KNOWN_CODECS,
      suites: ["aes-128-gcm", "chacha20-poly1305", "aes-256-gcm"],
      authentications: ["hmac-sha256-80", "none"],
      resolutions: ["720p"],
      reducedHeader: true,
      rtx: true,
      fec: true,
      networkInfo: () => ({ nat_type: "open", local: [{ ip: transport.local.host, port: transport.local.port }] }),
      identityPolicy: { kind: "optional" },
      addresses: transport.addresses,
    });
    let master: Uint8Array | undefined;
    let isAccepted = false;
    const pump = new SessionPump({
      session,
      transport,
      clock: this.#clock,
      rng,
      openSignaling: (events) => {
        const { url, token, trust } = this.#signaling;
        const target = { url, sessionId: this.#sessionId, peerId, trust, timeoutMs: 5000 };
        const open = (tapped: SignalingLinkEvents) =>
          openSignaling({ ...target, ...(token === undefined ? {} : { token }) }, tapped);
        return recordedLink(open, events, this.#transcript);
      },
      output: (out) => {
        if (out.kind !== "event") return;
        const { event } = out;
        this.#heard.add(event.kind);
        if (event.kind === "keys") master = event.master;
        else if (event.kind === "stream_accepted") isAccepted = true;
        else if (event.kind === "closed") this.#closedWhy = event.message;
        else if (event.kind === "path") this.#pathIsDown = event.event.kind === "none";
      },
      tap: (direction, unit, _address, nowMs) => {
        if (direction === "out") return this.#transcript.sent(unit, nowMs, "udp");
        this.#unitsReceived++;
        this.#transcript.received(unit, nowMs, "udp");
      },
    });
    this.#pump = pump;
    this.#session = session;
    this.#transport = transport;
    pump.start();
    let failure: unknown;
    pump.ended.catch((error) => failure = error);
    const until = async (isSo: () => boolean, what: string) => {
      while (!isSo()) {
        if (failure !== undefined) {
          const message = `${what}: ${failure instanceof Error ? failure.message : failure}`;
          throw isBusy(failure) ? new SessionIsFull("crash", message) : new Breach("crash", message);
        }
        if (performance.now() > endMs || this.#closedWhy !== undefined) {
          throw new Breach("silence", `${what}: ${this.#closedWhy ?? "nothing happens"}`);
        }
        await delay(5);
      }
    };
    await until(() => session.path !== undefined, "a fresh call gets no path");
    pump.act((running, nowMs) =>
      running.startStream(
        {
          stream_id: streamId,
          stream_type: "video",
          codec: { video: { name: "vp9", bitrate: 300_000, width: 160, height: 90, fps: 30 } },
          ssrc: STREAM_SSRCS[0],
          rtx: [{ ssrc: STREAM_SSRCS[1], protects: STREAM_SSRCS[0] }],
          fec: [{ ssrc: STREAM_SSRCS[2], protects: STREAM_SSRCS[0] }],
        },
        {},
        nowMs,
      )
    );
    await until(() => isAccepted, "a stream is not accepted");
    const negotiated = session.agreement?.negotiated;
    if (master === undefined || negotiated === undefined) throw new Breach("state", "a call without keys");
    this.#injector = new ProtectedInjector({
      backend,
      suite: negotiated.suite,
      authentication: negotiated.authentication,
      master,
      epoch: 0,
      peerId,
      streamId,
      ssrcs: STREAM_SSRCS,
      firstCounter: FIRST_COUNTER,
    });
  }

  async inject(unit: Uint8Array): Promise<void> {
    const kind = KINDS[(unit[0] ?? 0) % KINDS.length];
    const which = Math.floor((unit[0] ?? 0) / KINDS.length);
    const plain = unit.subarray(1, 1 + MAX_PLAIN_BYTES);
    if (kind === "sealed" && ++this.#sealed > MAX_SEALED_PER_CALL) return;
    const injector = this.#injector;
    const packet = kind === "rtp"
      ? injector?.rtp(plain, which)
      : kind === "rtcp"
      ? injector?.rtcp(plain, which)
      : kind === "sealed"
      ? injector?.sealed(plain)
      : plain;
    const address = this.#session?.path?.address;
    if (packet === undefined || packet.length === 0 || address === undefined) return;
    this.#batch.clear();
    if (!this.#batch.push(packet, address)) return;
    this.#transcript.sent(packet, this.#clock.nowMs(), "udp");
    await this.#transport?.send(this.#batch);
  }

  /** The peer still sends: reports, heartbeats, answers to ours. A peer that ends the call may be called again. */
  async demandAlive(before: number): Promise<void> {
    const endMs = performance.now() + SILENCE_MS;
    while (this.#unitsReceived === before && this.#closedWhy === undefined) {
      if (performance.now() > endMs || this.#pathIsDown) throw new Breach("silence", "the peer has fallen silent");
      await delay(5);
    }
  }

  /** What the peer sent keeps the rules, whatever it was sent. */
  judge(): void {
    this.#transcript.judge();
  }

  heard(): string {
    return [...this.#heard].sort().join(" ");
  }

  async close(): Promise<void> {
    const pump = this.#pump;
    this.#pump = undefined;
    this.#injector?.free();
    this.#injector = undefined;
    if (pump === undefined) return;
    if (this.#closedWhy === undefined && this.#session?.state !== "closed") {
      pump.act((session, nowMs) => session.disconnect("user_request", nowMs));
      await delay(200);
    }
    pump.stop();
  }
}

/** The session has its two peers. */
class SessionIsFull extends Breach {}

/** A refusal with the code `busy` (SPEC ARC-SIG-error-codes), in the server's own words. */
function isBusy(failure: unknown): boolean {
  return failure instanceof NetError && failure.kind === "refused" && /\bbusy\b/.test(failure.message);
}

/** A session id from a flag. */
export function checkSessionId(text: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)) return text;
  throw new CliError("usage", `--session '${text}': need a UUID in lower case`);
}
