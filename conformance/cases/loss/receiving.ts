/** SPEC clauses 10.2 and 10.3 at the receiver: what RTX and FEC bring back, and what they must not be made of. */
import type { Case, Check } from "../../case.ts";
import { answersWith, brief } from "../../expect.ts";
import { isJson, type Json } from "../../testee/answer.ts";
import { afterConnect, sends, signalingRun, start } from "../signaling/suite_caller.ts";

const MEDIA_SSRC = 1;
const RTX_SSRC = 2;
const FEC_SSRC = 3;
const MEDIA = { payloadType: 111, ssrc: MEDIA_SSRC };
/** Of ARC-MEDIA-default-payload-types. */
const RTX_PAYLOAD_TYPE = 97;
/** 5 ms at 48 kHz, so that a packet that comes back within 10 ms is in time. */
const TICKS = 240;

const RTX = [{ ssrc: RTX_SSRC, protects: MEDIA_SSRC }];
const FEC = [{ ssrc: FEC_SSRC, protects: MEDIA_SSRC }];

export const CASES: readonly Case[] = [
  {
    id: "loss/rtx-restored",
    requirements: ["ARC-LOSS-rtx-format", "ARC-LOSS-rtx-kept-fields"],
    title: "A retransmission takes the place of the packet whose sequence number it begins with",
    needs: "ops",
    checks: () => [
      received("the second of four", { rtx: RTX }, [at(0, media(0)), at(1, media(2)), at(2, rtx(1)), at(3, media(3))], [
        ...[0, 1, 2, 3],
      ]),
    ],
  },
  {
    id: "loss/fec-audio",
    requirements: ["ARC-LOSS-fec-audio", "ARC-LOSS-fec-recovered"],
    title: "A stream of audio may have FEC: it is accepted, and what was lost comes back",
    needs: "ops",
    checks: ({ rng }) => [
      ...afterConnect(rng, (said) => [{
        name: "announced",
        request: signalingRun([...said, start(10, { fec: FEC })]),
        ...sends("ACK"),
      }]),
      repaired(
        "each lost packet",
        [0, 1, 2, 3],
        (repair) =>
          [1, 2, 3].map((lost) =>
            received(`packet ${lost} is lost`, { fec: FEC }, [
              ...[0, 1, 2, 3].filter((sequence) => sequence !== lost).map((sequence) => at(0, media(sequence))),
              at(1, repair),
            ], [0, 1, 2, 3])
          ),
      ),
    ],
  },
  {
    id: "loss/fec-not-rtx",
    requirements: ["ARC-LOSS-fec-not-rtx"],
    title: "A repair is solved with packets that came as they were sent, not with those that came back by RTX",
    needs: "ops",
    checks: () => [
      repaired("a repair of four", [0, 1, 2, 3], (repair) => {
        const fields = { rtx: RTX, fec: FEC };
        return [
          received("the second comes late", fields, [
            at(0, media(0)),
            at(1, media(3)),
            at(2, media(1)),
            at(3, repair),
          ], [0, 1, 2, 3]),
          received("the second comes by RTX", fields, [
            at(0, media(0)),
            at(1, media(3)),
            at(2, rtx(1)),
            at(3, repair),
          ], [0, 1, 3]),
          received("the second comes by RTX behind the repair", fields, [
            at(0, media(0)),
            at(1, media(3)),
            at(2, repair),
            at(3, rtx(1)),
          ], [0, 1, 3]),
          received("both come by RTX", fields, [
            at(0, media(0)),
            at(1, media(3)),
            at(2, rtx(1)),
            at(3, repair),
            at(4, rtx(2)),
          ], [0, 1, 2, 3]),
        ];
      }),
    ],
  },
];

function at(at_ms: number, hex: string) {
  return { at_ms, hex };
}

/** A full packet: header, Arc block with PR 0, payload. */
function packet({ payloadType, ssrc }: typeof MEDIA, sequence: number, ticks: number, payload: string): string {
  return `80${hex(payloadType, 1)}${hex(sequence, 2)}${hex(ticks, 4)}${hex(ssrc, 4)}00000000${payload}`;
}

/** Each has another length, so that the repair of lengths shows. */
function payloadOf(sequence: number): string {
  return "fc" + hex(0x11 * (sequence + 1), 1).repeat(3 + 2 * sequence);
}

function media(sequence: number): string {
  return packet(MEDIA, sequence, sequence * TICKS, payloadOf(sequence));
}

/** RFC 4588: its payload begins with the number of the original. */
function rtx(sequence: number): string {
  const own = { payloadType: RTX_PAYLOAD_TYPE, ssrc: RTX_SSRC };
  return packet(own, 700 + sequence, sequence * TICKS, hex(sequence, 2) + payloadOf(sequence));
}

function hex(value: number, bytes: number): string {
  return value.toString(16).padStart(2 * bytes, "0");
}

/** One repair of all these packets, as the testee makes it; what is asked next has it. */
function repaired(name: string, sequences: readonly number[], then: (repair: string) => readonly Check[]): Check {
  return {
    name,
    request: { op: "fec.encode", packets: sequences.map(media), redundancy: 0.1, ssrc: FEC_SSRC, payload_type: 115 },
    ...answersWith(
      "one repair",
      ({ packets }) => Array.isArray(packets) && packets.length === 1 ? undefined : `packets are ${brief(packets)}`,
    ),
    then: ({ packets }) => then(String((packets as readonly unknown[])[0])),
  };
}

/** The frames of these packets are played, in this order, each whole. */
function received(name: string, repairs: Json, packets: readonly object[], due: readonly number[]): Check {
  const { message } = start(0, repairs);
  return {
    name,
    request: { op: "receive.run", start: message, packets },
    ...answersWith(`frames of the packets ${due}`, ({ frames }) => {
      const got = Array.isArray(frames) ? frames.filter(isJson) : [];
      const wrong = got.find(({ sequence_number, data }) => data !== payloadOf(Number(sequence_number)));
      if (wrong !== undefined) return `a frame is ${brief(wrong)}`;
      const numbers = got.map(({ sequence_number }) => sequence_number).join();
      return numbers === due.join() ? undefined : `they are of the packets ${numbers}`;
    }),
  };
}
