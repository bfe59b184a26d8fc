/** Clause 2.3. A receiver is modelled exactly; what a sender may do is checked, since it may always do less. */
import assert from "node:assert/strict";
import { bitFields, concat, fromHex, hexOf } from "./bytes.ts";
import { compareResults, type Due, type Fault, type Json, type Judges } from "./judge.ts";
import { ARC, type Packet, parsePacket } from "./rtp.ts";

export const reducedJudges: Judges = {
  "reduced.receive": judgeReceiver,
  "reduced.run": judgeRun,
};

interface Context {
  readonly context_id: number;
  readonly ssrc: number;
  readonly payload_type: number;
  readonly quality: number;
}

/** Of all numbers that end in `low`, the nearest to `reference`; the lower of two. BigInt, so that nothing wraps. */
function nearest(low: number, reference: bigint, bits: number): bigint {
  const span = 1n << BigInt(bits);
  const floor = reference - (((reference % span) + span) % span) + BigInt(low);
  const candidates = [floor - span, floor, floor + span];
  const distance = (value: bigint) => value > reference ? value - reference : reference - value;
  return candidates.reduce((best, value) => distance(value) < distance(best) ? value : best);
}

/** What is known of an SSRC. Indexes have no upper end here. */
interface Reference {
  index: bigint;
  timestamp: number;
  fullIndex: bigint;
  keyPhase: number;
}

class Receiver {
  readonly #contexts: readonly Context[];
  readonly #references = new Map<number, Reference>();

  constructor(contexts: readonly Context[]) {
    this.#contexts = contexts;
  }

  receive(unit: Uint8Array, authentic: boolean): Uint8Array | Fault {
    const isReduced = unit.length > 0 && unit[0] >= 0xc0;
    const full = isReduced ? this.#expand(unit) : unit;
    if ("reason" in full) return full;
    // Padding is within what is encrypted, and a header is restored before that is opened.
    const packet = parsePacket(full, { ...ARC, keepPadding: true });
    if ("reason" in packet) return packet;
    if (authentic) this.#note(packet, isReduced);
    return full;
  }

  #expand(unit: Uint8Array): Uint8Array | Fault {
    if (unit.length < 4) return { reason: "truncated", offset: unit.length, need: 4 };
    const context = this.#contexts.find(({ context_id }) => context_id === unit[0] % 8);
    const reference = context && this.#references.get(context.ssrc);
    if (context === undefined || reference === undefined) return { reason: "bad_context", offset: 0 };
    const sequence = Number(((nearest(unit[1], reference.index, 8) % 65536n) + 65536n) % 65536n);
    const timestamp = BigInt.asUintN(32, nearest(unit[2] * 256 + unit[3], BigInt(reference.timestamp), 16));
    return concat(
      bitFields(
        [2, 2],
        [0, 6],
        [(unit[0] >> 5) & 1, 1],
        [context.payload_type, 7],
        [sequence, 16],
        [Number(timestamp), 32],
        [context.ssrc, 32],
        [context.quality, 2],
        [(unit[0] >> 3) & 3, 2],
        [reference.keyPhase, 2],
        [0, 26],
      ),
      unit.slice(4),
    );
  }

  #note(packet: Packet, wasReduced: boolean): void {
    const before = this.#references.get(packet.ssrc);
    if (before === undefined) {
      if (wasReduced) return;
      this.#references.set(packet.ssrc, {
        index: BigInt(packet.sequence),
        timestamp: packet.timestamp,
        fullIndex: BigInt(packet.sequence),
        keyPhase: packet.arc?.keyPhase ?? 0,
      });
      return;
    }
    const index = nearest(packet.sequence, before.index, 16);
    if (index > before.index) Object.assign(before, { index, timestamp: packet.timestamp });
    if (!wasReduced && index > before.fullIndex) {
      Object.assign(before, { fullIndex: index, keyPhase: packet.arc?.keyPhase ?? 0 });
    }
  }
}

function judgeReceiver(request: Json, due: Due): void {
  const receiver = new Receiver(request.contexts as Context[]);
  const units = request.units as { readonly hex: string; readonly authentic?: boolean }[];
  compareResults(
    due,
    units.map(({ hex, authentic }) => {
      const result = receiver.receive(fromHex(hex), authentic !== false);
      return "reason" in result ? { fault: result } : { hex: hexOf(result) };
    }),
  );
}

interface Sent {
  readonly hex: string;
  readonly at_ms: number;
}

