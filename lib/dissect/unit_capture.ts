/**
 * A capture of units that were not seen as packets: by a test at its own end, or by nobody. Each is a UDP packet between
 * two addresses that are nobody's (RFC 5737), whatever really carried it.
 */
import { concatBytes } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import { writePcapngHeader, writePcapngPacket } from "./pcapng_writer.ts";
import { writeUdpPacket } from "./udp_packet_writer.ts";

export interface CapturedUnit {
  /** Borrowed. What no UDP packet can hold is cut off. */
  readonly unit: Uint8Array;
  /** `out`: we sent it. */
  readonly direction: "in" | "out";
  /** Unix time; fractions are kept to the microsecond. */
  readonly unixMs: number;
  /** Which conversation it belongs to, from 0: each has a port of our own. */
  readonly conversation: number;
  /** For whoever reads the capture. */
  readonly comment?: string;
}

const OURS = { host: "192.0.2.1", firstPort: 40_000, ports: 10_000 };
const THEIRS = { host: "192.0.2.2", port: 6000 };
const MAX_UNIT_BYTES = 60_000;

/** The whole pcapng file. `application` is who writes it, `interfaceName` where the units were seen. */
export function writeUnitCapture(
  application: string,
  interfaceName: string,
  units: readonly CapturedUnit[],
): Uint8Array<ArrayBuffer> {
  return concatBytes(writePcapngHeader(application, interfaceName), ...units.map(writeUnit));
}

function writeUnit({ unit, conversation, ...packet }: CapturedUnit): Uint8Array {
  const ours = { host: OURS.host, port: OURS.firstPort + conversation % OURS.ports };
  const [from, to] = packet.direction === "out" ? [ours, THEIRS] : [THEIRS, ours];
  return writePcapngPacket({ ...packet, bytes: unwrap(writeUdpPacket(from, to, unit.subarray(0, MAX_UNIT_BYTES))) });
}
