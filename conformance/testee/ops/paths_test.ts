import { type Row, testRows } from "../testing.ts";

const offset = (...exchanges: readonly (readonly [number, number, number])[]) => ({
  op: "path.clock_offset",
  exchanges: exchanges.map(([sent_ms, received_ms, response_timestamp]) => ({
    sent_ms,
    received_ms,
    response_timestamp,
  })),
});

const ROWS: readonly Row[] = [
  { name: "one exchange", request: offset([1000, 1040, 6020]), answer: { ok: { offset_ms: 5000 } } },
  {
    name: "of two the faster, wherever it stands",
    request: offset([1000, 1400, 6350], [2000, 2010, 7005], [3000, 3100, 8090]),
    answer: { ok: { offset_ms: 5000 } },
  },
  { name: "no exchange", request: offset(), answer: { ok: { offset_ms: null } } },
  {
    name: "an answer before its HEARTBEAT",
    request: offset([1000, 999, 0]),
    answer: { error: "$.exchanges[0].received_ms must not be before sent_ms" },
  },
  {
    name: "a HEARTBEAT before the last answer",
    request: offset([1000, 1010, 0], [1005, 1020, 0]),
    answer: { error: "$.exchanges[1].sent_ms must not go back" },
  },
];

testRows("path.clock_offset", ROWS);