function judgeRun(request: Json, due: Due): void {
  const contexts = request.contexts as Context[];
  const clash = contexts.findIndex((one, i) =>
    contexts.slice(0, i).some((other) =>
      other.context_id === one.context_id && JSON.stringify(other) !== JSON.stringify(one)
    )
  );
  if (clash >= 0) {
    assert.deepEqual(due.fault, { reason: "bad_state", path: `$.contexts[${clash}]` });
    return;
  }
  const sent = request.packets as Sent[];
  const lost = (request.lost ?? []) as number[];
  const { wire, expanded } = due.expected as { readonly wire: string[]; readonly expanded: (string | null)[] };
  assert.deepEqual([wire.length, expanded.length], [sent.length, sent.length]);
  const receiver = new Receiver(contexts);
  const history = new SenderHistory(contexts);
  sent.forEach(({ hex, at_ms }, i) => {
    const packet = parsePacket(fromHex(hex), { ...ARC, keepPadding: true });
    assert.ok(!("reason" in packet));
    const isReduced = wire[i] !== hex;
    history.check(packet, isReduced ? fromHex(wire[i]) : undefined, at_ms, `packet ${i}`);
    if (lost.includes(i)) assert.equal(expanded[i], null, `packet ${i} is lost`);
    else {
      const got = receiver.receive(fromHex(wire[i]), true);
      // What could not be expanded is given up; what could must be the packet that was sent.
      if ("reason" in got) assert.equal(expanded[i], null, `packet ${i}`);
      else {
        assert.equal(hexOf(got), hex, `packet ${i} came back as another`);
        assert.equal(expanded[i], hex);
      }
    }
  });
}

interface Full {
  readonly sequence: number;
  readonly timestamp: number;
  readonly keyPhase: number;
}

/** The rules for a sender, one by one. */
class SenderHistory {
  readonly #contexts: readonly Context[];
  readonly #fulls = new Map<number, Full[]>();
  readonly #sinceFull = new Map<number, { packets: number; atMs: number }>();
  #keyPhase: number | undefined;
  #epochBeganMs = -Infinity;

  constructor(contexts: readonly Context[]) {
    this.#contexts = contexts;
  }

  /** `reduced` is the unit where the header was reduced. */
  check(packet: Packet, reduced: Uint8Array | undefined, atMs: number, name: string): void {
    const arc = packet.arc;
    assert.ok(arc !== null);
    if (this.#keyPhase !== undefined && this.#keyPhase !== arc.keyPhase) this.#epochBeganMs = atMs;
    this.#keyPhase = arc.keyPhase;
    const fulls = this.#fulls.get(packet.ssrc) ?? [];
    this.#fulls.set(packet.ssrc, fulls);
    const since = this.#sinceFull.get(packet.ssrc) ?? { packets: 0, atMs };
    this.#sinceFull.set(packet.ssrc, since);
    if (reduced === undefined) {
      fulls.push({ sequence: packet.sequence, timestamp: packet.timestamp, keyPhase: arc.keyPhase });
      Object.assign(since, { packets: 0, atMs });
      return;
    }
    const context = this.#contexts.find(({ context_id }) => context_id === reduced[0] % 8);
    assert.ok(context !== undefined, `${name}: no such context`);
    assert.deepEqual(
      [context.ssrc, context.payload_type, context.quality],
      [packet.ssrc, packet.payloadType, arc.quality],
      `${name}: not the context's`,
    );
    const block = packet.bytes.slice(12, 16);
    assert.equal(packet.bytes[0], 0x80, `${name}: P, X or CC`);
    assert.deepEqual([block[0] & 3, block[1], block[2], block[3]], [0, 0, 0, 0], `${name}: the Arc block holds more`);
    assert.deepEqual(
      [...reduced.slice(0, 4)],
      [
        ...bitFields(
          [3, 2],
          [Number(packet.marker), 1],
          [arc.priority, 2],
          [context.context_id, 3],
          [packet.sequence & 255, 8],
          [packet.timestamp & 65535, 16],
        ),
      ],
      `${name}: the header itself`,
    );
    assert.deepEqual(reduced.slice(4), packet.bytes.slice(16), `${name}: the payload`);
    assert.ok(fulls.length >= 3, `${name}: one of the first three`);
    for (const { sequence, timestamp } of fulls.slice(-2)) {
      assert.ok(Math.abs(signed(packet.sequence - sequence, 16)) <= 64, `${name}: too far in sequence`);
      assert.ok(Math.abs(signed(packet.timestamp - timestamp, 32)) <= 32767, `${name}: too far in time`);
    }
    assert.equal(fulls.at(-1)?.keyPhase, arc.keyPhase, `${name}: K cannot be restored`);
    since.packets++;
    assert.ok(since.packets < 32, `${name}: no full header in 32 packets`);
    assert.ok(atMs - since.atMs < 120, `${name}: no full header in 120 ms`);
    assert.ok(atMs - this.#epochBeganMs >= 1000, `${name}: within a second of a new epoch`);
  }
}

function signed(difference: number, bits: number): number {
  return Number(BigInt.asIntN(bits, BigInt(difference)));
}
