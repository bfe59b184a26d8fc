import assert from "node:assert/strict";
import type { HostPort } from "../base/address_table.ts";
import { utf8 } from "../base/bytes.ts";
import { ListenError } from "./listen.ts";
import { IDLE_MS, type Tap, type TapWatcher } from "./tap.ts";
import { openTcpTap } from "./tap_tcp.ts";
import { openUdpTap } from "./tap_udp.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };

/** Remembers what a tap tells, as text. */
class Seen implements TapWatcher {
  readonly lines: string[] = [];
  readonly notes: string[] = [];

  datagram(source: HostPort, destination: HostPort, bytes: Uint8Array): void {
    this.lines.push(`${source.port}>${destination.port} ${text(bytes)}`);
  }

  connection(client: HostPort, server: HostPort) {
    const way = (isFromClient: boolean) =>
      isFromClient ? `${client.port}>${server.port}` : `${server.port}>${client.port}`;
    return {
      data: (isFromClient: boolean, bytes: Uint8Array) => void this.lines.push(`${way(isFromClient)} ${text(bytes)}`),
      end: (isFromClient: boolean) => void this.lines.push(`${way(isFromClient)} end`),
    };
  }

  note(line: string): void {
    this.notes.push(line);
  }
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** A UDP socket of a test. */
class Peer {
  readonly #socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });

