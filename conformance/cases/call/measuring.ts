/** SPEC clauses 2.4 and 9.3 in a call: what a receiver makes of the delay and the loss of what comes. */
import type { Case } from "../../case.ts";
import type { FarPeer } from "../../drive/far/far_peer.ts";
import type { Heard } from "../../drive/far/heard_log.ts";
import type { PeerWorld } from "../../drive/peer_world.ts";
import { brief } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import { listening } from "./media_received.ts";

/** Our clock is ahead of the peer's by so much: half a minute off where send times are read without it. */
const AHEAD_MS = 3_616_000;
const ON_THE_WAY_MS = 300;
/** A packet may wait in a busy host. */
const MOST_ON_THE_WAY_MS = 450;
/** Of SPEC ARC-METRICS-interval, and a little. */
const METRICS_MS = 8000;
const FRAME_MS = 20;
/** Decisions come each second. */
const LOSSY_MS = 3500;

export const CASES: readonly Case[] = [
  {
    id: "call/one-way-delay",
    requirements: ["ARC-RTP-ext-arrival-time", "ARC-PATH-clock-offset"],
    title: "The one-way delay of METRICS is arrival less send time, by the peer's clock and what it knows of ours",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee", { pathsAreSilent: true });
      const clock = new ClockAhead(world, far);
      await far.probed(far.path, 0);
      await clock.answer();
      const stream = await far.startAudio();
      const { mark } = far.log;
      const metrics = metricsAfter(far, mark);
      for (let isOver = false; !isOver;) {
        await clock.answer();
        await far.path.send(stream.packet({ extension: sentAt(clock.unixMs - ON_THE_WAY_MS) }));
        isOver = await Promise.race([metrics.then(() => true), world.pass(FRAME_MS).then(() => false)]);
      }
      const { one_way } = (await metrics).latency as Json;
      if (one_way === undefined) world.skip("the peer tells no one-way delay in METRICS");
      const isRight = Number(one_way) >= ON_THE_WAY_MS - FRAME_MS && Number(one_way) <= MOST_ON_THE_WAY_MS;
      world.require(isRight, `${ON_THE_WAY_MS} ms and a little`, `${one_way} ms`);
    },
  },
  {
    id: "call/sender-decides",
    requirements: ["ARC-QUALITY-sender-decides"],
    title: "However much is lost of what it receives, a peer leaves the quality to the sender",
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await listening(world);
      for (let passedMs = 0; passedMs < LOSSY_MS; passedMs += FRAME_MS) {
        if (passedMs % (2 * FRAME_MS) === 0) await far.path.send(stream.packet());
        else stream.skip(1);
        await world.pass(FRAME_MS);
      }
      const { fractionLost256 } = await far.report(stream);
      world.require(fractionLost256 > 64, "a report of heavy loss", `${fractionLost256} of 256`);
      const adapts = far.log.all(0, (heard) => messageIn(heard)?.type === "QUALITY_ADAPT" ? heard : undefined);
      world.require(adapts.length === 0, "no QUALITY_ADAPT", brief(adapts.map(messageIn)));
    },
  },
];

/** Our clock, by which HEARTBEATs are answered when they are asked for. */
class ClockAhead {
  readonly #world: PeerWorld;
  readonly #far: FarPeer;
  #mark = 0;

  constructor(world: PeerWorld, far: FarPeer) {
    this.#world = world;
    this.#far = far;
  }

  get unixMs(): number {
    return this.#world.timestamp + AHEAD_MS;
  }

  /** Answers all that have come since the last time. */
  async answer(): Promise<void> {
    const { log, path } = this.#far;
    const mark = this.#mark;
    this.#mark = log.mark;
    for (const message of log.all(mark, messageIn)) {
      if (message.type !== "HEARTBEAT") continue;
      const response_timestamp = this.unixMs;
      const latency_ms = response_timestamp - Number(message.timestamp);
      await path.send(this.#far.seal({ ...this.#far.heartbeatAck(message), response_timestamp, latency_ms }));
    }
  }
}

/** The next METRICS by signaling. */
export function metricsAfter(far: FarPeer, mark: number): Promise<Json> {
  return far.log.find(
    "METRICS",
    mark,
    (heard) => heard.kind === "signal" && heard.message.type === "METRICS" ? heard.message : undefined,
    METRICS_MS,
  );
}

/** Element 1 of a header extension: seconds modulo 64 in 6.18 bits. */
function sentAt(unixMs: number): { readonly profile: number; readonly data: Uint8Array } {
  const time24 = Math.floor((unixMs % 64_000) / 1000 * 2 ** 18) & 0xff_ffff;
  return { profile: 0xbede, data: Uint8Array.of(0x12, time24 >> 16, (time24 >> 8) & 0xff, time24 & 0xff) };
}

function messageIn(heard: Heard): Json | undefined {
  return heard.kind === "signal" || heard.kind === "sealed" ? heard.message : undefined;
}
