/** The units of a capsule as a capture, for Wireshark and `arcrtc dump`. */
import { parseHex } from "../../lib/base/bytes.ts";
import { unwrap } from "../../lib/base/parsed.ts";
import { writeUnitCapture } from "../../lib/dissect/unit_capture.ts";
import type { Capsule } from "./capsule.ts";

/**
 * A pcapng file of what the suite sent and received, each line of the case a conversation with its name in the packets'
 * comments; undefined where nothing moved. The case begins at the epoch, since a capsule does not say when it ran. A unit
 * of which the transcript kept the beginning is cut there too.
 */
export function captureOf({ transcript, suite, case: { id } }: Capsule): Uint8Array<ArrayBuffer> | undefined {
  const moved = transcript.flatMap((entry) => entry.kind === "sent" || entry.kind === "received" ? [entry] : []);
  if (moved.length === 0) return undefined;
  const lines = [...new Set(moved.map(({ line }) => line))];
  const units = moved.map(({ kind, line, hex, atMs }) => ({
    unit: unwrap(parseHex(/^[0-9a-f]*/.exec(hex)?.[0] ?? "")),
    direction: kind === "sent" ? "out" as const : "in" as const,
    unixMs: atMs,
    conversation: lines.indexOf(line),
    comment: line,
  }));
  return writeUnitCapture(`arcrtc conformance ${suite.version}`, id, units);
}
