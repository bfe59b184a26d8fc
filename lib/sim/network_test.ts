import assert from "node:assert/strict";
import { utf8 } from "../base/bytes.ts";
import { SeededRng } from "../base/rng.ts";
import type { Endpoint } from "./endpoint.ts";
import type { LinkOptions } from "../base/link.ts";
import type { NatKind } from "./nat.ts";
import { Network } from "./network.ts";
import type { TraceEvent } from "./trace.ts";

const ROUGH: Partial<LinkOptions> = {
  lossRate: 0.05,
  delayMs: 20,
  jitterMs: 10,
  reorderRate: 0.05,
  reorderMs: 15,
  duplicateRate: 0.02,
  bandwidthBps: 2_000_000,
  queueBytes: 30_000,
};

/** Two public hosts that send each other `count` numbered packets. */
function exchange(seed: number, link: Partial<LinkOptions>, count: number) {
  const network = new Network({ seed, link });
  const a = network.addHost("a", { ip: "1.1.1.1" });
  const b = network.addHost("b", { ip: "2.2.2.2" });
  const got: { data: Uint8Array; from: Endpoint; nowMs: number }[] = [];
  const toA = a.bindUdp(1000, () => {});
  const toB = b.bindUdp(2000, (data, from, nowMs) => {
    got.push({ data, from, nowMs });
    toB.send(data, from);
  });
  for (let i = 0; i < count; i++) {
    network.clock.at(i * 5, () => toA.send(Uint8Array.of(i >> 8, i, 0, 0), network.endpoints.of("2.2.2.2", 2000)));
  }
  network.runUntil(count * 5 + 1000);
  return { network, got, a, b };
}

Deno.test("Network: one seed, one history; another seed or setting, another", () => {
  const hash = exchange(1, ROUGH, 500).network.traceHash;
  assert.match(hash, /^[0-9a-f]{16}$/);
  assert.equal(exchange(1, ROUGH, 500).network.traceHash, hash);
  assert.notEqual(exchange(2, ROUGH, 500).network.traceHash, hash);
  assert.notEqual(exchange(1, { ...ROUGH, delayMs: 21 }, 500).network.traceHash, hash);
  assert.notEqual(exchange(1, ROUGH, 501).network.traceHash, hash);
});

Deno.test("Network: the links of one pair are the same whatever else is on the network", () => {
  const lostAlone = exchange(5, { lossRate: 0.2 }, 300).got.map(({ data }) => data[0] * 256 + data[1]);
  const network = new Network({ seed: 5, link: { lossRate: 0.2 } });
  const a = network.addHost("a", { ip: "1.1.1.1" });
  const b = network.addHost("b", { ip: "2.2.2.2" });
  const c = network.addHost("c", { ip: "3.3.3.3" });
  const got: number[] = [];
  b.bindUdp(2000, (data, from) => void (from.port === 1000 && got.push(data[0] * 256 + data[1])));
  const fromA = a.bindUdp(1000, () => {});
  const fromC = c.bindUdp(1001, () => {});
  for (let i = 0; i < 300; i++) {
    fromC.send(utf8("noise"), b.endpoint(2000));
    fromA.send(Uint8Array.of(i >> 8, i), b.endpoint(2000));
  }
  network.runUntil(1000);
  assert.deepEqual(got, lostAlone);
});

Deno.test("Network: a datagram arrives after the link's delay, from the sender's address", () => {
  const { got } = exchange(1, { delayMs: 30 }, 3);
  assert.deepEqual(got.map(({ nowMs }) => nowMs), [30, 35, 40]);
  assert.equal(got[0].from.text, "1.1.1.1:1000");
});

Deno.test("Network: every arrival has bytes of its own, and the sender may use its buffer again", () => {
  const network = new Network({ seed: 1, link: { duplicateRate: 1 } });
  const a = network.addHost("a", { ip: "1.1.1.1" });
  const b = network.addHost("b", { ip: "2.2.2.2" });
  const got: Uint8Array[] = [];
  b.bindUdp(7, (data) => {
    got.push(data.slice());
    data.fill(0xee);
  });
  const buffer = Uint8Array.of(1, 2, 3);
  a.bindUdp(0, () => {}).send(buffer, b.endpoint(7));
  buffer.fill(0xff);
  network.runUntil(10);
  assert.deepEqual(got, [Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 3)]);
});

Deno.test("Network: what is sent is delivered or dropped with a reason, and the tap sees all of it", () => {
  const network = new Network({ seed: 4, link: ROUGH });
  const events: TraceEvent[] = [];
  network.tap = (event) => void events.push({ ...event, data: event.data.slice() });
  const a = network.addHost("a", { ip: "1.1.1.1" });
  const b = network.addHost("b", { ip: "2.2.2.2" });
  b.bindUdp(9, () => {});
  const socket = a.bindUdp(0, () => {});
  for (let i = 0; i < 2000; i++) network.clock.at(i * 2, () => socket.send(new Uint8Array(1000), b.endpoint(9)));
  network.runUntil(20_000);
  const count = (kind: string) => events.filter((event) => event.kind === kind).length;
  const { counts } = network.link(a, b);
  assert.equal(count("sent"), 2000);
  assert.equal(count("delivered") + count("dropped"), 2000 + counts.duplicated);
  assert.ok(counts.dropped.queue > 100 && counts.dropped.loss > 10);
});

