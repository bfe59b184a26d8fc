/** What the other peer makes of the units of the peer under test: each is opened, as far as it has keys, into the log. */
import { utf8 } from "../../../lib/base/bytes.ts";
import { isSealed } from "../../../lib/crypto/seal.ts";
import { classifyUnit, UnitKind } from "../../../lib/packet/demux.ts";
import type { Json } from "../../testee/answer.ts";
import { messageOf } from "../line.ts";
import type { FarKeys } from "./far_keys.ts";
import type { FarPath } from "./far_path.ts";
import type { HeardLog, HeardThing } from "./heard_log.ts";
import { RemoteStreams, UNKNOWN_SSRC } from "./remote_streams.ts";

export class FarEar {
  readonly remote: RemoteStreams;
  readonly #keys: FarKeys;
  readonly #log: HeardLog;
  /** What came before its STREAM_START. */
  #early: { readonly unit: Uint8Array; readonly path: FarPath; readonly atMs: number }[] = [];

  constructor(keys: FarKeys, log: HeardLog) {
    this.#keys = keys;
    this.#log = log;
    this.remote = new RemoteStreams(keys);
  }

  /** Units of SSRCs that no STREAM_START has named yet. */
  get earlyUnits(): number {
    return this.#early.length;
  }

  /** Hears a unit, which is borrowed; answers the message in it where it is sealed JSON. `atMs` is when it came. */
  took(path: FarPath, unit: Uint8Array, atMs: number): Json | undefined {
    const thing = this.#open(unit, atMs);
    if (thing.kind === "early") this.#early.push({ unit: thing.unit, path, atMs });
    this.#log.push(thing, path, atMs);
    return thing.kind === "sealed" ? thing.message : undefined;
  }

  /** A STREAM_START of the peer's: what came before it is heard now. */
  learn(start: Json, nowMs: number): void {
    if (!this.remote.add(start, nowMs)) return;
    const early = this.#early;
    this.#early = [];
    for (const one of early) {
      const thing = this.#open(one.unit, one.atMs);
      if (thing.kind === "early") this.#early.push(one);
      else this.#log.push(thing, one.path, one.atMs);
    }
  }

  #open(unit: Uint8Array, atMs: number): HeardThing {
    switch (classifyUnit(unit)) {
      case UnitKind.json:
        return this.#openJson(unit);
      case UnitKind.rtcp: {
        const opened = this.#keys.openRtcp(unit.slice());
        return typeof opened === "string" ? unreadable(opened, unit) : { kind: "rtcp", ...opened };
      }
      case UnitKind.arcrtp:
      case UnitKind.reduced: {
        const packet = this.remote.open(unit, atMs);
        if (packet === UNKNOWN_SSRC) return { kind: "early", unit: unit.slice() };
        return typeof packet === "string" ? unreadable(packet, unit) : { kind: "media", packet };
      }
      default:
        return unreadable("a unit of no class", unit);
    }
  }

  #openJson(unit: Uint8Array): HeardThing {
    if (!isSealed(unit)) return { kind: "plain", message: messageOf(unit) };
    const opened = this.#keys.open(unit);
    if (typeof opened === "string") return unreadable(opened, unit);
    return { kind: "sealed", message: messageOf(utf8(opened.text)), epoch: opened.epoch, counter: opened.counter };
  }
}

function unreadable(why: string, unit: Uint8Array): HeardThing {
  return { kind: "unreadable", why, unit: unit.slice() };
}
