/** The sentences of SPEC.md's rules. */
import registry from "../../conformance/requirements.json" with { type: "json" };

/** The sentence of a rule. */
export function ruleText(id: string): string | undefined {
  return registry.requirements.find((rule) => rule.id === id)?.text;
}
