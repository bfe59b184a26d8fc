import assert from "node:assert/strict";
import { readCapture } from "../../lib/dissect/testing/made_captures.ts";
import { EXIT } from "../exit_codes.ts";
import { runArgs } from "../testing/run_line.ts";

const CALL = "fixtures/captures/call-phoenix.pcapng";
const LAYERS = "fixtures/captures/made/layers.pcapng";
const BROKEN = "fixtures/captures/broken/";

const dump = (...args: string[]) => runArgs(["dump", ...args]);

async function jsonLines(...args: string[]) {
  const { out, err, exitCode } = await dump(...args, "--json");
  return { units: out.trimEnd().split("\n").filter(Boolean).map((line) => JSON.parse(line)), err, exitCode };
}

Deno.test("dump: one line per unit, aligned", async () => {
  const { exitCode, out, err } = await dump(LAYERS);
  assert.deepEqual([exitCode, err], [EXIT.ok, ""]);
  assert.equal(
    out,
    `\
     1     0.000000  10.0.0.1:5000 > 10.0.0.2:6000  udp  json    HEARTBEAT  #12345  peer 6ba7b810  session 550e8400  257 B
     2     0.001000  10.0.0.1:5000 > 10.0.0.2:6000  udp  arcrtp  ssrc 00000003 seq     1 ts          2 pt 111 Q0 PR0 K0     18 B
     3     0.002000  [2001:db8::1]:5000 > [2001:db8::2]:6000  udp  arcrtp  ssrc 00000003 seq     1 ts          2 pt 111 Q0 PR0 K0     18 B
     5     0.004000  10.0.0.1:5000 > 10.0.0.2:6000            udp  json    CONNECT  peer 6ba7b810  opus,vp9,h264,x-lidar.v2  aes-128-gcm,aes-256-gcm  resume, epoch 1  session 550e8400  1172 B
     7     0.006000  [2001:db8::1]:5000 > [2001:db8::2]:6000  udp  json    CONNECT  peer 6ba7b810  opus,vp9,h264,x-lidar.v2  aes-128-gcm,aes-256-gcm  resume, epoch 1  session 550e8400  1172 B
     8     0.007000  10.0.0.1:5000 > 10.0.0.2:6000            udp  json    ACK  to STREAM_START  stream 123e4567  session 550e8400  201 B
     9     0.008000  [2001:db8::1]:5000 > [2001:db8::2]:6000  udp  json    ACK  to STREAM_START  stream 123e4567  session 550e8400  201 B
    10     0.009000  10.0.0.1:5000 > 10.0.0.2:6000            udp  arcrtp  ssrc 00000003 seq     1 ts          2 pt 111 Q0 PR0 K0     18 B
`,
  );
});

