import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { PacketBatch } from "../base/batch.ts";
import { FRAME_HEADER_BYTES, FrameReader, writeFrame } from "../packet/framing.ts";
import { systemClock } from "./clock.ts";
import { NetError } from "./net_error.ts";
import { openStreamTransport } from "./stream_transport.ts";
import { nobodysPort } from "./testing/probe_peer.ts";

const clock = systemClock();

/** A transport, and the other side's socket. */
async function pair() {
  const server = createServer();
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const to = { host: "127.0.0.1", port };
  const transport = await openStreamTransport({ host: to.host, to, tls: undefined, timeoutMs: 4000, clock });
  const socket = await accepted;
  server.close();
  return { transport, socket, to };
}

function framed(...units: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(units.reduce((sum, unit) => sum + FRAME_HEADER_BYTES + unit.length, 0));
  let at = 0;
  for (const unit of units) at += writeFrame(unit, out, at);
  return out;
}

Deno.test("stream transport: units come in order, whatever the batch holds, and close ends the reader [ARC-UNIT-stream-framing]", async () => {
  for (const capacity of [1, 3, 64]) {
    const { transport, socket, to } = await pair();
    socket.write(framed(...Array.from({ length: 11 }, (_, i) => new Uint8Array(20 + i).fill(i))));
    const batch = new PacketBatch(capacity);
    const firsts: number[] = [];
    while (firsts.length < 11) {
      assert.ok(await transport.receive(batch));
      for (let i = 0; i < batch.size; i++) {
        assert.equal(batch.lengths[i], 20 + batch.packet(i)[0]);
        assert.deepEqual(transport.addresses.describe(batch.addresses[i]), to);
        firsts.push(batch.packet(i)[0]);
      }
    }
    assert.deepEqual(firsts, Array.from({ length: 11 }, (_, i) => i));
    const last = transport.receive(batch);
    socket.destroy();
    assert.equal(await last, false);
    transport.close();
  }
});

Deno.test("stream transport: what is sent arrives framed; after the end it is counted as not sent", async () => {
  const { transport, socket, to } = await pair();
  const batch = new PacketBatch(2);
  const number = transport.addresses.intern(to.host, to.port);
  batch.push(Uint8Array.of(0x80, 111, 0, 1), number);
  batch.push(Uint8Array.of(7, 8), number);
  const units: number[][] = [];
  const reader = new FrameReader();
  const both = new Promise<void>((resolve) => {
    socket.on("data", (chunk: Uint8Array) => {
      reader.feed(chunk);
      while (reader.next()) units.push([...reader.bytes.subarray(reader.start, reader.end)]);
      if (units.length === 2) resolve();
    });
  });
  await transport.send(batch);
  await both;
  assert.deepEqual(units, [[0x80, 111, 0, 1], [7, 8]]);
  transport.close();
  await transport.send(batch);
  assert.deepEqual([transport.counters.sent, transport.counters.sendErrors], [2, 2]);
  socket.destroy();
});

Deno.test("stream transport: nobody there is an error that says so", async () => {
  const to = { host: "127.0.0.1", port: await nobodysPort() };
  const opening = openStreamTransport({ host: to.host, to, tls: undefined, timeoutMs: 4000, clock });
  await assert.rejects(opening, (error) => error instanceof NetError && error.kind === "unreachable");
});
