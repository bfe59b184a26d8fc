import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, equalBytes } from "../../base/bytes.ts";
import { MemoryBudget } from "../network/memory_budget.ts";
import { deflateMessages, feed, type FrameOptions, text, untext, wsFrame } from "../testing/streams.ts";
import { walkWebSocketFrames, WebSocketReader } from "./websocket_reader.ts";

function reader({ isInStep = true, keepsWindow = true, maxBytes = 10_000_000 } = {}) {
  const messages: Uint8Array[] = [];
  const notes: string[] = [];
  const budget = new MemoryBudget(maxBytes);
  const sink = {
    message: (bytes: Uint8Array, start: number, end: number) => messages.push(bytes.slice(start, end)),
    note: (message: string) => notes.push(message),
  };
  return { messages, notes, budget, made: new WebSocketReader(sink, budget, isInStep, () => ({ keepsWindow })) };
}

const texts = (messages: Uint8Array[]) => messages.map(untext);

Deno.test("websocket: masked and not, in every form of length, control frames between, cut anywhere", () => {
  const frames: FrameOptions[] = [{}, { mask: 0x12345678 }, { longLength: true }, { opcode: 2, mask: 7 }];
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...frames), fc.constantFrom(0, 1, 125, 126, 300, 70_000)), { maxLength: 6 }),
      fc.array(fc.constantFrom(1, 3, 200, 5000), { minLength: 1 }),
      (list, sizes) => {
        const { made, messages, notes, budget } = reader();
        const payloads = list.map(([, length]) => new Uint8Array(length).fill(0x41));
        const ping = wsFrame(text("ping"), { opcode: 9 });
        const small = list.every(([, length]) => length < 1000);
        feed(
          made,
          concatBytes(...list.flatMap(([o], i) => [wsFrame(payloads[i], o), ping])),
          small ? sizes : [4000, 999],
        );
        assert.equal(messages.length, payloads.length);
        messages.forEach((message, i) => assert.ok(equalBytes(message, payloads[i])));
        assert.deepEqual(notes, []);
        made.end();
        assert.equal(budget.usedBytes, 0);
      },
    ),
    { seed: 71, numRuns: 100 },
  );
});

Deno.test("websocket: a message in many frames, with control frames between them", () => {
  const { made, messages, budget } = reader();
  const letters = [..."fragmented"].map(text);
  const frames = letters.map((letter, i) =>
    wsFrame(letter, { opcode: i === 0 ? 1 : 0, fin: i === letters.length - 1, mask: i * 99 })
  );
  feed(made, concatBytes(...frames.flatMap((frame) => [frame, wsFrame(text("?"), { opcode: 10 })])), [1]);
  feed(made, wsFrame(text("whole")));
  assert.deepEqual(texts(messages), ["fragmented", "whole"]);
  assert.equal(budget.usedBytes, 0);
});

Deno.test("websocket: compressed messages, whole and in frames, with and without the window kept", async () => {
  const plain = ["one message", "one message", "another message"];
  const [a, b, c] = await deflateMessages(...plain.map(text));
  const { made, messages, budget } = reader();
  feed(made, wsFrame(a, { compressed: true, mask: 1 }));
  feed(made, wsFrame(b.subarray(0, 2), { compressed: true, fin: false }));
  feed(made, wsFrame(text("not compressed"), { opcode: 9 }));
  feed(made, wsFrame(b.subarray(2), { opcode: 0 }));
  feed(made, wsFrame(text("plain in between")));
  feed(made, wsFrame(c, { compressed: true }));
  assert.deepEqual(texts(messages), [plain[0], plain[1], "plain in between", plain[2]]);
  made.end();
  assert.equal(budget.usedBytes, 0);

  const alone = reader({ keepsWindow: false });
  for (let i = 0; i < 2; i++) feed(alone.made, wsFrame(a, { compressed: true }));
  assert.deepEqual(texts(alone.messages), [plain[0], plain[0]]);
});

Deno.test("websocket: after a hole, what is compressed with what was lost is said to be unreadable", async () => {
  const [a, b] = await deflateMessages(text("one message"), text("one message"));
  const { made, messages, notes } = reader();
  feed(made, wsFrame(a, { compressed: true }));
  made.gap();
  feed(made, Uint8Array.of(0x33, 0x44));
  feed(made, wsFrame(b, { compressed: true }));
  feed(made, wsFrame(text("[1]")));
  assert.deepEqual(texts(messages), ["one message", "[1]"]);
  assert.deepEqual(notes, ["Cannot inflate message: it is compressed with what came before and is not here"]);

  const joined = reader({ isInStep: false });
  feed(joined.made, wsFrame(a, { compressed: true }));
  assert.match(joined.notes[0], /compressed with what came before/);
});

