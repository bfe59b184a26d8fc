import assert from "node:assert/strict";
import { EXAMPLES } from "../../lib/signaling/examples.ts";
import { freshTestee } from "../../conformance/testee/testing.ts";
import { EXIT } from "../exit_codes.ts";
import { runArgs } from "../testing/run_line.ts";

const decode = (...args: string[]) => runArgs(["decode", ...args]);

async function decodeJson(...args: string[]) {
  const { out, exitCode, err } = await decode("--json", ...args);
  return { exitCode, err, unit: JSON.parse(out) };
}

const PACKET = "90ef00010000000200000003bede000112aabbcc50030bb8ff4869";

Deno.test("decode: a packet as people see it", async () => {
  const { exitCode, out, err } = await decode(PACKET);
  assert.equal(err, "");
  assert.equal(exitCode, EXIT.ok);
  assert.equal(
    out,
    `\
ArcRTP packet, 27 bytes, valid   arcrtc-1.0: there is an Arc block behind the RTP header
 bit  bits  field                   value     meaning
   0    96  RTP header              90 ef 00 01 00 00 00 02 00 00 00 03
   0     2    Version               2         Version of RTP, always 2.
   2     1    Padding               0         The payload ends with padding, whose last byte counts…
   3     1    Extension             1         A header extension follows the CSRC list.
   4     4    CSRC count            0         Number of entries in the CSRC list.
   8     1    Marker                1         Set by the payload format: the last packet of a video…
   9     7    Payload type          111       Format of the payload, as announced in STREAM_START; …
  16    16    Sequence number       1         Grows by one with each packet of the SSRC.
  32    32    Timestamp             2         Sampling instant in ticks of the stream's clock.
  64    32    SSRC                  3         0x00000003
  96    64  Header extension        be de 00 01 12 aa bb cc
  96    16    Profile               48862     0xbede
 112    16    Length                1         4 bytes
 128    32    Element               12 aa bb cc
 128     4      Id                  1         What the element holds; 0 is padding, 15 ends the lis…
 132     4      Length less one     2         Bytes of data that follow, less one.
 136    24      Absolute send time  11189196  42.683395 s
 160    40  Arc block               50 03 0b b8 ff
 160     2    Quality               1         Q: rung of the stream's quality ladder, 0 the best.
 162     2    Priority              1         high
 164     2    Key phase             0         K: low two bits of the epoch whose keys protect the p…
 166     2    Reserved              0         Sent as 0 and ignored.
 168     8    Flags                 3         0x03
 168     6      Reserved flags      0         Sent as 0 and ignored.
 174     1      Loss present        1         A loss byte follows the bandwidth.
 175     1      Bandwidth valid     1         The bandwidth field counts.
 176    16    Bandwidth             3000      3000 kbps
 192     8    Loss                  255       25.5 %
 200    16  Payload                 2 bytes   48 69  |Hi|
`,
  );
});

Deno.test("decode: --verbose adds description and clause, and cuts nothing", async () => {
  const { out } = await decode(PACKET, "--verbose");
  assert.match(out, /^ 162 +2 +Priority +1 +high {2}PR: audio, video key frame, .* {2}\[ARC-RTP-priority-values\]$/m);
  assert.doesNotMatch(out, /…/);
});

Deno.test("decode: a packet cut short shows what there is, the fault, and where", async () => {
  const { exitCode, out } = await decode(PACKET.slice(0, 30));
  assert.equal(exitCode, EXIT.finding);
  assert.deepEqual(out.trimEnd().split("\n").slice(-4), [
    "fault  truncated at byte 15: Cannot parse ArcRTP header: need 16 bytes, got 15",
    "rule   ARC-RTP-minimum-length: A full packet shorter than 16 bytes is malformed; one of exactly 16 …",
    "    0  90 ef 00 01 00 00 00 02 00 00 00 03 be de 00",
    "                                                    ^^ byte 15",
  ]);
  assert.match(out, /^ {2}96 +16 +Profile +48862 +0xbede$/m);
});

