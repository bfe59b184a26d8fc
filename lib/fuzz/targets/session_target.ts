/** Two whole peers over the simulated network: signaling, keys, paths and media, with what goes wrong between them. */
import { PacketBatch } from "../../base/batch.ts";
import { defaultBackend } from "../../crypto/backend_choice.ts";
import type { MediaFrame } from "../../media/frame.ts";
import type { SimRelayOptions } from "../../session/testing/sim_relay.ts";
import { BEN, type PairOptions, SESSION, SessionPair } from "../../session/testing/session_pair.ts";
import { SeededCaseRandom } from "../case_random.ts";
import { generateArcRtp, generateReduced, generateRtcp } from "../generate_packet.ts";
import { strayMessage } from "../message_mutation.ts";
import { mutateBytes } from "../mutate_bytes.ts";
import { ProtectedInjector } from "../protected_injector.ts";
import { argumentByte, argumentSeed, operationOf, randomSteps, step, stepWith } from "../steps.ts";
import type { CaseRandom, FuzzCase, FuzzTarget } from "../target.ts";
import { demand } from "../target.ts";

const OPERATIONS = 13;
const UNIX_OFFSET_MS = 1_700_000_000_000;
const MAX_UNIT_BYTES = 1200;
/** Ben's streams; nothing is really sent on the second, so that its indexes are free for forged packets. */
const STREAM = "a0a0a0a0-0000-4000-8000-000000000001";
const FORGED_STREAM = "a0a0a0a0-0000-4000-8000-000000000002";
const VIDEO_STREAM = "a0a0a0a0-0000-4000-8000-000000000003";
const FORGED_SSRCS = [0x5000, 0x5001, 0x5002];
/** Free: Ben seals a few messages a second and a case lasts seconds. */
const FIRST_FORGED_COUNTER = 30;

const RELAY: SimRelayOptions = { id: "relay-1", ip: "203.0.113.5", priority: 1 };
const BEHIND_NATS = { anna: "symmetric", ben: "port_restricted" } as const;

/** What lies between the peers, chosen by the first step: nothing, what loses, a relay over UDP, and one over TCP alone. */
const WORLDS: readonly PairOptions[] = [
  {},
  { link: { delayMs: 15, lossRate: 0.05 } },
  { relays: [RELAY], nats: BEHIND_NATS },
  { relays: [{ ...RELAY, transports: ["tcp"] }], nats: BEHIND_NATS, link: { delayMs: 25 } },
];

class SessionRun {
  readonly #pair: SessionPair;
  readonly #batch = new PacketBatch(1);
  #injector: ProtectedInjector | undefined;
  #frames = 0;
  #hasStreams = false;

  constructor(first: Uint8Array) {
    const world = WORLDS[operationOf(first, OPERATIONS) === 0 ? argumentByte(first, 0) % WORLDS.length : 0];
    this.#pair = new SessionPair({ ...world, anna: { reducedHeader: true }, ben: { reducedHeader: true } });
  }

  run(units: FuzzCase): string {
    const { anna, ben } = this.#pair;
    for (const unit of units) this.#step(unit);
    this.#pair.run(2000);
    this.#injector?.free();
    const kinds = new Set([...anna.kinds(), ...anna.media.map(({ kind }) => kind)]);
    const drops = Object.keys(anna.session.drops.snapshot());
    anna.session.free();
    ben.session.free();
    return `${anna.session.state} ${[...kinds].sort().join(" ")} ${drops.sort().join(" ")}`;
  }

