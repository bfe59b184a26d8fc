/** The suite on the bus that a target is on, of `--nats`: there it is another server. */
import type { Bus, OpenBus } from "../../lib/net/bus.ts";
import type { Desk } from "./desk.ts";
import type { Line, LineChannel } from "./line.ts";

/** Where the bus is. */
export interface BusPlace {
  /** For people; without a password. */
  readonly description: string;
  readonly open: OpenBus;
}

/** One connection to the bus, for one case. */
export class BusMember {
  readonly #bus: Bus;

  private constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** Rejects when the bus is not there within the desk's patience. */
  static async join({ open, description }: BusPlace, { patienceMs }: Desk): Promise<BusMember> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const bus = open({ up: resolve, down: (why) => reject(new Error(`${description}: ${why}`)) });
    const timer = setTimeout(() => reject(new Error(`${description} does not answer`)), patienceMs);
    try {
      await promise;
    } catch (error) {
      await bus.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
    return new BusMember(bus);
  }

  /** Takes what others publish on the subject, and publishes there. */
  async channel(line: Line, subject: string): Promise<LineChannel> {
    const end = this.#bus.subscribe(subject, (_, bytes) => line.took(bytes));
    await this.#bus.settled();
    return {
      name: subject,
      send: (unit) => this.#bus.publish(subject, unit.slice()),
      close: end,
    };
  }

  close(): Promise<void> {
    return this.#bus.close();
  }
}
