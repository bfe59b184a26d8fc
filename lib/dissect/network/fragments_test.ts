import assert from "node:assert/strict";
import fc from "fast-check";
import { Collector } from "../testing/reading.ts";
import { fragmentExtension, ipv4, ipv6, udp } from "../testing/packets.ts";
import { below, SeededRng } from "../../base/rng.ts";
import { FragmentTable } from "./fragments.ts";
import { IpView } from "./ip_view.ts";

const UNIT = Uint8Array.from({ length: 2000 }, (_, i) => i === 0 ? 0x80 : i & 0x7f);
const DATAGRAM = udp(UNIT);

type Cut = readonly [start: number, end: number];

function fragment4([start, end]: Cut, id = 7, whole = DATAGRAM): Uint8Array {
  return ipv4(whole.subarray(start, end), { id, fragmentOffset: start, moreFragments: end < whole.length });
}

function fragment6([start, end]: Cut, id = 7): Uint8Array {
  return ipv6(DATAGRAM.subarray(start, end), { extensions: [fragmentExtension(start, end < DATAGRAM.length, id)] });
}

function shuffled<T>(items: readonly T[], seed: number): T[] {
  const rng = new SeededRng(seed);
  const left = [...items];
  return items.map(() => left.splice(below(rng, left.length), 1)[0]);
}

Deno.test("fragments: both versions, in any order, with repetitions, come out as the packet that was cut", () => {
  const cuts: Cut[] = [[0, 8], [8, 600], [600, 1400], [1400, DATAGRAM.length]];
  for (const make of [fragment4, fragment6]) {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(...cuts), (seed, repeated) => {
        const collector = new Collector();
        for (const cut of [...shuffled(cuts, seed).slice(0, 2), repeated]) collector.packet(make(cut));
        for (const cut of shuffled(cuts, seed).slice(2)) collector.packet(make(cut));
        const whole = collector.units[0];
        assert.deepEqual(whole?.bytes, UNIT);
        assert.match(whole?.way ?? "", make === fragment4 ? /^10\.0\.0\.1:5000 > 10/ : /^\[2001:db8::1\]:5000 > \[/);
        assert.deepEqual([collector.units.length, collector.notes], [1, []]);
      }),
      { seed: 31, numRuns: 60 },
    );
  }
});

Deno.test("fragments: a packet is not given twice, and late repetitions of it do no harm", () => {
  const collector = new Collector();
  for (const cut of [[0, 1000], [1000, DATAGRAM.length], [0, 1000]] as const) collector.packet(fragment4(cut));
  assert.equal(collector.units.length, 1);
});

Deno.test("fragments: packets of different ids, protocols and ends are kept apart", () => {
  const collector = new Collector();
  collector.packet(fragment4([0, 1000], 1)).packet(fragment4([1000, DATAGRAM.length], 2));
  const reverse = { from: "10.0.0.2", to: "10.0.0.1", id: 1, fragmentOffset: 1000 };
  collector.packet(ipv4(DATAGRAM.subarray(1000), reverse));
  collector.packet(ipv4(DATAGRAM.subarray(1000), { id: 1, protocol: 6, fragmentOffset: 1000 }));
  assert.equal(collector.units.length, 0);
  collector.packet(fragment4([1000, DATAGRAM.length], 1));
  assert.deepEqual(collector.units.map((unit) => unit.bytes), [UNIT]);
});

Deno.test("fragments: overlaps that agree are fine, those that disagree void the packet", () => {
  const agree = new Collector().packet(fragment4([0, 1008])).packet(fragment4([1000, DATAGRAM.length]));
  assert.equal(agree.units.length, 1);

  const other = DATAGRAM.slice();
  other[1004] ^= 1;
  const clash = new Collector().packet(fragment4([0, 1008])).packet(fragment4([1000, other.length], 7, other));
  clash.packet(fragment4([1000, DATAGRAM.length]));
  assert.equal(clash.units.length, 0);
  assert.deepEqual(clash.notes, ["IP fragments contradict one another"]);
  assert.equal(clash.dissector.passedOver.contradictoryPackets, 1);
});

Deno.test("fragments: two ends, bytes behind the end, odd middles and packets beyond 64 KiB are contradictions", () => {
  const short = DATAGRAM.subarray(0, 1600);
  const cases: Uint8Array[][] = [
    [fragment4([1000, DATAGRAM.length]), fragment4([1000, 1600], 7, short)],
    [fragment4([1400, DATAGRAM.length]), fragment4([1000, 1200], 7, DATAGRAM.subarray(0, 1200))],
    [ipv4(new Uint8Array(9), { id: 7, moreFragments: true })],
    [ipv4(new Uint8Array(16), { id: 7, fragmentOffset: 65_528 })],
  ];
  for (const packets of cases) {
    const collector = new Collector();
    for (const packet of packets) collector.packet(packet);
    assert.equal(collector.dissector.passedOver.contradictoryPackets, 1);
    assert.equal(collector.units.length, 0);
  }
});

Deno.test("fragments: parts that never come are given up after 30 s of the capture", () => {
  const collector = new Collector();
  collector.packet(fragment4([0, 1000]), 101, 100).packet(fragment4([1000, DATAGRAM.length], 8), 101, 131);
  collector.packet(fragment4([1000, DATAGRAM.length]), 101, 131);
  assert.equal(collector.units.length, 0);
  assert.equal(collector.dissector.passedOver.incompletePackets, 3);
});

Deno.test("fragments: a fragment that the capture cut does not pass for whole", () => {
  const collector = new Collector();
  const first = fragment4([0, 1000]);
  collector.packet(first, 101, 0, first.length - 100).packet(fragment4([1000, DATAGRAM.length]));
  assert.equal(collector.units.length, 0);
  collector.packet(first);
  assert.deepEqual(collector.units.map((unit) => unit.bytes), [UNIT]);
});

Deno.test("fragments: a bomb of packets that stay open is held within the limits", () => {
  const table = new FragmentTable({ maxPackets: 100, maxBytes: 1_000_000, timeoutS: 30 });
  const ip = new IpView();
  for (let id = 0; id < 20_000; id++) {
    // The last 8 bytes of a packet of the largest size: what it claims is far more than what it brings.
    const packet = ipv4(new Uint8Array(8), {
      id: id & 0xffff,
      fragmentOffset: id % 2 === 0 ? 65_520 : 0,
      moreFragments: true,
    });
    ip.parse(packet, 0, packet.length);
    table.handle(ip, 0);
    assert.ok(table.waiting <= 100 && table.heldBytes <= 1_000_000 + 80_000);
  }
  assert.equal(table.waiting + table.incomplete, 20_000);
});

Deno.test("fragments: any fragments whatever end in an answer, memory stays bounded", () => {
  const table = new FragmentTable({ maxPackets: 8, maxBytes: 100_000, timeoutS: 3 });
  const ip = new IpView();
  fc.assert(
    fc.property(fc.nat(3), fc.nat(8191), fc.boolean(), fc.nat(40), fc.nat(9), (id, units, more, length, timeS) => {
      const packet = ipv4(new Uint8Array(length), { id, fragmentOffset: 8 * units, moreFragments: more });
      ip.parse(packet, 0, packet.length);
      if (!ip.isFragment) return;
      if (table.handle(ip, timeS)) assert.ok(ip.payloadEnd <= ip.bytes.length);
      assert.ok(table.waiting <= 9);
    }),
    { seed: 32, numRuns: 3000 },
  );
});
