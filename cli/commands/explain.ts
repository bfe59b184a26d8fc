import type { Command } from "commander";
import registry from "../../conformance/requirements.json" with { type: "json" };
import { FAULT_MEANING, FAULT_REASONS } from "../../lib/base/parsed.ts";
import { ERROR_CODES } from "../../lib/signaling/error_codes.ts";
import { EXIT, EXIT_MEANING, type ExitName } from "../exit_codes.ts";
import { CliError } from "../ui/cli_error.ts";
import { envelope, jsonDocument } from "../ui/envelope.ts";
import { nearestName } from "../ui/nearest_name.ts";
import type { CommandContext } from "./command_entry.ts";

/** What the program knows about a word; `kind` says which table it is from. */
type Explanation =
  | { readonly kind: "exit_code"; readonly word: string; readonly code: number; readonly text: string }
  | { readonly kind: "error_code"; readonly word: string; readonly text: string }
  | { readonly kind: "fault_reason"; readonly word: string; readonly text: string }
  | {
    readonly kind: "requirement";
    readonly word: string;
    readonly level: string;
    readonly clause: string;
    readonly title: string;
    readonly text: string;
    readonly seed: string | null;
    readonly choice?: string;
  };

export function build(create: (name: string) => Command, { io }: CommandContext): Command {
  return create("explain")
    .description("Says what an exit code, an error code, a fault reason or a requirement id means. Works offline.")
    .argument("<word>", "2, rate_limited, bad_padding, ARC-RTP-arc-block; a part of a requirement id lists the matches")
    .option("--json", "one JSON document on stdout")
    .addHelpText(
      "after",
      "\nExamples:\n  arcrtc explain 2\n  arcrtc explain bad_key\n  arcrtc explain ARC-RTP-reduced-expand\n  arcrtc explain reduced",
    )
    .action((word: string, options: { json?: boolean }) => {
      const found = explain(word);
      if (found.length === 0) throw unknownWord(word);
      io.stdout(options.json ? jsonDocument(envelope("explain", { explanations: found })) : explanationsText(found));
    });
}

/** Every table's entry for `word`; where none matches, the requirements whose id contains it. */
export function explain(word: string): Explanation[] {
  const found: Explanation[] = [];
  for (const name of Object.keys(EXIT) as ExitName[]) {
    if (word === String(EXIT[name]) || word === name) {
      found.push({ kind: "exit_code", word: name, code: EXIT[name], text: EXIT_MEANING[name] });
    }
  }
  for (const entry of ERROR_CODES) {
    if (entry.code === word) {
      found.push({ kind: "error_code", word, text: `${capitalised(entry.meaning)}. ${entry.when}` });
    }
  }
  for (const reason of FAULT_REASONS) {
    if (reason === word) found.push({ kind: "fault_reason", word, text: FAULT_MEANING[reason] });
  }
  const exact = registry.requirements.filter((rule) => rule.id.toLowerCase() === word.toLowerCase());
  const rules = exact.length > 0 || found.length > 0
    ? exact
    : registry.requirements.filter((rule) => rule.id.toLowerCase().includes(word.toLowerCase()));
  for (const rule of rules) {
    found.push({
      kind: "requirement",
      word: rule.id,
      level: rule.level,
      clause: rule.clause,
      title: rule.title,
      text: rule.text,
      seed: rule.seed,
      ...("choice" in rule ? { choice: rule.choice as string } : {}),
    });
  }
  return found;
}

function unknownWord(word: string): CliError {
  const known = [
    ...Object.keys(EXIT),
    ...ERROR_CODES.map((entry) => entry.code),
    ...FAULT_REASONS,
    ...registry.requirements.map((rule) => rule.id),
  ];
  const near = nearestName(word, known);
  return new CliError(
    "usage",
    `nothing is known of '${word}'`,
    near ? `did you mean '${near}'?` : "it takes an exit code, an error code, a fault reason or a requirement id",
  );
}

/** For people, each with its source. */
export function explanationsText(found: readonly Explanation[]): string {
  return found.map((entry) => {
    switch (entry.kind) {
      case "exit_code":
        return `exit code ${entry.code} (${entry.word})\n  ${entry.text}\n`;
      case "error_code":
        return `error code ${entry.word}\n  ${entry.text}\n`;
      case "fault_reason":
        return `fault reason ${entry.word}\n  ${entry.text}\n`;
      case "requirement":
        return [
          `${entry.word}  ${entry.level}  clause ${entry.clause} ${entry.title}`,
          `  ${entry.text}`,
          `  seed: ${entry.seed ?? "silent"}`,
          ...(entry.choice ? [`  choice: ${entry.choice}`] : []),
          "",
        ].join("\n");
    }
  }).join("\n");
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
