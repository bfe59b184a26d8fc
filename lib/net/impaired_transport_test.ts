import assert from "node:assert/strict";
import { PacketBatch } from "../base/batch.ts";
import { unwrap } from "../base/parsed.ts";
import { parseImpairment } from "../relay/impairment.ts";
import { systemClock } from "./clock.ts";
import { ImpairedTransport } from "./impaired_transport.ts";
import { openUdp } from "./udp_deno.ts";

const HOST = "127.0.0.1";
const PACKETS = 200;
const LAST = 255;

/** The numbers of the packets that came over a network so bad, as they came. A last one, unharmed, ends it. */
async function arrivals(text: string, seed: number): Promise<{ numbers: number[]; lost: number }> {
  const receiver = openUdp({ host: HOST, port: 0 });
  const socket = openUdp({ host: HOST, port: 0 });
  const sender = new ImpairedTransport(socket, {
    impairment: unwrap(parseImpairment(text)),
    seed,
    clock: systemClock(),
  });
  const to = sender.addresses.intern(HOST, receiver.local.port);
  const batch = new PacketBatch(8);
  const numbers: number[] = [];
  try {
    for (let i = 0; i < PACKETS; i++) {
      batch.clear();
      batch.push(unit(i), to);
      await sender.send(batch);
    }
    const { lost, passed, duplicated } = sender.impairer.counts;
    assert.equal(lost + passed, PACKETS);
    const inBatch = new PacketBatch(8);
    while (numbers.length < passed + duplicated && await receiver.receive(inBatch)) {
      for (let i = 0; i < inBatch.size; i++) numbers.push(inBatch.packet(i)[2]);
    }
    // Nothing more comes than was counted: what is sent past the impairment comes next.
    batch.clear();
    batch.push(unit(LAST), to);
    await socket.send(batch);
    await receiver.receive(inBatch);
    assert.equal(inBatch.packet(0)[2], LAST);
    return { numbers, lost };
  } finally {
    sender.close();
    receiver.close();
  }
}

Deno.test("ImpairedTransport: what it counts as lost is lost, all else comes, and one seed has one history", async () => {
  const first = await arrivals("loss=10%,dup=5%", 3);
  assert.ok(first.lost > 5 && first.numbers.length > PACKETS - first.lost, `${first.lost} lost`);
  const again = await arrivals("loss=10%,dup=5%", 3);
  assert.deepEqual([...again.numbers].sort(byNumber), [...first.numbers].sort(byNumber));
  const other = await arrivals("loss=10%,dup=5%", 4);
  assert.notDeepEqual([...other.numbers].sort(byNumber), [...first.numbers].sort(byNumber));
});

Deno.test("ImpairedTransport: delay keeps the order, and everything comes", async () => {
  const { numbers } = await arrivals("delay=8ms±8", 1);
  assert.deepEqual(numbers, Array.from({ length: PACKETS }, (_, i) => i));
});

function byNumber(a: number, b: number): number {
  return a - b;
}

/** All of one kind: media, control and messages have random sequences of their own. */
function unit(number: number): Uint8Array {
  return Uint8Array.of(0x90, 0, number, 0);
}
