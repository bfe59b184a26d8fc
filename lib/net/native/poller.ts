/**
 * Waits for all native sockets of a thread with one call on one thread of the runtime's pool (which is small, and serves
 * files and names too). The kernel gets one buffer, which lives as long as the module.
 */
import {
  EFD_CLOEXEC,
  EFD_NONBLOCK,
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_MOD,
  EPOLL_DATA_AT,
  EPOLL_EVENT_BYTES,
  EPOLLIN,
  EPOLLONESHOT,
  type Libc,
  libc,
  systemError,
} from "./libc.ts";

const MAX_EVENTS = 64;
const WAKE_BYTES = 8;

class Poller {
  readonly #libc: Libc;
  readonly #epoll: number;
  readonly #wake: number;
  readonly #events = new Uint8Array(MAX_EVENTS * EPOLL_EVENT_BYTES);
  readonly #view = new DataView(this.#events.buffer);
  readonly #counter = new Uint8Array(WAKE_BYTES);
  readonly #waiters = new Map<number, () => void>();
  #isRunning = false;

  constructor() {
    const c = libc();
    this.#libc = c;
    this.#epoll = c.epoll_create1(EPOLL_CLOEXEC);
    if (this.#epoll < 0) throw systemError(c, "epoll_create1");
    this.#wake = c.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (this.#wake < 0) throw systemError(c, "eventfd");
    this.#control(EPOLL_CTL_ADD, this.#wake, EPOLLIN);
  }

  /** Makes a descriptor known; closing it makes it unknown again. */
  add(fd: number): void {
    this.#control(EPOLL_CTL_ADD, fd, EPOLLONESHOT);
  }

  /** Resolves when there is something to read at `fd`, or after {@link forget}. One at a time waits for a descriptor. */
  readable(fd: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.set(fd, resolve);
      this.#control(EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLONESHOT);
      if (!this.#isRunning) this.#run();
    });
  }

  /** Ends a wait for a descriptor that is about to be closed. */
  forget(fd: number): void {
    this.#settle(fd);
    if (this.#waiters.size > 0 || !this.#isRunning) return;
    // Nobody waits any more: the call must return, or the process would not end.
    this.#counter.fill(0);
    this.#counter[0] = 1;
    this.#libc.write(this.#wake, this.#counter, BigInt(WAKE_BYTES));
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiters.size > 0) {
      const count = await this.#libc.epollWait(this.#epoll, this.#events, MAX_EVENTS, -1);
      for (let i = 0; i < count; i++) {
        const fd = this.#view.getInt32(i * EPOLL_EVENT_BYTES + EPOLL_DATA_AT, true);
        if (fd === this.#wake) this.#libc.read(fd, this.#counter, BigInt(WAKE_BYTES));
        else this.#settle(fd);
      }
    }
    this.#isRunning = false;
  }

  #settle(fd: number): void {
    const resolve = this.#waiters.get(fd);
    this.#waiters.delete(fd);
    resolve?.();
  }

  #control(operation: number, fd: number, events: number): void {
    const event = new Uint8Array(EPOLL_EVENT_BYTES);
    const view = new DataView(event.buffer);
    view.setUint32(0, events, true);
    view.setInt32(EPOLL_DATA_AT, fd, true);
    if (this.#libc.epoll_ctl(this.#epoll, operation, fd, event) !== 0) throw systemError(this.#libc, "epoll_ctl");
  }
}

let shared: Poller | undefined;

/** The poller of this thread. */
export function poller(): Poller {
  return shared ??= new Poller();
}
