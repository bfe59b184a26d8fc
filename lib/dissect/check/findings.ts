/** What a check of a capture has found: each breach of a rule with the packets that show it, and what gave occasion to one. */
import { CAPTURE_RULE_IDS, isCaptureRule, type RuleId, type RuleVerdict } from "./rules.ts";

/** Packets that are listed of one finding; further ones are counted. */
const MAX_PACKETS = 16;
/** Findings that are told apart. */
const MAX_FINDINGS = 1000;

export interface Finding {
  /** Requirement id of SPEC.md. */
  readonly rule: string;
  /** What is wrong, with the figures of the first packet that shows it. */
  readonly message: string;
  /** What it is wrong with: a stream, a session, a conversation. */
  readonly subject: string;
  /** The first packets that show it, by their numbers in the capture. */
  readonly packets: readonly number[];
  /** How often it was seen. */
  readonly count: number;
}

interface Record {
  readonly rule: string;
  readonly message: string;
  readonly subject: string;
  readonly packets: number[];
  count: number;
}

export class Findings {
  /** Breaches beyond those that are told apart. */
  further = 0;
  readonly #records = new Map<string, Record>();
  readonly #occasions = new Map<RuleId, number>();
  readonly #breaches = new Map<string, number>();

  /** Notes that the capture gave occasion to keep or break `rule`; a breach is told besides. */
  judged(rule: RuleId): void {
    this.#occasions.set(rule, (this.#occasions.get(rule) ?? 0) + 1);
  }

  /** Notes an occasion, and where `isBroken` the breach with it. `message` is asked for only then. */
  judge(rule: RuleId, isBroken: boolean, subject: string, packet: number, message: () => string): void {
    this.judged(rule);
    if (isBroken) this.add(rule, subject, packet, message());
  }

  /** Notes that `packet` breaks `rule`; the first message of a rule and subject stands for all. */
  add(rule: RuleId, subject: string, packet: number, message: string): void {
    this.fault(rule, subject, packet, message);
  }

  /** As {@link add}, for a malformed unit, whose rule may be one that only asks something of its receiver. */
  fault(rule: string, subject: string, packet: number, message: string): void {
    this.#breaches.set(rule, (this.#breaches.get(rule) ?? 0) + 1);
    const key = `${rule} ${subject}`;
    const known = this.#records.get(key);
    if (known !== undefined) {
      known.count++;
      if (known.packets.length < MAX_PACKETS && !known.packets.includes(packet)) known.packets.push(packet);
      return;
    }
    if (this.#records.size >= MAX_FINDINGS) {
      this.further++;
      return;
    }
    this.#records.set(key, { rule, message, subject, packets: [packet], count: 1 });
  }

  /** In the order of their first packets. */
  get list(): readonly Finding[] {
    return [...this.#records.values()].sort((a, b) => a.packets[0] - b.packets[0]);
  }

  /** A verdict on each rule that a capture can show, in the order of the specification, and on others that were broken. */
  get verdicts(): readonly RuleVerdict[] {
    const others = [...this.#breaches.keys()].filter((rule) => !isCaptureRule(rule)).sort();
    return [
      ...CAPTURE_RULE_IDS.map((rule) => this.#verdict(rule, this.#occasions.get(rule) ?? 0)),
      ...others.map((rule) => this.#verdict(rule, 0)),
    ];
  }

  #verdict(rule: string, seen: number): RuleVerdict {
    const breaches = this.#breaches.get(rule) ?? 0;
    const occasions = Math.max(seen, breaches);
    return { rule, verdict: breaches > 0 ? "fail" : occasions > 0 ? "pass" : "skipped", occasions, breaches };
  }
}
