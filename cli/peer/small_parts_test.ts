/** Durations, figures, the live line, the metrics post: small things with edges. */
import assert from "node:assert/strict";
import { AddressTable, FIRST_STREAM_ADDRESS } from "../../lib/base/address_table.ts";
import type { SignalingLink } from "../../lib/net/signaling_link.ts";
import { MemoryIo } from "../ui/io.ts";
import { formatDuration, parseDurationMs } from "./duration.ts";
import { formatBitrate, formatBytes, formatMs, formatShare } from "./figures_text.ts";
import { LiveLine } from "./live_line.ts";
import { MetricsPost, withMetrics } from "./metrics_post.ts";
import { isLoopbackHost, localEndpoints } from "./network_info.ts";
import { PacketCapture } from "./packet_capture.ts";
import { parseIp } from "../../lib/dissect/ip_packet_writer.ts";

Deno.test("durations: units, and what is none", () => {
  for (
    const [text, ms] of [["500ms", 500], ["10s", 10_000], ["1.5m", 90_000], ["2h", 7_200_000], ["3", 3000]] as const
  ) {
    assert.equal(parseDurationMs(text), ms);
  }
  for (const text of ["", "0", "0s", "-1s", "1d", "s", "1 s", "1e3", "Infinity"]) {
    assert.equal(parseDurationMs(text), undefined, text);
  }
  assert.deepEqual([400, 59_940, 65_000, 3_600_000].map(formatDuration), ["0.4 s", "59.9 s", "1 m 05 s", "60 m 00 s"]);
});

Deno.test("figures: units that people use, a dash for what was not measured", () => {
  assert.deepEqual([0, 950, 48_200, 312_345, 2_500_000].map(formatBitrate), [
    "0 bit/s",
    "950 bit/s",
    "48.2 kbit/s",
    "312 kbit/s",
    "2.5 Mbit/s",
  ]);
  assert.deepEqual([0, 999, 54_321, 1_234_567].map(formatBytes), ["0 B", "999 B", "54.3 kB", "1.2 MB"]);
  assert.deepEqual([formatMs(1.25), formatMs(undefined), formatShare(0.0123), formatShare(undefined)], [
    "1.3",
    "-",
    "1.2 %",
    "-",
  ]);
});

Deno.test("live line: one line on a terminal, nothing elsewhere", () => {
  const terminal = Object.assign(new MemoryIo(), { stderrIsTerminal: true, columns: 20 });
  const live = new LiveLine(terminal, true);
  live.clear();
  assert.equal(terminal.err, "");
  live.show("a line that is longer than the terminal");
  assert.equal(terminal.err, "\r\x1b[Ka line that is long");
  live.clear();
  live.clear();
  assert.equal(terminal.err, "\r\x1b[Ka line that is long\r\x1b[K");

  const pipe = new MemoryIo();
  new LiveLine(pipe, true).show("x");
  const unwanted = Object.assign(new MemoryIo(), { stderrIsTerminal: true });
  new LiveLine(unwanted, false).show("x");
  assert.deepEqual([pipe.err, unwanted.err], ["", ""]);
});

Deno.test("ARC-METRICS-channels metrics post: METRICS go to the server and to the URL, other messages to the server alone", async () => {
  const posted: unknown[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const collector = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    posted.push([request.method, request.headers.get("content-type"), await request.json()]);
    resolve();
    return new Response("ok");
  });
  const sent: string[] = [];
  const link: SignalingLink = {
    name: "test",
    peerCertificateSha256: undefined,
    bufferedBytes: 0,
    send: (text) => void sent.push(text),
    close() {},
  };
  const failures: string[] = [];
  const post = new MetricsPost(`http://127.0.0.1:${collector.addr.port}/in`, (why) => failures.push(why));
  const wrapped = withMetrics(link, post);
  const metrics = { type: "METRICS", latency: {}, timestamp: 5 };
  const other = { type: "DISCONNECT", note: '"METRICS"' };
  wrapped.send(JSON.stringify(other));
  wrapped.send(JSON.stringify(metrics));
  await promise;
  await collector.shutdown();
  assert.deepEqual(sent.map((text) => JSON.parse(text)), [other, metrics]);
  assert.deepEqual(posted, [["POST", "application/json", metrics]]);
  assert.deepEqual(failures, []);
});

Deno.test("metrics post: a collector that is not there is told of once, not at each try", async () => {
  const failures: string[] = [];
  const post = new MetricsPost("http://127.0.0.1:1/", (why) => failures.push(why));
  await post.send({});
  await post.send({});
  assert.equal(failures.length, 1);
});

Deno.test("network info: a bound address is the only one; of all, loopback comes only where it can be of use", () => {
  assert.deepEqual(localEndpoints({ host: "192.0.2.9", port: 7 }, true), [{ ip: "192.0.2.9", port: 7 }]);
  const all = localEndpoints({ host: "0.0.0.0", port: 7 }, true);
  assert.ok(all.length >= 1 && all.length <= 8);
  assert.ok(isLoopbackHost(all[0].ip));
  for (const { ip, port } of all) assert.deepEqual([parseIp(ip)?.length, port], [4, 7]);
  const outer = localEndpoints({ host: "0.0.0.0", port: 7 }, false);
  assert.ok(outer.length >= 1);
  assert.ok(outer.every(({ ip }) => !isLoopbackHost(ip)) || outer.length === all.length);
  assert.deepEqual(["localhost", "127.3.2.1", "::1", "[::1]", "10.0.0.1", "example.org"].map(isLoopbackHost), [
    true,
    true,
    true,
    true,
    false,
    false,
  ]);
});

Deno.test("capture: units of an address that nobody knows any more are passed over", () => {
  const path = Deno.makeTempFileSync();
  try {
    const addresses = new AddressTable();
    const known = addresses.intern("127.0.0.1", 9);
    const capture = new PacketCapture(path, { local: { host: "0.0.0.0", port: 5 }, addresses }, 0);
    const empty = Deno.statSync(path).size;
    capture.unit("in", Uint8Array.of(1), 77, 0);
    assert.equal(Deno.statSync(path).size, empty);
    capture.unit("out", Uint8Array.of(1), known, 0);
    capture.close();
    assert.equal(capture.packets, 1);
    const file = Deno.readFileSync(path);
    // From and to loopback, though the socket was bound to all addresses.
    const ip = file.findIndex((byte, i) => byte === 0x45 && file[i + 9] === 17);
    assert.deepEqual([...file.subarray(ip + 12, ip + 20)], [127, 0, 0, 1, 127, 0, 0, 1]);
  } finally {
    Deno.removeSync(path);
  }
});

Deno.test("capture: a relay that is known by name stands there with the address that the name had", () => {
  const path = Deno.makeTempFileSync();
  try {
    const relay = { host: "relay.example", port: 5349, ip: "203.0.113.7" };
    const addresses = { describe: () => relay };
    const capture = new PacketCapture(path, { local: { host: "192.0.2.1", port: 5 }, addresses }, 0);
    capture.unit("out", Uint8Array.of(1), FIRST_STREAM_ADDRESS, 0);
    capture.close();
    const file = Deno.readFileSync(path);
    const tcp = file.findIndex((byte, i) => byte === 0x45 && file[i + 9] === 6);
    assert.deepEqual([...file.subarray(tcp + 12, tcp + 20)], [192, 0, 2, 1, 203, 0, 113, 7]);
  } finally {
    Deno.removeSync(path);
  }
});
