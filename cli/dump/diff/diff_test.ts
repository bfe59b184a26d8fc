import assert from "node:assert/strict";
import { readCapture } from "../../../lib/dissect/testing/made_captures.ts";
import { EXIT } from "../../exit_codes.ts";
import { runArgs } from "../../testing/run_line.ts";

const CALLER = "fixtures/captures/relayed-caller.pcapng";
const CALLEE = "fixtures/captures/relayed-callee.pcapng";
/** How far editcap has put the callee's clock ahead (make_two_ends.sh). */
const AHEAD_S = 1.5;

const dump = (...args: string[]) => runArgs(["dump", ...args]);

interface StreamJson {
  readonly direction: string;
  readonly kind: string;
  readonly what: string;
  readonly ssrc: number | null;
  readonly sent: number;
  readonly came: number;
  readonly lost: number;
  readonly lost_packets: readonly number[];
  readonly altered: number;
  readonly new: number;
  readonly delay_ms: { readonly min: number; readonly p50: number; readonly max: number };
}

async function diffJson(a: string, b: string) {
  const { out, exitCode } = await dump("--diff", a, b, "--json");
  return { document: JSON.parse(out), streams: JSON.parse(out).streams as StreamJson[], exitCode };
}

Deno.test("dump --diff: a real relayed call: the relay's losses and delay, the clock that was put ahead", async () => {
  const { document, streams, exitCode } = await diffJson(CALLER, CALLEE);
  assert.equal(exitCode, EXIT.finding);
  assert.equal(document.schema, "arcrtc.dump/1");
  const { clock } = document;
  assert.ok(Math.abs(clock.offset_s - AHEAD_S) <= clock.offset_error_s, JSON.stringify(clock));
  // Messages went by the server, which delays nothing: a closer bound than the relay's 20 ms give.
  assert.ok(clock.offset_error_s < 0.005);
  assert.equal(clock.skew_ppm, null);
  const media = streams.filter(({ kind }) => kind === "media");
  assert.deepEqual(new Set(media.map(({ direction }) => direction)), new Set(["a>b", "b>a"]));
  for (const { what, sent, came, lost, altered, delay_ms, ...rest } of media) {
    assert.deepEqual([came + lost, altered, rest.new], [sent, 0, 0], what);
    // The relay's 20 ms give or take 4, and what the machine adds.
    if (came > 50) assert.ok(delay_ms.p50 > 15 && delay_ms.p50 < 40 && delay_ms.min > 10, JSON.stringify(delay_ms));
  }
  assert.ok(media.reduce((sum, { lost }) => sum + lost, 0) > 0);
});

Deno.test("dump --diff: what is lost one way is what the receiving side alone counts as lost", async () => {
  const { streams } = await diffJson(CALLER, CALLEE);
  const audio = streams.find(({ direction, what }) => direction === "a>b" && what === "audio opus");
  assert.ok(audio !== undefined);
  const atCallee = JSON.parse((await dump(CALLEE, "--streams", "--json")).out).streams
    .find(({ ssrc }: { ssrc: number }) => ssrc === audio.ssrc);
  assert.equal(atCallee.lost, audio.lost);
  const [first] = audio.lost_packets;
  const { out } = await dump(CALLER, "--filter", `packet == ${first}`, "--json");
  assert.equal(JSON.parse(out).media.ssrc, audio.ssrc);
});

Deno.test("dump --diff: the other way around the same, mirrored", async () => {
  const forth = await diffJson(CALLER, CALLEE);
  const back = await diffJson(CALLEE, CALLER);
  assert.ok(Math.abs(forth.document.clock.offset_s + back.document.clock.offset_s) < 1e-6);
  const losses = (streams: readonly StreamJson[], way: string) =>
    streams.filter(({ direction }) => direction === way).map(({ what, ssrc, sent, lost }) =>
      `${what} ${ssrc} ${sent} ${lost}`
    )
      .sort();
  assert.deepEqual(losses(forth.streams, "a>b"), losses(back.streams, "b>a"));
  assert.deepEqual(losses(forth.streams, "b>a"), losses(back.streams, "a>b"));
});

