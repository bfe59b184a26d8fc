/** A verdict as a coloured word. */
import { type Html, html } from "../../../lib/html/html.ts";
import type { Verdict } from "../../verdict.ts";

const LOOKS: Readonly<Record<Verdict, string>> = {
  pass: "good",
  fail: "bad",
  error: "bad",
  weak: "warn",
  info: "calm",
  unsupported: "calm",
  skipped: "calm",
};

export function verdictBadge(verdict: Verdict): Html {
  return html`<span class="badge ${LOOKS[verdict]}">${verdict}</span>`;
}
