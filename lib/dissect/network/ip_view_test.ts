import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes } from "../../base/bytes.ts";
import { fragmentExtension, hex, ipv4, ipv6, udp } from "../testing/packets.ts";
import { ipv4Text, ipv6Text } from "./ip_text.ts";
import { IpView } from "./ip_view.ts";

const BODY = udp(Uint8Array.of(1, 2, 3));
const DIRT = new Uint8Array(5).fill(0x60);

function parse(packet: Uint8Array, end = packet.length): IpView {
  const ip = new IpView();
  const pool = concatBytes(DIRT, packet, DIRT);
  assert.ok(ip.parse(pool, DIRT.length, DIRT.length + end), ip.problem);
  return ip;
}

function payloadOf(ip: IpView): Uint8Array {
  return ip.bytes.slice(ip.payloadStart, ip.payloadEnd);
}

function problemOf(packet: Uint8Array): string {
  const ip = new IpView();
  assert.equal(ip.parse(packet, 0, packet.length), false);
  return ip.problem;
}

Deno.test("ip: IPv4 with options, and without what the frame pads it with", () => {
  const packet = ipv4(BODY, { options: hex("01010101 94040000"), from: "192.0.2.1", to: "198.51.100.255" });
  const ip = parse(concatBytes(packet, new Uint8Array(7)));
  assert.deepEqual(payloadOf(ip), BODY);
  assert.deepEqual([ip.version, ip.protocol, ip.missingBytes, ip.isFragment], [4, 17, 0, false]);
  assert.equal(ipv4Text(ip.header, ip.sourceAt), "192.0.2.1");
  assert.equal(ipv4Text(ip.header, ip.destinationAt), "198.51.100.255");
});

Deno.test("ip: a length of 0, as the sending machine sees it, means all that was captured", () => {
  assert.deepEqual(payloadOf(parse(ipv4(BODY, { totalLength: 0 }))), BODY);
});

Deno.test("ip: what the capture cut off is counted", () => {
  const ip = parse(ipv4(BODY), 26);
  assert.deepEqual([ip.payloadEnd - ip.payloadStart, ip.missingBytes], [6, BODY.length - 6]);
});

Deno.test("ip: IPv6 through a chain of extension headers", () => {
  const packet = ipv6(BODY, {
    extensions: [
      [0, hex("00 01040000 0000")],
      [60, hex("01 01 0c 000000000000000000000000")],
      [43, hex("00 0000 00000000")],
      [51, hex("01 0000 00000001 00000002")],
      [135, hex("00 0000 00000000")],
    ],
  });
  const ip = parse(concatBytes(packet, DIRT));
  assert.deepEqual(payloadOf(ip), BODY);
  assert.deepEqual([ip.version, ip.protocol, ip.isFragment], [6, 17, false]);
  assert.equal(ipv6Text(ip.header, ip.sourceAt), "2001:db8::1");
});

Deno.test("ip: fragments of both versions; one that is a whole packet is read on", () => {
  const first = parse(ipv4(new Uint8Array(16), { id: 77, moreFragments: true }));
  assert.deepEqual([first.isFragment, first.fragmentOffset, first.hasMoreFragments, first.fragmentId], [
    true,
    0,
    true,
    77,
  ]);
  const last = parse(ipv4(new Uint8Array(3), { id: 77, fragmentOffset: 65_528 }));
  assert.deepEqual([last.isFragment, last.fragmentOffset, last.hasMoreFragments], [true, 65_528, false]);
  const middle = parse(ipv6(new Uint8Array(8), { extensions: [fragmentExtension(16, true, 0xdeadbeef)] }));
  assert.deepEqual(
    [middle.isFragment, middle.fragmentOffset, middle.hasMoreFragments, middle.fragmentId, middle.protocol],
    [true, 16, true, 0xdeadbeef, 17],
  );
  const atomic = parse(ipv6(BODY, { extensions: [fragmentExtension(0, false, 1)] }));
  assert.deepEqual([atomic.isFragment, payloadOf(atomic)], [false, BODY]);
});

Deno.test("ip: headers that contradict themselves or end early are told apart", () => {
  assert.equal(problemOf(new Uint8Array(0)), "truncated");
  assert.equal(problemOf(hex("45000014")), "truncated");
  assert.equal(problemOf(ipv6(BODY).subarray(0, 39)), "truncated");
  assert.equal(problemOf(concatBytes(Uint8Array.of(0x44), ipv4(BODY).subarray(1))), "malformed");
  assert.equal(problemOf(concatBytes(Uint8Array.of(0x4f), ipv4(BODY).subarray(1))), "malformed");
  assert.equal(problemOf(concatBytes(Uint8Array.of(0x75), ipv4(BODY).subarray(1))), "malformed");
  assert.equal(problemOf(ipv4(BODY, { totalLength: 12 })), "malformed");
  assert.equal(problemOf(ipv6(new Uint8Array(4), { extensions: [[0, hex("ff")]] })), "truncated");
});

Deno.test("ip: a chain of extension headers without end is cut", () => {
  const endless = ipv6(BODY, { extensions: Array.from({ length: 17 }, () => [60, hex("00 0104 00000000")] as const) });
  assert.equal(problemOf(endless), "malformed");
});

Deno.test("ip: any bytes give an answer inside of them", () => {
  const seeds = [ipv4(BODY), ipv6(BODY, { extensions: [[0, hex("00 01040000 0000")], fragmentExtension(8, true, 1)] })];
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 5 }),
      fc.nat(80),
      (seed, flips, length) => {
        const packet = seed.slice();
        for (const [at, value] of flips) packet[at % packet.length] = value;
        const ip = new IpView();
        const end = Math.min(length, packet.length);
        if (!ip.parse(packet, 0, end)) return;
        assert.ok(0 < ip.payloadStart && ip.payloadStart <= ip.payloadEnd && ip.payloadEnd <= end);
      },
    ),
    { seed: 22, numRuns: 2000 },
  );
});

Deno.test("ip: IPv6 addresses as RFC 5952 writes them", () => {
  const texts: [string, string][] = [
    ["00000000000000000000000000000000", "::"],
    ["00000000000000000000000000000001", "::1"],
    ["20010db8000000000000000000000001", "2001:db8::1"],
    ["20010db8000000010001000100010001", "2001:db8:0:1:1:1:1:1"],
    ["20010000000000010000000000000001", "2001:0:0:1::1"],
    ["fe800000000000000000000000000000", "fe80::"],
    ["00010002000300040005000600070008", "1:2:3:4:5:6:7:8"],
    ["00000000000000000000ffffc0000201", "::ffff:192.0.2.1"],
    ["00010000000000020000000000000003", "1:0:0:2::3"],
    ["20010db8000000000001000000000001", "2001:db8::1:0:0:1"],
  ];
  for (const [bytes, text] of texts) assert.equal(ipv6Text(concatBytes(DIRT, hex(bytes)), DIRT.length), text);
});
