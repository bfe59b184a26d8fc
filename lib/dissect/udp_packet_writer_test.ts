import assert from "node:assert/strict";
import { readU16, toHex, utf8 } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import { parseIp } from "./ip_packet_writer.ts";
import { writeUdpPacket } from "./udp_packet_writer.ts";

const from = { host: "10.0.0.1", port: 5000 };

Deno.test("writeUdpPacket: IPv4, byte for byte", () => {
  const packet = unwrap(writeUdpPacket(from, { host: "10.0.0.2", port: 6000 }, utf8("Hi!")));
  // Checksums worked out by hand after RFC 1071.
  assert.equal(
    toHex(packet),
    "4500001f" + "00004000" + "401126cc" + "0a000001" + "0a000002" + "13881770" + "000b" + "5774" + "486921",
  );
});

/** The ones' complement sum over a packet with a right checksum is all ones. */
function sum(b: Uint8Array, pseudo: number): number {
  let total = pseudo;
  for (let i = 0; i < b.length; i += 2) total += (b[i] << 8) | (b[i + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

Deno.test("writeUdpPacket: IPv6 has its lengths and a checksum that adds up", () => {
  for (const text of ["", "x", "even", "odd length"]) {
    const packet = unwrap(writeUdpPacket({ host: "fe80::1%eth0", port: 1 }, { host: "::2", port: 2 }, utf8(text)));
    assert.equal(packet.length, 48 + text.length);
    assert.equal(readU16(packet, 4), 8 + text.length);
    assert.equal(sum(packet.subarray(8), 17 + 8 + text.length), 0xffff);
  }
});

Deno.test("writeUdpPacket: what cannot be a packet is refused", () => {
  assert.equal(writeUdpPacket(from, { host: "::1", port: 1 }, utf8("x")).ok, false);
  assert.equal(writeUdpPacket(from, { host: "localhost", port: 1 }, utf8("x")).ok, false);
  assert.equal(writeUdpPacket(from, from, new Uint8Array(65_508)).ok, false);
  assert.equal(writeUdpPacket(from, from, new Uint8Array(65_507)).ok, true);
});

Deno.test("parseIp: addresses of both families, and what is none", () => {
  const hex = (text: string) => {
    const bytes = parseIp(text);
    return bytes === undefined ? undefined : toHex(bytes);
  };
  assert.equal(hex("192.0.2.255"), "c00002ff");
  assert.equal(hex("::"), "0".repeat(32));
  assert.equal(hex("::1"), "0".repeat(31) + "1");
  assert.equal(hex("2001:db8::a:b"), "20010db8" + "0".repeat(16) + "000a000b");
  assert.equal(hex("1:2:3:4:5:6:7:8"), "00010002000300040005000600070008");
  assert.equal(hex("::ffff:1.2.3.4"), "01020304");
  assert.equal(hex("64:ff9b::1.2.3.4"), "0064ff9b" + "0".repeat(16) + "01020304");
  for (
    const wrong of ["", "1.2.3", "1.2.3.256", "1.2.3.4.5", "::1::2", ":::", "1:2:3:4:5:6:7", "g::", "::1.2.3", "a:b"]
  ) {
    assert.equal(hex(wrong), undefined, wrong);
  }
});
