/**
 * Takes the protection off captured units with keys that were given: media of all suites and epochs, RTCP, and the seals of
 * messages. HMAC and AEAD tags are checked as a receiver does; repetitions are opened too, since whoever looks on is no
 * receiver.
 */
import { estimateIndex, NO_INDEX, packetIndex, rocOf } from "../../crypto/packet_index.ts";
import { srtcpOverheadBytes, SrtcpReceiver } from "../../crypto/srtcp.ts";
import { SrtpReceiver } from "../../crypto/srtp_unprotect.ts";
import { ARCRTP_MIN_HEADER_BYTES, ArcRtpView } from "../../packet/arcrtp.ts";
import { UnitKind } from "../../packet/demux.ts";
import { REDUCED_HEADER_BYTES } from "../../packet/reduced.ts";
import { BoundedMap } from "../model/bounded_map.ts";
import type { Opening } from "../model/opening.ts";
import type { UnitOpening } from "../model/unit_modeller.ts";
import type { SessionEntry, SsrcEntry } from "../model/session_registry.ts";
import type { UnitModel } from "../model/unit_model.ts";
import type { Protection, SessionSecrets } from "./session_secrets.ts";

const MAX_PLACES = 65_536;
const MAX_SESSIONS = 4096;
/** Rollover counters that the first packet of a stream is tried with, where nothing announces one. */
const FIRST_ROCS = 16;
/** Epochs around the last one that a unit without key phase is tried with. */
const NEAR_EPOCHS = 4;
/** Keys and indexes tried on one unit while nothing of its kind was opened; halved by each that fails. */
const FIRST_TRIES = 256;
/** And from then on. */
const TRIES = 24;
const SEAL_TAG_BYTES = 16;

/** What is known of an SSRC, of a session's RTCP or of its seals, from the units that were opened. */
class Place {
  highestIndex = NO_INDEX;
  epoch: number | undefined = undefined;
  /** Units that did not open, while none did. */
  failures = 0;

  /** What a unit may cost is bounded, whoever made the capture. */
  get tries(): number {
    return this.epoch === undefined ? Math.max(TRIES, FIRST_TRIES >> this.failures) : TRIES;
  }

  opened(epoch: number, index: number): void {
    this.epoch = epoch;
    this.highestIndex = Math.max(this.highestIndex, index);
  }
}

export class UnitOpener implements UnitOpening {
  readonly #secrets: SessionSecrets;
  readonly #places = new BoundedMap<string, Place>(MAX_PLACES);
  /**
   * Sessions whose media has gone on to an epoch whose key is not held, by their K: what then does not open, RTCP and seals
   * included, and media whose K has come around again, is closed and not wrong.
   */
  readonly #lacksKey = new BoundedMap<string, boolean>(MAX_SESSIONS);
  /** The epoch that a session's units were last opened with. */
  readonly #epochs = new BoundedMap<string, number>(MAX_SESSIONS);
  readonly #view = new ArcRtpView();

  constructor(secrets: SessionSecrets) {
    this.#secrets = secrets;
  }

  /** What is inside; undefined where there is nothing to open, or no key for it. */
  open(unit: UnitModel): Opening | undefined {
    if (this.#secrets.isEmpty) return undefined;
    switch (unit.unit.kind) {
      case UnitKind.arcrtp:
      case UnitKind.reduced:
        return this.#openMedia(unit);
      case UnitKind.rtcp:
        return this.#openRtcp(unit);
      case UnitKind.json:
        return unit.isSealed ? this.#openSeal(unit) : undefined;
      default:
        return undefined;
    }
  }

  #openMedia(unit: UnitModel): Opening | undefined {
    const { entry, arc } = unit;
    const protection = protectionOf(entry?.stream.session);
    if (entry === undefined || arc === undefined || protection === undefined) return undefined;
    const { session, id: streamId } = entry.stream;
    const place = this.#placeOf(`${session.id} ${entry.ssrc}`);
    const epochs = this.#secrets.epochs(session.id, arc.keyPhase);
    if (epochs.length === 0) {
      this.#lacksKey.set(session.id, true);
      return undefined;
    }
    const likely = nearestFirst(epochs, place.epoch ?? this.#epochs.get(session.id));
    const wire = fullPacket(unit, arc);
    let reason: "auth" | "decrypt" = "auth";
    let tries = place.tries;
    for (const index of indexesOf(arc.sequenceNumber, place.highestIndex, announcedRoc(entry))) {
      for (const epoch of likely) {
        if (tries-- === 0) return this.#failed(session, place, reason);
        const keys = this.#secrets.stream(session.id, epoch, streamId, protection);
        if (keys === undefined) continue;
        const bytes = wire.slice();
        const view = this.#view;
        if (!view.parse(bytes)) return undefined;
        // Of its own for each try: it takes a repetition as well, and knows no other index.
        const outcome = new SrtpReceiver(entry.ssrc, 0, { startRoc: rocOf(index) }).unprotect(keys, view, 0);
        if (outcome === "truncated") return { kind: "failed", reason: outcome };
        if (outcome === "decrypt") reason = outcome;
        if (outcome !== "ok") continue;
        place.opened(epoch, index);
        this.#epochs.set(session.id, epoch);
        this.#lacksKey.set(session.id, false);
        return { kind: "opened", plain: bytes.subarray(0, bytes.length - keys.overheadBytes), epoch, index };
      }
    }
    return this.#failed(session, place, reason);
  }

  #openRtcp(unit: UnitModel): Opening | undefined {
    const { session, ssrc } = unit;
    const protection = protectionOf(session);
    if (session === undefined || ssrc === undefined || protection === undefined) return undefined;
    const sender = unit.entry?.stream.sender;
    const place = this.#placeOf(`${session.id} ${ssrc} rtcp`);
    let reason: "auth" | "decrypt" = "auth";
    for (const [epoch, peerId] of this.#nearPairs(session, place, sender)) {
      const keys = this.#secrets.rtcp(session.id, epoch, peerId, protection);
      if (keys === undefined) continue;
      const bytes = unit.unit.view().slice();
      const receiver = new SrtcpReceiver(ssrc);
      const outcome = receiver.unprotect(keys, bytes, 0, bytes.length);
      if (outcome === "truncated") return { kind: "failed", reason: outcome };
      if (outcome === "decrypt") reason = outcome;
      if (outcome !== "ok") continue;
      place.opened(epoch, receiver.highestIndex);
      this.#epochs.set(session.id, epoch);
      const plain = bytes.subarray(0, bytes.length - srtcpOverheadBytes(keys));
      return { kind: "opened", plain, epoch, index: receiver.highestIndex };
    }
    return this.#canTry(session, sender) ? this.#failed(session, place, reason) : undefined;
  }

