import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes } from "../../base/bytes.ts";
import { MemoryBudget } from "../network/memory_budget.ts";
import { hex } from "../testing/packets.ts";
import { deflateMessages, text, untext, wsFrame } from "../testing/streams.ts";
import { StreamSession } from "./stream_session.ts";

const REQUEST =
  "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
const ANSWER = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n";
const UNIT = '{"type":"ACK"}';
const FRAMED = concatBytes(hex("000e"), text(UNIT));

function session() {
  const units: string[] = [];
  const notes: string[] = [];
  const budget = new MemoryBudget(1_000_000);
  const made = new StreamSession({
    unit: (direction, kind, bytes, start, end) =>
      units.push(`${direction} ${kind} ${untext(bytes.subarray(start, end))}`),
    note: (direction, message) => notes.push(`${direction} ${message}`),
  }, budget);
  const take = (direction: 0 | 1, bytes: Uint8Array | string, piece = 1e9, isSegmentStart = true) => {
    const whole = typeof bytes === "string" ? text(bytes) : bytes;
    for (let at = 0; at < whole.length; at += piece) {
      made.directions[direction].data(whole, at, Math.min(whole.length, at + piece), isSegmentStart);
    }
  };
  const end = () => {
    for (const direction of made.directions) direction.end();
    assert.equal(budget.usedBytes, 0);
  };
  return { units, notes, made, take, end };
}

Deno.test("stream: a WebSocket from its handshake on, both directions, in pieces of any size", () => {
  for (const piece of [1, 5, 1000]) {
    const { units, notes, made, take, end } = session();
    made.opened(1);
    take(1, REQUEST, piece);
    take(0, concatBytes(text(`${ANSWER}\r\n`), wsFrame(text(UNIT))), piece);
    take(1, wsFrame(text(UNIT), { mask: 3 }), piece);
    assert.deepEqual(units, [`0 websocket ${UNIT}`, `1 websocket ${UNIT}`]);
    assert.deepEqual([notes, made.client], [[], 1]);
    end();
  }
});

Deno.test("stream: compression is what the handshake says for each direction", async () => {
  const [a] = await deflateMessages(text(UNIT));
  const [, b] = await deflateMessages(text(UNIT), text(UNIT));
  const { units, notes, made, take } = session();
  made.opened(0);
  take(0, REQUEST);
  take(1, `${ANSWER}Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n\r\n`);
  take(0, wsFrame(a, { compressed: true, mask: 1 }));
  take(0, wsFrame(a, { compressed: true, mask: 2 }));
  take(1, wsFrame(a, { compressed: true }));
  take(1, wsFrame(b, { compressed: true }));
  assert.deepEqual(units.length, 4);
  take(0, wsFrame(b, { compressed: true, mask: 1 }));
  assert.match(notes[0], /^0 Cannot inflate message: it is no DEFLATE stream, or refers to what is not here/);
});

Deno.test("stream: HTTP that becomes no WebSocket is not ours", () => {
  const { units, made, take } = session();
  made.opened(0);
  take(0, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  take(1, "HTTP/1.1 200 OK\r\n\r\n");
  take(1, FRAMED);
  assert.deepEqual([units, made.kind], [[], "http"]);
  const refused = session();
  refused.made.opened(0);
  refused.take(0, REQUEST);
  refused.take(1, "HTTP/1.1 403 Forbidden\r\nUpgrade: websocket\r\n\r\n");
  refused.take(1, wsFrame(text(UNIT)));
  assert.deepEqual(refused.units, []);
  const endless = session();
  endless.made.opened(0);
  endless.take(0, `GET /${"x".repeat(30_000)}`, 1400);
  endless.end();
});

Deno.test("stream: framed units and NATS, from the first byte and from the middle", () => {
  for (const isFromStart of [true, false]) {
    const framed = session();
    if (isFromStart) framed.made.opened(0);
    framed.take(0, concatBytes(FRAMED, FRAMED));
    framed.take(1, FRAMED);
    assert.deepEqual(framed.units, [`0 framed ${UNIT}`, `0 framed ${UNIT}`, `1 framed ${UNIT}`]);
    framed.end();

    const nats = session();
    if (isFromStart) nats.made.opened(0);
    nats.take(1, "INFO {}\r\n");
    nats.take(0, "PUB arcrtc.x 2\r\n{}\r\n");
    assert.deepEqual(nats.units, ["0 nats {}"]);
    nats.end();
  }
});

Deno.test("stream: the first bytes may come one by one", () => {
  const { units, made, take } = session();
  made.opened(0);
  take(0, FRAMED, 1);
  assert.deepEqual(units, [`0 framed ${UNIT}`]);
});

Deno.test("stream: a WebSocket under way is known by its frames, in either direction", () => {
  for (const first of [wsFrame(text(UNIT)), wsFrame(text(UNIT), { mask: 77 })]) {
    const { units, take } = session();
    take(0, first);
    take(1, wsFrame(text(UNIT)));
    assert.deepEqual(units, [`0 websocket ${UNIT}`, `1 websocket ${UNIT}`]);
  }
});

Deno.test("stream: TLS and what nobody knows give no units", () => {
  const tls = session();
  tls.made.opened(0);
  tls.take(0, hex("1603010200010001fc0303"));
  assert.equal(tls.made.kind, "tls");
  const ssh = session();
  ssh.made.opened(0);
  ssh.take(0, "SSH-2.0-OpenSSH_9.2\r\n");
  assert.equal(ssh.made.kind, "other");
  const middle = session();
  middle.take(0, "the middle of something", 1e9, false);
  assert.equal(middle.made.kind, "other");
});

Deno.test("stream: a hole in the handshake still leaves frames to be found", () => {
  const { units, made, take } = session();
  made.opened(0);
  take(0, REQUEST);
  take(1, ANSWER);
  made.directions[1].gap();
  take(1, wsFrame(text(UNIT)));
  made.directions[0].gap();
  take(0, wsFrame(text(UNIT), { mask: 1 }));
  assert.deepEqual(units, [`1 websocket ${UNIT}`, `0 websocket ${UNIT}`]);
});

Deno.test("stream: any bytes in both directions come to an end and give their memory back", () => {
  const parts = fc.oneof(
    fc.constantFrom<Uint8Array>(
      text(REQUEST),
      text(`${ANSWER}\r\n`),
      FRAMED,
      wsFrame(text("[]")),
      text("PUB arcrtc.x 9\r\n"),
    ),
    fc.uint8Array({ maxLength: 40 }),
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.boolean(), parts, fc.boolean()), { maxLength: 12 }),
      fc.boolean(),
      (list, opened) => {
        const { made, take, end } = session();
        if (opened) made.opened(0);
        for (const [isBack, bytes, hole] of list) {
          if (hole) made.directions[isBack ? 1 : 0].gap();
          take(isBack ? 1 : 0, bytes, 7);
        }
        end();
      },
    ),
    { seed: 91, numRuns: 800 },
  );
});
