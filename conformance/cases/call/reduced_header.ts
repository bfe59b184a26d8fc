/** SPEC clause 2.3 on the wire: reduced headers that a peer sends, and those that it takes. */
import type { Case } from "../../case.ts";
import type { FarPeer } from "../../drive/far/far_peer.ts";
import { AUDIO_PAYLOAD_TYPE, FarStream, withTurnedBit } from "../../drive/far/far_stream.ts";
import type { HeardPacket } from "../../drive/far/heard_log.ts";
import type { PeerWorld } from "../../drive/peer_world.ts";
import { sends, tookUpTo } from "./media_received.ts";

const CONTEXT = 5;
/** SPEC ARC-RTP-reduced-refresh, ARC-RTP-reduced-window. */
const REFRESH_PACKETS = 32;
const REFRESH_MS = 120;
/** Two frames: nothing that is sent as it comes waits for so long. */
const PAUSE_MS = 40;
const TICKS_PER_MS = 48;
const WINDOW = 64;

export const CASES: readonly Case[] = [
  {
    id: "call/reduced-sent",
    requirements: ["ARC-RTP-reduced-lossless", "ARC-RTP-reduced-layout", "ARC-RTP-reduced-protect-first"],
    title: "Reduced packets expand to what was protected: all of them open",
    needs: "peer",
    run: async (world) => {
      const { far, packets } = await reducing(world);
      world.require(packets.some(({ isReduced }) => isReduced), "reduced packets", "none");
      const bad = far.log.entries.find(({ kind }) => kind === "unreadable");
      world.require(bad === undefined, "nothing that cannot be opened", bad?.kind === "unreadable" ? bad.why : "");
    },
  },
  {
    id: "call/reduced-first-three",
    requirements: ["ARC-RTP-reduced-first-three"],
    title: "The first three packets of an SSRC have full headers",
    needs: "peer",
    run: async (world) => {
      const { packets } = await reducing(world);
      const first = packets.slice(0, 3).map(({ isReduced }) => isReduced);
      world.require(first.every((isReduced) => !isReduced), "three full headers", first.join(" "));
    },
  },
  {
    id: "call/reduced-refresh",
    requirements: ["ARC-RTP-reduced-refresh"],
    title: `A full header comes at least once in ${REFRESH_PACKETS} packets and once in 120 ms`,
    needs: "peer",
    run: async (world) => {
      const { packets, atMs } = await reducing(world);
      let since = 0;
      let last = 0;
      packets.forEach(({ isReduced, timestamp }, i) => {
        since = isReduced ? since + 1 : 0;
        world.require(since < REFRESH_PACKETS, `fewer than ${REFRESH_PACKETS} reduced packets in a row`, `${since}`);
        // By the clock of whichever was not held up; and a frame's length more, since the packet due is the next one.
        const mediaMs = ((timestamp - packets[last].timestamp) >>> 0) / TICKS_PER_MS;
        const gapMs = Math.min(mediaMs, atMs[i] - atMs[last]);
        // A sender that was held up and sends a full header then has done what it could.
        const isExcused = !isReduced && i > 0 && atMs[i] - atMs[i - 1] > PAUSE_MS;
        world.require(
          gapMs <= REFRESH_MS + 20 || isExcused,
          "a full header in 120 ms",
          `none in ${Math.round(gapMs)} ms`,
        );
        if (!isReduced) last = i;
      });
    },
  },
  {
    id: "call/reduced-eligible",
    requirements: ["ARC-RTP-reduced-eligible", "ARC-RTP-reduced-context"],
    title: "A reduced packet has the payload type and Q of its context",
    needs: "peer",
    run: async (world) => {
      const { far, packets } = await reducing(world);
      const start = await far.remoteStream("audio");
      const contexts = start.reduced_header as readonly { payload_type: number; quality: number; ssrc: number }[];
      for (const packet of packets) {
        if (!packet.isReduced) continue;
        const isNamed = contexts.some((context) =>
          context.ssrc === packet.ssrc && context.payload_type === packet.payloadType &&
          context.quality === packet.quality
        );
        world.require(isNamed, "a context's payload type and Q", `${packet.payloadType} and ${packet.quality}`);
      }
    },
  },
  {
    id: "call/reduced-window",
    requirements: ["ARC-RTP-reduced-window"],
    title: `A reduced packet is within ${WINDOW} of each of the last two full ones`,
    needs: "peer",
    run: async (world) => {
      const { packets } = await reducing(world);
      const full: number[] = [];
      for (const { isReduced, sequenceNumber } of packets) {
        if (!isReduced) full.push(sequenceNumber);
        else {
          const distances = full.slice(-2).map((one) => (sequenceNumber - one) & 0xffff);
          world.require(distances.every((one) => one <= WINDOW), `within ${WINDOW}`, distances.join(" "));
        }
      }
    },
  },
  {
    id: "call/reduced-epoch-pause",
    requirements: ["ARC-RTP-reduced-epoch-pause", "ARC-RTP-reduced-key-phase"],
    title: "For a second after a new epoch has begun all headers are full",
    needs: "peer",
    run: async (world) => {
      const { far, ssrc } = await reducing(world);
      await far.epochs.rotate();
      await far.fence();
      const mark = far.log.mark;
      await far.hears("a reduced packet of epoch 1", mark, (packet) => packet.ssrc === ssrc && packet.isReduced);
      const heard = far.log.all(
        0,
        (one) => one.kind === "media" && one.packet.ssrc === ssrc && one.packet.epoch === 1 ? one : undefined,
      );
      const first = heard.findIndex(({ packet }) => packet.isReduced);
      const ticks = (heard[first].packet.timestamp - heard[0].packet.timestamp) >>> 0;
      // By the clock of whichever was not held up: the media's or ours.
      const pauseMs = Math.max(ticks / TICKS_PER_MS, heard[first].atMs - heard[0].atMs);
      world.require(pauseMs >= 850, "a second of full headers", `${Math.round(pauseMs)} ms`);
    },
  },
  {
    id: "call/reduced-taken",
    requirements: ["ARC-RTP-reduced-expand", "ARC-RTP-reduced-expand-first", "ARC-RTP-reduced-reference"],
    title: "A peer takes our reduced packets, each expanded by the one before it, be it reduced",
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await reducedToPeer(world);
      await sends(far, stream, 3);
      await sendsReduced(far, stream, 30);
      await tookUpTo(world, far, stream, stream.lastSequence, 0);
    },
  },
  {
    id: "call/reduced-taken-over-gap",
    requirements: ["ARC-RTP-reduced-expand"],
    title: "A reduced packet behind a gap of 30 is expanded to the nearest number",
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await reducedToPeer(world);
      await sends(far, stream, 3);
      stream.skip(25);
      await sendsReduced(far, stream, 1);
      stream.skip(30);
      await sendsReduced(far, stream, 2);
      await tookUpTo(world, far, stream, stream.lastSequence, 55);
    },
  },
  {
    id: "call/reduced-without-context",
    requirements: ["ARC-RTP-reduced-no-context"],
    title: "A reduced packet of a context that nobody has defined is dropped",
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await reducedToPeer(world);
      await sends(far, stream, 3);
      const due = stream.lastSequence;
      await far.path.send(stream.reduced(CONTEXT - 1));
      await far.path.send(Uint8Array.of(0xc0 | CONTEXT, 0, 0));
      await tookUpTo(world, far, stream, due);
    },
  },
  {
    id: "call/reduced-before-full",
    requirements: ["ARC-RTP-reduced-no-context"],
    title: "A reduced packet before any full one is dropped, and the stream begins with the full one",
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await reducedToPeer(world);
      await sendsReduced(far, stream, 2);
      await sends(far, stream, 3);
      await sendsReduced(far, stream, 2);
      // Two that came before the first are no losses.
      await tookUpTo(world, far, stream, stream.lastSequence, 0);
    },
  },
  {
    id: "call/reduced-forged",
    requirements: ["ARC-RTP-reduced-reference", "ARC-RTP-reduced-expand-first"],
    title: "A forged packet, full or reduced, does not move the reference",
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await reducedToPeer(world);
      await sends(far, stream, 3);
      const forger = new FarStream(far.keys, stream.streamId, stream.ssrc, stream.lastSequence + 90);
      const full = withTurnedBit(forger.packet());
      const reduced = withTurnedBit(forger.reduced(CONTEXT));
      for (let i = 0; i < 4; i++) {
        await far.path.send(full);
        await far.path.send(reduced);
        await sendsReduced(far, stream, 2);
      }
      await tookUpTo(world, far, stream, stream.lastSequence);
    },
  },
];

