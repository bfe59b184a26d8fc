/** A relay on loopback sockets and clients of it, for tests. Everything opened here is closed by {@link RelayRig.close}. */
import assert from "node:assert/strict";
import type { Socket } from "node:net";
import type { HostPort } from "../../base/address_table.ts";
import { PacketBatch } from "../../base/batch.ts";
import { utf8 } from "../../base/bytes.ts";
import { unwrap } from "../../base/parsed.ts";
import { nobleBackend } from "../../crypto/backend_noble.ts";
import { issueRelayToken, makeRelayProof, parseRelayToken } from "../../crypto/relay_token.ts";
import { FRAME_HEADER_BYTES, FrameReader, writeFrame } from "../../packet/framing.ts";
import type { Message } from "../../signaling/messages/registry.ts";
import { parseMessage, writeMessage } from "../../signaling/parse_message.ts";
import { CALLER, SECRET, SESSION } from "../../relay/testing/relay_world.ts";
import type { DatagramTransport } from "../datagram.ts";
import { openStream, type TlsTrust } from "../open_stream.ts";
import type { RelayServerEvent } from "../relay_server_events.ts";
import { RelayServer, type RelayServerOptions } from "../relay_server.ts";
import { openUdp } from "../udp_deno.ts";

export const LOOPBACK: HostPort = { host: "127.0.0.1", port: 0 };

/** What a test does when nothing comes: it fails, with this in the message, instead of hanging. */
const PATIENCE_MS = 4000;

/** Units from and to a relay, over whichever transport. */
export abstract class RelayClient {
  readonly #received: Uint8Array[] = [];
  #waiting: ((unit: Uint8Array | undefined) => void) | undefined;
  #isOver = false;

  abstract send(unit: Uint8Array): Promise<void>;
  abstract close(): void;

  protected take(unit: Uint8Array): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#received.push(unit);
    else waiting(unit);
  }

  /** The other side has closed. */
  protected over(): void {
    this.#isOver = true;
    this.#waiting?.(undefined);
  }

  /** Units that have come and that nobody has asked for. */
  get pending(): number {
    return this.#received.length;
  }

  /** The next unit; undefined when the relay has closed the connection. */
  next(): Promise<Uint8Array | undefined> {
    const unit = this.#received.shift();
    if (unit !== undefined || this.#isOver) return Promise.resolve(unit);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`nothing came within ${PATIENCE_MS} ms`)), PATIENCE_MS);
      this.#waiting = (received) => {
        clearTimeout(timer);
        resolve(received);
      };
    });
  }

  async message(): Promise<Message> {
    const unit = await this.next();
    assert.ok(unit !== undefined, "the connection is closed");
    return unwrap(parseMessage(unit));
  }

  async tell(message: Message): Promise<void> {
    await this.send(utf8(writeMessage(message)));
  }

  async ask(message: Message): Promise<Message> {
    await this.tell(message);
    return await this.message();
  }

  /** Binds, or unbinds, in the two steps of a peer; answers the relay's last word. */
  async bind(
    peerId: string = CALLER,
    sessionId: string = SESSION,
    { type = "RELAY_BIND", secret = SECRET }: { type?: "RELAY_BIND" | "RELAY_UNBIND"; secret?: Uint8Array } = {},
  ): Promise<Message> {
    const expires = Math.floor(Date.now() / 1000) + 60;
    const { tag } = unwrap(parseRelayToken(issueRelayToken(secret, { sessionId, peerId, expiresS: expires })));
    const request = { type, session_id: sessionId, peer_id: peerId, expires, timestamp: Date.now() };
    const challenge = await this.ask(request);
    assert.ok(challenge.type === "RELAY_CHALLENGE", JSON.stringify(challenge));
    const { nonce } = challenge;
    return await this.ask({ ...request, nonce, proof: makeRelayProof(tag, nonce, sessionId, peerId) });
  }
}

export class UdpClient extends RelayClient {
  readonly transport: DatagramTransport = openUdp(LOOPBACK);
  /** Takes units instead of keeping them; the unit is borrowed. */
  onUnit: ((unit: Uint8Array) => void) | undefined;
  readonly #relay: HostPort;

  constructor(relay: HostPort) {
    super();
    this.#relay = relay;
    this.#read();
  }

  async send(unit: Uint8Array): Promise<void> {
    const batch = new PacketBatch(1, 65_000);
    batch.push(unit, this.transport.addresses.intern(this.#relay.host, this.#relay.port));
    await this.transport.send(batch);
  }

  close(): void {
    this.transport.close();
  }

  async #read(): Promise<void> {
    const batch = new PacketBatch(1);
    while (await this.transport.receive(batch)) {
      const unit = batch.packet(0);
      if (this.onUnit === undefined) this.take(unit.slice());
      else this.onUnit(unit);
    }
  }
}

export class StreamClient extends RelayClient {
  readonly socket: Socket;

  constructor(socket: Socket) {
    super();
    this.socket = socket;
    const reader = new FrameReader();
    socket.on("data", (chunk: Uint8Array) => {
      reader.feed(chunk);
      // A Buffer is no plain Uint8Array to `deepEqual`.
      while (reader.next()) this.take(new Uint8Array(reader.bytes.subarray(reader.start, reader.end)));
    });
    socket.on("error", () => {});
    socket.on("close", () => this.over());
  }

  send(unit: Uint8Array): Promise<void> {
    const frame = new Uint8Array(FRAME_HEADER_BYTES + unit.length);
    writeFrame(unit, frame, 0);
    this.raw(frame);
    return Promise.resolve();
  }

  raw(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  close(): void {
    this.socket.destroy();
  }
}

export class RelayRig {
  readonly server: RelayServer;
  readonly events: RelayServerEvent[];
  readonly #clients: RelayClient[] = [];

  private constructor(server: RelayServer, events: RelayServerEvent[]) {
    this.server = server;
    this.events = events;
  }

  static async start(options: Partial<RelayServerOptions> = {}): Promise<RelayRig> {
    const events: RelayServerEvent[] = [];
    const server = await RelayServer.start({
      relayId: "relay-1",
      secret: SECRET,
      crypto: nobleBackend,
      udp: [LOOPBACK],
      log: (event) => events.push(event),
      ...options,
    });
    return new RelayRig(server, events);
  }

  udp(i = 0): UdpClient {
    return this.#kept(new UdpClient(this.server.listening.udp[i]));
  }

  async tcp(): Promise<StreamClient> {
    const { host, port } = this.server.listening.tcp[0];
    return this.#kept(new StreamClient(await openStream(host, port, undefined, PATIENCE_MS)));
  }

  async tls(trust: TlsTrust): Promise<StreamClient> {
    const { host, port } = this.server.listening.tls[0];
    return this.#kept(new StreamClient(await openStream(host, port, trust, PATIENCE_MS)));
  }

  /** Text of a page of the HTTP port. */
  async page(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const { host, port } = this.server.listening.http ?? LOOPBACK;
    const response = await fetch(`http://${host}:${port}${path}`);
    return { status: response.status, text: await response.text() };
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.server.stop();
  }

  #kept<C extends RelayClient>(client: C): C {
    this.#clients.push(client);
    return client;
  }
}

/** Resolves when `condition` holds; rejects, saying `what`, when it takes too long. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const startMs = performance.now();
  while (!condition()) {
    if (performance.now() - startMs > PATIENCE_MS) throw new Error(`still waiting: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
