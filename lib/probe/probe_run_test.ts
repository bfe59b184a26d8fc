import assert from "node:assert/strict";
import fc from "fast-check";
import { SeededRng } from "../base/rng.ts";
import { unwrap } from "../base/parsed.ts";
import { heartbeatAck } from "../signaling/heartbeat_ack.ts";
import { parseMessage, writeMessage } from "../signaling/parse_message.ts";
import { FINDING_IDS, FINDING_KINDS } from "./finding.ts";
import { ANSWERABLE_HEARTBEAT_BYTES } from "./heartbeat_text.ts";
import type { ProbeEvent } from "./probe_report.ts";
import { ProbeRun, type Question } from "./probe_run.ts";

const UNIX = 1_760_000_000_000;
const OBSERVED = { ip: "198.51.100.7", port: 40_000 };

function newRun(options: { isDatagram?: boolean; waitMs?: number } = {}): ProbeRun {
  return new ProbeRun({
    method: "heartbeat",
    isDatagram: options.isDatagram ?? true,
    waitMs: options.waitMs ?? 1000,
    sizeBytes: ANSWERABLE_HEARTBEAT_BYTES,
    rng: new SeededRng(1),
    unixOffsetMs: UNIX,
    window: 256,
  });
}

function send(run: ProbeRun, atMs: number, lateMs = 0): Question {
  const question = run.ask(atMs, 0, atMs + lateMs);
  run.sent(question, atMs + lateMs);
  return question;
}

/** The right answer, made at `atMs`, as JSON; `changes` make it a wrong one, undefined takes a field out. */
function answerTo(question: Question, atMs: number, changes: Record<string, unknown> = {}): string {
  const heartbeat = unwrap(parseMessage(question.text));
  assert.ok(heartbeat.type === "HEARTBEAT");
  return JSON.stringify({ ...heartbeatAck(heartbeat, Math.floor(UNIX + atMs), OBSERVED), ...changes });
}

function drain(run: ProbeRun): ProbeEvent[] {
  const events: ProbeEvent[] = [];
  for (let event = run.poll(); event !== undefined; event = run.poll()) events.push(event);
  return events;
}

/** One probe a second, 10 ms each way. */
function exchange(run: ProbeRun, count: number, changes: (question: Question, i: number) => Record<string, unknown>) {
  for (let i = 0; i < count; i++) {
    const question = send(run, i * 1000);
    run.handle(answerTo(question, i * 1000 + 10, changes(question, i)), i * 1000 + 20);
  }
}

const findingsOf = (run: ProbeRun) => run.summary().claims?.findings.map(({ id, count }) => [id, count]);

Deno.test("ARC-SIG-heartbeat-rtt, ARC-SIG-heartbeat-sender-fields: answers are timed by our own clock, challenges are new", () => {
  const run = newRun();
  const questions = [send(run, 0), send(run, 1000, 3)];
  // The peer's clock is a day wrong: that changes nothing.
  run.handle(answerTo(questions[0], 86_400_000), 12);
  run.handle(answerTo(questions[1], 86_401_000), 1020);
  assert.deepEqual(
    drain(run).filter(({ kind }) => kind === "answer").map((event) =>
      event.kind === "answer" && [
        event.sequence,
        event.receivedMs - event.sentMs,
        event.receivedMs - event.plannedMs,
      ]
    ),
    [[1, 12, 12], [2, 17, 20]],
  );
  assert.notEqual(questions[0].challenge, questions[1].challenge);
  assert.match(questions[0].challenge, /^[0-9a-f]{16}$/);
  const { fromSent, fromPlanned, sendLateness, jitterMs } = run.summary();
  assert.deepEqual([fromSent?.maxMs, fromPlanned?.maxMs, sendLateness?.maxMs, jitterMs], [17, 20, 3, 5 / 16]);
});

Deno.test("probe run: lost, late, refused and unsent probes are kept apart, and loss counts what has no answer", () => {
  const run = newRun({ waitMs: 100 });
  const questions = [0, 10, 20, 30].map((ms) => send(run, ms));
  run.unsent(run.ask(40, 0, 40), "no connection", 40);
  run.handle(answerTo(questions[0], 5), 10);
  assert.equal(run.summary().lossRatio, 1 / 2, "one answered, one unsent, three still open");
  const error = { type: "ERROR", code: "rate_limited", message: "slow down", timestamp: UNIX } as const;
  run.handle(writeMessage({ ...error, in_reply_to: { type: "HEARTBEAT", timestamp: questions[1].timestampMs } }), 20);
  assert.equal(run.nextTimeoutMs(), 120);
  run.timeout(130);
  run.handle(answerTo(questions[2], 25), 250);
  assert.deepEqual(drain(run).map((event) => [event.kind, "sequence" in event && event.sequence]), [
    ["unsent", 5],
    ["answer", 1],
    ["refused", 2],
    ["timeout", 3],
    ["timeout", 4],
    ["answer", 3],
  ]);
  const { counters, lost, lossRatio, fromSent } = run.summary();
  assert.deepEqual({ lost, lossRatio, late: counters.late }, { lost: 3, lossRatio: 3 / 5, late: 1 });
  assert.deepEqual([counters.asked, counters.answered, counters.refused, counters.unsent], [5, 2, 1, 1]);
  // A late answer's delay is a delay: leaving it out would flatter the path.
  assert.equal(fromSent?.maxMs, 230);
});

