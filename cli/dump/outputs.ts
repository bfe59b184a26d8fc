/** Where units go: a line, a table, JSON, or a report once all have been seen. */
import type { UnitModel } from "../../lib/dissect/model/unit_model.ts";
import type { Io } from "../ui/io.ts";
import { painter } from "../ui/style.ts";
import type { CapturePass } from "./capture_pass.ts";
import type { DumpFlags } from "./dump_flags.ts";
import type { TextBuffer } from "./text_buffer.ts";
import { UnitLine } from "./unit_line.ts";
import { UnitTable } from "./unit_table.ts";

export interface Output {
  unit(unit: UnitModel): void;
  /** All have been given. True where that is a finding. */
  end?(pass: CapturePass): boolean | void;
}

export function isTable({ csv, fields }: DumpFlags): boolean {
  return csv === true || fields !== undefined;
}

/** What is not needed is not loaded: detail brings the whole text of the specification with it. */
export function outputOf(
  flags: DumpFlags,
  columns: readonly string[],
  sourceName: string,
  out: TextBuffer,
  io: Io,
): Output | Promise<Output> {
  if (flags.streams) return streamsOutput(flags, out);
  if (flags.calls) return callsOutput(flags, out);
  if (flags.report !== undefined) return reportOutputs(flags.report, flags, sourceName, out, io);
  if (flags.check) return checkOutput(flags, sourceName, out);
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
    end({ modeller: { registry, evidence } }) {
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
    end({ modeller: { registry } }) {
      const calls = ladder.calls(registry);
      out.text(flags.json ? callsJson(calls, registry) : callsText(calls, registry));
    },
  };
}

async function reportOutputs(
  path: string,
  flags: DumpFlags,
  source: string,
  out: TextBuffer,
  io: Io,
): Promise<Output> {
  const { bothOutputs, reportOutput } = await import("./report_output.ts");
  const report = reportOutput(path, source, io);
  return flags.check ? bothOutputs(await checkOutput(flags, source, out), report) : report;
}

async function checkOutput(flags: DumpFlags, source: string, out: TextBuffer): Promise<Output> {
  const { CaptureChecker } = await import("../../lib/dissect/check/checker.ts");
  const { checkReport } = await import("./check_report.ts");
  const checker = new CaptureChecker();
  let units = 0;
  return {
    unit(unit) {
      units++;
      checker.handle(unit);
    },
    end({ dissector, modeller }) {
      checker.end();
      const { findings, further, verdicts } = checker;
      const dialect = modeller.evidence.verdict();
      const format = flags.format ?? (flags.json ? "json" : "text");
      out.text(checkReport(
        { source, findings, further, verdicts, dialect, units, packets: dissector.packets },
        format,
        flags.verbose,
      ));
      return findings.length > 0;
    },
  };
}
