/**
 * Writes `requirements.json`, the registry of rules, from `SPEC.md`.
 *
 * ```sh
 * deno run --allow-read --allow-write conformance/generate_requirements.ts          # write it
 * deno run --allow-read conformance/generate_requirements.ts --check                # exit 1 when it is out of date
 * ```
 */

import { parseSpec } from "./requirements.ts";

/**
 * The exact text of `requirements.json` for a specification, ending in a newline.
 *
 * Throws with every problem listed when the specification has any: a registry made from a broken text would miss
 * rules silently.
 */
export function generateRequirements(specText: string): string {
  const { requirements, problems } = parseSpec(specText);
  if (problems.length > 0) throw new Error(`SPEC.md has ${problems.length} problem(s):\n${problems.join("\n")}`);
  return `${JSON.stringify({ schema: "arcrtc.requirements/1", spec_version: "1.0", requirements }, null, 2)}\n`;
}

/** Says where two texts first differ, or undefined when they are equal. */
export function describeDrift(expected: string, actual: string): string | undefined {
  if (expected === actual) return undefined;
  const expectedLines = expected.split("\n");
  const actualLines = actual.split("\n");
  const index = expectedLines.findIndex((line, i) => line !== actualLines[i]);
  const at = index === -1 ? expectedLines.length : index;
  const show = (line: string | undefined) => line === undefined ? "end of file" : line.trim();
  return `requirements.json is out of date at line ${at + 1}: expected ${show(expectedLines[at])}, got ${
    show(actualLines[at])
  }; run: deno run --allow-read --allow-write conformance/generate_requirements.ts`;
}

if (import.meta.main) {
  const registry = new URL("requirements.json", import.meta.url);
  const text = generateRequirements(Deno.readTextFileSync(new URL("SPEC.md", import.meta.url)));
  if (Deno.args.includes("--check")) {
    const drift = describeDrift(text, readIfThere(registry));
    if (drift !== undefined) {
      console.error(drift);
      Deno.exit(1);
    }
  } else {
    Deno.writeTextFileSync(registry, text);
  }
}

function readIfThere(url: URL): string {
  try {
    return Deno.readTextFileSync(url);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
