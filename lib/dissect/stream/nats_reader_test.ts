import assert from "node:assert/strict";
import fc from "fast-check";
import { MemoryBudget } from "../network/memory_budget.ts";
import { feed, text, untext } from "../testing/streams.ts";
import type { Envelope } from "../units/envelope.ts";
import { NatsReader, startsLikeNats } from "./nats_reader.ts";

function reader(isInStep = true, maxBytes = 1_000_000) {
  const units: string[] = [];
  const notes: string[] = [];
  const budget = new MemoryBudget(maxBytes);
  const sink = {
    unit: (bytes: Uint8Array, start: number, end: number, envelope: Envelope | undefined) =>
      units.push(`${envelope?.kind === "nats" ? envelope.subject : "?"} ${untext(bytes.subarray(start, end))}`),
    note: (message: string) => notes.push(message),
  };
  return { units, notes, budget, made: new NatsReader(sink, budget, isInStep) };
}

const SUBJECT = "arcrtc.session.5f.all";

Deno.test("ARC-TRANSPORT-nats-subjects: payloads of the protocol's subjects, by every verb, in both directions", () => {
  const stream = text([
    'INFO {"server_id":"x","max_payload":1048576}\r\n',
    "CONNECT {}\r\nPING\r\nPONG\r\n+OK\r\n",
    `SUB ${SUBJECT} 1\r\n`,
    `PUB ${SUBJECT} 2\r\n{}\r\n`,
    `pub ${SUBJECT} reply.here 9\r\n{"a":"\r\n}\r\n`,
    `HPUB ${SUBJECT} 12 14\r\nNATS/1.0\r\n\r\n{}\r\n`,
    `MSG ${SUBJECT} 7 3\r\n{ }\r\n`,
    `MSG  ${SUBJECT}\t7 reply 2\r\n{}\r\n`,
    `HMSG ${SUBJECT} 7 reply 12 15\r\nNATS/1.0\r\n\r\n{2}\r\n`,
    "PUB other.subject 5\r\nhello\r\n",
    `PUB ${SUBJECT} 0\r\n\r\n`,
    "-ERR 'Unknown'\r\n",
  ].join(""));
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (sizes) => {
      const { made, units, notes, budget } = reader();
      feed(made, stream, sizes);
      assert.deepEqual(units.map((unit) => unit.slice(SUBJECT.length + 1)), [
        "{}",
        '{"a":"\r\n}',
        "{}",
        "{ }",
        "{}",
        "{2}",
        "",
      ]);
      assert.deepEqual([notes, made.foreign], [[], 1]);
      made.end();
      assert.equal(budget.usedBytes, 0);
    }),
    { seed: 81, numRuns: 100 },
  );
});

Deno.test("nats: large payloads of others are not held, those of ours are passed over with a word", () => {
  const { made, units, notes, budget } = reader(true, 8192);
  feed(
    made,
    text(`PUB other 900000\r\n${"x".repeat(900_000)}\r\nPUB ${SUBJECT} 200000\r\n${"y".repeat(200_000)}\r\n`),
    [
      1400,
    ],
  );
  feed(made, text(`PUB ${SUBJECT} 2\r\n{}\r\n`));
  assert.deepEqual(units, [`${SUBJECT} {}`]);
  assert.deepEqual(notes, ["passed over a NATS message of 200000 bytes: too large"]);
  assert.equal(budget.usedBytes, 0);
});

Deno.test("nats: after a hole, and after what is no line, reading goes on where a segment begins with a verb", () => {
  const { made, units, notes } = reader();
  feed(made, text(`PUB ${SUBJECT} 2\r\n{}\r\nPUB ${SUBJECT} 200\r\n{"half`));
  made.gap();
  feed(made, text('":1}\r\n'));
  feed(made, text(`MSG ${SUBJECT} 1 2\r\n{}\r\nno verb at all\r\n`));
  feed(made, text(`MSG ${SUBJECT} 1 2\r\n{}\r\n`));
  feed(made, text("x".repeat(5000)));
  assert.equal(units.length, 3);
  assert.deepEqual(notes, ["what should be a line of NATS is none", "what should be a line of NATS is none"]);
});

Deno.test("nats: without memory a message in pieces is given up", () => {
  const { made, units, notes } = reader(true, 300);
  feed(made, text(`PUB ${SUBJECT} 1000\r\n${"x".repeat(1000)}\r\n`), [400]);
  feed(made, text(`PUB ${SUBJECT} 2\r\n{}\r\n`));
  assert.deepEqual(units, [`${SUBJECT} {}`]);
  assert.equal(notes[0], "no memory for a NATS message that came in pieces");
});

Deno.test("nats: what begins like it", () => {
  const starts = (line: string) => startsLikeNats(text(line), 0, line.length);
  for (const line of ["INFO {}", "PING\r\n", "connect {", "MSG a", "+OK\r\n", "-ERR 'x'", "UNSUB 1", "HMSG x"]) {
    assert.ok(starts(line), line);
  }
  for (const line of ["GET / HTTP", "PUBLISH x", "INFORM", "", "PINGED"]) assert.ok(!starts(line), line);
});

Deno.test("nats: any bytes come to an end and give their memory back", () => {
  const verbs = fc.constantFrom("PUB ", "MSG ", "HPUB ", SUBJECT, " 3", "\r\n", "{}", " ", "999999999", "-1", "PING");
  fc.assert(
    fc.property(fc.array(verbs, { maxLength: 30 }), fc.integer({ min: 1, max: 20 }), (parts, piece) => {
      const { made, budget } = reader(true, 500);
      feed(made, text(parts.join("")), [piece]);
      made.end();
      assert.equal(budget.usedBytes, 0);
    }),
    { seed: 82, numRuns: 1500 },
  );
});
