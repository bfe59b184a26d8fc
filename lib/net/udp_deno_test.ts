import assert from "node:assert/strict";
import { PacketBatch } from "../base/batch.ts";
import { openUdp } from "./udp_deno.ts";

Deno.test("UDP: batches cross loopback, addresses are explained, close ends the reader", async () => {
  const a = openUdp({ host: "127.0.0.1", port: 0 });
  const b = openUdp({ host: "127.0.0.1", port: 0 });
  const out = new PacketBatch(4);
  const to = a.addresses.intern(b.local.host, b.local.port);
  for (let i = 0; i < 4; i++) out.push(new Uint8Array([i, i + 1]), to);
  await a.send(out);
  assert.equal(a.counters.sent, 4);
  const seen: number[] = [];
  const inBatch = new PacketBatch(8);
  while (seen.length < 4) {
    assert.ok(await b.receive(inBatch));
    for (let i = 0; i < inBatch.size; i++) {
      seen.push(inBatch.packet(i)[0]);
      assert.deepEqual(b.addresses.describe(inBatch.addresses[i]), a.local);
    }
  }
  assert.deepEqual(seen, [0, 1, 2, 3]);
  const waiting = b.receive(inBatch);
  b.close();
  assert.equal(await waiting, false);
  a.close();
  a.close();
});

Deno.test("UDP: what cannot be sent is counted, not thrown; an oversize datagram is counted and skipped", async () => {
  const a = openUdp({ host: "127.0.0.1", port: 0 });
  const b = openUdp({ host: "127.0.0.1", port: 0 });
  const big = new PacketBatch(1, 70_000);
  big.push(new Uint8Array(70_000 - 1), a.addresses.intern(b.local.host, b.local.port));
  await a.send(big);
  assert.equal(a.counters.sendErrors, 1);
  const unknown = new PacketBatch(1);
  unknown.push(new Uint8Array(1), 999);
  await a.send(unknown);
  assert.equal(a.counters.sendErrors, 2);

  const two = new PacketBatch(2, 4096);
  const to = a.addresses.intern(b.local.host, b.local.port);
  two.push(new Uint8Array(3000), to);
  two.push(new Uint8Array([7]), to);
  await a.send(two);
  const small = new PacketBatch(1, 2048);
  assert.ok(await b.receive(small));
  assert.equal(small.packet(0)[0], 7);
  assert.equal(b.counters.oversize, 1);
  a.close();
  b.close();
});
