import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { type HttpHead, parseHttpHead, readHttpHead } from "./http_head.ts";

/** What is told of a request that comes in these pieces, with how many pieces were needed. */
function read(...pieces: readonly string[]): { told: readonly [HttpHead | undefined, string][]; listeners: number } {
  const socket = new EventEmitter();
  const told: [HttpHead | undefined, string][] = [];
  readHttpHead(socket as Socket, (head, rest) => told.push([head, rest.toString("latin1")]));
  for (const piece of pieces) socket.emit("data", Buffer.from(piece, "latin1"));
  return { told, listeners: socket.listenerCount("data") };
}

const GET = "GET /plain?x=1 HTTP/1.1\r\nHost: h\r\nX: a \r\nx:b\r\n\r\n";

Deno.test("a head is read with its target and fields, however it comes", () => {
  for (const pieces of [[GET], [...GET], [GET.slice(0, -1), "\n"], [GET.slice(0, 30), GET.slice(30)]]) {
    const { told: [[head, rest]], listeners } = read(...pieces);
    assert.deepEqual({ ...head, headers: { ...head?.headers } }, {
      method: "GET",
      url: "/plain?x=1",
      headers: { host: "h", x: "a, b" },
    });
    assert.equal(rest, "");
    assert.equal(listeners, 0);
  }
});

Deno.test("what comes behind the head in the same read is handed on, and told once", () => {
  const { told } = read(`${GET.slice(0, 20)}`, `${GET.slice(20)}\x81\x80abcd${GET}`, GET);
  assert.equal(told.length, 1);
  assert.equal(told[0][1], `\x81\x80abcd${GET}`);
});

Deno.test("a head that does not end is no head, as soon as it is too long", () => {
  const line = "a: b\r\n";
  const { told, listeners } = read("GET / HTTP/1.1\r\n", ...Array(2727).fill(line));
  assert.deepEqual(told, []);
  assert.equal(listeners, 1);
  assert.deepEqual(read("GET / HTTP/1.1\r\n", ...Array(2728).fill(line)).told.map(([head]) => head), [undefined]);
  assert.deepEqual(read(`GET / HTTP/1.1\r\n${line.repeat(2800)}\r\n`).told.map(([head]) => head), [undefined]);
});

Deno.test("what does not even begin as a request is refused with its first bytes", () => {
  for (const bytes of ["\x16\x03\x01", "\0\x02{}", "\r\n", "get", "GE\t", "GETA/"]) {
    assert.deepEqual(read(bytes).told.map(([head]) => head), [undefined], JSON.stringify(bytes));
  }
  for (const bytes of ["G", "GET", "GET ", "GET \x01"]) assert.deepEqual(read(bytes).told, [], JSON.stringify(bytes));
});

Deno.test("a malformed request line or field is no head (RFC 9112 §3, §5.1, §5.2)", () => {
  const malformed = [
    "",
    "GET /",
    "GET  / HTTP/1.1",
    "get / HTTP/1.1",
    "GET / HTTP/2.0",
    "GET /\x7f HTTP/1.1",
    "PRI * HTTP/2.0",
    "\x16\x03\x01\x02",
    "GET / HTTP/1.1\r\nno colon",
    "GET / HTTP/1.1\r\n: b",
    "GET / HTTP/1.1\r\na : b",
    "GET / HTTP/1.1\r\na: b\r\n continued",
    "GET / HTTP/1.1\r\na: b\nc: d",
    "GET / HTTP/1.1\r\na: \0",
  ];
  for (const text of malformed) assert.equal(parseHttpHead(text), undefined, JSON.stringify(text));
});

Deno.test("a field of any name is only a field", () => {
  const head = parseHttpHead("GET / HTTP/1.1\r\n__proto__: x\r\nconstructor: y");
  assert.deepEqual(Object.entries(head?.headers ?? {}), [["__proto__", "x"], ["constructor", "y"]]);
  assert.equal(parseHttpHead("GET / HTTP/1.1")?.headers["toString"], undefined);
});
