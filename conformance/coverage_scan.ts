/**
 * Finds the requirement ids that tests and vectors name.
 *
 * Only string literals count in TypeScript: an id in a comment says what somebody had in mind, an id in a test's name
 * or data shows up when it fails.
 */

import { REQUIREMENT_ID } from "./requirements.ts";

/** A file with its path, which is used for messages and to tell TypeScript from JSON. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** One id that a file names. */
export interface Mention {
  readonly id: string;
  readonly path: string;
}

/**
 * The ids that the files name, each once per file, in the order of the files.
 *
 * `.json` files are read as JSON, and a string that is an id as a whole counts, key or value; throws SyntaxError, with
 * the path, on JSON that does not parse. Every other file is read as TypeScript.
 */
export function scanMentions(files: readonly SourceFile[]): Mention[] {
  return files.flatMap(({ path, text }) => {
    const ids = path.endsWith(".json") ? idsInJson(path, text) : idsInTypeScript(text);
    return [...new Set(ids)].map((id) => ({ id, path }));
  });
}

function idsInJson(path: string, text: string): string[] {
  const ids: string[] = [];
  const take = (value: string) => {
    if (value.match(REQUIREMENT_ID)?.[0] === value) ids.push(value);
  };
  try {
    JSON.parse(text, (key, value) => {
      take(key);
      if (typeof value === "string") take(value);
      return value;
    });
  } catch (error) {
    throw new SyntaxError(`Cannot parse ${path}: ${error instanceof Error ? error.message : error}`);
  }
  return ids;
}

function idsInTypeScript(text: string): string[] {
  return stringLiterals(text).flatMap((literal) => literal.match(REQUIREMENT_ID) ?? []);
}

/** A slash behind one of these begins a regular expression; behind anything else it divides. */
const BEFORE_REGEXP = /(?:^|[(,=:[!&|?{};+\-*%<>~^\n]|\b(?:return|typeof|case|in|of))[ \t]*$/;

/**
 * The contents of the string and template literals of TypeScript source.
 *
 * Not a full lexer: it knows strings, templates with nested expressions, comments and regular expressions, which is
 * what it takes not to lose its place in a file of ours.
 */
export function stringLiterals(source: string): string[] {
  const literals: string[] = [];
  // Depth of plain braces inside each open `${`; a brace at depth 0 resumes the template.
  const templates: number[] = [];
  let at = 0;

  /** Moves past a quoted run that started before `at`; returns its text and what ended it. */
  const readUntil = (ends: readonly string[]): { readonly text: string; readonly end: string | undefined } => {
    const start = at;
    while (at < source.length) {
      const end = ends.find((candidate) => source.startsWith(candidate, at));
      if (end !== undefined) {
        const text = source.slice(start, at);
        at += end.length;
        return { text, end };
      }
      at += source[at] === "\\" ? 2 : 1;
    }
    return { text: source.slice(start), end: undefined };
  };
  const readTemplate = () => {
    const { text, end } = readUntil(["`", "${"]);
    literals.push(text);
    if (end === "${") templates.push(0);
  };

  while (at < source.length) {
    const char = source[at];
    if (source.startsWith("//", at)) {
      const newline = source.indexOf("\n", at);
      at = newline === -1 ? source.length : newline;
    } else if (source.startsWith("/*", at)) {
      const close = source.indexOf("*/", at + 2);
      at = close === -1 ? source.length : close + 2;
    } else if (char === "/" && BEFORE_REGEXP.test(source.slice(Math.max(0, at - 40), at))) {
      at++;
      // A slash inside a character class does not end the expression.
      while (readUntil(["/", "[", "\n"]).end === "[") readUntil(["]", "\n"]);
    } else if (char === '"' || char === "'") {
      at++;
      literals.push(readUntil([char, "\n"]).text);
    } else if (char === "`") {
      at++;
      readTemplate();
    } else if (char === "{" && templates.length > 0) {
      templates.push((templates.pop() ?? 0) + 1);
      at++;
    } else if (char === "}" && templates.length > 0) {
      const depth = templates.pop() ?? 0;
      at++;
      if (depth === 0) readTemplate();
      else templates.push(depth - 1);
    } else {
      at++;
    }
  }
  return literals;
}