Deno.test("websocket: frames and messages that are too large are passed over, and what follows is read", () => {
  const { made, messages, notes, budget } = reader();
  feed(made, wsFrame(new Uint8Array(300_000)), [1000]);
  feed(made, wsFrame(text("after")));
  for (let i = 0; i < 6; i++) feed(made, wsFrame(new Uint8Array(60_000), { opcode: i === 0 ? 1 : 0, fin: i === 5 }));
  feed(made, wsFrame(text("last")));
  assert.deepEqual(texts(messages), ["after", "last"]);
  assert.deepEqual(notes, [
    "passed over a WebSocket frame of 300000 bytes: too large",
    "passed over a WebSocket message in many frames: too large",
  ]);
  assert.equal(budget.usedBytes, 0);
  const bomb = wsFrame(text("x"), { longLength: true });
  bomb.fill(0xff, 2, 10);
  feed(made, bomb);
  assert.match(notes[2], /too large/);
});

Deno.test("websocket: a bomb of tiny frames costs no more than its bytes, and a new message ends an unfinished one", () => {
  const { made, messages } = reader();
  const parts = concatBytes(
    wsFrame(text("a"), { fin: false }),
    ...Array.from({ length: 20_000 }, () => wsFrame(text("a"), { opcode: 0, fin: false })),
  );
  feed(made, parts, [1400]);
  feed(made, wsFrame(text("new")));
  feed(made, wsFrame(text("stray"), { opcode: 0 }));
  assert.deepEqual(texts(messages), ["new"]);
});

Deno.test("websocket: without memory messages are given up, one by one", async () => {
  const [a] = await deflateMessages(text("compressed"));
  const { made, messages, notes, budget } = reader({ maxBytes: 1000 });
  feed(made, wsFrame(a, { compressed: true }));
  feed(made, wsFrame(new Uint8Array(600), { fin: false }));
  feed(made, wsFrame(new Uint8Array(600), { opcode: 0, fin: false }));
  feed(made, wsFrame(text("{}")));
  feed(made, wsFrame(new Uint8Array(5000)), [700]);
  feed(made, wsFrame(text("{1}")));
  assert.deepEqual(texts(messages), ["{}", "{1}"]);
  assert.deepEqual(notes, [
    "Cannot inflate message: there is no memory for its window",
    "passed over a WebSocket message in many frames: too large",
    "no memory for a WebSocket frame that came in pieces",
  ]);
  made.end();
  assert.equal(budget.usedBytes, 0);
});

Deno.test("websocket: what is no frame is said, and the next segment of frames is read", () => {
  for (const wrong of [[0xb1, 0], [0x83, 0], [0x8b, 0], [0x09, 0], [0x88, 0x7e, 0, 0], [0xc0, 1, 2], [0xc9, 0]]) {
    const { made, messages, notes } = reader();
    feed(made, Uint8Array.from(wrong));
    feed(made, wsFrame(text("{}")));
    assert.deepEqual([texts(messages), notes], [["{}"], ["what should be a WebSocket frame is none"]]);
  }
});

Deno.test("websocket: what reads as frames", () => {
  const walk = (bytes: Uint8Array) => walkWebSocketFrames(bytes, 0, bytes.length);
  assert.equal(walk(concatBytes(wsFrame(text("{}")), wsFrame(text("[]"), { mask: 5 }))), "exact");
  assert.equal(walk(wsFrame(new Uint8Array(500).fill(0x7b)).subarray(0, 300)), "part");
  assert.equal(walk(wsFrame(text("text"))), "no");
  assert.equal(walk(text("GET / HTTP/1.1")), "no");
});

Deno.test("websocket: any bytes come to an end and give their memory back", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 400 }),
      fc.integer({ min: 1, max: 50 }),
      fc.boolean(),
      (bytes, piece, inStep) => {
        const { made, budget } = reader({ isInStep: inStep, maxBytes: 600 });
        feed(made, bytes, [piece]);
        assert.ok(budget.usedBytes <= 600);
        made.end();
        assert.equal(budget.usedBytes, 0);
      },
    ),
    { seed: 72, numRuns: 1500 },
  );
});
