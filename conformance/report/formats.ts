/** Every format of reports: a new one is one file and one line here. */
import { jsonReport } from "./json.ts";
import type { Report } from "./report.ts";
import { textReport } from "./text.ts";

export const REPORTS: Readonly<Record<string, Report>> = {
  text: textReport,
  json: jsonReport,
};
