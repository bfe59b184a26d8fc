/** Sleep that ends when a socket has something, when another thread rings, or when it is time. */
import { type Libc, libc, POLLIN } from "../native/libc.ts";

/** fd (i32), events (i16), revents (i16). */
const POLLFD_BYTES = 8;
const COUNTER_BYTES = 8n;

/** Wakes the thread that sleeps at an eventfd. */
export class Doorbell {
  readonly #libc: Libc = libc();
  readonly #one = new Uint8Array(8);
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
    this.#one[0] = 1;
  }

  ring(): void {
    this.#libc.write(this.#fd, this.#one, COUNTER_BYTES);
  }
}

/** The sleeper's side. */
export class Sleeper {
  readonly #libc: Libc = libc();
  readonly #fds: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #counter = new Uint8Array(8);
  readonly #bell: number;
  readonly #count: number;

  /** Listens to the sockets and to its own eventfd. */
  constructor(sockets: readonly number[], bell: number) {
    const fds = [bell, ...sockets];
    this.#bell = bell;
    this.#count = fds.length;
    this.#fds = new Uint8Array(fds.length * POLLFD_BYTES);
    this.#view = new DataView(this.#fds.buffer);
    fds.forEach((fd, i) => {
      this.#view.setInt32(i * POLLFD_BYTES, fd, true);
      this.#view.setInt16(i * POLLFD_BYTES + 4, POLLIN, true);
    });
  }

  sleep(maxMs: number): void {
    this.#libc.poll(this.#fds, BigInt(this.#count), maxMs);
    if (this.#view.getInt16(6, true) !== 0) this.#libc.read(this.#bell, this.#counter, COUNTER_BYTES);
  }
}
