/** `--report`: a capture as one page for people. */
import type { CaptureReport } from "../../../lib/dissect/report/capture_report.ts";
import { html } from "../../../lib/html/html.ts";
import { factList, page, verdict } from "../../../lib/html/page.ts";
import { VERSION } from "../../version.ts";
import type { CapturePass } from "../capture_pass.ts";
import { counted } from "../check_report.ts";
import { passedOverText } from "../passed_over.ts";
import { streamRows } from "../stream_report.ts";
import { callsBody } from "./calls_section.ts";
import { findingsBody } from "./findings_section.ts";
import { plotsBody } from "./plots_section.ts";
import { roundTripsBody } from "./round_trips_section.ts";
import { streamsBody } from "./streams_section.ts";

/** The page. Its size is bounded, whatever the capture's is: plots are of so many streams and moments, tables cut with a note. */
export function htmlReport(
  report: CaptureReport,
  { reader, dissector, modeller }: CapturePass,
  source: string,
): string {
  const { ladder, checker, plots, roundTrips } = report;
  const { registry } = modeller;
  const rows = streamRows(ladder.table, registry);
  const calls = ladder.calls(registry);
  const { dialect, reasons } = modeller.evidence.verdict();
  const { findings, further } = checker;
  const notes = [
    ...(reader.fault === undefined ? [] : [
      `The capture is damaged from byte ${reader.fault.offset} on: ${reader.fault.message}. What is before it is shown.`,
    ]),
    ...passedOverText(dissector.passedOver),
  ];
  const rules = new Set(findings.map(({ rule }) => rule)).size;
  const breaches = `${counted(findings.length, "finding")} against ${counted(rules, "rule")} of the specification`;
  return page({
    title: source.split(/[\\/]/).at(-1) ?? source,
    kicker: "ArcRTC capture report",
    head: html`${
      verdict(findings.length === 0, findings.length === 0 ? "No breach of a rule of the specification" : breaches)
    }${
      factList([
        ["Begins", momentText(report.firstUnixS)],
        ["Lasts", `${report.durationS.toFixed(3)} s`],
        ["Packets", String(dissector.packets)],
        ["Units", String(report.units)],
        ["Calls", String(calls.length)],
        ["Media streams", String(rows.length)],
        ["Missing packets", lossText(rows)],
        ["Dialect", dialect ?? "not to be told"],
      ])
    }`,
    sections: [
      { id: "findings", heading: "Findings", body: findingsBody(findings, further) },
      { id: "streams", heading: "Media streams", body: streamsBody(rows, ladder.table.untracked) },
      { id: "plots", heading: "Over time", body: plotsBody(plots.series, registry, report.durationS) },
      { id: "round-trips", heading: "Round trips", body: roundTripsBody(roundTrips, report.durationS) },
      { id: "calls", heading: "Calls", body: callsBody(calls, registry) },
      {
        id: "about",
        heading: "About the capture",
        body: html`<div class="card"><p><b>Dialect: ${dialect ?? "not to be told"}</b></p>
<ul>${reasons.map((reason) => html`<li>${reason}</li>`)}</ul>
${
          notes.length === 0
            ? html`<p class="soft">Every packet was read.</p>`
            : html`<ul>${notes.map((note) => html`<li>${note}</li>`)}</ul>`
        }</div>`,
      },
    ],
    footer:
      html`Made by arcrtc ${VERSION} (arcrtc dump --report) of ${source}. Times count from the first unit; packet numbers are Wireshark's.`,
  });
}

function momentText(unixS: number): string {
  const date = new Date(unixS * 1000);
  return Number.isNaN(date.getTime()) ? `${unixS} s` : date.toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC");
}

function lossText(rows: readonly { readonly lost: number; readonly expected: number }[]): string {
  const lost = rows.reduce((sum, row) => sum + row.lost, 0);
  const expected = rows.reduce((sum, row) => sum + row.expected, 0);
  return expected === 0 ? "-" : `${lost} of ${expected} (${((100 * lost) / expected).toFixed(1)} %)`;
}
