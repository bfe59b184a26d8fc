/** The words of a display filter, each with its place for the pointer below an error. */

export type TokenKind = "word" | "string" | "operator" | "open" | "close" | "end";

export interface Token {
  readonly kind: TokenKind;
  /** As written; of a string its content, escapes undone. */
  readonly text: string;
  /** First character of the filter that belongs to it, and how many do. */
  readonly offset: number;
  readonly length: number;
}

/** What is wrong with a filter, and where. */
export interface FilterFault {
  readonly offset: number;
  /** Characters that the pointer underlines, 1 at least. */
  readonly length: number;
  readonly message: string;
  /** A field name that is not known: the caller may know one like it. */
  readonly unknownField?: string;
}

export type Filtered<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly fault: FilterFault };

/** Longer first, so that `<=` is not read as `<`. */
const OPERATORS = ["&&", "||", "==", "!=", ">=", "<=", ">", "<", "!", "{", "}", ",", "~"] as const;

/** Letters of names, numbers, UUIDs, addresses and hex: all that a value may be without quotes. */
const WORD = /^[A-Za-z0-9_.:\-/%[\]]+/;

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

/** Cuts a filter into its words; the last one is `end`. */
export function readTokens(filter: string): Filtered<Token[]> {
  const tokens: Token[] = [];
  for (let at = 0; at < filter.length;) {
    const character = filter[at];
    if (/\s/.test(character)) {
      at++;
      continue;
    }
    const token = readToken(filter, at);
    if (!token.ok) return token;
    tokens.push(token.value);
    at += token.value.length;
  }
  tokens.push({ kind: "end", text: "", offset: filter.length, length: 1 });
  return { ok: true, value: tokens };
}

function readToken(filter: string, offset: number): Filtered<Token> {
  const character = filter[offset];
  if (character === '"' || character === "'") return readString(filter, offset);
  if (character === "(") return token("open", "(", offset, 1);
  if (character === ")") return token("close", ")", offset, 1);
  const operator = OPERATORS.find((each) => filter.startsWith(each, offset));
  if (operator !== undefined) return token("operator", operator, offset, operator.length);
  const word = WORD.exec(filter.slice(offset))?.[0];
  if (word !== undefined) return token("word", word, offset, word.length);
  const hint = character === "="
    ? "; equality is =="
    : character === "&"
    ? "; and is &&"
    : character === "|"
    ? "; or is ||"
    : "";
  return failure(offset, 1, `unexpected ${JSON.stringify(character)}${hint}`);
}

function readString(filter: string, offset: number): Filtered<Token> {
  const quote = filter[offset];
  let text = "";
  for (let at = offset + 1; at < filter.length; at++) {
    const character = filter[at];
    if (character === quote) return token("string", text, offset, at + 1 - offset);
    if (character !== "\\") {
      text += character;
      continue;
    }
    const escaped = filter[++at] ?? "";
    // Of what is not ours the backslash stays: patterns have escapes of their own.
    text += ESCAPES[escaped] ?? (escaped === quote || escaped === "\\" ? escaped : `\\${escaped}`);
  }
  return failure(offset, filter.length - offset, "the string does not end");
}

function token(kind: TokenKind, text: string, offset: number, length: number): Filtered<Token> {
  return { ok: true, value: { kind, text, offset, length } };
}

export function failure(
  offset: number,
  length: number,
  message: string,
  unknownField?: string,
): { readonly ok: false; readonly fault: FilterFault } {
  const fault = { offset, length: Math.max(1, length), message };
  return { ok: false, fault: unknownField === undefined ? fault : { ...fault, unknownField } };
}
