import assert from "node:assert/strict";
import { addressKey, isLoopback } from "./address_key.ts";
import { AddressRate } from "./address_rate.ts";

Deno.test("limits per address count an IPv6 network of 64 bits as one, and IPv4 in IPv6 as IPv4", () => {
  const cases: [string, string][] = [
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::9", "2001:db8:1:2::/64"],
    ["2001:0DB8:0001:0002::", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["2001:db8::1:2:3:4:5", "2001:db8:0:1::/64"],
    ["::1", "0:0:0:0::/64"],
    ["::", "0:0:0:0::/64"],
    ["1::5.6.7.8", "1:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ];
  for (const [ip, key] of cases) assert.equal(addressKey(ip), key, ip);
});

Deno.test("loopback is what nobody else can reach", () => {
  for (const host of ["127.0.0.1", "127.8.9.10", "::1", "[::1]", "localhost", "::ffff:127.0.0.1"]) {
    assert.ok(isLoopback(host), host);
  }
  for (const host of ["0.0.0.0", "::", "192.168.0.1", "128.0.0.1", "localhost.example", "127.0.0.1.example", ""]) {
    assert.ok(!isLoopback(host), host);
  }
});

Deno.test("the rate holds for each address and for all of them, and comes back with time", () => {
  const rate = new AddressRate({ perAddress: 2, overall: 5 }, 0);
  const burst = (ip: string, nowMs: number) =>
    Array.from({ length: 6 }, () => rate.admit(ip, nowMs)).filter(Boolean).length;
  assert.equal(burst("192.0.2.1", 0), 4);
  assert.equal(burst("192.0.2.2", 0), 4);
  assert.equal(burst("192.0.2.3", 0), 2, "ten in all");
  assert.equal(burst("192.0.2.1", 500), 1);
  assert.equal(burst("192.0.2.2", 500), 1);
  assert.equal(burst("192.0.2.1", 100_000), 4, "never more than a burst, however long it was silent");
});

Deno.test("forged sources cannot make the rate limit grow without end", () => {
  const rate = new AddressRate({ perAddress: 1, overall: 1e9 }, 0);
  assert.ok(rate.admit("192.0.2.1", 0) && rate.admit("192.0.2.1", 0));
  assert.ok(!rate.admit("192.0.2.1", 0));
  for (let i = 0; i < 4096; i++) assert.ok(rate.admit(`10.${i >> 8}.${i & 255}.1`, 0));
  assert.ok(rate.admit("192.0.2.1", 0), "forgotten, as the oldest");
});
