/** SPEC clause 11.1: sequence numbers across the bridge, RTCP about them, and what repairs packets. */
import { parseHex } from "../../../lib/base/bytes.ts";
import type { Case, Check } from "../../case.ts";
import { answersWith } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import { vectorCase } from "../../vector_case.ts";
import { hexOf, oneByte, packet, sequencesOf } from "./packets.ts";
import { CHROME_OFFER } from "./sdp_texts.ts";

/** A stream from either side, each side with its own SSRC and count; ArcRTP is ahead by the offsets. */
const FROM_RTP = { rtp: 0x1001, arcrtp: 0x2001, from: "rtp", sequence_offset: 1000, timestamp_offset: 5000 };
const FROM_ARC = { rtp: 0x1002, arcrtp: 0x2002, from: "arcrtp", sequence_offset: -300, timestamp_offset: 0 };
const OWN_SSRC = 0x0b0b;
const MAP = {
  payload_types: [{ rtp: 96, arcrtp: 98, codec: "vp9" }, { rtp: 97, arcrtp: 99, codec: "rtx", kind: "video" }],
  extensions: [{ rtp: 3, arcrtp: 2 }],
  ssrcs: [FROM_RTP, FROM_ARC, { ...FROM_RTP, rtp: 0x1003, arcrtp: 0x2003, sequence_offset: 7, protects: 0x1001 }],
};

const VP9_KEY = "880582498342";
const VP9_DELTA = "cc0586aaaa";

