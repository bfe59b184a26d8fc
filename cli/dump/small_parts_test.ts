import assert from "node:assert/strict";
import { Scene } from "../../lib/dissect/testing/scene.ts";
import { EXAMPLES } from "../../lib/signaling/examples.ts";
import { CliError } from "../ui/cli_error.ts";
import { MemoryIo } from "../ui/io.ts";
import { readFieldNames, readFilter } from "./filter_flag.ts";
import { parseFollow } from "./follow.ts";
import { passedOverText } from "./passed_over.ts";
import { Progress } from "./progress.ts";
import { parseTimeBound } from "./time_bound.ts";

const unitAt = (ms: number) => {
  const scene = new Scene();
  scene.unit(Uint8Array.of(0), { ms: 1_700_000_000_500 });
  return scene.unit(Uint8Array.of(0), { ms: 1_700_000_000_500 + ms });
};

function errorOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof CliError && error.exit === "usage");
    return `${error.message} | ${error.hint}`;
  }
  return assert.fail("no error");
}

Deno.test("--from, --to: since the first unit in any unit of time, or a moment", () => {
  const distance = (bound: string, ms: number) => Math.round(parseTimeBound("--from", bound)(unitAt(ms)) * 1e6);
  assert.equal(distance("1.5s", 1500), 0);
  assert.equal(distance("1500ms", 1501), 1000);
  assert.equal(distance("2", 1000), -1_000_000);
  assert.equal(distance("1m", 60_000), 0);
  assert.equal(distance("1h", 0), -3_600_000_000);
  assert.equal(distance("250us", 0), -250);
  assert.equal(distance("2023-11-14T22:13:21Z", 500), 0);
  assert.equal(distance("2023-11-14T22:13:20.25Z", 0), 250_000);
  for (const wrong of ["", "soon", "-1s", "1x", "2023-13-45", "12:00"]) {
    assert.match(errorOf(() => parseTimeBound("--to", wrong)), /^--to .*is no time \| it takes/, wrong);
  }
});

Deno.test("--follow: by the first characters of an id, by number, or whatever comes first", () => {
  const scene = new Scene();
  const start = { ...EXAMPLES.STREAM_START.minimal, ssrc: 7 };
  const packet = Uint8Array.of(0x80, 111, 0, 1, 0, 0, 0, 2, 0, 0, 0, 7, 0, 0, 0, 0);
  const other = packet.with(11, 8);
  const verdicts = (text: string) => {
    const follow = parseFollow(text);
    const seen = [
      follow.test(scene.say({ ...EXAMPLES.HEARTBEAT.minimal, session_id: "00000000-0000-0000-0000-000000000000" })),
      follow.test(scene.say(start)),
      follow.test(scene.unit(packet)),
      follow.test(scene.unit(other, { conversation: 3 })),
    ];
    return [...seen, follow.value];
  };
  assert.deepEqual(verdicts("session"), [false, true, true, false, start.session_id]);
  assert.deepEqual(verdicts("session=550E8400"), [false, true, true, false, "550e8400"]);
  assert.deepEqual(verdicts("session=77"), [false, false, false, false, "77"]);
  assert.deepEqual(verdicts(`stream=${start.stream_id}`), [false, true, true, false, start.stream_id]);
  assert.deepEqual(verdicts("ssrc"), [false, false, true, false, "0x00000007"]);
  assert.deepEqual(verdicts("ssrc=8"), [false, false, false, true, "0x00000008"]);
  assert.deepEqual(verdicts("ssrc=0x7"), [false, false, true, false, "0x00000007"]);
  for (const wrong of ["peer", "session=", "ssrc=x", "ssrc=4294967296", "ssrc=-1", "="]) {
    assert.match(errorOf(() => parseFollow(wrong)), /--follow/, wrong);
  }
});

Deno.test("--filter: an error has the filter, a pointer below it, and what was meant", () => {
  assert.equal(
    errorOf(() => readFilter("kind == json && arcrtp.sqe > 1")),
    'the filter is not understood: no field is called "arcrtp.sqe"\n' +
      "  kind == json && arcrtp.sqe > 1\n" +
      "                  ^^^^^^^^^^ | did you mean arcrtp.seq?",
  );
  assert.match(errorOf(() => readFilter("arcrtp.ext")), /fields like it: arcrtp\.ext\.profile, arcrtp\.ext\.words, /);
  assert.match(errorOf(() => readFilter("rtp.timestamp")), /fields like it: .*arcrtp\.timestamp/);
  assert.match(errorOf(() => readFilter("wholly.unheard")), /--list-fields names them all/);
  assert.match(errorOf(() => readFilter("arcrtp.seq >")), /\n {2}arcrtp\.seq >\n {14}\^ \| arcrtc dump --help/);
  assert.match(errorOf(() => readFilter("a =\t1")), /\n {2}a = 1\n {4}\^/);
  assert.equal(readFilter("arcrtp.seq > 1").fields.has("arcrtp.seq"), true);
});

Deno.test("--fields: names with spaces around them; unknown ones are told with the nearest", () => {
  assert.deepEqual(readFieldNames("packet, arcrtp.seq ,time"), ["packet", "arcrtp.seq", "time"]);
  assert.match(errorOf(() => readFieldNames("packet,tmie")), /no field is called "tmie" \| did you mean time\?/);
  assert.match(errorOf(() => readFieldNames(",")), /--fields names no field/);
});

Deno.test("progress: silent for a second, then now and then; a terminal's line is taken off again", () => {
  const said = (isTerminal: boolean) => {
    const io = Object.assign(new MemoryIo(), { stderrIsTerminal: isTerminal });
    let now = 0;
    const progress = new Progress(io, 200_000_000, () => now);
    for (; now <= 25_000; now += 100) progress.at(now * 4000, now);
    progress.clear();
    return io.err;
  };
  const lines = said(false).split("\n");
  assert.deepEqual(lines, [
    "dump: 2 %  4 MB  1000 packets  4 MB/s",
    "dump: 22 %  44 MB  11000 packets  4 MB/s",
    "dump: 42 %  84 MB  21000 packets  4 MB/s",
    "",
  ]);
  const terminal = said(true);
  assert.ok(terminal.startsWith("\r2 %  4 MB  1000 packets  4 MB/s\r"));
  assert.match(terminal, /\r +\r$/);
  const io = new MemoryIo();
  const quick = new Progress(io, undefined, () => 5);
  quick.at(1, 1);
  quick.clear();
  assert.equal(io.err, "");
});

Deno.test("passed over: what is not nothing, in words", () => {
  const none = {
    linkTypes: new Map(),
    notIp: 0,
    otherProtocols: 0,
    malformed: 0,
    cut: 0,
    incompletePackets: 0,
    contradictoryPackets: 0,
    tlsConnections: 0,
    otherConnections: 0,
    evictedConversations: 0,
    suppressedNotes: 0,
  };
  assert.deepEqual(passedOverText(none), []);
  assert.deepEqual(
    passedOverText({
      ...none,
      linkTypes: new Map([[127, 3]]),
      notIp: 2,
      tlsConnections: 1,
      suppressedNotes: 5,
      evictedConversations: 4,
    }),
    [
      "passed over packets: 3 of link type 127, which is not known, 2 without IP",
      "passed over TCP connections: 1 under TLS",
      "4 conversations were forgotten to make room for others",
      "5 further notes of the same conversations",
    ],
  );
});
