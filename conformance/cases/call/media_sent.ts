/** SPEC clauses 2, 3.4, 4 and 10.1 on the wire: the packets and reports that a peer sends. */
import type { Case } from "../../case.ts";
import type { FarPeer } from "../../drive/far/far_peer.ts";
import type { HeardPacket } from "../../drive/far/heard_log.ts";
import type { PeerRole } from "../../drive/peer_source.ts";
import type { PeerWorld } from "../../drive/peer_world.ts";
import { brief } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import { requireContinues } from "../path/keeping.ts";

const ROLES: readonly PeerRole[] = ["caller", "callee"];
const MAX_UNIT_BYTES = 1232;
const FEC_PAYLOAD_BYTES = 1132;
const FIRST_SEQUENCES = 32_768;

export const CASES: readonly Case[] = [
  ...ROLES.map((role): Case => ({
    id: `call/sent-opens-${role}`,
    requirements: [
      "ARC-SRTP-aad",
      "ARC-KEY-schedule-master",
      "ARC-KEY-schedule-text-inputs",
      "ARC-KEY-transcript-items",
      "ARC-KEY-schedule-ssrc-share",
    ],
    title: `Everything that a ${role} sends can be opened with the keys of the session, RTX and FEC included`,
    needs: "peer",
    run: async (world) => {
      const { far } = await talking(world, role);
      await world.pass(300);
      const bad = far.log.entries.find(({ kind }) => kind === "unreadable");
      world.require(bad === undefined, "nothing that cannot be opened", bad?.kind === "unreadable" ? bad.why : "");
      world.require(far.unknownUnits === 0, "media of announced SSRCs only", `${far.unknownUnits} units of others`);
    },
  })),
  {
    id: "call/sent-announced",
    requirements: ["ARC-MEDIA-both-payload-types", "ARC-MEDIA-default-payload-types", "ARC-RTP-payload-types-excluded"],
    title: "Media has the SSRC and payload type that its STREAM_START names, or the codec's default",
    needs: "peer",
    run: async (world) => {
      const { far, packets } = await talking(world);
      const announced = new Map(
        [...far.remote.starts.values()].flatMap((start) => payloadTypesOf(start)),
      );
      for (const { ssrc, payloadType } of packets) {
        world.require(announced.has(ssrc), "an SSRC of a STREAM_START", `${ssrc}`);
        const due = announced.get(ssrc);
        world.require(due === payloadType, `payload type ${due}`, `${payloadType}`);
      }
    },
  },
  {
    id: "call/sent-first-sequence",
    requirements: ["ARC-RTP-initial-sequence", "ARC-SRTP-roc-start"],
    title: `The first sequence number of each SSRC is below ${FIRST_SEQUENCES}`,
    needs: "peer",
    run: async (world) => {
      const { packets } = await talking(world);
      for (const ssrc of new Set(packets.map((packet) => packet.ssrc))) {
        const first = Math.min(
          ...packets.filter((packet) => packet.ssrc === ssrc).map((packet) => packet.sequenceNumber),
        );
        world.require(first < FIRST_SEQUENCES, `a first number below ${FIRST_SEQUENCES}`, `${first}`);
      }
    },
  },
  {
    id: "call/sent-numbers",
    requirements: ["ARC-KEY-ssrc-once", "ARC-SRTP-index-estimate"],
    title: "The numbers of each SSRC grow by one, and none is used twice",
    needs: "peer",
    run: async (world) => {
      const { packets } = await talking(world);
      for (const ssrc of new Set(packets.map((packet) => packet.ssrc))) {
        requireContinues(world, packets.filter((packet) => packet.ssrc === ssrc));
      }
    },
  },
  {
    id: "call/sent-priority",
    requirements: ["ARC-RTP-priority-values"],
    title: "Audio is of PR 0, video of PR 1 to 3, and a key frame's packets of PR 1",
    needs: "peer",
    run: async (world) => {
      const { far, packets } = await talking(world);
      const of = (medium: string) => mediaOf(far, packets, medium);
      const audio = of("audio").map(({ priority }) => priority);
      const video = of("video").map(({ priority }) => priority);
      world.require(audio.every((priority) => priority === 0), "PR 0 for audio", audio.join(" "));
      world.require(video.every((priority) => priority > 0), "PR 1 to 3 for video", video.join(" "));
      if (video.length > 0) world.require(video[0] === 1, "PR 1 for the first frame, a key frame", `${video[0]}`);
    },
  },
  {
    id: "call/sent-one-frame-one-priority",
    requirements: ["ARC-RTP-priority-values"],
    title: "All packets of a video frame have one timestamp and one PR",
    needs: "peer",
    run: async (world) => {
      const { far, packets } = await talking(world);
      const priorities = new Map<number, number>();
      for (const { timestamp, priority } of mediaOf(far, packets, "video")) {
        const before = priorities.get(timestamp) ?? priority;
        world.require(before === priority, `PR ${before} for the whole frame`, `${priority}`);
        priorities.set(timestamp, priority);
      }
    },
  },
  {
    id: "call/sent-flags",
    requirements: ["ARC-RTP-reserved-zero", "ARC-QUALITY-index-range"],
    title: "Undefined flags are 0, and Q is within the stream's ladder",
    needs: "peer",
    run: async (world) => {
      const { far, packets } = await talking(world);
      for (const { flags, ssrc, quality } of packets) {
        world.require((flags & ~3) === 0, "flags of 0x01 and 0x02 only", flags.toString(16));
        const start = startOf(far, ssrc);
        const rungs = Array.isArray(start.quality_ladder) ? start.quality_ladder.length : 4;
        world.require(quality < rungs, `Q below ${rungs}`, `${quality}`);
      }
    },
  },
  {
    id: "call/sent-transport-sequence",
    requirements: ["ARC-RTP-ext-transport-sequence-counter", "ARC-RTP-ext-transport-sequence", "ARC-RTP-ext-profile"],
    title: "Transport-wide sequence numbers grow by one over all SSRCs",
    needs: "peer",
    run: async (world) => {
      const { packets } = await talking(world);
      const numbers = packets.flatMap(({ transportSequence }) => transportSequence ?? []);
      if (numbers.length < 2) world.skip("the peer sends no transport-wide sequence numbers");
      const unique = new Set(numbers);
      world.require(unique.size === numbers.length, "each number once", `${numbers.length - unique.size} twice`);
      const span = (Math.max(...numbers) - Math.min(...numbers)) & 0xffff;
      world.require(span <= 2 * numbers.length, `${numbers.length} numbers in a row`, `a span of ${span}`);
    },
  },
  {
    id: "call/sent-size",
    requirements: ["ARC-UNIT-media-size", "ARC-LOSS-fec-payload-size", "ARC-UNIT-sealed-size"],
    title:
      `No unit is larger than ${MAX_UNIT_BYTES} bytes, nor a payload than ${FEC_PAYLOAD_BYTES} where FEC is in use`,
    needs: "peer",
    run: async (world) => {
      let largest = 0;
      const { far, packets } = await talking(world, "callee", (unit) => largest = Math.max(largest, unit.length));
      world.require(largest <= MAX_UNIT_BYTES, `at most ${MAX_UNIT_BYTES} bytes`, `${largest}`);
      const withFec = [...far.remote.starts.values()].filter(({ fec }) => fec !== undefined);
      for (const { ssrc } of withFec) {
        const payload = Math.max(0, ...packets.filter((one) => one.ssrc === ssrc).map((one) => one.payload.length));
        world.require(payload <= FEC_PAYLOAD_BYTES, `payloads of at most ${FEC_PAYLOAD_BYTES} bytes`, `${payload}`);
      }
    },
  },
  {
    id: "call/sent-clock",
    requirements: ["ARC-RTP-clock-rate", "ARC-MEDIA-opus"],
    title: "The timestamps of Opus advance by 48000 a second",
    needs: "peer",
    run: async (world) => {
      const { far } = await talking(world);
      const start = await far.remoteStream("audio");
      const { audio } = start.codec as { readonly audio: Json };
      if (audio.name !== "opus") world.skip("its audio is not Opus");
      const heard = far.log.all(0, (one) => one.kind === "media" && one.packet.ssrc === start.ssrc ? one : undefined);
      const first = heard[0];
      const last = heard[heard.length - 1];
      const ticks = ((last.packet.timestamp - first.packet.timestamp) >>> 0) /
        (last.packet.sequenceNumber - first.packet.sequenceNumber);
      const isFrame = [120, 240, 480, 960, 1920, 2880].includes(ticks);
      world.require(isFrame, "a frame's length of 2.5 to 60 ms in ticks of 48 kHz from packet to packet", `${ticks}`);
    },
  },
  {
    id: "call/reports-sent",
    requirements: ["ARC-RTCP-reports", "ARC-RTCP-mux"],
    title: "A sender report comes on the media path each second for each stream that is sent",
    needs: "peer",
    run: async (world) => {
      const { far } = await talking(world);
      await world.pass(2300);
      for (const { ssrc } of far.remote.starts.values()) {
        const count = far.log.all(0, (heard) =>
          heard.kind === "rtcp" && heard.packets.some((packet) =>
              packet.kind === "sr" && packet.ssrc === ssrc
            ) || undefined)
          .length;
        world.require(count >= 2, `2 sender reports or more for SSRC ${ssrc}`, `${count}`);
      }
    },
  },
  {
    id: "call/reports-count",
    requirements: ["ARC-RTCP-reports"],
    title: "Sender reports count the packets that were sent, and their times go on",
    needs: "peer",
    run: async (world) => {
      const { far } = await talking(world);
      const { ssrc } = await far.remoteStream("audio");
      await world.pass(1200);
      const reports = far.log.all(
        0,
        (heard) =>
          heard.kind === "rtcp"
            ? heard.packets.flatMap((packet) => packet.kind === "sr" && packet.ssrc === ssrc ? packet : [])[0]
            : undefined,
      );
      world.require(reports.length >= 2, "2 sender reports", `${reports.length}`);
      const heard = far.log.all(0, (one) => one.kind === "media" && one.packet.ssrc === ssrc || undefined).length;
      const last = reports[reports.length - 1];
      world.require(
        last.packetCount > 0 && last.packetCount <= heard + 50,
        `about ${heard} packets`,
        `${last.packetCount}`,
      );
      const isLater =
        last.ntpSeconds * 2 ** 32 + last.ntpFraction > reports[0].ntpSeconds * 2 ** 32 + reports[0].ntpFraction;
      world.require(isLater, "a later NTP time", `${last.ntpSeconds}`);
    },
  },
  {
    id: "call/rtcp-ssrc",
    requirements: ["ARC-RTCP-sender-ssrc"],
    title: "RTCP comes under an SSRC of a stream of the peer's, or the rtcp_ssrc that it has announced",
    needs: "peer",
    run: async (world) => {
      const { far } = await talking(world);
      const starts = [...far.remote.starts.values()];
      const allowed = new Set(starts.flatMap(({ ssrc, rtcp_ssrc: rtcp }) => [ssrc, rtcp]));
      const heard = far.log.all(0, (one) => one.kind === "rtcp" ? one.ssrc : undefined);
      world.require(heard.length > 0, "RTCP", "none");
      // Before its first stream has begun, a peer has none but one of chance.
      const last = heard[heard.length - 1];
      world.require(allowed.has(last), `one of ${brief([...allowed])}`, `${last}`);
    },
  },
  {
    id: "call/rtcp-index",
    requirements: ["ARC-SRTP-srtcp-index", "ARC-SRTP-srtcp-layout"],
    title: "The SRTCP index of each SSRC begins at 0 and grows by one",
    needs: "peer",
    run: async (world) => {
      const { far } = await talking(world);
      await world.pass(1200);
      const bySsrc = new Map<number, number[]>();
      for (const heard of far.log.entries) {
        if (heard.kind === "rtcp") bySsrc.set(heard.ssrc, [...bySsrc.get(heard.ssrc) ?? [], heard.index]);
      }
      world.require(bySsrc.size > 0, "RTCP", "none");
      for (const indexes of bySsrc.values()) {
        world.require(indexes.every((index, i) => index === i), "0, 1, 2, ...", indexes.join(" "));
      }
    },
  },
  {
    id: "call/not-agreed",
    requirements: ["ARC-LOSS-rtx-agreed"],
    title: "Without our capabilities there is no reduced header, no RTX and no FEC",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      await far.hears("media", 0);
      await world.pass(400);
      for (const start of far.remote.starts.values()) {
        const named = ["rtx", "fec", "reduced_header"].filter((name) => name in start);
        world.require(named.length === 0, "a STREAM_START without them", named.join(", "));
      }
      const reduced = far.log.all(0, (heard) => heard.kind === "media" && heard.packet.isReduced || undefined).length;
      world.require(reduced === 0, "full headers only", `${reduced} reduced`);
    },
  },
];

