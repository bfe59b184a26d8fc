import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, utf8 } from "../../base/bytes.ts";
import { type ByteOrder, pcapFile, PcapngBlocks } from "../testing/capture_files.ts";
import { readFile } from "../testing/reading.ts";
import { writePcapngHeader, writePcapngPacket, writePcapngSecrets } from "../pcapng_writer.ts";
import { CaptureReader } from "./capture_reader.ts";

const ORDERS: readonly ByteOrder[] = ["big", "little"];
const PACKETS = [
  { bytes: Uint8Array.of(1, 2, 3), ns: 1_700_000_000_123_456_789n },
  { bytes: new Uint8Array(0), ns: 1_700_000_001_000_000_000n, originalBytes: 9 },
  { bytes: new Uint8Array(1500).fill(7), ns: 4_294_967_295_999_999_999n },
];

Deno.test("pcap: both byte orders, micro- and nanoseconds, cut into pieces of any size", () => {
  for (const order of ORDERS) {
    for (const nanoseconds of [false, true]) {
      const file = pcapFile(PACKETS, { order, nanoseconds, linkType: 276 });
      for (const pieces of [[file.length], [1], [7, 100, 3]]) {
        const { frames, notes, reader } = readFile(file, pieces);
        assert.deepEqual(notes, []);
        assert.equal(reader.format, "pcap");
        assert.equal(reader.offset, file.length);
        assert.deepEqual(frames.map((f) => [f.number, f.bytes, f.originalBytes, f.linkType]), [
          [1, PACKETS[0].bytes, 3, 276],
          [2, PACKETS[1].bytes, 9, 276],
          [3, PACKETS[2].bytes, 1500, 276],
        ]);
        const below = (ns: bigint) => nanoseconds ? ns : ns / 1000n * 1000n;
        for (const [i, { ns }] of PACKETS.entries()) {
          assert.equal(BigInt(frames[i].timeS) * 1_000_000_000n + BigInt(frames[i].timeNs), below(ns));
        }
      }
    }
  }
});

Deno.test("pcap: the link type is the low half of its field, and a fraction above a second is carried over", () => {
  const file = pcapFile([{ bytes: Uint8Array.of(1) }], { order: "big", linkType: 0x5000_0001 });
  file.set([0, 0x1e, 0x84, 0x80], 28);
  const [frame] = readFile(file).frames;
  assert.deepEqual([frame.linkType, frame.timeS, frame.timeNs], [1, 2, 0]);
});

Deno.test("pcap: a length bomb ends the reading with a clear fault, and the packets before it are kept", () => {
  const good = pcapFile([{ bytes: Uint8Array.of(1, 2) }]);
  const bomb = concatBytes(good, new Uint8Array(8), Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0), new Uint8Array(500));
  const { frames, reader } = readFile(bomb, [64]);
  assert.equal(frames.length, 1);
  assert.equal(reader.fault?.reason, "bad_length");
  assert.equal(reader.fault?.offset, good.length);
  assert.match(reader.fault?.message ?? "", /packet 2.*4294967295/);
});

Deno.test("pcapng: both byte orders, several interfaces with their own link types and clocks", () => {
  for (const order of ORDERS) {
    const b = new PcapngBlocks(order);
    const nanoseconds = b.option(9, Uint8Array.of(9));
    const binary = concatBytes(b.option(9, Uint8Array.of(0x8a)), b.option(14, b.u64(-5n)));
    const file = concatBytes(
      b.section(),
      b.interface(1),
      b.interface(113, nanoseconds),
      b.interface(101, binary),
      b.packet({ bytes: Uint8Array.of(1) }, 1_700_000_000_000_001n),
      b.packet({ bytes: Uint8Array.of(1, 2), interfaceId: 1, originalBytes: 77 }, 1_700_000_000_123_456_789n),
      b.oldPacket({ bytes: Uint8Array.of(1, 2, 3, 4, 5), interfaceId: 2 }, 3n * 1024n + 512n),
    );
    for (const pieces of [[file.length], [1], [11, 2]]) {
      const { frames, notes, reader } = readFile(file, pieces);
      assert.equal(reader.fault, undefined);
      assert.deepEqual(notes, []);
      assert.equal(reader.format, "pcapng");
      assert.deepEqual(
        frames.map((f) => [f.number, f.timeS, f.timeNs, [...f.bytes], f.originalBytes, f.linkType, f.interfaceIndex]),
        [
          [1, 1_700_000_000, 1000, [1], 1, 1, 0],
          [2, 1_700_000_000, 123_456_789, [1, 2], 77, 113, 1],
          [3, -2, 500_000_000, [1, 2, 3, 4, 5], 5, 101, 2],
        ],
      );
    }
  }
});

