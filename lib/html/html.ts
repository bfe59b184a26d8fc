/**
 * HTML that cannot be injected into: what is put into a template is escaped, unless it is {@link Html} itself. What comes
 * from a capture or a peer is only ever a value.
 *
 * ```ts
 * html`<td title="${hint}">${name}</td>`; // attributes always in double quotes
 * ```
 */
import { visible } from "../base/hex_text.ts";

export class Html {
  readonly text: string;

  /** For text that is HTML by its making; everything else goes through {@link html}. */
  constructor(text: string) {
    this.text = text;
  }
}

export type HtmlValue = Html | string | number | undefined | false | readonly HtmlValue[];

export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(outdented(parts).reduce((text, part, i) => text + textOf(values[i - 1]) + part));
}

const OUTDENTED = new WeakMap<TemplateStringsArray, readonly string[]>();

/** Templates are indented in the source; a page of thousands of rows is a third smaller without. */
function outdented(parts: TemplateStringsArray): readonly string[] {
  const known = OUTDENTED.get(parts);
  if (known !== undefined) return known;
  const short = parts.map((part) => part.replace(/\n\s*/g, "\n"));
  OUTDENTED.set(parts, short);
  return short;
}

export const NOTHING = new Html("");

function textOf(value: HtmlValue): string {
  if (value === undefined || value === false) return "";
  if (value instanceof Html) return value.text;
  return typeof value === "object" ? value.map(textOf).join("") : escapeHtml(String(value));
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Safe as text and in quoted attributes; characters that steer the display are written out. */
export function escapeHtml(text: string): string {
  return visible(text).replace(/[&<>"']/g, (character) => ENTITIES[character]);
}
