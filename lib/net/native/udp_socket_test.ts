import assert from "node:assert/strict";
import { PacketBatch } from "../../base/batch.ts";
import { nativeIo } from "../testing/io_backends.ts";
import { NativeUdpSocket } from "./udp_socket.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };

const test = (name: string, fn: () => void) =>
  Deno.test({ name: `native UDP socket: ${name}`, ignore: nativeIo === undefined, fn });

test("what the system puts together is cut up again, in order, over several batches", () => {
  const [a, b] = [NativeUdpSocket.open(LOOPBACK), NativeUdpSocket.open(LOOPBACK)];
  const incoming = b.coalesce(256);
  const to = a.addresses.intern(LOOPBACK.host, b.local.port);
  const out = new PacketBatch(200, 400);
  const sent: string[] = [];
  for (let i = 0; i < 200; i++) {
    // Runs with a shorter last one, an empty one, and some that no slot of the receiver takes.
    const bytes = i % 50 === 49 ? 0 : i % 25 === 24 ? 7 : i % 60 === 59 ? 300 : 100;
    const packet = new Uint8Array(bytes).fill(i);
    out.push(packet, to);
    if (bytes <= 256) sent.push(packet.join());
  }
  a.send(out);
  const seen: string[] = [];
  for (let batches = 0; b.receive(incoming) > 0; batches++) {
    assert.ok(batches < 200);
    for (let i = 0; i < incoming.size; i++) {
      seen.push(incoming.packet(i).join());
      assert.equal(b.addresses.describe(incoming.addresses[i])?.port, a.local.port);
    }
  }
  assert.deepEqual(seen, sent);
  assert.deepEqual(b.counters, { received: 200, sent: 0, sendErrors: 0, oversize: 200 - sent.length });
  assert.throws(() => b.receive(new PacketBatch(4)), /one of its own/);
  a.close();
  b.close();
});

test("what nobody reads in time is counted by the system, and told", () => {
  const [a, b] = [NativeUdpSocket.open(LOOPBACK), NativeUdpSocket.open(LOOPBACK)];
  const out = new PacketBatch(64, 1200);
  const to = a.addresses.intern(LOOPBACK.host, b.local.port);
  for (let i = 0; i < 64; i++) out.push(new Uint8Array(1200), to);
  assert.equal(b.kernelDrops(), 0);
  // More than any buffer that the system gives.
  for (let i = 0; i < 400 && b.kernelDrops() === 0; i++) a.send(out);
  assert.ok(b.kernelDrops() > 0);
  a.close();
  b.close();
  assert.equal(b.kernelDrops(), 0);
});

test("a closed socket throws instead of reaching whoever has its number now", () => {
  const socket = NativeUdpSocket.open(LOOPBACK);
  const batch = new PacketBatch(1);
  socket.close();
  socket.close();
  assert.throws(() => socket.receive(batch), /closed/);
  assert.throws(() => socket.send(batch), /closed/);
});

test("a packet that says to be longer than its slot is refused before any call", () => {
  const socket = NativeUdpSocket.open(LOOPBACK);
  const batch = new PacketBatch(2, 64);
  batch.push(new Uint8Array(10), socket.addresses.intern(LOOPBACK.host, 9));
  batch.lengths[0] = 65;
  assert.throws(() => socket.send(batch), /larger than its slot/);
  socket.close();
});
