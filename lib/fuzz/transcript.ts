/**
 * What went to and fro between the fuzzer and another side, held against the rules that a capture can show: the other side
 * must keep them whatever it is sent. Ours are broken on purpose, and what only our units show is passed over.
 */
import { classifyUnit } from "../packet/demux.ts";
import { CaptureChecker } from "../dissect/check/checker.ts";
import { UnitModeller } from "../dissect/model/unit_modeller.ts";
import type { Endpoint } from "../dissect/network/conversation_table.ts";
import { CapturedUnit, type Transport } from "../dissect/units/captured_unit.ts";
import { Breach } from "./target.ts";

const end = (text: string): Endpoint => ({ host: text, port: 0, text });
const OURS = end("fuzzer");
const THEIRS = end("target");

/**
 * Rules that only hold between two who keep the others: whoever asks two things under one timestamp gets two answers that
 * look like two to one question.
 */
const BOTH_KEEP: ReadonlySet<string> = new Set(["ARC-SIG-repeat-same-answer"]);

/** Their units that a finding may name; a transcript is of one call or connection, and short. */
const MAX_THEIRS = 65_536;

export class Transcript {
  readonly #transport: Transport;
  readonly #modeller = new UnitModeller();
  readonly #checker = new CaptureChecker();
  readonly #unit = new CapturedUnit();
  readonly #theirs = new Set<number>();
  #units = 0;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Notes a unit that we sent. Its bytes are borrowed for the call. */
  sent(bytes: Uint8Array, ms: number): void {
    this.#note(bytes, ms, true);
  }

  /** Notes a unit that came. */
  received(bytes: Uint8Array, ms: number): void {
    if (this.#theirs.size < MAX_THEIRS) this.#theirs.add(this.#units + 1);
    this.#note(bytes, ms, false);
  }

  /** @throws Breach for the first rule that a unit of theirs breaks. */
  judge(): void {
    const broken = this.#checker.findings.find(({ rule, packets }) =>
      !BOTH_KEEP.has(rule) && packets.some((packet) => this.#theirs.has(packet))
    );
    if (broken !== undefined) throw new Breach("response", broken.message, broken.rule);
  }

  #note(bytes: Uint8Array, ms: number, isOurs: boolean): void {
    const unit = this.#unit;
    unit.number = unit.packet = ++this.#units;
    unit.timeS = Math.floor(ms / 1000);
    unit.timeNs = Math.floor((ms - 1000 * unit.timeS) * 1_000_000);
    unit.transport = this.#transport;
    unit.conversation = 1;
    unit.direction = isOurs ? 0 : 1;
    unit.source = isOurs ? OURS : THEIRS;
    unit.destination = isOurs ? THEIRS : OURS;
    unit.bytes = bytes;
    unit.start = 0;
    unit.end = bytes.length;
    unit.kind = classifyUnit(bytes);
    this.#checker.handle(this.#modeller.handle(unit));
  }
}
