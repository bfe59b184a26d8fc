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
const BOTH_KEEP = "ARC-SIG-repeat-same-answer";
/** What binds peers on a path; a relay tells an address that is proven in the clear what it refuses. */
const OF_PEERS = "ARC-SEAL-clear-units";

/** Their units that a finding may name; a transcript is of one call or connection, and short. */
const MAX_THEIRS = 65_536;

export class Transcript {
  readonly #isOfPeer: boolean;
  readonly #modeller = new UnitModeller();
  readonly #checker = new CaptureChecker();
  readonly #unit = new CapturedUnit();
  readonly #theirs = new Set<number>();
  #units = 0;

  /** `isOfPeer` where the other side is a peer, not a server or relay. */
  constructor(isOfPeer: boolean) {
    this.#isOfPeer = isOfPeer;
  }

  /** Notes a unit that we sent. Its bytes are borrowed for the call. */
  sent(bytes: Uint8Array, ms: number, transport: Transport): void {
    this.#note(bytes, ms, transport, true);
  }

  /** Notes a unit that came. */
  received(bytes: Uint8Array, ms: number, transport: Transport): void {
    if (this.#theirs.size < MAX_THEIRS) this.#theirs.add(this.#units + 1);
    this.#note(bytes, ms, transport, false);
  }

  /** @throws Breach for the first rule that a unit of theirs breaks. */
  judge(): void {
    const broken = this.#checker.findings.find(({ rule, packets }) =>
      rule !== BOTH_KEEP && (rule !== OF_PEERS || this.#isOfPeer) && packets.some((packet) => this.#theirs.has(packet))
    );
    if (broken !== undefined) throw new Breach("response", broken.message, broken.rule);
  }

  #note(bytes: Uint8Array, ms: number, transport: Transport, isOurs: boolean): void {
    const unit = this.#unit;
    unit.number = unit.packet = ++this.#units;
    unit.timeS = Math.floor(ms / 1000);
    unit.timeNs = Math.floor((ms - 1000 * unit.timeS) * 1_000_000);
    unit.transport = transport;
    // One way for each: media goes past the server.
    unit.conversation = transport === "udp" ? 1 : 2;
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