Deno.test("probe run: duplicates and reordering, told apart by the peer's time stamps where they can be", () => {
  const run = newRun();
  const [a, b, c, d, e] = [0, 10, 20, 30, 40].map((ms) => send(run, ms));
  run.handle(answerTo(a, 5), 10);
  run.handle(answerTo(a, 5), 11);
  run.handle(answerTo(a, 8), 12);
  run.handle(answerTo(c, 25), 26);
  run.handle(answerTo(b, 15), 30); // answered before c: overtaken on the way back
  run.handle(answerTo(e, 45), 50);
  run.handle(answerTo(d, 48), 52); // answered after e: overtaken on the way there
  const { counters } = run.summary();
  assert.deepEqual([counters.answered, counters.duplicates, counters.duplicatesUp], [5, 2, 1]);
  assert.deepEqual([counters.reordered, counters.reorderedUp, counters.reorderedDown], [2, 1, 1]);
  assert.equal(run.summary().fromSent?.count, 5);
});

Deno.test("probe run: a good peer has no findings, and its clock is known within the round trip", () => {
  const run = newRun();
  exchange(run, 100, () => ({}));
  const { claims } = run.summary();
  assert.deepEqual(claims?.findings, []);
  assert.deepEqual([claims?.checked, claims?.clockSteps, claims?.timestampUnit], [100, 0, "ms"]);
  assert.equal(claims?.observed, "198.51.100.7:40000");
  assert.ok(Math.abs(claims?.clock?.offsetMs ?? NaN) <= (claims?.clock?.uncertaintyMs ?? 0));
});

/** What each broken peer does, the findings that must come of it, and whether its answers count. */
const BROKEN: readonly {
  readonly name: string;
  readonly changes: (question: Question, i: number) => Record<string, unknown>;
  readonly want: readonly string[];
  readonly answered: number;
}[] = [
  {
    name: "time stamps in seconds",
    changes: (q, i) => ({
      original_timestamp: Math.floor(q.timestampMs / 1000),
      response_timestamp: Math.floor((UNIX + i * 1000) / 1000),
      latency_ms: 0,
    }),
    want: ["timestamp-echo", "timestamp-unit"],
    answered: 20,
  },
  {
    name: "time stamps in nanoseconds, beyond what JSON holds exactly",
    changes: () => ({ response_timestamp: UNIX * 1e6, latency_ms: 0 }),
    want: ["bad-answer", "timestamp-unit"],
    answered: 20,
  },
  {
    name: "a clock that steps back",
    changes: (q, i) => i < 10 ? {} : { response_timestamp: q.timestampMs + 10 - 900, latency_ms: -890 },
    want: ["clock-step"],
    answered: 20,
  },
  {
    name: "one wild time stamp",
    changes: (q, i) => i !== 5 ? {} : { response_timestamp: q.timestampMs + 60_000, latency_ms: 60_000 },
    want: ["clock-outlier"],
    answered: 20,
  },
  {
    name: "a clock that stands still",
    changes: (q) => ({ response_timestamp: UNIX, latency_ms: UNIX - q.timestampMs }),
    want: ["clock-stuck"],
    answered: 20,
  },
  {
    name: "a clock that runs a thousandth too fast",
    changes: (q, i) => ({ response_timestamp: q.timestampMs + 10 + i, latency_ms: 10 + i }),
    want: ["clock-drift"],
    answered: 60,
  },
  {
    name: "sequence numbers off by one",
    changes: (q) => ({ sequence: q.sequence + 1 }),
    want: ["sequence-echo"],
    answered: 20,
  },
  {
    name: "no challenge",
    changes: () => ({ challenge: undefined }),
    want: ["challenge-echo"],
    answered: 20,
  },
  {
    name: "a made-up challenge, which proves nothing",
    changes: () => ({ challenge: "ffffffffffffffff" }),
    want: ["challenge-echo"],
    answered: 0,
  },
  {
    name: "latency_ms that is half a round trip",
    changes: () => ({ latency_ms: 5 }),
    want: ["latency-sum"],
    answered: 20,
  },
  {
    name: "another session's answer",
    changes: () => ({ session_id: "11111111-1111-4111-8111-111111111111" }),
    want: ["session-echo"],
    answered: 20,
  },
  {
    name: "larger answers than questions",
    changes: () => ({ note: "x".repeat(300) }),
    want: ["answer-larger"],
    answered: 20,
  },
  { name: "no observed", changes: () => ({ observed: undefined }), want: ["observed-missing"], answered: 20 },
  {
    name: "a NAT that binds anew",
    changes: (_q, i) => ({ observed: { ...OBSERVED, port: i < 9 ? 40_000 : 40_001 } }),
    want: ["observed-changed"],
    answered: 20,
  },
  { name: "no latency_ms", changes: () => ({ latency_ms: undefined }), want: ["bad-answer"], answered: 20 },
];

