/**
 * A call of hours made of a real one of seconds, for captures of any size: what was captured comes first as it is, up to
 * the end of its media, then its media over and over, with sequence numbers, timestamps, indexes and times that go on.
 * The same bytes every time.
 */
import { readU16, readU32, writeU16, writeU32 } from "../../base/bytes.ts";
import { AUTHENTICATION_TAG_BYTES } from "../../crypto/suites.ts";
import { UnitKind } from "../../packet/demux.ts";
import { ElementCursor, EXT_TRANSPORT_SEQUENCE } from "../../packet/extensions.ts";
import { CapturedFrame } from "../capture/captured_frame.ts";
import type { UnitModel } from "../model/unit_model.ts";
import { UnitModeller } from "../model/unit_modeller.ts";
import { PacketDissector } from "../units/packet_dissector.ts";
import { pcapFile } from "./capture_files.ts";
import { readFile, type ReadFrame } from "./reading.ts";

/** Packets handed over at a time. */
const PACKETS_EACH = 2000;
const FILE_HEADER_BYTES = 24;
const NS_PER_S = 1_000_000_000;
/** Between the last packet of a round and the first of the next. */
const PAUSE_NS = 20_000_000;
/** More than one sender counts in a round, of whatever is counted by SSRC or by direction. */
const COUNTED_EACH_ROUND = 1000;
const DEFAULT_CLOCK_HZ = 90_000;

/** Changes a packet of the media into that of a later round. */
type Advance = (packet: Uint8Array, round: number) => void;

interface Place {
  readonly frame: ReadFrame;
  /** Undefined for signaling, which is not repeated. */
  readonly advance: Advance | undefined;
}

export class LongCall {
  /** UDP ports of the media: other programs have to be told that they carry RTP. */
  readonly ports: ReadonlySet<number>;
  readonly #places: readonly Place[];
  readonly #media: readonly Place[];
  readonly #roundNs: number;

  /** `capture` holds one call whose media goes over UDP. */
  constructor(capture: Uint8Array) {
    const reader = new MediaReader();
    const places = readFile(capture).frames.map((frame) => reader.place(frame));
    this.ports = reader.ports;
    this.#places = places.slice(0, places.findLastIndex(({ advance }) => advance !== undefined) + 1);
    this.#media = this.#places.filter(({ advance }) => advance !== undefined);
    const [first, last] = [this.#media[0].frame, this.#media[this.#media.length - 1].frame];
    this.#roundNs = (last.timeS - first.timeS) * NS_PER_S + last.timeNs - first.timeNs + PAUSE_NS;
    reader.roundS = this.#roundNs / NS_PER_S;
  }

  /** The pieces of a pcap file of `bytes` at least, each a round of the call at most; the first is its header. */
  *pieces(bytes: number): Generator<Uint8Array> {
    const { linkType } = this.#places[0].frame;
    let written = FILE_HEADER_BYTES;
    yield pcapFile([], { linkType });
    for (let round = 0; written < bytes; round++) {
      const places = round === 0 ? this.#places : this.#media;
      for (let at = 0; at < places.length && written < bytes; at += PACKETS_EACH) {
        const packets = places.slice(at, at + PACKETS_EACH).map((place) => this.#packet(place, round));
        const piece = pcapFile(packets).subarray(FILE_HEADER_BYTES);
        written += piece.length;
        yield piece;
      }
    }
  }

  #packet({ frame, advance }: Place, round: number): { bytes: Uint8Array; ns: bigint } {
    const bytes = frame.bytes.slice();
    if (round > 0) advance?.(bytes, round);
    return { bytes, ns: BigInt(frame.timeS) * BigInt(NS_PER_S) + BigInt(frame.timeNs + round * this.#roundNs) };
  }
}

/** Says of each packet of a capture how it is to go on. */
class MediaReader {
  readonly ports = new Set<number>();
  /** Length of a round: what timestamps advance by. */
  roundS = 0;
  readonly #modeller = new UnitModeller();
  /** Packets of each SSRC. */
  readonly #counts = new Map<number, number>();
  readonly #elements = new ElementCursor();
  #found: Advance | undefined;
  readonly #dissector = new PacketDissector({
    unit: (unit) => {
      const model = this.#modeller.handle(unit);
      if (unit.transport !== "udp") return;
      this.ports.add(unit.source.port).add(unit.destination.port);
      this.#found = this.#advanceOf(model) ?? (() => {});
    },
    note: () => {},
  });

  place(frame: ReadFrame): Place {
    this.#found = undefined;
    this.#dissector.handle(Object.assign(new CapturedFrame(), frame, { start: 0, end: frame.bytes.length }));
    return { frame, advance: this.#found };
  }

  #advanceOf(model: UnitModel): Advance | undefined {
    const { unit, rtp, arc, rtcp } = model;
    const { start, end } = unit;
    if (rtcp?.kind === "protected") {
      // SPEC ARC-SRTP-srtcp-layout.
      const indexAt = end - AUTHENTICATION_TAG_BYTES[rtcp.authentication] - 4;
      return (packet, round) => addU32(packet, indexAt, round * COUNTED_EACH_ROUND);
    }
    if (rtp === undefined) return undefined;
    const { ssrc } = rtp;
    this.#counts.set(ssrc, (this.#counts.get(ssrc) ?? 0) + 1);
    const packets = (round: number) => round * (this.#counts.get(ssrc) ?? 0);
    const clockHz = model.entry?.clockHz ?? DEFAULT_CLOCK_HZ;
    const ticks = (round: number) => Math.round(round * this.roundS * clockHz);
    if (unit.kind === UnitKind.reduced) {
      // SPEC ARC-RTP-reduced-layout.
      return (packet, round) => {
        packet[start + 1] += packets(round);
        addU16(packet, start + 2, ticks(round));
      };
    }
    const stampAt = arc === undefined ? undefined : this.#transportSequenceAt(model);
    return (packet, round) => {
      addU16(packet, start + 2, packets(round));
      addU32(packet, start + 4, ticks(round));
      if (stampAt !== undefined) addU16(packet, stampAt, round * COUNTED_EACH_ROUND);
    };
  }

  #transportSequenceAt({ arc }: UnitModel): number | undefined {
    if (arc === undefined || !arc.hasExtension) return undefined;
    const elements = this.#elements;
    elements.open(arc);
    while (elements.next()) if (elements.id === EXT_TRANSPORT_SEQUENCE) return elements.valueStart;
    return undefined;
  }
}

function addU16(bytes: Uint8Array, at: number, count: number): void {
  writeU16(bytes, at, (readU16(bytes, at) + count) & 0xffff);
}

function addU32(bytes: Uint8Array, at: number, count: number): void {
  writeU32(bytes, at, (readU32(bytes, at) + count) % 2 ** 32);
}
