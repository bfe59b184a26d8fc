import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, utf8 } from "../base/bytes.ts";
import { TcpConnectionWriter } from "./tcp_connection_writer.ts";
import { Collector } from "./testing/reading.ts";

const client = { host: "10.0.0.1", port: 5000 };
const server = { host: "10.0.0.2", port: 7481 };

function framed(text: string): Uint8Array {
  const bytes = utf8(text);
  return concatBytes(Uint8Array.of(bytes.length >>> 8, bytes.length & 0xff), bytes);
}

Deno.test("TcpConnectionWriter: streams cut anywhere come out of the dissector whole, both ways, of either family", () => {
  const pieces = fc.array(fc.tuple(fc.boolean(), fc.nat(30)), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(pieces, fc.constantFrom("10.0.0.1", "::1"), (cuts, host) => {
      const writer = new TcpConnectionWriter({ host, port: 5000 }, { host, port: 7481 });
      const up = concatBytes(...Array.from({ length: 5 }, (_, i) => framed(`{"up":${i}}`)));
      const down = concatBytes(...Array.from({ length: 5 }, (_, i) => framed(`{"down":${i}}`)));
      const packets = writer.open();
      const at = { up: 0, down: 0 };
      for (const [isUp, bytes] of cuts) {
        packets.push(...writer.data(isUp, (isUp ? up : down).subarray(isUp ? at.up : at.down).subarray(0, bytes)));
        if (isUp) at.up = Math.min(up.length, at.up + bytes);
        else at.down = Math.min(down.length, at.down + bytes);
      }
      packets.push(...writer.data(true, up.subarray(at.up)), ...writer.data(false, down.subarray(at.down)));
      packets.push(...writer.end(true), ...writer.end(false));
      const collector = new Collector();
      for (const packet of packets) collector.packet(packet);
      const units = collector.end().units;
      const ups = units.filter(({ direction }) => direction === 0).map(({ bytes }) => new TextDecoder().decode(bytes));
      assert.deepEqual(ups, [0, 1, 2, 3, 4].map((i) => `{"up":${i}}`));
      assert.equal(units.length, 10);
      assert.deepEqual(collector.notes, []);
      assert.equal(collector.dissector.heldBytes, 0);
    }),
    { seed: 501, numRuns: 100 },
  );
});

Deno.test("TcpConnectionWriter: a piece that is larger than a packet becomes several", () => {
  const writer = new TcpConnectionWriter(client, server);
  const packets = [...writer.open(), ...writer.data(true, new Uint8Array(200_000))];
  assert.equal(packets.length, 3 + 4);
  assert.ok(packets.every((packet) => packet.length <= 0xffff));
});

Deno.test("TcpConnectionWriter: between a name and an address there are no packets", () => {
  assert.deepEqual(new TcpConnectionWriter({ host: "localhost", port: 1 }, server).open(), []);
});
