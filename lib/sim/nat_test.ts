import assert from "node:assert/strict";
import { SeededRng } from "../base/rng.ts";
import { Endpoints } from "./endpoint.ts";
import { Nat, type NatKind, type NatOptions } from "./nat.ts";

const endpoints = new Endpoints();
const inside = endpoints.of("10.0.0.2", 5000);
const server = endpoints.of("9.9.9.9", 3478);
const serverOtherPort = endpoints.of("9.9.9.9", 3479);
const stranger = endpoints.of("8.8.8.8", 1000);

function nat(kind: NatKind, options: Partial<NatOptions> = {}): Nat {
  return new Nat(endpoints, new SeededRng(1), { kind, publicIp: "1.2.3.4", ...options });
}

/** After the inside has sent to `server`: may these send in to the mapping? */
const FILTERS: readonly [NatKind, { server: boolean; otherPort: boolean; stranger: boolean }][] = [
  ["full_cone", { server: true, otherPort: true, stranger: true }],
  ["address_restricted", { server: true, otherPort: true, stranger: false }],
  ["port_restricted", { server: true, otherPort: false, stranger: false }],
  ["symmetric", { server: true, otherPort: false, stranger: false }],
];

for (const [kind, allowed] of FILTERS) {
  Deno.test(`Nat ${kind}: who may send in`, () => {
    const box = nat(kind);
    const outside = box.outbound(inside, server, 0);
    assert.ok(outside);
    assert.equal(outside.ip, "1.2.3.4");
    assert.deepEqual({
      server: box.inbound(server, outside, 1) === inside,
      otherPort: box.inbound(serverOtherPort, outside, 1) === inside,
      stranger: box.inbound(stranger, outside, 1) === inside,
    }, allowed);
  });

  Deno.test(`Nat ${kind}: one mapping for all remotes, unless symmetric`, () => {
    const box = nat(kind);
    const first = box.outbound(inside, server, 0);
    assert.equal(box.outbound(inside, server, 10), first, "the same remote keeps its mapping");
    const second = box.outbound(inside, stranger, 10);
    assert.equal(second === first, kind !== "symmetric");
    assert.ok(first && second);
    assert.equal(box.inbound(stranger, second, 11), inside, "who was sent to may answer");
  });

  Deno.test(`Nat ${kind}: nothing comes in before something went out`, () => {
    assert.equal(nat(kind).inbound(server, endpoints.of("1.2.3.4", 5000), 0), undefined);
  });

  Deno.test(`Nat ${kind}: a mapping ends after its timeout without outbound traffic, and not before`, () => {
    const box = nat(kind, { timeoutMs: 1000 });
    const outside = box.outbound(inside, server, 0);
    assert.ok(outside);
    assert.equal(box.outbound(inside, server, 900), outside, "outbound traffic refreshes");
    assert.equal(box.inbound(server, outside, 1899), inside);
    assert.equal(box.inbound(server, outside, 1900), undefined, "inbound traffic did not");
  });

  Deno.test(`Nat ${kind}: inbound traffic keeps a mapping alive where the NAT says so`, () => {
    const box = nat(kind, { timeoutMs: 1000, refreshedByInbound: true });
    const outside = box.outbound(inside, server, 0);
    assert.ok(outside);
    for (let nowMs = 900; nowMs < 9000; nowMs += 900) assert.equal(box.inbound(server, outside, nowMs), inside);
  });

  Deno.test(`Nat ${kind}: after a rebind old mappings are gone, and the address may be new`, () => {
    const box = nat(kind);
    const before = box.outbound(inside, server, 0);
    assert.ok(before);
    box.rebind("4.3.2.1");
    assert.equal(box.inbound(server, before, 1), undefined);
    const after = box.outbound(inside, server, 2);
    assert.equal(after?.ip, "4.3.2.1");
  });
}

Deno.test("Nat: a permission of a restricted NAT ends on its own while the mapping lives on", () => {
  const box = nat("port_restricted", { timeoutMs: 1000 });
  const outside = box.outbound(inside, stranger, 0);
  assert.ok(outside);
  box.outbound(inside, server, 900);
  assert.equal(box.inbound(stranger, outside, 1100), undefined);
  assert.equal(box.inbound(server, outside, 1100), inside);
});

Deno.test("Nat: cones keep the inside port where it is free; two hosts with one port get two", () => {
  const box = nat("port_restricted");
  const neighbour = endpoints.of("10.0.0.3", 5000);
  const first = box.outbound(inside, server, 0);
  const second = box.outbound(neighbour, server, 0);
  assert.equal(first?.port, 5000);
  assert.notEqual(second?.port, 5000);
  assert.ok(second);
  assert.equal(box.inbound(server, second, 1), neighbour);
});

Deno.test("Nat: a symmetric one never keeps the port pattern that would give its mappings away", () => {
  const box = nat("symmetric");
  const ports = Array.from({ length: 20 }, (_, i) => box.outbound(inside, endpoints.of("9.9.9.9", 100 + i), 0)?.port);
  assert.equal(new Set(ports).size, 20);
  assert.ok(!ports.includes(5000));
});

Deno.test("Nat: an expired mapping gives its port to the next who wants it", () => {
  const box = nat("full_cone", { timeoutMs: 100 });
  const neighbour = endpoints.of("10.0.0.3", 5000);
  assert.equal(box.outbound(inside, server, 0)?.port, 5000);
  assert.equal(box.outbound(neighbour, server, 200)?.port, 5000);
  assert.notEqual(box.outbound(inside, server, 201)?.port, 5000);
});

Deno.test("Nat: with every port in use a new mapping is refused, and an old one still works", () => {
  const box = nat("symmetric");
  let last: ReturnType<Nat["outbound"]>;
  for (let i = 0; i < 64_512; i++) last = box.outbound(inside, endpoints.of(`5.5.${i >> 15}.1`, i & 0x7fff), 0);
  assert.ok(last);
  assert.equal(box.outbound(inside, stranger, 0), undefined);
  assert.equal(box.inbound(endpoints.of("5.5.1.1", 64_511 & 0x7fff), last, 1), inside);
});