  get address(): HostPort {
    return { host: "127.0.0.1", port: (this.#socket.addr as Deno.NetAddr).port };
  }

  async send(what: string, to: HostPort): Promise<void> {
    await this.#socket.send(utf8(what), { transport: "udp", hostname: to.host, port: to.port });
  }

  /** What came, and from where. */
  async receive(): Promise<{ readonly what: string; readonly from: HostPort }> {
    const [bytes, from] = await this.#socket.receive();
    return { what: text(bytes), from: { host: "127.0.0.1", port: (from as Deno.NetAddr).port } };
  }

  close(): void {
    this.#socket.close();
  }
}

interface UdpScene {
  readonly tap: Tap;
  readonly seen: Seen;
  readonly server: Peer;
  /** The clock, which stands still but when it is moved. */
  readonly time: { nowMs: number };
  client(): Peer;
}

async function withUdpProxy(use: (scene: UdpScene) => Promise<void>, maxClients?: number): Promise<void> {
  const peers: Peer[] = [];
  const client = () => {
    const peer = new Peer();
    peers.push(peer);
    return peer;
  };
  const server = client();
  const seen = new Seen();
  const time = { nowMs: 0 };
  const clock = { nowMs: () => time.nowMs, unixOffsetMs: 0 };
  const bound = maxClients === undefined ? {} : { maxClients };
  const tap = openUdpTap({ listen: LOOPBACK, target: server.address, watcher: seen, clock, ...bound });
  try {
    await use({ tap, seen, server, time, client });
  } finally {
    tap.close();
    for (const peer of peers) peer.close();
  }
}

Deno.test("tap, UDP proxy: each client has its answers, and is shown as if it spoke with the server itself", async () => {
  await withUdpProxy(async ({ tap, seen, server, client }) => {
    const [a, b] = [client(), client()];
    await a.send("from a", tap.local);
    const atServerA = await server.receive();
    await b.send("from b", tap.local);
    const atServerB = await server.receive();
    assert.deepEqual([atServerA.what, atServerB.what], ["from a", "from b"]);
    assert.notEqual(atServerA.from.port, atServerB.from.port);
    await server.send("to b", atServerB.from);
    await server.send("to a", atServerA.from);
    const [toA, toB] = [await a.receive(), await b.receive()];
    assert.deepEqual([toA, toB], [{ what: "to a", from: tap.local }, { what: "to b", from: tap.local }]);
    const [pa, pb, ps] = [a, b, server].map((peer) => peer.address.port);
    assert.deepEqual(seen.lines.slice(0, 2), [`${pa}>${ps} from a`, `${pb}>${ps} from b`]);
    assert.deepEqual(seen.lines.slice(2).sort(), [`${ps}>${pa} to a`, `${ps}>${pb} to b`].sort());
    assert.deepEqual(tap.counters, { clients: 2, refused: 0, there: 2, back: 2 });
  });
});

Deno.test("tap, UDP proxy: what a third party sends reaches no client, and nothing goes to a third party", async () => {
  await withUdpProxy(async ({ tap, seen, server, client }) => {
    const [a, stranger] = [client(), client()];
    await a.send("question", tap.local);
    const { from: upstream } = await server.receive();
    // Loopback keeps the order: had the first been handed on, it would come first.
    await stranger.send("forged answer", upstream);
    await server.send("answer", upstream);
    assert.equal((await a.receive()).what, "answer");
    assert.equal(tap.counters.back, 1);
    assert.ok(seen.lines.every((line) => !line.includes("forged")));
  });
});

Deno.test("tap, UDP proxy: clients are bounded; one that has been silent for long makes room", async () => {
  await withUdpProxy(async ({ tap, server, time, client }) => {
    const [a, b, late] = [client(), client(), client()];
    await a.send("a", tap.local);
    await server.receive();
    time.nowMs = IDLE_MS;
    await b.send("b", tap.local);
    await server.receive();
    time.nowMs = IDLE_MS - 1;
    await late.send("refused", tap.local);
    await b.send("b again", tap.local);
    assert.equal((await server.receive()).what, "b again");
    assert.deepEqual(tap.counters, { clients: 2, refused: 1, there: 3, back: 0 });
    time.nowMs = IDLE_MS;
    await late.send("taken", tap.local);
    assert.equal((await server.receive()).what, "taken");
    assert.equal(tap.counters.clients, 3);
  }, 2);
});

Deno.test("tap, UDP sink: takes everything and answers nothing", async () => {
  const seen = new Seen();
  const tap = openUdpTap({ listen: LOOPBACK, watcher: seen, clock: { nowMs: () => 0, unixOffsetMs: 0 } });
  const [a, b] = [new Peer(), new Peer()];
  await a.send("ping", tap.local);
  // A socket's own later datagram is the first that comes back to it.
  await b.send("mark", a.address);
  assert.equal((await a.receive()).what, "mark");
  for (let turns = 0; seen.lines.length === 0 && turns < 1000; turns++) {
    await new Promise((done) => setTimeout(done, 2));
  }
  assert.deepEqual(seen.lines, [`${a.address.port}>${tap.local.port} ping`]);
  tap.close();
  a.close();
  b.close();
});

Deno.test("tap: one that would hand on to itself is refused, by whatever address it is named", () => {
  const clock = { nowMs: () => 0, unixOffsetMs: 0 };
  for (const [host, targetHost] of [["127.0.0.1", "127.0.0.1"], ["0.0.0.0", "127.0.0.1"], ["::", "::1"]]) {
    const free = Deno.listen({ hostname: host, port: 0 });
    const { port } = free.addr as Deno.NetAddr;
    free.close();
    const options = { listen: { host, port }, target: { host: targetHost, port }, watcher: new Seen() };
    const isRefused = (error: unknown) => error instanceof ListenError && /hand on to itself/.test(error.message);
    assert.throws(() => openUdpTap({ ...options, clock }), isRefused);
    assert.throws(() => openTcpTap(options), isRefused);
  }
});

/** A TCP server that takes one connection. */
class OneConnection {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly accepted = this.#listener.accept();

  get address(): HostPort {
    return { host: "127.0.0.1", port: (this.#listener.addr as Deno.NetAddr).port };
  }

  close(): void {
    this.#listener.close();
  }
}

/** All until the other side ends. */
async function readAll(connection: Deno.Conn): Promise<string> {
  let all = "";
  const buffer = new Uint8Array(4096);
  for (let n = await connection.read(buffer); n !== null; n = await connection.read(buffer)) {
    all += text(buffer.subarray(0, n));
  }
  return all;
}

Deno.test("tap, TCP proxy: both ways, to the half that is still open after the other has ended", async () => {
  const [server, seen] = [new OneConnection(), new Seen()];
  const tap = openTcpTap({ listen: LOOPBACK, target: server.address, watcher: seen });
  const client = await Deno.connect({ hostname: "127.0.0.1", port: tap.local.port });
  const atServer = await server.accepted;
  await client.write(utf8("question"));
  await client.closeWrite();
  assert.equal(await readAll(atServer), "question");
  await atServer.write(utf8("answer"));
  atServer.close();
  assert.equal(await readAll(client), "answer");
  const way = `${(client.localAddr as Deno.NetAddr).port}>${server.address.port}`;
  const back = way.split(">").reverse().join(">");
  assert.deepEqual(seen.lines, [`${way} question`, `${way} end`, `${back} answer`, `${back} end`]);
  assert.deepEqual(tap.counters, { clients: 1, refused: 0, there: 8, back: 6 });
  client.close();
  tap.close();
  server.close();
});

Deno.test("tap, TCP proxy: where the server cannot be reached its client is let go, and it is said", async () => {
  const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = free.addr as Deno.NetAddr;
  free.close();
  const seen = new Seen();
  const tap = openTcpTap({ listen: LOOPBACK, target: { host: "127.0.0.1", port }, watcher: seen });
  const client = await Deno.connect({ hostname: "127.0.0.1", port: tap.local.port });
  assert.equal(await readAll(client), "");
  assert.match(seen.notes[0], new RegExp(`^cannot reach 127\\.0\\.0\\.1 port ${port}: `));
  assert.deepEqual(seen.lines, []);
  client.close();
  tap.close();
});

Deno.test("tap, TCP sink: takes what comes; a connection too many is let go", async () => {
  const seen = new Seen();
  const tap = openTcpTap({ listen: LOOPBACK, watcher: seen, maxClients: 1 });
  const first = await Deno.connect({ hostname: "127.0.0.1", port: tap.local.port });
  const second = await Deno.connect({ hostname: "127.0.0.1", port: tap.local.port });
  assert.equal(await readAll(second), "");
  await first.write(utf8("units"));
  await first.closeWrite();
  assert.equal(await readAll(first), "");
  assert.deepEqual(seen.lines.map((line) => line.split(" ")[1]), ["units", "end"]);
  assert.equal(tap.counters.refused, 1);
  first.close();
  second.close();
  tap.close();
});
