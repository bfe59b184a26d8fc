import assert from "node:assert/strict";
import { parseProbeTarget } from "./probe_target.ts";

Deno.test("probe target: every kind, its host and port, and how frames look", () => {
  const parts = (text: string) => {
    const { protocol, host, port, format } = parseProbeTarget(text);
    return [protocol, host, port, format];
  };
  assert.deepEqual(parts("udp://192.0.2.1:4000"), ["udp", "192.0.2.1", 4000, undefined]);
  assert.deepEqual(parts("relay://192.0.2.1:4000"), ["relay", "192.0.2.1", 4000, undefined]);
  assert.deepEqual(parts("tcp://[2001:db8::1]:5"), ["tcp", "2001:db8::1", 5, undefined]);
  assert.deepEqual(parts("tls://example.org:443"), ["tls", "example.org", 443, undefined]);
  assert.deepEqual(parts("ws://localhost:7480"), ["ws", "localhost", 7480, "phoenix"]);
  assert.deepEqual(parts("ws://localhost/plain"), ["ws", "localhost", 80, "plain"]);
  assert.deepEqual(parts("wss://example.org/socket/websocket"), ["wss", "example.org", 443, "phoenix"]);
  assert.equal(parseProbeTarget("ws://h:1/x", { format: "plain" }).format, "plain");
});

Deno.test("probe target: a token in the query does not get into the name", () => {
  assert.equal(parseProbeTarget("wss://h:9/socket/websocket?token=secret").name, "wss://h:9/socket/websocket");
  assert.equal(parseProbeTarget("udp://[::1]:9").name, "udp://[::1]:9");
});

Deno.test("probe target: what is none says what one looks like", () => {
  for (const text of ["", "127.0.0.1:5", "udp://127.0.0.1", "tcp://:5", "http://h", "udp:5", "ftp://h:1"]) {
    assert.throws(
      () => parseProbeTarget(text),
      /need udp:\/\/host:port, tcp:\/\/, tls:\/\/, ws:\/\/, wss:\/\/ or relay:\/\//,
      text,
    );
  }
});
