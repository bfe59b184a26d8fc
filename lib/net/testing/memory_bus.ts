/** A bus inside of one process: for tests. */
import type { Bus, BusEvents, OpenBus, TakeFromBus } from "../bus.ts";

interface Subscriber {
  readonly owner: BusEvents;
  readonly pattern: RegExp;
  readonly take: TakeFromBus;
}

export class MemoryBus {
  /** Everything that was published, in its order. */
  readonly published: { readonly subject: string; readonly text: string }[] = [];
  readonly #members = new Set<BusEvents>();
  readonly #subscribers = new Set<Subscriber>();
  #isUp = true;

  /** Lets one more program on. */
  readonly open: OpenBus = ({ up, down }) => {
    // Each opening is a member of its own, though the same events be given twice.
    const owner = { up, down };
    this.#members.add(owner);
    if (this.#isUp) queueMicrotask(up);
    return this.#member(owner);
  };

  /** The bus goes or comes, for all. */
  set(isUp: boolean): void {
    this.#isUp = isUp;
    for (const events of this.#members) isUp ? events.up() : events.down("the test wants it so");
  }

  #member(owner: BusEvents): Bus {
    return {
      publish: (subject, bytes) => {
        if (!this.#isUp) return;
        this.published.push({ subject, text: new TextDecoder().decode(bytes) });
        for (const { owner: other, pattern, take } of [...this.#subscribers]) {
          if (other !== owner && pattern.test(subject)) queueMicrotask(() => take(subject, bytes));
        }
      },
      subscribe: (subject, take) => {
        const pattern = new RegExp(`^${subject.replaceAll(".", "\\.").replaceAll("*", "[^.]+")}$`);
        const subscriber = { owner, pattern, take };
        this.#subscribers.add(subscriber);
        return () => this.#subscribers.delete(subscriber);
      },
      settled: () => Promise.resolve(),
      close: () => {
        this.#members.delete(owner);
        for (const subscriber of this.#subscribers) {
          if (subscriber.owner === owner) this.#subscribers.delete(subscriber);
        }
        return Promise.resolve();
      },
    };
  }
}