Deno.test("decode: a message that breaks its table shows path, place and rule", async () => {
  const stop = JSON.stringify({ ...EXAMPLES.STREAM_STOP.minimal, reason: "bored" });
  const { exitCode, out } = await decode(stop);
  assert.equal(exitCode, EXIT.finding);
  const at = stop.indexOf('"bored"');
  assert.match(out, new RegExp(`^fault  bad_value at \\$\\.reason, byte ${at}: .*user_request`, "m"));
  assert.match(out, /^rule {3}ARC-SIG-stream-stop-fields: /m);
  const [text, mark] = out.trimEnd().split("\n").slice(-2);
  assert.equal(text.slice(mark.indexOf("^")).slice(0, 7), '"bored"');
});

Deno.test("decode: of JSON that breaks off, what came before it is shown", async () => {
  const { out, exitCode } = await decode('{"type":"ACK","x":[1,{"y":true}],"z":"brea');
  assert.equal(exitCode, EXIT.finding);
  assert.match(out, /^ACK message, 42 bytes, malformed/);
  assert.match(out, /^ +26 +4 +y +true$/m);
  assert.match(out, /^ +32 +10 +malformed +10 bytes +,"z":"brea$/m);
  assert.match(out, /^fault {2}bad_json at \$\.z, byte 42/m);
});

Deno.test("decode --json: every bit of the packet has its place", async () => {
  const { exitCode, unit } = await decodeJson(PACKET);
  assert.equal(exitCode, EXIT.ok);
  const { fields, packet, ...rest } = unit;
  assert.deepEqual(rest, {
    schema: "arcrtc.decode/1",
    kind: "arcrtp",
    dialect: "arcrtc-1.0",
    why: "there is an Arc block behind the RTP header",
    valid: true,
    bytes: 27,
    hex: PACKET,
    fault: null,
    notes: [],
  });
  assert.deepEqual(packet.arc, {
    quality: 1,
    priority: 1,
    key_phase: 0,
    flags: 3,
    bandwidth_kbps: 3000,
    loss_tenths: 255,
  });
  assert.deepEqual(fields.at(-1), {
    name: "arcrtp.payload",
    label: "Payload",
    bit_offset: 200,
    bit_length: 16,
    value: "4869",
  });
  const block = fields.find(({ name }: { name: string }) => name === "arcrtp.block");
  assert.deepEqual(block.children[1], {
    name: "arcrtp.priority",
    label: "Priority",
    bit_offset: 162,
    bit_length: 2,
    value: 1,
    text: "high",
  });
});

Deno.test("decode --json: faults have reason, place and rule, and the unit has no body", async () => {
  const { exitCode, unit } = await decodeJson("806f0001000000020000000300020000");
  assert.equal(exitCode, EXIT.finding);
  assert.equal(unit.valid, false);
  assert.deepEqual(unit.fault, {
    reason: "truncated",
    offset: 16,
    need: 17,
    message: "Cannot parse ArcRTP header: need 17 bytes, got 16",
    rule: "ARC-RTP-own-fields-length",
  });
  assert.ok(!("packet" in unit));
});

Deno.test("decode: a bad extension element is a note, since the packet is valid", async () => {
  const { exitCode, unit } = await decodeJson("906f00010000000200000003bede00011faabbcc00000000");
  assert.equal(exitCode, EXIT.ok);
  assert.match(unit.notes[0], /^bad_extension at byte 16: /);
});

Deno.test("ARC-DIALECT-detection: the dialect is guessed with the reason, or as told", async () => {
  const guess = async (...args: string[]) => {
    const { unit } = await decodeJson(...args);
    return [unit.kind, unit.dialect, unit.why];
  };
  assert.deepEqual(await guess("806f000100000002000000030000000048"), [
    "arcrtp",
    "arcrtc-1.0",
    "there is an Arc block behind the RTP header",
  ]);
  assert.deepEqual(await guess("806f00010000000200000003fc7d2a11e0"), [
    "arcrtp",
    "rtp",
    "no Arc block behind the RTP header: flags 0x7d are not defined",
  ]);
  assert.deepEqual(await guess("806f00010000000200000003fc002a11e0"), [
    "arcrtp",
    "rtp",
    "no Arc block behind the RTP header: bandwidth 10769 without its flag",
  ]);
  assert.deepEqual(await guess("805f000100000002000000030000000048"), [
    "arcrtp",
    "armoricore",
    "payload type 95, which arcrtc-1.0 excludes, and an Arc block",
  ]);
  assert.deepEqual(await guess("805f00010000000200000003ffffffff48"), [
    "arcrtp",
    "rtp",
    "payload type 95, which arcrtc-1.0 excludes",
  ]);
  assert.deepEqual(await guess("--dialect", "rtp", "806f000100000002000000030000000048"), [
    "arcrtp",
    "rtp",
    "as asked",
  ]);
  const engine = '{"type":"STREAM_ACK"}';
  assert.deepEqual(await guess(engine), ["json", "armoricore", "only it has a STREAM_ACK"]);
  assert.deepEqual(await guess(JSON.stringify(EXAMPLES.ACK.minimal)), ["json", "arcrtc-1.0", "valid in it"]);
  assert.deepEqual(await guess("80c9000100000003"), ["rtcp", null, "first byte 0x80"]);
  assert.deepEqual(await guess("--type", "rtcp", "806f"), ["rtcp", null, "as asked"]);
});

Deno.test("decode: plain RTP and armoricore show their own fields", async () => {
  const rtp = await decodeJson("--dialect", "rtp", "a06f0001000000020000000348690002");
  assert.equal(rtp.exitCode, EXIT.ok);
  assert.deepEqual(rtp.unit.fields.map(({ name }: { name: string }) => name), [
    "arcrtp.rtp",
    "arcrtp.payload",
    "arcrtp.padding",
  ]);
  assert.equal(rtp.unit.packet.arc, null);
  const engine = await decodeJson("--dialect", "armoricore", "a06f0001000000020000000370000000480002");
  assert.equal(engine.exitCode, EXIT.ok);
  assert.equal(engine.unit.fields[1].children[0].text, "Good");
  assert.equal(engine.unit.packet.payload, "480002", "padding stays");
  const short = await decodeJson("--dialect", "armoricore", "806f0001000000020000000300000000");
  assert.equal(short.unit.fault.rule, "ARC-DIALECT-armoricore-arc-block");
});

Deno.test("decode: units that are not ArcRTC's say so", async () => {
  const unknown = await decodeJson("4142");
  assert.equal(unknown.exitCode, EXIT.finding);
  assert.equal(unknown.unit.fault.rule, "ARC-UNIT-unknown-class");
  const empty = await decodeJson("");
  assert.equal(empty.unit.kind, "unknown");
  assert.equal(empty.exitCode, EXIT.finding);
  for (const hex of ["0001", "16fe"]) assert.equal((await decodeJson(hex)).exitCode, EXIT.ok);
});

Deno.test("decode: a sealed unit shows its seal", async () => {
  const request = { op: "seal.protect", master_key: "00".repeat(32), peer_id: "x", counter: 258, json: '{"type":1}' };
  const { ok } = freshTestee().answer({ id: 1, ...request }) as { ok: { hex: string } };
  const { unit } = await decodeJson(ok.hex);
  const seal = unit.fields.slice(-3).map(({ name, value }: { name: string; value: unknown }) => [name, value]);
  assert.deepEqual(seal, [["seal.zero", 0], ["seal.counter", 258], ["seal.tag", ok.hex.slice(-32)]]);
  assert.equal(unit.fault.path, "$.type");
  assert.match(unit.notes[0], /^sealed: /);
});

Deno.test("decode: nothing in a unit can steer the terminal", async () => {
  const hostile = "a\u009b2Jb\u202ec\u001b[31m\u0007";
  const { out } = await decode(JSON.stringify({ type: hostile, [hostile]: hostile }), "--verbose");
  assert.doesNotMatch(out, /[^\n\x20-\x7e…]/);
  assert.match(out, /\\u009b2Jb\\u202ec\\u001b\[31m\\u0007/);
});

Deno.test("decode: hex in every usual spelling, base64 in both alphabets", async () => {
  const unit = Uint8Array.of(0x80, 0xc9, 0, 1, 0, 0, 0xfb, 0xff);
  const base64 = btoa(String.fromCharCode(...unit));
  const spellings = [
    "80c900010000fbff",
    "80C900010000FBFF",
    "80 c9 00 01 00 00 fb ff",
    "80:c9:00:01:00:00:fb:ff",
    "80-c9-00-01-00-00-fb-ff",
    "0x80c900010000fbff",
    "0x80, 0xc9, 0x00, 0x01, 0x00, 0x00, 0xfb, 0xff",
    "80c90001\n0000fbff\n",
    base64,
    base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""),
  ];
  for (const text of spellings) assert.equal((await decodeJson(text)).unit.hex, "80c900010000fbff", text);
  const loose = await decodeJson("80", "c9", "0001", "0000fbff");
  assert.equal(loose.unit.hex, "80c900010000fbff", "unquoted spaces");
  assert.equal((await decodeJson("--as", "base64", "80c9")).unit.hex, "f3473d");
});

Deno.test("decode: what cannot be read is a usage error that says where", async () => {
  const usage = async (args: string[], input = "") => {
    const { exitCode, out, err } = await runArgs(["decode", ...args], input);
    assert.deepEqual([exitCode, out], [EXIT.usage, ""]);
    return err.split("\n")[0];
  };
  assert.equal(await usage(["80c"]), "error: argument 1 is not hex: need an even number of digits, got 3");
  assert.equal(
    await usage(["hello world!"]),
    "error: argument 1 is not hex, nor base64, nor JSON text: unexpected character at 10",
  );
  assert.equal(
    await usage([], "\n# comment\n\n%%\n"),
    "error: line 4 of the input is not hex, nor base64, nor JSON text: unexpected character at 0",
  );
  assert.match(await usage(["--file", "/nowhere/at/all"]), /^error: cannot read \/nowhere\/at\/all: /);
  assert.match(await usage([], "00".repeat(3 * 1024 * 1024)), /^error: line 1 of the input has 6291456 bytes$/);
});

Deno.test("decode: nothing to decode is not a success", async () => {
  assert.equal((await runArgs(["decode"], "\n# nothing\n")).exitCode, EXIT.nothingSelected);
});

Deno.test("decode: standard input has a unit per line, and messages over several", async () => {
  const message = JSON.stringify(EXAMPLES.CONNECT.full, null, 2);
  const compact = JSON.stringify(EXAMPLES.ACK.full);
  const input = `80c9000100000003\n# comment\n${message}\n\n${compact}\n{"type":"ACK",\n${compact}\n`;
  const { out, exitCode } = await runArgs(["decode", "--json"], input);
  const units = out.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(units.map(({ kind, valid }) => [kind, valid]), [
    ["rtcp", true],
    ["json", true],
    ["json", true],
    ["json", false],
    ["json", true],
  ]);
  assert.deepEqual(units[1].message, EXAMPLES.CONNECT.full);
  assert.equal(exitCode, EXIT.finding);
});

Deno.test("decode --file: raw bytes, from a file and from standard input", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, Uint8Array.of(0x80, 0xc9, 0, 1, 0, 0, 0, 3));
    assert.equal((await decodeJson("--file", path)).unit.hex, "80c9000100000003");
  } finally {
    await Deno.remove(path);
  }
  const { out } = await runArgs(["decode", "--json", "--file", "-"], Uint8Array.of(0xc2, 1, 3, 0x9c));
  assert.equal(JSON.parse(out).hex, "c201039c");
});

