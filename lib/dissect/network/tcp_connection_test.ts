import assert from "node:assert/strict";
import fc from "fast-check";
import { hex, tcp } from "../testing/packets.ts";
import { MemoryBudget } from "./memory_budget.ts";
import { type ConnectionSink, TcpConnection } from "./tcp_connection.ts";
import type { ByteSink } from "./tcp_direction.ts";

function connection() {
  const got: string[] = [];
  const side = (name: string): ByteSink => ({
    data: (bytes, start, end) => got.push(`${name} ${new TextDecoder().decode(bytes.subarray(start, end))}`),
    gap: (bytes) => got.push(`${name} hole ${bytes}`),
    end: () => got.push(`${name} end`),
  });
  const sink: ConnectionSink = { directions: [side("a"), side("b")], opened: (by) => got.push(`opened by ${by}`) };
  const budget = new MemoryBudget(100_000);
  const made = new TcpConnection(sink, budget);
  const take = (direction: 0 | 1, segment: Uint8Array, cutBytes = 0) =>
    made.handle(direction, segment, 0, segment.length, cutBytes);
  return { got, made, take, budget };
}

const text = (t: string) => new TextEncoder().encode(t);

Deno.test("tcp: handshake, both directions, options, and the end of each", () => {
  const { got, take } = connection();
  take(0, tcp(text(""), { seq: 10, syn: true, options: hex("020405b4 01010101") }));
  take(1, tcp(text(""), { seq: 500, ack: 11, syn: true }));
  take(0, tcp(text("hello"), { seq: 11, ack: 501, options: hex("01010101") }));
  take(1, tcp(text("there"), { seq: 501, ack: 16 }));
  take(0, tcp(text("bye"), { seq: 16, ack: 506, fin: true }));
  take(1, tcp(text(""), { seq: 506, ack: 20, fin: true }));
  assert.deepEqual(got, ["opened by 0", "a hello", "b there", "a bye", "a end", "b end"]);
});

Deno.test("tcp: data in a SYN is the first of the stream", () => {
  const { got, take } = connection();
  take(1, tcp(text("fast"), { seq: 10, syn: true }));
  take(1, tcp(text("er"), { seq: 15 }));
  assert.deepEqual(got, ["opened by 1", "b fast", "b er"]);
});

Deno.test("tcp: a reset ends both directions, with what they held", () => {
  const { got, take } = connection();
  take(0, tcp(text(""), { seq: 10, syn: true }));
  take(0, tcp(text("late"), { seq: 15 }));
  take(1, tcp(text(""), { seq: 9, rst: true }));
  assert.deepEqual(got, ["opened by 0", "a hole 4", "a late", "a end", "b end"]);
});

Deno.test("tcp: a SYN of another connection is not taken", () => {
  const { take } = connection();
  take(0, tcp(text(""), { seq: 10, syn: true }));
  assert.equal(take(0, tcp(text(""), { seq: 10, syn: true })), true);
  assert.equal(take(0, tcp(text(""), { seq: 99, syn: true })), false);
});

Deno.test("tcp: acknowledgements of the one let the other pass over what the capture misses", () => {
  const { got, take } = connection();
  take(0, tcp(text("ab"), { seq: 10 }));
  take(1, tcp(text(""), { seq: 1, ack: 20 }));
  take(0, tcp(text("yz"), { seq: 18 }));
  assert.deepEqual(got, ["a ab", "a hole 6", "a yz"]);
});

Deno.test("tcp: a header length that lies, or a cut header, gives no bytes of the header as data", () => {
  const { got, take } = connection();
  const short = tcp(text("x"), { seq: 10 });
  short[12] = 0x10;
  take(0, short);
  const long = tcp(text("data"), { seq: 11 });
  long[12] = 0xf0;
  take(0, long);
  assert.deepEqual(got, ["a x"]);
});

Deno.test("tcp: any segments give an answer and memory back", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.boolean(), fc.uint8Array({ minLength: 20, maxLength: 40 })), { maxLength: 30 }),
      (list) => {
        const { made, take, budget } = connection();
        for (const [isBack, bytes] of list) take(isBack ? 1 : 0, bytes);
        made.close();
        assert.equal(budget.usedBytes, 0);
      },
    ),
    { seed: 53, numRuns: 500 },
  );
});
