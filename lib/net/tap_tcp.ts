/**
 * A tap on TCP, whatever the streams carry: framed units, WebSocket, TLS. As a sink it reads what comes; as a proxy it opens a
 * connection to the server for every one that it takes, and reads from one side no faster than the other side takes it.
 */
import type { HostPort } from "../base/address_table.ts";
import { ListenError } from "./listen.ts";
import { checkTarget, MAX_TAP_CLIENTS, type Tap, type TapConnection, type TapTarget, type TapWatcher } from "./tap.ts";

const BUFFER_BYTES = 16_384;

export interface TcpTapOptions {
  readonly listen: HostPort;
  readonly target?: TapTarget;
  readonly watcher: TapWatcher;
  readonly maxClients?: number;
}

/** @throws ListenError */
export function openTcpTap(options: TcpTapOptions): Tap {
  const { host: hostname, port } = options.listen;
  let listener: Deno.Listener;
  try {
    listener = Deno.listen({ hostname, port });
  } catch (error) {
    throw new ListenError("TCP", options.listen, error);
  }
  try {
    checkTarget("TCP", hostPort(listener.addr), options.target);
  } catch (error) {
    listener.close();
    throw error;
  }
  return new TcpTap(listener, options);
}

class TcpTap implements Tap {
  readonly local: HostPort;
  readonly counters = { clients: 0, refused: 0, there: 0, back: 0 };
  readonly #listener: Deno.Listener;
  readonly #target: TapTarget;
  readonly #watcher: TapWatcher;
  readonly #maxClients: number;
  /** Aborting one ends both of its sides. */
  readonly #open = new Set<AbortController>();

  constructor(listener: Deno.Listener, { target, watcher, maxClients = MAX_TAP_CLIENTS }: TcpTapOptions) {
    this.local = hostPort(listener.addr);
    this.#listener = listener;
    this.#target = target;
    this.#watcher = watcher;
    this.#maxClients = maxClients;
    this.#accept().catch((error: Error) => watcher.note(`no more connections are taken: ${error.message}`));
  }

  close(): void {
    this.#listener.close();
    for (const ending of this.#open) ending.abort();
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      if (this.#open.size >= this.#maxClients) {
        this.counters.refused++;
        client.close();
        continue;
      }
      const ending = new AbortController();
      this.#open.add(ending);
      this.counters.clients++;
      this.#serve(client, ending).finally(() => {
        ending.abort();
        this.#open.delete(ending);
      });
    }
  }

  async #serve(client: Deno.Conn, { signal }: AbortController): Promise<void> {
    closeWith(signal, client);
    const from = hostPort(client.remoteAddr);
    const target = this.#target;
    const server = target && await this.#connect(target, signal);
    if (target !== undefined && server === undefined) return;
    const seen = this.#watcher.connection(from, target ?? this.local);
    await Promise.all([
      this.#pass(client, server, true, seen),
      server === undefined ? undefined : this.#pass(server, client, false, seen),
    ]);
  }

  async #connect({ host: hostname, port }: HostPort, signal: AbortSignal): Promise<Deno.Conn | undefined> {
    try {
      const server = await Deno.connect({ hostname, port, signal });
      closeWith(signal, server);
      return server;
    } catch (error) {
      if (!signal.aborted) this.#watcher.note(`cannot reach ${hostname} port ${port}: ${(error as Error).message}`);
      return undefined;
    }
  }

  /** Until one side ends; a side that breaks has ended as well. */
  async #pass(from: Deno.Conn, to: Deno.Conn | undefined, isFromClient: boolean, seen: TapConnection): Promise<void> {
    const buffer = new Uint8Array(BUFFER_BYTES);
    try {
      for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
        if (isFromClient) this.counters.there += count;
        else this.counters.back += count;
        seen.data(isFromClient, buffer.subarray(0, count));
        for (let at = 0; at < count && to !== undefined;) at += await to.write(buffer.subarray(at, count));
      }
    } catch {
      closeQuietly(to);
    }
    seen.end(isFromClient);
    await to?.closeWrite().catch(() => {});
  }
}

function closeWith(signal: AbortSignal, connection: Deno.Conn): void {
  if (signal.aborted) closeQuietly(connection);
  else signal.addEventListener("abort", () => closeQuietly(connection));
}

function closeQuietly(connection: Deno.Conn | undefined): void {
  try {
    connection?.close();
  } catch {
    // It was closed already.
  }
}

function hostPort(address: Deno.Addr): HostPort {
  const { hostname, port } = address as Deno.NetAddr;
  return { host: hostname, port };
}
