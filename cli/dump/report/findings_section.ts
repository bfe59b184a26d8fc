/** What breaks a rule, each with the rule's own words and the packets that show it. */
import type { Finding } from "../../../lib/dissect/check/findings.ts";
import { type Html, html } from "../../../lib/html/html.ts";
import { findingText, specRule } from "../check_report.ts";

const MAX_SHOWN = 200;

export function findingsBody(findings: readonly Finding[], further: number): Html {
  if (findings.length === 0) {
    return html`
      <div class="card">
        <p class="soft">Nothing in this capture breaks a rule that can be checked from outside.</p>
      </div>
    `;
  }
  const more = findings.length - MAX_SHOWN + further;
  return html`${findings.slice(0, MAX_SHOWN).map(findingCard)}${
    more > 0 && html`<p class="soft">... and ${more} more: arcrtc dump --check --json has them.</p>`
  }`;
}

function findingCard({ rule, subject, message, packets, count }: Finding): Html {
  const known = specRule(rule);
  const isMust = (known?.level ?? "MUST") !== "SHOULD";
  const listed = `${packets.length === 1 ? "Packet" : "Packets"} ${packets.join(", ")}${
    count > packets.length && packets.length > 1 ? ", ..." : ""
  }`;
  return html`
    <article class="card">
    <h3><span class="badge ${isMust ? "bad" : "warn"}">${known?.level ?? "MUST"}</span> <code>${rule}</code></h3>
    <p>${findingText(subject, message)}</p>
    ${known !== undefined && html`<blockquote>${known.text}</blockquote>`}
    <p class="soft">${listed}${count > 1 && html`
      - seen ${count} times
    `}</p>
    </article>
  `;
}
