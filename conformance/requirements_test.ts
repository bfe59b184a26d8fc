import assert from "node:assert/strict";
import { describeDrift, generateRequirements } from "./generate_requirements.ts";
import { parseSpec } from "./requirements.ts";

const specText = Deno.readTextFileSync(new URL("SPEC.md", import.meta.url));

/** A sound specification of one rule, with one thing replaced: each problem class is one replacement away. */
function sample(replace = "", by = ""): string {
  const text = [
    "# Title",
    "",
    "## 2.1 Full header",
    "",
    "```",
    "- **ARC-RTP-in-a-diagram** is not a rule",
    "```",
    "",
    "- **ARC-RTP-arc-block** MUST: The block follows the header (all of it), before",
    "  the `payload_data`. *(seed: ArcRTP Header Fields. choice: the table has 100 bits; see ARC-RTP-other.",
    "  observable: testee (needs a parser))*",
    "- **ARC-RTP-other** MAY: Short. _(seed: silent. choice: why not)_",
    "",
  ].join("\n");
  assert.ok(text.includes(replace), `the sample must contain ${replace}`);
  return text.replace(replace, by);
}

Deno.test("SPEC.md has no problems", () => {
  assert.deepEqual(parseSpec(specText).problems, []);
});

Deno.test("SPEC.md keeps the ids that other documents name", () => {
  const ids = new Set(parseSpec(specText).requirements.map((requirement) => requirement.id));
  for (const id of ["ARC-RTP-arc-block", "ARC-SRTP-replay-before-auth", "ARC-RTP-reduced-expand"]) {
    assert.ok(ids.has(id), id);
  }
});

Deno.test("SPEC.md speaks of the protocol and not of how it was made", () => {
  for (const word of ["../", "protocol.md", "design file", "helper"]) assert.ok(!specText.includes(word), word);
});

Deno.test("requirements.json is current", () => {
  const actual = Deno.readTextFileSync(new URL("requirements.json", import.meta.url));
  assert.equal(describeDrift(generateRequirements(specText), actual), undefined);
});

Deno.test("parseSpec reads every part of a rule that is wrapped over lines", () => {
  const { requirements, problems } = parseSpec(sample());
  assert.deepEqual(problems, []);
  assert.deepEqual(requirements, [
    {
      id: "ARC-RTP-arc-block",
      level: "MUST",
      area: "RTP",
      clause: "2.1",
      title: "Full header",
      text: "The block follows the header (all of it), before the `payload_data`.",
      seed: "ArcRTP Header Fields",
      choice: "the table has 100 bits; see ARC-RTP-other",
      observable: "testee",
      why: "needs a parser",
    },
    {
      id: "ARC-RTP-other",
      level: "MAY",
      area: "RTP",
      clause: "2.1",
      title: "Full header",
      text: "Short.",
      seed: null,
      choice: "why not",
      observable: "wire",
    },
  ]);
});

const faults: { readonly name: string; readonly replace: string; readonly by: string; readonly problem: RegExp }[] = [
  {
    name: "a duplicate id",
    replace: "**ARC-RTP-other**",
    by: "**ARC-RTP-arc-block**",
    problem: /line 12: duplicate id/,
  },
  { name: "a rule without a colon", replace: "MAY:", by: "MAY", problem: /line 12: malformed rule/ },
  { name: "a rule without bold marks", replace: "**ARC-RTP-other**", by: "ARC-RTP-other", problem: /malformed rule/ },
  { name: "an unclosed note", replace: "why not)_", by: "why not)", problem: /line 12: malformed rule/ },
  { name: "an upper-case id", replace: "**ARC-RTP-other**", by: "**ARC-RTP-Other**", problem: /malformed id/ },
  { name: "an ordinal id", replace: "**ARC-RTP-other**", by: "**ARC-RTP-other-2**", problem: /never ordinals/ },
  { name: "an unknown level", replace: "MAY:", by: "SHALL:", problem: /line 12: unknown level SHALL/ },
  { name: "an unknown area", replace: "**ARC-RTP-other**", by: "**ARC-RPT-other**", problem: /unknown area RPT/ },
  { name: "a missing note", replace: " _(seed: silent. choice: why not)_", by: "", problem: /missing seed note/ },
  { name: "a note without a seed", replace: "seed: silent. choice", by: "choice", problem: /missing seed note/ },
  {
    name: "an invented heading",
    replace: "ArcRTP Header Fields",
    by: "ArcRTP Fields",
    problem: /unknown seed heading/,
  },
  { name: "silence without a choice", replace: "silent. choice: why not", by: "silent", problem: /missing choice/ },
  { name: "an unknown observer", replace: "observable: testee", by: "observable: all", problem: /unknown observable/ },
  {
    name: "an unobservable rule without a reason",
    replace: "observable: testee (needs a parser)",
    by: "observable: none",
    problem: /missing reason/,
  },
  {
    name: "a mention of no rule",
    replace: "see ARC-RTP-other",
    by: "see ARC-RTP-othre",
    problem: /ARC-RTP-othre, which/,
  },
  {
    name: "a bold mention in prose of no rule",
    replace: "# Title",
    by: "# Title\n\nAs **ARC-RTP-gone** says.",
    problem: /line 3: mentions ARC-RTP-gone/,
  },
  { name: "a rule outside of clauses", replace: "## 2.1 Full", by: "## Full", problem: /outside of every numbered/ },
];

for (const { name, replace, by, problem } of faults) {
  Deno.test(`parseSpec names ${name}`, () => {
    const { problems } = parseSpec(sample(replace, by));
    assert.ok(problems.some((text) => problem.test(text)), `expected ${problem}, got ${JSON.stringify(problems)}`);
  });
}

Deno.test("generateRequirements refuses a specification with problems", () => {
  assert.throws(() => generateRequirements(sample("MAY:", "SHALL:")), /1 problem\(s\):\nline 12: unknown level/);
});

Deno.test("generateRequirements ends in a newline and parses as JSON", () => {
  const text = generateRequirements(sample());
  assert.ok(text.endsWith("}\n"));
  const registry = JSON.parse(text);
  assert.equal(registry.schema, "arcrtc.requirements/1");
  assert.equal(registry.spec_version, "1.0");
  assert.equal(registry.requirements.length, 2);
});

Deno.test("describeDrift names the first line that differs", () => {
  assert.equal(describeDrift("a\nb\n", "a\nb\n"), undefined);
  assert.match(describeDrift("a\nb\n", "a\nc\n") ?? "", /line 2: expected b, got c/);
  assert.match(describeDrift("a\nb", "a") ?? "", /line 2: expected b, got end of file/);
  assert.match(describeDrift("a", "a\nb") ?? "", /line 2: expected end of file, got b/);
});
