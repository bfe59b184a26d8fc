/** SPEC clauses 10.1 to 10.3 on the wire: reports, NACK, RTX, PLI, FEC, from a peer and to it. */
import { equalBytes, readU16 } from "../../../lib/base/bytes.ts";
import type { RtcpPacket } from "../../../lib/packet/rtcp/compound.ts";
import { packNackItems, unpackNackItems } from "../../../lib/packet/rtcp/nack.ts";
import type { ReportBlock } from "../../../lib/packet/rtcp/report_block.ts";
import type { SenderReport } from "../../../lib/packet/rtcp/sender_report.ts";
import type { Case } from "../../case.ts";
import { blockOf, type FarPeer } from "../../drive/far/far_peer.ts";
import { type FarStream, withTurnedBit } from "../../drive/far/far_stream.ts";
import type { Heard, HeardPacket } from "../../drive/far/heard_log.ts";
import type { PeerWorld } from "../../drive/peer_world.ts";
import { brief } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import { listening, sends } from "./media_received.ts";

/** SPEC ARC-LOSS-nack-retry. */
const NACK_TRIES = 3;
/** SPEC ARC-RTCP-pli. */
const PLI_SPACING_MS = 500;
/** One that no RTCP of today has. */
const UNKNOWN_RTCP = 208;

