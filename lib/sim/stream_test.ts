import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, utf8 } from "../base/bytes.ts";
import { SeededRng } from "../base/rng.ts";
import type { LinkOptions } from "../base/link.ts";
import { Network } from "./network.ts";
import { type SimStream, type StreamListener, StreamStack } from "./stream.ts";

/** Two hosts, a listener on b:80 whose streams are kept, and a log of what both ends are told. */
function setUp(link: Partial<LinkOptions>, seed = 1) {
  const network = new Network({ seed, link });
  const stack = new StreamStack(network);
  const a = network.addHost("a", { ip: "1.1.1.1" });
  const b = network.addHost("b", { ip: "2.2.2.2" });
  const log: string[] = [];
  const got = { a: [] as Uint8Array[], b: [] as Uint8Array[] };
  const accepted: SimStream[] = [];
  const listener = (end: "a" | "b"): StreamListener => ({
    onOpen: (nowMs) => void log.push(`${end} open ${nowMs}`),
    onData: (bytes) => void got[end].push(bytes),
    onEnd: (reason, nowMs) => void log.push(`${end} ${reason} ${nowMs}`),
  });
  stack.listen(b, 80, (stream) => {
    accepted.push(stream);
    return listener("b");
  });
  return { network, stack, a, b, log, got, accepted, listener };
}

Deno.test("SimStream: a connection opens after one round trip, carries both ways, and closes after the last byte", () => {
  const { network, stack, a, b, log, got, accepted, listener } = setUp({ delayMs: 25 });
  const stream = stack.connect(a, b.endpoint(80), listener("a"));
  stream.write(utf8("early"));
  network.runUntil(49);
  assert.deepEqual(log, []);
  network.runUntil(200);
  assert.deepEqual(log, ["a open 50"]);
  accepted[0].write(utf8("hello"));
  stream.write(utf8(" data"));
  stream.close();
  assert.equal(stream.write(utf8("no more")), false);
  network.runUntil(1000);
  assert.equal(new TextDecoder().decode(concatBytes(...got.b)), "early data");
  assert.equal(new TextDecoder().decode(concatBytes(...got.a)), "hello");
  assert.deepEqual(log, ["a open 50", "b closed 225", "a closed 250"]);
});

Deno.test("SimStream: every byte arrives once and in order, through loss, reordering, duplication and a narrow link", () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 12 }),
      (seed, sizes) => {
        const { network, stack, a, b, got, listener } = setUp({
          lossRate: 0.1,
          delayMs: 10,
          jitterMs: 5,
          reorderRate: 0.2,
          reorderMs: 30,
          duplicateRate: 0.1,
          bandwidthBps: 4_000_000,
          queueBytes: 100_000,
        }, seed);
        const rng = new SeededRng(seed);
        const written = sizes.map((size) => rng.fill(new Uint8Array(size)));
        const stream = stack.connect(a, b.endpoint(80), listener("a"));
        for (const bytes of written) stream.write(bytes);
        network.runUntil(120_000);
        assert.deepEqual(concatBytes(...got.b), concatBytes(...written));
        assert.equal(stream.queuedBytes, 0);
      },
    ),
    { seed: 4, numRuns: 40 },
  );
});

Deno.test("SimStream: a lost segment holds back those behind it", () => {
  const { network, stack, a, b, got, listener } = setUp({ delayMs: 10 });
  const stream = stack.connect(a, b.endpoint(80), listener("a"));
  network.runUntil(100);
  network.link(a, b).isCut = true;
  stream.write(utf8("first"));
  network.link(a, b).isCut = false;
  stream.write(utf8("second"));
  network.runUntil(299);
  assert.deepEqual(got.b, []);
  network.runUntil(310);
  assert.deepEqual(got.b.map((bytes) => new TextDecoder().decode(bytes)), ["first", "second"]);
});

