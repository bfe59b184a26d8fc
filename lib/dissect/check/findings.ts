/** What a check of a capture has found: each breach of a rule with the packets that show it. */

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

  /** Notes that `packet` breaks `rule`; the first message of a rule and subject stands for all. */
  add(rule: string, subject: string, packet: number, message: string): void {
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
}