  #openSeal(unit: UnitModel): Opening | undefined {
    const { session } = unit;
    if (session === undefined) return undefined;
    const bytes = unit.unit.view();
    const tagAt = bytes.length - SEAL_TAG_BYTES;
    const place = this.#placeOf(`${session.id} seals`);
    for (const [epoch, peerId] of this.#nearPairs(session, place)) {
      const mac = this.#secrets.sealing(session.id, epoch, peerId);
      if (mac?.verify(bytes, 0, tagAt, null, bytes, tagAt, SEAL_TAG_BYTES) !== true) continue;
      place.opened(epoch, NO_INDEX);
      this.#epochs.set(session.id, epoch);
      return { kind: "opened", plain: bytes.subarray(0, tagAt), epoch, index: NO_INDEX };
    }
    return this.#canTry(session) ? this.#failed(session, place, "auth") : undefined;
  }

  /** Epochs and peers that a unit without key phase may be of, the likeliest first. */
  *#nearPairs(session: SessionEntry, place: Place, sender?: string): Generator<readonly [number, string]> {
    const last = place.epoch ?? this.#epochs.get(session.id);
    const all = this.#secrets.epochs(session.id);
    const near = last === undefined ? all : all.filter((epoch) => Math.abs(epoch - last) <= NEAR_EPOCHS);
    let tries = place.tries;
    for (const epoch of nearestFirst(near, last)) {
      for (const peerId of sender === undefined ? session.peers : [sender]) {
        if (tries-- === 0) return;
        yield [epoch, peerId];
      }
    }
  }

  #canTry(session: SessionEntry, sender?: string): boolean {
    return this.#secrets.has(session.id) && (sender !== undefined || session.peers.length > 0);
  }

  #failed(session: SessionEntry, place: Place, reason: "auth" | "decrypt"): Opening | undefined {
    place.failures = Math.min(16, place.failures + 1);
    return this.#lacksKey.get(session.id) === true ? undefined : { kind: "failed", reason };
  }

  #placeOf(name: string): Place {
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    const place = new Place();
    this.#places.set(name, place);
    return place;
  }
}

function protectionOf(session: SessionEntry | undefined): Protection | undefined {
  if (session?.suite === undefined || session.authentication === undefined) return undefined;
  return { suite: session.suite, authentication: session.authentication };
}

/** The packet with its full header, as its sender protected it. */
function fullPacket(unit: UnitModel, arc: ArcRtpView): Uint8Array {
  const { bytes, start, end, kind } = unit.unit;
  if (kind !== UnitKind.reduced) return bytes.subarray(start, end);
  const whole = new Uint8Array(ARCRTP_MIN_HEADER_BYTES + end - start - REDUCED_HEADER_BYTES);
  whole.set(arc.bytes.subarray(arc.start, arc.start + ARCRTP_MIN_HEADER_BYTES));
  whole.set(bytes.subarray(start + REDUCED_HEADER_BYTES, end), ARCRTP_MIN_HEADER_BYTES);
  return whole;
}

function announcedRoc({ stream, ssrc }: SsrcEntry): number | undefined {
  return stream.start.roc?.find((each) => each.ssrc === ssrc)?.roc;
}

/** The likeliest index first. A wrap may hide in what the capture misses. */
function indexesOf(sequence16: number, highestIndex: number, announced: number | undefined): readonly number[] {
  if (highestIndex === NO_INDEX) {
    const rocs = [
      ...announced === undefined ? [] : [announced],
      ...Array.from({ length: FIRST_ROCS }, (_, roc) => roc),
    ];
    return rocs.map((roc) => packetIndex(roc, sequence16));
  }
  const likely = Math.max(sequence16, estimateIndex(sequence16, highestIndex));
  return [likely, likely + 0x1_0000, likely + 0x2_0000];
}

/** Newest first where nothing tells. */
function nearestFirst(epochs: readonly number[], last: number | undefined): readonly number[] {
  if (epochs.length === 1 || last === undefined) return epochs;
  return [...epochs].sort((a, b) => Math.abs(a - last) - Math.abs(b - last) || b - a);
}
