/** SPEC clause 1.4 for a peer in a call: what strangers, the other peer and the server may send it, and the call goes on. */
import { utf8 } from "../../../lib/base/bytes.ts";
import { SEAL_OVERHEAD_BYTES } from "../../../lib/crypto/seal.ts";
import { brief } from "../../expect.ts";
import type { Case } from "../../case.ts";
import type { FarPeer } from "../../drive/far/far_peer.ts";
import { AUDIO_PAYLOAD_TYPE, OPUS_FRAME, withTurnedBit } from "../../drive/far/far_stream.ts";
import type { PeerRole } from "../../drive/peer_source.ts";
import type { PeerWorld } from "../../drive/peer_world.ts";
import { tookUpTo } from "../call/media_received.ts";
import { heavyTexts, Malformed } from "./malformed.ts";

const UNITS = 60;
/** SPEC ARC-UNIT-sealed-size. */
const MAX_SEALED_BYTES = 1232;
const RTX_STEP = 0x1000;
const FEC_STEP = 0x2000;

export const CASES: readonly Case[] = [
  {
    id: "robustness/peer-datagrams",
    requirements: ["ARC-ROBUST-call", "ARC-ROBUST-amplification"],
    title:
      "Noise, forged and replayed units of a stranger or of the other peer's address get no answer, and end nothing",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      const malformed = new Malformed(world.rng);
      const at = far.path.remote;
      if (at === undefined) throw new Error("the peer was heard of, and is nowhere");
      const stranger = await world.media("stranger", at);
      const stream = await far.startAudio();
      const sealed = far.seal(far.heartbeat());
      await far.path.send(sealed);
      await far.fence();
      for (let i = 0; i < UNITS; i++) {
        const packet = stream.packet();
        await far.path.send(malformed.random.bool() ? malformed.packet() : malformed.mutated(packet));
        if (i % 10 === 0) await far.path.send(packet);
        await stranger.send(malformed.random.bool() ? malformed.packet() : malformed.mutated(sealed));
        if (i % 4 === 0) await stranger.send(malformed.message({ ...world.caller, unixMs: world.timestamp }));
      }
      await stranger.send(sealed);
      await stranger.send(withTurnedBit(far.seal(far.heartbeat())));
      await stranger.silence(far.fence());
      // One that is right, and its count in a report: media is taken still.
      await far.path.send(stream.packet());
      await tookUpTo(world, far, stream, stream.lastSequence);
      await goesOn(world, far);
    },
  },
  peerCase(
    "payloads",
    "callee",
    "Malformed payloads, extensions and padding, protected rightly",
    async (_world, far, malformed) => {
      const stream = await far.startAudio();
      const { random } = malformed;
      for (let i = 0; i < UNITS; i++) {
        await far.path.send(stream.packet({
          payload: malformed.noise(200),
          marker: random.bool(),
          timestamp: random.u32(),
          quality: random.below(4),
          priority: random.below(4),
          payloadType: random.oneIn(3) ? random.below(64) : AUDIO_PAYLOAD_TYPE,
          ...(random.bool()
            ? {
              extension: {
                profile: random.oneIn(3) ? random.below(0x1_0000) : 0xbede,
                data: random.bytes(4 * random.below(8)),
              },
            }
            : {}),
          ...(random.oneIn(3) ? { csrc: Array.from({ length: random.below(16) }, () => random.u32()) } : {}),
        }));
      }
      await far.path.send(stream.packet({ payload: OPUS_FRAME }));
    },
  ),
  {
    id: "robustness/peer-repairs",
    requirements: ["ARC-ROBUST-call"],
    title: "Malformed retransmissions and repair packets, protected rightly, do not end a call",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee", { rtx: true, fec: true });
      far.needs("rtx");
      far.needs("fec");
      await far.validate();
      const stream = far.makeAudio();
      const repair = (step: number) => [{ ssrc: (stream.ssrc + step) >>> 0, protects: stream.ssrc }];
      const start = far.announcement(stream, { rtx: repair(RTX_STEP), fec: repair(FEC_STEP) });
      const answer = await far.ask(start);
      world.require(answer.type === "ACK", "an ACK of STREAM_START", brief(answer));
      const malformed = new Malformed(world.rng);
      for (let i = 0; i < UNITS; i++) {
        const [step, payloadType] = malformed.random.pick([[RTX_STEP, 97], [FEC_STEP, 115]] as const);
        const ssrc = (stream.ssrc + step) >>> 0;
        const csrc = payloadType === 115 && !malformed.random.oneIn(4) ? { csrc: [stream.ssrc] } : {};
        await far.path.send(
          stream.packet({ ssrc, payloadType, sequenceNumber: i, payload: malformed.noise(80), ...csrc }),
        );
        if (i % 5 === 0) await far.path.send(stream.packet());
      }
      await goesOn(world, far);
    },
  },
  peerCase("rtcp", "callee", "Malformed RTCP, protected rightly", async (_world, far, malformed) => {
    for (let i = 0; i < UNITS; i++) {
      const compound = malformed.rtcp();
      if (compound.length >= 8) await far.path.send(far.keys.protectRtcpBytes(from(far.rtcpSsrc, compound)));
    }
  }),
  peerCase("sealed", "callee", "Malformed messages, sealed rightly", async (world, far, malformed) => {
    for (let i = 0; i < UNITS; i++) {
      const text = malformed.message({ ...world.caller, unixMs: world.timestamp });
      if (text.length + SEAL_OVERHEAD_BYTES > MAX_SEALED_BYTES || text.includes(0)) continue;
      await far.path.send(far.keys.sealBytes(text));
    }
  }),
  peerCase("signaling", "caller", "Malformed messages by signaling", async (world, far, malformed) => {
    for (let i = 0; i < UNITS; i++) {
      await far.signal.send(malformed.message({ ...world.callee, unixMs: world.timestamp }));
    }
  }),
  {
    ...peerCase("heavy", "callee", "Malformed and heavy messages by signaling", async (world, far, malformed) => {
      for (const text of Object.values(heavyTexts())) {
        await far.signal.send(utf8(text));
        await far.signal.send(malformed.message({ ...world.caller, unixMs: world.timestamp }));
        await far.fence();
      }
    }),
    requirements: ["ARC-ROBUST-time", "ARC-ROBUST-call"],
  },
];

