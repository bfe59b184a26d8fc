import assert from "node:assert/strict";
import { deflateRawSync } from "node:zlib";
import { deflateMessages, text, untext } from "../testing/streams.ts";
import { MessageInflater } from "./message_inflater.ts";
import { unwrap } from "../../base/parsed.ts";

const WORDS = Array.from({ length: 40 }, (_, i) => `{"type":"HEARTBEAT","sequence":${i}}`);

Deno.test("inflater: messages that refer back to those before them, also far back", async () => {
  const long = Array.from({ length: 3000 }, (_, i) => `line ${(i * 7919) % 3001} `).join("");
  const messages = [...WORDS, long, ...WORDS, long, ""].map(text);
  const inflater = new MessageInflater(true, 100_000);
  for (const [i, compressed] of (await deflateMessages(...messages)).entries()) {
    assert.equal(untext(unwrap(inflater.inflate(compressed))), untext(messages[i]));
  }
});

Deno.test("inflater: without a window kept each message stands alone", async () => {
  const [first] = await deflateMessages(text(WORDS[0]));
  const inflater = new MessageInflater(false, 1000);
  for (let i = 0; i < 3; i++) assert.equal(untext(unwrap(inflater.inflate(first))), WORDS[0]);
  inflater.lose();
  assert.equal(untext(unwrap(inflater.inflate(first))), WORDS[0]);
});

Deno.test("inflater: a bomb is refused at the limit, without being blown up", () => {
  const bomb = deflateRawSync(new Uint8Array(100_000_000));
  const inflater = new MessageInflater(true, 10_000);
  const outcome = inflater.inflate(bomb);
  assert.equal(!outcome.ok && outcome.fault.reason, "too_large");
  const next = inflater.inflate(bomb);
  assert.equal(!next.ok && next.fault.reason, "bad_state", "the window is lost with the message");
});

Deno.test("inflater: after a loss messages that may refer to it are refused, and noise is no message", async () => {
  const [, second] = await deflateMessages(text(WORDS[0]), text(WORDS[0]));
  const fresh = new MessageInflater(true, 1000);
  const outcome = fresh.inflate(second);
  assert.equal(!outcome.ok && outcome.fault.reason, "bad_value");
  const noise = new MessageInflater(false, 1000).inflate(Uint8Array.of(7, 7, 7, 7, 7));
  assert.equal(!noise.ok && noise.fault.reason, "bad_value");
});
