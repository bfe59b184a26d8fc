import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, readU16, readU32, utf8 } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import { ARC_SECRETS_TYPE, writePcapngHeader, writePcapngPacket, writePcapngSecrets } from "./pcapng_writer.ts";
import { writeUdpPacket } from "./udp_packet_writer.ts";
import { absent } from "./testing/absent.ts";

interface Block {
  readonly type: number;
  readonly body: Uint8Array;
}

/** A reader made from the format's description alone, so that it shares no mistake with the writer. */
function blocks(file: Uint8Array): Block[] {
  const found: Block[] = [];
  for (let at = 0; at < file.length;) {
    const length = readU32(file, at + 4);
    assert.equal(length % 4, 0);
    assert.equal(readU32(file, at + length - 4), length, "a block ends with its length");
    found.push({ type: readU32(file, at), body: file.subarray(at + 8, at + length - 4) });
    at += length;
  }
  return found;
}

Deno.test("pcapng: a file begins with a big-endian section and an interface of bare IP packets", () => {
  const [section, description, ...rest] = blocks(writePcapngHeader("arcrtc 1", "session"));
  assert.deepEqual([section.type, description.type, rest.length], [0x0a0d0d0a, 1, 0]);
  assert.equal(readU32(section.body, 0), 0x1a2b3c4d);
  assert.deepEqual([readU16(section.body, 4), readU16(section.body, 6)], [1, 0]);
  assert.equal(readU16(description.body, 0), 101);
});

Deno.test("pcapng: a packet keeps its bytes, its microsecond and its direction, whatever its length", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 70 }),
      fc.constantFrom("in" as const, "out" as const),
      fc.integer({ min: 0, max: 2 ** 42 }),
      fc.integer({ min: 0, max: 999 }),
      (bytes, direction, wholeMs, microseconds) => {
        const [{ type, body }] = blocks(writePcapngPacket({ bytes, direction, unixMs: wholeMs + microseconds / 1000 }));
        assert.equal(type, 6);
        assert.equal(
          BigInt(readU32(body, 4)) * 2n ** 32n + BigInt(readU32(body, 8)),
          BigInt(wholeMs) * 1000n + BigInt(microseconds),
        );
        assert.deepEqual([readU32(body, 12), readU32(body, 16)], [bytes.length, bytes.length]);
        assert.deepEqual(new Uint8Array(body.subarray(20, 20 + bytes.length)), bytes);
        const flags = 20 + Math.ceil(bytes.length / 4) * 4;
        assert.deepEqual([readU16(body, flags), readU16(body, flags + 2)], [2, 4]);
        assert.equal(readU32(body, flags + 4), direction === "in" ? 1 : 2);
      },
    ),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("pcapng: secrets are the key log's text under our own type", () => {
  const [{ type, body }] = blocks(writePcapngSecrets("ARCRTC_MASTER x 0 00\n"));
  assert.equal(type, 10);
  assert.equal(readU32(body, 0), ARC_SECRETS_TYPE);
  assert.equal(readU32(body, 4), 21);
  assert.equal(new TextDecoder().decode(body.subarray(8, 29)), "ARCRTC_MASTER x 0 00\n");
});

const TSHARK_ABSENT = absent("tshark");

Deno.test({
  name: `pcapng: tshark reads what was written, finds every checksum right and no complaint${
    TSHARK_ABSENT ? ` (${TSHARK_ABSENT})` : ""
  }`,
  ignore: TSHARK_ABSENT !== undefined,
  fn() {
    const packet = (from: string, to: string, text: string) =>
      unwrap(writeUdpPacket({ host: from, port: 1000 }, { host: to, port: 2000 }, utf8(text)));
    const file = concatBytes(
      writePcapngHeader("arcrtc 1", "session"),
      writePcapngSecrets("ARCRTC_MASTER x 0 00\n"),
      writePcapngPacket({
        bytes: packet("127.0.0.1", "192.0.2.9", "odd"),
        direction: "out",
        unixMs: 1_700_000_000_123.456,
      }),
      writePcapngPacket({ bytes: packet("::1", "2001:db8::7", "even"), direction: "in", unixMs: 1_700_000_000_125 }),
    );
    const path = Deno.makeTempFileSync({ suffix: ".pcapng" });
    try {
      Deno.writeFileSync(path, file);
      const fields = [
        "frame.time_epoch",
        "ip.src",
        "ipv6.dst",
        "udp.srcport",
        "udp.dstport",
        "udp.length",
        "data.data",
      ];
      const { stdout, stderr, success } = new Deno.Command("tshark", {
        args: [
          ...["-r", path, "-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-T", "fields"],
          ...fields.flatMap((field) => ["-e", field]),
          ...["-e", "udp.checksum.status", "-e", "ip.checksum.status", "-E", "separator=,"],
        ],
      }).outputSync();
      const complaints = new TextDecoder().decode(stderr).split("\n").filter((line) => !/^$|as user "root"/.test(line));
      assert.deepEqual([success, complaints], [true, []]);
      assert.deepEqual(new TextDecoder().decode(stdout).trim().split("\n"), [
        "1700000000.123456000,127.0.0.1,,1000,2000,11,6f6464,1,1",
        "1700000000.125000000,,2001:db8::7,1000,2000,12,6576656e,1,",
      ]);
    } finally {
      Deno.removeSync(path);
    }
  },
});