export const CASES: readonly Case[] = [
  vectorCase(
    "bridge/kept-back-numbers",
    "ARC-BRIDGE-kept-back",
    "bridge.rtp_to_arcrtp",
    "Numbers move up, losses stay",
  ),
  vectorCase("bridge/rtcp", "ARC-BRIDGE-rtcp", "bridge.rtcp", "NACK, PLI and reports are about the other side"),
  {
    id: "bridge/streams",
    requirements: ["ARC-BRIDGE-rtcp"],
    title: "Packets get the other side's SSRC, sequence number and timestamp, around the end of their ranges too",
    needs: "ops",
    checks: () =>
      ([
        ["bridge.rtp_to_arcrtp", 0x1001, 10, 0, "1010 5000 8193"],
        ["bridge.rtp_to_arcrtp", 0x1001, 65_000, 0xffff_ffff, "464 4999 8193"],
        ["bridge.arcrtp_to_rtp", 0x2002, 10, 77, "310 77 4098"],
        ["bridge.arcrtp_to_rtp", 0x2002, 65_500, 77, "264 77 4098"],
      ] as const).map(([op, ssrc, sequence, timestamp, due]) => ({
        name: `${op} ${sequence} ${timestamp}`,
        request: { op, map: MAP, hex: packetOf(op, { ssrc, sequence, timestamp, payload: VP9_DELTA }) },
        ...answersWith(`${due} (number, timestamp, SSRC)`, ({ hex }) => {
          const text = String(hex);
          const got = [[4, 8], [8, 16], [16, 24]].map(([from, to]) => parseInt(text.slice(from, to), 16)).join(" ");
          return got === due ? undefined : got;
        }),
      })),
  },
  {
    id: "bridge/kept-back",
    requirements: ["ARC-BRIDGE-kept-back"],
    title: "A packet that does not go on leaves no gap, a lost one does, and what comes late finds its place",
    needs: "ops",
    checks: () => [
      // A tone within the stream, by a payload type that the other side does not have.
      numbers("one kept back", ["10", "11", "12t", "13", "14"], "1010 1011 - 1012 1013"),
      numbers("one lost", ["10", "11", "13", "14"], "1010 1011 1013 1014"),
      numbers("one of each", ["10", "12t", "14", "15"], "1010 - 1013 1014"),
      numbers("several in a row", ["10", "11t", "12t", "13t", "14"], "1010 - - - 1011"),
      numbers("around the end of the range", ["64534", "64535", "64536t", "64537", "64538"], "65534 65535 - 0 1"),
      numbers("late, in front of it", ["10", "12", "13t", "14", "11", "15"], "1010 1012 - 1013 1011 1014"),
      numbers("it comes late itself", ["10", "12", "11t", "13"], "1010 1012 - 1013"),
    ],
  },
  {
    id: "bridge/rtcp-nack",
    requirements: ["ARC-BRIDGE-rtcp"],
    title: "A NACK asks the sender for his own numbers, under his SSRC",
    needs: "ops",
    checks: () => [
      nack("one number", "arcrtp", 0x2001, [[1010, 0]], 0x1001, [10]),
      nack("a bit mask", "arcrtp", 0x2001, [[1010, 0b1000000000000001]], 0x1001, [10, 11, 26]),
      nack("several entries", "arcrtp", 0x2001, [[1010, 0], [1100, 3]], 0x1001, [10, 100, 101, 102]),
      nack("before the sender's 0", "arcrtp", 0x2001, [[998, 7]], 0x1001, [65_534, 65_535, 0, 1]),
      nack("from the other side", "rtp", 0x1002, [[310, 1]], 0x2002, [10, 11]),
      nack("around its end", "rtp", 0x1002, [[65_535, 1]], 0x2002, [65_235, 65_236]),
    ],
  },
  {
    id: "bridge/rtcp-pli",
    requirements: ["ARC-BRIDGE-rtcp"],
    title: "A PLI names the sender's SSRC on the other side, and whoever asks by his name there",
    needs: "ops",
    checks: () => [
      passes("from ArcRTP", "arcrtp", feedback(206, 1, 0x2002, 0x2001), feedback(206, 1, 0x1002, 0x1001)),
      passes("from RTP", "rtp", feedback(206, 1, 0x1001, 0x1002), feedback(206, 1, 0x2001, 0x2002)),
      passes("from a stranger", "rtp", feedback(206, 1, 0x77, 0x1002), feedback(206, 1, OWN_SSRC, 0x2002)),
    ],
  },
  {
    id: "bridge/rtcp-receiver-report",
    requirements: ["ARC-BRIDGE-rtcp"],
    title: "A report block is about the sender's SSRC and numbers; loss, jitter and times are as they were",
    needs: "ops",
    checks: () => {
      const told = (ssrc: number, highest: number) =>
        hexOf(ssrc, 4) + "19fffffe" + hexOf(highest, 4) + "00000123" + "aabbccdd" + "00010000";
      const report = (sender: number, ...blocks: readonly string[]) =>
        rtcp(201, blocks.length, hexOf(sender, 4) + blocks.join(""));
      return [
        passes("of ArcRTP", "arcrtp", report(0x2002, told(0x2001, 1500)), report(0x1002, told(0x1001, 500))),
        passes(
          "after two cycles",
          "arcrtp",
          report(0x2002, told(0x2001, 2 * 65_536 + 1500)),
          report(0x1002, told(0x1001, 2 * 65_536 + 500)),
        ),
        passes(
          "a cycle that only one side has begun",
          "arcrtp",
          report(0x2002, told(0x2001, 65_536 + 200)),
          report(0x1002, told(0x1001, 65_536 - 800)),
        ),
        passes("of RTP", "rtp", report(0x1001, told(0x1002, 500)), report(0x2001, told(0x2002, 200))),
        passes(
          "with a block about nobody",
          "arcrtp",
          report(0x2002, told(0x99, 5), told(0x2001, 1500)),
          report(0x1002, told(0x1001, 500)),
        ),
        passes("without blocks", "rtp", report(0x1001), report(0x2001)),
      ];
    },
  },
  {
    id: "bridge/rtcp-sender-report",
    requirements: ["ARC-BRIDGE-rtcp"],
    title:
      "A sender report names its stream and time of the stream on the other side, NTP time and counts as they were",
    needs: "ops",
    checks: () => {
      const report = (ssrc: number, time: number) =>
        rtcp(200, 0, hexOf(ssrc, 4) + "e1a2b3c4" + "d5e6f708" + hexOf(time, 4) + "0000000a" + "000003e8");
      return [
        passes("of RTP", "rtp", report(0x1001, 90_000), report(0x2001, 95_000)),
        passes("around the end of time", "rtp", report(0x1001, 0xffff_fff0), report(0x2001, 4984)),
        passes("of ArcRTP", "arcrtp", report(0x2002, 90_000), report(0x1002, 90_000)),
      ];
    },
  },
  {
    id: "bridge/rtcp-ends",
    requirements: ["ARC-BRIDGE-rtcp-ends"],
    title:
      "Transport-wide feedback and whatever is about a stream that does not pass goes no further, what is beside it does",
    needs: "ops",
    checks: () => {
      const pli = feedback(206, 1, 0x2002, 0x2001);
      const pliThere = feedback(206, 1, 0x1002, 0x1001);
      const transport = feedback(205, 15, 0x2002, 0x2001, "000100010000000020010400");
      const bandwidth = feedback(206, 15, 0x2002, 0, "52454d4201000000");
      return [
        passes("transport-wide feedback", "arcrtp", transport, ""),
        passes("a bandwidth message", "arcrtp", bandwidth, ""),
        passes("a NACK of nobody's packets", "arcrtp", feedback(205, 1, 0x2002, 0x99, "00050000"), ""),
        passes("a PLI to nobody", "arcrtp", feedback(206, 1, 0x2002, 0x99), ""),
        passes("a PLI of a side to itself", "arcrtp", feedback(206, 1, 0x2002, 0x2002), ""),
        passes("a report about nobody", "arcrtp", rtcp(201, 1, "00002002" + "00000099" + "00".repeat(20)), ""),
        passes("a PLI behind feedback", "arcrtp", transport + pli, pliThere),
        passes("a PLI in front of a bandwidth message", "arcrtp", pli + bandwidth, pliThere),
      ];
    },
  },
  {
    id: "bridge/repair-rtx",
    requirements: ["ARC-BRIDGE-repair"],
    title: "RTX names what it repeats by the other side's number, and toward ArcRTC is of key frames only",
    needs: "ops",
    checks: () => {
      const media = (sequence: number, timestamp: number, payload: string) =>
        packet({ payloadType: 96, ssrc: 0x1001, sequence, timestamp, payload });
      const repeated = (original: number, timestamp: number, payload: string) =>
        packet({ payloadType: 97, ssrc: 0x1003, sequence: 1, timestamp, payload: hexOf(original, 2) + payload });
      const list = (name: string, packets: readonly string[], due: string): Check => ({
        name,
        request: { op: "bridge.rtp_to_arcrtp", map: MAP, packets },
        ...answersWith(`the last is ${due}`, ({ results }) => {
          const last = (Array.isArray(results) ? results : []).at(-1) ?? {};
          const got = typeof last.hex === "string"
            ? `${last.hex.slice(2, 4)} ${last.hex.slice(16, 24)} ${last.hex.slice(24, 26)} ${last.hex.slice(32)}`
            : "refused";
          return got === due ? undefined : got;
        }),
      });
      return [
        list(
          "a key frame's packet again",
          [media(10, 9000, VP9_KEY), repeated(10, 9000, VP9_KEY)],
          `63 00002003 10 03f2${VP9_KEY}`,
        ),
        list(
          "one of its later packets",
          [media(10, 9000, VP9_KEY), repeated(11, 9000, "8005aaaa")],
          "63 00002003 10 03f38005aaaa",
        ),
        list(
          "a key frame that did not come before",
          [media(9, 6000, VP9_DELTA), repeated(10, 9000, VP9_KEY)],
          `63 00002003 10 03f2${VP9_KEY}`,
        ),
        list("a delta frame's packet", [media(10, 9000, VP9_DELTA), repeated(10, 9000, VP9_DELTA)], "refused"),
        list(
          "no number of what it repeats",
          [media(10, 9000, VP9_KEY), repeated(10, 9000, "").slice(0, -2)],
          "refused",
        ),
      ];
    },
  },
  {
    id: "bridge/repair-kept-back",
    requirements: ["ARC-BRIDGE-kept-back", "ARC-BRIDGE-repair"],
    title: "RTX that does not go on leaves no gap among the RTX that does",
    needs: "ops",
    checks: () => {
      const rtx = (sequence: number, original: number, timestamp: number, payload: string) =>
        packet({ payloadType: 97, ssrc: 0x1003, sequence, timestamp, payload: hexOf(original, 2) + payload });
      return [{
        name: "a key frame's, a delta frame's, none at all, a key frame's",
        request: {
          op: "bridge.rtp_to_arcrtp",
          map: MAP,
          packets: [
            packet({ payloadType: 96, ssrc: 0x1001, sequence: 10, timestamp: 9000, payload: VP9_KEY }),
            packet({ payloadType: 96, ssrc: 0x1001, sequence: 11, timestamp: 12_000, payload: VP9_DELTA }),
            rtx(1, 10, 9000, VP9_KEY),
            rtx(2, 11, 12_000, VP9_DELTA),
            packet({ payloadType: 97, ssrc: 0x1003, sequence: 3, timestamp: 12_000, padding: true, payload: "0002" }),
            rtx(4, 10, 9000, VP9_KEY),
          ],
        },
        ...answersWith("RTX numbers 8 and 9", ({ results }) => {
          const got = sequencesOf(results);
          return got === "1010 1011 8 - - 9" ? undefined : got;
        }),
      }];
    },
  },
  {
    id: "bridge/repair-fec",
    requirements: ["ARC-BRIDGE-repair"],
    title: "FEC is offered to neither side, and its packets do not pass",
    needs: "ops",
    checks: () => [
      {
        name: "an offer with FlexFEC and ULPFEC",
        request: { op: "bridge.sdp_to_connect", sdp: CHROME_OFFER },
        ...answersWith("capabilities without fec", ({ message }) => {
          const { capabilities } = (message ?? {}) as { capabilities?: Json };
          return capabilities?.fec === undefined || capabilities.fec === false ? undefined : "fec is offered";
        }),
      },
      {
        name: "the map of a stream with FEC",
        request: {
          op: "bridge.map",
          sdp: CHROME_OFFER,
          streams: [{
            from: "arcrtp",
            message: {
              type: "STREAM_START",
              session_id: "550e8400-e29b-41d4-a716-446655440000",
              stream_id: "123e4567-e89b-42d3-a456-426614174000",
              stream_type: "audio",
              codec: { audio: { name: "opus", bitrate: 64_000, sample_rate: 48_000, channels: 2 } },
              ssrc: 1,
              encryption: { key_id: "123e4567-e89b-42d3-a456-426614174000", algorithm: "aes-128-gcm" },
              fec: [{ ssrc: 2, payload_type: 115, protects: 1 }],
              timestamp: 1,
            },
          }],
        },
        ...answersWith("neither its SSRC nor its payload type", ({ map }) => {
          const { payload_types, ssrcs } = (map ?? {}) as { payload_types?: readonly Json[]; ssrcs?: readonly Json[] };
          const types = (payload_types ?? []).map(({ arcrtp }) => arcrtp).join();
          const sources = (ssrcs ?? []).map(({ arcrtp }) => arcrtp).join();
          return types === "111" && sources === "1" ? undefined : `payload types ${types}, SSRCs ${sources}`;
        }),
      },
    ],
  },
  {
    id: "bridge/transport-sequence",
    requirements: ["ARC-BRIDGE-mapping", "ARC-BRIDGE-rtcp"],
    title: "A bridge that counts transport-wide numbers itself gives each packet that goes on the next one",
    needs: "ops",
    checks: () => [{
      name: "three of four packets",
      request: {
        op: "bridge.rtp_to_arcrtp",
        map: { ...MAP, transport_sequence: { rtp: 0, arcrtp: 65_535 } },
        packets: [500, 501, 502, 503].map((number, i) =>
          packet({
            payloadType: i === 2 ? 120 : 96,
            ssrc: 0x1001,
            sequence: i,
            extension: oneByte(`3:${hexOf(number, 2)}`),
            payload: VP9_DELTA,
          })
        ),
      },
      ...answersWith("65535, 0, none, 1", ({ results }) => {
        const got = (Array.isArray(results) ? results : []).map(({ hex }) =>
          typeof hex === "string" ? parseInt(hex.slice(34, 38), 16) : "-"
        ).join(" ");
        return got === "65535 0 - 1" ? undefined : got;
      }),
    }],
  },
];

