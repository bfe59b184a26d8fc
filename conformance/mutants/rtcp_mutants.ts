/** Testees that read or write compound RTCP wrongly. */
import { readU16, toHex } from "../../lib/base/bytes.ts";
import { isJson, type Json } from "../testee/answer.ts";
import { answered, asking, eachOf, type Mutant, opsMutant } from "./mutant.ts";

const U24 = 0x100_0000;
const PARSE = "rtcp.parse";

export const RTCP_MUTANTS: readonly Mutant[] = [
  opsMutant(
    {
      id: "rtcp/unsigned-loss",
      broken: "reads the cumulative loss of a report without its sign",
      breaks: ["ARC-RTCP-reports"],
    },
    PARSE,
    (op) => (request, context) =>
      eachOf(op(request, context), "packets", (packet) => [
        ofReports(packet, (report) => ({
          cumulative_lost: (Number(report.cumulative_lost) + U24) % U24,
        })),
      ]),
  ),
  opsMutant(
    {
      id: "rtcp/first-report-alone",
      broken: "reads the first block of a report and no other",
      breaks: ["ARC-RTCP-reports"],
    },
    PARSE,
    (op) => (request, context) =>
      eachOf(op(request, context), "packets", (packet) => [
        Array.isArray(packet.reports) ? { ...packet, reports: packet.reports.slice(0, 1) } : packet,
      ]),
  ),
  opsMutant(
    {
      id: "rtcp/nack-from-its-own-number",
      broken: "counts the bits of a NACK from its own sequence number, not the one behind",
      breaks: ["ARC-RTCP-feedback"],
    },
    PARSE,
    (op) => (request, context) =>
      eachOf(op(request, context), "packets", (packet) => {
        if (packet.type !== "nack" || !Array.isArray(packet.items)) return [packet];
        const lost = packet.items.flatMap(({ pid, blp }) => [
          pid,
          ...Array.from({ length: 16 }, (_, bit) => bit).filter((bit) => (blp >> bit) & 1).map((bit) =>
            (pid + bit) & 0xffff
          ),
        ]);
        return [{ ...packet, lost }];
      }),
  ),
  opsMutant(
    {
      id: "rtcp/deltas-in-milliseconds",
      broken: "takes the deltas of transport-wide feedback for milliseconds",
      breaks: ["ARC-RTCP-feedback"],
    },
    PARSE,
    (op) => (request, context) =>
      eachOf(op(request, context), "packets", (packet) => {
        if (packet.type !== "transport_feedback" || !Array.isArray(packet.received)) return [packet];
        return [{ ...packet, received: packet.received.map((one) => ({ ...one, delta_us: 4 * one.delta_us })) }];
      }),
  ),
  opsMutant(
    {
      id: "rtcp/stops-at-unknown",
      broken: "reads nothing behind a part that it does not know",
      breaks: ["ARC-RTCP-unknown-skipped"],
    },
    PARSE,
    (op) => (request, context) =>
      answered(op(request, context), ({ packets }) => {
        const all = packets as readonly Json[];
        const unknown = all.findIndex(({ type }) => type === "unknown");
        return unknown < 0 ? {} : { packets: all.slice(0, unknown) };
      }),
  ),
  opsMutant(
    {
      id: "rtcp/forgives-length",
      broken: "takes the parts before one that runs past the end",
      breaks: ["ARC-RTCP-bad-length"],
    },
    PARSE,
    (op) => (request, context) => {
      const result = op(request, context);
      if (result.kind !== "fault") return result;
      const bytes = request.hex("hex");
      let wholeBytes = 0;
      while (wholeBytes + 4 <= bytes.length) {
        const end = wholeBytes + 4 + 4 * readU16(bytes, wholeBytes + 2);
        if (end > bytes.length) break;
        wholeBytes = end;
      }
      return op(asking(request, { hex: toHex(bytes.subarray(0, wholeBytes)) }), context);
    },
  ),
  opsMutant(
    {
      id: "rtcp/length-with-header",
      broken: "writes lengths of parts in words, its own header counted",
      breaks: ["ARC-RTCP-reports", "ARC-RTCP-feedback"],
    },
    "rtcp.write",
    (op) => (request, context) =>
      answered(op(request, context), ({ hex }) => {
        const text = String(hex);
        const words = parseInt(text.slice(4, 8), 16) + 1;
        return { hex: text.slice(0, 4) + words.toString(16).padStart(4, "0") + text.slice(8) };
      }),
  ),
];

/** The packet with each of its report blocks changed. */
function ofReports(packet: Json, change: (report: Json) => Json): Json {
  const { reports } = packet;
  if (!Array.isArray(reports)) return packet;
  return { ...packet, reports: reports.filter(isJson).map((report) => ({ ...report, ...change(report) })) };
}