Deno.test("pcapng: sections of different byte orders follow one another, each with its own interfaces", () => {
  const [big, little] = [new PcapngBlocks("big"), new PcapngBlocks("little")];
  const file = concatBytes(
    ...[big.section(), big.interface(1), big.packet({ bytes: Uint8Array.of(1) }, 5n)],
    ...[little.section(), little.interface(101), little.packet({ bytes: Uint8Array.of(2) }, 6n)],
    ...[big.section(), big.interface(0), big.packet({ bytes: Uint8Array.of(3) }, 7n)],
  );
  assert.deepEqual(
    readFile(file, [5]).frames.map((f) => [f.number, f.bytes[0], f.timeNs, f.linkType, f.interfaceIndex]),
    [[1, 1, 5000, 1, 0], [2, 2, 6000, 101, 1], [3, 3, 7000, 0, 2]],
  );
});

Deno.test("pcapng: simple packets have no time of their own and are cut at the snapshot length", () => {
  const b = new PcapngBlocks();
  const file = concatBytes(
    b.section(),
    b.interface(1, undefined, 6),
    b.packet({ bytes: Uint8Array.of(1) }, 9_000_000n),
    b.simplePacket(Uint8Array.of(1, 2, 3, 4, 5, 6), 60),
  );
  const [, simple] = readFile(file).frames;
  assert.deepEqual([simple.bytes.length, simple.originalBytes, simple.hasTime, simple.timeS], [6, 60, false, 9]);
});

Deno.test("pcapng: secrets are handed out in their place, unknown blocks passed over, drops told", () => {
  const b = new PcapngBlocks();
  const file = concatBytes(
    b.section(),
    b.secrets(0x4172634b, utf8("ARCRTC_MASTER")),
    b.block(0x0bad, new Uint8Array(40)),
    b.interface(1),
    b.drops(0, 17),
    b.packet({ bytes: Uint8Array.of(1) }),
    b.secrets(1, utf8("short"), 6000),
    b.drops(0, 0),
  );
  const { frames, notes, secrets } = readFile(file, [9]);
  assert.equal(frames.length, 1);
  assert.deepEqual(secrets.map(({ type, bytes }) => [type, new TextDecoder().decode(bytes)]), [
    [0x4172634b, "ARCRTC_MASTER"],
  ]);
  assert.deepEqual(notes, [
    "the capture itself lost 17 packets on interface 0",
    "secrets are longer than their block",
  ]);
});

Deno.test("pcapng: what our own writer writes is read back", () => {
  const file = concatBytes(
    writePcapngHeader("arcrtc", "x"),
    writePcapngSecrets("ARCRTC_MASTER x 0 00\n"),
    writePcapngPacket({ bytes: Uint8Array.of(0x45, 1, 2), direction: "in", unixMs: 1_700_000_000_123.456 }),
  );
  const { frames, secrets } = readFile(file);
  assert.deepEqual([frames[0].timeS, frames[0].timeNs, frames[0].linkType], [1_700_000_000, 123_456_000, 101]);
  assert.equal(new TextDecoder().decode(secrets[0].bytes), "ARCRTC_MASTER x 0 00\n");
});

Deno.test("pcapng: packets that lie about themselves are told of and passed over, those behind them read", () => {
  const b = new PcapngBlocks();
  const liar = b.packet({ bytes: Uint8Array.of(1, 2, 3, 4) });
  liar[20] = 200;
  const file = concatBytes(
    b.section(),
    b.packet({ bytes: Uint8Array.of(9) }),
    b.simplePacket(Uint8Array.of(9)),
    b.interface(1),
    liar,
    b.packet({ bytes: Uint8Array.of(9), interfaceId: 3 }),
    b.packet({ bytes: Uint8Array.of(5) }),
  );
  const { frames, notes } = readFile(file);
  assert.deepEqual(frames.map((f) => [f.number, f.bytes[0]]), [[5, 5]]);
  assert.deepEqual(notes, [
    "packet 1 is of interface 0, which is not described",
    "packet 2 is of interface 0, which is not described",
    "packet 3 claims 200 bytes, its block has fewer",
    "packet 4 is of interface 3, which is not described",
  ]);
});

Deno.test("pcapng: damaged blocks end the reading where they are", () => {
  const b = new PcapngBlocks();
  const head = concatBytes(b.section(), b.interface(1), b.packet({ bytes: Uint8Array.of(1) }));
  const cases: [string, Uint8Array][] = [
    ["length below a block's least", Uint8Array.of(6, 0, 0, 0, 11, 0, 0, 0, 0, 0, 0, 0)],
    ["length no multiple of 4", Uint8Array.of(6, 0, 0, 0, 45, 0, 0, 0, ...new Uint8Array(40))],
    ["another length behind", concatBytes(b.packet({ bytes: Uint8Array.of(1) }).subarray(0, -4), new Uint8Array(4))],
    ["no byte order", concatBytes(b.section().subarray(0, 8), new Uint8Array(20))],
    ["major version 2", b.section(2)],
  ];
  for (const [name, tail] of cases) {
    const { frames, reader } = readFile(concatBytes(head, tail));
    assert.equal(frames.length, 1, name);
    assert.equal(reader.fault?.reason, "bad_length", name);
    assert.equal(reader.fault?.offset, head.length, name);
  }
});