export const CASES: readonly Case[] = [
  {
    id: "call/report-loss",
    requirements: ["ARC-RTCP-reports", "ARC-LOSS-detect", "ARC-QUALITY-loss-measure"],
    title: "A receiver report counts what was lost, and its fraction",
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await listening(world);
      await sends(far, stream, 10);
      stream.skip(6);
      await sends(far, stream, 8);
      const { cumulativeLost, extendedHighestSequence32: highest } = await far.report(stream);
      world.require(cumulativeLost === 6, "6 lost", `${cumulativeLost}`);
      world.require(highest === stream.lastSequence, `up to ${stream.lastSequence}`, `${highest}`);
      const fractions = far.log.all(0, (heard) => reportIn(heard, stream)?.fractionLost256);
      world.require(fractions.some((fraction) => fraction > 0), "a fraction lost above 0", fractions.join(" "));
    },
  },
  {
    id: "call/report-each-second",
    requirements: ["ARC-RTCP-reports"],
    title: "A receiver of media reports each second",
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await listening(world);
      const { mark } = far.log;
      for (let i = 0; i < 28; i++) {
        await sends(far, stream, 2);
        await world.pass(90);
      }
      const count = far.log.all(mark, (heard) => reportIn(heard, stream)).length;
      world.require(count >= 2, "2 reports or more in 2.5 s", `${count}`);
    },
  },
  {
    id: "call/sr-taken",
    requirements: ["ARC-SRTP-srtcp-layout", "ARC-KEY-schedule-rtcp-keys", "ARC-RTCP-reports"],
    title: "A peer takes our sender report: its next report names it as the last",
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await listening(world);
      await sends(far, stream, 3);
      await far.path.send(far.keys.protectRtcp([senderReport(stream, 0x1234_5678)]));
      await lastReportIs(world, far, stream, 0x1234_5678);
    },
  },
  ...Object.entries(
    {
      "forged": (unit: Uint8Array) => withTurnedBit(unit),
      "changed-header": (unit: Uint8Array) => withTurnedBit(unit, 0),
      "other-index": (unit: Uint8Array) => withTurnedBit(unit, unit.length - 11),
      "not-encrypted": (unit: Uint8Array) => {
        const changed = unit.slice();
        changed[unit.length - 14] &= 0x7f;
        return changed;
      },
      "cut": (unit: Uint8Array) => unit.slice(0, 20),
    } satisfies Record<string, (unit: Uint8Array) => Uint8Array>,
  ).map(([words, spoil]): Case => ({
    id: `call/srtcp-${words}`,
    requirements: [
      words === "not-encrypted" ? "ARC-SRTP-srtcp-encrypted-only" : "ARC-SRTP-srtcp-hmac",
      "ARC-SRTP-srtcp-layout",
    ],
    title: `A sender report is dropped that is ${words.replaceAll("-", " ")}`,
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await listening(world);
      await sends(far, stream, 3);
      await far.path.send(far.keys.protectRtcp([senderReport(stream, 0x0101_0101)]));
      await far.path.send(spoil(far.keys.protectRtcp([senderReport(stream, 0x0202_0202)])));
      await lastReportIs(world, far, stream, 0x0101_0101);
    },
  })),
  {
    id: "call/srtcp-replayed",
    requirements: ["ARC-SRTP-srtcp-replay"],
    title: "A sender report that comes again does not take the place of a later one",
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await listening(world);
      await sends(far, stream, 3);
      const [first, second] = [0x0101_0101, 0x0202_0202].map((ntp) =>
        far.keys.protectRtcp([senderReport(stream, ntp)])
      );
      await far.path.send(first);
      await far.path.send(second);
      await far.path.send(first);
      await lastReportIs(world, far, stream, 0x0202_0202);
    },
  },
  {
    id: "call/rtcp-unknown-skipped",
    requirements: ["ARC-RTCP-unknown-skipped"],
    title: "An RTCP packet of unknown type within a compound is passed over, and what follows is taken",
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await listening(world);
      await sends(far, stream, 3);
      const unknown: RtcpPacket = {
        kind: "unknown",
        packetType: UNKNOWN_RTCP,
        count: 3,
        padding: false,
        body: new Uint8Array(12),
      };
      await far.path.send(far.rtcp([unknown, senderReport(stream, 0x3333_4444)]));
      await lastReportIs(world, far, stream, 0x3333_4444);
    },
  },
  {
    id: "call/nack-sent",
    requirements: ["ARC-LOSS-detect", "ARC-LOSS-nack-delay", "ARC-RTCP-feedback"],
    title: "A gap is asked for by a generic NACK that names the missing numbers and no others",
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await repairing(world);
      const { first, asked } = await gapAskedFor(world, far, stream, 3);
      const due = [first, first + 1, first + 2];
      world.require(brief(asked) === brief(due), `a NACK of ${due}`, `${asked}`);
    },
  },
  {
    id: "call/nack-bounded",
    requirements: ["ARC-LOSS-nack-retry", "ARC-LOSS-nack-deadline"],
    title: `A packet is asked for ${NACK_TRIES} times at most`,
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await repairing(world);
      const { first } = await gapAskedFor(world, far, stream, 1);
      for (let i = 0; i < 16; i++) {
        await sends(far, stream, 1);
        await world.pass(20);
      }
      const times = far.log.all(0, (heard) => nackedBy(heard, stream).includes(first) || undefined).length;
      world.require(times >= 1 && times <= NACK_TRIES, `1 to ${NACK_TRIES} NACKs`, `${times}`);
    },
  },
  {
    id: "call/nack-not-for-reordered",
    requirements: ["ARC-LOSS-nack-delay"],
    title: "A packet that comes right behind the next one is not asked for",
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await repairing(world);
      await sends(far, stream, 4);
      for (let i = 0; i < 5; i++) {
        const [first, second] = [stream.packet(), stream.packet()];
        await far.path.send(second);
        await far.path.send(first);
      }
      await far.fence();
      await world.pass(60);
      const asked = far.log.all(0, (heard) => nackedBy(heard, stream).length > 0 || undefined).length;
      // Five milliseconds pass easily between two datagrams on a busy host; five times in a row they don't.
      world.require(asked <= 3, "no NACK for what has come", `${asked}`);
    },
  },
  {
    id: "call/rtx-taken",
    requirements: ["ARC-LOSS-rtx-format"],
    title: "A retransmission in answer to a NACK ends the asking",
    needs: "peer",
    run: async (world) => {
      const { far, stream, rtxSsrc } = await repairing(world);
      const { first: missing } = await gapAskedFor(world, far, stream, 1);
      const original = Uint8Array.of(missing >>> 8, missing & 0xff, 0xfc, 0xff, 0xfe);
      const rtx = { ssrc: rtxSsrc, payloadType: 97, sequenceNumber: 500, timestamp: missing * 960, payload: original };
      await far.path.send(stream.packet(rtx));
      await far.fence();
      const { mark } = far.log;
      await sends(far, stream, 6);
      await world.pass(150);
      const again = far.log.all(mark, (heard) => nackedBy(heard, stream).includes(missing) || undefined).length;
      world.require(again === 0, "no NACK for what was restored", `${again}`);
    },
  },
  {
    id: "call/rtx-sent",
    requirements: ["ARC-LOSS-rtx-format", "ARC-LOSS-rtx-kept-fields", "ARC-LOSS-retransmit-critical"],
    title: "A packet of a key frame that is asked for comes again as RTX, with its number in front of its payload",
    needs: "peer",
    run: async (world) => {
      const { far, start, rtxSsrc } = await videoFromPeer(world, { rtx: true });
      const original = await far.hears(
        "a packet of a key frame",
        0,
        ({ ssrc, priority }) => ssrc === start.ssrc && priority === 1,
      );
      const { mark } = far.log;
      await far.path.send(far.rtcp([nack(far, original.ssrc, [original.sequenceNumber])]));
      const rtx = await far.hears("its retransmission", mark, ({ ssrc }) => ssrc === rtxSsrc);
      world.require(
        readU16(rtx.payload, 0) === original.sequenceNumber,
        `the number ${original.sequenceNumber} first`,
        `${readU16(rtx.payload, 0)}`,
      );
      world.require(
        equalBytes(rtx.payload.subarray(2), original.payload),
        "the original's payload",
        `${rtx.payload.length} bytes`,
      );
      const kept = (packet: HeardPacket) => brief([packet.marker, packet.timestamp, packet.quality, packet.priority]);
      world.require(kept(rtx) === kept(original), `M, timestamp, Q and PR ${kept(original)}`, kept(rtx));
      world.require(rtx.payloadType === 97, "payload type 97", `${rtx.payloadType}`);
    },
  },
  {
    id: "call/rtx-not-for-delta",
    requirements: ["ARC-LOSS-retransmit-critical"],
    title: "A packet of PR 2 or 3 is not sent again, however often it is asked for",
    needs: "peer",
    run: async (world) => {
      const { far, start, rtxSsrc } = await videoFromPeer(world, { rtx: true });
      const delta = await far.hears(
        "a packet of a delta frame",
        0,
        ({ ssrc, priority }) => ssrc === start.ssrc && priority >= 2,
      );
      const { mark } = far.log;
      for (let i = 0; i < 3; i++) await far.path.send(far.rtcp([nack(far, delta.ssrc, [delta.sequenceNumber])]));
      await far.fence();
      await world.pass(200);
      const again = far.log.all(
        mark,
        (heard) =>
          heard.kind === "media" && heard.packet.ssrc === rtxSsrc &&
            readU16(heard.packet.payload, 0) === delta.sequenceNumber ||
          undefined,
      ).length;
      world.require(again === 0, "no retransmission", `${again}`);
    },
  },
  {
    id: "call/pli-answered",
    requirements: ["ARC-RTCP-pli"],
    title: "A picture loss indication is answered with a key frame, several at once with one",
    needs: "peer",
    run: async (world) => {
      const { far, start } = await videoFromPeer(world, {});
      await far.hears("the first key frame", 0, ({ ssrc, priority }) => ssrc === start.ssrc && priority === 1);
      await far.hears("a delta frame", 0, ({ ssrc, priority }) => ssrc === start.ssrc && priority >= 2);
      await world.pass(PLI_SPACING_MS);
      const { mark } = far.log;
      for (let i = 0; i < 4; i++) {
        const pli: RtcpPacket = { kind: "pli", senderSsrc: far.rtcpSsrc, mediaSsrc: Number(start.ssrc) };
        await far.path.send(far.rtcp([pli]));
      }
      await far.hears("a key frame", mark, ({ ssrc, priority }) => ssrc === start.ssrc && priority === 1);
      await world.pass(PLI_SPACING_MS / 2);
      const frames = new Set(
        far.log.all(
          mark,
          (heard) =>
            heard.kind === "media" && heard.packet.ssrc === start.ssrc && heard.packet.priority === 1
              ? heard.packet.timestamp
              : undefined,
        ),
      );
      world.require(frames.size === 1, "one key frame for four requests at once", `${frames.size}`);
    },
  },
  {
    id: "call/transport-feedback",
    requirements: ["ARC-RTCP-transport-feedback", "ARC-RTCP-feedback"],
    title: "Arrivals of transport-wide sequence numbers are reported within 100 ms or so",
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await listening(world);
      for (let i = 0; i < 12; i++) {
        if (i !== 5) await far.path.send(stream.packet({ transportSequence: 700 + i }));
      }
      const received = new Set<number>();
      const collect = (heard: Heard) => {
        if (heard.kind !== "rtcp") return undefined;
        for (const packet of heard.packets) {
          if (packet.kind === "transport_feedback") {
            for (const { sequence16 } of packet.received) received.add(sequence16);
          }
        }
        return received.has(711) || undefined;
      };
      await far.log.find("transport-wide feedback up to 711", 0, collect);
      const due = Array.from({ length: 12 }, (_, i) => 700 + i).filter((number) => number !== 705);
      const missing = due.filter((number) => !received.has(number));
      world.require(
        missing.length === 0 && !received.has(705),
        "all that were sent, and not 705",
        `without ${missing}`,
      );
    },
  },
  {
    id: "call/fec-sent",
    requirements: ["ARC-LOSS-fec-format", "ARC-LOSS-fec-csrc", "ARC-LOSS-fec-key-frames", "ARC-RTP-priority-values"],
    title: "Key frames are followed by FEC on an SSRC of its own, of PR 3, that names the protected SSRC",
    needs: "peer",
    run: async (world) => {
      const { far, start } = await videoFromPeer(world, { fec: true });
      const fec = (start.fec as readonly Json[] | undefined)?.[0];
      if (fec === undefined) return world.skip("the peer sends no FEC");
      const repair = await far.hears("an FEC packet", 0, ({ ssrc }) => ssrc === fec.ssrc);
      world.require(repair.priority === 3, "PR 3", `${repair.priority}`);
      world.require(repair.csrc.includes(Number(start.ssrc)), `a CSRC ${start.ssrc}`, repair.csrc.join(" "));
      world.require(
        repair.payloadType === Number(fec.payload_type ?? 115),
        "the announced payload type",
        `${repair.payloadType}`,
      );
      // RFC 8627: R and F are 0 where the mask is flexible.
      world.require((repair.payload[0] & 0xc0) === 0, "a flexible mask", `${repair.payload[0]}`);
    },
  },
];

