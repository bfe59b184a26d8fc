/** The report as one page for people: figures, what is wrong with its bytes, and every case, to be filtered. */
import { html } from "../../../lib/html/html.ts";
import { factList, page, verdict } from "../../../lib/html/page.ts";
import type { SuiteResult } from "../../results.ts";
import { SPEC_VERSION } from "../json.ts";
import type { ReportStyle } from "../report.ts";
import { against, counted, judgedAndKept } from "../tally.ts";
import { brokenBody, FILTER } from "./broken_section.ts";
import { casesBody } from "./cases_section.ts";
import { measuresBody } from "./measures_section.ts";
import { REPORT_SCRIPT } from "./report_script.ts";
import { REPORT_STYLE } from "./report_style.ts";
import { summaryBody } from "./summary_section.ts";

/** The page. It is bounded: of what is wrong so many cases are told whole, transcripts and bytes are cut with a note. */
export function htmlReport(result: SuiteResult, { version }: ReportStyle): string {
  const { implementation, subjects, seed, strict, elapsedMs, interrupted, stale, tables } = result;
  const broken = against(result).length;
  const { judged, kept } = judgedAndKept(result);
  const checks = tables.flatMap(({ results }) => results).reduce((sum, one) => sum + one.checks, 0);
  const staleText = stale.length === 0
    ? ""
    : `, and ${counted(stale.length, "stale entry").replace("entrys", "entries")}`;
  const isGood = broken + stale.length === 0 && judged > 0;
  const name = implementation === undefined
    ? Object.values(subjects).join(", ") || "nothing"
    : `${implementation.name} ${implementation.version}`;
  const measures = measuresBody(result);
  return page({
    title: name,
    kicker: "ArcRTC conformance report",
    head: html`${
      verdict(
        isGood,
        judged === 0
          ? "Nothing was judged"
          : isGood
          ? `Conforms: ${kept} of ${counted(judged, "judged case")}`
          : `${counted(broken, "case")} against it${staleText}, of ${judged} judged`,
      )
    }${interrupted && html`<p class="verdict bad">The run was ended early: what had been judged by then is here.</p>`}${
      factList([
        ...Object.entries(subjects).map(([facet, subject]) => [FACET_NAMES[facet] ?? facet, subject] as const),
        ["Cases kept", judged === 0 ? "-" : `${kept} of ${judged}`],
        ["Checks", String(checks)],
        ["Took", `${(elapsedMs / 1000).toFixed(1)} s`],
        ["Seed", String(seed)],
        ["Specification", `ArcRTC ${SPEC_VERSION}`],
        ["SHOULD counts", strict ? "yes (--strict)" : "no"],
      ])
    }`,
    sections: [
      { id: "summary", heading: "Areas", body: summaryBody(result) },
      ...(measures === undefined ? [] : [{ id: "measures", heading: "Measured", body: measures }]),
      { id: "broken", heading: "What is wrong", body: html`${FILTER}${brokenBody(result)}` },
      { id: "cases", heading: "Every case", body: casesBody(result) },
    ],
    footer: html`Made by arcrtc ${version} (arcrtc conformance --report html).`,
    style: REPORT_STYLE,
    script: REPORT_SCRIPT,
  });
}

const FACET_NAMES: Readonly<Record<string, string>> = {
  ops: "Library",
  server: "Signaling server",
  relay: "Relay",
  peer: "Peer",
  capture: "Capture",
};
