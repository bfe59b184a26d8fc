import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes } from "../../base/bytes.ts";
import { below, SeededRng } from "../../base/rng.ts";
import { MemoryBudget } from "./memory_budget.ts";
import { type ByteSink, TcpDirection } from "./tcp_direction.ts";

/** What a sink got, holes as numbers. */
class Sink implements ByteSink {
  readonly got: (string | number)[] = [];
  readonly starts: boolean[] = [];
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  ends = 0;

  data(bytes: Uint8Array, start: number, end: number, isSegmentStart: boolean): void {
    this.bytes = concatBytes(this.bytes, bytes.subarray(start, end));
    this.got.push(new TextDecoder().decode(bytes.subarray(start, end)));
    this.starts.push(isSegmentStart);
  }
  gap(bytes: number): void {
    this.got.push(bytes);
  }
  end(): void {
    this.ends++;
  }
}

function direction(maxBytes = 1_000_000) {
  const sink = new Sink();
  const budget = new MemoryBudget(maxBytes);
  return { sink, budget, tcp: new TcpDirection(sink, budget) };
}

function send(tcp: TcpDirection, sequence32: number, text: string, cutBytes = 0): void {
  const bytes = new TextEncoder().encode(text);
  tcp.segment(sequence32 >>> 0, bytes, 0, bytes.length, cutBytes);
}

Deno.test("tcp: a stream from its SYN on, through the wrap of the sequence numbers", () => {
  const { sink, tcp } = direction();
  assert.equal(tcp.open(0xffff_fffd), true);
  send(tcp, 0xffff_fffe, "abcd");
  send(tcp, 2, "ef");
  assert.deepEqual(sink.got, ["abcd", "ef"]);
  assert.deepEqual(sink.starts, [true, true]);
});

Deno.test("tcp: early segments wait, repeated and overlapping ones give only what is new", () => {
  const { sink, tcp, budget } = direction();
  tcp.open(99);
  send(tcp, 106, "ghi");
  send(tcp, 103, "def");
  send(tcp, 103, "def");
  assert.deepEqual(sink.got, []);
  assert.equal(budget.usedBytes, 9);
  send(tcp, 100, "abcd");
  assert.deepEqual(sink.got, ["abcd", "ef", "ghi"]);
  assert.deepEqual(sink.starts, [true, false, true]);
  send(tcp, 98, "..ABCDEFGHI");
  assert.deepEqual(sink.got.slice(3), []);
  send(tcp, 104, "efghijk");
  assert.deepEqual(sink.got.slice(3), ["jk"]);
  assert.equal(budget.usedBytes, 0);
});

Deno.test("tcp: a hole is given up once the other side has acknowledged what lies behind it", () => {
  const { sink, tcp, budget } = direction();
  tcp.open(99);
  send(tcp, 100, "ab");
  send(tcp, 105, "fg");
  tcp.acknowledge(107);
  assert.deepEqual(sink.got, ["ab"]);
  send(tcp, 107, "hi");
  assert.deepEqual(sink.got, ["ab"], "nobody has acknowledged what came last");
  tcp.acknowledge(109);
  tcp.acknowledge(101);
  send(tcp, 107, "hi");
  assert.deepEqual(sink.got, ["ab", 3, "fg", "hi"]);
  send(tcp, 102, "cde");
  assert.equal(sink.got.length, 4, "what comes after all is too late");
  assert.equal(tcp.missingBytes, 3);
  assert.equal(budget.usedBytes, 0);
});

Deno.test("tcp: holes that stay are passed over at the end, and the end is told once", () => {
  const { sink, tcp } = direction();
  tcp.open(99);
  send(tcp, 110, "k");
  send(tcp, 105, "f");
  tcp.finish(111);
  assert.equal(sink.ends, 0);
  tcp.close();
  tcp.close();
  assert.deepEqual([sink.got, sink.ends], [[5, "f", 4, "k"], 1]);
  send(tcp, 111, "too late");
  assert.equal(sink.got.length, 4);
});

Deno.test("tcp: a FIN ends the stream when all before it has come", () => {
  const { sink, tcp } = direction();
  tcp.open(99);
  tcp.finish(103);
  assert.equal(sink.ends, 0);
  send(tcp, 100, "abc");
  assert.deepEqual([sink.got, sink.ends], [["abc"], 1]);
});