interface Reducing {
  readonly far: FarPeer;
  readonly ssrc: number;
  readonly packets: readonly HeardPacket[];
  /** When each came. */
  readonly atMs: readonly number[];
}

/** Packets that are looked at: about a second and a half of audio. */
const PACKETS = 70;

/** A call in which the peer under test sends audio with reduced headers. */
async function reducing(world: PeerWorld): Promise<Reducing> {
  const far = await world.call("callee", { reducedHeader: true });
  await far.validate();
  const start = await far.remoteStream("audio");
  if (start.reduced_header === undefined) world.skip("the peer does not send reduced headers");
  const ssrc = Number(start.ssrc);
  const packets: HeardPacket[] = [];
  const atMs: number[] = [];
  for (let mark = 0; packets.length < PACKETS; mark++) {
    mark = await far.log.find(
      "audio",
      mark,
      (heard) => heard.kind === "media" && heard.packet.ssrc === ssrc ? far.log.entries.indexOf(heard) : undefined,
    );
    const heard = far.log.entries[mark];
    if (heard.kind !== "media") continue;
    packets.push(heard.packet);
    atMs.push(heard.atMs);
  }
  return { far, ssrc, packets, atMs };
}

/** A call in which the peer under test receives audio of ours that has a context. */
async function reducedToPeer(world: PeerWorld): Promise<{ readonly far: FarPeer; readonly stream: FarStream }> {
  const far = await world.call("callee", { reducedHeader: true });
  far.needs("reduced_header");
  await far.validate();
  const stream = far.makeAudio();
  const context = { context_id: CONTEXT, ssrc: stream.ssrc, payload_type: AUDIO_PAYLOAD_TYPE, quality: 0 };
  await far.ask({ ...far.announcement(stream), reduced_header: [context] });
  return { far, stream };
}

async function sendsReduced(far: FarPeer, stream: FarStream, packets: number): Promise<void> {
  for (let i = 0; i < packets; i++) await far.path.send(stream.reduced(CONTEXT));
}
