import assert from "node:assert/strict";
import { parseHex, utf8 } from "../lib/base/bytes.ts";
import { unwrap } from "../lib/base/parsed.ts";
import { Transcript } from "./transcript.ts";

Deno.test("transcript: what makes a join token good is kept neither as text nor as bytes, and nothing moves", () => {
  const transcript = new Transcript(() => 0);
  const message = '{"token":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwZWVyIn0.c2lnbmF0dXJl-_x","a":1}';
  transcript.moved("sent", "caller", utf8(message));
  const [entry] = transcript.entries;
  assert.ok(entry.kind === "sent" && entry.text !== undefined);
  assert.equal(entry.text, message.replace("c2lnbmF0dXJl-_x", "x".repeat(15)));
  assert.equal(new TextDecoder().decode(unwrap(parseHex(entry.hex))), entry.text);
});

Deno.test("transcript: bytes that are no text are kept as they are", () => {
  const transcript = new Transcript(() => 0);
  transcript.moved("received", "media", Uint8Array.of(0x90, 0xe0, 0));
  assert.deepEqual(transcript.entries, [{ kind: "received", line: "media", hex: "90e000", atMs: 0 }]);
});