const REASONS: readonly [string, (network: Network) => void][] = [
  [
    "no_route",
    (n) => n.addHost("a", { ip: "1.1.1.1" }).bindUdp(0, () => {}).send(utf8("x"), n.endpoints.of("7.7.7.7", 1)),
  ],
  ["no_socket", (n) => {
    const b = n.addHost("b", { ip: "2.2.2.2" });
    n.addHost("a", { ip: "1.1.1.1" }).bindUdp(0, () => {}).send(utf8("x"), b.endpoint(1));
  }],
  ["host_down", (n) => {
    const b = n.addHost("b", { ip: "2.2.2.2" });
    b.bindUdp(1, () => assert.fail("a host that is down received"));
    n.addHost("a", { ip: "1.1.1.1" }).bindUdp(0, () => {}).send(utf8("x"), b.endpoint(1));
    b.isUp = false;
  }],
  ["mtu", (n) => {
    const b = n.addHost("b", { ip: "2.2.2.2" });
    n.addHost("a", { ip: "1.1.1.1" }).bindUdp(0, () => {}).send(new Uint8Array(1473), b.endpoint(1));
  }],
  ["nat_filtered", (n) => {
    const site = n.addNat({ kind: "full_cone", publicIp: "2.2.2.2" });
    n.addHost("b", { ip: "10.0.0.1", site }).bindUdp(1, () => assert.fail("let in without a mapping"));
    n.addHost("a", { ip: "1.1.1.1" }).bindUdp(0, () => {}).send(utf8("x"), n.endpoints.of("2.2.2.2", 1));
  }],
];

for (const [reason, arrange] of REASONS) {
  Deno.test(`Network: a datagram is dropped for ${reason}`, () => {
    const network = new Network({ seed: 1 });
    const reasons: (string | undefined)[] = [];
    network.tap = (event) => void (event.kind === "dropped" && reasons.push(event.reason));
    arrange(network);
    network.runUntil(10);
    assert.deepEqual(reasons, [reason]);
  });
}

/**
 * Hole punching: both sides learn their outside endpoint from a public server, then send to each other's. `reacts`:
 * each side also sends to wherever a packet came from (which is what makes symmetric NATs work against open ones).
 */
function punch(kindA: NatKind, kindB: NatKind): boolean {
  const network = new Network({ seed: 9, link: { delayMs: 10 } });
  const siteA = network.addNat({ kind: kindA, publicIp: "1.1.1.1" });
  const siteB = network.addNat({ kind: kindB, publicIp: "2.2.2.2" });
  const a = network.addHost("a", { ip: "10.0.0.1", site: siteA });
  const b = network.addHost("b", { ip: "10.0.0.1", site: siteB });
  const server = network.addHost("server", { ip: "9.9.9.9" });
  const seen: Endpoint[] = [];
  server.bindUdp(1, (_, from) => void seen.push(from));
  const heard = { a: false, b: false };
  const socketA = a.bindUdp(5000, (data, from) => {
    heard.a = true;
    if (data[0] === 1) socketA.send(Uint8Array.of(2), from);
  });
  const socketB = b.bindUdp(5000, (data, from) => {
    heard.b = true;
    if (data[0] === 1) socketB.send(Uint8Array.of(2), from);
  });
  socketA.send(Uint8Array.of(0), server.endpoint(1));
  network.runUntil(50);
  socketB.send(Uint8Array.of(0), server.endpoint(1));
  network.runUntil(100);
  for (let i = 0; i < 3; i++) {
    socketA.send(Uint8Array.of(1), seen[1]);
    socketB.send(Uint8Array.of(1), seen[0]);
    network.runUntil(150 + i * 50);
  }
  return heard.a && heard.b;
}

const CONES: readonly NatKind[] = ["full_cone", "address_restricted", "port_restricted"];

Deno.test("Network: hole punching works between cones of every kind", () => {
  for (const a of CONES) for (const b of CONES) assert.ok(punch(a, b), `${a} with ${b}`);
});

Deno.test("Network: a symmetric NAT can be reached from all but port-restricted and symmetric ones", () => {
  assert.deepEqual(
    [...CONES, "symmetric" as const].map((kind) => [kind, punch(kind, "symmetric")]),
    [["full_cone", true], ["address_restricted", true], ["port_restricted", false], ["symmetric", false]],
  );
});

