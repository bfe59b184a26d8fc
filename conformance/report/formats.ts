/** Every format of reports: a new one is one file and one line here. */
import { badgeReport } from "./badge.ts";
import { jsonReport } from "./json.ts";
import { junitReport } from "./junit.ts";
import { htmlReport } from "./page/html_report.ts";
import type { Report } from "./report.ts";
import { tapReport } from "./tap.ts";
import { textReport } from "./text.ts";

export const REPORTS: Readonly<Record<string, Report>> = {
  text: textReport,
  json: jsonReport,
  junit: junitReport,
  tap: tapReport,
  html: htmlReport,
  badge: badgeReport,
};