for (const { name, changes, want, answered } of BROKEN) {
  Deno.test(`peer audit: ${name}: ${want.join(", ")}, and nothing else`, () => {
    const run = newRun();
    exchange(run, Math.max(20, answered), changes);
    assert.deepEqual(findingsOf(run)?.map(([id]) => id), want.toSorted((a, b) => order(a) - order(b)));
    assert.equal(run.counters.answered, answered);
    const first = drain(run).filter((event) => event.kind === "finding");
    assert.equal(first.length, want.length, "each kind is told once");
    for (const finding of run.summary().claims?.findings ?? []) {
      assert.notEqual(finding.detail, "");
      assert.equal(finding.requirement, FINDING_KINDS[finding.id].requirement);
    }
  });
}

function order(id: string): number {
  return (FINDING_IDS as readonly string[]).indexOf(id);
}

Deno.test("peer audit: every kind of finding has a broken peer above", () => {
  assert.deepEqual(new Set(BROKEN.flatMap(({ want }) => want)), new Set<string>(FINDING_IDS));
});

Deno.test("peer audit: over a stream an answer may be larger and say nothing of addresses", () => {
  const run = newRun({ isDatagram: false });
  exchange(run, 5, () => ({ observed: undefined, note: "x".repeat(300) }));
  assert.deepEqual(findingsOf(run), []);
});

Deno.test("probe run: answers to nothing, other messages and rubbish are strays and disturb nothing", () => {
  const run = newRun();
  const question = send(run, 0);
  run.handle(answerTo(question, 5, { sequence: 99, challenge: "00000000000000aa" }), 10);
  run.handle('{"type":"ACK"}', 11);
  run.handle(new Uint8Array([0, 1, 2]), 12);
  run.echo(50, 13);
  assert.equal(run.counters.strays, 4);
  run.handle(answerTo(question, 5), 20);
  assert.equal(run.counters.answered, 1);
  fc.assert(
    fc.property(fc.anything({ withBigInt: false }), (value) => {
      run.handle(JSON.stringify({ type: "HEARTBEAT_ACK", sequence: value, challenge: value }), 30);
    }),
    { seed: 6, numRuns: 300 },
  );
  assert.equal(run.counters.answered, 1);
});

Deno.test("probe run: where arrivals are heard, losses have a direction and one way has a delay", () => {
  const from = { sessionId: "11111111-1111-4111-8111-111111111111", peerId: "22222222-2222-4222-8222-222222222222" };
  const run = new ProbeRun({ ...newRun({ waitMs: 100 }).options, from, hearsArrivals: true });
  const [a, b, c, d] = [0, 10, 20, 30].map((ms) => send(run, ms));
  run.arrived(a.sequence, a.challenge, 4);
  run.arrived(a.sequence, a.challenge, 5);
  run.handle(answerTo(a, 4), 9);
  run.arrived(b.sequence, "0000000000000000", 14);
  run.arrived(c.sequence, c.challenge, 26);
  run.timeout(200);
  const { counters } = run.summary();
  assert.deepEqual([counters.lostUp, counters.lostDown], [2, 1]);
  // It was only slow: after all it has arrived, and then it was answered.
  run.arrived(d.sequence, d.challenge, 210);
  assert.deepEqual([run.counters.lostUp, run.counters.lostDown], [1, 2]);
  run.handle(answerTo(d, 210), 220);
  run.handle(answerTo(c, 26), 230);
  assert.deepEqual([run.counters.lostUp, run.counters.lostDown, run.summary().lost], [1, 0, 1]);
  const { oneWay, claims } = run.summary();
  assert.deepEqual([oneWay?.count, oneWay?.minMs, oneWay?.maxMs], [3, 4, 180]);
  assert.deepEqual(claims?.findings, []);
});

Deno.test("probe run: methods without messages are timed by number alone and claim nothing", () => {
  const run = new ProbeRun({ ...newRun().options, method: "tcp-connect" });
  const first = send(run, 0);
  assert.equal(first.text, "");
  run.echo(first.sequence, 7);
  run.refuse(send(run, 10).sequence, "refused", "connection refused");
  const { fromSent, claims, counters } = run.summary();
  assert.deepEqual([fromSent?.maxMs, claims, counters.refused], [7, undefined, 1]);
});
