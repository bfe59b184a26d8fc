/** Names of fields, completed where `dump --filter` and `--fields` take them: what the shell's script asks for with Tab. */
import { FIELD_CATALOG } from "../../lib/dissect/filter/field_catalog.ts";

/** The shell puts no space behind what it completes, and no names of files beside it (values of the completion script). */
const NO_SPACE_NO_FILES = 2 | 4;
/** The beginning of a name, at the end of what has been typed. */
const LAST_NAME = /[a-z][\w.]*$|$/i;

/** Says whether the word that is being typed, the last one, is of names of fields. `words` are those behind `arcrtc`. */
export function takesFields(words: readonly string[]): boolean {
  const flag = words[words.length - 2];
  return words[0] === "dump" && (flag === "--filter" || flag === "-Y" || flag === "--fields");
}

/**
 * Every name that goes on what has been typed of it, with all that stands before, one a line with its description behind a
 * tab; the last line is what the script is to do with them.
 */
export function fieldCompletions(words: readonly string[]): string {
  const typed = words[words.length - 1] ?? "";
  const at = typed.search(LAST_NAME);
  const [before, begun] = [typed.slice(0, at), typed.slice(at)];
  const lines = [...FIELD_CATALOG.values()].filter(({ name }) => name.startsWith(begun)).map(
    ({ name, description }) => `${before}${name}\t${description}\n`,
  );
  return `${lines.join("")}:${NO_SPACE_NO_FILES}\n`;
}
