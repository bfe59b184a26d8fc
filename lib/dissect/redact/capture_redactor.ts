/**
 * Writes a capture anew without keys, addresses and payload: a packet for each packet, at its time, with the units that it
 * completed, of the same sizes.
 *
 * Packets are made from nothing but their endpoints' pseudonyms and their units, as bare IP: what no unit needs (hardware
 * addresses, IP and TCP options, other protocols, bytes of a connection that nothing could be read from) does not get there.
 * Ports, SSRCs, sizes and times stay.
 */
import { EMPTY_BYTES, readU16, utf8 } from "../../base/bytes.ts";
import type { HostPort } from "../../base/address_table.ts";
import type { Parsed } from "../../base/parsed.ts";
import type { CapturedFrame } from "../capture/captured_frame.ts";
import type { FrameToWrite } from "../capture/capture_writer.ts";
import { type KeyLogEntry, parseKeyLogLine } from "../keys/key_log.ts";
import { BoundedMap } from "../model/bounded_map.ts";
import type { UnitModel } from "../model/unit_model.ts";
import { ipv4Text, ipv6Text } from "../network/ip_text.ts";
import { IpView, PROTOCOL_TCP } from "../network/ip_view.ts";
import { LINKTYPE_RAW, LinkView } from "../network/link_layer.ts";
import { TCP_MIN_HEADER_BYTES } from "../network/tcp_connection.ts";
import { writeTcpPacket } from "../tcp_packet_writer.ts";
import { writeUdpPacket } from "../udp_packet_writer.ts";
import type { Pseudonyms } from "./pseudonyms.ts";
import { redactJson } from "./redact_json.ts";
import { redactUnit } from "./redact_unit.ts";
import { RedactedStream } from "./redacted_stream.ts";

const MAX_CONNECTIONS = 16_384;

type Moment = Pick<CapturedFrame, "timeS" | "timeNs" | "originalBytes">;

interface PendingUnit {
  readonly source: HostPort;
  readonly destination: HostPort;
  readonly isDatagram: boolean;
  readonly bytes: Uint8Array;
  /** For streams, with its framing. */
  readonly framed: Uint8Array;
  readonly cutBytes: number;
  readonly timeS: number;
  readonly timeNs: number;
}

export class CaptureRedactor {
  /** Units that came out where no packet of theirs is: they are left out. */
  unplaced = 0;
  readonly #pseudonyms: Pseudonyms;
  readonly #streams = new BoundedMap<string, RedactedStream>(MAX_CONNECTIONS);
  readonly #link = new LinkView();
  readonly #ip = new IpView();
  #pending: PendingUnit[] = [];

  constructor(pseudonyms: Pseudonyms) {
    this.#pseudonyms = pseudonyms;
  }

