/**
 * A display filter as a tree.
 *
 * ```
 * filter      or
 * or          and  { ("||" | "or") and }
 * and         not  { ("&&" | "and") not }
 * not         ("!" | "not") not | "(" or ")" | comparison
 * comparison  field [ operator value ]  |  field "in" "{" value { "," value } "}"
 * operator    == != > >= < <= contains matches, or eq ne gt ge lt le ~
 * ```
 *
 * A field alone asks whether the unit has it (and, for one that is true or false, whether it is true).
 */
import { failure, type Filtered, readTokens, type Token } from "./filter_lexer.ts";

export type Comparator = "==" | "!=" | ">" | ">=" | "<" | "<=" | "contains" | "matches";

export type FilterNode =
  | { readonly kind: "or" | "and"; readonly left: FilterNode; readonly right: FilterNode }
  | { readonly kind: "not"; readonly inner: FilterNode }
  | { readonly kind: "has"; readonly field: Token }
  | { readonly kind: "compare"; readonly field: Token; readonly operator: Comparator; readonly value: Token }
  | { readonly kind: "in"; readonly field: Token; readonly values: readonly Token[] };

const COMPARATORS: ReadonlyMap<string, Comparator> = new Map<string, Comparator>([
  ["==", "=="],
  ["!=", "!="],
  [">", ">"],
  [">=", ">="],
  ["<", "<"],
  ["<=", "<="],
  ["eq", "=="],
  ["ne", "!="],
  ["gt", ">"],
  ["ge", ">="],
  ["lt", "<"],
  ["le", "<="],
  ["contains", "contains"],
  ["matches", "matches"],
  ["~", "matches"],
]);

const KEYWORDS: ReadonlySet<string> = new Set([
  "and",
  "or",
  "not",
  "in",
  ...[...COMPARATORS.keys()].filter((key) => /\w/.test(key)),
]);

/** Parentheses and negations inside one another. */
const MAX_DEPTH = 100;

/** Reads a filter; a fault says what was expected and where. */
export function parseFilter(filter: string): Filtered<FilterNode> {
  const tokens = readTokens(filter);
  if (!tokens.ok) return tokens;
  if (tokens.value.length === 1) return failure(0, 1, "the filter is empty");
  const parser = new Parser(tokens.value);
  const tree = parser.or(0);
  if (!tree.ok) return tree;
  const { next } = parser;
  if (next.kind === "end") return tree;
  return failure(next.offset, next.length, `expected && or || before ${JSON.stringify(next.text)}`);
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get next(): Token {
    return this.#tokens[this.#at];
  }

  or(depth: number): Filtered<FilterNode> {
    return this.#chain("or", "||", () => this.#chain("and", "&&", () => this.#not(depth)));
  }

  #chain(kind: "or" | "and", sign: string, part: () => Filtered<FilterNode>): Filtered<FilterNode> {
    let left = part();
    while (left.ok && this.#takeIf(kind, sign)) {
      const right = part();
      if (!right.ok) return right;
      left = { ok: true, value: { kind, left: left.value, right: right.value } };
    }
    return left;
  }

  #takeIf(word: string, sign: string): boolean {
    const { kind, text } = this.next;
    const isIt = (kind === "operator" && text === sign) || (kind === "word" && text.toLowerCase() === word);
    if (isIt) this.#at++;
    return isIt;
  }

  #isSign(sign: string): boolean {
    return this.next.kind === "operator" && this.next.text === sign;
  }

  #not(depth: number): Filtered<FilterNode> {
    const first = this.next;
    if (depth > MAX_DEPTH) return failure(first.offset, first.length, "the filter is nested too deeply");
    if (this.#takeIf("not", "!")) {
      const inner = this.#not(depth + 1);
      return inner.ok ? { ok: true, value: { kind: "not", inner: inner.value } } : inner;
    }
    if (first.kind !== "open") return this.#comparison();
    this.#at++;
    const inner = this.or(depth + 1);
    if (!inner.ok) return inner;
    if (this.next.kind !== "close") return failure(this.next.offset, this.next.length, "expected )");
    this.#at++;
    return inner;
  }

  #comparison(): Filtered<FilterNode> {
    const field = this.next;
    if (field.kind !== "word" || KEYWORDS.has(field.text.toLowerCase())) {
      return failure(field.offset, field.length, "expected the name of a field");
    }
    this.#at++;
    if (this.#takeIf("in", "")) return this.#set(field);
    const operator = COMPARATORS.get(this.next.text.toLowerCase());
    const isOperator = this.next.kind === "operator" || this.next.kind === "word";
    if (operator === undefined || !isOperator) return { ok: true, value: { kind: "has", field } };
    this.#at++;
    const value = this.#value();
    return value.ok ? { ok: true, value: { kind: "compare", field, operator, value: value.value } } : value;
  }

  #set(field: Token): Filtered<FilterNode> {
    if (!this.#isSign("{")) return failure(this.next.offset, this.next.length, "expected { after in");
    const values: Token[] = [];
    do {
      this.#at++;
      const value = this.#value();
      if (!value.ok) return value;
      values.push(value.value);
    } while (this.#isSign(","));
    if (!this.#isSign("}")) return failure(this.next.offset, this.next.length, "expected , or }");
    this.#at++;
    return { ok: true, value: { kind: "in", field, values } };
  }

  #value(): Filtered<Token> {
    const token = this.next;
    if (token.kind !== "word" && token.kind !== "string") {
      return failure(token.offset, token.length, "expected a value: a number, a word or a string in quotes");
    }
    this.#at++;
    return { ok: true, value: token };
  }
}
