/** Every case as one row. */
import { type Html, html } from "../../../lib/html/html.ts";
import type { CaseResult, SuiteResult } from "../../results.ts";
import { verdictBadge } from "./badge.ts";
import { anchorOf, toldCases } from "./broken_section.ts";

export function casesBody(result: SuiteResult): Html {
  const told = new Set(toldCases(result).map(({ result }) => result));
  const rows = result.tables.flatMap(({ dialect, results }) =>
    results.map((one) => caseRow(one, dialect, told.has(one)))
  );
  return html`
    <div class="card">
      <div class="scroll" tabindex="0" role="region" aria-label="Every case">
        <table>
          <caption>In the order of the specification</caption>
          <thead>
            <tr>
              <th scope="col">verdict</th>
              <th scope="col">case</th>
              <th scope="col">level</th>
              <th scope="col">clause</th>
              <th scope="col">dialect</th>
              <th scope="col" class="n">checks</th>
              <th scope="col" class="n">ms</th>
            </tr>
          </thead>
          <tbody>${rows}</tbody>
        </table>
      </div>
      <p class="soft" data-empty="tr" hidden>No case fits.</p>
    </div>
  `;
}

function caseRow(
  { id, title, verdict, known, level, clause, checks, elapsedMs, why }: CaseResult,
  dialect: string,
  told: boolean,
) {
  const name = html`<code>${id}</code>`;
  return html`
    <tr data-verdict="${verdict}">
      <td>${verdictBadge(verdict)}${known && html`
        <span class="soft">known</span>
      `}</td>
      <td class="words">${told ? html`<a href="#${anchorOf(dialect, id)}">${name}</a>` : name}<br>
    <span class="soft">${title}${why !== undefined && `: ${why.split("\n")[0].slice(0, 300)}`}</span></td>
      <td>${level}</td>
      <td>${clause}</td>
      <td>${dialect}</td>
      <td class="n">${checks || "-"}</td>
      <td class="n">${elapsedMs.toFixed(1)}</td>
    </tr>
  `;
}
