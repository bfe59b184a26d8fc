/** `arcrtc dump`: reads a capture and writes the units that pass. */
import type { UnitModel } from "../../lib/dissect/model/unit_model.ts";
import type { DialectEvidence } from "../../lib/dissect/model/dialect_evidence.ts";
import type { SessionRegistry } from "../../lib/dissect/model/session_registry.ts";
import { EXIT, type ExitCode } from "../exit_codes.ts";
import { onInterrupt } from "../peer/interrupt.ts";
import { CliError } from "../ui/cli_error.ts";
import type { Io } from "../ui/io.ts";
import { painter } from "../ui/style.ts";
import { CapturePass } from "./capture_pass.ts";
import { type CaptureSource, openSource } from "./capture_source.ts";
import type { DumpFlags } from "./dump_flags.ts";
import { readFieldNames, readFilter } from "./filter_flag.ts";
import { type Follow, parseFollow } from "./follow.ts";
import { passedOverText } from "./passed_over.ts";
import { Progress } from "./progress.ts";
import { TextBuffer } from "./text_buffer.ts";
import { parseTimeBound } from "./time_bound.ts";
import { UnitLine } from "./unit_line.ts";
import { DEFAULT_COLUMNS, UnitTable } from "./unit_table.ts";

/** Fields that come from signaling, which may stand behind the media that it is about. */
const JOINED_FIELDS = ["session", "stream", "sender", "role"];

type UnitTest = (unit: UnitModel) => boolean;

/** Where units go. */
interface Output {
  unit(unit: UnitModel): void;
  /** All have been given. */
  end?(registry: SessionRegistry, evidence: DialectEvidence): void;
}

/** @throws CliError */
export async function runDump(path: string, flags: DumpFlags, io: Io): Promise<ExitCode> {
  const filter = flags.filter === undefined ? undefined : readFilter(flags.filter);
  const follow = flags.follow === undefined ? undefined : parseFollow(flags.follow);
  const columns = flags.fields === undefined ? DEFAULT_COLUMNS : readFieldNames(flags.fields);
  const passes = allOf([filter?.test, follow && ((unit) => follow.test(unit)), timeTest(flags)]);
  const source = openSource(path, io);
  const out = new TextBuffer((bytes) => io.stdout(bytes));
  const output = await outputOf(flags, columns, out, io);

  const needsJoin = flags.streams === true || flags.calls === true ||
    (follow !== undefined && follow.kind !== "ssrc") ||
    JOINED_FIELDS.some((name) => filter?.fields.has(name) || (isTable(flags) && columns.includes(name)));
  const registry = needsJoin && !source.isLive ? await readSignaling(source) : undefined;

  let shown = 0;
  let seen = 0;
  const events = {
    unit: (unit: UnitModel) => {
      seen++;
      if (passes !== undefined && !passes(unit)) return;
      output.unit(unit);
      if (++shown === flags.count) pass.stop();
    },
    note: (text: string) => {
      if (flags.quiet) return;
      out.flush();
      io.stderr(`note: ${text}\n`);
    },
    chunk: () => {
      if (source.isLive) out.flush();
    },
  };
  const pass: CapturePass = new CapturePass(events, registry);
  let isInterrupted = false;
  const stopListening = onInterrupt(() => {
    isInterrupted = true;
    source.stop();
  });
  try {
    await pass.run(source, source.isLive || flags.quiet ? undefined : new Progress(io, source.sizeBytes));
    if (shown > 0) output.end?.(pass.modeller.registry, pass.modeller.evidence);
  } finally {
    stopListening();
    out.flush();
  }
  return isInterrupted ? EXIT.interrupted : verdict(pass, { seen, shown, follow, flags, source }, io);
}

/** Sessions, streams and SSRCs of the whole file, before anything of it is shown. */
async function readSignaling(source: CaptureSource): Promise<SessionRegistry> {
  const pass = new CapturePass({ unit: () => {} });
  await pass.run(source);
  return pass.modeller.registry;
}

function allOf(tests: readonly (UnitTest | undefined)[]): UnitTest | undefined {
  const [first, second, ...more] = tests.filter((test) => test !== undefined);
  if (first === undefined || second === undefined) return first;
  return allOf([(unit) => first(unit) && second(unit), ...more]);
}

function timeTest({ from, to }: DumpFlags): UnitTest | undefined {
  const start = from === undefined ? undefined : parseTimeBound("--from", from);
  const end = to === undefined ? undefined : parseTimeBound("--to", to);
  if (start === undefined && end === undefined) return undefined;
  return (unit) => (start === undefined || start(unit) >= 0) && (end === undefined || end(unit) <= 0);
}