  #step(unit: Uint8Array): void {
    const pair = this.#pair;
    const which = argumentByte(unit, 0);
    const random = new SeededCaseRandom(argumentSeed(unit));
    switch (operationOf(unit, OPERATIONS)) {
      case 0:
        return pair.connect();
      case 1:
        return pair.run(10 * which);
      case 2:
        return this.#startStreams();
      case 3:
        return this.#sendFrames(1 + which % 20, which >= 128, random);
      case 4:
        return pair.ben.act((session, nowMs) => session.rotate(nowMs));
      case 5:
        return which % 2 === 0 ? pair.signalingDown() : pair.signalingUp();
      case 6:
        return pair.anna.act((session, nowMs) => session.signalingMessage(this.#stray(random), nowMs));
      case 7:
        return this.#deliver(unit.subarray(1, 1 + MAX_UNIT_BYTES));
      case 8:
        return this.#deliver(this.#inject()?.rtp(this.#plainRtp(unit, random), which));
      case 9:
        return this.#deliver(this.#inject()?.rtcp(this.#plainRtcp(unit, random), which));
      case 10:
        return this.#deliver(this.#inject()?.sealed(which % 3 === 0 ? unit.subarray(2) : this.#stray(random)));
      case 11:
        return this.#deliver(generateReduced(random).subarray(0, MAX_UNIT_BYTES));
      default:
        if (which === 200) pair.ben.act((session, nowMs) => session.disconnect("user_request", nowMs));
        else pair.ben.act((session, nowMs) => session.rotate(nowMs));
    }
  }

  #stray(random: CaseRandom): Uint8Array {
    return strayMessage({ sessionId: SESSION, peerId: BEN, unixMs: UNIX_OFFSET_MS + this.#pair.nowMs }, random)
      .subarray(0, MAX_UNIT_BYTES);
  }

  #plainRtp(unit: Uint8Array, random: CaseRandom): Uint8Array {
    const made = generateArcRtp(random);
    if (random.bool()) made[1] = (made[1] & 0x80) | random.pick([98, 97, 115]);
    return unit.length > 24 ? unit.subarray(6, MAX_UNIT_BYTES) : made;
  }

  #plainRtcp(unit: Uint8Array, random: CaseRandom): Uint8Array {
    const made = generateRtcp(random);
    const mutated = random.bool() ? made : mutateBytes(made, made, random, MAX_UNIT_BYTES);
    return unit.length > 24 ? unit.subarray(6, MAX_UNIT_BYTES) : mutated;
  }

