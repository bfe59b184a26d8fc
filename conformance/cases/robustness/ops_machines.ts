/** SPEC clause 1.4 for the machines of a library under test: what is behind authentication, and runs on virtual time. */
import { toHex } from "../../../lib/base/bytes.ts";
import type { Rng } from "../../../lib/base/rng.ts";
import type { Case, Check } from "../../case.ts";
import { answersWith, brief } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import { ANNA, at, BEN, callee, due, type Input, script, sent, stateIs, T } from "../signaling/script.ts";
import { said } from "../messages.ts";
import { bytesOf, Malformed } from "./malformed.ts";
import { having, hexList, oneVerdict } from "./verdict.ts";

const MESSAGES = 60;
const INTERVAL_MS = 200;
const FRAMES = 12;
const MUTATIONS = 6;

/** A frame of each codec, as media/frames.ts has them. */
const CODEC_FRAMES = {
  opus: "f8aabbcc",
  g722: "5a".repeat(160),
  pcm: "0102".repeat(80),
  aac: "2110049005",
  h264: `000000016742c00a0000000165${"ab".repeat(300)}`,
  h265: `0000000140010c000000012601${"ab".repeat(300)}`,
  vp9: `8249834200${"ab".repeat(300)}`,
  av1: "12000a0a00000002aff9bfb32008320110",
  "x-own": "ab".repeat(50),
} as const;

export const CASES: readonly Case[] = [
  {
    id: "robustness/session-messages",
    requirements: ["ARC-ROBUST-call"],
    title: "Malformed messages from the server do not end a session: the peer stays connected and answers",
    needs: "ops",
    checks: ({ rng }) =>
      [1, 2, 3].map((run) =>
        callee(
          `run ${run}`,
          [...malformedInputs(rng, ANNA), at(END_MS, said("HEARTBEAT", ANNA, T + END_MS, { sequence: 9999 }))],
          stateIs("connected"),
          sent("HEARTBEAT_ACK", { sequence: 9999 }, { fromMs: END_MS }),
        )
      ),
  },
  {
    id: "robustness/server-messages",
    requirements: ["ARC-ROBUST-connection"],
    title: "Malformed messages of one peer do not keep a server from serving the others",
    needs: "ops",
    checks: ({ rng }) =>
      [1, 2, 3].map((run) => {
        const hostile = malformedInputs(rng, { ...ANNA, sessionId: HOSTILE_SESSION }, "hostile");
        const [anna, ben] = [ANNA, BEN].map((voice) => ({ ...voice, sessionId: HONEST_SESSION }));
        return script(
          `run ${run}`,
          {
            role: "server",
            inputs: [
              at(0, said("HEARTBEAT", anna, T, { sequence: 1 }), "a"),
              ...hostile,
              at(END_MS, said("HEARTBEAT", ben, T + END_MS, { sequence: 2 }), "b"),
            ],
          },
          sent("HEARTBEAT", { peer_id: ben.peerId }, { to: "a", fromMs: END_MS }),
          due("nothing of the hostile one to the others", ({ outputs }) => {
            const stray = outputs.find(({ at_ms, to }) => to === "a" && at_ms > 0 && at_ms < END_MS);
            return stray === undefined ? undefined : `sent was ${brief(stray)}`;
          }),
        );
      }),
  },
  {
    id: "robustness/input-payloads",
    requirements: ["ARC-ROBUST-verdict"],
    title: "Malformed payloads of every codec are frames or refusals, and the next frame comes out whole",
    needs: "ops",
    checks: ({ rng }) => {
      const malformed = new Malformed(rng);
      return Object.entries(CODEC_FRAMES).map(([codec, data]) => payloadCheck(codec, data, malformed));
    },
  },
  {
    id: "robustness/input-repairs",
    requirements: ["ARC-ROBUST-verdict"],
    title: "Malformed repair packets recover packets or are refused, and the next is read as before",
    needs: "ops",
    checks: ({ rng }) => {
      const malformed = new Malformed(rng);
      const media = Array.from({ length: 10 }, (_, i) => mediaPacket(100 + i, malformed));
      return [{
        name: "the repairs of ten packets",
        request: { op: "fec.encode", packets: media, redundancy: 0.5, ssrc: 99 },
        ...answersWith("repairs", ({ packets }) => Array.isArray(packets) && packets.length > 0 ? undefined : "none"),
        then: ({ packets }) => repairChecks(media, packets as readonly string[], malformed),
      }];
    },
  },
  {
    id: "robustness/input-arrivals",
    requirements: ["ARC-ROBUST-verdict"],
    title: "Whatever comes in whatever order, a jitter buffer plays or drops each packet at most once",
    needs: "ops",
    checks: ({ rng }) => {
      const { random } = new Malformed(rng);
      return [8000, 48_000, 1, 0xffff_ffff].map((clockRate) => {
        let arrivalMs = 1000;
        const packets = Array.from({ length: 400 }, () => ({
          arrival_ms: arrivalMs += random.below(30),
          sequence_number: random.oneIn(5) ? random.below(0x1_0000) : random.below(200),
          timestamp: random.u32(),
          clock_rate: clockRate,
        }));
        const request = { op: "jitter.run", packets };
        return {
          name: `a clock of ${clockRate} Hz`,
          request,
          ...oneVerdict(
            (value) => having("playout", "dropped")(value, request) ?? noMoreThan(packets.length, value),
            request,
          ),
        };
      });
    },
  },
];

