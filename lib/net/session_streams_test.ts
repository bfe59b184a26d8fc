/** A session's connections over real sockets on loopback. */
import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { FIRST_STREAM_ADDRESS, type HostPort } from "../base/address_table.ts";
import { PacketBatch } from "../base/batch.ts";
import { utf8 } from "../base/bytes.ts";
import type { StreamTarget, TransportEvent } from "../session/stream_connections.ts";
import { systemClock } from "./clock.ts";
import { listenTcp } from "./listen.ts";
import { SessionStreams } from "./session_streams.ts";

const HOST = "127.0.0.1";
const A = FIRST_STREAM_ADDRESS;

/** One session's end: what it was told, to be waited for. */
class End {
  readonly streams: SessionStreams;
  readonly seen: string[] = [];
  readonly from: HostPort[] = [];
  #changed = Promise.withResolvers<void>();

  constructor(accepts = true) {
    const tell = (text: string) => {
      this.seen.push(text);
      this.#changed.resolve();
      this.#changed = Promise.withResolvers<void>();
    };
    this.streams = new SessionStreams({ bindHost: HOST, relayTrust: {}, clock: systemClock() }, {
      event: (event: TransportEvent) => tell(Object.values(event).join(" ")),
      accepted: (from) => {
        this.from.push(from);
        tell("accepted");
        return accepts ? A : undefined;
      },
      units: (batch) => {
        for (let i = 0; i < batch.size; i++) {
          tell(`${batch.addresses[i] - A} ${new TextDecoder().decode(batch.packet(i))}`);
        }
      },
    });
  }

  connect(port: number, address = A): void {
    const to: StreamTarget = { kind: "tcp", transport: "tcp", host: HOST, port };
    this.streams.carryOut({ kind: "connect", address, to });
  }

  async until(text: string | RegExp): Promise<void> {
    const isThere = () => this.seen.some((line) => typeof text === "string" ? line === text : text.test(line));
    while (!isThere()) await this.#changed.promise;
  }

  send(...units: readonly (readonly [address: number, text: string])[]): PacketBatch {
    const batch = new PacketBatch(8);
    for (const [address, text] of units) batch.push(utf8(text), address);
    this.streams.take(batch, 0);
    return batch;
  }
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  const { port } = await listenTcp(server, { host: HOST, port: 0 });
  await new Promise((resolve) => server.close(resolve));
  return port;
}

Deno.test("ARC-UNIT-stream-framing: units go both ways over a connection, and others stay in the batch", async () => {
  const callee = new End();
  const caller = new End();
  try {
    const port = await freePort();
    callee.streams.carryOut({ kind: "listen", ports: [port] });
    for (let tries = 0; !caller.seen.includes(`opened ${A} ${HOST}`) && tries < 50; tries++) {
      // Listening takes a moment: as a session does, the caller tries again.
      caller.seen.length = 0;
      caller.connect(port);
      await caller.until(/opened|closed/);
    }
    const left = caller.send([3, "udp 1"], [A, "first"], [4, "udp 2"], [A, "second"], [A + 9, "to nobody"]);
    assert.equal(left.size, 2);
    assert.deepEqual([...left.addresses.subarray(0, 2)], [3, 4]);
    assert.equal(new TextDecoder().decode(left.packet(1)), "udp 2");
    await callee.until("0 second");
    assert.deepEqual(callee.seen, ["accepted", "0 first", "0 second"]);
    assert.equal(callee.from[0].host, HOST);
    callee.send([A, "back"]);
    await caller.until("0 back");
    caller.streams.carryOut({ kind: "close", address: A });
    await callee.until(/^closed/);
    assert.equal(caller.seen.some((line) => line.startsWith("closed")), false, "who closes is not told");
  } finally {
    caller.streams.close();
    callee.streams.close();
  }
});

Deno.test("what cannot be is told: a port where nobody listens, one that is taken, a name that is none", async () => {
  const end = new End();
  const taken = createServer();
  try {
    end.connect(await freePort());
    await end.until(/^closed \d+ cannot reach/);
    const { port } = await listenTcp(taken, { host: HOST, port: 0 });
    end.streams.carryOut({ kind: "listen", ports: [port] });
    await end.until(/^not_listening \d+ .*in use/);
    end.streams.carryOut({ kind: "lookup", host: "localhost" });
    await end.until("looked_up localhost 127.0.0.1 ");
    end.streams.carryOut({ kind: "lookup", host: "no-such-name.invalid" });
    await end.until(/^looked_up no-such-name.invalid .+/);
  } finally {
    end.streams.close();
    await new Promise((resolve) => taken.close(resolve));
  }
});

Deno.test("a connection that was given up while it was made is not told of, and one that nobody wants is ended", async () => {
  const host = new End(false);
  const end = new End();
  try {
    const port = await freePort();
    host.streams.carryOut({ kind: "listen", ports: [port] });
    for (let tries = 0; host.seen.length === 0 && tries < 50; tries++) {
      end.seen.length = 0;
      end.connect(port);
      await end.until(/opened|closed/);
      if (end.seen[0].startsWith("opened")) await host.until("accepted");
    }
    await end.until(/^closed/);
    end.seen.length = 0;
    end.connect(port, A + 1);
    end.streams.carryOut({ kind: "close", address: A + 1 });
    end.connect(port, A + 2);
    await end.until(/^closed/);
    assert.equal(end.seen.some((line) => line.includes(String(A + 1))), false);
  } finally {
    end.streams.close();
    host.streams.close();
  }
});

Deno.test("who does not read is not waited for: what does not fit the buffer is dropped", async () => {
  const end = new End();
  const silent: Socket[] = [];
  const server = createServer((socket) => {
    socket.pause();
    silent.push(socket);
  });
  try {
    const { port } = await listenTcp(server, { host: HOST, port: 0 });
    end.connect(port);
    await end.until(`opened ${A} ${HOST}`);
    const batch = new PacketBatch(64);
    const unit = new Uint8Array(1200);
    for (let round = 0; round < 400; round++) {
      batch.clear();
      while (batch.push(unit, A));
      end.streams.take(batch, round);
    }
    const { sent, sentBytes, dropped } = end.streams.counters;
    // 31 MB were wanted: the system's own buffers take a few, and 128 kB wait here.
    assert.ok(sentBytes < 16_000_000, `${sentBytes} bytes`);
    assert.equal(sent + dropped, 400 * 64);
  } finally {
    end.streams.close();
    for (const socket of silent) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
});
