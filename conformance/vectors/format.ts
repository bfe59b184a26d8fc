/** The text of a vector file: one line for each field of a case, so that a changed byte is a changed line. */
import type { VectorCase, VectorFile, VectorGroup } from "./case.ts";

export function formatVectors(file: VectorFile): string {
  const { notes, groups, count, counts, ...head } = file;
  const members = [
    ...Object.entries(head).map(([name, value]) => member(name, value)),
    `"notes": {${list(Object.entries(notes).map(([flag, note]) => `  ${member(flag, note)}`))}}`,
    `"groups": [${list(groups.map(formatGroup))}]`,
    member("count", count),
    member("counts", counts),
  ];
  return `{${list(members)}}\n`;
}

function formatGroup({ op, common, tests }: VectorGroup): string {
  return `{${member("op", op)},\n ${member("common", common)},\n "tests": [${list(tests.map(formatCase))}]}`;
}

/** Name and verdict on the first line, then one for each of the other fields. */
function formatCase({ id, comment, result, flags, requirements, ...rest }: VectorCase): string {
  const head = Object.entries({ id, result, flags, requirements }).map(([name, value]) => member(name, value));
  const body = Object.entries({ comment, ...rest }).map(([name, value]) => member(name, value));
  return ` {${head.join(", ")},\n  ${body.join(",\n  ")}}`;
}

/** Each part on lines of its own. */
function list(parts: readonly string[]): string {
  return parts.length === 0 ? "" : `\n${parts.join(",\n")}\n`;
}

/** The value on one line, in ASCII, so that no editor can change what it holds. */
function member(name: string, value: unknown): string {
  const text = JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `${JSON.stringify(name)}: ${text}`;
}