Deno.test("dump: a real call: signaling, reduced headers made full, roles, SRTCP", async () => {
  const { exitCode, out, err } = await dump(CALL);
  assert.deepEqual([exitCode, err], [EXIT.ok, ""]);
  assert.match(out, /ws {3}phoenix phx_join {2}arcrtc:6f1d3b0e-8a4c-4a52-9d0a-3f6e2b7c1d55 {2}ref 1 {2}\d+ B$/m);
  assert.match(
    out,
    /ws {3}json {4}CONNECT_ACK {2}peer bbbbbbbb {2}opus,vp9 {2}aes-128-gcm hmac-sha256-80 {2}session 6f1d3b0e/,
  );
  assert.match(out, /udp {2}json {4}HEARTBEAT {2}#0 {2}peer \w+ {2}session 6f1d3b0e {2}sealed #0 {2}\d+ B$/m);
  assert.match(out, /udp {2}reduced ssrc [0-9a-f]{8} seq +\d+ ts +\d+ pt 111 Q0 PR0 K0 +\d+ B {2}audio$/m);
  assert.match(out, /udp {2}arcrtp {2}ssrc [0-9a-f]{8} .* pt {2}98 Q0 PR1 K0 .* B {2}video/);
  assert.match(out, /udp {2}rtcp {4}ssrc [0-9a-f]{8} {2}SRTCP #0 {2}(?:RR|SR) first/);
  assert.doesNotMatch(out, /malformed|not known/);
});

Deno.test("dump: standard input is read as a file is", async () => {
  const fromFile = await dump(CALL);
  const piped = await runArgs(["dump", "-"], readCapture("call-phoenix.pcapng"));
  assert.deepEqual([piped.out, piped.exitCode, piped.err], [fromFile.out, EXIT.ok, ""]);
});

Deno.test("dump --filter, --count: what passes, and only so much of it", async () => {
  const all = (await dump(CALL)).out.split("\n").length - 1;
  const audio = await jsonLines(CALL, "--filter", "role == audio && kind in {arcrtp, reduced}");
  assert.ok(audio.units.length > 50 && audio.units.length < all);
  assert.ok(audio.units.every((unit) => unit.role === "audio" && unit.media.payload_type === 111));
  const first = await jsonLines(CALL, "-Y", "role == audio && kind in {arcrtp, reduced}", "--count", "3");
  assert.deepEqual(first.units, audio.units.slice(0, 3));
});

Deno.test("dump --filter: media that came before its STREAM_START is joined all the same", async () => {
  const { units } = await jsonLines(CALL, "--filter", 'session != ""');
  const everything = await jsonLines(CALL);
  assert.equal(units.length, everything.units.length);
});

Deno.test("dump --follow: one session, one stream, one SSRC", async () => {
  const video = (await jsonLines(CALL, "--filter", "type == STREAM_START && arcsig.stream_type == video")).units[0];
  const stream = await jsonLines(CALL, "--follow", `stream=${video.stream.slice(0, 9)}`);
  assert.ok(stream.units.length > 50);
  assert.ok(stream.units.every((unit) => unit.stream === video.stream));
  const ssrc = await jsonLines(CALL, "--follow", `ssrc=${video.message.ssrc}`);
  assert.deepEqual(new Set(ssrc.units.map((unit) => unit.media?.ssrc ?? unit.ssrc)), new Set([video.message.ssrc]));
  const session = await jsonLines(CALL, "--follow", "session");
  assert.deepEqual(new Set(session.units.map((unit) => unit.session)), new Set([video.session]));
  const none = await dump(CALL, "--follow", "session=ffff");
  assert.deepEqual([none.exitCode, none.out], [EXIT.nothingSelected, ""]);
  assert.match(none.err, /none of the \d+ units of session ffff passes/);
});

Deno.test("dump --from, --to: a stretch of time", async () => {
  const { units } = await jsonLines(CALL, "--from", "2.5s", "--to", "3s");
  const all = (await jsonLines(CALL)).units;
  const start = Number(all[0].time);
  const inside = all.filter((unit) => Number(unit.time) - start >= 2.5 && Number(unit.time) - start <= 3);
  assert.ok(inside.length > 10);
  assert.deepEqual(units, inside);
  const moment = new Date((start + 2.5) * 1000).toISOString();
  const later = await jsonLines(CALL, "--from", moment, "--count", "1");
  assert.ok(Number(later.units[0].time) >= start + 2.499);
});

Deno.test("dump --detail, --hex: fields with their offsets, and bytes", async () => {
  const { out } = await dump(LAYERS, "--filter", "packet == 2", "--detail", "--hex");
  assert.match(
    out,
    /^ArcRTP packet, 18 bytes, valid {3}arcrtc-1\.0: packet 2, 10\.0\.0\.1:5000 > 10\.0\.0\.2:6000, udp$/m,
  );
  assert.match(out, /^ {2}16 {4}16 {4}Sequence number +1 /m);
  assert.match(out, /^ {6}0000 {2}80 6f 00 01 00 00 00 02 00 00 00 03 00 00 00 00 {2}\|.o\.{14}\|$/m);
  assert.match(out, /^ {6}0010 {2}48 69 +\|Hi\|$/m);
  const sealed = (await dump(CALL, "--filter", "sealed", "--count", "1", "--detail")).out;
  assert.match(sealed, /Counter +0/);
  assert.match(sealed, /note {3}sealed: whether the tag is right/);
  const reduced = (await dump(CALL, "--filter", "reduced", "--count", "1", "--detail")).out;
  assert.match(reduced, /note {3}full header: sequence number \d+, timestamp \d+, SSRC \d+/);
  assert.match(reduced, /HMAC tag/);
  const fault = (await dump(`${BROKEN}malformed-units.pcap`, "--filter", "packet == 2", "--detail")).out;
  assert.match(fault, /fault {2}truncated at byte 14: .*need 16 bytes, got 14\nrule {3}ARC-RTP-minimum-length/);
  const lines = (await dump(LAYERS, "--hex", "--count", "1")).out.split("\n");
  assert.match(lines[0], /HEARTBEAT/);
  assert.match(lines[1], /^ {6}0000 {2}7b 22/);
});

Deno.test("dump --json: one object a line with everything that is known", async () => {
  const { units } = await jsonLines(LAYERS, "--hex", "--detail");
  const [heartbeat, packet] = units;
  assert.deepEqual(
    [heartbeat.schema, heartbeat.unit, heartbeat.packet, heartbeat.time, heartbeat.kind, heartbeat.message.sequence],
    ["arcrtc.dump/1", 1, 1, "1767225600.000000000", "json", 12345],
  );
  assert.deepEqual(packet.media, {
    reduced: false,
    ssrc: 3,
    payload_type: 111,
    marker: false,
    sequence_number: 1,
    timestamp: 2,
    quality: 0,
    priority: 0,
    key_phase: 0,
  });
  assert.equal(packet.hex, "806f000100000002000000030000000048" + "69");
  assert.equal(packet.fields[0].children[6].name, "arcrtp.seq");
  const broken = await jsonLines(`${BROKEN}malformed-units.pcap`);
  assert.deepEqual(broken.units.map((unit) => unit.fault?.reason ?? null), [
    null,
    "truncated",
    "bad_value",
    null,
    "truncated",
    "bad_length",
    "duplicate_key",
    "bad_value",
    "unknown_type",
    "bad_json",
    null,
    null,
  ]);
});

Deno.test("dump --csv, --fields: a table of the fields that are asked for", async () => {
  const { out, err } = await dump(
    LAYERS,
    "--fields",
    "packet,time,arcrtp.seq,arcrtp.priority,arcrtp.marker,type,arcsig.capabilities.codecs",
  );
  assert.equal(err, "");
  assert.equal(
    out,
    `\
packet,time,arcrtp.seq,arcrtp.priority,arcrtp.marker,type,arcsig.capabilities.codecs
1,0.000000000,,,,HEARTBEAT,
2,0.001000000,1,critical,false,,
3,0.002000000,1,critical,false,,
5,0.004000000,,,,CONNECT,opus;vp9;h264;x-lidar.v2
7,0.006000000,,,,CONNECT,opus;vp9;h264;x-lidar.v2
8,0.007000000,,,,ACK,
9,0.008000000,,,,ACK,
10,0.009000000,1,critical,false,,
`,
  );
  const csv = (await dump(CALL, "--csv")).out.trimEnd().split("\n");
  assert.match(csv[0], /^packet,time,src,dst,transport,kind,session,stream,ssrc,arcrtp\.pt,arcrtp\.seq,/);
  assert.ok(csv.slice(1).every((line) => line.split(",").length === csv[0].split(",").length));
  const quoted = (await dump(LAYERS, "--fields", "arcsig.identity.certificate,src", "--count", "1")).out;
  assert.match(quoted, /\n,10\.0\.0\.1:5000\n$/);
});

Deno.test("dump --list-fields: every field with its type and meaning", async () => {
  const { out, exitCode } = await dump("--list-fields");
  assert.equal(exitCode, EXIT.ok);
  assert.match(out, /^arcrtp\.seq +number +Grows by one/m);
  assert.match(out, /^arcrtp\.priority +number .*\(critical, high, medium, low\)$/m);
  assert.match(out, /^session +text +session_id/m);
  assert.match(out, /^rtcp\.report\.jitter +number/m);
  assert.match(out, /^arcsig\.capabilities\.codecs\.item +text/m);
});

Deno.test("dump: damaged captures give what is readable, then say where they are damaged", async () => {
  const bomb = await dump(`${BROKEN}length-bomb.pcap`);
  assert.equal(bomb.exitCode, EXIT.finding);
  assert.equal(bomb.out.split("\n").length, 3);
  assert.match(
    bomb.err,
    /^error: .*length-bomb\.pcap: Cannot read packet 3: .*2147483632.*the 2 packets before byte 415 were read\n$/,
  );
  const block = await dump(`${BROKEN}damaged-block.pcapng`);
  assert.equal(block.exitCode, EXIT.finding);
  assert.match(block.err, /Cannot read capture on: a block of type 6/);
  const short = await dump(`${BROKEN}cut-short.pcap`);
  assert.equal(short.exitCode, EXIT.ok);
  assert.match(short.err, /note: byte \d+: the file ends in the middle of a packet or block/);
  const hole = await dump(`${BROKEN}tcp-hole.pcap`);
  assert.match(
    hole.err,
    /note: packet \d+: 10\.0\.0\.1:40000 <> 10\.0\.0\.2:7481: 558 bytes of the connection are not in the capture/,
  );
  const fragments = await dump(`${BROKEN}fragment-bomb.pcap`);
  assert.match(
    fragments.err,
    /passed over packets: 200 in fragments that are not all there, 1 in fragments that contradict/,
  );
  assert.equal((await dump(`${BROKEN}fragment-bomb.pcap`, "--quiet")).err, "");
});

Deno.test("dump: what is no capture, what is not there, and what makes no sense together", async () => {
  const cases: [string[], string | Uint8Array, number, RegExp][] = [
    [
      ["-"],
      Uint8Array.of(0x1f, 0x8b, 8, 0),
      EXIT.finding,
      /standard input: Cannot read capture: it is compressed with gzip/,
    ],
    [["-"], "", EXIT.finding, /it is empty/],
    [["README.md"], "", EXIT.finding, /need pcap or pcapng, its first bytes are/],
    [["no/such.pcap"], "", EXIT.usage, /cannot read no\/such\.pcap/],
    [["fixtures"], "", EXIT.usage, /cannot read fixtures: it is a directory/],
    [[], "", EXIT.usage, /no capture was given/],
    [[CALL, "--json", "--csv"], "", EXIT.usage, /cannot be used with/],
    [[CALL, "--fields", "time", "--detail"], "", EXIT.usage, /cannot be used with/],
    [[CALL, "--count", "0"], "", EXIT.usage, /a number of units from 1 on/],
    [[CALL, "--from", "x"], "", EXIT.usage, /--from x is no time/],
    [[CALL, "--filter", "arcrtp.sqe"], "", EXIT.usage, /arcrtp\.sqe\n {2}\^{10}\nhint: did you mean arcrtp\.seq\?/],
    [[CALL, "--filter", "arcrtp.seq == 70000"], "", EXIT.nothingSelected, /none of the \d+ units passes/],
  ];
  for (const [args, input, exitCode, message] of cases) {
    const ran = await runArgs(["dump", ...args], input);
    assert.equal(ran.exitCode, exitCode, args.join(" "));
    assert.equal(ran.out, "");
    assert.match(ran.err, message);
  }
});

Deno.test("dump: another dialect than ours is named with its reasons", async () => {
  assert.match(
    (await dump("fixtures/captures/made/plain-rtp.pcap")).err,
    /note: dialect rtp: 5\d of 60 packets have no Arc block/,
  );
  assert.match(
    (await dump("fixtures/captures/made/armoricore.pcap")).err,
    /note: dialect armoricore: 2 messages valid only in/,
  );
});

Deno.test("dump: bytes of a unit do not steer the terminal", async () => {
  const evil = '{"type":"ERROR","code":"\\u001b[31m","message":"\\u202e\\u0007","timestamp":1}';
  const capture = readCapture("made/layers.pcapng").slice();
  const whole = new TextDecoder("latin1").decode(capture);
  const at = whole.indexOf('{"type":"HEARTBEAT"');
  const padded = evil.replace('"timestamp"', '"x":"' + "y".repeat(257 - evil.length - 8) + '", "timestamp"');
  capture.set(new TextEncoder().encode(padded.slice(0, 257)), at);
  for (const flags of [[], ["--detail"], ["--json"], ["--csv"]]) {
    const { out } = await runArgs(["dump", "-", "--filter", "packet == 1", ...flags], capture);
    assert.ok(out.includes("ERROR"), out);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(out, /[\x1b\x07\u202e]/);
  }
});

Deno.test("dump: colours only where they are wanted", async () => {
  // deno-lint-ignore no-control-regex
  assert.match((await runArgs(["dump", LAYERS], "", { FORCE_COLOR: "1" })).out, /\x1b\[36mjson\x1b\[39m {4}HEARTBEAT/);
});
