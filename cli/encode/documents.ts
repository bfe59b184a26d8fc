/** JSON documents out of a text: one, or one per line. */
import { CliError } from "../ui/cli_error.ts";

export interface PlacedDocument {
  readonly value: unknown;
  /** For messages: `argument 1`, `line 3 of input`. */
  readonly where: string;
}

/**
 * The documents of a text, which is one JSON value over any number of lines, or one on each line.
 *
 * @throws CliError that names the line which is not JSON.
 */
export function parseDocuments(text: string, where: string): PlacedDocument[] {
  const whole = parse(text);
  if (whole !== undefined) return [{ value: whole.value, where }];
  const lines = text.split("\n").map((line, i) => ({ line, where: `line ${i + 1} of ${where}` }));
  const filled = lines.filter(({ line }) => line.trim() !== "");
  return filled.map(({ line, where: place }) => {
    const parsed = parse(line);
    if (parsed === undefined) throw new CliError("finding", `${filled.length > 1 ? place : where} is not JSON`);
    return { value: parsed.value, where: place };
  });
}

function parse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}