function senderReport({ ssrc }: FarStream, middleOfNtp: number): SenderReport {
  return {
    kind: "sr",
    ssrc,
    ntpSeconds: 0xe000_0000 + (middleOfNtp >>> 16),
    ntpFraction: (middleOfNtp << 16) >>> 0,
    rtpTimestampTicks: 0,
    packetCount: 3,
    octetCount: 9,
    reports: [],
    extension: new Uint8Array(0),
  };
}

/** The last sender report that the peer's next report names, by the middle of its NTP time. */
async function lastReportIs(world: PeerWorld, far: FarPeer, stream: FarStream, due: number): Promise<void> {
  await far.fence();
  await sends(far, stream, 2);
  const { lastSrCompact } = await far.report(stream);
  world.require(lastSrCompact === due, `the sender report ${due.toString(16)}`, lastSrCompact.toString(16));
}

function reportIn(heard: Heard, { ssrc }: FarStream): ReportBlock | undefined {
  return heard.kind === "rtcp" ? blockOf(heard.packets, ssrc) : undefined;
}

/** The numbers that a NACK of the peer's asks for. */
function nackedBy(heard: Heard, { ssrc }: FarStream): readonly number[] {
  if (heard.kind !== "rtcp") return [];
  return heard.packets.flatMap((packet) =>
    packet.kind === "nack" && packet.mediaSsrc === ssrc ? unpackNackItems(packet.items) : []
  );
}

