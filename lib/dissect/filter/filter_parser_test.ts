import assert from "node:assert/strict";
import fc from "fast-check";
import { type FilterNode, parseFilter } from "./filter_parser.ts";

/** The tree with every part in parentheses. */
function shown(node: FilterNode): string {
  switch (node.kind) {
    case "and":
    case "or":
      return `(${shown(node.left)} ${node.kind} ${shown(node.right)})`;
    case "not":
      return `(not ${shown(node.inner)})`;
    case "has":
      return node.field.text;
    case "compare":
      return `[${node.field.text} ${node.operator} ${node.value.text}]`;
    case "in":
      return `[${node.field.text} in ${node.values.map((value) => value.text).join("|")}]`;
  }
}

function parsed(filter: string): string {
  const tree = parseFilter(filter);
  return tree.ok ? shown(tree.value) : `${tree.fault.offset}+${tree.fault.length} ${tree.fault.message}`;
}

Deno.test("filter: precedence, words and signs, parentheses", () => {
  assert.equal(parsed("a"), "a");
  assert.equal(parsed("a && b || c && !d"), "((a and b) or (c and (not d)))");
  assert.equal(parsed("a and (b OR c) and not not d"), "((a and (b or c)) and (not (not d)))");
  assert.equal(parsed('arcrtp.seq > 100 && session == "6f1d"'), "([arcrtp.seq > 100] and [session == 6f1d])");
  assert.equal(
    parsed("a eq 1 or b ge 0x1F or c ne x or d lt -3 or e matches '^x\\d'"),
    "(((([a == 1] or [b >= 0x1F]) or [c != x]) or [d < -3]) or [e matches ^x\\d])",
  );
  assert.equal(parsed("kind in {arcrtp, reduced,rtcp} && a~b"), "([kind in arcrtp|reduced|rtcp] and [a matches b])");
});

Deno.test("filter: strings keep what quotes and backslashes say", () => {
  assert.equal(parsed(`a == "x \\"y\\" \\\\ \\n \\d"`), '[a == x "y" \\ \n \\d]');
  assert.equal(parsed(`a == 'it "is"'`), '[a == it "is"]');
  assert.equal(
    parsed("src == 10.0.0.1:5000 or src == [::1]:5 or t == arcrtc:6f1d-3b"),
    "(([src == 10.0.0.1:5000] or [src == [::1]:5]) or [t == arcrtc:6f1d-3b])",
  );
});

Deno.test("filter: an error points at the word that it is about", () => {
  assert.equal(parsed(""), "0+1 the filter is empty");
  assert.equal(parsed("   "), "0+1 the filter is empty");
  assert.equal(parsed("a = 1"), '2+1 unexpected "="; equality is ==');
  assert.equal(parsed("a & b"), '2+1 unexpected "&"; and is &&');
  assert.equal(parsed("a | b"), '2+1 unexpected "|"; or is ||');
  assert.equal(parsed("a ="), '2+1 unexpected "="; equality is ==');
  assert.equal(parsed("a =="), "4+1 expected a value: a number, a word or a string in quotes");
  assert.equal(parsed("a == 1 b"), '7+1 expected && or || before "b"');
  assert.equal(parsed("(a == 1"), "7+1 expected )");
  assert.equal(parsed("a && and"), "5+3 expected the name of a field");
  assert.equal(parsed("== 1"), "0+2 expected the name of a field");
  assert.equal(parsed('a == "open'), "5+5 the string does not end");
  assert.equal(parsed("a in (1)"), "5+1 expected { after in");
  assert.equal(parsed("a in {1 2}"), "8+1 expected , or }");
  assert.equal(parsed("a in {"), "6+1 expected a value: a number, a word or a string in quotes");
  assert.equal(parsed("a # b"), '2+1 unexpected "#"');
});

Deno.test("filter: nesting without end is refused, and any text gives an answer inside of it", () => {
  assert.match(parsed("(".repeat(5000) + "a"), /nested too deeply/);
  assert.match(parsed("!".repeat(5000) + "a"), /nested too deeply/);
  const parts = fc.constantFrom(
    "a",
    "arcrtp.seq",
    "==",
    "!",
    "(",
    ")",
    "&&",
    "||",
    "1",
    '"s"',
    "in",
    "{",
    "}",
    ",",
    " ",
    "'",
    "not",
    "\\",
    "=",
  );
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 25 }), (words) => {
      const filter = words.join(" ");
      const tree = parseFilter(filter);
      if (!tree.ok) assert.ok(tree.fault.offset <= filter.length && tree.fault.length >= 1);
    }),
    { seed: 141, numRuns: 3000 },
  );
});
