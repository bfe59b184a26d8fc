/** The contract of a UDP backend, run over every one that this machine has. */
import assert from "node:assert/strict";
import { PacketBatch } from "../base/batch.ts";
import type { DatagramTransport } from "./datagram.ts";
import { nativeIo } from "./testing/io_backends.ts";
import { chooseIo, type IoChoice } from "./udp_io.ts";

const V4 = { host: "127.0.0.1", port: 0 };

/** Receives until `count` packets are there; answers each with the text of its source. */
async function gather(
  socket: DatagramTransport,
  count: number,
  batch = new PacketBatch(8),
): Promise<[Uint8Array, string][]> {
  const packets: [Uint8Array, string][] = [];
  while (packets.length < count) {
    assert.ok(await socket.receive(batch));
    assert.ok(batch.size > 0 && batch.size <= batch.capacity);
    for (let i = 0; i < batch.size; i++) {
      const from = socket.addresses.describe(batch.addresses[i]);
      packets.push([batch.packet(i).slice(), `${from?.host} ${from?.port}`]);
    }
  }
  return packets;
}

function canOpen(io: IoChoice, host: string): boolean {
  try {
    io.openUdp({ host, port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

for (const io of [chooseIo("deno"), nativeIo]) {
  const ignore = io === undefined;
  const name = `UDP backend ${io?.name ?? "native (libc cannot be called here)"}`;
  const test = (what: string, run: (io: IoChoice) => Promise<void>) =>
    Deno.test({ name: `${name}: ${what}`, ignore, fn: () => io === undefined ? Promise.resolve() : run(io) });

  test("batches cross loopback, addresses are explained, close ends the reader", async ({ openUdp }) => {
    const [a, b] = [openUdp(V4), openUdp(V4)];
    const out = new PacketBatch(4);
    const to = a.addresses.intern(b.local.host, b.local.port);
    for (let i = 0; i < 4; i++) out.push(new Uint8Array([i, i + 1]), to);
    await a.send(out);
    assert.equal(a.counters.sent, 4);
    const seen = await gather(b, 4);
    assert.deepEqual(seen.map(([packet]) => packet[0]), [0, 1, 2, 3]);
    for (const [, from] of seen) assert.equal(from, `127.0.0.1 ${a.local.port}`);
    assert.equal(b.counters.received, 4);
    const waiting = b.receive(new PacketBatch(8));
    b.close();
    assert.equal(await waiting, false);
    assert.equal(await b.receive(new PacketBatch(8)), false);
    a.close();
    a.close();
  });

  test("every size and order to several receivers, in one batch larger than a system call's", async ({ openUdp }) => {
    const sender = openUdp(V4);
    const receivers = [openUdp(V4), openUdp(V4), openUdp(V4)];
    const batch = new PacketBatch(300, 240);
    const sent: string[][] = receivers.map(() => []);
    for (let i = 0; i < batch.capacity; i++) {
      const r = (i * 7 + (i >> 3)) % receivers.length;
      const { host, port } = receivers[r].local;
      // Runs of one size, shorter and longer ones between, empty ones too.
      const bytes = i % 97 === 0 ? 0 : i % 13 === 0 ? 40 + (i & 63) : i % 29 === 0 ? 240 : 200;
      const packet = new Uint8Array(bytes).fill(i & 255);
      if (bytes >= 2) packet.set([i >> 8, i & 255]);
      batch.push(packet, sender.addresses.intern(host, port));
      sent[r].push(packet.join());
    }
    const gathered = receivers.map((receiver, r) => gather(receiver, sent[r].length, new PacketBatch(5)));
    await sender.send(batch);
    for (const [r, packets] of (await Promise.all(gathered)).entries()) {
      assert.deepEqual(packets.map(([packet]) => packet.join()), sent[r]);
    }
    assert.equal(sender.counters.sent, 300);
    for (const socket of [sender, ...receivers]) socket.close();
  });

  test("what cannot be sent is counted, not thrown; an oversize datagram is counted and skipped", async ({ openUdp }) => {
    const [a, b] = [openUdp(V4), openUdp(V4)];
    const big = new PacketBatch(1, 70_000);
    big.push(new Uint8Array(70_000 - 1), a.addresses.intern(b.local.host, b.local.port));
    await a.send(big);
    assert.equal(a.counters.sendErrors, 1);
    const unknown = new PacketBatch(1);
    unknown.push(new Uint8Array(1), 999);
    await a.send(unknown);
    assert.equal(a.counters.sendErrors, 2);
    const otherFamily = new PacketBatch(1);
    otherFamily.push(new Uint8Array(1), a.addresses.intern("::1", 9));
    await a.send(otherFamily);
    assert.equal(a.counters.sendErrors, 3);

    const out = new PacketBatch(4, 4096);
    const to = a.addresses.intern(b.local.host, b.local.port);
    for (const bytes of [1, 3000, 2, 3000]) out.push(new Uint8Array(bytes).fill(bytes & 255), to);
    out.push(new Uint8Array([7]), to);
    await a.send(out);
    out.clear();
    out.push(new Uint8Array([9]), to);
    await a.send(out);
    const seen = await gather(b, 3, new PacketBatch(8, 2048));
    assert.deepEqual(seen.map(([packet]) => packet[0]), [1, 2, 9]);
    assert.equal(b.counters.oversize, 2);
    a.close();
    b.close();
    await a.send(out);
    assert.equal(a.counters.sendErrors, 4);
  });

  test("IPv6, and IPv4 through a socket of both", async (io) => {
    if (!canOpen(io, "::1")) return console.log("    this machine has no IPv6");
    const [both, v4, v6] = [io.openUdp({ host: "::", port: 0 }), io.openUdp(V4), io.openUdp({ host: "::1", port: 0 })];
    for (const [client, host] of [[v4, "127.0.0.1"], [v6, "::1"]] as const) {
      const question = new PacketBatch(1);
      question.push(new Uint8Array([1, 2, 3]), client.addresses.intern(host, both.local.port));
      await client.send(question);
      const batch = new PacketBatch(4);
      const [[, from]] = await gather(both, 1, batch);
      assert.equal(from, `${host === "::1" ? "::1" : "::ffff:127.0.0.1"} ${client.local.port}`);
      await both.send(batch);
      const [[packet, source]] = await gather(client, 1);
      assert.equal(packet.join(), "1,2,3");
      assert.equal(source, `${host} ${both.local.port}`);
    }
    for (const socket of [both, v4, v6]) socket.close();
  });

  test("a number that has been given to another address never leads to the former one", async (io) => {
    const server = io.openUdp({ ...V4, addressCapacity: 2 });
    const clients = [io.openUdp(V4), io.openUdp(V4), io.openUdp(V4), io.openUdp(V4)];
    const batch = new PacketBatch(4);
    for (const [i, client] of [...clients, ...clients].entries()) {
      const out = new PacketBatch(1);
      out.push(new Uint8Array([i]), client.addresses.intern(server.local.host, server.local.port));
      await client.send(out);
      const [[, from]] = await gather(server, 1, batch);
      assert.equal(from, `127.0.0.1 ${client.local.port}`);
      await server.send(batch);
      assert.deepEqual((await gather(client, 1))[0][0], new Uint8Array([i]));
    }
    for (const socket of [server, ...clients]) socket.close();
  });

  test("a socket under a flood leaves others and timers their turn", async ({ openUdp }) => {
    const [flooder, flooded, quiet] = [openUdp(V4), openUdp(V4), openUdp(V4)];
    const flood = new PacketBatch(64);
    for (let i = 0; i < 64; i++) {
      flood.push(new Uint8Array(100), flooder.addresses.intern("127.0.0.1", flooded.local.port));
    }
    const note = new PacketBatch(1);
    note.push(new Uint8Array([5]), flooder.addresses.intern("127.0.0.1", quiet.local.port));
    let isDone = false;
    const reading = (async () => {
      const batch = new PacketBatch(64);
      // Each batch that is read brings on the next: the socket is never empty.
      while (!isDone && await flooded.receive(batch)) await flooder.send(flood);
    })();
    await flooder.send(flood);
    await flooder.send(flood);
    await flooder.send(note);
    await gather(quiet, 1);
    await new Promise((resolve) => setTimeout(resolve, 1));
    isDone = true;
    await reading;
    for (const socket of [flooder, flooded, quiet]) socket.close();
  });

  test("an address in use is refused with its code", ({ openUdp }) => {
    const first = openUdp(V4);
    assert.throws(() => openUdp({ ...V4, port: first.local.port }), (error) => {
      return error instanceof Deno.errors.AddrInUse || (error as { code?: string }).code === "EADDRINUSE";
    });
    assert.throws(() => openUdp({ host: "192.0.2.77", port: 0 }));
    first.close();
    return Promise.resolve();
  });
}

Deno.test("UDP backend: auto takes native where libc can be called, and says why not where it cannot", async () => {
  const choice = chooseIo("auto");
  assert.equal(choice.name, nativeIo === undefined ? "deno" : "native");
  // Without the permission: in a process of its own.
  const program = `import { chooseIo } from ${JSON.stringify(new URL("./udp_io.ts", import.meta.url).href)};
    const { name, why } = chooseIo("auto");
    let refusal = "";
    try { chooseIo("native"); } catch (error) { refusal = error.message; }
    console.log(JSON.stringify({ name, why, refusal }));`;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, program);
    const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["run", "--no-prompt", file] }).output();
    const { name, why, refusal } = JSON.parse(new TextDecoder().decode(stdout));
    assert.equal(name, "deno");
    if (nativeIo !== undefined) assert.match(why, /no permission to call libc \(--allow-ffi\)/);
    assert.equal(refusal, why);
  } finally {
    await Deno.remove(file);
  }
});