Deno.test("pcapng: a block of gigabytes is passed over without being held, and the file goes on behind it", () => {
  const b = new PcapngBlocks();
  const large = b.packet({ bytes: new Uint8Array(1_048_600) });
  const file = concatBytes(b.section(), b.interface(1), large, b.packet({ bytes: Uint8Array.of(5) }));
  const { frames, notes } = readFile(file, [65_536]);
  assert.deepEqual(frames.map((f) => f.bytes[0]), [5]);
  assert.match(notes[0], /passed over a block of type 6 with 1048\d+ bytes/);

  const bomb = concatBytes(b.section(), b.interface(1), Uint8Array.of(6, 0, 0, 0, 0, 0, 0, 0xf0), new Uint8Array(999));
  assert.match(readFile(bomb).notes[1], /ends in the middle of a packet or block, \d+ bytes early/);
});

Deno.test("pcapng: an interface bomb ends the reading", () => {
  const b = new PcapngBlocks();
  const { reader } = readFile(concatBytes(b.section(), ...Array.from({ length: 4097 }, () => b.interface(1))));
  assert.match(reader.fault?.message ?? "", /more than 4096 interfaces/);
});

Deno.test("capture: every strict prefix keeps the packets that are whole, and says that the file ends early", () => {
  const b = new PcapngBlocks();
  const files: [Uint8Array, number[]][] = [
    [pcapFile([{ bytes: Uint8Array.of(1, 2, 3) }, { bytes: Uint8Array.of(4) }]), [43, 60]],
    [
      concatBytes(b.section(), b.interface(1), b.packet({ bytes: Uint8Array.of(1) }), b.simplePacket(Uint8Array.of(4))),
      [84, 104],
    ],
  ];
  for (const [file, ends] of files) {
    assert.equal(ends[1], file.length);
    for (let length = 0; length < file.length; length++) {
      const { frames, notes, reader } = readFile(file.slice(0, length), [13]);
      assert.equal(frames.length, ends.filter((end) => length >= end).length);
      if (length < 4) assert.equal(reader.fault?.reason, "bad_value");
      else {
        assert.equal(reader.fault, undefined);
        const isBoundary = ends.includes(length) || [24].includes(length) && reader.format === "pcap" ||
          [28, 48].includes(length) && reader.format === "pcapng";
        assert.equal(notes.length, isBoundary ? 0 : 1, `${length}`);
      }
    }
  }
});

Deno.test("capture: what is no capture is refused with what to do about it", () => {
  const faultOf = (...bytes: number[]) => readFile(Uint8Array.from(bytes)).reader.fault?.message ?? "";
  assert.match(faultOf(0x1f, 0x8b, 8, 0), /gunzip/);
  assert.match(faultOf(...utf8('{"a":1}')), /arcrtc decode/);
  assert.match(faultOf(1, 2, 3, 4), /need pcap or pcapng, its first bytes are 01020304/);
  assert.match(faultOf(), /it is empty/);
  assert.match(faultOf(0xa1, 0xb2), /ends within its first 4 bytes/);
});

Deno.test("capture: never throws, never reads outside of its bytes, and comes to an end, whatever the file", () => {
  const b = new PcapngBlocks();
  const seeds = [
    pcapFile(PACKETS.slice(0, 2)),
    concatBytes(b.section(), b.interface(1), b.packet({ bytes: Uint8Array.of(1, 2) }), b.secrets(1, utf8("abc"))),
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 6 }),
      fc.uint8Array({ maxLength: 40 }),
      fc.integer({ min: 1, max: 40 }),
      (seed, flips, tail, piece) => {
        const file = concatBytes(seed, tail);
        for (const [at, value] of flips) file[at % file.length] = value;
        const whole = readFile(file);
        const pieces = readFile(file, [piece]);
        assert.deepEqual(pieces.frames, whole.frames);
        assert.deepEqual(pieces.notes, whole.notes);
        assert.deepEqual(pieces.reader.fault, whole.reader.fault);
        for (const { bytes } of whole.frames) assert.ok(bytes.length <= file.length);
      },
    ),
    { seed: 11, numRuns: 400 },
  );
});

Deno.test("capture: memory stays that of a block, however long the file", () => {
  const packet = pcapFile([{ bytes: new Uint8Array(1400) }]);
  const reader = new CaptureReader();
  reader.feed(packet);
  let frames = 0;
  let largest = 0;
  for (let i = 0; i < 3000; i++) {
    reader.feed(packet.subarray(24));
    while (reader.next() !== undefined) {
      frames++;
      largest = Math.max(largest, reader.frame.bytes.length);
    }
  }
  assert.equal(frames, 3001);
  assert.ok(largest < 16_384, `${largest}`);
});
