/** What is measured, that it really ran, and what is said where it cannot; how fast anything is, is nobody's promise. */
import assert from "node:assert/strict";
import { BENCH_AREAS, type BenchGap, type BenchRow, percentile } from "../bench/bench_row.ts";
import { benchText } from "../bench/bench_text.ts";
import { busyWarning, type Machine } from "../bench/machine.ts";
import { EXIT } from "../exit_codes.ts";
import { runArgs } from "../testing/run_line.ts";

interface Document {
  readonly schema: string;
  readonly machine: Machine;
  readonly rows: readonly BenchRow[];
  readonly notMeasured: readonly BenchGap[];
}

async function bench(...args: string[]): Promise<Document> {
  const { exitCode, out } = await runArgs(["bench", "--json", "--seconds", "0.01", ...args]);
  assert.equal(exitCode, EXIT.ok);
  return JSON.parse(out);
}

/** Of all areas, measured once for all tests. */
let whole: Promise<Document> | undefined;
const wholeBench = () => whole ??= bench();

Deno.test("bench: every area has its rows, and each row really ran", async () => {
  const { schema, machine, rows, notMeasured } = await wholeBench();
  assert.equal(schema, "arcrtc.bench/1");
  assert.ok(machine.cores >= 1 && machine.kernel !== "" && machine.deno === Deno.version.deno);
  for (const area of BENCH_AREAS) assert.ok(rows.some((row) => row.area === area), area);
  for (const { subject, count, figures } of rows) {
    assert.ok(count > 0, subject);
    assert.ok(Object.keys(figures).length > 0, subject);
    for (const [name, value] of Object.entries(figures)) assert.ok(Number.isFinite(value), `${subject}: ${name}`);
  }
  for (const { subject, why } of notMeasured) assert.notEqual(why, "", subject);
});

Deno.test("bench: each backend is measured or named with what it lacks, at both sizes", async () => {
  const { rows, notMeasured } = await wholeBench();
  for (const [area, backends] of [["protect", ["noble", "node", "native"]], ["relay", ["deno", "native"]]] as const) {
    for (const backend of backends) {
      const own = rows.filter((row) => row.area === area && row.subject.startsWith(`${backend},`));
      const isAbsent = notMeasured.some((gap) => gap.area === area && gap.subject.startsWith(backend));
      assert.equal(own.length === 0, isAbsent, `${area} ${backend}`);
      if (!isAbsent) assert.deepEqual([...new Set(own.map((row) => row.payloadBytes))], [160, 1200]);
    }
  }
  assert.deepEqual(
    rows.filter(({ area }) => area === "protect").map(({ subject }) => subject),
    rows.filter(({ area }) => area === "unprotect").map(({ subject }) => subject),
  );
});

Deno.test("bench --only: nothing else is measured", async () => {
  const { rows } = await bench("--only", "parse,timer");
  assert.deepEqual([...new Set(rows.map(({ area }) => area))], ["parse", "timer"]);
});

Deno.test("bench: flags that are not understood, with what would be", async () => {
  for (
    const [args, message, hint] of [
      [["--only", "parse,rellay"], "nothing named 'rellay' is measured", "did you mean 'relay'?"],
      [["--only", ""], "nothing named '' is measured", "it takes parse, protect,"],
      [["--seconds", "0"], "--seconds '0' is out of bounds", "above 0"],
      [["--seconds", "1e9"], "--seconds '1e9' is out of bounds", "above 0"],
      [["--seconds", "1", "--quick"], "say two things", "give one"],
    ] as const
  ) {
    const { exitCode, out, err } = await runArgs(["bench", ...args]);
    assert.deepEqual([exitCode, out], [EXIT.usage, ""]);
    assert.ok(err.includes(message) && err.includes(hint), err);
  }
});

const IDLE: Machine = {
  cpu: "a processor",
  cores: 4,
  arch: "x86_64",
  kernel: "Linux 6",
  deno: "2",
  loadAverage: 0.1,
  busyShare: 0.02,
  crypto: { backend: "noble", why: "the rest is absent" },
  io: { backend: "deno", why: "no permission" },
};

Deno.test("bench: a busy machine is warned of, an idle one is not", () => {
  assert.equal(busyWarning(IDLE), undefined);
  assert.match(busyWarning({ ...IDLE, busyShare: 0.5 }) ?? "", /^others keep 2\.0 of 4 processors busy/);
  assert.match(busyWarning({ ...IDLE, busyShare: NaN }) ?? "", /cannot be read/);
});

Deno.test("bench: the table shows each figure in its unit, and what was not measured", () => {
  const rows: BenchRow[] = [
    {
      area: "parse",
      subject: "header",
      payloadBytes: 160,
      count: 7,
      figures: { nsPerPacket: 1234, packetsPerS: 810372 },
    },
  ];
  const text = benchText(IDLE, rows, [{ area: "relay", subject: "native", why: "no libc" }]);
  assert.match(text, /^machine +4 x a processor, x86_64, Linux 6, Deno 2$/m);
  assert.match(text, /^ {2}header +160 +1\.234 +810372 +7$/m);
  assert.match(text, /^ {2}native: not measured: no libc$/m);
  assert.doesNotMatch(text, /^timers/m);
});

Deno.test("bench: percentiles are of what is there", () => {
  assert.equal(percentile([3, 1, 2], 50), 2);
  assert.equal(percentile([1, 2, 3], 99), 3);
  assert.ok(Number.isNaN(percentile([], 50)));
});
