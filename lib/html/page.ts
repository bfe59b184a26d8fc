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
}

export interface PageSection {
  readonly id: string;
  readonly heading: string;
  readonly body: Html;
}

/** Only the page's own style and script may run, whatever else has got into it: the browser checks their hashes. */
const POLICY = `default-src 'none'; style-src '${hashOf(PAGE_STYLE)}'; script-src '${hashOf(PAGE_SCRIPT)}'; ` +
  "base-uri 'none'; form-action 'none'";

export function page({ title, kicker, head, sections, footer }: PageParts): string {
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="${new Html(POLICY)}">
        <title>${title} - ${kicker}</title>
        <style>${new Html(PAGE_STYLE)}</style>
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
        <script>${new Html(PAGE_SCRIPT)}</script>
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

function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
