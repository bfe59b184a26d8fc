import assert from "node:assert/strict";
import { isIPv4, isIPv6 } from "node:net";
import fc from "fast-check";
import { isHost, isIp, isIpv4, isIpv6 } from "./address.ts";

const SEED = 3986;

Deno.test("ARC-SIG-message-tables: IP addresses are those that the platform's own check takes, zones aside", () => {
  const texts = [
    ...["0.0.0.0", "255.255.255.255", "1.2.3", "1.2.3.4.5", "01.2.3.4", "256.1.1.1", "1.2.3.", "1.2.3.4 ", "1.2.3.-4"],
    ...["::", "::1", "1::", "2001:db8::7", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7"],
    ...["1:2:3:4:5:6:7:8:9", "1::2::3", ":::", ":1", "1:", "12345::", "g::", "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4"],
    ...["1.2.3.4::", "::1.2.3.4:5", "::1.2.3", "::ffff:256.1.1.1", "1:2:3:4:5:6:7:1.2.3.4", "[::1]", "", "localhost"],
  ];
  for (const text of texts) {
    assert.equal(isIpv4(text), isIPv4(text), text);
    assert.equal(isIpv6(text), isIPv6(text), text);
    assert.equal(isIp(text), isIPv4(text) || isIPv6(text), text);
  }
  assert.ok(!isIp("fe80::1%eth0"));
  fc.assert(fc.property(fc.ipV4(), (text) => isIpv4(text)), { seed: SEED, numRuns: 100 });
  fc.assert(fc.property(fc.ipV6(), (text) => isIpv6(text)), { seed: SEED, numRuns: 100 });
  const near = fc.string({ unit: fc.constantFrom(..."0123456789abcdef:::..".split("")), maxLength: 20 });
  fc.assert(
    fc.property(near, (text) => {
      assert.equal(isIpv4(text), isIPv4(text), text);
      assert.equal(isIpv6(text), isIPv6(text), text);
    }),
    { seed: SEED, numRuns: 500 },
  );
});

Deno.test("ARC-SIG-message-tables: hosts are addresses or DNS names of at most 253 characters", () => {
  const label = "a".repeat(63);
  const long = `${label}.${label}.${label}.${"b".repeat(61)}`;
  assert.equal(long.length, 253);
  for (
    const host of [
      "a",
      "relay-1.example.com",
      "relay.example.com.",
      "x_y.z",
      "1.2.3.4",
      "::1",
      "xn--bcher-kva.ch",
      long,
    ]
  ) {
    assert.ok(isHost(host), host);
  }
  for (
    const host of [
      "",
      ".",
      "a..b",
      "-a.b",
      "a-.b",
      "a b",
      "1.2.3.256",
      "1.2",
      `${label}a`,
      `${long}c`,
      "b\u00fccher.ch",
      "[::1]",
    ]
  ) {
    assert.ok(!isHost(host), host);
  }
});