/** Gaps that a busy host may have let grow too old to be asked for. */
const MOST_GAPS = 10;
const ASKED_MS = 120;

/** Leaves packets out of the stream until the peer asks for them; the first of them, and what it asked for. */
async function gapAskedFor(
  world: PeerWorld,
  far: FarPeer,
  stream: FarStream,
  packets: number,
): Promise<{ readonly first: number; readonly asked: readonly number[] }> {
  for (let i = 0; i < MOST_GAPS; i++) {
    const { mark } = far.log;
    await sends(far, stream, 4);
    const first = stream.lastSequence + 1;
    stream.skip(packets);
    await sends(far, stream, 6);
    await far.fence();
    await world.pass(ASKED_MS);
    const [asked] = far.log.all(
      mark,
      (heard) => nackedBy(heard, stream).length > 0 ? nackedBy(heard, stream) : undefined,
    );
    if (asked !== undefined) return { first, asked };
  }
  return world.breach(`a NACK for one of ${MOST_GAPS} gaps`, "none");
}

function nack(far: FarPeer, mediaSsrc: number, lost: readonly number[]): RtcpPacket {
  return { kind: "nack", senderSsrc: far.rtcpSsrc, mediaSsrc, items: packNackItems(lost) };
}

/** The peer under test receives audio of ours that has RTX. */
async function repairing(world: PeerWorld) {
  const far = await world.call("callee", { rtx: true });
  far.needs("rtx");
  await far.validate();
  const stream = far.makeAudio();
  const rtxSsrc = (stream.ssrc + 77) >>> 0;
  const rtx = [{ ssrc: rtxSsrc, protects: stream.ssrc }];
  await far.ask({ ...far.announcement(stream), rtx });
  return { far, stream, rtxSsrc };
}

/** The peer under test sends video with what is wished for. */
async function videoFromPeer(world: PeerWorld, wish: { readonly rtx?: boolean; readonly fec?: boolean }) {
  const far = await world.call("callee", wish);
  await far.validate();
  const start = await far.remoteStream("video");
  const [rtx] = (start.rtx ?? []) as readonly Json[];
  if (wish.rtx === true && rtx === undefined) world.skip("the peer sends no RTX");
  return { far, start, rtxSsrc: Number(rtx?.ssrc) };
}