Deno.test("dump --diff: for people", async () => {
  const { out, err, exitCode } = await dump("--diff", CALLER, CALLEE);
  assert.deepEqual([exitCode, err], [EXIT.finding, ""]);
  assert.match(out, /^A {2}fixtures\/captures\/relayed-caller\.pcapng: \d+ units of \d+ packets, [\d.]+ s$/m);
  assert.match(out, /^clocks {2}B is 1\.\d{6} s ahead of A, give or take [\d.]+ ms: half of the least round trip/m);
  assert.match(out, /^ {8}taken for equally fast: the captures are too short to tell$/m);
  assert.match(
    out,
    /^A > B {2}video vp9 [0-9a-f]{8} +\d+ +\d+ +\d+ +[\d.]+ % +\d+ +\d+ +0 +0 +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+$/m,
  );
  assert.match(out, /^lost B > A, audio opus [0-9a-f]{8}: packets? \d+.* of B$/m);
  assert.match(out, /^only at A, for or from someone there: \d+ units \(.*RELAY_BIND \d.*\)$/m);
});

Deno.test("dump --diff --csv: a row for each unit, adding up to the summary", async () => {
  const { streams } = await diffJson(CALLER, CALLEE);
  const [header, ...rows] = (await dump("--diff", CALLER, CALLEE, "--csv")).out.trimEnd().split("\n");
  const names = header.split(",");
  const table = rows.map((row) => Object.fromEntries(row.split(",").map((cell, i) => [names[i], cell])));
  assert.ok(table.every((row) => Object.keys(row).length === names.length));
  for (const { direction, what, ssrc, came, lost } of streams.filter(({ kind }) => kind === "media")) {
    const own = table.filter((row) =>
      row.kind === "media" && row.direction === direction && row.ssrc === ssrc?.toString(16).padStart(8, "0")
    );
    assert.equal(own.filter(({ verdict }) => verdict === "came").length, came, what);
    assert.equal(own.filter(({ verdict }) => verdict === "lost").length, lost, what);
    assert.ok(own.every((row) => (row.delay_ms !== "") === (row.verdict === "came")));
  }
});

Deno.test("dump --diff: a capture with itself lacks nothing; one byte changed is altered", async () => {
  const same = await dump("--diff", CALLER, CALLER);
  assert.equal(same.exitCode, EXIT.ok);
  const changed = readCapture("relayed-caller.pcapng").slice();
  const [{ packet, hex }] =
    (await dump(CALLER, "--filter", "kind == arcrtp && role == audio", "--count", "1", "--json", "--hex"))
      .out.trimEnd().split("\n").map((line) => JSON.parse(line));
  const at = indexOfHex(changed, hex);
  changed[at + hex.length / 2 - 1] ^= 1;
  const { out, exitCode } = await runArgs(["dump", "--diff", CALLER, "-", "--json"], changed);
  assert.equal(exitCode, EXIT.finding);
  const altered = (JSON.parse(out).streams as (StreamJson & { altered_packets: number[] })[]).filter((each) =>
    each.altered > 0
  );
  assert.deepEqual(altered.map(({ altered_packets }) => altered_packets), [[packet]]);
});

function indexOfHex(bytes: Uint8Array, hex: string): number {
  const text = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return text.indexOf(hex) / 2;
}

Deno.test("dump --diff: what cannot be compared is said", async () => {
  const none = await dump("--diff", CALLER, "fixtures/captures/call-tcp.pcap");
  assert.equal(none.exitCode, EXIT.nothingSelected);
  assert.match(
    none.err,
    /no unit of .*relayed-caller\.pcapng is in .*call-tcp\.pcap\nhint: the captures must be of the same/,
  );
  assert.equal((await dump("--diff", "-", "-")).exitCode, EXIT.usage);
  assert.equal((await dump("--diff", CALLER)).exitCode, EXIT.usage);
  assert.equal((await dump("--diff", CALLER, CALLEE, "--check")).exitCode, EXIT.usage);
});