function packetOf(op: string, fields: { ssrc: number; sequence: number; timestamp?: number; payload: string }): string {
  return op === "bridge.rtp_to_arcrtp"
    ? packet({ payloadType: 96, ...fields })
    : packet({ payloadType: 98, block: "20000000", ...fields });
}

/** Packets by their numbers in the order in which they come; `t` marks one whose payload type does not pass. */
function numbers(name: string, sequences: readonly string[], due: string): Check {
  return {
    name,
    request: {
      op: "bridge.rtp_to_arcrtp",
      map: MAP,
      packets: sequences.map((text) =>
        packet({
          payloadType: text.endsWith("t") ? 126 : 96,
          ssrc: 0x1001,
          sequence: parseInt(text),
          payload: VP9_DELTA,
        })
      ),
    },
    ...answersWith(`numbers ${due}`, ({ results }) => {
      const got = sequencesOf(results);
      return got === due ? undefined : `numbers ${got}`;
    }),
  };
}

/** An RTCP packet whose length follows from its body. */
function rtcp(type: number, count: number, body: string): string {
  return hexOf(0x80 | count, 1) + hexOf(type, 1) + hexOf(body.length / 8, 2) + body;
}

function feedback(type: number, format: number, sender: number, media: number, information = ""): string {
  return rtcp(type, format, hexOf(sender, 4) + hexOf(media, 4) + information);
}