  /** An application stops when it is told that its stream is refused or over. */
  #isSending(streamId: string): boolean {
    const isOver = this.#pair.ben.events.some(({ event }) =>
      (event.kind === "stream_refused" || event.kind === "stream_stopped") && event.streamId === streamId
    );
    return this.#hasStreams && !isOver;
  }

  #startStreams(): void {
    const { ben } = this.#pair;
    if (this.#hasStreams || ben.session.agreement === undefined || ben.session.state !== "connected") return;
    this.#hasStreams = true;
    ben.act((session, nowMs) => {
      session.startStream(
        {
          stream_id: STREAM,
          stream_type: "audio",
          codec: { audio: { name: "opus", bitrate: 64_000, sample_rate: 48_000, channels: 2 } },
          ssrc: 0x1000,
          rtx: [{ ssrc: 0x1001, protects: 0x1000 }],
        },
        {},
        nowMs,
      );
      session.startStream(
        {
          stream_id: VIDEO_STREAM,
          stream_type: "video",
          codec: { video: { name: "vp9", bitrate: 300_000, width: 160, height: 90, fps: 30 } },
          ssrc: 0x2000,
          rtx: [{ ssrc: 0x2001, protects: 0x2000 }],
          fec: [{ ssrc: 0x2002, protects: 0x2000 }],
        },
        {},
        nowMs,
      );
      session.startStream(
        {
          stream_id: FORGED_STREAM,
          stream_type: "video",
          codec: { video: { name: "vp9", bitrate: 300_000, width: 160, height: 90, fps: 30 } },
          ssrc: FORGED_SSRCS[0],
          rtx: [{ ssrc: FORGED_SSRCS[1], protects: FORGED_SSRCS[0] }],
          fec: [{ ssrc: FORGED_SSRCS[2], protects: FORGED_SSRCS[0] }],
        },
        {},
        nowMs,
      );
    });
    this.#pair.run(200);
  }

  #sendFrames(count: number, isVideo: boolean, random: CaseRandom): void {
    for (let i = 0; i < count && this.#isSending(isVideo ? VIDEO_STREAM : STREAM); i++) {
      const frame: MediaFrame = {
        // Video of several packets, so that there is something for FEC to protect.
        data: random.bytes(isVideo ? 2000 + random.below(2000) : 20 + random.below(60)),
        timestampTicks: (isVideo ? 1800 : 960) * this.#frames++,
        durationTicks: isVideo ? 1800 : 960,
        complete: true,
        keyframe: true,
        priority: 0,
      };
      this.#pair.ben.act((session, nowMs) =>
        isVideo
          ? session.sendFrame(VIDEO_STREAM, "video", frame, nowMs)
          : session.sendFrame(STREAM, "audio", frame, nowMs)
      );
      this.#pair.run(20);
    }
  }

  /** Ben's keys of the newest epoch, once there are any and the forged stream is announced. */
  #inject(): ProtectedInjector | undefined {
    const { ben } = this.#pair;
    const keys = ben.events.map(({ event }) => event).findLast((event) => event.kind === "keys");
    if (!this.#hasStreams || keys?.kind !== "keys" || ben.session.agreement === undefined) return undefined;
    const { suite, authentication } = ben.session.agreement.negotiated;
    return this.#injector ??= new ProtectedInjector({
      backend: defaultBackend(),
      suite,
      authentication,
      master: keys.master,
      epoch: keys.epoch,
      peerId: BEN,
      streamId: FORGED_STREAM,
      ssrcs: FORGED_SSRCS,
      firstCounter: FIRST_FORGED_COUNTER,
    });
  }

  /** To Anna, as if it came on the path that Ben uses. */
  #deliver(unit: Uint8Array | undefined): void {
    if (unit === undefined || unit.length === 0) return;
    const { anna } = this.#pair;
    const sentBefore = anna.sentUnits.bytes;
    this.#batch.clear();
    this.#batch.push(unit, anna.session.path?.address ?? 0);
    anna.act((session, nowMs) => session.packets(this.#batch, nowMs));
    const answered = anna.sentUnits.bytes - sentBefore;
    demand(answered <= 8 * 1232, "response", () => `${answered} bytes leave at once after a unit of ${unit.length}`);
  }
}

export const SESSION_TARGET: FuzzTarget = {
  name: "machine.session",
  area: "machine",
  summary:
    "two whole peers on virtual time: stray signaling, forged units, and malformed plaintext within valid ArcSRTP",
  shape: "steps",
  maxUnits: 30,
  batchCases: 6,
  seeds: () => [
    [
      step(0),
      step(2),
      step(3, 10),
      step(1, 20),
      step(8, 0, 1, 2, 3, 4),
      step(9, 0, 5, 2, 3, 4),
      step(10, 1, 1, 2, 3, 4),
    ],
    [step(0, 1), step(2), step(3, 200), step(3, 201), step(1, 20), step(3, 5), step(1, 100)],
    [step(0, 2), step(1, 200), step(2), step(3, 10), step(3, 130), step(1, 50)],
    [step(0, 3), step(1, 255), step(2), step(3, 10), step(5, 0), step(1, 50), step(5, 1), step(1, 100)],
    [step(0), step(2), step(4), step(1, 50), step(5, 0), step(1, 20), step(5, 1), step(1, 100), step(3, 5)],
    [step(0), step(6, 0, 7, 7, 7, 7), stepWith(7, new Uint8Array([0x80, 111, 0, 1])), step(12, 200), step(1, 50)],
  ],
  generate: (random) => [step(0, random.below(WORLDS.length)), step(2), ...randomSteps(random, OPERATIONS, 14)],
  run: (units) => new SessionRun(units[0]).run(units),
};