Deno.test("decode --framed: units of a stream with their places, and what is wrong with the stream", async () => {
  const { out, exitCode } = await decode("--framed", "--json", "000880c90001000000030005c201039caa");
  assert.equal(exitCode, EXIT.ok);
  const units = out.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(units.map(({ kind, frame_offset }) => [kind, frame_offset]), [["rtcp", 0], ["reduced", 10]]);
  const cut = await runArgs(["decode", "--framed", "--json"], "0008\n80c90001000000\n03000180\n");
  assert.deepEqual(cut.out.trimEnd().split("\n").map((line) => JSON.parse(line).frame_offset), [0, 10]);
  const broken = await decode("--framed", "0002c0000000");
  assert.equal(broken.exitCode, EXIT.finding);
  assert.match(broken.out, /^frame at byte 0: ArcRTP packet with reduced header, 2 bytes, malformed/);
  assert.match(broken.err, /^error: the stream is malformed at byte 4: .* \(bad_length\)\n$/);
  assert.match((await decode("--framed", "000180", "00")).err, /at byte 4: .* \(truncated\)/);
});

Deno.test("decode: several units are separated, and long payloads cut unless --verbose", async () => {
  const long = `806f0001000000020000000300000000${"ab".repeat(200)}`;
  const { out } = await decode(long, "80c9000100000003");
  assert.match(out, /\n\nRTCP compound, 8 bytes, valid/);
  assert.match(out, /\.\.\. 72 more bytes; --verbose shows them\n/);
  assert.match((await decode(long, "--verbose")).out, /^ +208 {2}ab ab ab ab ab ab ab ab {26}\|\.{8}\|$/m);
});
