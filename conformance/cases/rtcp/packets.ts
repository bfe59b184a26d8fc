/** SPEC clause 10.1: reports and feedback as RTCP. */
import type { Case } from "../../case.ts";
import { answersWith, refuses } from "../../expect.ts";
import { vectorCase } from "../../vector_case.ts";

const PARSE = "rtcp.parse";
const WRITE = "rtcp.write";

/** A receiver report of SSRC 1 with no blocks. */
const EMPTY_REPORT = "80c9000100000001";

export const CASES: readonly Case[] = [
  vectorCase("rtcp/reports", "ARC-RTCP-reports", PARSE, "Sender and receiver reports are read"),
  vectorCase("rtcp/reports-written", "ARC-RTCP-reports", WRITE, "Sender and receiver reports are written"),
  vectorCase("rtcp/feedback", "ARC-RTCP-feedback", PARSE, "NACK, PLI and transport-wide feedback are read"),
  vectorCase("rtcp/feedback-written", "ARC-RTCP-feedback", WRITE, "NACK, PLI and transport-wide feedback are written"),
  vectorCase("rtcp/unknown-skipped", "ARC-RTCP-unknown-skipped", PARSE, "A part of unknown type is skipped"),
  vectorCase("rtcp/unknown-written", "ARC-RTCP-unknown-skipped", WRITE, "A part of unknown type is written back"),
  {
    id: "rtcp/unknown-each-type",
    requirements: ["ARC-RTCP-unknown-skipped"],
    title: "Behind a part of each type that RTCP leaves open a report is still read",
    needs: "ops",
    checks: () =>
      [192, 193, 194, 195, 208, 209, 220, 222, 223].map((type) => ({
        name: `type ${type}`,
        request: { op: PARSE, hex: `${EMPTY_REPORT}80${type.toString(16)}00020000000100000000${EMPTY_REPORT}` },
        ...answersWith("a report at the end", ({ packets }) => {
          const types = Array.isArray(packets) ? packets.map(({ type }) => type) : [];
          return types.length >= 2 && types[0] === types.at(-1) ? undefined : `the parts are ${types}`;
        }),
      })),
  },
  vectorCase("rtcp/bad-length", "ARC-RTCP-bad-length", PARSE, "A part that runs past the end spoils the whole"),
  {
    id: "rtcp/bad-length-each",
    requirements: ["ARC-RTCP-bad-length"],
    title: "Behind a good report, a length beyond the end by any number of words spoils the whole",
    needs: "ops",
    checks: () =>
      [2, 3, 7, 255, 256, 65535].map((words) => ({
        name: `${words} words`,
        request: { op: PARSE, hex: `${EMPTY_REPORT}80c9${words.toString(16).padStart(4, "0")}00000001` },
        ...refuses(),
      })),
  },
];
