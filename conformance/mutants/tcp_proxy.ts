/** Stands in front of a TCP listener, looks at the bytes that clients send, and may be as weak as it likes. */
import { connect, createServer, type Socket } from "node:net";
import type { HostPort } from "../../lib/base/address_table.ts";

/** One client, as a {@link Weakness} sees it. */
export interface ProxiedConnection {
  /** All that has come from it so far, the chunk at hand included. */
  readonly received: Uint8Array;
  isOver: boolean;
}

export interface Weakness {
  /** Sees each chunk of a client; what it answers goes on to the server, once it has answered. */
  chunk?(chunk: Uint8Array, connection: ProxiedConnection, proxy: TcpProxy): Uint8Array | Promise<Uint8Array>;
  /** A client has left. */
  left?(connection: ProxiedConnection, proxy: TcpProxy): void;
}

export class TcpProxy {
  readonly #server;
  readonly #sockets = new Set<Socket>();
  readonly #timers = new Map<ReturnType<typeof setTimeout>, () => void>();

  private constructor(upstream: HostPort, { chunk: look = (chunk) => chunk, left }: Weakness) {
    this.#server = createServer((here) => {
      const there = connect(upstream);
      let received = new Uint8Array(0);
      const connection = {
        isOver: false,
        get received() {
          return received;
        },
      };
      let last: Promise<void> = Promise.resolve();
      here.on("data", (data: Uint8Array) => {
        const chunk = new Uint8Array(data);
        received = Uint8Array.of(...received.subarray(-MAX_KEPT_BYTES), ...chunk);
        last = last.then(async () => {
          const passed = await look(chunk, connection, this);
          if (passed.length > 0 && there.writable) there.write(passed);
        });
      });
      there.on("data", (data: Uint8Array) => {
        if (here.writable) here.write(new Uint8Array(data));
      });
      for (const [one, other] of [[here, there], [there, here]]) {
        this.#sockets.add(one);
        one.setNoDelay(true);
        one.on("error", () => other.destroy());
        one.on("close", () => {
          this.#sockets.delete(one);
          other.destroy();
        });
      }
      here.on("close", () => {
        connection.isOver = true;
        left?.(connection, this);
      });
    });
  }

  static async start(upstream: HostPort, weakness: Weakness): Promise<TcpProxy> {
    const proxy = new TcpProxy(upstream, weakness);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get local(): HostPort {
    return { host: "127.0.0.1", port: (this.#server.address() as { readonly port: number }).port };
  }

  /** Ends every connection. */
  endAll(): void {
    for (const socket of [...this.#sockets]) socket.destroy();
  }

  /** Resolves after so long, or when the proxy stops. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        resolve();
      }, ms);
      this.#timers.set(timer, resolve);
    });
  }

  async stop(): Promise<void> {
    for (const [timer, resolve] of this.#timers) {
      clearTimeout(timer);
      resolve();
    }
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.endAll();
    await closed;
  }
}

/** Of what has come, for weaknesses that look back. */
const MAX_KEPT_BYTES = 4096;

/** In front of a TLS listener: the first record of one client has to be whole before another's is looked at. */
export function oneHandshakeAtATime(): Weakness {
  let half: ProxiedConnection | undefined;
  return {
    async chunk(chunk, connection, proxy) {
      while (half !== undefined && half !== connection && !connection.isOver) await proxy.wait(HALF_DONE_PAUSE_MS);
      const { received } = connection;
      const isWhole = received.length >= 5 && received.length >= 5 + ((received[3] << 8) | received[4]);
      half = isWhole ? undefined : connection;
      return chunk;
    },
    left(connection) {
      if (half === connection) half = undefined;
    },
  };
}

const HALF_DONE_PAUSE_MS = 20;