function passes(name: string, from: string, hex: string, due: string): Check {
  return {
    name,
    request: { op: "bridge.rtcp", map: MAP, from, own_ssrc: OWN_SSRC, hex },
    ...answersWith(due === "" ? "nothing goes on" : due, (value) => value.hex === due ? undefined : `${value.hex}`),
  };
}

/** A NACK for `items` of PID and BLP; on the other side it asks `media` for `due`, in whatever items. */
function nack(
  name: string,
  from: string,
  about: number,
  items: readonly (readonly [number, number])[],
  media: number,
  due: readonly number[],
): Check {
  const information = items.map(([pid, blp]) => hexOf(pid, 2) + hexOf(blp, 2)).join("");
  return {
    name,
    request: {
      op: "bridge.rtcp",
      map: MAP,
      from,
      own_ssrc: OWN_SSRC,
      hex: feedback(205, 1, from === "rtp" ? 0x1001 : 0x2002, about, information),
    },
    ...answersWith(`a NACK to ${media} for ${due}`, ({ hex }) => {
      const bytes = parseHex(String(hex));
      if (!bytes.ok || bytes.value.length < 16) return `it is ${hex}`;
      const view = new DataView(bytes.value.buffer);
      const lost = new Set<number>();
      for (let at = 12; at + 4 <= view.byteLength; at += 4) {
        lost.add(view.getUint16(at));
        for (let bit = 0; bit < 16; bit++) {
          if ((view.getUint16(at + 2) >> bit) & 1) lost.add((view.getUint16(at) + bit + 1) & 0xffff);
        }
      }
      const isNack = view.getUint16(0) === 0x81cd && view.getUint32(8) === media;
      const sorted = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b).join(" ");
      return isNack && sorted(lost) === sorted(due) ? undefined : `it is ${hex}`;
    }),
  };
}
