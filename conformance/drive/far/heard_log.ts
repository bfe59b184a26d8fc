/** Everything that the peer under test has let the other peer hear, opened as far as it can be, in the order of its coming. */
import type { RtcpPacket } from "../../../lib/packet/rtcp/compound.ts";
import { brief } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import type { Desk } from "../desk.ts";
import { Breach } from "../outcome.ts";
import type { FarPath } from "./far_path.ts";

/** A media packet, decrypted. */
export interface HeardPacket {
  readonly ssrc: number;
  readonly sequenceNumber: number;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly payloadType: number;
  readonly quality: number;
  readonly priority: number;
  readonly keyPhase: number;
  readonly epoch: number;
  readonly roc: number;
  readonly csrc: readonly number[];
  readonly flags: number;
  readonly hasExtension: boolean;
  readonly transportSequence: number | undefined;
  readonly hasPadding: boolean;
  readonly payload: Uint8Array;
  /** It came with a reduced header. */
  readonly isReduced: boolean;
  readonly wireBytes: number;
}

export type HeardThing =
  /** On the signaling connection. */
  | { readonly kind: "signal"; readonly message: Json }
  | { readonly kind: "sealed"; readonly message: Json; readonly epoch: number; readonly counter: number }
  /** JSON on a path that is not sealed. */
  | { readonly kind: "plain"; readonly message: Json }
  | { readonly kind: "media"; readonly packet: HeardPacket }
  | {
    readonly kind: "rtcp";
    readonly packets: readonly RtcpPacket[];
    readonly ssrc: number;
    readonly epoch: number;
    readonly index: number;
  }
  /** Media whose STREAM_START has not come; it comes once more as `media` when it has. */
  | { readonly kind: "early"; readonly unit: Uint8Array }
  /** A TCP or TLS connection: from here on its path is there. */
  | { readonly kind: "opened" }
  | { readonly kind: "closed"; readonly why: string }
  /** Nothing that the other peer can open. */
  | { readonly kind: "unreadable"; readonly why: string; readonly unit: Uint8Array };

export type Heard = HeardThing & {
  readonly atMs: number;
  /** Undefined for signaling. */
  readonly path: FarPath | undefined;
};

export class HeardLog {
  readonly entries: Heard[] = [];
  readonly #desk: Desk;
  readonly #waiting = new Set<() => void>();

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  push(thing: HeardThing, path?: FarPath, atMs = this.#desk.clock.nowMs()): void {
    this.entries.push({ ...thing, atMs, path });
    for (const wake of this.#waiting) wake();
  }

  /** A place in the log: what comes later is after it. */
  get mark(): number {
    return this.entries.length;
  }

  /**
   * What `pick` answers for the first entry after the mark for which it answers something. `waitMs` is for rules that give
   * the peer longer than the desk's patience.
   */
  async find<T>(
    expected: string,
    mark: number,
    pick: (heard: Heard) => T | undefined,
    waitMs = this.#desk.patienceMs,
  ): Promise<T> {
    const deadlineMs = this.#desk.clock.nowMs() + waitMs;
    for (let at = mark;; at++) {
      while (at >= this.entries.length) {
        if (!await this.#more(deadlineMs)) throw new Breach(expected, this.#lately(mark, waitMs));
      }
      const found = pick(this.entries[at]);
      if (found !== undefined) return found;
    }
  }

  /** All that `pick` answers for what has come after the mark so far. */
  all<T>(mark: number, pick: (heard: Heard) => T | undefined): readonly T[] {
    return this.entries.slice(mark).map(pick).filter((found) => found !== undefined);
  }

  #more(deadlineMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (isMore: boolean) => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve(isMore);
      };
      const wake = () => done(true);
      const timer = setTimeout(() => done(false), Math.max(0, deadlineMs - this.#desk.clock.nowMs()));
      this.#waiting.add(wake);
    });
  }

  #lately(mark: number, waitMs: number): string {
    const kinds = new Map<string, number>();
    for (const heard of this.entries.slice(mark)) {
      const name = nameOf(heard);
      kinds.set(name, (kinds.get(name) ?? 0) + 1);
    }
    const counts = [...kinds].map(([name, count]) => `${count} x ${name}`).join(", ");
    return `within ${waitMs} ms ${counts === "" ? "nothing" : counts}`;
  }
}

function nameOf(heard: Heard): string {
  switch (heard.kind) {
    case "signal":
    case "plain":
    case "sealed":
      return `${heard.kind} ${heard.message.type}${heard.message.code === undefined ? "" : ` ${heard.message.code}`}`;
    case "rtcp":
      return `RTCP ${heard.packets.map(({ kind }) => kind).join("+")}`;
    case "media":
      return `media of SSRC ${heard.packet.ssrc}`;
    case "early":
      return "media of no known stream";
    case "opened":
    case "closed":
      return `a connection that was ${heard.kind}`;
    case "unreadable":
      return `unreadable (${brief(heard.why)})`;
  }
}