function isTable({ csv, fields }: DumpFlags): boolean {
  return csv === true || fields !== undefined;
}

/** What is not needed is not loaded: detail brings the whole text of the specification with it. */
function outputOf(flags: DumpFlags, columns: readonly string[], out: TextBuffer, io: Io): Output | Promise<Output> {
  if (flags.streams) return streamsOutput(flags, out);
  if (flags.calls) return callsOutput(flags, out);
  if (flags.json) return jsonOutput(flags, out);
  if (isTable(flags)) {
    const table = new UnitTable(out, columns);
    table.header();
    return { unit: (unit) => table.write(unit) };
  }
  const line = new UnitLine(out, painter(io, "stdout"));
  return flags.detail || flags.hex ? detailOutput(flags, line, out, io) : { unit: (unit) => line.write(unit) };
}

async function jsonOutput(flags: DumpFlags, out: TextBuffer): Promise<Output> {
  const { unitToJsonLine } = await import("./unit_json.ts");
  const options = { fields: flags.detail ?? false, hex: flags.hex ?? false };
  return { unit: (unit) => out.text(unitToJsonLine(unit, options)) };
}

async function detailOutput(flags: DumpFlags, line: UnitLine, out: TextBuffer, io: Io): Promise<Output> {
  const { detailText, hexDump } = await import("./unit_detail.ts");
  const options = { paint: painter(io, "stdout"), columns: io.columns, verbose: flags.verbose ?? false };
  return {
    unit: (unit) => {
      if (flags.detail) out.text(detailText(unit, options));
      else line.write(unit);
      if (flags.hex) out.text(hexDump(unit));
    },
  };
}

async function streamsOutput(flags: DumpFlags, out: TextBuffer): Promise<Output> {
  const { StreamTable } = await import("../../lib/dissect/analysis/stream_table.ts");
  const { streamRows, streamsCsv, streamsJson, streamsText } = await import("./stream_report.ts");
  const table = new StreamTable();
  return {
    unit: (unit) => void table.handle(unit),
    end(registry, evidence) {
      const rows = streamRows(table, registry);
      const verdict = evidence.verdict();
      if (flags.json) out.text(streamsJson(rows, table.untracked, verdict));
      else if (flags.csv) out.text(streamsCsv(rows));
      else out.text(streamsText(rows, table.untracked, verdict));
    },
  };
}

async function callsOutput(flags: DumpFlags, out: TextBuffer): Promise<Output> {
  const { CallLadder } = await import("../../lib/dissect/analysis/call_ladder.ts");
  const { callsJson, callsText } = await import("./call_report.ts");
  const ladder = new CallLadder();
  return {
    unit: (unit) => ladder.handle(unit),
    end(registry) {
      const calls = ladder.calls(registry);
      out.text(flags.json ? callsJson(calls, registry) : callsText(calls, registry));
    },
  };
}

interface Outcome {
  readonly seen: number;
  readonly shown: number;
  readonly follow: Follow | undefined;
  readonly flags: DumpFlags;
  readonly source: CaptureSource;
}

/** Says on standard error what the output does not show. @throws CliError where nothing was shown. */
function verdict(pass: CapturePass, { seen, shown, follow, flags, source }: Outcome, io: Io): ExitCode {
  const { reader, dissector, modeller } = pass;
  const isCut = shown === flags.count;
  if (!flags.quiet && !isCut) {
    for (const line of passedOverText(dissector.passedOver)) io.stderr(`note: ${line}\n`);
    const { dialect, reasons } = modeller.evidence.verdict();
    if (dialect !== undefined && dialect !== "arcrtc-1.0") {
      io.stderr(`note: dialect ${dialect}: ${reasons.join("; ")}\n`);
    }
  }
  if (reader.fault !== undefined) {
    const read = dissector.packets === 0
      ? ""
      : `; the ${dissector.packets} packets before byte ${reader.fault.offset} were read`;
    io.stderr(`error: ${source.name}: ${reader.fault.message}${read}\n`);
    return EXIT.finding;
  }
  if (shown > 0) return EXIT.ok;
  if (seen === 0) throw new CliError("nothingSelected", `${source.name} has no units in ${dissector.packets} packets`);
  const what = follow?.value === undefined ? "" : ` of ${follow.kind} ${follow.value}`;
  throw new CliError("nothingSelected", `none of the ${seen} units${what} passes`);
}
