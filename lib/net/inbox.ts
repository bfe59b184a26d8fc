/**
 * Hands items on one by one, in order, also while the handling of one waits for something; what comes meanwhile is
 * queued, up to a bound.
 */
export class Inbox<T> {
  readonly #capacity: number;
  readonly #take: (item: T) => Promise<void> | undefined;
  readonly #failed: (error: unknown) => void;
  readonly #queue: T[] = [];
  #isWaiting = false;
  #isClosed = false;

  /** `take` answers a promise when the next item has to wait for it. What it throws goes to `failed`. */
  constructor(capacity: number, take: (item: T) => Promise<void> | undefined, failed: (error: unknown) => void) {
    this.#capacity = capacity;
    this.#take = take;
    this.#failed = failed;
  }

  /** False when the queue is full: the item is not taken. */
  push(item: T): boolean {
    if (this.#isClosed) return true;
    if (this.#isWaiting) {
      if (this.#queue.length >= this.#capacity) return false;
      this.#queue.push(item);
      return true;
    }
    this.#run(item);
    return true;
  }

  /** Forgets what waits and takes nothing any more. */
  close(): void {
    this.#isClosed = true;
    this.#queue.length = 0;
  }

  #run(first: T): void {
    let item: T | undefined = first;
    while (item !== undefined && !this.#isClosed) {
      const waiting = this.#tryTake(item);
      if (waiting !== undefined) return this.#wait(waiting);
      item = this.#queue.shift();
    }
  }

  #tryTake(item: T): Promise<void> | undefined {
    try {
      return this.#take(item);
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  #wait(waiting: Promise<void>): void {
    this.#isWaiting = true;
    waiting.catch(this.#failed).then(() => {
      this.#isWaiting = false;
      const next = this.#queue.shift();
      if (next !== undefined) this.#run(next);
    });
  }
}
