import assert from "node:assert/strict";
import fc from "fast-check";
import { utf8 } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import { answerNilHeartbeat } from "../net/udp_heartbeat.ts";
import { EXAMPLES } from "../signaling/examples.ts";
import { parseMessage } from "../signaling/parse_message.ts";
import {
  ANSWERABLE_HEARTBEAT_BYTES,
  MAX_HEARTBEAT_BYTES,
  MIN_HEARTBEAT_BYTES,
  readReply,
  writeHeartbeat,
} from "./heartbeat_text.ts";

const FIELDS = { sequence: 7, challenge: "0123456789abcdef", timestampMs: 1_760_000_000_000 };

Deno.test("heartbeat text: valid, for the server itself, as long as asked for", () => {
  for (const size of [MIN_HEARTBEAT_BYTES, ANSWERABLE_HEARTBEAT_BYTES, 700, 1150]) {
    const text = writeHeartbeat(FIELDS, size);
    const message = unwrap(parseMessage(text));
    assert.ok(message.type === "HEARTBEAT" && message.sequence === 7 && message.challenge === FIELDS.challenge);
    assert.equal(message.session_id, "00000000-0000-0000-0000-000000000000");
    assert.equal(text.length, size);
  }
});

Deno.test("ARC-SIG-heartbeat-sender-fields: in a session a heartbeat names its sender, else nobody", () => {
  const from = { sessionId: "11111111-1111-4111-8111-111111111111", peerId: "22222222-2222-4222-8222-222222222222" };
  const message = unwrap(parseMessage(writeHeartbeat({ ...FIELDS, from }, 400)));
  assert.ok(message.type === "HEARTBEAT");
  assert.deepEqual([message.session_id, message.peer_id], [from.sessionId, from.peerId]);
  assert.doesNotMatch(writeHeartbeat(FIELDS, 400), /peer_id|token/);
});

Deno.test("heartbeat text: sizes beyond what pad can do give the nearest that is possible", () => {
  assert.equal(unwrap(parseMessage(writeHeartbeat(FIELDS, 0))).type, "HEARTBEAT");
  assert.ok(writeHeartbeat(FIELDS, 0).length <= MIN_HEARTBEAT_BYTES);
  const largest = writeHeartbeat({ ...FIELDS, sequence: 0, timestampMs: 0 }, 9999);
  assert.equal(largest.length, MAX_HEARTBEAT_BYTES);
  assert.equal(unwrap(parseMessage(largest)).type, "HEARTBEAT");
});

Deno.test("ARC-RELAY-nil-heartbeat-size: a padded heartbeat is answered, whatever its numbers and address", () => {
  const edges = [0, 1, 999, 1_760_000_000_000, Number.MAX_SAFE_INTEGER];
  fc.assert(
    fc.property(
      fc.constantFrom(...edges),
      fc.constantFrom(...edges),
      fc.constantFrom(...edges),
      fc.constantFrom("1.2.3.4", "255.255.255.255", "2001:db8:1234:5678:9abc:def0:1234:5678"),
      (sequence, timestampMs, unixMs, host) => {
        const question = utf8(writeHeartbeat({ ...FIELDS, sequence, timestampMs }, ANSWERABLE_HEARTBEAT_BYTES));
        const answer = answerNilHeartbeat(question, { host, port: 65_535 }, unixMs);
        assert.ok(answer !== undefined && answer.length <= question.length);
      },
    ),
    { seed: 4, numRuns: 200 },
  );
  const short = utf8(writeHeartbeat(FIELDS, MIN_HEARTBEAT_BYTES));
  assert.equal(answerNilHeartbeat(short, { host: "1.2.3.4", port: 5 }, 1_760_000_000_000), undefined);
});

Deno.test("heartbeat text: replies are sorted, and any bytes give a reply", () => {
  const ack = JSON.stringify(EXAMPLES.HEARTBEAT_ACK.minimal);
  const good = readReply(utf8(ack));
  assert.ok(good.kind === "ack" && good.bytes === ack.length);
  const bad = readReply(JSON.stringify({ ...EXAMPLES.HEARTBEAT_ACK.minimal, response_timestamp: 1.5 }));
  assert.ok(bad.kind === "bad_ack" && bad.fault.path === "$.response_timestamp");
  assert.equal(readReply(JSON.stringify(EXAMPLES.ERROR.minimal)).kind, "error");
  assert.equal(readReply(JSON.stringify(EXAMPLES.CONNECT.minimal)).kind, "other");
  assert.equal(readReply("[1]").kind, "other");
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      readReply(bytes);
    }),
    { seed: 5, numRuns: 300 },
  );
});
