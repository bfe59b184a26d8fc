/** `--report FILE`: gathers what the page shows and writes it at the end, to standard output for `-`. */
import { CaptureReport } from "../../lib/dissect/report/capture_report.ts";
import { OutputFile } from "../peer/output_file.ts";
import type { Io } from "../ui/io.ts";
import { counted } from "./check_report.ts";
import type { Output } from "./outputs.ts";
import { htmlReport } from "./report/html_report.ts";

/** @throws CliError where the file cannot be written: before the capture is read. */
export function reportOutput(path: string, source: string, io: Io): Output {
  const file = path === "-" ? undefined : new OutputFile(path);
  const report = new CaptureReport();
  return {
    unit: (unit) => report.handle(unit),
    end(pass) {
      report.end();
      const bytes = new TextEncoder().encode(htmlReport(report, pass, source));
      if (file === undefined) return io.stdout(bytes);
      file.write(bytes);
      file.close();
      const { findings } = report.checker;
      io.stderr(`wrote ${path}: ${counted(findings.length, "finding")}, ${Math.ceil(bytes.length / 1000)} kB\n`);
    },
  };
}

/** Gives each unit to both. */
export function bothOutputs(one: Output, other: Output): Output {
  return {
    unit(unit) {
      one.unit(unit);
      other.unit(unit);
    },
    end(pass) {
      const found = [one.end?.(pass), other.end?.(pass)];
      return found.includes(true);
    },
  };
}