const HOSTILE_SESSION = "33333333-3333-4333-8333-333333333333";
/** Not that of the examples, which what is malformed may join. */
const HONEST_SESSION = "44444444-4444-4444-8444-444444444444";
const END_MS = INTERVAL_MS * (MESSAGES + 2);

/** One after the other, slowly enough for any limit of messages a second. */
function malformedInputs(rng: Rng, { sessionId, peerId }: typeof ANNA, from?: string): readonly Input[] {
  const malformed = new Malformed(rng);
  return Array.from({ length: MESSAGES }, (_, i) => {
    const at_ms = INTERVAL_MS * (i + 1);
    const json = new TextDecoder().decode(malformed.message({ sessionId, peerId, unixMs: T + at_ms }));
    return { at_ms, json, ...(from === undefined ? {} : { from, peer_id: peerId }) };
  });
}

/** What the testee itself has made of frames, broken; whole frames follow. */
function payloadCheck(codec: string, data: string, malformed: Malformed): Check {
  const frames = Array.from({ length: FRAMES }, (_, i) => ({ data, timestamp: 3000 * i, keyframe: true }));
  return {
    name: `${codec}, cut up`,
    request: { op: "payload.packetize", codec, mtu: 100, frames },
    ...answersWith("packets", ({ packets }) => Array.isArray(packets) && packets.length > 0 ? undefined : "none"),
    then: ({ packets }) => {
      const all = packets as readonly Json[];
      const whole = { op: "payload.depacketize", codec, packets: all };
      return [
        ...Array.from({ length: MUTATIONS }, (_, i) => {
          const spoilt = all.map((packet) => malformed.random.bool() ? packet : spoiltPayload(packet, malformed));
          const request = { ...whole, packets: spoilt };
          return { name: `${codec}, broken ${i}`, request, ...oneVerdict(having("frames"), request) };
        }),
        {
          name: `${codec}, whole again`,
          request: whole,
          ...answersWith("every frame", (value) => {
            const count = Array.isArray(value.frames) ? value.frames.length : 0;
            return count >= FRAMES ? undefined : `${count} of ${FRAMES} frames come out`;
          }),
        },
      ];
    },
  };
}

function spoiltPayload(packet: Json, malformed: Malformed): Json {
  const bytes = bytesOf(packet.payload);
  const { random } = malformed;
  return {
    ...packet,
    payload: toHex(random.oneIn(5) ? malformed.noise(60) : malformed.mutated(bytes)),
    marker: random.oneIn(4) ? packet.marker !== true : packet.marker,
  };
}

function repairChecks(media: readonly string[], repairs: readonly string[], malformed: Malformed): readonly Check[] {
  const { random } = malformed;
  const kept = media.filter((_, i) => i % 3 !== 1);
  const checks = Array.from({ length: 40 }, (_, i) => {
    const fec = repairs.map((hex) => toHex(malformed.mutated(bytesOf(hex))));
    const sources = random.bool()
      ? kept
      : kept.map((hex) => random.oneIn(3) ? toHex(malformed.mutated(bytesOf(hex))) : hex);
    const request = { op: "fec.recover", media: sources, fec };
    return { name: `broken ${i}`, request, ...oneVerdict(hexList("recovered"), request) };
  });
  const lost = media[1];
  return [...checks, {
    name: "right again",
    request: { op: "fec.recover", media: media.filter((hex) => hex !== lost), fec: repairs },
    ...answersWith(
      "the packet that is missing",
      ({ recovered }) =>
        Array.isArray(recovered) && recovered.includes(lost) ? undefined : `recovered is ${brief(recovered)}`,
    ),
  }];
}

/** A full packet of SSRC 3 with a random payload and K 0. */
function mediaPacket(sequence: number, { random }: Malformed): string {
  const head = `80e2${sequence.toString(16).padStart(4, "0")}0000000000000003` + "10000000";
  return head + toHex(random.bytes(20 + random.below(60)));
}

function noMoreThan(packets: number, { playout, dropped }: Json): string | undefined {
  const count = [playout, dropped].map((list) => Array.isArray(list) ? list.length : 0).reduce((a, b) => a + b);
  return count <= packets ? undefined : `${count} of ${packets} packets are told of`;
}
