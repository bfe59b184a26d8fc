/**
 * The bus over NATS (SPEC ARC-TRANSPORT-nats-subjects). The library is loaded with the first connection, so that those
 * who need no bus do not wait for it.
 *
 * The library could reconnect by itself, but would then send what was published in between: seconds late, when its
 * sender has repeated it. Here every connection begins empty.
 */
import type { NatsConnection } from "@nats-io/transport-node";
import { formatHostPort, type HostPort } from "../base/address_table.ts";
import type { Bus, BusEvents, TakeFromBus } from "./bus.ts";

/** Where a NATS server is, and how to be let in. */
export interface NatsAddress extends HostPort {
  /** TLS or nothing; otherwise TLS where the server wants it. */
  readonly tls: boolean;
  /** Certificates of authorities, PEM, in place of the system's. */
  readonly caPem?: string;
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
}

const DEFAULT_PORT = 4222;

/** `nats://[USER:PASSWORD@|TOKEN@]HOST[:PORT]` or `tls://...`; undefined for anything else. */
export function parseNatsUrl(text: string): NatsAddress | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^(nats|tls):$/.test(url.protocol) || url.hostname === "") return undefined;
  if (!/^\/?$/.test(url.pathname) || url.search !== "" || url.hash !== "") return undefined;
  const [name, password] = [url.username, url.password].map(decodeOnce);
  if (name === undefined || password === undefined) return undefined;
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? DEFAULT_PORT : Number(url.port),
    tls: url.protocol === "tls:",
    ...(password !== "" ? { user: name, password } : name !== "" ? { token: name } : {}),
  };
}

function decodeOnce(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** `nats://HOST:PORT`: without what lets one in. */
export function writeNatsUrl(address: NatsAddress): string {
  return `${address.tls ? "tls" : "nats"}://${formatHostPort(address)}`;
}

const CONNECT_TIMEOUT_MS = 5000;
const RECONNECT_MS = 1000;
/** What a server gets to take the last messages. */
const CLOSE_MS = 500;
/** A connection that answers none of two pings is dead. */
const PING_MS = 10_000;

interface Subscribed {
  readonly subject: string;
  readonly take: TakeFromBus;
  /** At the present connection. */
  cancel: () => void;
}

export class NatsBus implements Bus {
  readonly #address: NatsAddress;
  readonly #events: BusEvents;
  readonly #subscribed = new Set<Subscribed>();
  readonly #running: Promise<void>;
  #connection: NatsConnection | undefined;
  #isClosed = false;
  #wake: () => void = () => {};

  /** Begins to connect, and goes on until it is closed. */
  constructor(address: NatsAddress, events: BusEvents) {
    this.#address = address;
    this.#events = events;
    this.#running = this.#run();
  }

  publish(subject: string, bytes: Uint8Array): void {
    try {
      this.#connection?.publish(subject, bytes);
    } catch {
      // Closing at this moment, or longer than this NATS server takes: lost, as anything on a bus may be.
    }
  }

  subscribe(subject: string, take: TakeFromBus): () => void {
    const subscribed: Subscribed = { subject, take, cancel: () => {} };
    this.#subscribed.add(subscribed);
    if (this.#connection !== undefined) listen(this.#connection, subscribed);
    return () => {
      this.#subscribed.delete(subscribed);
      subscribed.cancel();
    };
  }

  async settled(): Promise<void> {
    if (this.#connection === undefined) throw new Error("the bus is down");
    await this.#connection.flush();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    const connection = this.#connection;
    this.#connection = undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    // A server that has stopped reading cannot be waited for: the library would.
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, CLOSE_MS));
    await Promise.race([this.#leave(connection), late]);
    clearTimeout(timer);
  }

  async #leave(connection: NatsConnection | undefined): Promise<void> {
    await connection?.flush().catch(() => {});
    await connection?.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    let isToldDown = false;
    while (!this.#isClosed) {
      const { why, wasUp } = await this.#connectOnce();
      if (this.#isClosed) return;
      if (wasUp || !isToldDown) this.#events.down(why);
      isToldDown = true;
      await this.#pause();
    }
  }

  /** From a connection's beginning to its end, and why it ended. */
  async #connectOnce(): Promise<{ readonly why: string; readonly wasUp: boolean }> {
    let wasUp = false;
    try {
      const connection = await openConnection(this.#address);
      const ended = connection.closed();
      if (this.#isClosed) await connection.close();
      else {
        wasUp = true;
        this.#connection = connection;
        for (const subscribed of this.#subscribed) listen(connection, subscribed);
        this.#events.up();
      }
      const error = await ended;
      return { why: error?.message ?? "the connection was closed", wasUp };
    } catch (error) {
      return { why: error instanceof Error ? error.message : String(error), wasUp };
    } finally {
      this.#connection = undefined;
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, RECONNECT_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

async function openConnection(address: NatsAddress): Promise<NatsConnection> {
  const { host, tls, caPem, user, password, token } = address;
  // The library hands these on to TLS. Of an address it names no host, and "localhost" would be looked for instead.
  const tlsOptions = { host, ...(caPem === undefined ? {} : { ca: caPem }) };
  const { connectNats } = await import("./nats_connect.ts");
  return await connectNats({
    servers: formatHostPort(address),
    name: "arcrtc",
    // What a server publishes is for the others (SPEC ARC-TRANSPORT-nats-no-return).
    noEcho: true,
    reconnect: false,
    timeout: CONNECT_TIMEOUT_MS,
    pingInterval: PING_MS,
    ignoreClusterUpdates: true,
    ...(tls ? { tls: tlsOptions } : {}),
    ...(user === undefined ? {} : { user, pass: password }),
    ...(token === undefined ? {} : { token }),
  });
}

function listen(connection: NatsConnection, subscribed: Subscribed): void {
  const subscription = connection.subscribe(subscribed.subject, {
    callback: (error, message) => {
      if (error === null) subscribed.take(message.subject, message.data);
    },
  });
  subscribed.cancel = () => subscription.unsubscribe();
}
