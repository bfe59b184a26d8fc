/** Waits for conditions in tests without sleeping: whoever changes something says so. */
export class Watch {
  readonly #waiting = new Set<() => void>();

  /** Something may have changed. */
  changed(): void {
    for (const look of [...this.#waiting]) look();
  }

  /** Resolves as soon as `condition` holds. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!condition()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }
}