Deno.test("tcp: what the capture cut off a segment is a hole behind it", () => {
  const { sink, tcp } = direction();
  tcp.open(99);
  send(tcp, 100, "ab", 8);
  send(tcp, 110, "kl");
  assert.deepEqual(sink.got, ["ab", 8, "kl"]);
  send(tcp, 114, "op", 2);
  send(tcp, 112, "mn");
  assert.deepEqual(sink.got.slice(3), ["mn", "op", 2]);
});

Deno.test("tcp: a stream that was under way begins with its first segment; a far jump is a hole", () => {
  const { sink, tcp } = direction();
  send(tcp, 5000, "mid");
  send(tcp, 5003 + 2 ** 31 - 5, "far");
  assert.deepEqual(sink.got, ["mid", 0, "far"]);
});

Deno.test("tcp: another SYN tells another connection from a repetition", () => {
  const { tcp } = direction();
  assert.equal(tcp.open(99), true);
  send(tcp, 100, "abc");
  assert.equal(tcp.open(99), true);
  assert.equal(tcp.open(7), false);
  const underWay = direction().tcp;
  send(underWay, 100, "abc");
  assert.equal(underWay.open(99), false);
});

Deno.test("tcp: what is held is bounded, by number, by bytes and by the common budget", () => {
  const many = direction();
  many.tcp.open(0);
  for (let i = 0; i < 5000; i++) send(many.tcp, 2 + 3 * i, "x");
  many.tcp.close();
  assert.ok(many.budget.usedBytes === 0);
  assert.equal(many.sink.got.filter((item) => item === "x").length, 5000);

  const large = direction();
  large.tcp.open(0);
  for (let i = 0; i < 100; i++) {
    large.tcp.segment(2 + 60_000 * i, new Uint8Array(50_000), 0, 50_000, 0);
    assert.ok(large.budget.usedBytes <= 262_144);
  }
  const poor = direction(10);
  poor.tcp.open(0);
  send(poor.tcp, 50, "0123456");
  send(poor.tcp, 70, "abcdefg");
  assert.deepEqual(poor.sink.got, [49, "0123456"]);
  send(poor.tcp, 60, "ABCDEFG");
  assert.deepEqual(poor.sink.got.slice(2), [3, "ABCDEFG"], "what comes in front of the held one goes first");
  assert.equal(poor.budget.usedBytes, 7);
});

Deno.test("tcp: any segmentation, order and repetition of a stream gives the stream", () => {
  const stream = Uint8Array.from({ length: 400 }, (_, i) => 33 + (i % 90));
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 0, max: 0xffff_ffff }), (seed, first32) => {
      const rng = new SeededRng(seed);
      const { sink, tcp, budget } = direction();
      tcp.open((first32 - 1) >>> 0);
      const segments: [number, number][] = [];
      for (let at = 0; at < stream.length;) {
        const end = Math.min(stream.length, at + 1 + below(rng, 60));
        segments.push([at, end], [Math.max(0, at - below(rng, 20)), Math.min(stream.length, end + below(rng, 20))]);
        at = end;
      }
      while (segments.length > 0) {
        const [[at, end]] = segments.splice(below(rng, segments.length), 1);
        tcp.segment((first32 + at) >>> 0, stream, at, end, 0);
      }
      assert.deepEqual(sink.bytes, stream);
      assert.deepEqual([tcp.missingBytes, budget.usedBytes], [0, 0]);
    }),
    { seed: 51, numRuns: 300 },
  );
});

Deno.test("tcp: any segments whatever keep the count: what was given and what is missing add up", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(3000), fc.nat(50), fc.nat(9)), { maxLength: 60 }),
      fc.boolean(),
      (list, acked) => {
        const { sink, tcp, budget } = direction(500);
        tcp.open(0);
        for (const [at, length, cut] of list) {
          if (acked) tcp.acknowledge(at + length);
          tcp.segment(1 + at, new Uint8Array(length), 0, length, cut);
          assert.ok(budget.usedBytes <= 500);
        }
        tcp.close();
        assert.equal(budget.usedBytes, 0);
        const total = list.reduce(
          (end, [at, length, cut]) => length + cut === 0 ? end : Math.max(end, at + length + cut),
          0,
        );
        assert.equal(sink.bytes.length + tcp.missingBytes, total);
      },
    ),
    { seed: 52, numRuns: 500 },
  );
});
