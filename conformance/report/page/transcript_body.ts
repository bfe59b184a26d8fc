/** What was asked, sent and received, with times. */
import { type Html, html, NOTHING } from "../../../lib/html/html.ts";
import { brief } from "../../expect.ts";
import type { CaseResult } from "../../results.ts";
import type { TranscriptEntry } from "../../transcript.ts";

/** Entries that are shown: the last ones, and all that went wrong. */
const MAX_ENTRIES = 60;

export function transcriptBody({ transcript, needs, breaches }: CaseResult): Html {
  const at = new Set(breaches.map((breach) => breach.at));
  const isWrong = (entry: TranscriptEntry) =>
    entry.kind === "asked" && (entry.problem !== undefined || at.has(entry.check));
  const from = transcript.length - MAX_ENTRIES;
  const kept = transcript.filter((entry, i) => i >= from || isWrong(entry)).slice(-2 * MAX_ENTRIES);
  const left = transcript.length - kept.length;
  if (kept.length === 0) return NOTHING;
  return html`
    <details${needs !== "ops" && html`
      open
    `}>
      <summary>Transcript (${transcript.length})</summary>
      <ol class="transcript">${left > 0 &&
        html`<li class="soft">${left} entries are left out: --report json has them</li>`}${kept.map((entry) =>
          html`<li${
            isWrong(entry) && html`
              class="wrong"
            `
          }><time>${entry.atMs.toFixed(1)} ms</time> ${entryBody(entry)}</li>`
        )}</ol>
      </details>
  `;
}

function entryBody(entry: TranscriptEntry): Html {
  switch (entry.kind) {
    case "asked":
      return html`<b>${entry.check}</b><br><code>&rarr; ${brief(entry.request)}</code><br>
        <code>&larr; ${entry.answer === undefined ? "nothing" : brief(entry.answer)}</code>${
        entry.problem !== undefined && html`<br><span class="got">${entry.problem}</span>`
      }`;
    case "sent":
    case "received":
      return html`<b>${entry.line} ${entry.kind === "sent" ? "\u2192" : "\u2190"}</b> <code>${
        shortened(entry.text ?? entry.hex)
      }</code>`;
    default:
      return html`<b>${entry.line}</b> <i>${entry.kind}</i> ${entry.text}`;
  }
}

const MAX_TEXT = 600;

function shortened(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}... (${text.length} characters)` : text;
}
