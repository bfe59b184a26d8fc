import assert from "node:assert/strict";
import { EXIT } from "../exit_codes.ts";
import { runArgs } from "../testing/run_line.ts";

const CALL = "fixtures/captures/call-phoenix.pcapng";

const dump = (...args: string[]) => runArgs(["dump", ...args]);

Deno.test("dump --streams: a row for each stream, with what signaling said of it", async () => {
  const { out, err, exitCode } = await dump(CALL, "--streams");
  assert.deepEqual([exitCode, err], [EXIT.ok, ""]);
  const [heading, audio, video, fec, dialect] = out.split("\n");
  assert.match(
    heading,
    /^ssrc +media +from > to +packets +lost +late +dup +jitter ms +max +delta ms +kbit\/s +Q switches/,
  );
  assert.match(
    audio,
    /^[0-9a-f]{8} {2}audio opus +127\.0\.0\.1:\d+ > 127\.0\.0\.1:\d+ +\d+ +0 +0\.0 % +0 +0 +\d+\.\d\d .* 0 Q0 +\d+\/0\/0\/0 +\d+ % +0 +0$/,
  );
  assert.match(video, /^[0-9a-f]{8} {2}video vp9 .* 0\/\d+\/\d+\/0 /);
  assert.match(fec, /^[0-9a-f]{8} {2}fec .* 0\/0\/0\/\d+ /);
  assert.match(dialect, /^dialect arcrtc-1\.0: \d+ messages valid in arcrtc-1\.0; \d+ packets with a reduced header/);
  assert.ok(heading.length < 180);
});

Deno.test("dump --streams --json: every figure, one document; the sums are those of the units", async () => {
  const { out } = await dump(CALL, "--streams", "--json");
  const document = JSON.parse(out);
  assert.equal(document.schema, "arcrtc.dump/1");
  const units = (await dump(CALL, "--filter", "kind in {arcrtp, reduced}", "--json")).out.trimEnd().split("\n").map((
    line,
  ) => JSON.parse(line));
  assert.equal(document.streams.length, 3);
  for (const stream of document.streams) {
    const own = units.filter((unit) => unit.media.ssrc === stream.ssrc && unit.source === stream.source);
    assert.equal(stream.packets, own.length);
    assert.equal(stream.bytes, own.reduce((sum, unit) => sum + unit.bytes, 0));
    assert.equal(stream.reduced, Number((own.filter((unit) => unit.media.reduced).length / own.length).toFixed(4)));
    assert.deepEqual([stream.first_packet, stream.last_packet], [own[0].packet, own.at(-1).packet]);
    const numbers = own.map((unit) => unit.media.sequence_number);
    assert.equal(stream.expected, numbers.at(-1) - numbers[0] + 1);
    assert.equal(stream.session, own[0].session);
  }
});

Deno.test("dump --streams --csv, --filter: what passes is counted, the rest is loss", async () => {
  const { out } = await dump(
    CALL,
    "--streams",
    "--csv",
    "--filter",
    "role == audio && !(arcrtp.timestamp in {1, 2}) && packet != 60",
  );
  const [header, ...rows] = out.trimEnd().split("\n");
  assert.match(header, /^ssrc,session,stream,role,codec,sender,source,/);
  assert.ok(rows.length <= 2 && rows.every((row) => row.split(",").length === header.split(",").length));
  const none = await dump("fixtures/captures/made/nats.pcap", "--streams");
  assert.equal(none.out, "no media\ndialect arcrtc-1.0: 1 message valid in arcrtc-1.0\n");
});

Deno.test("dump --streams: packets taken out of a capture are the loss that is reported", async () => {
  const audio = JSON.parse((await dump(CALL, "--streams", "--json")).out).streams[0];
  const packets =
    (await dump(CALL, "--follow", `ssrc=${audio.ssrc}`, "--fields", "packet", "--filter", "kind in {arcrtp, reduced}"))
      .out.split("\n");
  const gone = packets.slice(11, 14);
  const filter = `ssrc == ${audio.ssrc} && kind != rtcp && !(packet in {${gone.join(",")}})`;
  const [left] = JSON.parse((await dump(CALL, "--streams", "--json", "--filter", filter)).out).streams;
  assert.deepEqual([left.packets, left.lost, left.expected], [audio.packets - 3, 3, audio.expected]);
});

Deno.test("dump --calls: the ladder of a session, and its streams below", async () => {
  const { out, err, exitCode } = await dump(CALL, "--calls");
  assert.deepEqual([exitCode, err], [EXIT.ok, ""]);
  const lines = out.split("\n");
  assert.match(
    lines[0],
    /^session 6f1d3b0e-.* {2}caller aaaaaaaa-.* {2}callee bbbbbbbb-.* {2}aes-128-gcm hmac-sha256-80$/,
  );
  assert.match(lines[1], /^ {22}caller aaaaaaaa +127\.0\.0\.1:7480 +callee bbbbbbbb$/);
  assert.match(out, /^ +\d+\.\d{6} +\d+ {2}\|-+ CONNECT -+>\| +\|$/m);
  assert.match(out, /^ +\d+\.\d{6} +\d+ {2}\| +\|<-+ CONNECT_ACK -+\| {2}aes-128-gcm$/m);
  assert.match(out, /^ +\d+\.\d{6} +\d+ {2}\|=+ video =+>\| {2}ssrc [0-9a-f]{8}$/m);
  assert.match(out, /^ {2}stream [0-9a-f-]{36} {2}audio opus of aaaaaaaa, announced in packet \d+$/m);
  assert.match(
    out,
    /^ {4}audio [0-9a-f]{8} {2}127\.0\.0\.1:\d+ > 127\.0\.0\.1:\d+ {2}packets \d+\.\.\d+: \d+, 0 lost \(0\.0 %\), jitter/m,
  );
  const json = JSON.parse((await dump(CALL, "--calls", "--json")).out);
  assert.deepEqual(json.calls.map((call: { session: string }) => call.session), [
    "6f1d3b0e-8a4c-4a52-9d0a-3f6e2b7c1d55",
  ]);
  const [call] = json.calls;
  assert.ok(call.steps.length > 20 && call.streams.length === 2 && call.other_media.length === 0);
  assert.deepEqual(call.streams[0].ssrcs.map((entry: { role: string }) => entry.role), ["audio", "rtx"]);
});

Deno.test("dump --calls: of a call under TLS what is left, and who speaks where", async () => {
  const { out } = await dump("fixtures/captures/call-tls.pcap", "--calls", "--quiet");
  assert.match(out, /^ {22}peer bbbbbbbb +peer aaaaaaaa$/m);
  assert.match(out, /^ {2}not announced\n {4}[0-9a-f]{8} {2}127/m);
});

Deno.test("dump --streams, --calls: what does not go together is refused", async () => {
  for (
    const flags of [["--streams", "--calls"], ["--streams", "--detail"], ["--calls", "--csv"], [
      "--calls",
      "--fields",
      "time",
    ]]
  ) {
    const { exitCode, err } = await dump(CALL, ...flags);
    assert.equal(exitCode, EXIT.usage, flags.join(" "));
    assert.match(err, /cannot be used with/);
  }
});
