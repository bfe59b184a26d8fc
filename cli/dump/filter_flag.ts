/** `--filter` and `--fields`: what is wrong with them, with a pointer and the name that was meant. */
import { type CompiledFilter, compileFilter } from "../../lib/dissect/filter/filter_compiler.ts";
import { FIELD_CATALOG } from "../../lib/dissect/filter/field_catalog.ts";
import type { FilterFault } from "../../lib/dissect/filter/filter_lexer.ts";
import { CliError } from "../ui/cli_error.ts";
import { nearestName } from "../ui/nearest_name.ts";

/** Names that a hint lists at most. */
const MAX_LISTED = 8;

/** @throws CliError with the filter and a pointer below it. */
export function readFilter(text: string): CompiledFilter {
  const compiled = compileFilter(text);
  if (compiled.ok) return compiled.value;
  throw new CliError("usage", `the filter is not understood: ${pointed(text, compiled.fault)}`, hintOf(compiled.fault));
}

/** The names of `--fields`, each known. @throws CliError */
export function readFieldNames(text: string): readonly string[] {
  const names = text.split(",").map((name) => name.trim()).filter((name) => name !== "");
  const unknown = names.find((name) => !FIELD_CATALOG.has(name));
  if (unknown !== undefined) {
    throw new CliError("usage", `no field is called ${JSON.stringify(unknown)}`, hintFor(unknown));
  }
  if (names.length === 0) throw new CliError("usage", "--fields names no field", "dump --list-fields names them all");
  return names;
}

/** What is wrong, and under the filter where. */
function pointed(text: string, { offset, length, message }: FilterFault): string {
  const shown = text.replace(/[\t\r\n]/g, " ");
  return `${message}\n  ${shown}\n  ${" ".repeat(offset)}${"^".repeat(length)}`;
}

function hintOf({ unknownField }: FilterFault): string {
  return unknownField === undefined ? "arcrtc dump --help shows how filters are written" : hintFor(unknownField);
}

/** The fields of the group that it names, the name within reach, the names that begin so, or those that end so. */
function hintFor(unknown: string): string {
  const names = [...FIELD_CATALOG.keys()];
  const last = unknown.slice(unknown.lastIndexOf(".") + 1);
  const inGroup = names.filter((name) => name.startsWith(`${unknown}.`));
  const near = inGroup.length > 0 ? undefined : nearestName(unknown, names);
  if (near !== undefined) return `did you mean ${near}?`;
  const like = [
    inGroup,
    names.filter((name) => name.startsWith(unknown)),
    names.filter((name) => name.endsWith(`.${last}`)),
  ];
  const found = like.find((list) => list.length > 0);
  return found === undefined ? "arcrtc dump --list-fields names them all" : `fields like it: ${listed(found)}`;
}

function listed(names: readonly string[]): string {
  const more = names.length > MAX_LISTED ? `, and ${names.length - MAX_LISTED} more` : "";
  return names.slice(0, MAX_LISTED).join(", ") + more;
}
