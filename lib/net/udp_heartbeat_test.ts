import assert from "node:assert/strict";
import fc from "fast-check";
import { PacketBatch } from "../base/batch.ts";
import { utf8 } from "../base/bytes.ts";
import type { JsonObject } from "../signaling/json_value.ts";
import { ANNA, heartbeat, ManualClock, NIL, Rig, SESSION, stop } from "./testing/signaling_rig.ts";
import { openUdp } from "./udp_deno.ts";
import { answerNilHeartbeat, UdpHeartbeats } from "./udp_heartbeat.ts";

const FROM = { host: "192.0.2.7", port: 54321 };
const UNIX_MS = 1_700_000_000_050.7;

function unit(message: JsonObject): Uint8Array {
  return utf8(JSON.stringify(message));
}

/** A HEARTBEAT to the server, padded by so many characters. */
function padded(characters: number, more: JsonObject = {}): Uint8Array {
  return unit({ ...heartbeat(NIL), challenge: "0123456789abcdef", ...more, pad: "p".repeat(characters) });
}

Deno.test("ARC-TRANSPORT-server-udp-heartbeat ARC-RELAY-nil-heartbeat: answered with what was asked and where it came from", () => {
  const answer = answerNilHeartbeat(padded(200), FROM, UNIX_MS);
  assert.ok(answer !== undefined);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(answer)), {
    type: "HEARTBEAT_ACK",
    session_id: NIL,
    sequence: 1,
    challenge: "0123456789abcdef",
    original_timestamp: 1_700_000_000_000,
    response_timestamp: 1_700_000_000_050,
    latency_ms: 50,
    observed: { ip: "192.0.2.7", port: 54321 },
  });
});

Deno.test("ARC-RELAY-nil-heartbeat-size: the answer is never larger than the question, whatever the sizes", () => {
  let answered = 0;
  for (let characters = 0; characters <= 1024; characters++) {
    const question = padded(characters);
    const answer = answerNilHeartbeat(question, FROM, UNIX_MS);
    if (answer === undefined) continue;
    answered++;
    assert.ok(answer.length <= question.length, `${question.length} bytes asked, ${answer.length} answered`);
  }
  assert.ok(answered > 800, "a little padding is enough");
  const addresses = fc.constantFrom(
    "1.2.3.4",
    "255.255.255.255",
    "::1",
    "2001:db8:ffff:ffff:ffff:ffff:255.255.255.255",
  );
  fc.assert(
    fc.property(
      fc.record({
        sequence: fc.nat(Number.MAX_SAFE_INTEGER),
        timestamp: fc.nat(Number.MAX_SAFE_INTEGER),
        pad: fc.string({ maxLength: 300 }),
      }),
      addresses,
      fc.integer({ min: 0, max: 65_535 }),
      (fields, host, port) => {
        const question = unit({ ...heartbeat(NIL), ...fields });
        const answer = answerNilHeartbeat(question, { host, port }, UNIX_MS);
        assert.ok(answer === undefined || answer.length <= question.length);
      },
    ),
    { seed: 21, numRuns: 500 },
  );
});

Deno.test("ARC-TRANSPORT-server-udp-heartbeat: nothing else is answered", () => {
  const others: Uint8Array[] = [
    unit({ ...heartbeat(SESSION), pad: "p".repeat(500) }),
    unit({ ...stop(), pad: "p".repeat(500) }),
    unit({ ...heartbeat(NIL), type: "HEARTBEAT_ACK", pad: "p".repeat(500) }),
    utf8(` ${JSON.stringify({ ...heartbeat(NIL), pad: "p".repeat(500) })}`),
    padded(500).subarray(0, -1),
    padded(500, { sequence: -1 }),
    new Uint8Array(0),
    new Uint8Array(500).fill(0x7b),
    new Uint8Array(500),
  ];
  for (const other of others) assert.equal(answerNilHeartbeat(other, FROM, UNIX_MS), undefined);
  assert.equal(answerNilHeartbeat(padded(500), { host: FROM.host, port: 0 }, UNIX_MS), undefined);
  assert.equal(answerNilHeartbeat(padded(500), { host: "fe80::1%eth0", port: 5 }, UNIX_MS), undefined);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      assert.equal(answerNilHeartbeat(bytes, FROM, UNIX_MS), undefined);
    }),
    { seed: 22, numRuns: 500 },
  );
});

Deno.test("ARC-TRANSPORT-server-udp-heartbeat: the server's UDP port answers, silently drops the rest, and counts both", async () => {
  const rig = await Rig.start();
  const { hostname, port } = new URL(rig.server.urls.udp ?? "");
  const socket = openUdp({ host: "127.0.0.1", port: 0 });
  const to = socket.addresses.intern(hostname, Number(port));
  const out = new PacketBatch(8);
  out.push(unit(heartbeat(SESSION, ANNA, { pad: "p".repeat(500) })), to);
  out.push(new Uint8Array([0x80, 111, 0, 1]), to);
  out.push(padded(300, { sequence: 42 }), to);
  await socket.send(out);
  const incoming = new PacketBatch(1);
  assert.ok(await socket.receive(incoming));
  const ack = JSON.parse(new TextDecoder().decode(incoming.packet(0)));
  assert.equal(ack.sequence, 42, "the first answer is to the last question");
  assert.deepEqual(ack.observed, { ip: "127.0.0.1", port: socket.local.port });
  const text = rig.server.metricsText();
  assert.match(text, /udp_heartbeats_total\{outcome="answered"\} 1\n/);
  assert.match(text, /udp_heartbeats_total\{outcome="dropped"\} 2\n/);
  socket.close();
  await rig.close();
});

Deno.test("ARC-RELAY-nil-heartbeat: beyond its rate an address gets no answer until time has passed", async () => {
  const clock = new ManualClock();
  const port = new UdpHeartbeats(openUdp({ host: "127.0.0.1", port: 0 }), clock, { perAddress: 5, overall: 100 });
  const socket = openUdp({ host: "127.0.0.1", port: 0 });
  const to = socket.addresses.intern(port.local.host, port.local.port);
  const ask = async (sequence: number) => {
    const out = new PacketBatch(1);
    out.push(padded(300, { sequence }), to);
    await socket.send(out);
  };
  const incoming = new PacketBatch(1);
  const next = async () => {
    assert.ok(await socket.receive(incoming));
    return JSON.parse(new TextDecoder().decode(incoming.packet(0))).sequence;
  };
  for (let sequence = 0; sequence < 10; sequence++) {
    await ask(sequence);
    assert.equal(await next(), sequence, "a burst of twice the rate passes");
  }
  await ask(10);
  while (port.counters.limited === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  clock.set(200);
  await ask(11);
  assert.equal(await next(), 11);
  assert.deepEqual(port.counters, { answered: 11, dropped: 0, limited: 1 });
  port.close();
  await port.ended;
  socket.close();
});