  /** Takes a unit; its packet comes behind it. */
  unit(model: UnitModel): void {
    const { source, destination, transport, cutBytes, timeS, timeNs } = model.unit;
    const bytes = redactUnit(model, this.#pseudonyms);
    const isDatagram = transport === "udp";
    const framed = isDatagram ? bytes : this.#streamOf(source, destination).frame(model.unit, bytes);
    this.#pending.push({ source, destination, isDatagram, bytes, framed, cutBytes, timeS, timeNs });
  }

  /** The packet that stands for this one, whose units have been given. */
  frame(frame: CapturedFrame): FrameToWrite {
    const units = this.#pending;
    this.#pending = [];
    const datagram = units.find(({ isDatagram }) => isDatagram);
    if (datagram !== undefined) return this.#udp(frame, datagram);
    return this.#tcp(frame, units) ?? this.#empty(frame, units);
  }

  /**
   * What the end of the capture has still brought forth, such as what lay behind a hole of a stream: in packets of their own,
   * at the time of the last one. Called once, last.
   */
  end(): FrameToWrite[] {
    const late = this.#pending;
    this.#pending = [];
    return late.flatMap(({ source, destination, isDatagram, framed, timeS, timeNs }) => {
      if (isDatagram) return [];
      const segment = this.#streamOf(source, destination).more(isLower(source, destination) ? 0 : 1, framed);
      const packet = writeTcpPacket(this.#named(source), this.#named(destination), segment);
      return [this.#written({ timeS, timeNs, originalBytes: 0 }, packet, 0)];
    });
  }

  /** A key log without keys: which suite, and which streams, under their pseudonyms. */
  keyLog(text: string): string {
    const lines = text.split("\n").flatMap((line) => {
      const entry = parseKeyLogLine(line);
      return entry.ok && entry.value !== undefined ? this.#keyLogLine(entry.value, line) : [];
    });
    return lines.map((line) => `${line}\n`).join("");
  }

  #keyLogLine(entry: KeyLogEntry, line: string): string[] {
    const session = this.#pseudonyms.uuid(entry.sessionId);
    switch (entry.kind) {
      case "master":
        return [];
      case "suite":
        return [`ARCRTC_SUITE ${session} ${entry.suite} ${entry.authentication}`];
      case "stream": {
        const json = utf8(line.slice(line.indexOf("{")).trim());
        redactJson(json, 0, json.length, this.#pseudonyms);
        return [`ARCRTC_STREAM ${session} ${this.#pseudonyms.uuid(entry.sender)} ${new TextDecoder().decode(json)}`];
      }
    }
  }

  #udp(frame: CapturedFrame, { source, destination, bytes, cutBytes }: PendingUnit): FrameToWrite {
    const whole = new Uint8Array(bytes.length + cutBytes);
    whole.set(bytes);
    return this.#written(frame, writeUdpPacket(this.#named(source), this.#named(destination), whole), cutBytes);
  }

  #tcp(frame: CapturedFrame, units: readonly PendingUnit[]): FrameToWrite | undefined {
    const ip = this.#ip;
    const { bytes, start, end, linkType } = frame;
    if (!this.#link.parse(linkType, bytes, start, end) || !ip.parse(bytes, this.#link.ipStart, end)) return undefined;
    const { payloadStart, payloadEnd } = ip;
    const isTcp = ip.protocol === PROTOCOL_TCP && !ip.isFragment && payloadEnd - payloadStart >= TCP_MIN_HEADER_BYTES;
    if (!isTcp) return undefined;
    const text = ip.version === 4 ? ipv4Text : ipv6Text;
    const source = { host: text(bytes, ip.sourceAt), port: readU16(bytes, payloadStart) };
    const destination = { host: text(bytes, ip.destinationAt), port: readU16(bytes, payloadStart + 2) };
    const own = units.filter((unit) => isSame(unit.source, source) && isSame(unit.destination, destination));
    this.unplaced += units.length - own.length;
    const dataStart = payloadStart + Math.max(TCP_MIN_HEADER_BYTES, 4 * (bytes[payloadStart + 12] >>> 4));
    const stream = this.#streamOf(source, destination);
    const direction = isLower(source, destination) ? 0 : 1;
    const framed = own.map((unit) => unit.framed);
    const segment = stream.segment(direction, bytes, payloadStart, dataStart, payloadEnd, framed);
    return this.#written(frame, writeTcpPacket(this.#named(source), this.#named(destination), segment), 0);
  }

  /** A packet of which nothing is to be seen but that it was there. */
  #empty({ timeS, timeNs, originalBytes }: CapturedFrame, units: readonly PendingUnit[]): FrameToWrite {
    this.unplaced += units.length;
    return { timeS, timeNs, bytes: EMPTY_BYTES, start: 0, end: 0, originalBytes, linkType: LINKTYPE_RAW };
  }

  #written({ timeS, timeNs, ...frame }: Moment, packet: Parsed<Uint8Array>, cutBytes: number): FrameToWrite {
    const bytes = packet.ok ? packet.value : EMPTY_BYTES;
    const originalBytes = packet.ok ? bytes.length : frame.originalBytes;
    const end = Math.max(0, bytes.length - cutBytes);
    return { timeS, timeNs, bytes, start: 0, end, originalBytes, linkType: LINKTYPE_RAW };
  }

  #named({ host, port }: HostPort): HostPort {
    return { host: this.#pseudonyms.address(host), port };
  }

  #streamOf(a: HostPort, b: HostPort): RedactedStream {
    const [first, second] = isLower(a, b) ? [a, b] : [b, a];
    const key = `${first.host} ${first.port} ${second.host} ${second.port}`;
    return this.#streams.obtain(key, () => new RedactedStream(this.#pseudonyms));
  }
}

function isSame(a: HostPort, b: HostPort): boolean {
  return a.port === b.port && a.host === b.host;
}

/** Any order of the two ends of a connection will do, as long as it is always the same. */
function isLower(a: HostPort, b: HostPort): boolean {
  return a.host === b.host ? a.port < b.port : a.host < b.host;
}