/** A call with one kind of bad input in it, after which it goes on. */
function peerCase(
  words: string,
  role: PeerRole,
  what: string,
  misbehave: (world: PeerWorld, far: FarPeer, malformed: Malformed) => Promise<void>,
): Case {
  return {
    id: `robustness/peer-${words}`,
    requirements: ["ARC-ROBUST-call"],
    title: `${what}: the ${role} goes on with the call`,
    needs: "peer",
    run: async (world) => {
      const far = await world.call(role);
      await far.validate();
      await misbehave(world, far, new Malformed(world.rng));
      await goesOn(world, far);
    },
  };
}

/** It answers on the path, sends media, and takes requests. */
async function goesOn(world: PeerWorld, far: FarPeer): Promise<void> {
  await far.fence();
  await far.hears("media of the peer's, after all that", far.log.mark);
  const answer = await far.ask(far.announcement(far.makeAudio()));
  world.require(answer.type === "ACK", "an ACK of STREAM_START", brief(answer));
}

/** The compound with this sender in its first packet, and of the class of RTCP. */
function from(ssrc: number, compound: Uint8Array): Uint8Array {
  const bytes = compound.slice();
  bytes[0] = 0x80 | (bytes[0] & 0x3f);
  if (bytes[1] < 192 || bytes[1] > 223) bytes[1] = 201;
  new DataView(bytes.buffer).setUint32(4, ssrc);
  return bytes;
}
