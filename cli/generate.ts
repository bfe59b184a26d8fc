/**
 * Every generated file of the project, from its one source. `deno task generate` writes them; with `--check` nothing is
 * written and the exit code is 1 when one is out of date.
 */
import { caseCoverage, coverageText } from "../conformance/case_coverage.ts";
import { UNCOVERED_RULES } from "../conformance/uncovered_rules.ts";
import { generateDocumentSchemas } from "../conformance/generate_document_schemas.ts";
import { generateRequirements } from "../conformance/generate_requirements.ts";
import { generateSchemas } from "../lib/signaling/generate_schemas.ts";
import { generateVectors } from "../conformance/vectors/generate.ts";
import { CASES, RULES } from "../conformance/registry.ts";
import { renewReadme } from "./readme_tables.ts";

const ROOT = new URL("../", import.meta.url);

/** Path below the project's root -> the text that belongs there. */
export function* generatedFiles(): Generator<readonly [path: string, text: string]> {
  const spec = read("conformance/SPEC.md");
  yield ["conformance/requirements.json", generateRequirements(spec)];
  for (const [name, text] of [...generateSchemas(), ...generateDocumentSchemas()]) {
    yield [`fixtures/schemas/${name}`, text];
  }
  for (const [name, text] of Object.entries(generateVectors())) yield [`fixtures/vectors/${name}`, text];
  yield ["conformance/COVERAGE.md", coverageText(caseCoverage(RULES.values(), CASES), UNCOVERED_RULES)];
  yield ["README.md", renewReadme(read("README.md"), spec)];
}

function read(path: string): string {
  try {
    return Deno.readTextFileSync(new URL(path, ROOT));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

if (import.meta.main) {
  const check = Deno.args.includes("--check");
  const stale: string[] = [];
  for (const [path, text] of generatedFiles()) {
    if (read(path) === text) continue;
    stale.push(path);
    if (!check) Deno.writeTextFileSync(new URL(path, ROOT), text);
  }
  if (stale.length > 0) {
    console.error(`${check ? "out of date, run deno task generate" : "written"}: ${stale.join(", ")}`);
    if (check) Deno.exit(1);
  }
}