Deno.test("SimStream: a narrow link makes a large write slow, not lossy", () => {
  const { network, stack, a, b, got, listener } = setUp({ delayMs: 20, bandwidthBps: 8_000_000, queueBytes: 100_000 });
  const stream = stack.connect(a, b.endpoint(80), listener("a"));
  stream.write(new Uint8Array(1_000_000));
  network.runUntil(900);
  assert.ok(stream.queuedBytes > 0);
  assert.ok(concatBytes(...got.b).length < 900_000);
  network.runUntil(1600);
  assert.equal(concatBytes(...got.b).length, 1_000_000);
  assert.equal(network.link(a, b).counts.dropped.queue, 0);
});

Deno.test("SimStream: nobody listening refuses; nobody there times out", () => {
  const { network, stack, a, b, log, listener } = setUp({ delayMs: 5 });
  const refused = stack.connect(a, b.endpoint(81), listener("a"));
  network.runUntil(100);
  assert.deepEqual(log.splice(0), ["a refused 10"]);
  assert.ok(refused.isEnded);
  b.isUp = false;
  stack.connect(a, b.endpoint(80), listener("a"));
  network.runUntil(60_000);
  assert.equal(log.length, 1);
  assert.match(log[0], /^a timeout/);
});

Deno.test("SimStream: abort resets the other end; a cut ends both who still send by timeout", () => {
  const { network, stack, a, b, log, accepted, listener } = setUp({ delayMs: 5 });
  stack.connect(a, b.endpoint(80), listener("a")).write(utf8("x"));
  network.runUntil(50);
  accepted[0].abort();
  network.runUntil(100);
  assert.deepEqual(log.splice(0), ["a open 10", "b reset 50", "a reset 55"]);
  const second = stack.connect(a, b.endpoint(80), listener("a"));
  network.runUntil(200);
  network.cut(a, b);
  second.write(utf8("into the dark"));
  network.runUntil(60_000);
  assert.equal(log.filter((line) => /^a timeout/.test(line)).length, 1);
});

Deno.test("SimStream: an end whose reset was lost is told when it next sends", () => {
  const { network, stack, a, b, log, accepted, listener } = setUp({ delayMs: 5 });
  const stream = stack.connect(a, b.endpoint(80), listener("a"));
  network.runUntil(50);
  network.cut(a, b);
  accepted[0].abort();
  network.runUntil(100);
  network.cut(a, b, false);
  assert.deepEqual(log.splice(0), ["a open 10", "b reset 50"]);
  stream.write(utf8("anyone?"));
  network.runUntil(200);
  assert.deepEqual(log, ["a reset 110"]);
});

Deno.test("SimStream: goes out through a NAT, comes not in, and breaks when the NAT forgets it", () => {
  const network = new Network({ seed: 1, link: { delayMs: 5 } });
  const stack = new StreamStack(network);
  const site = network.addNat({ kind: "port_restricted", publicIp: "1.1.1.1", keepsPorts: false });
  const a = network.addHost("a", { ip: "10.0.0.1", site });
  const b = network.addHost("b", { ip: "2.2.2.2" });
  const log: string[] = [];
  const listener = (end: string): StreamListener => ({
    onData: (bytes) => void log.push(`${end} got ${new TextDecoder().decode(bytes)}`),
    onEnd: (reason) => void log.push(`${end} ${reason}`),
  });
  stack.listen(a, 80, () => listener("a"));
  stack.listen(b, 80, (stream) => {
    assert.equal(stream.remote.ip, "1.1.1.1");
    stream.write(utf8("welcome"));
    return listener("b");
  });
  stack.connect(b, network.endpoints.of("1.1.1.1", 80), listener("b"));
  network.runUntil(60_000);
  assert.deepEqual(log.splice(0), ["b timeout"]);
  const stream = stack.connect(a, b.endpoint(80), listener("a"));
  network.runUntil(61_000);
  assert.deepEqual(log.splice(0), ["a got welcome"]);
  network.rebind(site);
  stream.write(utf8("still here?"));
  network.runUntil(62_000);
  assert.deepEqual(log, ["a reset"]);
});
