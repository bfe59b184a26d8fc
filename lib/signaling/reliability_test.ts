import assert from "node:assert/strict";
import { AnswerMemory, FIRST_REPEAT_DATAGRAM_MS, FIRST_REPEAT_STREAM_MS, RequestTracker } from "./reliability.ts";

/** When the tracker sends or gives up, over virtual time. */
function schedule(tracker: RequestTracker<{ type: string; timestamp: number }>, untilMs: number): string[] {
  const trace: string[] = [];
  for (let next = tracker.nextTimeoutMs(); next !== undefined && next <= untilMs; next = tracker.nextTimeoutMs()) {
    for (let out = tracker.poll(next); out !== undefined; out = tracker.poll(next)) trace.push(`${next} ${out.kind}`);
  }
  return trace;
}

const REQUEST = { type: "CONNECT", timestamp: 1 };

Deno.test("ARC-SIG-repeat-first-interval ARC-SIG-repeat-doubling: 200 ms on datagrams, 2 s elsewhere, doubling, 6 in all", () => {
  const datagram = new RequestTracker<typeof REQUEST>();
  datagram.sent(REQUEST, FIRST_REPEAT_DATAGRAM_MS, 0);
  assert.deepEqual(schedule(datagram, 1e9), [
    "200 send",
    "600 send",
    "1400 send",
    "3000 send",
    "6200 send",
    "12600 failed",
  ]);
  const stream = new RequestTracker<typeof REQUEST>();
  stream.sent(REQUEST, FIRST_REPEAT_STREAM_MS, 0);
  assert.deepEqual(schedule(stream, 14_000), ["2000 send", "6000 send", "14000 send"]);
});

Deno.test("ARC-SIG-repeat-identical: what is repeated is the very message", () => {
  const tracker = new RequestTracker<typeof REQUEST>();
  tracker.sent(REQUEST, 200, 0);
  assert.deepEqual(tracker.poll(200), { kind: "send", message: REQUEST });
});

Deno.test("an answer ends the repetition, once; a foreign one does nothing", () => {
  const tracker = new RequestTracker<typeof REQUEST>();
  tracker.sent(REQUEST, 200, 0);
  assert.equal(tracker.answered({ type: "CONNECT", timestamp: 2 }), undefined);
  assert.equal(tracker.open("CONNECT"), REQUEST);
  assert.equal(tracker.answered({ type: "CONNECT", timestamp: 1 }), REQUEST);
  assert.equal(tracker.answered({ type: "CONNECT", timestamp: 1 }), undefined);
  assert.deepEqual(schedule(tracker, 1e9), []);
});

Deno.test("hurry makes open requests due, clear forgets them", () => {
  const tracker = new RequestTracker<typeof REQUEST>();
  tracker.sent(REQUEST, 2000, 0);
  tracker.hurry(100);
  assert.equal(tracker.nextTimeoutMs(), 100);
  assert.equal(tracker.poll(100)?.kind, "send");
  tracker.clear();
  assert.equal(tracker.nextTimeoutMs(), undefined);
});

Deno.test("ARC-SIG-repeat-timestamps-grow: a clock that stands still or goes back never repeats a timestamp", () => {
  const tracker = new RequestTracker<typeof REQUEST>();
  assert.equal(tracker.freshTimestamp("STREAM_STOP", "a", 1000.7), 1000);
  assert.equal(tracker.freshTimestamp("STREAM_STOP", "a", 1000.9), 1001);
  assert.equal(tracker.freshTimestamp("STREAM_STOP", "a", 5), 1002);
  assert.equal(tracker.freshTimestamp("STREAM_STOP", "b", 1000), 1000);
});

Deno.test("ARC-SIG-repeat-same-answer: remembered for 30 s by peer, type, timestamp and stream", () => {
  const memory = new AnswerMemory<string>();
  memory.remember("p", { type: "STREAM_STOP", timestamp: 1, stream_id: "s" }, "ACK", 0);
  assert.equal(memory.recall("p", { type: "STREAM_STOP", timestamp: 1, stream_id: "s" }, 29_999), "ACK");
  for (
    const [peer, name] of [
      ["q", { type: "STREAM_STOP", timestamp: 1, stream_id: "s" }],
      ["p", { type: "STREAM_START", timestamp: 1, stream_id: "s" }],
      ["p", { type: "STREAM_STOP", timestamp: 2, stream_id: "s" }],
      ["p", { type: "STREAM_STOP", timestamp: 1 }],
    ] as const
  ) assert.equal(memory.recall(peer, name, 1), undefined);
  assert.equal(memory.recall("p", { type: "STREAM_STOP", timestamp: 1, stream_id: "s" }, 30_000), undefined);
});

Deno.test("AnswerMemory is bounded: a flood pushes out the oldest, not the newest", () => {
  const memory = new AnswerMemory<number>();
  for (let i = 0; i < 10_000; i++) memory.remember("p", { type: "STREAM_STOP", timestamp: i }, i, 0);
  assert.equal(memory.recall("p", { type: "STREAM_STOP", timestamp: 0 }, 1), undefined);
  assert.equal(memory.recall("p", { type: "STREAM_STOP", timestamp: 9_999 }, 1), 9_999);
});
