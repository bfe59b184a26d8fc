/** Makes of a finding a corpus line, a vector and a conformance case. */
import requirements from "../../conformance/requirements.json" with { type: "json" };
import { type OpRequest, opRequestOf } from "../../lib/fuzz/target_ops.ts";
import { EXIT } from "../exit_codes.ts";
import { CliError } from "../ui/cli_error.ts";
import { envelope, jsonDocument } from "../ui/envelope.ts";
import type { Io } from "../ui/io.ts";
import { nearestName } from "../ui/nearest_name.ts";
import { appendCorpus } from "./corpus_files.ts";
import { casesOf, type FindingFile, readFinding } from "./finding_files.ts";
import type { PromoteFlags } from "./promote_command.ts";
import { REFERENCE_QUESTIONS, type ReferenceAnswer, referenceAnswer } from "./reference_targets.ts";
import { TARGETS } from "./target_table.ts";

/** Answers the exit code. */
export function promoteFinding(path: string, flags: PromoteFlags, io: Io): number {
  const finding = readFinding(path);
  requireDecided(finding);
  const units = casesOf(finding.case, path);
  const rule = ruleOf(finding, flags);
  const name = nameOf(finding, flags);
  const written: string[] = [];
  const inProcess = finding.target.replace(/^(?:command|against)\./, "reference.");
  if (TARGETS.some((target) => target.name === inProcess)) {
    appendCorpus(`${flags.out}/corpus`, inProcess, [finding.case]);
    written.push(`${flags.out}/corpus/${inProcess}.txt`);
  }
  const request = questionOf(finding.target, units);
  if (request !== undefined) {
    const due = referenceAnswer(request);
    write(`${flags.out}/vectors/${name}.json`, vectorText(name, request, due, rule, finding), written);
    if (rule !== undefined) {
      write(`${flags.out}/cases/${request.op.split(".")[0]}/${name}.ts`, caseText(name, request, due, rule), written);
    }
  }
  if (written.length === 0) {
    throw new CliError(
      "usage",
      `a finding of ${finding.target} has no form of its own to be kept in`,
      "arcrtc fuzz replay runs it against its target",
    );
  }
  if (flags.json) io.stdout(jsonDocument(envelope("fuzz", { files: written })));
  else {
    io.stdout(written.map((file) => `${file}\n`).join(""));
    if (request !== undefined && rule === undefined) {
      io.stderr("no conformance case: name the rule that it breaks with --rule\n");
    }
  }
  return EXIT.ok;
}

/** What two programs disagree about is kept once it is known which answer is due. */
function requireDecided({ dispute }: FindingFile): void {
  if (dispute?.right !== "undecided") return;
  throw new CliError(
    "usage",
    "two programs differ, and the second reading of the specification does not say which is right: nothing is due",
    "arcrtc fuzz replay shows both answers; the one that breaks a rule of SPEC.md is wrong",
  );
}

function questionOf(targetName: string, units: ReturnType<typeof casesOf>): OpRequest | undefined {
  const [area, name] = targetName.split(".");
  if (area !== "reference" && area !== "command" && area !== "against") return opRequestOf(targetName, units);
  const question = REFERENCE_QUESTIONS.find((known) => known.name === name);
  return question === undefined ? undefined : { op: question.op, ...question.request(units) };
}

function ruleOf({ rule }: FindingFile, flags: PromoteFlags): string | undefined {
  const wanted = flags.rule ?? rule;
  if (wanted === undefined) return undefined;
  const ids = requirements.requirements.map(({ id }) => id);
  if (ids.includes(wanted)) return wanted;
  const near = nearestName(wanted, ids);
  throw new CliError(
    "usage",
    `there is no rule ${wanted}`,
    near ? `did you mean ${near}?` : "arcrtc explain quotes rules",
  );
}

function nameOf({ target, oracle }: FindingFile, { name }: PromoteFlags): string {
  if (name === undefined) return `${target}-${oracle}`.replace(/[._]/g, "-");
  if (/^[a-z][a-z0-9]*(?:-[a-z][a-z0-9]*)*$/.test(name)) return name;
  throw new CliError("usage", `--name '${name}': need lower-case words with hyphens between them`);
}

function write(path: string, text: string, written: string[]): void {
  try {
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    Deno.writeTextFileSync(path, text);
  } catch (error) {
    throw new CliError("usage", `cannot write ${path}: ${error instanceof Error ? error.message : error}`);
  }
  written.push(path);
}

function vectorText(
  name: string,
  { op, ...input }: OpRequest,
  due: ReferenceAnswer,
  rule: string | undefined,
  { message, target }: FindingFile,
): string {
  const outcome = "ok" in due ? { expected: due.ok } : { fault: due.fault };
  return jsonDocument({
    op,
    test: {
      id: name,
      comment: `Found by arcrtc fuzz in ${target}: ${message}`,
      result: "ok" in due ? "valid" : "invalid",
      flags: [],
      requirements: rule === undefined ? [] : [rule],
      input,
      ...outcome,
    },
  });
}

/** In the form of `conformance/cases/`: an entry of a file's CASES. */
function caseText(name: string, request: OpRequest, due: ReferenceAnswer, rule: string): string {
  const area = request.op.split(".")[0];
  const expectation = "ok" in due
    ? `answers(${JSON.stringify(due.ok)})`
    : `refuses(${JSON.stringify(due.fault.reason)})`;
  const title = "ok" in due ? "An unusual but valid input is read" : "A malformed input is refused";
  return `/** Found by fuzzing: to be moved into the file of its clause. */
import type { Case } from "../../case.ts";
import { ${"ok" in due ? "answers" : "refuses"} } from "../../expect.ts";

export const CASES: readonly Case[] = [
  {
    id: "${area}/${name}",
    requirements: ["${rule}"],
    title: "${title}",
    needs: "ops",
    checks: () => [{
      name: "the case that was found",
      request: ${JSON.stringify(request)},
      ...${expectation},
    }],
  },
];
`;
}
