/** The shell of every page: one file without anything from elsewhere, good to open from a disk, to mail and to print. */
import { createHash } from "node:crypto";
import { Html, html } from "./html.ts";
import { PAGE_SCRIPT } from "./page_script.ts";
import { PAGE_STYLE } from "./page_style.ts";

export interface PageParts {
  readonly title: string;
  /** A word above the title: what kind of page it is. */
  readonly kicker: string;
  /** Below the title, in the head of the page. */
  readonly head: Html;
  readonly sections: readonly PageSection[];
  readonly footer: Html;
  /** What this kind of page has besides the looks and the script of every page. */
  readonly style?: string;
  readonly script?: string;
}

export interface PageSection {
  readonly id: string;
  readonly heading: string;
  readonly body: Html;
}

export function page(parts: PageParts): string {
  const { title, kicker, head, sections, footer } = parts;
  const style = PAGE_STYLE + (parts.style ?? "");
  const script = PAGE_SCRIPT + (parts.script ?? "");
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="${new Html(policy(style, script))}">
        <title>${title} - ${kicker}</title>
        <style>${new Html(style)}</style>
      </head>
      <body>
        <header>
    <p class="kicker">${kicker}</p>
    <h1>${title}</h1>
    ${head}
    <nav aria-label="Sections">${sections.map(({ id, heading }) => html`<a href="#${id}">${heading}</a>`)}</nav>
        </header>
        <main>
    ${sections.map(({ id, heading, body }) =>
      html`
        <section id="${id}" aria-labelledby="${id}-heading">
        <h2 id="${id}-heading">${heading}</h2>
        ${body}
        </section>
      `
    )}</main>
        <footer>${footer}</footer>
        <script>${new Html(script)}</script>
      </body>
    </html>
  `.text.trimStart();
}

/** Name and value pairs, the page's figures at a glance. */
export function factList(facts: readonly (readonly [name: string, value: string])[]): Html {
  return html`<dl class="facts">${
    facts.map(([name, value]) =>
      html`
        <div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>
      `
    )
  }</dl>`;
}

export function verdict(isGood: boolean, text: string): Html {
  return html`<p class="verdict ${isGood ? "good" : "bad"}" role="status">${text}</p>`;
}

/** Only the page's own style and script may run, whatever else has got into it: the browser checks their hashes. */
function policy(style: string, script: string): string {
  return `default-src 'none'; style-src '${hashOf(style)}'; script-src '${hashOf(script)}'; ` +
    "base-uri 'none'; form-action 'none'";
}

function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