Deno.test("Network: hosts behind one NAT reach one another directly; by the outside address only with hairpinning", () => {
  for (const hairpins of [false, true]) {
    const network = new Network({ seed: 1 });
    const site = network.addNat({ kind: "full_cone", publicIp: "1.1.1.1", hairpins });
    const a = network.addHost("a", { ip: "10.0.0.1", site });
    const b = network.addHost("b", { ip: "10.0.0.2", site });
    const server = network.addHost("server", { ip: "9.9.9.9" });
    let outsideB: Endpoint | undefined;
    server.bindUdp(1, (_, from) => void (outsideB = from));
    const got: string[] = [];
    const socketB = b.bindUdp(6000, (_, from) => void got.push(from.text));
    socketB.send(utf8("hello"), server.endpoint(1));
    network.runUntil(1);
    assert.ok(outsideB);
    const socketA = a.bindUdp(5000, () => {});
    socketA.send(utf8("direct"), b.endpoint(6000));
    socketA.send(utf8("around"), outsideB);
    network.runUntil(2);
    assert.deepEqual(got, hairpins ? ["10.0.0.1:5000", "1.1.1.1:5000"] : ["10.0.0.1:5000"]);
  }
});

Deno.test("Network: after a NAT rebind the peer sees a new endpoint, and the old one leads nowhere", () => {
  const network = new Network({ seed: 3, link: { delayMs: 5 } });
  const site = network.addNat({ kind: "port_restricted", publicIp: "1.1.1.1", keepsPorts: false });
  const a = network.addHost("a", { ip: "10.0.0.1", site });
  const b = network.addHost("b", { ip: "2.2.2.2" });
  const seen: Endpoint[] = [];
  const socketB = b.bindUdp(1, (_, from) => void seen.push(from));
  let answers = 0;
  const socketA = a.bindUdp(5000, () => void answers++);
  socketA.send(utf8("1"), b.endpoint(1));
  network.runUntil(10);
  network.rebind(site, "1.1.1.2");
  socketB.send(utf8("late"), seen[0]);
  network.runUntil(20);
  assert.equal(answers, 0);
  socketA.send(utf8("2"), b.endpoint(1));
  network.runUntil(30);
  socketB.send(utf8("now"), seen[1]);
  network.runUntil(40);
  assert.equal(answers, 1);
  assert.equal(seen[1].ip, "1.1.1.2");
  assert.notEqual(seen[0], seen[1]);
});

Deno.test("Network: a cut holds both ways until mended, and a host that moves is found at its new address only", () => {
  const network = new Network({ seed: 1 });
  const a = network.addHost("a", { ip: "1.1.1.1" });
  const b = network.addHost("b", { ip: "2.2.2.2" });
  const got: string[] = [];
  const fromA = a.bindUdp(1, (_, from) => void got.push(`a from ${from.text}`));
  const fromB = b.bindUdp(1, (_, from) => void got.push(`b from ${from.text}`));
  const both = () => {
    fromA.send(utf8("x"), network.endpoints.of("2.2.2.2", 1));
    fromB.send(utf8("x"), network.endpoints.of("1.1.1.1", 1));
    network.runUntil(network.clock.nowMs + 1);
  };
  network.cut(a, b);
  both();
  assert.deepEqual(got, []);
  network.cut(a, b, false);
  both();
  assert.deepEqual(got.splice(0), ["b from 1.1.1.1:1", "a from 2.2.2.2:1"]);
  b.moveTo("3.3.3.3");
  both();
  assert.deepEqual(got, ["a from 3.3.3.3:1"]);
  assert.equal(fromB.local.text, "3.3.3.3:1");
});

Deno.test("Network: an hour of 50 packets a second each way runs through, and its memory is only what is under way", () => {
  const network = new Network({ seed: 2, link: { delayMs: 40, jitterMs: 20, lossRate: 0.01 } });
  const a = network.addHost("a", { ip: "1.1.1.1" });
  const b = network.addHost("b", { ip: "2.2.2.2" });
  let received = 0;
  const fromA = a.bindUdp(1, () => void received++);
  const fromB = b.bindUdp(1, () => void received++);
  const payload = new SeededRng(1).fill(new Uint8Array(60));
  const tick = () => {
    fromA.send(payload, b.endpoint(1));
    fromB.send(payload, a.endpoint(1));
    network.clock.after(20, tick);
  };
  tick();
  network.runUntil(3_600_000);
  assert.ok(network.clock.pending < 20, `${network.clock.pending}`);
  assert.ok(Math.abs(received / 360_000 - 0.99) < 0.001, `${received}`);
});

Deno.test("Network: set-up mistakes are errors", () => {
  const network = new Network({ seed: 1 });
  const a = network.addHost("a", { ip: "1.1.1.1" });
  a.bindUdp(5, () => {});
  assert.throws(() => a.bindUdp(5, () => {}), /taken/);
  assert.throws(() => network.addHost("b", { ip: "1.1.1.1" }), /another host/);
});