/** Enough for what the cases look at. */
const PACKETS = 40;

/** A call in which the peer under test has sent some media, with all that was agreed on. */
async function talking(
  world: PeerWorld,
  role: PeerRole = "callee",
  onUnit?: (unit: Uint8Array) => void,
): Promise<{ readonly far: FarPeer; readonly packets: readonly HeardPacket[] }> {
  const far = await world.call(role, { reducedHeader: true, rtx: true, fec: true });
  far.onUnit = onUnit;
  await far.validate();
  for (let i = 0, mark = 0; i < PACKETS; i++) {
    mark = await far.log.find(
      "media",
      mark,
      (heard) => heard.kind === "media" ? far.log.entries.indexOf(heard) + 1 : undefined,
    );
  }
  return { far, packets: far.log.all(0, (heard) => heard.kind === "media" ? heard.packet : undefined) };
}

function startOf(far: FarPeer, ssrc: number): Json {
  const starts = [...far.remote.starts.values()];
  return starts.find((start) => start.ssrc === ssrc || brief([start.rtx, start.fec]).includes(`${ssrc}`)) ?? {};
}

/** The media packets of streams of one medium, without RTX and FEC. */
function mediaOf(far: FarPeer, packets: readonly HeardPacket[], medium: string): readonly HeardPacket[] {
  return packets.filter(({ ssrc }) =>
    [...far.remote.starts.values()].some((start) => start.ssrc === ssrc && start.stream_type === medium)
  );
}

const DEFAULTS: Readonly<Record<string, number>> = {
  opus: 111,
  g722: 9,
  aac: 104,
  pcm: 105,
  vp9: 98,
  h264: 102,
  av1: 45,
  h265: 100,
};

/** SSRC and payload type of all that a STREAM_START announces. */
function payloadTypesOf(start: Json): readonly (readonly [number, number])[] {
  const { audio, video } = start.codec as { readonly audio?: Json; readonly video?: Json };
  const typeOf = (codec: Json) => Number(codec.payload_type ?? DEFAULTS[String(codec.name)]);
  const ssrc = Number(start.ssrc);
  const media = [
    ...(audio === undefined ? [] : [[ssrc, typeOf(audio)] as const]),
    ...(video === undefined ? [] : [[start.stream_type === "both" ? (ssrc + 1) >>> 0 : ssrc, typeOf(video)] as const]),
  ];
  const repairs = (list: unknown, fallback: number) =>
    (Array.isArray(list) ? list as Json[] : []).map((entry) =>
      [Number(entry.ssrc), Number(entry.payload_type ?? fallback)] as const
    );
  return [...media, ...repairs(start.rtx, 97), ...repairs(start.fec, 115)];
}
