/** What is wrong, a card a case: the clause, what was due and what came, the bytes with marks, the transcript. */
import { type Html, html } from "../../../lib/html/html.ts";
import { RULES } from "../../registry.ts";
import type { BreachRecord, CaseResult, SuiteResult } from "../../results.ts";
import { VERDICTS } from "../../verdict.ts";
import { specimensOf } from "../specimen/specimen.ts";
import { counted, hasStory } from "../tally.ts";
import { verdictBadge } from "./badge.ts";
import { specimenBody } from "./specimen_body.ts";
import { transcriptBody } from "./transcript_body.ts";

/** Cases that are told whole, and breaches of each. */
const MAX_CASES = 200;
const MAX_BREACHES = 5;

/** Hidden where no script runs: everything is to be seen then. */
export const FILTER: Html = html`
  <form class="filter" role="search" aria-label="Cases" hidden>
    <label>Find <input type="search" name="text" placeholder="words, ids, rules, bytes" autocomplete="off"></label>
    <fieldset><legend>Verdicts</legend>${VERDICTS.map((verdict) =>
      html`<label><input type="checkbox" name="verdict" value="${verdict}" checked> ${verdict} <output></output></label>`
    )}</fieldset>
    <output class="soft" aria-live="polite" name="shown"></output>
  </form>
`;

/** The cases that have cards. */
export function toldCases(
  { tables }: SuiteResult,
): readonly { readonly result: CaseResult; readonly dialect: string }[] {
  const all = tables.flatMap(({ dialect, results }) => results.map((result) => ({ dialect, result })));
  return all.filter(({ result }) => hasStory(result)).slice(0, MAX_CASES);
}

export function anchorOf(dialect: string, id: string): string {
  return `${dialect}/${id}`;
}

export function brokenBody(result: SuiteResult): Html {
  const told = toldCases(result);
  if (told.length === 0) {
    return html`
      <div class="card">
        <p>Nothing.</p>
      </div>
    `;
  }
  const all = result.tables.flatMap(({ results }) => results);
  const further = all.filter(hasStory).length - told.length;
  return html`${told.map(({ result, dialect }) => caseCard(result, dialect))}
    <p class="soft" data-empty="article" hidden>None of these fits.</p>
    ${
    further > 0 &&
    html`<p>... and ${counted(further, "case")} more, which the table below lists; --report json has all of each.</p>`
  }`;
}

function caseCard(result: CaseResult, dialect: string): Html {
  const { id, title, level, clause, requirements, verdict, known, why, breaches, checks, elapsedMs, seed } = result;
  const further = breaches.length - MAX_BREACHES;
  return html`
    <article class="card case" id="${anchorOf(dialect, id)}" data-verdict="${verdict}" aria-label="${id}">
    <h3>${verdictBadge(verdict)} <code>${id}</code>${known && html`
      <span class="soft">known</span>
    `}</h3>
    <p>${title}</p>
    ${requirements.map((rule, i) =>
      html`<blockquote><b>${i === 0 ? `${level} ` : ""}${rule}</b>${i === 0 && `, clause ${clause}`}<br>${
        RULES.get(rule)?.text
      }</blockquote>`
    )}
    ${why !== undefined && html`<pre class="why">${why}</pre>`}
    ${breaches.slice(0, MAX_BREACHES).map((breach) => breachBody(result, breach, dialect))}
    ${further > 0 && html`<p class="soft">... and ${further} more.</p>`}
    ${transcriptBody(result)}
    <p class="soft">${dialect}, ${counted(checks, "check")}, ${elapsedMs.toFixed(1)} ms. Again:
    <code>arcrtc conformance ${id} --seed ${seed}</code></p>
    </article>
  `;
}

function breachBody(result: CaseResult, breach: BreachRecord, dialect: string): Html {
  const { at, expected, got } = breach;
  return html`<div class="breach">
    <dl>${
    at !== undefined && html`
      <dt>At</dt>
      <dd><code>${at}</code></dd>
    `
  }
    <dt>Expected</dt><dd>${expected}</dd><dt>Got</dt><dd class="got">${got}</dd></dl>
    ${specimensOf(result, breach, dialect).map(specimenBody)}</div>`;
}
